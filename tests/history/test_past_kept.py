"""What is put together once serves every past moment with its own revision, and reads no more history than changed."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portfolio.core.db import Database
from portfolio.history.reading import open_reading, reading_of
from portfolio.milestones.listing import read_milestone
from portfolio.milestones.models import Milestone
from portfolio.projects.listing import read_project
from tests.conftest import SYSTEM, key_headers, make_app
from tests.history.test_flat_pages import sent

_PROJECT = "/v1/projects/oepnv-initiative"


def _revision(client: FlaskClient) -> int:
    return int(client.get("/v1").headers["Register-Revision"])


def _retitle(client: FlaskClient, headers: dict[str, str], milestone: str, title: str) -> int:
    """The revision that gives a milestone this title."""
    path = f"/v1/milestones/{milestone}"
    tag = client.get(path).headers["ETag"]
    assert client.patch(path, json={"title_en": title}, headers={**headers, "If-Match": tag}).status_code == 200
    return _revision(client)


def _first_milestone(client: FlaskClient) -> str:
    found: str = client.get("/v1/milestones?limit=1").json["items"][0]["id"]
    return found


@pytest.mark.parametrize(
    "asked",
    [
        "/v1/milestones?limit=2",
        "/v1/milestones?limit=2&count=true&sort=-updated_at",
        "/v1/milestones?format=csv",
        "/v1/milestones/{milestone}",
        "/v1/milestones/{milestone}?valid_on=2024-06-30",
        "/v1/reports/milestones?group_by=ministry",
    ],
)
def test_each_moment_is_answered_with_its_own_revision(with_demo: Database, asked: str) -> None:
    client, headers = make_app(with_demo, cache_mib=0).test_client(), key_headers(with_demo, "coordinator")
    milestone = _first_milestone(client)
    path = asked.format(milestone=milestone)
    told = {}
    for title in ("One", "Two", "Three"):
        revision = _retitle(client, headers, milestone, title)
        told[revision] = client.get(f"{path}{'&' if '?' in path else '?'}known_at={revision}")
    _retitle(client, headers, milestone, "Four")
    for _ in range(2):  # put together, and asked again
        for revision, then in told.items():
            again = client.get(f"{path}{'&' if '?' in path else '?'}known_at={revision}")
            assert (again.status_code, again.data) == (200, then.data)
            following = (again.json or {}).get("next")
            if following:
                assert client.get(following).json["items"]
    titled = [one.data for one in told.values() if b"/v1/reports" not in one.data]
    assert len(set(titled)) == len(titled)


@pytest.mark.parametrize("path", ["/v1/projects", _PROJECT, "/v1/projects?format=csv", "/v1/applications"])
def test_what_no_change_concerns_is_asked_as_now(with_demo: Database, path: str) -> None:
    client, headers = make_app(with_demo, cache_mib=0).test_client(), key_headers(with_demo, "coordinator")
    before = _revision(client)
    _retitle(client, headers, _first_milestone(client), "New")

    def asked(query: str) -> list[str]:
        with sent(with_demo) as statements:
            answer = client.get(f"{path}{'&' if '?' in path else '?'}{query}")
        assert answer.status_code == 200
        return [text for text, _ in statements if not text.startswith("BEGIN")]

    now, then = asked(""), asked(f"known_at={before}")
    assert [text for text in then if text not in now and "FROM change" not in text] == []
    assert set(now) <= set(then)


def test_a_moment_is_the_head_or_asks_what_followed(with_demo: Database) -> None:
    client, headers = make_app(with_demo, cache_mib=0).test_client(), key_headers(with_demo, "coordinator")
    before = _revision(client)
    head = _retitle(client, headers, _first_milestone(client), "New")
    for revision, number in ((before, 1), (head, 0)):
        with sent(with_demo) as statements:
            assert client.get(f"{_PROJECT}?known_at={revision}").status_code == 200
        assert len([text for text, _ in statements if "FROM change" in text]) == number


def test_only_what_reads_the_history_is_planned_without_statistics(with_demo: Database) -> None:
    if with_demo.is_sqlite:
        pytest.skip("SQLite has no such setting")
    client, headers = make_app(with_demo, cache_mib=0).test_client(), key_headers(with_demo, "coordinator")
    before = _revision(client)
    milestone = _first_milestone(client)
    _retitle(client, headers, milestone, "New")
    with open_reading(with_demo, str(before)) as moment:

        def nested() -> object:
            return moment.connection.exec_driver_sql("SHOW enable_nestloop").scalar()

        identity = moment.session.scalar(sa.select(Milestone.id).limit(1))
        assert identity is not None
        found = []
        for _ in range(2):  # put together, and asked again
            read_project(moment, "oepnv-initiative")
            found.append(nested())
            read_milestone(moment, identity)
            found.append(nested())
        assert found == ["on", "off", "on", "off"]
    with open_reading(with_demo, str(before)) as moment:
        assert nested() == "on"
        moment.at(Milestone)
        assert nested() == "off"


def test_what_is_planned_for_the_past_is_over_with_its_transaction(with_demo: Database) -> None:
    if with_demo.is_sqlite:
        pytest.skip("SQLite has no such setting")
    client, headers = make_app(with_demo, cache_mib=0).test_client(), key_headers(with_demo, "coordinator")
    milestone = UUID(_first_milestone(client))
    now = _retitle(client, headers, str(milestone), "New")
    with sent(with_demo) as past:
        assert client.get(f"/v1/milestones/{milestone}?known_at={now - 1}").status_code == 200
    with sent(with_demo) as written, with_demo.transaction(SYSTEM) as session:
        assert read_milestone(reading_of(session), milestone)["title_en"] == "New"
    settings = [[text for text, _ in texts if "enable_nestloop" in text] for texts in (past, written)]
    assert settings == [["SET LOCAL enable_nestloop = off"], []]
