"""Ids of loaded records: the same on every register, made from what the record is called."""

from __future__ import annotations

from uuid import UUID, uuid5

_NAMESPACE = UUID("6f1c4c1e-7d0e-5a86-9d5e-2f6a5f0c9b11")


class Labels:
    """Gives UUIDv5 ids under a label (``project/oepnv-initiative``), counting the records made under it."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._label = ""
        self._used: dict[str, int] = {}

    def label(self, name: str) -> None:
        """What the next records belong to."""
        self._label = self._prefix + name

    def new_id(self) -> UUID:
        number = self._used.get(self._label, 0)
        self._used[self._label] = number + 1
        return uuid5(_NAMESPACE, self._label if number == 0 else f"{self._label}#{number}")


def milestone_id(slug: str, code: str) -> UUID:
    """The id of a loaded milestone, for examples that name one."""
    return uuid5(_NAMESPACE, f"milestone/{slug}/{code}")
