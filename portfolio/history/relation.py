"""Relations of a day: statements put together once per engine, then asked with the clocks of each reading.

Building and compiling a dozen joined subqueries costs far more than running them, and every grouping and every filter
would do it anew. So the text of a relation is kept, and a reading only binds its day and its revision to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from portfolio.core.dates import today
from portfolio.core.db import Base
from portfolio.history import past

_DAY, _TODAY, _REVISION = "valid_on", "today", "revision"
_TYPES: dict[str, type[sa.types.TypeEngine[Any]]] = {_DAY: sa.Date, _TODAY: sa.Date, _REVISION: sa.BigInteger}
_COLON = re.compile(rf":(?!(?:{'|'.join(_TYPES)})\b)")


@dataclass(frozen=True)
class Shape:
    """What a relation is built from: the tables of any moment, and a day that is bound later."""

    dialect_name: str
    is_past: bool
    parts: dict[str, Any] = field(default_factory=dict, compare=False)
    """Subqueries that several packages' relations share within one statement."""

    @property
    def valid_on(self) -> sa.ColumnElement[date]:
        return sa.literal_column(f":{_DAY}", sa.Date)

    @property
    def today(self) -> sa.ColumnElement[date]:
        """The day on which somebody asks: whose a record is does not depend on the day asked about."""
        return sa.literal_column(f":{_TODAY}", sa.Date)

    def at(self, model: type[Base], *, name: str | None = None) -> sa.FromClause:
        """``model`` at the moment, as a selectable with its column names and types."""
        revision = sa.literal_column(f":{_REVISION}", sa.BigInteger) if self.is_past else None
        return past.shared(self.parts, model, revision, self.dialect_name, name)

    def relation(self, name: str, build: Build) -> sa.Subquery:
        """A relation inside another one."""
        key = f"relation {name}"
        if key not in self.parts:
            self.parts[key] = build(self).subquery(name)
        found: sa.Subquery = self.parts[key]
        return found


Build = Callable[[Shape], sa.Select[Any]]


@dataclass(frozen=True)
class _Prepared:
    """The text of a relation with its two places to fill, and the columns it gives."""

    text: sa.TextClause
    columns: list[sa.ColumnClause[Any]]
    places: frozenset[str]


_prepared: dict[tuple[Build, str, bool], _Prepared] = {}


def relation(name: str, build: Build, *, dialect: Dialect, is_past: bool, valid_on: date, revision: int) -> sa.Subquery:
    """What ``build`` describes, as it was on ``valid_on`` and known at ``revision`` (where ``is_past``)."""
    key = (build, dialect.name, is_past)
    if key not in _prepared:
        _prepared[key] = _prepare(build, dialect, is_past)
    found = _prepared[key]
    values = {_DAY: valid_on, _TODAY: today(), _REVISION: revision}
    bound = found.text.bindparams(**{place: values[place] for place in found.places})
    return bound.columns(*found.columns).subquery(name)


def _prepare(build: Build, dialect: Dialect, is_past: bool) -> _Prepared:
    statement = build(Shape(dialect.name, is_past))
    # Named places, so that percent signs stay single and ours are found again.
    make_dialect: Callable[..., Dialect] = type(dialect)
    named = make_dialect(paramstyle="named")
    sql = str(statement.compile(dialect=named, compile_kwargs={"literal_binds": True}))
    places = frozenset(place for place in _TYPES if re.search(rf":{place}\b", sql))
    text = sa.text(_COLON.sub(r"\\:", sql)).bindparams(*(sa.bindparam(place, type_=_TYPES[place]) for place in places))
    columns = [sa.column(name, column.type) for name, column in statement.selected_columns.items()]
    assert len({column.name for column in columns}) == len(columns), "A column of a relation stands in it twice."
    return _Prepared(text, columns, places)
