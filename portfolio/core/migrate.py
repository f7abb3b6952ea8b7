"""Bring the database to the newest schema, once, however many processes start together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from portfolio.core.columns import PlainText
from portfolio.core.db import ERASABLE, INSERT_ONLY, Base, Database
from portfolio.core.searching import index_tables

if TYPE_CHECKING:
    # Loaded where it migrates: a worker only looks where the database stands, and starts a tenth sooner without.
    from alembic.config import Config

# One number of our own for the lock that makes a second migration wait.
_LOCK = 7461_2019
_VERSION = sa.table("alembic_version", sa.column("version_num", sa.Text))
_PACKAGE = Path(__file__).resolve().parent.parent


class SchemaMismatch(Exception):
    """The database is not at the schema this program needs; the message says what to run."""


def _folder() -> Path:
    """The migrations: inside the installed wheel, or beside the package in a checkout."""
    inside = _PACKAGE / "_migrations"
    return inside if inside.exists() else _PACKAGE.parent / "migrations"


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_folder()))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = Base.metadata
    return config


def newest() -> str:
    """The name of the newest migration, such as ``0001_foundation``."""
    return max(file.stem for file in (_folder() / "versions").glob("[0-9]*.py"))


def number_of(revision: str) -> int:
    return int(revision.split("_", 1)[0])


def current(database: Database) -> str | None:
    """The migration the database stands at; None for an empty one."""
    with database.engine.connect() as connection:
        if not sa.inspect(connection).has_table(_VERSION.name):
            return None
        found: str | None = connection.scalar(sa.select(_VERSION.c.version_num))
        return found


def upgrade(database: Database, target: str = "head") -> None:
    """Migrate to ``target`` in one transaction; a second process waits and then finds nothing to do.

    :raises SchemaMismatch: a newer program has migrated the database.
    """
    from alembic import command

    _require_known(current(database))
    _run(database, lambda config: command.upgrade(config, target))
    database.schema_number = number_of(newest())


def downgrade(database: Database, target: str = "base") -> None:
    """Go back to ``target``; for tests and for leaving a failed release before it took writes."""
    from alembic import command

    _run(database, lambda config: command.downgrade(config, target))


def require_newest(database: Database) -> None:
    """Fix the schema number that revisions carry.

    :raises SchemaMismatch: the database is older or newer than this program.
    """
    found = current(database)
    _require_known(found)
    if found != newest():
        raise SchemaMismatch(
            f"The database schema is {found or 'empty'}, this program needs {newest()}; "
            "run `portfolio db upgrade` (with a backup at hand) and start again."
        )
    database.schema_number = number_of(newest())


def _require_known(found: str | None) -> None:
    if found is not None and number_of(found) > number_of(newest()):
        raise SchemaMismatch(
            f"The database schema is {found}, newer than this program's {newest()}; start the newer program."
        )


def drift(database: Database) -> list[Any]:
    """What the models say beyond the migrated database; empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.engine.connect() as connection:
        options = {"compare_type": _types_differ, "compare_server_default": True, "render_as_batch": True}
        if database.is_sqlite:
            options["include_object"] = _is_no_search_index
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, Base.metadata))


def _is_no_search_index(found: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
    """What finds words is another thing on each engine; SQLite counts up a number that is a key without being told."""
    if kind == "column":
        return not found.identity
    if kind == "index":
        return bool(found.dialect_options["postgresql"]["using"] != "gin")
    return not (reflected and kind == "table" and any(name in index_tables(table) for table in Base.metadata.tables))


def _types_differ(_context: Any, _found: Any, column: Any, _type: Any, wanted: Any) -> bool | None:
    """Alembic takes a collation that differs by engine for a difference; everything else it judges itself."""
    return False if isinstance(column.type, PlainText) or isinstance(wanted, PlainText) else None


def grant(database: Database, role: str | None) -> None:
    """Let the application's role read and write, but only add to the insert-only tables (PostgreSQL)."""
    if database.is_sqlite or role is None:
        return
    quoted = database.engine.dialect.identifier_preparer.quote(role)
    with database.write_engine.begin() as connection:
        connection.execute(sa.text(f"GRANT SELECT ON alembic_version TO {quoted}"))
        for table in Base.metadata.sorted_tables:
            rights = "SELECT, INSERT" if table.info.get(INSERT_ONLY) else "SELECT, INSERT, UPDATE, DELETE"
            connection.execute(sa.text(f"REVOKE ALL ON {table.name} FROM {quoted}"))
            if table.info.get(ERASABLE):
                rights += f", UPDATE ({', '.join(table.info[ERASABLE])})"
            connection.execute(sa.text(f"GRANT {rights} ON {table.name} TO {quoted}"))


def _run(database: Database, step: Any) -> None:
    with database.write_engine.connect() as connection:
        if database.is_sqlite:
            # Outside a transaction; BEGIN IMMEDIATE then waits this long for the other process.
            connection.connection.cursor().execute("PRAGMA busy_timeout=60000")
        with connection.begin():
            if not database.is_sqlite:
                connection.execute(sa.text("SET LOCAL lock_timeout = '60s'"))
                connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
                # Freed with the transaction: a session lock would stay behind on the pooled connection.
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
            step(_config(connection))
