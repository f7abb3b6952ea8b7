"""Appending to the journal of a record with a lifecycle: order, days, and the rules they share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from portfolio.core.dates import Precision, first_day_of, today
from portfolio.core.problems import Conflict, Invalid, ProblemError


class DayOutOfOrder(Conflict):
    """A change would come before one that is already in the journal."""

    slug = "day-out-of-order"
    title = "The day lies before the last recorded one"


@dataclass(frozen=True)
class ChangeDay:
    """The day of a change as its source gives it, and the day from which it counts."""

    on: date | None
    precision: Precision
    holds_from_on: date


def refuse_future(day: date | None, precision: Precision = Precision.DAY, *, name: str = "on") -> None:
    """:raises Invalid: the period named by ``day`` has not begun yet."""
    if day is not None and first_day_of(day, precision) > today():
        detail = f"{day} lies in the future; record it when it has happened."
        raise Invalid(detail, errors=[ProblemError(pointer=f"#/{name}", code="in_the_future", detail=detail)])


def change_day(on: date | None, precision: Precision = Precision.DAY) -> ChangeDay:
    """A day that is not in the future; one that no source gives counts from the day it is recorded."""
    refuse_future(on, precision)
    return ChangeDay(on, precision, on if on is not None else today())


def require_after(previous: date | None, day: ChangeDay) -> None:
    """:raises DayOutOfOrder: a journal goes forward only."""
    if previous is not None and day.holds_from_on < previous:
        raise DayOutOfOrder(
            f"The last change counts from {previous}; {day.holds_from_on} lies before it. "
            "Use a day from then on, or correct the record by a new change."
        )
