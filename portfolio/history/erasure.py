"""Erases what may name people; every hash stays true, and the past shows that something stood there (HISTORY 3.8)."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.orm import Session

from portfolio.core.columns import CommittedText
from portfolio.core.db import Base, Database, Entity
from portfolio.core.problems import NotFound
from portfolio.history.canonical import canonical
from portfolio.history.models import ERASED, Change, Idempotency, Redactable
from portfolio.history.recorder import HEADER_SEQ, is_audited

_HANDLES = ("slug", "code")
_PATIENCE = 10.0


@dataclass(frozen=True)
class Erased:
    """What an erasure removed."""

    values: int
    answers: int


def erasable_fields() -> dict[str, list[str]]:
    """The fields that are kept apart from the history, by table."""
    tables = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
    fields = {name: _committed_fields(model) for name, model in sorted(tables.items()) if is_audited(model)}
    return {name: found for name, found in fields.items() if found}


def erase_field(session: Session, entity: str, key: str, field: str) -> Erased:
    """Erase all recorded values of one field of one record, and what the record holds now.

    The record then holds the same words that its past shows: whoever reads it learns that something was erased, and
    a field that must not be empty stays filled.

    :param key: the record's id; of a living record also its slug or code.
    :raises NotFound: no such field, or no value of it is kept.
    """
    if field not in erasable_fields().get(entity, []):
        known = "; ".join(f"{name}: {', '.join(fields)}" for name, fields in erasable_fields().items())
        raise NotFound(f"{entity} has no erasable field {field}; there are {known}.")
    model = _model(entity)
    record_id = _identity(session, model, key)
    values = session.scalars(
        sa.select(Redactable)
        .join(Change, sa.and_(Change.rev == Redactable.rev, Change.seq == Redactable.seq))
        .where(Change.entity == entity, Change.entity_id == record_id, Redactable.path == f"/{field}")
        .where(Redactable.value != canonical(ERASED).decode())
    ).all()
    if not values:
        raise NotFound(f"No value of {field} is kept for {entity} {key}; nothing was erased.")
    _replace_current(session, model, UUID(record_id), field)
    return _erase(session, values, min(value.rev for value in values))


def erase_reason(session: Session, rev: int) -> Erased:
    """Erase the reason that was given for one revision.

    :raises NotFound: none is kept.
    """
    value = session.get(Redactable, (rev, HEADER_SEQ, "/reason"))
    if value is None:
        raise NotFound(f"No reason is kept for revision {rev}; nothing was erased.")
    return _erase(session, [value], rev)


def drop_answers(session: Session, since: int) -> int:
    """Remove the stored answers that could hold a value first written in revision ``since``.

    An answer shows no state before its own revision, so only earlier ones are safe. One that names no revision could
    show anything, and goes too. A retry of what was dropped is then taken for a new request.
    """
    could_hold = sa.or_(Idempotency.rev.is_(None), Idempotency.rev >= since)
    dropped = session.execute(sa.delete(Idempotency).where(could_hold).returning(Idempotency.key_hash))
    return len(dropped.all())


def wipe_while_deleting(session: Session) -> None:
    """Have SQLite overwrite what this transaction deletes, instead of only forgetting where it is."""
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql("PRAGMA secure_delete=ON")


def wipe_remains(database: Database) -> bool:
    """Rewrite a SQLite file without the remains of earlier texts, and empty its WAL; False where readers held it up.

    PostgreSQL keeps dead rows until its own VACUUM, which needs the owner of the tables.
    """
    if not database.is_sqlite:
        return True
    connection = database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        deadline = time.monotonic() + _PATIENCE
        while not _is_wiped(cursor):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True
    finally:
        connection.close()


def _is_wiped(cursor: DBAPICursor) -> bool:
    try:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise
        return False
    found = cursor.fetchone()
    return found is not None and found[0] == 0


def _erase(session: Session, values: Sequence[Redactable], first: int) -> Erased:
    for value in values:
        session.delete(value)
    session.flush()
    return Erased(len(values), drop_answers(session, first))


def _model(entity: str) -> type[Entity]:
    found = next(mapper.class_ for mapper in Base.registry.mappers if mapper.class_.__tablename__ == entity)
    assert issubclass(found, Entity)
    return found


def _identity(session: Session, model: type[Entity], key: str) -> str:
    try:
        return str(UUID(key))
    except ValueError:
        columns = model.__table__.columns
        handle = next((columns[name] for name in _HANDLES if name in columns), None)
        found = None if handle is None else session.scalar(sa.select(model.id).where(handle == key))
        if found is None:
            raise NotFound(f"There is no {model.__tablename__} {key!r}; give its id.") from None
        return str(found)


def _replace_current(session: Session, model: type[Entity], record_id: UUID, field: str) -> None:
    record = session.get(model, record_id, with_for_update=True)
    if record is None or getattr(record, field) is None:
        return
    setattr(record, field, ERASED)
    session.flush()


def _committed_fields(model: type[Base]) -> list[str]:
    return [column.name for column in model.__table__.columns if isinstance(column.type, CommittedText)]
