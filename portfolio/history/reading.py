"""One read: a snapshot of the register, and the two clocks it answers for (DESIGN 3)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from portfolio.core import sources
from portfolio.core.bounded import Bounded
from portfolio.core.dates import end_of_day, format_instant, parse_day, parse_instant, today
from portfolio.core.db import Base, Database, of_transaction, table_of
from portfolio.core.problems import Invalid, ProblemError
from portfolio.core.sending import Fixed
from portfolio.history import past
from portfolio.history.models import Change, LogHead, Revision
from portfolio.history.recorder import hold_end, with_locked_end
from portfolio.history.relation import (
    NOTHING,
    REVISION,
    TODAY,
    VALID_ON,
    Build,
    Changed,
    changed_among,
    holds_still,
    relation,
    tables_of,
)

_PLANS_PAST = "portfolio_plans_past"
UNWRITTEN = -1
"""The revision of a reading inside the transaction that makes it."""
_REVISION = re.compile(r"0|[1-9][0-9]{0,14}")
_MOST_CHANGES = 2000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Reading:
    """A snapshot with its clocks resolved: what was true on ``valid_on``, as told up to ``revision``."""

    connection: Connection
    revision: int
    known_at: datetime | None
    """The instant of ``revision``; None before the first one."""
    valid_on: date
    is_past: bool
    """True where a moment was asked for: the answer then comes from the history alone."""
    changed: Changed = None
    """The tables that changed since a past moment, as far as that is known: all others hold what they held then."""
    parts: dict[str, Any] = field(default_factory=dict, compare=False)
    """Subqueries that several packages' statements share within this reading."""
    tables: set[str] = field(default_factory=set, compare=False)
    """Names of the tables that were asked for."""
    asked_on: date = field(default_factory=today)
    """The day on which somebody asks."""
    writing: Session | None = None
    """The session of the transaction that makes what is read."""

    is_last: bool = False
    """Whether all is written, so that whoever looks may lock the end of the log."""

    @cached_property
    def session(self) -> Session:
        """On the same connection; a single statement is sent in half the time without."""
        return self.writing or Session(self.connection, expire_on_commit=False, autoflush=False)

    @property
    def looks_back(self) -> bool:
        """Whether anything has to be read from the history."""
        return self.is_past and self.changed != NOTHING

    @property
    def dialect_name(self) -> str:
        return self.connection.dialect.name

    def at(self, model: type[Base], *, name: str | None = None) -> sa.FromClause:
        """``model`` at this moment, as a selectable with its column names and types."""
        revision = None if self.is_live(model) else sa.bindparam(REVISION, self.revision, type_=sa.BigInteger)
        if revision is not None:
            self.plan_for_the_past(True)
        return past.shared(self.parts, model, revision, self.dialect_name, name)

    def is_live(self, model: type[Base]) -> bool:
        """Whether ``model`` held at this moment what its table holds now."""
        self.tables.add(model.__tablename__)
        return not self.is_past or holds_still(self.changed, model)

    def relation(self, name: str, build: Build) -> sa.Subquery:
        """What ``build`` describes, on this day and at this moment."""
        dialect = self.connection.dialect
        tables = tables_of(build, dialect)
        self.tables.update(tables)
        changed = changed_among(tables, self.changed) if self.looks_back else NOTHING
        if changed:
            self.plan_for_the_past(True)
        return relation(
            name,
            build,
            dialect=dialect,
            changed=changed,
            valid_on=self.valid_on,
            asked_on=self.asked_on,
            revision=self.revision,
        )

    @property
    def values(self) -> Mapping[str, Any]:
        """What a statement that was put together for another moment has to be asked with."""
        return {REVISION: self.revision} if self.looks_back else {}

    def plan_for_the_past(self, is_past: bool) -> None:
        """Say whether the next statements read the history: PostgreSQL has no statistics of a past state.

        Taken for tiny, its parts would be joined row against row. But what reads tables as they are must not be planned
        like that: the plan is kept, and the same statement is asked for now.
        """
        if self.dialect_name == "postgresql" and of_transaction(self.connection).get(_PLANS_PAST, False) != is_past:
            self.connection.exec_driver_sql(f"SET LOCAL enable_nestloop = {'off' if is_past else 'on'}")
            of_transaction(self.connection)[_PLANS_PAST] = is_past

    def rows(self, build: Callable[..., sa.Select[Any]], *shape: Hashable, **values: Any) -> list[dict[str, Any]]:
        """The rows of the statement that ``build`` makes of this reading and of ``shape``.

        Putting a statement together costs more than running it. So it is kept under ``build`` and ``shape``: what
        differs beside them from call to call is a ``sa.bindparam`` with its value in ``values``, or a clock of
        :meth:`relation`.
        """
        if self.writing is not None:
            self.writing.flush()
            if self.is_last and self.dialect_name == "postgresql":
                return self._last_rows(self.writing, build, *shape, **values)
        day = self.asked_on
        is_today = self.valid_on == day  # which is spelled out in the statement; another day is bound
        key = (build, self.dialect_name, day if is_today else None, *shape)
        statement = _statements.of(self, key, lambda moment: Fixed(build(moment, *shape)))
        values |= self.values
        if not is_today:
            values |= {VALID_ON: self.valid_on, TODAY: day}
        return statement.dicts(self.connection, values)

    def _last_rows(
        self, session: Session, build: Callable[..., sa.Select[Any]], *shape: Hashable, **values: Any
    ) -> list[dict[str, Any]]:
        key = (build, "last", self.asked_on, *shape)
        statement = _last.get(key)
        if statement is None:
            statement = _last[key] = Fixed(with_locked_end(build(self, *shape)))
        rows = statement.dicts(self.connection, values)
        for row in rows:
            hold_end(session, row)
        return rows


Thing = TypeVar("Thing")


class Kept(Generic[Thing]):
    """What is put together from a reading once: for now, and for each set of tables that changed since a past moment.

    A past moment since which none of its tables changed gets that of now.
    """

    def __init__(self, most: int) -> None:
        """:param most: how many are kept of now, and as many of the past."""
        self._now: Bounded[Hashable, tuple[Thing, frozenset[str]]] = Bounded(most)
        self._past: Bounded[Hashable, Thing] = Bounded(most)

    def of(self, moment: Reading, key: Hashable, build: Callable[[Reading], Thing]) -> Thing:
        """What ``build`` makes of ``moment``, which has to be asked with the ``values`` of each.

        :param key: all that ``build`` depends on beside the moment.
        """
        found = self._now.get(key)
        if found is None:
            now = replace(moment, is_past=False, changed=None, parts={}, tables=set())
            made = build(now)
            found = self._now[key] = (made, frozenset(now.tables))
        thing, tables = found
        changed = changed_among(tables, moment.changed) if moment.looks_back else NOTHING
        moment.plan_for_the_past(bool(changed))
        if not changed:
            return thing
        past = self._past.get((key, changed))
        if past is None:
            then = replace(moment, changed=changed, parts={}, tables=set())
            past = self._past[key, changed] = build(then)
            # Which tables changed was asked of those that are read now; a past state may be made of no others.
            assert then.tables <= tables, "The past asks for other tables."
        return past


_statements: Kept[Fixed] = Kept(1000)
_last: Bounded[Hashable, Fixed] = Bounded(1000)


@contextmanager
def open_reading(
    database: Database, known_at: str | None = None, valid_on: date | None = None, *, filtered: bool = False
) -> Iterator[Reading]:
    """Open a snapshot and fix its revision first.

    :param known_at: a revision number, an RFC 3339 instant, or a day (its end in the region); None is now.
    :param filtered: the statements name values of which some are frequent and others rare.
    :raises Invalid: the moment lies in the future, or is none of the three.
    """
    first = _OPENING if database.is_sqlite or not filtered else _OPENING_FILTERED
    with database.opened(first) as (connection, head):
        yield _reading(connection, head, known_at, valid_on)


def reading_beside(moment: Reading, known_at: str | None) -> Reading:
    """Another moment in the same snapshot, for the same day."""
    return _reading(moment.connection, _head(moment.connection), known_at, moment.valid_on)


def reading_of(session: Session, *, is_last: bool = False) -> Reading:
    """The state inside a running transaction, as its own answer will show it: under a revision that is yet to be.

    :param is_last: all is written and no row will be locked any more: the end of the log, which the revision needs
        as the last lock of all, is then locked along with what is read first.
    """
    day = today()
    return Reading(
        session.connection(), UNWRITTEN, None, day, is_past=False, asked_on=day, writing=session, is_last=is_last
    )


def head_in(session: Session) -> int:
    """The number of the newest revision."""
    return _head(session)[0]


def _reading(connection: Connection, end: tuple[int, str], known_at: str | None, valid_on: date | None) -> Reading:
    (head, head_at), day = end, today()
    if known_at is None:
        instant = _instant(head_at) if head else None
        return Reading(connection, head, instant, valid_on or day, is_past=False, asked_on=day)
    revision = _resolve(connection, known_at, head, head_at)
    at, changed = (head_at, NOTHING) if revision == head else _followed(connection, revision)
    instant = _instant(at) if revision else None
    return Reading(connection, revision, instant, valid_on or day, is_past=True, changed=changed, asked_on=day)


_REV = sa.bindparam("rev", type_=sa.BigInteger)
_CHANGES, _REVISIONS = table_of(Change).c, table_of(Revision).c
_SINCE = (
    sa.select(_CHANGES.entity)
    .where(_CHANGES.rev > _REV)
    # From the end: without an order PostgreSQL may go through all changes from the first one.
    .order_by(_CHANGES.rev.desc())
    .limit(sa.literal_column(str(_MOST_CHANGES), sa.Integer))
    .subquery()
)
_HEADER: sa.Select[Any] = sa.select(_REVISIONS.header).where(_REVISIONS.rev == _REV)
_FOLLOWED: sa.CompoundSelect[Any] = sa.union_all(
    sa.select(_SINCE.c.entity, sa.func.count()).group_by(_SINCE.c.entity),
    sa.select(_REVISIONS.header, sa.literal_column("0", sa.Integer)).where(_REVISIONS.rev == _REV),
)
"""What changed after a revision, each table with how often it did; and the header of the revision itself."""


def _followed(connection: Connection, revision: int) -> tuple[str, Changed]:
    """The instant of ``revision`` ("" before the first), and the tables that changed after it.

    None for these where too much did to go through it all.
    """
    rows = connection.execute(_FOLLOWED, {_REV.key: revision}).all()
    counts = {entity: count for entity, count in rows if count}
    at = "".join(_instant_in(header) for header, count in rows if not count)
    return at, None if sum(counts.values()) >= _MOST_CHANGES else frozenset(counts)


_HEAD: sa.Select[Any, Any] = sa.select(sa.column("size"), sa.column("last_at")).select_from(table_of(LogHead))
"""Without the mapped class: the session would prepare to make objects of the rows."""

_OPENING = str(_HEAD)
# A plan that PostgreSQL keeps is one for any value: ten times as slow as that for a status which hardly any record has.
_OPENING_FILTERED = f"SET LOCAL plan_cache_mode = force_custom_plan; {_OPENING}"


def _head(session: Session | Connection) -> tuple[int, str]:
    size, last_at = session.execute(_HEAD).one()
    return size, last_at


@lru_cache(maxsize=4)
def _instant(at: str) -> datetime:
    return parse_instant(at)


def _at(connection: Connection, revision: int) -> str:
    return _instant_in(connection.execute(_HEADER, {_REV.key: revision}).scalar_one())


def _instant_in(header: str) -> str:
    at = json.loads(header)["at"]
    assert isinstance(at, str)
    return at


def _resolve(connection: Connection, known_at: str, head: int, head_at: str) -> int:
    if _REVISION.fullmatch(known_at):
        if int(known_at) > head:
            raise _refused("future_revision", f"Revision {known_at} does not exist yet; the newest is {head}.")
        return int(known_at)
    try:
        if _DAY.fullmatch(known_at):
            day = parse_day(known_at)
            if day > today():
                raise _refused("future_moment", f"{day} lies in the future; the register cannot know it yet.")
            # A day means its end: the last revision before the next day begins.
            return head if day == today() else _last_before(connection, format_instant(end_of_day(day)), head, head_at)
        instant = parse_instant(known_at)
    except ValueError as error:
        hint = "Give a revision number, a day such as 2021-12-31, or an instant such as 2021-12-31T12:00:00Z."
        raise _refused("invalid_moment", f"{error} {hint}") from None
    if instant > sources.now():
        raise _refused("future_moment", f"{known_at} lies in the future; the register cannot know it yet.")
    return _last_before(connection, format_instant(instant), head, head_at, inclusive=True)


def _last_before(connection: Connection, moment: str, head: int, head_at: str, *, inclusive: bool = False) -> int:
    """The last revision recorded before ``moment``. Instants never fall, so halving finds it in a few steps."""

    def counts(at: str) -> bool:
        return at < moment or (inclusive and at == moment)

    if not head or counts(head_at):
        return head
    low, high = 0, head  # revision `low` counts (0 is before everything), revision `high` does not
    while high - low > 1:
        middle = (low + high) // 2
        if counts(_at(connection, middle)):
            low = middle
        else:
            high = middle
    return low


def _refused(code: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[ProblemError(parameter="known_at", code=code, detail=detail)])
