"""The published facts that come with the program, as they were compiled (see docs/data.md)."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from portfolio.core.dates import Precision, first_day_of, parse_period

Record = dict[str, Any]


def read_projects() -> list[Record]:
    """The 56 named project records."""
    found: list[Record] = _read("ruhr_projects.json")
    return found


def read_reference() -> dict[str, Any]:
    """Action fields, ministries, forums, programmes and the conference itself."""
    found: dict[str, Any] = _read("ruhr_reference.json")
    return found


def _read(name: str) -> Any:
    return json.loads((files("portfolio.exchange") / "data" / name).read_text(encoding="utf-8"))


def period(text: str | None) -> tuple[Any, Precision]:
    """The stored day of a day, month or year (its last day) with its precision; no day for None."""
    return (None, Precision.DAY) if text is None else parse_period(text)


def period_start(text: str | None) -> tuple[Any, Precision]:
    """The same for the begin of something: its first day."""
    day, precision = period(text)
    return (None if day is None else first_day_of(day, precision)), precision
