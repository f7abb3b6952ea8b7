"""Column types that hold the same value on SQLite and PostgreSQL, and can be read back out of a recorded image."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import rfc8785
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from portfolio.core.dates import format_instant
from portfolio.core.money import format_amount, format_rate

Image = str | int | bool | list[Any] | dict[str, Any] | None
"""What a value becomes in a recorded after-image: JSON without floats."""

_CENTS = Decimal(100)
_TEN_THOUSANDTHS = Decimal(10_000)


def _is_postgresql(dialect: Dialect) -> bool:
    return dialect.name == "postgresql"


# A type gives its reader itself, instead of SQLAlchemy calling `process_result_value` for it: a list has thousands of
# values, and each call counts.
Reader = Callable[[Any], Any]
Writer = Callable[[Any], Any]


def reader_of(kind: TypeEngine[Any], dialect: Dialect) -> Reader | None:
    """What makes a value of ``kind`` of what the driver of ``dialect`` gives; None where it is that already."""
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def writer_of(kind: TypeEngine[Any], dialect: Dialect) -> Writer | None:
    """The way back: what the driver is given for a value of ``kind``; None where it takes the value as it is."""
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def _euros(cents: int | Decimal | None) -> Decimal | None:
    return None if cents is None else Decimal(int(cents)).scaleb(-2)


def _share(ten_thousandths: int | None) -> Decimal | None:
    return None if ten_thousandths is None else Decimal(ten_thousandths).scaleb(-4)


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)


def _written_instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


class Identifier(TypeDecorator[UUID]):
    """UUID: native on PostgreSQL, its canonical 36 characters on SQLite."""

    impl = sa.Uuid
    cache_ok = True
    python_type = UUID

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.Uuid() if _is_postgresql(dialect) else sa.CHAR(36))

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        return value if value is None or _is_postgresql(dialect) else str(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Reader | None:
        return None if _is_postgresql(dialect) else _uuid


class EuroCents(TypeDecorator[Decimal]):
    """EUR as whole cents in the database, exact Decimal in Python."""

    impl = sa.BigInteger
    cache_ok = True
    python_type = Decimal

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        cents = value * _CENTS
        if cents != cents.to_integral_value():
            raise ValueError(f"{value} has more than two decimals.")
        return int(cents)

    def result_processor(self, dialect: Dialect, coltype: object) -> Reader:
        return _euros


class Rate(TypeDecorator[Decimal]):
    """A share between 0 and 1 as whole ten-thousandths in the database."""

    impl = sa.Integer
    cache_ok = True
    python_type = Decimal

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        return None if value is None else int((value * _TEN_THOUSANDTHS).to_integral_exact())

    def result_processor(self, dialect: Dialect, coltype: object) -> Reader:
        return _share


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant: timestamptz on PostgreSQL, sortable text on SQLite."""

    impl = sa.DateTime
    cache_ok = True
    python_type = datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.DateTime(timezone=True) if _is_postgresql(dialect) else sa.Text())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return value if value is None or _is_postgresql(dialect) else format_instant(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Reader:
        return _utc if _is_postgresql(dialect) else _written_instant


class Document(TypeDecorator[Any]):
    """A small structure without identity of its own (sources, locations), as canonical JSON text."""

    impl = sa.Text
    cache_ok = True
    python_type = object

    def __init__(self, *, is_disordered: bool = False) -> None:
        """:param is_disordered: read out of PostgreSQL's jsonb, which puts keys into an order of its own."""
        super().__init__()
        self.is_disordered = is_disordered

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else rfc8785.dumps(value).decode()

    def result_processor(self, dialect: Dialect, coltype: object) -> Reader:
        return _disordered_document if self.is_disordered else _document


def _document(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


def _disordered_document(text: str | None) -> Any:
    return None if text is None else _in_key_order(orjson.loads(text))


def _in_key_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_key_order(value[name]) for name in sorted(value)}
    return [_in_key_order(one) for one in value] if isinstance(value, list) else value


class CommittedText(TypeDecorator[str]):
    """Free text that may name people: the history holds a salted commitment, the value can be erased (DESIGN 4)."""

    impl = sa.Text
    cache_ok = True
    python_type = str


class PlainText(TypeDecorator[str]):
    """Text compared byte by byte on every engine and in every locale, so that an index of it serves for sorting."""

    impl = sa.Text
    cache_ok = True
    python_type = str

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text(collation="C") if _is_postgresql(dialect) else sa.Text())


class SortKey(PlainText):
    """What a text is sorted by: made of it, and no fact of its own."""

    cache_ok = True


def image_of(column_type: TypeEngine[Any], value: Any) -> Image:
    """``value`` as it is recorded: money, rates, days and instants as text of one fixed form."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(column_type, EuroCents):
        return format_amount(value)
    if isinstance(column_type, Rate):
        return format_rate(value)
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str | list | dict):
        return value
    raise TypeError(f"A {type(value).__name__} has no recorded form.")


def written(column: sa.ColumnElement[Any], dialect: Dialect) -> sa.ColumnElement[Any]:
    """``column`` as the very text that is shown of it, where the database gives that as quickly; else as it is."""
    if _is_postgresql(dialect):
        return sa.cast(column, sa.Text) if isinstance(column.type, Identifier) else column
    return sa.type_coerce(column, sa.Text) if isinstance(column.type, Identifier | Instant | sa.Date) else column


def _cast(text: sa.ColumnElement[Any], column_type: TypeEngine[Any], postgresql: bool) -> sa.ColumnElement[Any]:
    return sa.cast(text, column_type) if postgresql else text


def _without_point(text: sa.ColumnElement[Any], column_type: TypeEngine[Any], _: bool) -> sa.ColumnElement[Any]:
    # '1250000.00' -> 125000000: no floating point on the way.
    return sa.cast(sa.func.replace(text, ".", ""), sa.BigInteger)


def _boolean(text: sa.ColumnElement[Any], column_type: TypeEngine[Any], postgresql: bool) -> sa.ColumnElement[Any]:
    return sa.cast(text, sa.Boolean if postgresql else sa.Integer)


def _integer(text: sa.ColumnElement[Any], column_type: TypeEngine[Any], _: bool) -> sa.ColumnElement[Any]:
    return sa.cast(text, sa.BigInteger)


def _instant(text: sa.ColumnElement[Any], column_type: TypeEngine[Any], postgresql: bool) -> sa.ColumnElement[Any]:
    return sa.cast(text, sa.DateTime(timezone=True)) if postgresql else text


def _identifier(text: sa.ColumnElement[Any], column_type: TypeEngine[Any], postgresql: bool) -> sa.ColumnElement[Any]:
    return sa.cast(text, sa.Uuid) if postgresql else text


def _text(text: sa.ColumnElement[Any], column_type: TypeEngine[Any], _: bool) -> sa.ColumnElement[Any]:
    return text


_READERS: tuple[tuple[type[Any], Callable[..., sa.ColumnElement[Any]]], ...] = (
    (EuroCents, _without_point),
    (Rate, _without_point),
    (Identifier, _identifier),
    (Instant, _instant),
    (CommittedText, _text),
    (PlainText, _text),
    (sa.Boolean, _boolean),
    (sa.Date, _cast),
    (sa.Integer, _integer),
    (sa.Text, _text),
    (sa.String, _text),
)


def from_image(text: sa.ColumnElement[Any], column_type: TypeEngine[Any], dialect_name: str) -> sa.ColumnElement[Any]:
    """The SQL value of ``text``, one member of a recorded image, with the column's own type."""
    if isinstance(column_type, Document):
        return sa.type_coerce(text, Document(is_disordered=dialect_name == "postgresql"))
    for kind, reader in _READERS:
        if isinstance(column_type, kind):
            return sa.type_coerce(reader(text, column_type, dialect_name == "postgresql"), column_type)
    raise TypeError(f"{column_type!r} cannot be read out of the history.")
