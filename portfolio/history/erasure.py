"""Erases what may name people; every hash stays true, and the past shows that something stood there (HISTORY 3.8)."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.orm import Session

from portfolio.core.columns import CommittedText
from portfolio.core.db import Base, Database, Entity
from portfolio.core.problems import NotFound
from portfolio.core.resources import Register
from portfolio.history.canonical import canonical
from portfolio.history.models import ERASED, Change, Idempotency, Redactable
from portfolio.history.recorder import HEADER_SEQ, changed, is_audited, touch

_HANDLES = ("slug", "code")
_REASON = "reason"
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
    a field that must not be empty stays filled. A reason is erased wherever it stands, see :func:`erase_reason`.

    :param key: the record's id; of a living record also its slug or code.
    :raises NotFound: no such field, or no value of it is kept.
    """
    if field not in erasable_fields().get(entity, []):
        known = "; ".join(f"{name}: {', '.join(fields)}" for name, fields in erasable_fields().items())
        raise NotFound(f"{entity} has no erasable field {field}; there are {known}.")
    record_id = _identity(session, _model(entity), key)
    values = _take(session, entity, record_id, field)
    if not values:
        hint = "A removed record is named by its id, also where its slug or code was given again."
        raise NotFound(f"No value of {field} is kept for {entity} {key}; nothing was erased. {hint}")
    return _erase(session, values + _echoes(session, values))


def erase_reason(session: Session, rev: int) -> Erased:
    """Erase the reason that was given for one revision.

    One that came with a change of status stands in the record's journal too. It is erased there as well: the words
    are what must go, not one copy of them.

    :raises NotFound: none is kept.
    """
    value = session.get(Redactable, (rev, HEADER_SEQ, f"/{_REASON}"))
    if value is None:
        raise NotFound(f"No reason is kept for revision {rev}; nothing was erased.")
    return _erase(session, [value, *_echoes(session, [value])])


def raise_homes(session: Session, register: Register) -> None:
    """Raise the version of each record that a changed part is shown with, as every change of a part does."""
    for entity in changed(session):
        kind = register.kinds[entity.__tablename__]
        while kind.path is None and kind.parent is not None and kind.belongs_to is not None:
            home = register.kinds[kind.parent]
            entity = session.get_one(home.model, getattr(entity, kind.belongs_to), with_for_update=True)
            kind = home
            touch(session, entity)


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


def _erase(session: Session, values: Collection[Redactable]) -> Erased:
    found = set(values)
    first = min(value.rev for value in found)
    for value in found:
        session.delete(value)
    session.flush()
    return Erased(len(found), drop_answers(session, first))


def _take(session: Session, entity: str, record_id: str, field: str, only: str | None = None) -> list[Redactable]:
    """The recorded values of a field, or those that say ``only``; what the record holds now is replaced.

    The record is locked first: a write that is under way records the value once more.
    """
    _replace_current(session, _model(entity), UUID(record_id), field, only)
    statement = (
        sa.select(Redactable)
        .join(Change, sa.and_(Change.rev == Redactable.rev, Change.seq == Redactable.seq))
        .where(Change.entity == entity, Change.entity_id == record_id, Redactable.path == f"/{field}")
        .where(Redactable.value != canonical(ERASED).decode())
    )
    return list(session.scalars(statement if only is None else statement.where(Redactable.value == only)))


def _echoes(session: Session, values: Collection[Redactable]) -> list[Redactable]:
    """The other places of the reasons among ``values`` that were given for a whole revision."""
    found: list[Redactable] = []
    for value in values:
        header = session.get(Redactable, (value.rev, HEADER_SEQ, f"/{_REASON}"))
        if value.path != f"/{_REASON}" or header is None or header.value != value.value:
            continue
        found.append(header)
        places = (
            sa.select(Change.entity, Change.entity_id)
            .join(Redactable, sa.and_(Change.rev == Redactable.rev, Change.seq == Redactable.seq))
            .where(Change.rev == value.rev, Redactable.path == value.path, Redactable.value == value.value)
        )
        for entity, entity_id in session.execute(places.order_by(Change.seq)).all():
            found += _take(session, entity, entity_id, _REASON, only=value.value)
    return found


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


def _replace_current(session: Session, model: type[Entity], record_id: UUID, field: str, only: str | None) -> None:
    record = session.get(model, record_id, with_for_update=True)
    value = None if record is None else getattr(record, field)
    if record is None or value is None or (only is not None and value != json.loads(only)):
        return
    setattr(record, field, ERASED)
    session.flush()


def _committed_fields(model: type[Base]) -> list[str]:
    return [column.name for column in model.__table__.columns if isinstance(column.type, CommittedText)]
