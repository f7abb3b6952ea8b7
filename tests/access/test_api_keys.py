"""API keys over HTTP: for administrators, shown once, good until they end or are revoked."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portfolio.access.service import create_key, erase_actor
from portfolio.core import sources
from portfolio.core.db import Base, Database
from tests.conftest import SYSTEM, Ticking, key_headers
from tests.faults.service import Service

Headers = dict[str, str]
EDITOR: dict[str, Any] = {"role": "editor", "organisation": "MUNV", "name": "E. Ditor"}
PROJECT = "/v1/projects/oepnv-initiative"  # led by MUNV


@pytest.fixture
def admin(seeded: Database) -> Headers:
    return key_headers(seeded, "admin")


def make(client: FlaskClient, admin: Headers, **values: Any) -> dict[str, Any]:
    answer = client.post("/v1/api-keys", json={**EDITOR, **values}, headers=admin)
    assert answer.status_code == 201, answer.json
    found: dict[str, Any] = answer.json
    return found


def bearer(made: dict[str, Any]) -> Headers:
    return {"Authorization": f"Bearer {made['secret']}"}


class TestMaking:
    def test_gives_a_key_that_works(self, client: FlaskClient, admin: Headers) -> None:
        made = make(client, admin)
        assert made["secret"].startswith(made["prefix"])
        assert len(made["secret"]) == len("pk_") + 43  # 256 bits
        assert (made["state"], made["last_used_at"], made["expires_at"]) == ("good", None, None)
        etag = client.get(PROJECT, headers=bearer(made)).headers["ETag"]
        changes = {"summary_en": "New."}
        assert client.patch(PROJECT, json=changes, headers={**bearer(made), "If-Match": etag}).status_code == 200
        again = client.get(f"/v1/api-keys/{made['id']}", headers=admin)
        assert again.headers["Cache-Control"] == "no-store"
        assert "secret" not in again.json

    @pytest.mark.parametrize(
        ("defect", "pointer"),
        [
            ({"role": "viewer"}, "#/role"),
            ({"role": "chief"}, "#/role"),
            ({"role": None}, "#/role"),
            ({"organisation": None}, "#/organisation"),
            ({"organisation": "NOWHERE"}, "#/organisation"),
            ({"organisation": "../x"}, "#/organisation"),
            ({"role": "auditor"}, "#/organisation"),
            ({"name": ""}, "#/name"),
            ({"name": "x" * 201}, "#/name"),
            ({"name": "a\nb"}, "#/name"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "#/expires_at"),
            ({"expires_at": "2027-01-01"}, "#/expires_at"),
            ({"secret": "pk_mine"}, "#/secret"),
            ({"actor": "act_mine"}, "#/actor"),
            ({"revoked_at": None}, "#/revoked_at"),
        ],
    )
    def test_refuses_what_makes_no_sense(
        self, client: FlaskClient, admin: Headers, defect: dict[str, Any], pointer: str
    ) -> None:
        refused = client.post("/v1/api-keys", json={**EDITOR, **defect}, headers=admin)
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, pointer)
        make(client, admin)

    def test_refuses_a_reason_it_could_not_keep(self, client: FlaskClient, admin: Headers) -> None:
        refused = client.post("/v1/api-keys", json=EDITOR, headers={**admin, "Change-Reason": "new colleague"})
        assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "not_recorded")

    def test_makes_no_revision(self, client: FlaskClient, admin: Headers) -> None:
        before = client.get(PROJECT).headers["Register-Revision"]
        make(client, admin)
        assert client.get(PROJECT).headers["Register-Revision"] == before

    def test_sent_again_makes_no_second_key_and_shows_no_secret(self, client: FlaskClient, admin: Headers) -> None:
        headers = {**admin, "Idempotency-Key": "once"}
        first = client.post("/v1/api-keys", json=EDITOR, headers=headers)
        again = client.post("/v1/api-keys", json=EDITOR, headers=headers)
        assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
        assert again.json == {**first.json, "secret": None}
        assert client.get("/v1/api-keys?role=editor", headers=admin).json["items"] == [
            {name: value for name, value in first.json.items() if name != "secret"}
        ]

    def test_leaves_the_secret_nowhere(self, client: FlaskClient, admin: Headers, seeded: Database) -> None:
        made = make(client, admin)
        client.get(PROJECT, headers=bearer(made))
        for text in (made["secret"], made["secret"][11:]):
            with seeded.snapshot() as session:
                for table in Base.metadata.sorted_tables:
                    for row in session.execute(sa.select(table)):
                        assert text not in repr(tuple(row)), table.name
            if seeded.is_sqlite:
                for path in Path(str(seeded.url.database)).parent.glob("register-*"):
                    assert text.encode() not in path.read_bytes()


class TestListing:
    def test_goes_through_all_pages(self, client: FlaskClient, admin: Headers) -> None:
        ids = {make(client, admin, name=f"Nr. {number}")["id"] for number in range(5)}
        found: list[str] = []
        path = "/v1/api-keys?role=editor&limit=2&count=true"
        while path:
            page = client.get(path, headers=admin)
            assert page.json.get("count", 5) == 5
            found += [one["id"] for one in page.json["items"]]
            path = page.json["next"]
            assert (f'<{path}>; rel="next"' == page.headers.get("Link")) is bool(path)
        assert set(found) == ids
        assert len(found) == 5

    def test_filters(self, client: FlaskClient, admin: Headers) -> None:
        made = make(client, admin)
        make(client, admin, role="auditor", organisation=None)
        client.post(f"/v1/api-keys/{made['id']}/transitions", json={"to": "revoked"}, headers=admin)

        def count(query: str) -> int:
            return len(client.get(f"/v1/api-keys?{query}", headers=admin).json["items"])

        assert count("") == 3
        assert count("state=good") == 2
        assert count("state=revoked&role=editor") == 1
        assert count("state=expired") == 0
        assert count("organisation=MUNV") == 1
        assert count("organisation=none&role=auditor&role=admin") == 2

    def test_refuses_what_it_does_not_know(self, client: FlaskClient, admin: Headers) -> None:
        for query in ("state=bad", "role=viewer", "sort=name", "cursor=x", "limit=0", "valid_on=2026-01-01"):
            assert client.get(f"/v1/api-keys?{query}", headers=admin).status_code == 422, query
        for path in ("/v1/api-keys/0192f1c4-7a6b-7cc3-98c5-0242ac120002", "/v1/api-keys/x"):
            assert client.get(path, headers=admin).status_code == 404, path


@pytest.mark.parametrize("role", ["coordinator", "editor", "approver", "auditor", None])
def test_is_for_administrators_alone(client: FlaskClient, seeded: Database, admin: Headers, role: str | None) -> None:
    made = make(client, admin)
    organisation = "MUNV" if role in ("editor", "approver") else None
    headers = {} if role is None else key_headers(seeded, role, organisation)
    expected = 401 if role is None else 403
    known, unknown = made["id"], "0192f1c4-7a6b-7cc3-98c5-0242ac120002"
    assert client.get("/v1/api-keys", headers=headers).status_code == expected
    assert client.post("/v1/api-keys", json=EDITOR, headers=headers).status_code == expected
    for key_id in (known, unknown):
        path = f"/v1/api-keys/{key_id}"
        assert client.get(path, headers=headers).status_code == expected
        assert client.post(f"{path}/transitions", json={"to": "revoked"}, headers=headers).status_code == expected


class TestRevoking:
    def test_takes_effect_at_once_and_for_good(self, client: FlaskClient, admin: Headers) -> None:
        made = make(client, admin)
        path = f"/v1/api-keys/{made['id']}/transitions"
        assert client.get("/v1/me", headers=bearer(made)).status_code == 200
        first = client.post(path, json={"to": "revoked"}, headers={**admin, "Idempotency-Key": ""})
        assert (first.status_code, first.json["state"]) == (200, "revoked")
        refused = client.get("/v1/projects", headers=bearer(made))
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == 'Bearer realm="portfolio", error="invalid_token"'
        assert client.post(path, json={"to": "revoked"}, headers=admin).json == first.json
        assert client.post(path, json={"to": "good"}, headers=admin).status_code == 422

    def test_ones_own_is_allowed(self, client: FlaskClient, admin: Headers) -> None:
        (own,) = client.get("/v1/api-keys?role=admin", headers=admin).json["items"]
        path = f"/v1/api-keys/{own['id']}/transitions"
        assert client.post(path, json={"to": "revoked"}, headers=admin).status_code == 200
        assert client.get("/v1/me", headers=admin).status_code == 401

    def test_tells_apart_neither_revoked_nor_expired_nor_unknown(self, client: FlaskClient, admin: Headers) -> None:
        made = make(client, admin)
        client.post(f"/v1/api-keys/{made['id']}/transitions", json={"to": "revoked"}, headers=admin)
        unknown = {"Authorization": "Bearer pk_" + "A" * 43}
        bodies = []
        for headers in (bearer(made), unknown):
            answer = client.get("/v1/me", headers=headers)
            bodies.append({name: value for name, value in answer.json.items() if name != "request_id"})
        assert bodies[0] == bodies[1]


def test_a_key_ends_at_its_instant(client: FlaskClient, admin: Headers, seeded: Database) -> None:
    start = datetime(2027, 1, 1, 12, tzinfo=UTC)
    with sources.using(Ticking(start).sources()), seeded.transaction(SYSTEM) as session:
        secret = create_key(session, role="auditor", name="x", expires_at=start + timedelta(hours=1)).secret
    headers = {"Authorization": f"Bearer {secret}"}
    for offset, status in ((timedelta(hours=1, milliseconds=-2), 200), (timedelta(hours=1, milliseconds=-1), 401)):
        with sources.using(Ticking(start + offset).sources()):
            assert client.get("/v1/me", headers=headers).status_code == status


def test_an_erased_holder_has_no_name(client: FlaskClient, admin: Headers, seeded: Database) -> None:
    made = make(client, admin)
    with seeded.transaction(SYSTEM) as session:
        erase_actor(session, made["actor"])
    found = client.get(f"/v1/api-keys/{made['id']}", headers=admin).json
    assert (found["name"], found["state"]) == ("[gelöscht]", "revoked")


@pytest.fixture
def two_processes(seeded: Database, tmp_path: Path) -> Iterator[list[Service]]:
    url = seeded.url.render_as_string(hide_password=False)
    found = [Service(url, tmp_path / f"server-{number}.log") for number in range(2)]
    for one in found:
        one.start()
    yield found
    for one in found:
        one.kill()


def test_a_revocation_reaches_every_process(two_processes: list[Service], seeded: Database) -> None:
    admin, editor = key_headers(seeded, "admin"), key_headers(seeded, "editor", "MUNV")
    one, other = two_processes
    assert other.ask("GET", "/v1/me", None, editor).status == 200
    (found,) = one.ask("GET", "/v1/api-keys?role=editor", None, admin).json["items"]
    assert one.ask("POST", f"/v1/api-keys/{found['id']}/transitions", {"to": "revoked"}, admin).status == 200
    assert other.ask("GET", "/v1/me", None, editor).status == 401  # at once; five seconds would be allowed


def test_the_last_use_is_written_down_later(two_processes: list[Service], seeded: Database) -> None:
    admin = key_headers(seeded, "admin")
    for one in two_processes:
        one.ask("GET", "/v1/me", None, admin)
    deadline = time.monotonic() + 5
    found: Callable[[], Any] = lambda: (  # noqa: E731
        two_processes[0].ask("GET", "/v1/api-keys?role=admin", None, admin).json["items"][0]["last_used_at"]
    )
    while found() is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_long_write_of_somebody_else_delays_no_request(client: FlaskClient, admin: Headers, seeded: Database) -> None:
    with sqlite3.connect(str(seeded.url.database), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        assert client.get("/v1/me", headers=admin).status_code == 200
        assert time.monotonic() - began < 1
        other.execute("ROLLBACK")
    other.close()
