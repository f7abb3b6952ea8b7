"""Days in the region's calendar, instants in UTC, and days that a source gives only as a month or year."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from portfolio.core import sources

REGION = ZoneInfo("Europe/Berlin")
FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2100, 12, 31)
DAY_PATTERN = r"^\d{4}-\d{2}-\d{2}$"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PERIOD = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


class Precision(StrEnum):
    """How exactly a source gives a day."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


def today() -> date:
    """The current day in the region (Europe/Berlin)."""
    return sources.now().astimezone(REGION).date()


def start_of_month(day: date, later: int) -> datetime:
    """The first instant (UTC) of the month that begins ``later`` months after that of ``day``."""
    years, month = divmod(day.month - 1 + later, 12)
    return datetime(day.year + years, month + 1, 1, tzinfo=UTC)


def parse_day(text: str) -> date:
    """``2026-06-30`` and nothing else, between 2000 and 2100.

    :raises ValueError: another form (``20260630``, ``2026-W01-1``), no such day, or out of range.
    """
    if not _DAY.fullmatch(text):
        raise ValueError(f"{text!r} is not a day; write it as YYYY-MM-DD, for example 2026-06-30.")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a day of the calendar.") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"{text!r} lies outside {FIRST_DAY} to {LAST_DAY}.")
    return day


def last_day_of(day: date, precision: Precision) -> date:
    """The last day of the period that ``day`` lies in."""
    if precision is Precision.YEAR:
        return date(day.year, 12, 31)
    if precision is Precision.MONTH:
        return date(day.year, day.month, monthrange(day.year, day.month)[1])
    return day


def first_day_of(day: date, precision: Precision) -> date:
    """The first day of the period that ``day`` lies in."""
    if precision is Precision.YEAR:
        return date(day.year, 1, 1)
    if precision is Precision.MONTH:
        return date(day.year, day.month, 1)
    return day


def parse_period(text: str) -> tuple[date, Precision]:
    """``2022``, ``2022-05`` or ``2022-05-17`` as its last day and how precise it is.

    :raises ValueError: another form or no such day.
    """
    match = _PERIOD.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a day, month or year such as 2022-05-17, 2022-05 or 2022.")
    year, month, day = (int(part) if part else None for part in match.groups())
    precision = Precision.DAY if day else Precision.MONTH if month else Precision.YEAR
    assert year is not None
    return last_day_of(date(year, month or 1, day or 1), precision), precision


_BEFORE_OFFSET = len("2026-06-30T08:00:00.000000")


@lru_cache(maxsize=64)  # all that a transaction writes carries the same few instants
def format_instant(instant: datetime) -> str:
    """``2026-06-30T08:00:00.000000Z``: UTC, always six decimals, so that text order is time order."""
    return f"{instant.astimezone(UTC).isoformat(timespec='microseconds')[:_BEFORE_OFFSET]}Z"


def parse_instant(text: str) -> datetime:
    """An RFC 3339 instant with its offset, between 2000 and 2100, as aware UTC.

    :raises ValueError: another form, no offset, or out of range.
    """
    match = _INSTANT.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not an instant; write it like 2026-06-30T08:00:00Z, with Z or an offset.")
    day, clock, fraction, offset = match.groups()
    parse_day(day)  # refused before any arithmetic: 9999-12-31 with an offset overflows
    zone = "+00:00" if offset in "Zz" else offset
    micro = (fraction or "0")[:6].ljust(6, "0")
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{micro}{zone}").astimezone(UTC)
    except ValueError:
        raise ValueError(f"{text!r} is not an instant of the calendar and clock.") from None


def end_of_day(day: date) -> datetime:
    """The first instant after ``day`` in the region, aware, UTC."""
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=REGION).astimezone(UTC)
