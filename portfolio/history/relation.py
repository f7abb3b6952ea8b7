"""Relations of a day: statements put together once per engine, then asked with the clocks of each reading.

Building and compiling a dozen joined subqueries costs far more than running them, and every grouping and every filter
would do it anew. So the text of a relation is kept, and a reading only binds its day and its revision to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from portfolio.core.bounded import Bounded
from portfolio.core.db import Base
from portfolio.history import past

VALID_ON, TODAY, REVISION = "valid_on", "today", "revision"
_TYPES: dict[str, type[sa.types.TypeEngine[Any]]] = {VALID_ON: sa.Date, TODAY: sa.Date, REVISION: sa.BigInteger}
_PLACE = re.compile(rf"(?<!\\):(?:{VALID_ON}|{TODAY})\b")
_COLON = re.compile(rf":(?!(?:{'|'.join(_TYPES)})\b)")


Changed = frozenset[str] | None
"""Names of tables that changed since a moment; None: any may have."""
NOTHING: frozenset[str] = frozenset()


def holds_still(changed: Changed, model: type[Base]) -> bool:
    """Whether the table of ``model`` is what it was: then it is read itself, and not put together from the history."""
    return changed is not None and model.__tablename__ not in changed


def changed_among(tables: frozenset[str], changed: Changed) -> frozenset[str]:
    """Those of ``tables`` that have to be read from the history: where there are none, now and then are the same."""
    return tables if changed is None else tables & changed


@dataclass(frozen=True)
class Shape:
    """What a relation is built from: the tables of any moment, and a day that is bound later."""

    dialect_name: str
    changed: Changed = NOTHING
    """The tables that are to be read from the history."""
    parts: dict[str, Any] = field(default_factory=dict, compare=False)
    """Subqueries that several packages' relations share within one statement."""
    tables: set[str] = field(default_factory=set, compare=False)
    """Names of the tables that were asked for."""

    @property
    def looks_back(self) -> bool:
        return self.changed != NOTHING

    @property
    def valid_on(self) -> sa.ColumnElement[date]:
        return sa.literal_column(f":{VALID_ON}", sa.Date)

    @property
    def today(self) -> sa.ColumnElement[date]:
        """The day on which somebody asks: whose a record is does not depend on the day asked about."""
        return sa.literal_column(f":{TODAY}", sa.Date)

    def at(self, model: type[Base], *, name: str | None = None) -> sa.FromClause:
        """``model`` at the moment, as a selectable with its column names and types."""
        self.tables.add(model.__tablename__)
        is_live = holds_still(self.changed, model)
        revision = None if is_live else sa.literal_column(f":{REVISION}", sa.BigInteger)
        return past.shared(self.parts, model, revision, self.dialect_name, name)


Build = Callable[[Shape], sa.Select[Any]]
Part = tuple[sa.FromClause, sa.ColumnElement[bool]]
"""Rows to be joined, and the condition they are joined on: at most one for each record."""


def last_of(
    moment: Shape, model: type[Base], owner: str, of: sa.ColumnElement[Any], *, by: str, rises: str, name: str
) -> Part:
    """The row of ``model`` with the greatest ``rises`` among those of the record ``of`` whose day ``by`` has come.

    Now, each row is asked whether a later one follows it: an index answers that for the few records of a page, and
    PostgreSQL still joins all where all are wanted. A past state has no index; there the greatest are found at once.
    """
    if moment.looks_back:
        return _last_of_all(moment, model, owner, of, by=by, rises=rises, name=name)
    row, later = moment.at(model, name=name), moment.at(model, name=f"{name}_later")
    follows: sa.Select[Any] = sa.select(sa.literal_column("1")).where(
        later.c[owner] == row.c[owner], later.c[rises] > row.c[rises], later.c[by] <= moment.valid_on
    )
    return row, sa.and_(row.c[owner] == of, row.c[by] <= moment.valid_on, sa.not_(follows.exists()))


def value_of(
    moment: Shape, value: sa.ColumnElement[Any], owner: sa.ColumnElement[Any], of: Any, *conditions: Any, name: str
) -> tuple[sa.ColumnElement[Any], list[Part]]:
    """An aggregate over the rows whose ``owner`` is the record ``of``, and what must be joined for it.

    Now it is asked of each record through an index; a past state has none and is grouped at once.
    """
    if not moment.looks_back:
        return sa.select(value).where(owner == of, *conditions).scalar_subquery(), []
    grouped = sa.select(owner, value.label("value")).where(*conditions).group_by(owner).subquery(name)
    return grouped.c.value, [(grouped, grouped.c[owner.name] == of)]


def joined_with(rows: Any, parts: Iterable[Part]) -> Any:
    """``rows`` with each of ``parts`` beside them, where there is one."""
    for part, condition in parts:
        rows = rows.outerjoin(part, condition)
    return rows


def _last_of_all(
    moment: Shape, model: type[Base], owner: str, of: sa.ColumnElement[Any], *, by: str, rises: str, name: str
) -> Part:
    row = moment.at(model)
    last = (
        sa.select(row.c[owner], sa.func.max(row.c[rises]).label(rises))
        .where(row.c[by] <= moment.valid_on)
        .group_by(row.c[owner])
        .subquery(f"{name}_last")
    )
    kept = moment.at(model, name=f"{name}_kept")
    found = (
        sa.select(kept)
        .join(last, sa.and_(last.c[owner] == kept.c[owner], last.c[rises] == kept.c[rises]))
        .subquery(name)
    )
    return found, found.c[owner] == of


@dataclass(frozen=True)
class _Prepared:
    """The text of a relation with its places to fill, and the columns it gives."""

    sql: str
    columns: list[sa.ColumnClause[Any]]
    places: frozenset[str]
    tables: frozenset[str]
    """What it is made of."""


_prepared: Bounded[tuple[Build, str, frozenset[str]], _Prepared] = Bounded(200)
_of_today: dict[tuple[str, Build, str], tuple[date, sa.Subquery]] = {}


def tables_of(build: Build, dialect: Dialect) -> frozenset[str]:
    """Names of the tables that what ``build`` describes is made of."""
    return _prepared_for(build, dialect, NOTHING).tables


def relation(
    name: str,
    build: Build,
    *,
    dialect: Dialect,
    changed: frozenset[str],
    valid_on: date,
    asked_on: date,
    revision: int,
) -> sa.Subquery:
    """What ``build`` describes, as it was on ``valid_on``.

    :param changed: those of its tables that are to be taken as they were known at ``revision``.
    """
    if valid_on == asked_on and changed == NOTHING:
        return _as_it_stands(name, build, dialect, asked_on)
    found = _prepared_for(build, dialect, changed)
    values = {VALID_ON: valid_on, TODAY: asked_on, REVISION: revision}
    places = (sa.bindparam(place, values[place], type_=_TYPES[place]) for place in found.places)
    return sa.text(found.sql).bindparams(*places).columns(*found.columns).subquery(name)


def _as_it_stands(name: str, build: Build, dialect: Dialect, day: date) -> sa.Subquery:
    """The relation of today, with the day spelled out in it.

    So most statements have no values at all. PostgreSQL then plans each of them once for a connection; for values that
    it does not know beforehand it plans anew, and planning takes longer than reading a page.
    """
    key = (name, build, dialect.name)
    kept = _of_today.get(key)
    if kept is None or kept[0] != day:
        found = _prepared_for(build, dialect, NOTHING)
        literal = f"DATE '{day}'" if dialect.name == "postgresql" else f"'{day}'"
        sql = _PLACE.sub(literal, found.sql)
        kept = _of_today[key] = (day, sa.text(sql).columns(*found.columns).subquery(name))
    return kept[1]


def _prepared_for(build: Build, dialect: Dialect, changed: frozenset[str]) -> _Prepared:
    key = (build, dialect.name, changed)
    found = _prepared.get(key)
    if found is None:
        found = _prepared[key] = _prepare(build, dialect, changed)
    return found


def _prepare(build: Build, dialect: Dialect, changed: frozenset[str]) -> _Prepared:
    moment = Shape(dialect.name, changed)
    statement = build(moment)
    # Named places, so that percent signs stay single and ours are found again.
    make_dialect: Callable[..., Dialect] = type(dialect)
    named = make_dialect(paramstyle="named")
    sql = str(statement.compile(dialect=named, compile_kwargs={"literal_binds": True}))
    places = frozenset(place for place in _TYPES if re.search(rf":{place}\b", sql))
    columns = [sa.column(name, column.type) for name, column in statement.selected_columns.items()]
    assert len({column.name for column in columns}) == len(columns), "A column of a relation stands in it twice."
    tables = frozenset(moment.tables)
    # Which tables changed was asked of those that it is made of now; a past state may be made of no others.
    assert not changed or tables <= tables_of(build, dialect), "The past asks for other tables."
    return _Prepared(_COLON.sub(r"\\:", sql), columns, places, tables)
