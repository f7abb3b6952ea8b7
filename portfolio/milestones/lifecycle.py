"""The life of a milestone, and the phases of the programme it may lie in (DOMAIN 2 and 3)."""

from __future__ import annotations

from datetime import date

from portfolio.core.lifecycle import Lifecycle

SCHEDULED = "scheduled"
ACHIEVED = "achieved"
PARTLY_ACHIEVED = "partly_achieved"
MISSED = "missed"
CANCELLED = "cancelled"
REACHED = frozenset({ACHIEVED, PARTLY_ACHIEVED})

MILESTONE = Lifecycle(
    "milestone",
    SCHEDULED,
    {
        SCHEDULED: (ACHIEVED, PARTLY_ACHIEVED, MISSED, CANCELLED),
        ACHIEVED: (),
        PARTLY_ACHIEVED: (),
        MISSED: (),
        CANCELLED: (),
    },
)

LISTENING = "listening"
DECIDING = "deciding"
IMPLEMENTING = "implementing"
IMPLEMENTATION_FROM = date(2020, 1, 1)
_LISTENING_TO = date(2019, 7, 15)

NOT_REPORTABLE = frozenset({"presentation", "event", "announcement", "deadline"})
"""Shown with the project, but no achievements (DOMAIN 2)."""


def phase_of(day: date) -> str:
    """The phase of the programme that ``day`` lies in."""
    if day >= IMPLEMENTATION_FROM:
        return IMPLEMENTING
    return LISTENING if day <= _LISTENING_TO else DECIDING
