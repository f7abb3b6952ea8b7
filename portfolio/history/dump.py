"""Writes the log and the current tables as plain files, for a verification away from the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core.dates import format_instant
from portfolio.core.db import Base, Database
from portfolio.history.canonical import canonical
from portfolio.history.models import Change, Checkpoint, LogHead, Redactable, Revision

FORMAT = "portfolio-log-dump-1"
_ENTITY_COLUMNS = {"id", "version", "created_at", "updated_at"}
_BATCH = 1000
_TOO_LARGE = 2**53


def write_dump(database: Database, folder: Path) -> int:
    """Write ``folder`` from one moment of ``database`` and return how many revisions it holds.

    Values stand as the database holds them (money in whole cents), so that both engines give the same files.

    :raises FileExistsError: something lies in the folder already.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty.")
    with database.snapshot() as session:
        revisions = _write_lines(folder / "revisions.jsonl", _rows(session, Revision, "rev"))
        _write_lines(folder / "changes.jsonl", _rows(session, Change, "rev", "seq"))
        _write_lines(folder / "redactions.jsonl", _rows(session, Redactable, "rev", "seq", "path"))
        _write_lines(folder / "current.jsonl", _current(session))
        checkpoints = list(_rows(session, Checkpoint, "size"))
        (folder / "checkpoints.txt").write_text("".join(row["note"] for row in checkpoints), encoding="utf-8")
        manifest = {
            "format": FORMAT,
            "head": list(_rows(session, LogHead, "one")),
            "checkpoints": [{"size": row["size"], "created_at": row["created_at"]} for row in checkpoints],
        }
    # Last: a dump that was cut short has no manifest.
    _write_lines(folder / "manifest.json", [manifest])
    return revisions


def _rows(session: Session, model: type[Base], *order: str) -> Iterator[dict[str, Any]]:
    table = model.__table__
    return _stream(session, sa.select(table).order_by(*(table.c[name] for name in order)))


def _stream(session: Session, statement: sa.Select[Any]) -> Iterator[dict[str, Any]]:
    for row in session.execute(statement, execution_options={"yield_per": _BATCH}).mappings():
        yield {str(name): _plain(value) for name, value in row.items()}


def _current(session: Session) -> Iterator[dict[str, Any]]:
    """Every row of every table that looks like a record's, whether this program knows the table or not."""
    inspector = sa.inspect(session.connection())
    for name in sorted(inspector.get_table_names()):
        columns = [column["name"] for column in inspector.get_columns(name)]
        if set(columns) >= _ENTITY_COLUMNS:
            # Without types: a value that no column type would read belongs into the dump too.
            table = sa.table(name, *(sa.column(column) for column in columns))
            for row in _stream(session, sa.select(table).order_by(table.c.id)):
                yield {"table": name, "row": row}


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    with path.open("wb") as file:
        for row in rows:
            file.write(canonical(row) + b"\n")
            count += 1
    return count


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, float) or (type(value) is int and abs(value) >= _TOO_LARGE):
        return {"number": repr(value)}  # nothing the register writes: the verifier will find it
    return value
