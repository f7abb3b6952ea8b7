"""Lists that stay right under writes: keyset pages, an allow-list of sort keys, nulls last, ties by id."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core.columns import image_of
from portfolio.core.dates import parse_day, parse_instant
from portfolio.core.money import parse_amount
from portfolio.core.problems import Invalid, ProblemError
from portfolio.core.query_fields import NONE
from portfolio.core.search import like_pattern, search_terms

SORT_VALUE = "sort_value_"
SORT_ID = "sort_id_"
LARGEST_LIMIT = 200
_LONGEST_CURSOR = 2000
_ROWS_AT_ONCE = 500


def one_of(column: sa.ColumnElement[Any], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Any of ``values``; ``none`` stands for those where the column is null."""
    known = [value for value in values if value != NONE]
    found = column.in_(known)
    return sa.or_(found, column.is_(None)) if len(known) < len(values) else found


def matches(column: sa.ColumnElement[str], question: str) -> sa.ColumnElement[bool]:
    """Every word of ``question`` somewhere in the folded text."""
    return sa.and_(*(column.like(like_pattern(term), escape="\\") for term in search_terms(question)))


@dataclass(frozen=True)
class Page:
    """One page: its rows, the cursor of the next one (None at the end) and, if asked for, the number of all rows."""

    rows: Sequence[sa.RowMapping]
    next: str | None
    count: int | None


@dataclass(frozen=True)
class Order:
    """The order a caller chose: an allowed key, up or down."""

    name: str
    column: sa.ColumnElement[Any]
    descending: bool


def chosen_order(sort: str, allowed: Mapping[str, sa.ColumnElement[Any]]) -> Order:
    """``title`` or ``-title`` out of the allowed keys.

    :raises Invalid: a key that is not on the list.
    """
    name = sort.removeprefix("-")
    if name not in allowed:
        keys = ", ".join(allowed)
        raise _refused("sort", "not_in_list", f"{sort!r} is not a sort key; use one of {keys}, with - for descending.")
    return Order(name, allowed[name], sort.startswith("-"))


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
) -> Page:
    """One page of ``statement``.

    :param identity: the column that breaks ties, unique in the result.
    :param question: the filters asked for; a cursor belongs to one question and is refused in another.
    :raises Invalid: the cursor is damaged or of another list.
    """
    key = _fingerprint(order, question)
    total = None
    if count:
        total = session.execute(
            sa.select(sa.func.count()).select_from(statement.order_by(None).subquery())
        ).scalar_one()
    if cursor is not None:
        statement = statement.where(_after(session, order, identity, *_decode(cursor, key, order, identity)))
    rows = session.execute(_ordered(session, statement, order, identity).limit(limit + 1)).mappings().all()
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, _encode(rows[-1], key, order, identity) if more else None, total)


def stream_all(
    session: Session, statement: sa.Select[Any], *, order: Order, identity: sa.ColumnElement[Any]
) -> Iterable[sa.RowMapping]:
    """Every row in the same order as the pages, for a download; a few at a time leave the database."""
    if session.get_bind().dialect.name == "postgresql":
        # All rows are fetched; a plan that is quick with the first ones would be the wrong one.
        session.execute(sa.text("SET LOCAL cursor_tuple_fraction = 1"))
    ordered = _ordered(session, statement, order, identity)
    return session.execute(ordered, execution_options={"yield_per": _ROWS_AT_ONCE}).mappings()


def _ordered(
    session: Session, statement: sa.Select[Any], order: Order, identity: sa.ColumnElement[Any]
) -> sa.Select[Any]:
    column = _comparable(session, order.column)
    direction = column.desc() if order.descending else column.asc()
    return statement.add_columns(order.column.label(SORT_VALUE), identity.label(SORT_ID)).order_by(
        direction.nulls_last(), identity.asc()
    )


def _comparable(session: Session, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    # Text compares byte by byte on both engines; a past state has lost the collation of its column.
    if column.type.python_type is str and session.get_bind().dialect.name == "postgresql":
        return sa.collate(column, "C")
    return column


def _after(
    session: Session, order: Order, identity: sa.ColumnElement[Any], value: Any, last_id: Any
) -> sa.ColumnElement[bool]:
    later_id = identity > last_id
    if value is None:
        return sa.and_(order.column.is_(None), later_id)
    column = _comparable(session, order.column)
    beyond = column < value if order.descending else column > value
    return sa.or_(beyond, sa.and_(order.column == value, later_id), order.column.is_(None))


def _fingerprint(order: Order, question: str) -> str:
    text = f"{'-' if order.descending else ''}{order.name}?{question}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _encode(row: sa.RowMapping, key: str, order: Order, identity: sa.ColumnElement[Any]) -> str:
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
