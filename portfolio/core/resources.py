"""What the register holds: each package names its records here, ``app`` puts them together, the history reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import sqlalchemy as sa

from portfolio.core.columns import CommittedText, SortKey
from portfolio.core.db import Entity

_OF_THE_RECORD = frozenset({"id", "version", "created_at", "updated_at", "search_text"})


@dataclass(frozen=True)
class Shown:
    """One column as it is shown: under its public name, an id as the key of the record it names."""

    column: str
    name: str
    internal: bool
    committed: bool
    target: str | None
    """The table whose key is shown instead of the id."""


@dataclass(frozen=True)
class Kind:
    """One kind of record, as it is shown outside."""

    model: type[Entity]
    name: str
    path: str | None = None
    """Its place under /v1; None for what is only part of the record it belongs to (``belongs_to``)."""
    key: str = "id"
    single: bool = False
    """There is only one, and its address names no key."""
    belongs_to: str | None = None
    """The column that leads to the record it belongs to; the last one in this chain is a project, if any."""
    internal: frozenset[str] = frozenset()
    """Columns that are not public, beside the erasable texts (DESIGN 6)."""
    derived: frozenset[str] = frozenset()
    """Columns that say nothing of their own, beside keys for sorting and searching."""
    draft: Mapping[str, str] = field(default_factory=dict)
    """A record that looks like this is shown to those who see its internals only."""

    @property
    def table(self) -> sa.Table:
        table = self.model.__table__
        assert isinstance(table, sa.Table)
        return table

    @cached_property
    def shown(self) -> tuple[Shown, ...]:
        """The columns that are shown, in the order of the table."""
        return tuple(_shown(self, column) for column in self.table.columns if not _is_silent(self, column))

    @property
    def parent(self) -> str | None:
        """The table of the record it belongs to."""
        return None if self.belongs_to is None else _target(self.table.columns[self.belongs_to])


class Register:
    """All kinds of records."""

    def __init__(self, kinds: Sequence[Kind], owned: str = "") -> None:
        self.owned = owned
        """The table whose records have an owner, and with them what belongs to them."""
        self.kinds = {kind.table.name: kind for kind in kinds}
        self.paths = {kind.path: kind for kind in kinds if kind.path is not None}

    def parts_of(self, kind: Kind) -> list[Kind]:
        """The kinds that are shown as part of ``kind``."""
        return [part for part in self.kinds.values() if part.path is None and part.parent == kind.table.name]

    def home_of(self, kind: Kind) -> Kind:
        """The kind with an address of its own that ``kind`` is shown with."""
        while kind.path is None:
            assert kind.parent is not None
            kind = self.kinds[kind.parent]
        return kind


def _is_silent(kind: Kind, column: sa.Column[object]) -> bool:
    return column.name in _OF_THE_RECORD | kind.derived or isinstance(column.type, SortKey)


def _target(column: sa.Column[object]) -> str | None:
    return next((key.column.table.name for key in column.foreign_keys), None)


def _shown(kind: Kind, column: sa.Column[object]) -> Shown:
    target = _target(column)
    committed = isinstance(column.type, CommittedText)
    name = column.name.removesuffix("_id") if target else column.name
    return Shown(column.name, name, committed or column.name in kind.internal, committed, target)
