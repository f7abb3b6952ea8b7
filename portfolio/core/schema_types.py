"""Plain column types for migrations: frozen here, so that an old migration never changes its meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine


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


def make_insert_only_but_for_erasure(table: str, erased: str, fixed: Sequence[str], word: str) -> None:
    """Like :func:`make_insert_only`, but ``erased`` may be replaced by ``word`` where the ``fixed`` columns stay."""
    message = f"{table} is insert-only"
    if op.get_bind().dialect.name == "postgresql":
        new, old = (", ".join(f"{row}.{column}" for column in fixed) for row in ("NEW", "OLD"))
        op.execute(
            f"CREATE TRIGGER {table}_insert_only BEFORE DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_erasure_only BEFORE UPDATE ON {table} FOR EACH ROW "
            f"WHEN (NEW.{erased} IS DISTINCT FROM '{word}' OR ROW({new}) IS DISTINCT FROM ROW({old})) "
            "EXECUTE FUNCTION refuse_change()"
        )
        return
    same = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in fixed)
    op.execute(
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} WHEN NOT (NEW.{erased} IS '{word}' AND {same}) "
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )
    op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{message}'); END")


def drop_insert_only_but_for_erasure(table: str) -> None:
    """Take the triggers of :func:`make_insert_only_but_for_erasure` away again, for a downgrade."""
    drop_insert_only(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER {table}_erasure_only ON {table}")
