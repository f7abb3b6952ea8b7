"""Statements that the driver is sent are filled, read, refused and seen as SQLAlchemy's own are."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from portfolio.core.db import Database, table_of
from portfolio.core.loading import loaded
from portfolio.core.sending import Fixed, NewRows
from portfolio.funding.models import Application, LedgerEntry
from portfolio.history.models import AreaRevision
from portfolio.history.recorder import recorded
from portfolio.milestones.models import Milestone
from portfolio.projects.models import Project
from tests.conftest import SYSTEM

_KINDS = (Project, Milestone, Application, LedgerEntry)
"""Between them they hold every type of column."""
_AREA = table_of(AreaRevision)
_ADD = Fixed(sa.insert(_AREA))
_RAISE = Fixed(sa.update(_AREA).where(_AREA.c.area == sa.bindparam("of")).values(rev=sa.bindparam("rev")))


class TestRows:
    @pytest.mark.parametrize("model", _KINDS, ids=lambda model: model.__name__)
    def test_are_those_of_sqlalchemy(self, with_demo: Database, model: type[Any]) -> None:
        table = table_of(model)
        statement = sa.select(table).order_by(table.c.id)
        with with_demo.ask() as connection:
            expected = connection.execute(statement).all()
            found, named = Fixed(statement).rows(connection, {}), Fixed(statement).dicts(connection, {})
        assert expected
        assert found == [tuple(row) for row in expected]
        assert [list(map(type, row)) for row in found] == [list(map(type, row)) for row in expected]
        assert named == [dict(row._mapping) for row in expected]

    def test_are_found_by_values_of_the_columns_types(self, with_demo: Database) -> None:
        table = table_of(Milestone)
        place = (table.c.id == sa.bindparam("id"), table.c.baseline_on == sa.bindparam("day"), table.c.weight == 1)
        with with_demo.ask() as connection:
            row = connection.execute(
                sa.select(table).where(table.c.baseline_on.is_not(None), table.c.weight == 1)
            ).first()
            assert row is not None
            found = Fixed(sa.select(table.c.code).where(*place)).rows(
                connection, {"id": row.id, "day": row.baseline_on}
            )
        assert isinstance(row.id, UUID)
        assert isinstance(row.baseline_on, date)
        assert found == [(row.code,)]

    def test_may_be_found_by_a_list_that_is_always_the_same(self, with_demo: Database) -> None:
        table = table_of(Milestone)
        statement = sa.select(table.c.code).where(table.c.kind.in_(["result", "report"])).order_by(table.c.id)
        with with_demo.ask() as connection:
            assert Fixed(statement).rows(connection, {}) == [tuple(row) for row in connection.execute(statement)]


class TestWriting:
    def test_tells_how_many_rows(self, database: Database) -> None:
        with database.aside() as session:
            connection = session.connection()
            assert _ADD.send(connection, {"area": "a", "rev": 1}) == 1
            assert _ADD.send(connection, {"area": "b", "rev": 1}, {"area": "c", "rev": 1}) == 2
            assert _RAISE.send(connection, {"of": "a", "rev": 7}) == 1
            assert _RAISE.send(connection, {"of": "a", "rev": 8}, {"of": "none", "rev": 8}) == 1
            assert set(map(tuple, connection.execute(sa.select(_AREA.c.area, _AREA.c.rev)))) == {
                ("a", 8),
                ("b", 1),
                ("c", 1),
            }

    def test_fails_as_sqlalchemy_does_and_shows_no_values(self, database: Database) -> None:
        with pytest.raises(sa.exc.IntegrityError) as failed, database.aside() as session:
            _ADD.send(session.connection(), *[{"area": "secret", "rev": 1}] * 2)
        assert "secret" not in str(failed.value).replace("(secret)", "")
        assert "INSERT INTO area_revision" in str(failed.value)

    def test_of_a_lost_connection_gives_it_up(self, database: Database) -> None:
        if database.is_sqlite:
            pytest.skip("an embedded database is not lost")
        with database.ask() as other, database.ask() as connection:
            number = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            other.exec_driver_sql(f"SELECT pg_terminate_backend({number}, 5000)")
            with pytest.raises(sa.exc.OperationalError) as failed:
                _RAISE.send(connection, {"of": "a", "rev": 7})
            assert failed.value.connection_invalidated
            assert connection.invalidated
        with database.ask() as connection:
            assert _RAISE.send(connection, {"of": "a", "rev": 7}) == 0

    def test_is_seen_by_who_listens(self, database: Database) -> None:
        seen: list[str] = []
        sa.event.listen(database.engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
        with database.ask() as connection:
            assert _RAISE.send(connection, {"of": "a", "rev": 7}) == 0
        assert [text.split()[0] for text in seen] == ["UPDATE"]


class TestNewRows:
    @pytest.mark.parametrize("model", _KINDS, ids=lambda model: model.__name__)
    def test_hold_what_they_were_given(self, with_demo: Database, model: type[Any]) -> None:
        """As they stand, few and many, with every type of column, and nulls, quotation marks and ends of lines."""
        table = table_of(model)
        with with_demo.aside() as session:
            connection = session.connection()
            found = Fixed(sa.select(table).order_by(table.c.id)).dicts(connection, {})
            for row in found[:1]:
                texts = [
                    column.name for column in table.columns if isinstance(column.type, sa.Text) and column.nullable
                ]
                row |= dict.fromkeys(texts, 'a\\b\t"c"\r\nd\\N')
            copy = sa.Table(
                f"{table.name}_copy", sa.MetaData(), *(sa.Column(one.name, one.type) for one in table.columns)
            )
            copy.create(connection)
            many = [row for row in found for _ in range(max(1, 40 // len(found)))]
            NewRows(copy).send(connection, found[:2])
            NewRows(copy).send(connection, many)
            held = Fixed(sa.select(copy)).dicts(connection, {})
            copy.drop(connection)
        assert len(many) >= 20
        assert held == [*found[:2], *many]

    @pytest.mark.parametrize("count", [2, 50])
    def test_are_refused_as_sqlalchemy_does(self, database: Database, count: int) -> None:
        with pytest.raises(sa.exc.IntegrityError), database.aside() as session:
            NewRows(_AREA).send(session.connection(), [{"area": "same", "rev": 1}] * count)
        with database.ask() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(_AREA)).scalar_one() == 0

    @pytest.mark.parametrize("count", [2, 50])
    def test_are_seen_by_who_listens(self, database: Database, count: int) -> None:
        seen: list[str] = []
        sa.event.listen(database.engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
        with database.aside() as session:
            NewRows(_AREA).send(session.connection(), [{"area": str(number), "rev": 1} for number in range(count)])
        assert len([text for text in seen if "area_revision" in text]) == 1


class TestLoaded:
    """A record made of a row is the session's like any other."""

    def _row(self, database: Database) -> dict[str, Any]:
        with database.snapshot() as session:
            return dict(session.execute(sa.select(table_of(Project)).limit(1)).mappings().one())

    def test_is_changed_and_recorded(self, seeded: Database) -> None:
        row = self._row(seeded)
        with seeded.transaction(SYSTEM) as session:
            project = loaded(session, Project, row)
            assert not session.dirty
            project.title_en = "Changed"
        assert recorded(session) is not None
        after = self._row(seeded)
        assert (after["title_en"], after["version"]) == ("Changed", row["version"] + 1)

    def test_is_the_one_that_the_session_has(self, seeded: Database) -> None:
        row = self._row(seeded)
        with seeded.snapshot() as session:
            first = session.get_one(Project, row["id"])
            assert loaded(session, Project, {**row, "title_en": "older"}) is first
            assert first.title_en == row["title_en"]
            session.expunge_all()
            second = loaded(session, Project, row)
            assert session.get(Project, row["id"]) is second
            assert {name: getattr(second, name) for name in row} == row
