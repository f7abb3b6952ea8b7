"""A list or a report as a table, whatever form it is downloaded in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import marshmallow as ma

from portfolio.core.fields import Money, RateField

FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""A cell that begins so would be taken for a formula by a spreadsheet (OWASP CSV injection)."""


@dataclass(frozen=True)
class Table:
    """What is downloaded: columns, and rows that are there one at a time."""

    name: str
    """Of the file, without its ending; plain letters and hyphens."""
    columns: Sequence[str]
    fields: Mapping[str, ma.fields.Field[Any]]
    """What the columns hold; one that is missing here holds text."""
    rows: Iterable[Mapping[str, Any]]
    """As JSON shows them."""

    @property
    def amounts(self) -> list[str]:
        """The columns of EUR."""
        return [name for name in self.columns if isinstance(self.fields.get(name), Money)]

    @property
    def numbers(self) -> frozenset[str]:
        """The columns of amounts and rates; only they may begin with a minus sign."""
        return frozenset(name for name in self.columns if isinstance(self.fields.get(name), Money | RateField))
