"""What the register must say, kept in plain dictionaries: the reference of the state machine."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal

APPLICATION_STEPS = {
    "draft": ("submitted", "withdrawn"),
    "submitted": ("under_review", "withdrawn"),
    "under_review": ("returned", "approved", "partly_approved", "rejected", "withdrawn"),
    "returned": ("under_review", "withdrawn"),
}
MILESTONE_STEPS = {"scheduled": ("achieved", "partly_achieved", "missed", "cancelled")}
FIRST = ("draft", "scheduled")
GRANTED = ("approved", "partly_approved")


@dataclass
class Record:
    """One record as its list shows it."""

    kind: str
    parent: str | None
    value: str
    status: str
    version: int = 1
    note: str | None = None


@dataclass
class Reference:
    """The records of now, and those of every revision."""

    records: dict[str, Record] = field(default_factory=dict)
    states: list[dict[str, Record]] = field(default_factory=lambda: [{}])
    erased: set[str] = field(default_factory=set)

    @property
    def revision(self) -> int:
        return len(self.states) - 1

    def commit(self) -> None:
        """The records as they are now become a revision."""
        self.states.append(deepcopy(self.records))

    def add(self, key: str, record: Record) -> None:
        self.records[key] = record
        self.commit()

    def change(self, key: str, *, value: str | None = None, status: str | None = None, note: str | None = None) -> None:
        """A change of what it is already is none: it makes no revision."""
        record = self.records[key]
        found = (value or record.value, status or record.status, note or record.note)
        if found != (record.value, record.status, record.note):
            record.value, record.status, record.note = found
            record.version += 1
            self.commit()

    def remove(self, key: str) -> None:
        del self.records[key]
        self.commit()

    def keys(self, kind: str) -> list[str]:
        return [key for key, record in self.records.items() if record.kind == kind]

    def children(self, key: str) -> list[str]:
        return [child for child, record in self.records.items() if record.parent == key]

    def shown(self, kind: str, revision: int) -> dict[str, tuple[str, str | None, int]]:
        """What the list of ``kind`` must have shown at ``revision``: key to value, status, version.

        The first status of what is entered begins on that day, which is after the day looked at: it had none yet.
        """
        return {
            key: (record.value, None if record.status in FIRST else record.status, record.version)
            for key, record in self.states[revision].items()
            if record.kind == kind
        }

    def applied(self, revision: int) -> Decimal:
        """What was applied for: every application that was ever submitted, rejected and withdrawn ones too."""
        return _sum(
            record.value
            for record in self.states[revision].values()
            if record.kind == "application" and record.note == "submitted"
        )

    def approved(self, revision: int) -> Decimal:
        """The awards in force: the last of each chain."""
        return _sum(
            record.value
            for record in self.states[revision].values()
            if record.kind == "award" and record.status != "superseded"
        )


def _sum(amounts: Iterable[str]) -> Decimal:
    return sum(map(Decimal, amounts), Decimal(0))
