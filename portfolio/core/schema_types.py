"""Plain column types for migrations: frozen here, so that an old migration never changes its meaning."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

INSERT_ONLY = "insert_only"


def identifier() -> TypeEngine[Any]:
    return sa.CHAR(36).with_variant(sa.Uuid(), "postgresql")


def instant() -> TypeEngine[Any]:
    return sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")


def sort_key() -> TypeEngine[Any]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def make_insert_only(table: str) -> None:
    """Refuse UPDATE, DELETE (and TRUNCATE on PostgreSQL) on ``table`` inside the database itself."""
    message = f"{table} is insert-only"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )


def drop_insert_only(table: str) -> None:
    """Take the triggers of :func:`make_insert_only` away again, for a downgrade."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER {table}_insert_only ON {table}")
        return
    for verb in ("update", "delete"):
        op.execute(f"DROP TRIGGER {table}_no_{verb}")
