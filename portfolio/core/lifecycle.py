"""Lifecycles: which status may follow which, and the journal of what happened (DOMAIN 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from sqlalchemy.orm import Mapped, mapped_column

from portfolio.core.columns import CommittedText
from portfolio.core.dates import Precision
from portfolio.core.db import Entity
from portfolio.core.problems import Conflict

REPORTED = "reported"
DOCUMENTED = "documented"
UNKNOWN = "unknown"


class TransitionNotAllowed(Conflict):
    """The record cannot go from its present status to the one asked for."""

    slug = "transition-not-allowed"
    title = "This change of status is not possible"


@dataclass(frozen=True)
class Lifecycle:
    """The allowed successors of every status of one kind of record."""

    name: str
    initial: str
    successors: Mapping[str, tuple[str, ...]]

    def require(self, current: str, target: str) -> None:
        """:raises TransitionNotAllowed: ``target`` does not follow ``current``; the allowed ones are named."""
        allowed = self.successors[current]
        if target in allowed:
            return
        choice = f"Allowed from there: {', '.join(allowed)}." if allowed else "It is final: nothing follows it."
        raise TransitionNotAllowed(
            f"The {self.name} is {current} and cannot become {target}. {choice}", allowed=list(allowed)
        )


class StatusChange(Entity):
    """One entry of a record's journal (Statuswechsel): appended, never edited.

    ``changed_on`` is null where no source gives the day. ``holds_from_on`` is the day it counts from: the last day
    of a coarse period, or the day it was recorded where the day is unknown.
    """

    __abstract__ = True
    append_only: ClassVar[bool] = True

    seq: Mapped[int]
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    changed_on: Mapped[date | None]
    changed_on_precision: Mapped[str] = mapped_column(default=Precision.DAY)
    holds_from_on: Mapped[date]
    basis: Mapped[str] = mapped_column(default=REPORTED)
    reason: Mapped[str | None] = mapped_column(CommittedText)
    source_url: Mapped[str | None]
