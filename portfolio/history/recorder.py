"""Writes one revision per transaction: what changed, complete, hashed, in commit order (HISTORY 3.2 and 3.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event, inspect
from sqlalchemy.orm import ORMExecuteState, Session

from portfolio.core import sources
from portfolio.core.columns import CommittedText, image_of
from portfolio.core.dates import format_instant
from portfolio.core.db import INSERT_ONLY, Base, BypassRefused, Database, Entity, WriteContext, database_of, table_of
from portfolio.core.searching import keep_texts_of
from portfolio.core.sending import Fixed, NewRows
from portfolio.history import merkle
from portfolio.history.canonical import canonical, commitment
from portfolio.history.changing import changed_columns, write_changes
from portfolio.history.inscribing import Image, Inscription, KeptAnswer, inscribe
from portfolio.history.models import LogHead
from portfolio.history.trees import ERASURE, Made, Record, model_of, touched_by

HEADER_SEQ = -1
ERASE = "privacy.erase"
"""The one action that may be a revision without a change, and may blank a text of a fact that is else never changed."""
_SALT_SIZE = 32
_TRACKED = "recorder_tracked"
_MADE = "recorder_made"
_AS_IT_IS = (str, int, bool, type(None))
"""Classes whose values stand in an image as they are."""
_TEXT_WRITE = re.compile(r"\s*(insert|update|delete|replace|merge|truncate|with)\b", re.IGNORECASE)


_PREPARED = "recorder_prepared"
_HELD = "recorder_held"
_LOCKED_HEAD = sa.select(*(column for column in table_of(LogHead).c if column.name != "one")).with_for_update()
_LOCK_HEAD = Fixed(_LOCKED_HEAD)
_END = _LOCKED_HEAD.cte("log_end")
_END_COLUMNS = {column.name: f"log_end_{column.name}" for column in _END.c}


class AppendOnly(Exception):
    """A recorded fact was about to be changed or deleted instead of superseded or reversed (DOMAIN rule 14)."""


@dataclass(frozen=True)
class Recorded:
    """The revision that a transaction became."""

    rev: int
    at: str


def install(database: Database) -> None:
    """Record every transaction of ``database``; on its own sessionmaker, so that no other one records twice."""
    event.listen(database.sessions, "before_flush", _before_flush)
    event.listen(database.sessions, "do_orm_execute", _refuse_bulk_write)
    event.listen(database.sessions, "before_commit", _record_at_the_end)


def insert_new(session: Session, model: type[Entity], rows: Sequence[Mapping[str, Any]]) -> list[UUID]:
    """Write new records, all with one statement; a column that is not given has its default. Their ids.

    Like records that are added to the session they can be read and changed from here on.
    """
    session.flush()
    now, blank, tracked = sources.now(), _blank(model), _tracked(session)
    made: dict[UUID, Made] = session.info.setdefault(_MADE, {})
    written = [
        {**blank, "id": row.get("id") or sources.new_id(), **row, "version": 1, "created_at": now, "updated_at": now}
        for row in rows
    ]
    _new_rows(model).send(session.connection(), written)
    records = [Made(model, values) for values in written]
    keep_texts_of(session, model, records)
    for record in records:
        made[record.id] = record
        tracked[record] = "create"
    return [values["id"] for values in written]


@cache
def _blank(model: type[Entity]) -> Mapping[str, Any]:
    """The defaults of all columns but the id."""
    given = {column.name: getattr(column.default, "arg", None) for column in table_of(model).c if column.name != "id"}
    if any(callable(value) for value in given.values()):
        raise TypeError(f"{model.__name__} has a default that is worked out for each record; give the value.")
    return given


@cache
def _new_rows(model: type[Entity]) -> NewRows:
    return NewRows(table_of(model))


def touch(session: Session, entity: Entity) -> None:
    """Raise the version of ``entity`` in this revision although none of its own columns change."""
    _track_update(session, entity)


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """A part of a transaction that leaves nothing behind, here or in the revision, where it fails."""
    session.flush()
    before = dict(_tracked(session))
    try:
        with session.begin_nested():
            yield
    except BaseException:
        session.info[_TRACKED] = before
        raise


def forget_changes(session: Session) -> None:
    """Let go of what this transaction changed so far: it is going to be rolled back, and need not be kept for that."""
    session.flush()
    _tracked(session).clear()
    session.info.pop(_MADE, None)


def changed(session: Session) -> list[Entity]:
    """The records that this transaction has changed so far."""
    session.flush()
    tracked = _tracked(session).items()
    return [entity for entity, operation in tracked if operation == "update" and not isinstance(entity, Made)]


def recorded(session: Session) -> Recorded | None:
    """The revision of a committed session; None when nothing had changed."""
    result = session.info.get("recorded")
    assert result is None or isinstance(result, Recorded)
    return result


def with_locked_end(statement: sa.Select[Any]) -> sa.Select[Any]:
    """``statement``, which also locks the end of the log where it finds a row; see :func:`hold_end`. For PostgreSQL."""
    rows = statement.subquery()
    ends = (_END.c[name].label(label) for name, label in _END_COLUMNS.items())
    return sa.select(rows, *ends).select_from(rows.join(_END, sa.true()))


def hold_end(session: Session, row: dict[str, Any]) -> None:
    """Take the end of the log out of a row of :func:`with_locked_end`, for the revision of this transaction."""
    session.info[_HELD] = {name: row.pop(label) for name, label in _END_COLUMNS.items()}


def is_audited(model: type[Base]) -> bool:
    return model.not_audited is None


def _tracked(session: Session) -> dict[Record, str]:
    tracked: dict[Record, str] = session.info.setdefault(_TRACKED, {})
    return tracked


def _before_flush(session: Session, _context: Any, _instances: Any) -> None:
    for row in session.new:
        if is_audited(type(row)):
            _track_creation(session, row)
    changed = [row for row in session.dirty if is_audited(type(row)) and changed_columns(row)]
    for row in changed:
        if row.append_only and not _erases(session):
            raise AppendOnly(f"{row.__tablename__} rows are never changed.")
        _track_update(session, row)
    if changed and not session.new and not session.deleted:
        write_changes(session, changed)
    for row in session.deleted:
        if is_audited(type(row)):
            _track_deletion(session, row)


def _erases(session: Session) -> bool:
    context = session.info.get("context")
    return isinstance(context, WriteContext) and context.action == ERASE


def _track_creation(session: Session, row: Entity) -> None:
    row.version = 1
    row.created_at = row.updated_at = sources.now()
    _tracked(session)[row] = "create"


def _track_update(session: Session, row: Entity) -> None:
    tracked = _tracked(session)
    if row in tracked or _is_made(session, row):
        tracked[row] = tracked.get(row, "create")
    elif inspect(row).persistent:
        tracked[row] = "update"
        row.version += 1
        row.updated_at = sources.now()


def _track_deletion(session: Session, row: Entity) -> None:
    if table_of(type(row)).info.get(INSERT_ONLY):
        raise AppendOnly(f"{row.__tablename__} rows are never deleted.")
    tracked = _tracked(session)
    if _is_made(session, row) or tracked.get(row) == "create":
        tracked.pop(row, None)
    else:
        tracked[row] = "delete"


def _is_made(session: Session, row: Entity) -> bool:
    """Whether this transaction wrote the record among many; from here on ``row`` stands for it."""
    made = session.info.get(_MADE, {}).get(row.id)
    return made is not None and _tracked(session).pop(made, None) is not None


def _audited_tables() -> set[str]:
    return {mapper.class_.__tablename__ for mapper in Base.registry.mappers if is_audited(mapper.class_)}


def _refuse_bulk_write(state: ORMExecuteState) -> None:
    statement = state.statement
    if isinstance(statement, sa.TextClause) and _TEXT_WRITE.match(statement.text):
        raise BypassRefused("Writes go through records, not through SQL text: the history would not see them.")
    if isinstance(statement, sa.UpdateBase):
        table = getattr(statement.table, "name", "")
        if table in _audited_tables():
            raise BypassRefused(f"A bulk write on {table} would bypass the history; change its records instead.")


def _record_at_the_end(session: Session) -> None:
    if not session.in_nested_transaction():  # the release of a savepoint is announced like a commit
        record(session)


def record(session: Session) -> None:
    """Write the revision: at the commit, or before it where something has to refer to it. Work is over then."""
    write_prepared(session)
    prepare(session)
    write_prepared(session)


def write_prepared(session: Session, answer: KeptAnswer | None = None) -> bool:
    """Write the revision that was prepared, and with it the answer that names it; False where none was."""
    prepared: Inscription | None = session.info.pop(_PREPARED, None)
    if prepared is None:
        return False
    inscribe(session.connection(), prepared, answer)
    return True


def prepare(session: Session) -> None:
    """Make the revision, under the lock of the log's end, but write it with the answer or at the commit."""
    session.flush()
    tracked = _tracked(session)
    if not tracked and not _erases(session):
        return
    context = session.info.get("context")
    if not isinstance(context, WriteContext):
        raise BypassRefused("A write needs a context that says who writes and why.")
    touched = touched_by(session, tracked)
    if _erases(session):
        touched.areas.add(ERASURE)
    images = _images(tracked)
    connection = session.connection()
    head = session.info.pop(_HELD, None) or _LOCK_HEAD.dicts(connection, {})[0]  # the last lock of all
    rev = head["size"] + 1
    bodies = [image.body for image in images]
    at = max(format_instant(sources.now()), head["last_at"])
    reason, reason_secrets = _committed(context.reason, HEADER_SEQ, "/reason")
    header = canonical(
        {
            "v": 1,
            "log": head["origin"],
            "epoch": head["epoch"],
            "rev": rev,
            "at": at,
            "actor": context.actor_id,
            "via": context.via,
            "ministry": context.ministry,
            "action": context.action,
            "reason": reason,
            "req": context.request_id,
            "schema": database_of(session).schema_number,
            "n": len(bodies),
            "changes": merkle.root_of(bodies).hex(),
            "prev": head["last_leaf"].hex(),
        }
    )
    leaf = merkle.leaf_hash(header)
    frontier = merkle.extended(merkle.split_frontier(head["frontier"]), head["size"], leaf)
    secrets = [*reason_secrets, *(secret for image in images for secret in image.secrets)]
    session.info[_PREPARED] = Inscription(rev, header.decode(), leaf, images, secrets, b"".join(frontier), at, touched)
    session.info["recorded"] = Recorded(rev, at)


def _images(tracked: dict[Record, str]) -> list[Image]:
    """The images in their order. Each row is let go of when its image is made: a large import has very many."""
    rows = sorted(tracked.items(), key=lambda item: (item[0].__tablename__, str(item[0].id)), reverse=True)
    tracked.clear()
    images: list[Image] = []
    while rows:
        row, operation = rows.pop()
        images.append(_image(row, operation, len(images)))
    return images


def _image(row: Record, operation: str, seq: int) -> Image:
    entity, entity_id = row.__tablename__, str(row.id)
    secrets: list[dict[str, Any]] = []
    after: dict[str, Any] | None = None
    version = row.version
    if operation == "delete":
        version += 1
    else:
        after, loaded = {}, vars(row)
        for name, column_type in _columns(model_of(row)):
            value = loaded[name] if name in loaded else getattr(row, name)
            if isinstance(column_type, CommittedText):
                after[name], found = _committed(value, seq, f"/{name}")
                secrets.extend(found)
            else:
                after[name] = value if type(value) in _AS_IT_IS else image_of(column_type, value)
    body = canonical({"e": entity, "id": entity_id, "op": operation, "ver": version, "after": after})
    return Image(entity, entity_id, seq, body, secrets)


@cache
def _columns(model: type[Entity]) -> Sequence[tuple[str, sa.types.TypeEngine[Any]]]:
    # In the order of their names, so that salts are drawn in the same order everywhere.
    return [(name, table_of(model).c[name].type) for name in sorted(table_of(model).c.keys())]


def _committed(value: str | None, seq: int, path: str) -> tuple[dict[str, str] | None, list[dict[str, Any]]]:
    if value is None:
        return None, []
    salt = sources.random_bytes(_SALT_SIZE)
    secret = {"seq": seq, "path": path, "salt": salt, "value": canonical(value).decode()}
    return commitment(salt, value), [secret]
