"""Writes what was changed of records, many with one statement: the session's own flush takes twice as long for one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import inspect
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portfolio.core.db import Entity, table_of
from portfolio.core.searching import keep_changed_texts
from portfolio.core.sending import Fixed

_ID, _VERSION = "id_of_record", "version_read"


def changed_columns(record: Entity) -> tuple[str, ...]:
    """The columns that hold something else than the database does, as far as the session knows."""
    read = inspect(record).committed_state
    return tuple(sorted(name for name, value in read.items() if getattr(record, name) != value))


def write_changes(session: Session, records: Iterable[Entity]) -> None:
    """Write the changed columns of ``records``, and leave the session as its own flush would.

    :raises StaleDataError: a record is not at the version that was read.
    """
    # Always in the same order, so that two who lock rows by it never wait for each other.
    records = sorted(records, key=lambda record: (record.__tablename__, record.id))
    alike: dict[tuple[type[Entity], tuple[str, ...]], list[Entity]] = {}
    for record in records:
        alike.setdefault((type(record), changed_columns(record)), []).append(record)
    connection = session.connection()
    for (model, names), rows in alike.items():
        count = _update(model, names).send(connection, *(_values(row, names) for row in rows))
        if count != len(rows):
            raise StaleDataError(f"{model.__tablename__}: {count} of {len(rows)} rows are as they were read.")
    keep_changed_texts(session, records)
    states = [inspect(record) for record in records]
    for state in states:
        state._commit_all(state.dict, session.identity_map)
    session._register_altered(states)  # where a savepoint is rolled back, they are read anew


def _values(record: Entity, names: Sequence[str]) -> dict[str, Any]:
    read = inspect(record).committed_state
    return {
        **{name: getattr(record, name) for name in names},
        _ID: record.id,
        _VERSION: read.get("version", record.version),
    }


@cache
def _update(model: type[Entity], names: tuple[str, ...]) -> Fixed:
    table = table_of(model)
    place = (table.c.id == sa.bindparam(_ID), table.c.version == sa.bindparam(_VERSION))
    return Fixed(sa.update(table).where(*place).values({name: sa.bindparam(name) for name in names}))
