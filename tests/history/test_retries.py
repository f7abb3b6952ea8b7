"""Writes sent again: done once, answered twice with the same bytes, refused where the key belongs to something else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portfolio.core import sources
from portfolio.core.db import Database
from portfolio.history import retries
from portfolio.history.models import Idempotency, Revision
from portfolio.projects import routes
from portfolio.projects.models import Project
from tests.conftest import SYSTEM, key_headers, make_app

BODY: dict[str, Any] = {"slug": "einmal", "title_de": "Einmal", "proposed_on": "2026-03-02"}
AGAIN = ("Location", "ETag", "Register-Revision", "Content-Type", "Cache-Control", "Vary")
Headers = dict[str, str]


def _keyed(headers: Headers, key: str = "k-1", **more: str) -> Headers:
    return {**headers, "Idempotency-Key": key, **more}


def _revisions(database: Database) -> int:
    with database.snapshot() as session:
        return session.scalars(sa.select(sa.func.count()).select_from(Revision)).one()


def _require_replay(first: TestResponse, second: TestResponse) -> None:
    assert (second.status_code, second.get_data()) == (first.status_code, first.get_data())
    assert {name: second.headers.get(name) for name in AGAIN} == {name: first.headers.get(name) for name in AGAIN}
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"


def _lead(client: FlaskClient, coordinator: Headers, ministry: str, day: str) -> None:
    role = {"organisation": ministry, "role": "lead_ministry", "from_on": day, "basis": "published_source"}
    assert client.post("/v1/projects/einmal/roles", json=role, headers=coordinator).status_code == 201


@pytest.fixture
def later() -> Iterator[Callable[[timedelta], None]]:
    """Moves the register's clock on."""
    system, moved = sources.current(), [timedelta()]

    def advance(by: timedelta) -> None:
        moved[0] += by

    with sources.using(replace(system, clock=lambda: system.clock() + moved[0])):
        yield advance


class TestKey:
    @pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256])
    def test_is_needed_for_what_could_be_doubled(
        self, client: FlaskClient, coordinator: Headers, seeded: Database, key: str
    ) -> None:
        before = _revisions(seeded)
        answer = client.post("/v1/projects", json=BODY, headers=_keyed(coordinator, key))
        assert (answer.status_code, answer.json["type"]) == (400, "/problems/idempotency-key-needed")
        assert _revisions(seeded) == before
        assert client.post("/v1/projects", json=BODY, headers=_keyed(coordinator, "!" + "x" * 254)).status_code == 201

    def test_may_be_left_out_of_a_change_of_status(self, client: FlaskClient, coordinator: Headers) -> None:
        asked = {"to": "in_implementation", "on": "2026-03-02"}
        path = "/v1/projects/ruhr-digital/transitions"
        assert client.post(path, json=asked, headers=_keyed(coordinator, "")).status_code == 200

    def test_is_asked_for_after_sign_in_and_role_and_before_the_body(
        self, client: FlaskClient, editor: Callable[[str], Headers]
    ) -> None:
        assert client.post("/v1/projects", json={}, headers={"Idempotency-Key": ""}).status_code == 401
        assert client.post("/v1/projects", json={}, headers=_keyed(editor("MUNV"), "")).status_code == 403
        path = "/v1/projects/ruhr-digital/applications"
        assert client.post(path, json={"nope": 1}, headers=_keyed(editor("MUNV"), "")).status_code == 400


class TestReplay:
    def test_gives_the_first_answer_and_does_nothing(
        self, client: FlaskClient, coordinator: Headers, seeded: Database
    ) -> None:
        first = client.post("/v1/projects", json=BODY, headers=_keyed(coordinator))
        assert first.status_code == 201
        moved = client.patch(
            "/v1/projects/einmal",
            json={"title_de": "Zweimal"},
            headers={**coordinator, "If-Match": first.headers["ETag"]},
        )
        assert moved.status_code == 200
        count = _revisions(seeded)
        reordered = dict(reversed(BODY.items()))
        _require_replay(first, client.post("/v1/projects", json=reordered, headers=_keyed(coordinator)))
        assert _revisions(seeded) == count

    def test_of_a_patch_comes_before_the_version_is_compared(self, client: FlaskClient, coordinator: Headers) -> None:
        tag = client.get("/v1/projects/ruhr-digital", headers=coordinator).headers["ETag"]
        ask = {"json": {"title_en": "Ruhr digital"}, "headers": _keyed(coordinator, **{"If-Match": tag})}
        first = client.patch("/v1/projects/ruhr-digital", **ask)
        assert first.status_code == 200
        _require_replay(first, client.patch("/v1/projects/ruhr-digital", **ask))

    def test_of_a_removal_answers_although_the_record_is_gone(
        self, client: FlaskClient, coordinator: Headers, editor: Callable[[str], Headers]
    ) -> None:
        client.post("/v1/projects", json=BODY, headers=coordinator)
        _lead(client, coordinator, "MUNV", "2026-03-02")
        mine = editor("MUNV")
        made = client.post("/v1/projects/einmal/applications", json={"level": "eu"}, headers=mine)
        assert made.status_code == 201, made.json
        ask = _keyed(mine, **{"If-Match": made.headers["ETag"], "Change-Reason": "doppelt"})
        first = client.delete(made.headers["Location"], headers=ask)
        assert first.status_code == 204
        _require_replay(first, client.delete(made.headers["Location"], headers=ask))

    def test_of_a_refusal_stays_a_refusal(self, client: FlaskClient, coordinator: Headers, seeded: Database) -> None:
        body = {**BODY, "slug": "ruhr-digital"}
        first = client.post("/v1/projects", json=body, headers=_keyed(coordinator))
        assert (first.status_code, first.json["type"]) == (409, "/problems/slug-taken")
        count = _revisions(seeded)
        _require_replay(first, client.post("/v1/projects", json=body, headers=_keyed(coordinator)))
        assert _revisions(seeded) == count

    def test_asks_again_who_leads_the_project(
        self, client: FlaskClient, coordinator: Headers, editor: Callable[[str], Headers]
    ) -> None:
        client.post("/v1/projects", json=BODY, headers=coordinator)
        _lead(client, coordinator, "MUNV", "2026-03-02")
        mine = _keyed(editor("MUNV"))
        path, plan = (
            "/v1/projects/einmal/milestones",
            {"title_de": "Start", "kind": "opening", "baseline_on": "2027-01-01"},
        )
        first = client.post(path, json=plan, headers=mine)
        assert first.status_code == 201, first.json
        _require_replay(first, client.post(path, json=plan, headers=mine))
        _lead(client, coordinator, "MHKBD", "2026-04-01")
        assert client.post(path, json=plan, headers=mine).status_code == 403


class TestKeyElsewhere:
    def test_another_body_or_address_is_refused(self, client: FlaskClient, coordinator: Headers) -> None:
        assert client.post("/v1/projects", json=BODY, headers=_keyed(coordinator)).status_code == 201
        other = client.post("/v1/projects", json={**BODY, "title_de": "Anders"}, headers=_keyed(coordinator))
        assert (other.status_code, other.json["type"]) == (422, "/problems/idempotency-key-reused")
        asked = {"level": "eu"}
        for slug, status in (("einmal", 201), ("ruhr-digital", 422)):
            path = f"/v1/projects/{slug}/applications"
            assert client.post(path, json=asked, headers=_keyed(coordinator)).status_code == status

    def test_another_sender_or_operation_is_independent(
        self, client: FlaskClient, coordinator: Headers, seeded: Database
    ) -> None:
        assert client.post("/v1/projects", json=BODY, headers=_keyed(coordinator)).status_code == 201
        other = client.post("/v1/projects", json=BODY, headers=_keyed(key_headers(seeded, "coordinator")))
        assert other.status_code == 409
        programme = {"code": "x-1", "title_de": "X", "level": "eu"}
        answer = client.post("/v1/funding-programmes", json=programme, headers=_keyed(coordinator))
        assert answer.status_code == 201, answer.json

    def test_what_was_not_let_in_does_not_use_up_the_key(
        self, client: FlaskClient, coordinator: Headers, editor: Callable[[str], Headers]
    ) -> None:
        mine = _keyed(editor("MHKBD"))
        client.post("/v1/projects", json=BODY, headers=coordinator)
        path = "/v1/projects/einmal/applications"
        assert client.post(path, json={"level": "eu"}, headers=mine).status_code == 403
        _lead(client, coordinator, "MHKBD", "2026-03-02")
        assert client.post(path, json={"level": "eu"}, headers=mine).status_code == 201

    def test_a_failure_of_ours_does_not_use_up_the_key(
        self, client: FlaskClient, coordinator: Headers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("answering failed")

        with monkeypatch.context() as patched:
            patched.setattr("portfolio.projects.routes.answer_written", fail)
            assert client.post("/v1/projects", json=BODY, headers=_keyed(coordinator)).status_code == 500
        assert client.get("/v1/projects/einmal").status_code == 404
        assert client.post("/v1/projects", json=BODY, headers=_keyed(coordinator)).status_code == 201


class TestTime:
    def test_an_expired_key_counts_as_new(
        self, client: FlaskClient, coordinator: Headers, later: Callable[[timedelta], None]
    ) -> None:
        first = client.post("/v1/projects", json=BODY, headers=_keyed(coordinator))
        later(timedelta(days=6, hours=23))
        _require_replay(first, client.post("/v1/projects", json=BODY, headers=_keyed(coordinator)))
        later(timedelta(hours=2))
        again = client.post("/v1/projects", json=BODY, headers=_keyed(coordinator))
        assert (again.status_code, "Idempotent-Replayed" in again.headers) == (409, False)

    def test_expired_answers_are_cleared_away(
        self,
        client: FlaskClient,
        coordinator: Headers,
        seeded: Database,
        later: Callable[[timedelta], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(retries, "_PURGES", 256)
        for number in range(3):
            client.post("/v1/projects", json={**BODY, "slug": f"e{number}"}, headers=_keyed(coordinator, f"e{number}"))
        later(timedelta(days=8))
        client.post("/v1/projects", json={**BODY, "slug": "neu"}, headers=_keyed(coordinator, "neu"))
        with seeded.snapshot() as session:
            assert len(session.scalars(sa.select(Idempotency)).all()) == 1


class TestTwins:
    def test_only_one_of_many_is_done_and_all_hear_the_same(self, seeded: Database, coordinator: Headers) -> None:
        app, answers = make_app(seeded), []
        gate = threading.Barrier(4)

        def send() -> None:
            client = app.test_client()
            gate.wait()
            answers.append(client.post("/v1/projects", json=BODY, headers=_keyed(coordinator)))

        threads = [threading.Thread(target=send) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {(answer.status_code, answer.get_data()) for answer in answers} == {(201, answers[0].get_data())}
        assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 3

    @pytest.mark.parametrize("engine_name", ["postgresql"])
    def test_one_that_takes_long_is_reported_as_running(
        self, client: FlaskClient, coordinator: Headers, seeded: Database
    ) -> None:
        first = client.post("/v1/projects", json=BODY, headers=_keyed(coordinator))
        with seeded.transaction(SYSTEM) as session:
            session.connection().execute(sa.update(Idempotency).values(created_at="2000-01-01T00:00:00.000000Z"))
            answer = client.post("/v1/projects", json=BODY, headers=_keyed(coordinator))
            assert (answer.status_code, answer.json["type"]) == (409, "/problems/idempotency-key-in-use")
            assert answer.headers["Retry-After"] == "1"
            session.rollback()
        _require_replay(first, client.post("/v1/projects", json=BODY, headers=_keyed(coordinator)))


@pytest.mark.parametrize("engine_name", ["postgresql"])
class TestDeadlock:
    @pytest.mark.parametrize(("failures", "status"), [(2, 201), (3, 503)])
    def test_is_tried_three_times_as_a_whole(
        self,
        client: FlaskClient,
        coordinator: Headers,
        seeded: Database,
        monkeypatch: pytest.MonkeyPatch,
        failures: int,
        status: int,
    ) -> None:
        """The database itself says deadlock, by RAISE with its SQLSTATE, after the project was written."""
        left = [failures]

        def create(session: Any, *args: Any, **kwargs: Any) -> Project:
            project = create_project(session, *args, **kwargs)
            if left[0]:
                left[0] -= 1
                session.connection().exec_driver_sql("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$")
            return project

        create_project = routes.create_project
        monkeypatch.setattr(routes, "create_project", create)
        before = _revisions(seeded)
        answer = client.post("/v1/projects", json=BODY, headers=_keyed(coordinator))
        assert (answer.status_code, answer.headers.get("Retry-After")) == (status, "1" if status == 503 else None)
        assert _revisions(seeded) == before + (status == 201)
