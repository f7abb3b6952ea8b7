"""A list or a report as a table, whatever form it is downloaded in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import marshmallow as ma
import orjson

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
    cells: Callable[[bool], Iterable[Sequence[str]]] | None = None
    """A shorter way to the rows as :func:`csv_cell` makes cells of them, for German Excel or not."""

    @property
    def amounts(self) -> list[str]:
        """The columns of EUR."""
        return [name for name in self.columns if isinstance(self.fields.get(name), Money)]

    @property
    def numbers(self) -> frozenset[str]:
        """The columns whose cells may begin with a minus sign."""
        return frozenset(name for name in self.columns if is_number(self.fields.get(name)))


def is_number(field: ma.fields.Field[Any] | None) -> bool:
    """Whether it holds amounts or rates."""
    return isinstance(field, Money | RateField)


def csv_cell(value: Any, number: bool, german: bool) -> str:
    """The cell of a value as JSON shows it: a number for German Excel or not, a text never as a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        value = orjson.dumps(value).decode()
    text = str(value)
    if number:
        return text.replace(".", ",") if german else text
    return "'" + text if text.startswith(FORMULA_BEGINNINGS) else text


def column_letters(place: int) -> str:
    """How spreadsheets name a column: A for 0, AA for 26."""
    letters = ""
    place += 1
    while place:
        place, letter = divmod(place - 1, 26)
        letters = chr(65 + letter) + letters
    return letters
