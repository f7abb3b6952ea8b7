"""What PostgreSQL has planned once stays planned: no answer of ours makes its driver forget it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from portfolio.core.db import Database, WriteContext
from tests.conftest import make_app

_OFTEN = 12
"""The driver prepares what it has sent five times."""


def _prepared(database: Database, given: str = "true") -> list[str]:
    if database.is_sqlite:
        pytest.skip("SQLite has its statements in the process.")
    with database.ask() as connection:
        return list(
            connection.execute(sa.text(f"SELECT statement FROM pg_prepared_statements WHERE {given}")).scalars()
        )


class TestReads:
    def test_leave_their_statements_prepared(self, seeded: Database) -> None:
        client = make_app(seeded, cache_mib=0).test_client()
        slug = client.get("/v1/projects?limit=1").json["items"][0]["slug"]
        for _ in range(_OFTEN):
            assert client.get(f"/v1/projects/{slug}").status_code == 200
            assert client.get("/v1/projects/no-such-project").status_code == 404
        assert any("project_on_day" in statement for statement in _prepared(seeded))

    def test_are_planned_anew_where_they_name_values(self, seeded: Database) -> None:
        """Else one plan would serve a status that all records have and one that hardly any has."""
        client = make_app(seeded, cache_mib=0).test_client()
        for _ in range(_OFTEN):
            assert client.get("/v1/milestones?status=missed").status_code == 200
        assert any("milestone_on_day.status IN" in statement for statement in _prepared(seeded))
        assert not any(
            "milestone_on_day.status IN" in statement for statement in _prepared(seeded, "generic_plans > 0")
        )


class TestWritesThatAreRefused:
    def test_leave_all_statements_prepared(self, seeded: Database) -> None:
        for _ in range(_OFTEN):
            with pytest.raises(ZeroDivisionError), seeded.transaction(WriteContext("act_x", "cli", "x")) as session:
                session.execute(sa.text("SELECT slug FROM project LIMIT 1"))
                raise ZeroDivisionError
        assert "SELECT slug FROM project LIMIT 1" in _prepared(seeded)

    def test_are_rolled_back(self, seeded: Database) -> None:
        with pytest.raises(ZeroDivisionError), seeded.write_engine.begin() as connection:
            connection.execute(sa.text("UPDATE project SET slug = 'x' || slug"))
            raise ZeroDivisionError
        with seeded.snapshot() as session:
            assert not session.scalar(sa.text("SELECT count(*) FROM project WHERE slug LIKE 'x%'"))
