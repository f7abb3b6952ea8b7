"""Erasure: the words are nowhere any more, every hash is as it was, and the past says that something stood there."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from portfolio.access.models import Actor, ApiKey
from portfolio.cli.privacy import privacy
from portfolio.core.db import Database
from portfolio.core.problems import Conflict, NotFound, Problem
from portfolio.history.merkle import EMPTY_ROOT, root_of
from portfolio.history.models import ERASED, Change, Idempotency, LogHead, Redactable, Revision
from portfolio.history.recorder import ERASE, AppendOnly, recorded
from portfolio.milestones.models import Milestone, MilestoneForecast
from portfolio.projects.models import ProjectStatusChange
from portfolio.projects.service import create_project, delete_project, find_project, update_project
from tests.conftest import SYSTEM, key_headers, make_app
from tests.history.signing import write

NAME = "Frau Mustermann-Oehlenschlaeger"
GROUND = "Art. 17 (1) a DSGVO"


@pytest.fixture
def erase(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> CliRunner:
    """The command over the database of the test."""
    name = "seeded" if "seeded" in request.fixturenames else "database"
    database: Database = request.getfixturevalue(name)
    monkeypatch.setenv("PORTFOLIO_DATABASE_URL", database.url.render_as_string(hide_password=False))
    return CliRunner()


def _erase(runner: CliRunner, *words: str) -> Result:
    return runner.invoke(privacy, ["erase", *words, "--ground", GROUND])


def _said(result: Result) -> str:
    assert result.exception is None, result.output
    return result.output


def _notes(database: Database, *notes: str | None) -> None:
    """A project whose note was rewritten once per value."""
    write(database, "dach", notes[0])
    for note in notes[1:]:
        with database.transaction(SYSTEM) as session:
            update_project(session, find_project(session, "dach"), {"internal_note": note})


def _answer(database: Database, rev: int | None) -> None:
    with database.write_engine.begin() as connection:
        row = {"scope": "x", "key_hash": str(rev).encode(), "fingerprint": b"f", "status": 201, "created_at": "2026"}
        connection.execute(sa.insert(Idempotency), {**row, "body": NAME.encode(), "headers": "", "rev": rev})


def _require_true(database: Database) -> list[dict[str, object]]:
    """Every hash recomputed from what is stored; the headers."""
    with database.snapshot() as session:
        revisions = session.scalars(sa.select(Revision).order_by(Revision.rev)).all()
        bodies: dict[int, list[bytes]] = {revision.rev: [] for revision in revisions}
        for change in session.scalars(sa.select(Change).order_by(Change.rev, Change.seq)):
            bodies[change.rev].append(change.body.encode())
        head = session.scalars(sa.select(LogHead)).one()
    headers = [json.loads(revision.header) for revision in revisions]
    for revision, header in zip(revisions, headers, strict=True):
        assert revision.leaf == hashlib.sha256(b"\0" + revision.header.encode()).digest()
        assert header["changes"] == root_of(bodies[revision.rev]).hex()
        assert header["n"] == len(bodies[revision.rev])
    assert (head.size, head.last_leaf) == (len(revisions), revisions[-1].leaf)
    return headers


def _bytes_of(database: Database) -> bytes:
    path = Path(str(database.url.database))
    beside = [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm")]
    return b"".join(file.read_bytes() for file in [path, *beside] if file.exists())


class TestField:
    def test_is_gone_from_record_past_answers_and_file(self, database: Database, erase: CliRunner) -> None:
        _notes(database, f"{NAME} ruft an", "Neutral", f"{NAME} bittet um Rückruf")
        write(database, "andere", "bleibt")
        for rev in (None, 2):
            _answer(database, rev)
        headers = key_headers(database, "coordinator")
        client = make_app(database).test_client()
        leaves = [header["prev"] for header in _require_true(database)]
        before = client.get("/v1/projects/dach?known_at=1", headers=headers).json
        said = _said(_erase(erase, "--record", "project", "dach", "--field", "internal_note"))
        assert (
            "Erased 3 values of internal_note, 2 stored answers removed. 0 imported files removed. This is revision 5."
            in said
        )
        for moment in ("", "?known_at=1", "?known_at=2", "?known_at=3", "?known_at=4", "?known_at=5"):
            found = client.get(f"/v1/projects/dach{moment}", headers=headers).json
            assert found is not None
            assert found["internal_note"] == ERASED, moment
        other = client.get("/v1/projects/andere", headers=headers).json
        assert other is not None
        assert other["internal_note"] == "bleibt"
        after = client.get("/v1/projects/dach?known_at=1", headers=headers).json
        assert before is not None
        assert after == {**before, "internal_note": ERASED}
        headers_now = _require_true(database)
        assert [header["prev"] for header in headers_now][:4] == leaves
        assert (headers_now[-1]["action"], headers_now[-1]["n"], headers_now[-1]["rev"]) == (ERASE, 1, 5)
        if database.is_sqlite:
            assert NAME.encode() not in _bytes_of(database)
            assert b"bleibt" in _bytes_of(database)

    def test_of_a_deleted_record_is_a_revision_without_a_change(self, database: Database, erase: CliRunner) -> None:
        _notes(database, NAME)
        with database.transaction(SYSTEM) as session:
            project = find_project(session, "dach")
            delete_project(session, project)
        _said(_erase(erase, "--record", "project", str(project.id), "--field", "internal_note"))
        header = _require_true(database)[-1]
        assert (header["n"], header["changes"], header["action"]) == (0, EMPTY_ROOT.hex(), ERASE)
        with database.snapshot() as session:
            kept = session.scalars(sa.select(Redactable.path)).all()
        assert kept == ["/reason"]  # the ground of the erasure itself

    def test_of_a_journal_is_blanked_although_its_facts_stay(self, database: Database, erase: CliRunner) -> None:
        write(database, "dach")
        with database.transaction(SYSTEM) as session:
            change = session.scalars(sa.select(ProjectStatusChange)).one()
            later = ProjectStatusChange(
                project_id=change.project_id,
                seq=change.seq + 1,
                from_status=change.to_status,
                to_status="withdrawn",
                holds_from_on=change.holds_from_on,
                reason=NAME,
            )
            session.add(later)
        _said(_erase(erase, "--record", "project_status_change", str(later.id), "--field", "reason"))
        with database.transaction(SYSTEM) as session:
            again = session.get_one(ProjectStatusChange, later.id)
            assert (again.reason, again.to_status) == (ERASED, "withdrawn")
            again.reason = "something else"
            with pytest.raises(AppendOnly):
                session.flush()
            session.rollback()

    def test_of_facts_that_are_never_changed_is_the_one_change_allowed(
        self, seeded: Database, erase: CliRunner
    ) -> None:
        with seeded.transaction(SYSTEM) as session:
            milestone = session.scalars(sa.select(Milestone).limit(1)).one()
            days = {"reported_on": date(2026, 3, 2), "forecast_on": date(2026, 6, 30)}
            forecast = MilestoneForecast(milestone_id=milestone.id, comment=NAME, **days)
            session.add(forecast)
        _said(_erase(erase, "--record", "milestone_forecast", str(forecast.id), "--field", "comment"))
        _require_true(seeded)
        with seeded.snapshot() as session:
            found = session.get_one(MilestoneForecast, forecast.id)
            assert (found.comment, found.forecast_on) == (ERASED, date(2026, 6, 30))
            # The milestone it is shown with has changed too: its history tells of it, its old tag is stale.
            assert session.get_one(Milestone, milestone.id).version == milestone.version + 1
        for change in ("comment = 'x'", f"comment = '{ERASED}', forecast_on = '2030-01-01'"):
            with pytest.raises(sa.exc.DBAPIError, match="insert-only"), seeded.write_engine.begin() as connection:
                connection.execute(sa.text(f"UPDATE milestone_forecast SET {change} WHERE reported_on = '2026-03-02'"))

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (("project", "dach", "--field", "title_de"), "no erasable field title_de; there are"),
            (("sqlite_master", "dach", "--field", "internal_note"), "no erasable field"),
            (("project", "dorf", "--field", "internal_note"), "There is no project 'dorf'"),
            (("project", "dach", "--field", "internal_note"), "nothing was erased"),
        ],
    )
    def test_that_is_not_there_is_said(
        self, database: Database, erase: CliRunner, words: tuple[str, ...], sentence: str
    ) -> None:
        write(database, "dach")
        result = _erase(erase, "--record", *words)
        assert isinstance(result.exception, NotFound)
        assert sentence in str(result.exception)
        assert len(_require_true(database)) == 1

    def test_is_not_erased_twice(self, database: Database, erase: CliRunner) -> None:
        _notes(database, NAME)
        words = ("--record", "project", "dach", "--field", "internal_note")
        _said(_erase(erase, *words))
        assert isinstance(_erase(erase, *words).exception, NotFound)
        assert len(_require_true(database)) == 2


class TestReason:
    def test_of_a_revision_is_gone(self, database: Database, erase: CliRunner) -> None:
        with database.transaction(replace(SYSTEM, reason=f"{NAME} hat es gesagt")) as session:
            create_project(session, {"slug": "dach", "title_de": "Dach"}, proposed_on=date(2026, 3, 2))
        _answer(database, 1)
        write(database, "b")
        said = _said(_erase(erase, "--revision", "1"))
        assert said.startswith("Erased the reason of revision 1, 1 stored answers removed. 0 imported files")
        header = _require_true(database)[-1]
        assert (header["n"], header["changes"]) == (0, EMPTY_ROOT.hex())
        with database.snapshot() as session:
            assert session.scalars(sa.select(Redactable.value)).all() == [f'"{GROUND} [1]"']
        if database.is_sqlite:
            assert NAME.encode() not in _bytes_of(database)
        assert isinstance(_erase(erase, "--revision", "2").exception, NotFound)


class TestActor:
    def test_loses_name_and_keys(self, database: Database, erase: CliRunner) -> None:
        headers = key_headers(database, "coordinator")
        with database.transaction(SYSTEM) as session:
            actor = session.scalars(sa.select(Actor)).one()
            actor.display_name = NAME
        _answer(database, 1)
        client = make_app(database).test_client()
        assert client.get("/v1/projects", headers=headers).status_code == 200
        said = _said(_erase(erase, "--actor", actor.actor_id))
        assert f"Erased the name of {actor.actor_id}, 1 keys revoked, 1 stored answers removed." in said
        assert client.get("/v1/projects", headers=headers).status_code == 401
        with database.snapshot() as session:
            found = session.scalars(sa.select(Actor)).one()
            key = session.scalars(sa.select(ApiKey)).one()
        assert (found.actor_id, found.display_name, found.subject) == (actor.actor_id, "", "")
        assert found.erased_at is not None
        assert key.revoked_at is not None
        assert [header["action"] for header in _require_true(database)] == [ERASE]
        if database.is_sqlite:
            assert NAME.encode() not in _bytes_of(database)
        assert isinstance(_erase(erase, "--actor", actor.actor_id).exception, Conflict)
        assert isinstance(_erase(erase, "--actor", "act_nobody").exception, Problem)


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestCommand:
    @pytest.mark.parametrize(
        "words", [(), ("--actor", "a", "--revision", "1"), ("--record", "project", "dach"), ("--field", "x")]
    )
    def test_wants_exactly_one_thing(self, database: Database, erase: CliRunner, words: tuple[str, ...]) -> None:
        assert _erase(erase, *words).exit_code == 1

    def test_says_where_readers_keep_remains_alive(
        self, database: Database, erase: CliRunner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("portfolio.history.erasure._PATIENCE", 0.1)
        _notes(database, NAME)
        with database.snapshot() as reader:
            reader.execute(sa.select(LogHead.size)).one()
            result = _erase(erase, "--record", "project", "dach", "--field", "internal_note")
            assert result.exit_code == 1
            assert "portfolio privacy wipe" in result.output
        assert "no remains" in _said(erase.invoke(privacy, ["wipe"]))
        assert NAME.encode() not in _bytes_of(database)


def test_no_other_action_is_a_revision_without_a_change(database: Database) -> None:
    with database.transaction(SYSTEM) as session:
        session.execute(sa.select(LogHead.size)).one()
    assert recorded(session) is None
