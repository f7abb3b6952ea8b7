"""Every write is one revision, with exactly the bytes of the contract, in commit order, past no back door."""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import date, timedelta
from typing import ClassVar

import pytest
import rfc8785
import sqlalchemy as sa

from portfolio.core import sources
from portfolio.core.db import BypassRefused, Database
from portfolio.core.migrate import newest, number_of
from portfolio.exchange.demo import load_demo
from portfolio.exchange.seed import load_seed
from portfolio.history.merkle import extended, root_of_frontier
from portfolio.history.models import Change, LogHead, Redactable, Revision, TreeRevision
from portfolio.history.reading import open_reading
from portfolio.history.recorder import AppendOnly, recorded, savepoint
from portfolio.milestones.models import Milestone, MilestoneForecast
from portfolio.milestones.service import (
    MilestoneValues,
    create_milestone,
    create_milestones,
    delete_milestone,
    lock_milestone,
    update_milestone,
)
from portfolio.projects.models import Project
from portfolio.projects.service import create_project, delete_project, find_project, update_project
from tests.conftest import ORIGIN, SYSTEM, Ticking, open_register


def _project(database: Database, slug: str = "dach", note: str | None = None) -> int:
    with database.transaction(SYSTEM) as session:
        create_project(
            session, {"slug": slug, "title_de": "Grünes Dach", "internal_note": note}, proposed_on=date(2026, 3, 2)
        )
    written = recorded(session)
    assert written is not None
    return written.rev


class TestBytes:
    def test_are_those_of_the_contract(self, database: Database) -> None:
        _project(database, note="Frau M. ruft zurück")
        with database.snapshot() as session:
            revision = session.scalars(sa.select(Revision)).one()
            changes = session.scalars(sa.select(Change).order_by(Change.seq)).all()
            secret = session.scalars(sa.select(Redactable)).one()
        header = json.loads(revision.header)
        assert rfc8785.dumps(header).decode() == revision.header
        assert list(header) == sorted(
            "v log epoch rev at actor via ministry action reason req schema n changes prev".split()
        )
        assert (header["log"], header["rev"], header["n"], header["schema"]) == (
            ORIGIN,
            1,
            len(changes),
            number_of(newest()),
        )
        assert header["prev"] == "0" * 64
        assert revision.leaf == hashlib.sha256(b"\0" + revision.header.encode()).digest()
        frontier: list[bytes] = []
        for size, change in enumerate(changes):
            assert rfc8785.dumps(json.loads(change.body)).decode() == change.body
            frontier = extended(frontier, size, hashlib.sha256(b"\0" + change.body.encode()).digest())
        assert header["changes"] == root_of_frontier(frontier).hex()
        body = json.loads(next(change.body for change in changes if change.entity == "project"))
        assert sorted(body) == ["after", "e", "id", "op", "ver"]
        assert (body["e"], body["op"], body["ver"]) == ("project", "create", 1)
        assert list(body["after"]["internal_note"]) == ["$c"]
        assert "Frau M." not in revision.header + "".join(change.body for change in changes)
        assert (secret.path, secret.value) == ("/internal_note", '"Frau M. ruft zurück"')
        assert len(secret.salt) == 32

    def test_chain_the_revisions(self, database: Database) -> None:
        for number in range(3):
            _project(database, f"dach-{number}")
        with database.snapshot() as session:
            revisions = session.scalars(sa.select(Revision).order_by(Revision.rev)).all()
            head = session.scalars(sa.select(LogHead)).one()
        headers = [json.loads(revision.header) for revision in revisions]
        assert [header["rev"] for header in headers] == [1, 2, 3]
        assert [header["prev"] for header in headers[1:]] == [revision.leaf.hex() for revision in revisions[:-1]]
        assert [header["at"] for header in headers] == sorted(header["at"] for header in headers)
        assert (head.size, head.last_leaf) == (3, revisions[-1].leaf)

    def test_never_goes_back_in_time(self, database: Database) -> None:
        clock = Ticking()
        with sources.using(clock.sources()):
            _project(database, "a")
            clock.instant -= timedelta(hours=1)
            _project(database, "b")
        with database.snapshot() as session:
            first, second = (
                json.loads(h)["at"] for h in session.scalars(sa.select(Revision.header).order_by(Revision.rev))
            )
        assert second >= first


class TestManyAtOnce:
    """New records that are written with one statement."""

    _VALUES: ClassVar[list[MilestoneValues]] = [
        {"title_de": "Grün", "kind": "report", "code": "M01", "baseline_on": date(2026, 9, 1)},
        {"title_de": "Rot", "kind": "event", "code": "M02", "weight": 3, "evidence": None},
    ]

    def _bodies(self, database: Database, rev: int) -> list[str]:
        """The images of a revision without what is of the one record alone."""
        with database.snapshot() as session:
            bodies = [json.loads(text) for text in session.scalars(sa.select(Change.body).where(Change.rev == rev))]
        for body in bodies:
            body["after"] |= dict.fromkeys(("id", "project_id", "milestone_id", "created_at", "updated_at"))
        return sorted(json.dumps({**body, "id": None}) for body in bodies)

    def test_stand_in_the_history_like_any_others(self, database: Database) -> None:
        for slug in ("a", "b"):
            _project(database, slug)
        with database.transaction(SYSTEM) as session:
            for values in self._VALUES:
                create_milestone(session, find_project(session, "a"), values)
        with database.transaction(SYSTEM) as session:
            project = find_project(session, "b")
            made = create_milestones(session, [(project, values) for values in self._VALUES])
        assert self._bodies(database, 4) == self._bodies(database, 3)
        with database.snapshot() as session:
            rows = (
                session.execute(sa.select(sa.inspect(Milestone).local_table).order_by(Milestone.code)).mappings().all()
            )
            tree = session.scalars(sa.select(TreeRevision.rev).where(TreeRevision.project_id == project.id)).one()
        own = {"id", "project_id", "created_at", "updated_at"}
        plain = [{name: value for name, value in row.items() if name not in own} for row in rows]
        assert plain[0] == plain[1]
        assert plain[2] == plain[3]
        assert {row["id"] for row in rows} > set(made)
        assert tree == 4

    def test_take_as_many_statements_as_one(self, database: Database) -> None:
        _project(database)
        sent: list[str] = []
        sa.event.listen(database.engine, "before_cursor_execute", lambda *call: sent.append(call[2]))
        counts = []
        for many in (2, 40):
            sent.clear()
            with database.transaction(SYSTEM) as session:
                values: list[MilestoneValues] = [
                    {"title_de": "x", "kind": "report", "code": f"{many}-{n}"} for n in range(many)
                ]
                create_milestones(session, [(find_project(session, "dach"), one) for one in values])
            counts.append(len([text for text in sent if "milestone" in text]))
        assert counts == [3, 3]  # the milestones, what finds them, their journals

    def test_can_be_changed_and_removed_in_the_same_revision(self, database: Database) -> None:
        _project(database)
        with database.transaction(SYSTEM) as session:
            project = find_project(session, "dach")
            kept, gone = create_milestones(session, [(project, values) for values in self._VALUES])
            update_milestone(session, lock_milestone(session, kept), {"title_de": "Blau"})
            delete_milestone(session, lock_milestone(session, gone))
        with database.snapshot() as session:
            changes = session.scalars(sa.select(Change).where(Change.rev == 2, Change.entity == "milestone")).all()
            row = session.scalars(sa.select(Milestone)).one()
        assert [json.loads(change.body)["op"] for change in changes] == ["create"]
        assert json.loads(changes[0].body)["after"]["title_de"] == row.title_de == "Blau"
        assert (changes[0].entity_id, row.id, row.version, json.loads(changes[0].body)["ver"]) == (
            str(kept),
            kept,
            1,
            1,
        )

    def test_leave_nothing_where_their_part_fails(self, database: Database) -> None:
        _project(database)
        with database.transaction(SYSTEM) as session:
            project = find_project(session, "dach")
            (kept,) = create_milestones(session, [(project, self._VALUES[0])])
            for fails in (lambda: create_milestones(session, [(project, self._VALUES[1])]), lambda: None):
                with pytest.raises(RuntimeError), savepoint(session):
                    fails()
                    update_milestone(session, lock_milestone(session, kept), {"title_de": "Blau"})
                    raise RuntimeError
            update_milestone(session, lock_milestone(session, kept), {"title_en": "Green"})
        with database.snapshot() as session:
            changes = session.scalars(sa.select(Change).where(Change.rev == 2).order_by(Change.entity)).all()
        assert [change.entity for change in changes] == ["milestone", "milestone_status_change"]
        after = json.loads(changes[0].body)["after"]
        assert (after["title_de"], after["title_en"], after["version"]) == ("Grün", "Green", 1)


class TestVersions:
    def test_rise_by_one_per_revision_however_many_flushes(self, database: Database) -> None:
        _project(database)
        with database.transaction(SYSTEM) as session:
            project = find_project(session, "dach")
            update_project(session, project, {"title_de": "Eins"})
            update_project(session, project, {"title_de": "Zwei"})
        assert project.version == 2

    def test_a_row_made_and_removed_at_once_leaves_nothing(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            project = create_project(session, {"slug": "weg", "title_de": "Weg"}, proposed_on=date(2026, 3, 2))
            delete_project(session, project)
        assert recorded(session) is None


class TestPast:
    def test_remembers_what_was_and_what_is_gone(self, database: Database) -> None:
        _project(database, note="geheim")
        with database.transaction(SYSTEM) as session:
            update_project(
                session, find_project(session, "dach"), {"title_de": "Neu", "planned_start_on": date(2027, 1, 1)}
            )
        with database.transaction(SYSTEM) as session:
            delete_project(session, find_project(session, "dach"))
        found = []
        for revision in range(4):
            with open_reading(database, str(revision)) as moment:
                rows = moment.session.execute(sa.select(moment.at(Project))).mappings().all()
                found.append([(row["title_de"], row["internal_note"], row["version"]) for row in rows])
        assert found == [[], [("Grünes Dach", "geheim", 1)], [("Neu", "geheim", 2)], []]

    def test_equals_the_present_in_every_column(self, with_demo: Database) -> None:
        from portfolio.core.db import Base

        for mapper in Base.registry.mappers:
            model = mapper.class_
            if model.not_audited is not None:
                continue
            order = model.__table__.c.id
            with open_reading(with_demo) as now, open_reading(with_demo, "2") as then:
                present = now.session.execute(sa.select(now.at(model)).order_by(order)).mappings().all()
                past = then.session.execute(sa.select(then.at(model))).mappings().all()
            assert sorted(map(dict, past), key=lambda row: str(row["id"])) == sorted(
                map(dict, present), key=lambda row: str(row["id"])
            ), model


class TestBypass:
    @pytest.mark.parametrize(
        "statement",
        [
            sa.update(Project).values(code="x"),
            sa.delete(Project),
            sa.insert(Project).values(slug="x"),
            sa.text("UPDATE project SET code = 'x'"),
            sa.text(" delete from project"),
        ],
    )
    def test_is_refused(self, database: Database, statement: sa.Executable) -> None:
        with pytest.raises(BypassRefused), database.transaction(SYSTEM) as session:
            session.execute(statement)

    def test_of_bulk_methods_is_refused(self, database: Database) -> None:
        with pytest.raises(BypassRefused), database.transaction(SYSTEM) as session:
            session.bulk_insert_mappings(Project, [{"slug": "x"}])

    @pytest.mark.parametrize("table", ["revision", "change", "ledger_entry", "milestone_forecast"])
    @pytest.mark.parametrize("verb", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"])
    def test_of_the_database_itself_is_refused(self, with_demo: Database, table: str, verb: str) -> None:
        column = "rev" if table in ("revision", "change") else "version"
        with pytest.raises(sa.exc.DBAPIError, match="insert-only"), with_demo.write_engine.begin() as connection:
            connection.execute(sa.text(verb.format(table, column)))

    def test_of_facts_is_refused(self, with_demo: Database) -> None:
        with pytest.raises(AppendOnly), with_demo.transaction(SYSTEM) as session:
            forecast = session.scalars(sa.select(MilestoneForecast).limit(1)).one()
            forecast.forecast_on = date(2030, 1, 1)


class TestOrder:
    def test_has_no_gap_under_concurrent_writers(self, database: Database) -> None:
        def write(worker: int) -> None:
            for number in range(12):
                _project(database, f"w{worker}-{number}")

        workers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        with database.snapshot() as session:
            assert session.scalars(sa.select(Revision.rev).order_by(Revision.rev)).all() == list(range(1, 73))


def test_equal_operations_give_equal_hashes_on_both_engines(
    tmp_path: object, postgres_dsn: str, request: pytest.FixtureRequest
) -> None:
    from tests.postgres import create_database, drop_database

    leaves = []
    name = "equal_hashes"
    for url in (f"sqlite:///{tmp_path}/equal.sqlite", create_database(postgres_dsn, name)):
        database = open_register(url)
        with sources.using(Ticking().sources()):
            load_seed(database)
            load_demo(database)
            _project(database, note="geheim")
        with database.snapshot() as session:
            leaves.append(session.scalars(sa.select(Revision.leaf).order_by(Revision.rev)).all())
        database.dispose()
    drop_database(postgres_dsn, name)
    assert len(leaves[0]) == 3
    assert leaves[0] == leaves[1]
