"""What the application's own role may do where an operator gives it one (PostgreSQL): add to the history, no more."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa

from portfolio.access.service import create_key
from portfolio.core import migrate
from portfolio.core.db import Database
from portfolio.history import recorder
from tests.conftest import SYSTEM, make_app, open_register
from tests.history.signing import write
from tests.postgres import create_database, drop_database

ROLE = f"register_app_{os.getpid()}"


@pytest.fixture(scope="module")
def granted(postgres_dsn: str) -> Iterator[str]:
    """The name of a register on which `db upgrade` gave the role its rights."""
    name = f"granted_{os.getpid()}"
    owner = open_register(create_database(postgres_dsn, name))
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN")
    migrate.grant(owner, ROLE)
    owner.dispose()
    yield name
    drop_database(postgres_dsn, name)
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"DROP ROLE {ROLE}")


@pytest.fixture
def limited(postgres_dsn: str, granted: str) -> Iterator[Database]:
    """The register as that role sees it."""
    name = f"rights_{os.getpid()}"
    url = sa.make_url(create_database(postgres_dsn, name, granted)).set(username=ROLE)
    database = Database(url.render_as_string(hide_password=False))
    recorder.install(database)
    yield database
    database.dispose()
    drop_database(postgres_dsn, name)


def test_are_enough_to_read_and_write(limited: Database) -> None:
    write(limited, "dach")
    with limited.transaction(SYSTEM) as session:
        secret = create_key(session, role="coordinator", name="test").secret
    headers = {"Authorization": f"Bearer {secret}"}
    client = make_app(limited).test_client()
    tag = client.get("/v1/projects/dach").headers["ETag"]
    changed = client.patch("/v1/projects/dach", json={"source_notes": "x"}, headers={**headers, "If-Match": tag})
    assert (changed.status_code, changed.headers["Register-Revision"]) == (200, "2")
    gone = {"If-Match": changed.headers["ETag"], "Change-Reason": "Irrtum"}
    assert client.delete("/v1/projects/dach", headers={**headers, **gone}).status_code == 204
    assert client.get("/v1/projects/dach?known_at=1").status_code == 200


@pytest.mark.parametrize("table", ["revision", "change", "checkpoint", "ledger_entry", "milestone_forecast"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {0} SET {1} = {1}",
        "DELETE FROM {0}",
        "TRUNCATE {0} CASCADE",
        "DROP TABLE {0} CASCADE",
        "ALTER TABLE {0} DISABLE TRIGGER ALL",
        "DROP TRIGGER {0}_insert_only ON {0}",
    ],
)
def test_end_where_the_history_would_change(limited: Database, table: str, statement: str) -> None:
    write(limited, "dach")
    column = {"checkpoint": "note", "ledger_entry": "amount", "milestone_forecast": "forecast_on"}.get(table, "rev")
    with pytest.raises(sa.exc.ProgrammingError) as refused, limited.write_engine.begin() as connection:
        connection.execute(sa.text(statement.format(table, column)))
    assert getattr(refused.value.orig, "sqlstate", None) == "42501"  # insufficient privilege
