"""How many statements a read sends, and that no number of records makes it more."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from portfolio.core.db import Database
from tests.conftest import key_headers, make_app
from tests.history.test_flat_pages import sent

_OPENING = "SELECT size, last_at"
"""What fixes the revision of the snapshot; PostgreSQL is sent it with BEGIN."""
_PATCH = {"sqlite": 12, "postgresql": 7}
_POST = {"sqlite": 17, "postgresql": 12}
"""What a write sends for itself: who asks, BEGIN, its key, its record with who may write it, the change, what it became
(and the log's end), and the revision with the answer. A new milestone asks for its project twice, and for its code."""
_LISTS = {
    "/v1/projects": 1,
    "/v1/projects?sort=code": 2,
    "/v1/projects?count=true": 2,
    "/v1/applications": 1,
    "/v1/applications?sort=-requested_amount": 2,
    "/v1/awards": 1,
    "/v1/ledger-entries": 1,
    "/v1/funding-statements": 1,
    "/v1/funding-programmes": 1,
    "/v1/milestones": 1,
    "/v1/milestones?q=a": 2,
    "/v1/projects?q=ruhr": 2,
    "/v1/decisions": 1,
    "/v1/organisations": 2,
    "/v1/action-fields": 1,
    "/v1/theme-forums": 1,
    "/v1/projects?known_at=1": 2,  # the instant of the revision with what changed since, beside the page
}
"""Behind the opening; two where a list goes on with the rows that have no key, counts, or shows successions."""
_HISTORY = {"/v1/revisions": 10, "/v1/changes": 10}
_PARTS = {
    "": 1,
    "/applications": 2,
    "/assignments": 2,
    "/roles": 2,
    "/milestones": 2,
    "/funding-statements": 2,
    "/transitions": 2,
}
_REPORTS = {"/v1/reports/funding-summary": 3, "/v1/reports/milestones": 2, "/v1/reports/portfolio": 3}


def _most(database: Database, client: FlaskClient, path: str) -> int:
    client.get(path)  # what is looked up once for a process is not counted
    with sent(database) as statements:
        answer = client.get(path)
    assert answer.status_code == 200, (path, answer.json)
    opening = [text for text, _ in statements if _OPENING in text]
    assert len(opening) == 1, path
    assert database.is_sqlite or opening[0].startswith("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ")
    return len([text for text, _ in statements if not text.startswith(("BEGIN", "SET", _OPENING))])


@pytest.mark.postgresql_in_full
class TestStatements:
    def test_lists_send_one_or_two_for_one_record_and_for_many(self, with_demo: Database) -> None:
        client = make_app(with_demo, cache_mib=0).test_client()
        for path, most in (_LISTS | _HISTORY).items():
            for limit in (1, 50, 200):
                asked = f"{path}{'&' if '?' in path else '?'}limit={limit}"
                assert _most(with_demo, client, asked) <= most, asked

    def test_records_and_their_parts_send_one_and_two(self, with_demo: Database) -> None:
        client = make_app(with_demo, cache_mib=0).test_client()
        for project in client.get("/v1/projects?limit=3").json["items"]:
            for part, most in _PARTS.items():
                path = f"/v1/projects/{project['slug']}{part}"
                assert _most(with_demo, client, path) <= most, path
        for name in ("applications", "awards", "milestones", "ledger-entries"):
            record = client.get(f"/v1/{name}?include_demo=true&limit=1").json["items"][0]
            assert _most(with_demo, client, f"/v1/{name}/{record['id']}") == 1, name

    def test_reports_send_a_fixed_number(self, with_demo: Database) -> None:
        client = make_app(with_demo, cache_mib=0).test_client()
        for path, most in _REPORTS.items():
            assert _most(with_demo, client, path) <= most, path

    def test_writes_send_few_and_always_as_many(self, with_demo: Database) -> None:
        client = make_app(with_demo, cache_mib=0).test_client()
        engine = "sqlite" if with_demo.is_sqlite else "postgresql"
        headers = key_headers(with_demo, "coordinator")
        milestone = client.get("/v1/milestones?limit=1").json["items"][0]
        path, plan = f"/v1/projects/{milestone['project']}/milestones", {"title_de": "x", "kind": "tender"}
        for number in range(3):
            tag = client.get(f"/v1/milestones/{milestone['id']}").headers["ETag"]
            asked = {**headers, "Idempotency-Key": f"p{number}", "If-Match": tag}
            with sent(with_demo) as statements:
                changed = client.patch(
                    f"/v1/milestones/{milestone['id']}", json={"evidence": f"{number}"}, headers=asked
                )
            assert (changed.status_code, len(statements)) == (200, _PATCH[engine]), changed.json
            asked = {**headers, "Idempotency-Key": f"n{number}"}
            with sent(with_demo) as statements:
                made = client.post(path, json={**plan, "code": f"X{number}"}, headers=asked)
            assert (made.status_code, len(statements)) == (201, _POST[engine]), made.json
