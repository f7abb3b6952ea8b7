"""A register with a signing key, for tests of checkpoints."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

from portfolio.core.db import Database
from portfolio.core.settings import Settings
from portfolio.history.checkpoints import Signer
from portfolio.history.held import create_key
from portfolio.history.models import Revision
from portfolio.projects.service import create_project
from tests.conftest import ORIGIN, SYSTEM, settings_of


def signing_settings(database: Database, folder: Path, *, seconds: float = 60) -> Settings:
    """Settings with a key of their own and a folder for checkpoints."""
    found = replace(
        settings_of(database),
        log_key=folder / "log.key",
        checkpoint_dir=folder / "held",
        checkpoint_seconds=seconds,
    )
    if not found.log_key.exists():
        create_key(found.log_key, ORIGIN)
    return found


def signer_of(database: Database, folder: Path, *, seconds: float = 60) -> Signer:
    return Signer(database, signing_settings(database, folder, seconds=seconds))


def write(database: Database, slug: str, note: str | None = None) -> None:
    """One revision."""
    with database.transaction(SYSTEM) as session:
        create_project(session, {"slug": slug, "title_de": slug, "internal_note": note}, proposed_on=date(2026, 3, 2))


def forget_newest(database: Database, size: int) -> None:
    """What restoring an older copy does: the register ends at ``size`` again, and knows nothing of the rest."""
    with database.write_engine.begin() as connection:
        _switch_triggers(connection, on=False)
        for table in ("redactable", "change", "revision"):
            connection.execute(sa.text(f"DELETE FROM {table} WHERE rev > :size"), {"size": size})
        connection.execute(sa.text("DELETE FROM checkpoint WHERE size > :size"), {"size": size})
        leaves = connection.execute(sa.select(Revision.leaf).order_by(Revision.rev)).scalars().all()
        connection.execute(
            sa.text("UPDATE log_head SET size = :size, last_leaf = :leaf, frontier = :frontier"),
            {"size": size, "leaf": leaves[-1], "frontier": b"".join(_frontier_of(list(leaves)))},
        )
        _switch_triggers(connection, on=True)


def root_of_leaves(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 over finished leaves, by its recursive definition."""
    if len(leaves) == 1:
        return leaves[0]
    largest = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\x01" + root_of_leaves(leaves[:largest]) + root_of_leaves(leaves[largest:])).digest()


def _frontier_of(leaves: list[bytes]) -> list[bytes]:
    """The roots of the perfect subtrees, largest first."""
    if not leaves:
        return []
    largest = 1 << (len(leaves).bit_length() - 1)
    return [root_of_leaves(leaves[:largest]), *_frontier_of(leaves[largest:])]


def _switch_triggers(connection: sa.Connection, *, on: bool) -> None:
    """The fences of the database itself, which stop everybody but its owner."""
    if connection.dialect.name == "postgresql":
        for table in ("revision", "change", "checkpoint"):
            connection.execute(sa.text(f"ALTER TABLE {table} {'ENABLE' if on else 'DISABLE'} TRIGGER USER"))
    elif on:
        for statement in connection.info.pop("triggers"):
            connection.execute(sa.text(statement))
    else:
        found = connection.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
        connection.info["triggers"] = [row.sql for row in found]
        for row in found:
            connection.execute(sa.text(f"DROP TRIGGER {row.name}"))
