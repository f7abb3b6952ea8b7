"""Lists that stay right under writes: keyset pages, an allow-list of sort keys, nulls last, ties by id."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from portfolio.core.columns import image_of, written
from portfolio.core.dates import parse_day, parse_instant
from portfolio.core.finished_rows import RawRows
from portfolio.core.money import parse_amount
from portfolio.core.problems import Invalid, ProblemError
from portfolio.core.query_fields import NONE
from portfolio.core.rows import Row, dicts
from portfolio.core.search import like_pattern, search_terms

SORT_VALUE = "sort_value_"
SORT_ID = "sort_id_"
_LAST_VALUE, _LAST_ID = "last_value_", "last_id_"
LARGEST_LIMIT = 200
COUNTED = 1000
"""How many records a count tells apart; beyond it the answer is that there are more."""
_LONGEST_CURSOR = 2000
_ROWS_AT_ONCE = 500


def one_of(column: sa.ColumnElement[Any], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Any of ``values``; ``none`` stands for those where the column is null."""
    known = [value for value in values if value != NONE]
    found = column.in_(known)
    return sa.or_(found, column.is_(None)) if len(known) < len(values) else found


def matches(column: sa.ColumnElement[str], question: str) -> sa.ColumnElement[bool]:
    """Every word of ``question`` somewhere in the folded text."""
    return sa.and_(sa.true(), *(column.like(like_pattern(term), escape="\\") for term in search_terms(question)))


@dataclass(frozen=True)
class Page:
    """One page: its rows, the cursor of the next one (None at the end) and, if asked for, the number of all rows."""

    found: Sequence[tuple[Any, ...]]
    """The rows as the driver gave them."""
    shape: RawRows | None
    """What reads them; None where there is none to read."""
    next: str | None
    count: Total | None

    @property
    def rows(self) -> list[Row]:
        """With values of their columns' types."""
        return [] if self.shape is None else [self.shape.read(raw) for raw in self.found]


@dataclass(frozen=True)
class Total:
    """How many rows match; where it is not exact there are more than so many."""

    number: int
    is_exact: bool


@dataclass(frozen=True)
class Order:
    """The order a caller chose: an allowed key, up or down; ties go by id the same way, so that one index serves."""

    name: str
    column: sa.ColumnElement[Any]
    descending: bool
    has_nulls: bool = False
    """Whether the key may be null; those rows come last in both directions."""
    found: Found | None = None


@dataclass(frozen=True)
class Found:
    """Where an index finds the rows that have a key, if the key is not a column of the listed table itself."""

    column: sa.ColumnElement[Any]
    """What the key is equal to in these rows."""
    identity: sa.ColumnElement[Any]
    """What their id is equal to."""
    given: sa.ColumnElement[bool]
    """True of these rows, and of no others that have a value in ``column``."""
    apart: bool = False
    """Whether the key is text of another table, so that no index holds both."""
    far: bool = False
    """Whether these rows are joined behind more tables than PostgreSQL puts into a better order by itself."""


def chosen_order(
    sort: str,
    allowed: Mapping[str, sa.ColumnElement[Any]],
    nullable: Collection[str] = (),
    found: Mapping[str, Found] = MappingProxyType({}),
) -> Order:
    """``title`` or ``-title`` out of the allowed keys.

    :param nullable: the keys that may be null.
    :param found: where an index finds the rows, for keys that are no columns of the listed table.
    :raises Invalid: a key that is not on the list.
    """
    name = sort.removeprefix("-")
    if name not in allowed:
        keys = ", ".join(allowed)
        raise _refused("sort", "not_in_list", f"{sort!r} is not a sort key; use one of {keys}, with - for descending.")
    return Order(name, allowed[name], sort.startswith("-"), name in nullable, found.get(name))


def fetch_page(
    session: Session,
    statement: sa.Select[Any],
    *,
    order: Order,
    identity: sa.ColumnElement[Any],
    limit: int,
    cursor: str | None = None,
    question: str = "",
    count: bool = False,
    kept: dict[Hashable, RawRows] | None = None,
    values: Mapping[str, Any] = MappingProxyType({}),
) -> Page:
    """One page of ``statement``.

    :param identity: the column that breaks ties, unique in the result.
    :param question: the filters asked for; a cursor belongs to one question and is refused in another.
    :param count: whether to say how many rows there are, as far as :data:`COUNTED`.
    :param kept: where to find what was put together for an earlier page of the same statement, and to leave it.
    :param values: of the places in ``statement`` that are bound by name.
    :raises Invalid: the cursor is damaged or of another list.
    """
    key = _fingerprint(order, question)
    last = None if cursor is None else _decode(cursor, key, order, identity)
    walk = _Walk(session, statement, order, identity, {} if kept is None else kept, values)
    found = walk.valued(last, limit + 1) if last is None or last[0] is not None else None
    rows, shape = ([], None) if found is None else found
    if order.has_nulls and len(rows) <= limit:
        without, shape = walk.blank(last, limit + 1 - len(rows))
        rows = [*rows, *without]
    more = len(rows) > limit
    rows = rows[:limit]
    following = _encode(shape.read(rows[-1]), key, order, identity) if more and shape is not None else None
    if not count:
        return Page(rows, shape, following, None)
    is_whole = cursor is None and not more
    return Page(rows, shape, following, Total(len(rows), True) if is_whole else _count(session, statement, values))


def _count(session: Session, statement: sa.Select[Any], values: Mapping[str, Any]) -> Total:
    # Counting all of a large register would cost more than everything else about a page.
    found = statement.order_by(None).limit(_spelled_out(COUNTED + 1)).subquery()
    number = session.execute(sa.select(sa.func.count()).select_from(found), values).scalar_one()
    return Total(min(number, COUNTED), number <= COUNTED)


def _spelled_out(number: int) -> sa.ColumnElement[int]:
    # As a bound value PostgreSQL would take it for a tenth of all rows wherever it keeps a plan.
    return sa.literal_column(str(number), sa.Integer)


@dataclass(frozen=True)
class _Walk:
    """A way through the rows of a statement along an index: those with a key first, then those without."""

    session: Session
    statement: sa.Select[Any]
    order: Order
    identity: sa.ColumnElement[Any]
    kept: dict[Hashable, RawRows]
    values: Mapping[str, Any]

    def valued(self, last: tuple[Any, Any] | None, limit: int) -> tuple[list[tuple[Any, ...]], RawRows]:
        """Rows whose key is known, behind ``last``."""
        return self._rows("valued", last, limit, self._valued)

    def blank(self, last: tuple[Any, Any] | None, limit: int) -> tuple[list[tuple[Any, ...]], RawRows]:
        """Rows without a key, behind ``last`` where that had none either."""
        return self._rows("blank", last if last is not None and last[0] is None else None, limit, self._blank)

    def _valued(self, goes_on: bool) -> sa.Select[Any]:
        found = self.order.found or Found(self.order.column, self.identity, sa.true())
        column, identity = _comparable(self.session, found.column), found.identity
        given: list[sa.ColumnElement[bool]] = [found.given]
        if goes_on:
            given += self._behind(column, identity, found.apart)
        elif found.apart:
            # True of every text; it tells SQLite to begin with the index of the key and not with the listed table.
            given.append(column >= "")
        elif self.order.has_nulls:
            given.append(column.is_not(None))
        return self._ordered(given, column, self._tie(identity) if found.apart else identity)

    def _blank(self, goes_on: bool) -> sa.Select[Any]:
        without: list[sa.ColumnElement[bool]] = [self.order.column.is_(None)]
        if goes_on:
            beyond, end = self.identity, self._last_id()
            without.append(beyond < end if self.order.descending else beyond > end)
        return self._ordered(without, self.identity)

    def _behind(
        self, key: sa.ColumnElement[Any], identity: sa.ColumnElement[Any], apart: bool
    ) -> list[sa.ColumnElement[bool]]:
        value = sa.bindparam(_LAST_VALUE, type_=self.order.column.type)
        last_id, descending = self._last_id(), self.order.descending
        if not apart:
            place, end = sa.tuple_(key, identity), sa.tuple_(value, last_id)
            return [place < end if descending else place > end]
        seen = sa.and_(key == value, identity >= last_id if descending else identity <= last_id)
        return [key <= value if descending else key >= value, sa.not_(seen)]

    def _tie(self, identity: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        if self.session.get_bind().dialect.name != "sqlite":
            return identity
        # Else SQLite goes through the whole listed table in the order of its ids, once for each value of the key.
        return UnaryExpression(identity, operator=custom_op("+"), type_=identity.type)

    def _last_id(self) -> sa.ColumnElement[Any]:
        return sa.bindparam(_LAST_ID, type_=self.identity.type)

    def _ordered(self, conditions: Iterable[sa.ColumnElement[bool]], *keys: sa.ColumnElement[Any]) -> sa.Select[Any]:
        chosen = _with_place(self.statement, self.order, self.identity).where(*conditions)
        return chosen.order_by(*(key.desc() if self.order.descending else key.asc() for key in keys))

    def _rows(
        self, part: str, last: tuple[Any, Any] | None, limit: int, build: Callable[[bool], sa.Select[Any]]
    ) -> tuple[list[tuple[Any, ...]], RawRows]:
        key = (part, last is None, limit, self.order.name, self.order.descending)
        shape = self.kept.get(key)
        if shape is None:
            statement = build(last is not None).limit(_spelled_out(limit))
            shape = self.kept[key] = RawRows(statement, self.session.get_bind().dialect)
        if part == "valued" and self.order.descending and self.order.found and self.order.found.far:
            _look_far(self.session)
        values = self.values if last is None else {**self.values, _LAST_VALUE: last[0], _LAST_ID: last[1]}
        return shape.found(self.session.connection(), values), shape


def _look_far(session: Session) -> None:
    """Let PostgreSQL begin with a table that stands further behind: planned in milliseconds, all sorted in seconds.

    Not from the oldest on: there the index first meets all that is out of date by now.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SET LOCAL join_collapse_limit = 6"))


def stream_all(
    session: Session,
    statement: sa.Select[Any],
    *,
    order: Order,
    identity: sa.ColumnElement[Any],
    values: Mapping[str, Any] = MappingProxyType({}),
) -> Iterable[Row]:
    """Every row in the same order as the pages, for a download; a few at a time leave the database."""
    placed = _with_place(statement, order, identity)
    return dicts(_streamed(session, _ordered(session, placed, order, identity), values))


def stream_raw(
    session: Session,
    statement: sa.Select[Any],
    names: Collection[str],
    *,
    order: Order,
    identity: sa.ColumnElement[Any],
    values: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[RawRows, Iterator[Sequence[sa.Row[Any]]]]:
    """The same rows as the driver gives them, only the columns of ``names`` that there are, some at a time."""
    dialect = session.get_bind().dialect
    wanted = [
        written(column, dialect).label(column.key) for column in statement.selected_columns if column.key in names
    ]
    shape = RawRows(_ordered(session, statement, order, identity), dialect, wanted)
    return shape, _streamed(session, shape.statement, values).partitions()


def _streamed(session: Session, statement: sa.Select[*tuple[Any, ...]], values: Mapping[str, Any]) -> sa.Result[Any]:
    if session.get_bind().dialect.name == "postgresql":
        # All rows are fetched; a plan that is quick with the first ones would be the wrong one.
        session.execute(sa.text("SET LOCAL cursor_tuple_fraction = 1"))
    return session.execute(statement, values, execution_options={"yield_per": _ROWS_AT_ONCE})


def _with_place(statement: sa.Select[Any], order: Order, identity: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return statement.add_columns(order.column.label(SORT_VALUE), identity.label(SORT_ID))


def _ordered(
    session: Session, statement: sa.Select[Any], order: Order, identity: sa.ColumnElement[Any]
) -> sa.Select[Any]:
    column = _comparable(session, order.column)
    key, tie = (column.desc(), identity.desc()) if order.descending else (column.asc(), identity.asc())
    return statement.order_by(key.nulls_last(), tie)


def _comparable(session: Session, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    # Text compares byte by byte on both engines; a past state has lost the collation of its column.
    if column.type.python_type is str and session.get_bind().dialect.name == "postgresql":
        return sa.collate(column, "C")
    return column


def _fingerprint(order: Order, question: str) -> str:
    # A cursor from before ties went down with the key is refused, where it would skip some.
    text = f"{'--' if order.descending else ''}{order.name}?{question}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _encode(row: Row, key: str, order: Order, identity: sa.ColumnElement[Any]) -> str:
    parts = [key, image_of(order.column.type, row[SORT_VALUE]), image_of(identity.type, row[SORT_ID])]
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def _decode(cursor: str, key: str, order: Order, identity: sa.ColumnElement[Any]) -> tuple[Any, Any]:
    try:
        if len(cursor) > _LONGEST_CURSOR or not cursor.isascii():
            raise ValueError
        padded = cursor + "=" * (-len(cursor) % 4)
        found, value, last_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if found != key:
            raise ValueError
        if last_id is None:
            raise ValueError
        return _value(value, order.column), _value(last_id, identity)
    except (ValueError, TypeError, RecursionError):
        detail = "This cursor is not one of this list; follow `next` as it was given, or start without a cursor."
        raise _refused("cursor", "invalid_cursor", detail) from None


def _value(image: Any, column: sa.ColumnElement[Any]) -> Any:
    """The typed value of ``image``; anything that is not exactly of the column's type is refused."""
    kind = column.type.python_type
    if image is None:
        return None
    if kind is int and type(image) is int and abs(image) < 2**63:
        return image
    if kind is int or type(image) is not str or "\x00" in image:
        raise ValueError
    image.encode()  # a lone surrogate cannot be sent to a database
    if kind is str:
        return image
    readers: dict[type[Any], Any] = {
        date: parse_day,
        datetime: parse_instant,
        Decimal: parse_amount,
        UUID: UUID,
    }
    return readers[kind](image)


def _refused(parameter: str, code: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[ProblemError(parameter=parameter, code=code, detail=detail)])
