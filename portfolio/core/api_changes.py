"""Changes between two documents of the API: how much each costs a client, and the version step it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["breaking", "additive", "editorial"]
LEVELS: tuple[Level, ...] = ("breaking", "additive", "editorial")
_VERSION = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})")


@dataclass(frozen=True)
class Change:
    """One difference between two documents."""

    level: Level
    """``breaking``: a client that works with the old document may fail; ``additive``: there is more than before;
    ``editorial``: nothing a program sees."""
    kind: str
    """Stable slug, such as ``property-removed``."""
    where: str
    """Operation or component, with the part of it: ``POST /v1/projects, body (application/json): title_de``."""
    what: str
    """What is different, and what it does to a client."""


class Report:
    """Collects changes, each once, however often what changed is used."""

    def __init__(self) -> None:
        self._found: dict[Change, None] = {}

    def add(self, level: Level, kind: str, where: object, what: str) -> None:
        self._found[Change(level, kind, str(where), what)] = None

    def breaking(self, kind: str, where: object, what: str) -> None:
        self.add("breaking", kind, where, what)

    def additive(self, kind: str, where: object, what: str) -> None:
        self.add("additive", kind, where, what)

    def editorial(self, kind: str, where: object, what: str) -> None:
        self.add("editorial", kind, where, what)

    def changes(self) -> list[Change]:
        """All of them, the costliest first, those of one place together."""
        return sorted(self._found, key=lambda change: (LEVELS.index(change.level), change.where))


def version_of(text: str) -> tuple[int, int, int]:
    """``1.4.0`` as numbers.

    :raises ValueError: not three numbers; the step from one version to the next could not be told.
    """
    match = _VERSION.fullmatch(text)
    if not match:
        raise ValueError(f"The version {text!r} is not of the form 1.2.3.")
    major, minor, patch = (int(part) for part in match.groups())
    return major, minor, patch


def lowest_version(changes: Iterable[Change], released: str) -> str:
    """The lowest version that a document with these changes since ``released`` may have.

    While the major version is 0 nothing is promised, and the minor version stands for both (Semantic Versioning 2.0.0,
    no. 4).

    :raises ValueError: ``released`` is not of the form 1.2.3.
    """
    major, minor, _ = version_of(released)
    levels = {change.level for change in changes}
    if "breaking" in levels and major:
        return f"{major + 1}.0.0"
    if levels & {"breaking", "additive"}:
        return f"{major}.{minor + 1}.0"
    return released


def refusal(changes: Iterable[Change], released: str, version: str) -> str | None:
    """Why a document of ``version`` may not follow the ``released`` one; None: it may.

    :raises ValueError: a version that is not of the form 1.2.3.
    """
    changes = list(changes)
    lowest = lowest_version(changes, released)
    if version_of(version) >= version_of(lowest):
        return None
    if version_of(version) < version_of(released):
        return f"Version {version} is lower than the released {released}."
    worst = next(level for level in LEVELS if any(change.level == level for change in changes))
    article = {"breaking": "A breaking", "additive": "An additive", "editorial": "An editorial"}[worst]
    return f"{article} change since {released} needs version {lowest} or higher; this document is {version}."
