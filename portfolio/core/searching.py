"""What a search looks through, with an index on both engines that finds any part of a word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event, inspect
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from portfolio.core.db import Base, Entity, RegisterSession, table_of
from portfolio.core.lists import matches
from portfolio.core.search import search_terms
from portfolio.core.sending import NewRows

MOST_CHOSEN = 1000
"""So many records are taken one by one; where more hold the words, a walk along the order soon meets a page of them."""
_TRIGRAM = 3
_MOST_TRIGRAMS = 64
"""Of a long question: what these find is looked through anyway."""
_kinds: dict[type[Entity], type[SearchText]] = {}


class SearchText(Base):
    """The folded text of each record of one kind, written in the flush that writes the record.

    PostgreSQL has a trigram index on it; SQLite has a table beside it under ``index_of``, which triggers keep.
    """

    __abstract__ = True
    not_audited: ClassVar[str | None] = "it is made of the record's own texts, which are in the history"
    of: ClassVar[type[Entity]]
    made_of: ClassVar[tuple[str, ...]]
    """The columns of the record whose change changes the text."""

    number: Mapped[int] = mapped_column(sa.Integer, sa.Identity(), primary_key=True)
    """What SQLite's index calls the record; only a key of its own stays the same when the file is packed."""
    record_id: Mapped[UUID]
    search_text: Mapped[str]

    @staticmethod
    def text_of(record: Any) -> str:
        """The text of a record, from its columns; where it has no such column a kind folds its own."""
        return str(record.search_text)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        _kinds[cls.of] = cls


def trigram_index() -> sa.Index:
    """The index of :class:`SearchText` on PostgreSQL."""
    return sa.Index(None, "search_text", postgresql_using="gin", postgresql_ops={"search_text": "gin_trgm_ops"})


def index_of(table: str) -> str:
    """The name of SQLite's index of a table of texts."""
    return f"{table}_fts"


def index_tables(table: str) -> set[str]:
    """The tables that SQLite makes of :func:`index_of`."""
    return {index_of(table), *(f"{index_of(table)}_{part}" for part in ("config", "data", "idx"))}


@event.listens_for(RegisterSession, "after_flush")
def _keep_texts(session: Session, _context: Any) -> None:
    """What is deleted goes with its record."""
    for kind, rows in _by_kind(session.new):
        _add_texts(session, kind, rows)
    keep_changed_texts(session, session.dirty)


def keep_changed_texts(session: Session, records: Iterable[Entity]) -> None:
    """Write the texts of records whose changes have just been written, and are still known as changes."""
    for kind, rows in _by_kind(records):
        values = [{"of": row.id, "search_text": kind.text_of(row)} for row in rows if _is_renamed(kind, row)]
        if values:
            table = table_of(kind)
            session.connection().execute(table.update().where(table.c.record_id == sa.bindparam("of")), values)


def keep_texts_of(session: Session, model: type[Entity], records: Iterable[Any]) -> None:
    """Write the texts of new records that no flush has written.

    :param records: whose attributes are the columns of ``model``.
    """
    if model in _kinds:
        _add_texts(session, _kinds[model], records)


def _add_texts(session: Session, kind: type[SearchText], records: Iterable[Any]) -> None:
    """All at once, as an import writes thousands."""
    values = [{"record_id": record.id, "search_text": kind.text_of(record)} for record in records]
    _new_rows(kind).send(session.connection(), values)


@cache
def _new_rows(kind: type[SearchText]) -> NewRows:
    return NewRows(table_of(kind))


def _by_kind(rows: Iterable[Any]) -> list[tuple[type[SearchText], list[Any]]]:
    found: dict[type[SearchText], list[Any]] = {}
    for row in rows:
        if type(row) in _kinds:
            found.setdefault(_kinds[type(row)], []).append(row)
    return list(found.items())


def _is_renamed(kind: type[SearchText], row: Entity) -> bool:
    return not inspect(row).committed_state.keys().isdisjoint(kind.made_of)


@dataclass(frozen=True)
class Hits:
    """Where the words of a question stand."""

    condition: sa.ColumnElement[bool]
    are_named: bool
    """Whether the condition names each record, so that putting them in order is less than walking along an order."""


def hits(session: Session, kind: type[SearchText], rows: sa.FromClause, question: str) -> Hits:
    """Those of ``rows`` whose text holds every word of ``question`` somewhere.

    They are named where they are few. A list of many is walked in its order and each text looked at: nothing else is
    quick for words that nearly all hold.
    """
    chosen = _chosen(session, kind, question)
    if chosen is not None:
        return Hits(rows.c.id.in_(chosen) if chosen else sa.false(), are_named=True)
    if "search_text" in rows.c:
        return Hits(matches(rows.c.search_text, question), are_named=False)
    table = table_of(kind)
    # A value and not EXISTS: PostgreSQL would join that with all texts before it takes a page.
    holds = sa.select(matches(table.c.search_text, question)).where(table.c.record_id == rows.c.id).scalar_subquery()
    return Hits(holds.is_(sa.true()), are_named=False)


def _chosen(session: Session, kind: type[SearchText], question: str) -> list[UUID] | None:
    """The records that hold every word; None where they are many, or no word is long enough for an index."""
    trigrams = _trigrams(question)
    if not trigrams:
        return None
    table = table_of(kind)
    statement = sa.select(table.c.record_id).where(matches(table.c.search_text, question))
    if session.get_bind().dialect.name == "sqlite":
        index = sa.table(index_of(table.name), sa.column("rowid"), sa.column(index_of(table.name)))
        # The sign keeps SQLite from asking the index for each record instead of the other way about.
        number = UnaryExpression(index.c.rowid, operator=custom_op("+"), type_=sa.Integer())
        hit = index.c[index.name].op("MATCH")(" AND ".join(trigrams))
        statement = statement.where(table.c.number == number, hit)
    ids = session.scalars(statement.limit(MOST_CHOSEN + 1)).all()
    return None if len(ids) > MOST_CHOSEN else list(ids)


def _trigrams(question: str) -> list[str]:
    """All runs of three characters within the words, quoted for SQLite's index, which knows nothing longer."""
    terms = search_terms(question)
    runs = (term[at : at + _TRIGRAM] for term in terms for at in range(len(term) - _TRIGRAM + 1))
    quoted = ('"' + run.replace('"', '""') + '"' for run in dict.fromkeys(runs))
    return list(quoted)[:_MOST_TRIGRAMS]
