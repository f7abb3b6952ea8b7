"""One read: a snapshot of the register, and the two clocks it answers for (DESIGN 3)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core import sources
from portfolio.core.dates import end_of_day, format_instant, parse_day, parse_instant, today
from portfolio.core.db import Base, Database
from portfolio.core.problems import Invalid, ProblemError
from portfolio.history import past
from portfolio.history.models import LogHead, Revision
from portfolio.history.relation import Build, relation

_REVISION = re.compile(r"0|[1-9][0-9]{0,14}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Reading:
    """A snapshot with its clocks resolved: what was true on ``valid_on``, as told up to ``revision``."""

    session: Session
    revision: int
    known_at: datetime | None
    """The instant of ``revision``; None before the first one."""
    valid_on: date
    is_past: bool
    """True where a moment was asked for: the answer then comes from the history alone."""
    parts: dict[str, Any] = field(default_factory=dict, compare=False)
    """Subqueries that several packages' statements share within this reading."""

    @property
    def dialect_name(self) -> str:
        return self.session.get_bind().dialect.name

    def at(self, model: type[Base], *, name: str | None = None) -> sa.FromClause:
        """``model`` at this moment, as a selectable with its column names and types."""
        return past.shared(self.parts, model, self.revision if self.is_past else None, self.dialect_name, name)

    def relation(self, name: str, build: Build) -> sa.Subquery:
        """What ``build`` describes, on this day and at this moment."""
        return relation(
            name,
            build,
            dialect=self.session.get_bind().dialect,
            is_past=self.is_past,
            valid_on=self.valid_on,
            revision=self.revision,
        )


@contextmanager
def open_reading(database: Database, known_at: str | None = None, valid_on: date | None = None) -> Iterator[Reading]:
    """Open a snapshot and fix its revision first.

    :param known_at: a revision number, an RFC 3339 instant, or a day (its end in the region); None is now.
    :raises Invalid: the moment lies in the future, or is none of the three.
    """
    with database.snapshot() as session:
        yield _reading(session, known_at, valid_on)


def reading_beside(moment: Reading, known_at: str | None) -> Reading:
    """Another moment in the same snapshot, for the same day."""
    return _reading(moment.session, known_at, moment.valid_on)


def reading_of(session: Session) -> Reading:
    """The state inside a running transaction, as its own answer will show it."""
    return Reading(session, _head(session)[0], None, today(), is_past=False)


def _reading(session: Session, known_at: str | None, valid_on: date | None) -> Reading:
    head, head_at = _head(session)
    revision = head if known_at is None else _resolve(session, known_at, head, head_at)
    if known_at is not None and session.get_bind().dialect.name == "postgresql":
        # A past state has no statistics; taken for tiny, its parts would be joined row against row.
        session.execute(sa.text("SET LOCAL enable_nestloop = off"))
    instant = _instant_of(session, revision) if revision else None
    return Reading(session, revision, instant, valid_on or today(), is_past=known_at is not None)


def _head(session: Session) -> tuple[int, str]:
    row = session.execute(sa.select(LogHead.size, LogHead.last_at)).one()
    return row.size, row.last_at


def _instant_of(session: Session, revision: int) -> datetime:
    return parse_instant(_at(session, revision))


def _at(session: Session, revision: int) -> str:
    header = session.execute(sa.select(Revision.header).where(Revision.rev == revision)).scalar_one()
    at = json.loads(header)["at"]
    assert isinstance(at, str)
    return at


def _resolve(session: Session, known_at: str, head: int, head_at: str) -> int:
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
            return head if day == today() else _last_before(session, format_instant(end_of_day(day)), head, head_at)
        instant = parse_instant(known_at)
    except ValueError as error:
        hint = "Give a revision number, a day such as 2021-12-31, or an instant such as 2021-12-31T12:00:00Z."
        raise _refused("invalid_moment", f"{error} {hint}") from None
    if instant > sources.now():
        raise _refused("future_moment", f"{known_at} lies in the future; the register cannot know it yet.")
    return _last_before(session, format_instant(instant), head, head_at, inclusive=True)


def _last_before(session: Session, moment: str, head: int, head_at: str, *, inclusive: bool = False) -> int:
    """The last revision recorded before ``moment``. Instants never fall, so halving finds it in a few steps."""

    def counts(at: str) -> bool:
        return at < moment or (inclusive and at == moment)

    if not head or counts(head_at):
        return head
    low, high = 0, head  # revision `low` counts (0 is before everything), revision `high` does not
    while high - low > 1:
        middle = (low + high) // 2
        if counts(_at(session, middle)):
            low = middle
        else:
            high = middle
    return low


def _refused(code: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[ProblemError(parameter="known_at", code=code, detail=detail)])
