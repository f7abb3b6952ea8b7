"""One column of the workbook: what it is called, what its cells hold, and what a cell that came back says."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

import marshmallow as ma

from portfolio.core import fields
from portfolio.core.vocabulary import Codelist, Label, Language

JsonValue = str | int | bool | list[str] | None
"""A value as the API writes it: money, rates and days are text."""
RawCell = str | float | int | bool | date | datetime | time | timedelta | None
"""A cell as the file gives it; empty is None or an empty text."""

_EPOCH = date(1899, 12, 30)
_EPOCH_1904 = date(1904, 1, 1)
_GERMAN_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_POINT = re.compile(r"-?\d+(\.\d+)?")
_GROUPED_DE = re.compile(r"-?\d{1,3}(\.\d{3})+(,\d+)?")
_GROUPED_EN = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
_COMMA = re.compile(r"-?\d+,\d+")
_AMBIGUOUS = re.compile(r"-?\d{1,3}[.,]\d{3}")
_YES = frozenset({"ja", "wahr", "true", "yes", "x", "1"})
_NO = frozenset({"nein", "falsch", "false", "no", "0"})
_SIGNIFICANT = 15
"""Digits that Excel keeps of a number."""


class Use(StrEnum):
    """What a column is for."""

    EDIT = "edit"
    """May be changed, and filled for a new record."""
    NEW = "new"
    """Filled for a new record, then fixed."""
    STEP = "step"
    """Empty when given out; filled it asks for a change of status."""
    SHOWN = "shown"
    """Shown for reading."""
    KEY = "key"
    """Says which record this is, and which version of it."""


class CellFault(Exception):
    """What a cell holds cannot be what the column takes."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True)
class Column:
    """One column, under the name of its field in the API."""

    name: str
    label: Label
    note: Label
    use: Use
    form: ma.fields.Field[Any] = field(hash=False)
    """The field that takes or shows its values."""
    internal: bool = False
    """Given out to those who see internals only."""

    @cached_property
    def codelist(self) -> Codelist | None:
        return self.form.codelist if isinstance(self.form, fields.Code) else None

    @cached_property
    def _codes(self) -> dict[str, str]:
        """The code that each word stands for: itself, and its label in either language."""
        found: dict[str, str] = {}
        for code, label in self.codelist.labels.items() if self.codelist else ():
            for word in (code, label.de, label.en):
                found.setdefault(word.casefold(), code)
        return found

    def title(self, language: Language) -> str:
        return self.label.text(language)

    def shows(self, value: JsonValue, language: Language) -> RawCell:
        """The cell for a value of the register."""
        if value is None:
            return None
        if self.codelist is not None:
            return self.codelist.label(str(value), language)
        if isinstance(self.form, fields.Day):
            return date.fromisoformat(str(value))
        if isinstance(value, list):
            return "\n".join(value) or None
        return value

    def reads(self, cell: RawCell, *, is_1904: bool = False) -> JsonValue:
        """The value that a cell stands for, as the API would be sent it; None for an empty one.

        What the field itself refuses (a code that is not in the list, too long a text) passes here.

        :raises CellFault: the cell can stand for no value of this column, or for more than one.
        """
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            return [] if isinstance(self.form, ma.fields.List) else None
        if isinstance(self.form, fields.Money):
            return _money(cell)
        if isinstance(self.form, fields.RateField):
            return _rate(cell)
        if isinstance(self.form, fields.Day):
            return _day(cell, is_1904)
        if isinstance(self.form, fields.Count):
            return _count(cell)
        if isinstance(self.form, fields.StrictBool):
            return _truth(cell)
        text = _text(cell)
        if self.codelist is not None:
            return self._code(text, self.codelist)
        if isinstance(self.form, ma.fields.List):
            return [line for part in text.split("\n") if (line := part.strip())]
        return text

    def _code(self, text: str, codelist: Codelist) -> str:
        code = self._codes.get(text.casefold())
        if code is None:
            raise CellFault("not_in_list", f"{text:.60} is not in the list; choose one of: {_choices(codelist)}.")
        return code

    def equal(self, one: JsonValue, other: JsonValue) -> bool:
        """Whether two values are the same to a person: blanks around a text do not count."""
        if isinstance(one, str) and isinstance(other, str):
            return _folded(one) == _folded(other)
        if isinstance(one, list) and isinstance(other, list):
            return [_folded(text) for text in one] == [_folded(text) for text in other]
        return one == other or (one in (None, []) and other in (None, []))


def _folded(text: str) -> str:
    if text.isascii() and "\r" not in text:
        return text.strip()
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _text(cell: RawCell) -> str:
    if isinstance(cell, str):
        return _folded(cell)
    if isinstance(cell, bool):
        raise CellFault("not_text", "This cell holds TRUE or FALSE; format it as text and type the words.")
    if isinstance(cell, date | time | timedelta):
        raise CellFault("became_a_day", f"Excel made a day or time of this text ({cell}); format the cell as text.")
    if isinstance(cell, int | float):
        exact = _decimal(cell)
        if len(exact.as_tuple().digits) > _SIGNIFICANT or abs(exact) >= Decimal(10) ** _SIGNIFICANT:
            raise CellFault("number_too_long", "Excel keeps 15 digits of a number; format the cell as text.")
        return f"{exact:f}"
    return ""


def _decimal(cell: float) -> Decimal:
    """The decimal number that a person sees: a double is rounded to the 15 digits that Excel keeps."""
    try:
        exact = Decimal(repr(cell))
        if len(exact.as_tuple().digits) > _SIGNIFICANT:
            exact = Decimal(f"{cell:.{_SIGNIFICANT}g}")
    except (ArithmeticError, ValueError):
        raise CellFault("not_a_number", "This is no number that can be used.") from None
    if not exact.is_finite() or abs(exact) >= Decimal("1e16"):
        raise CellFault("not_a_number", "This number is too large.")
    return exact.quantize(Decimal(1)) if exact == exact.to_integral_value() else exact.normalize()


def _number(cell: RawCell, what: str) -> Decimal:
    if isinstance(cell, bool | date | time | timedelta):
        raise CellFault("not_a_number", f"Type {what} as a number; this cell is formatted as something else.")
    if isinstance(cell, int | float):
        return _decimal(cell)
    text = re.sub(r"[\s\u00a0\u202f']", "", str(cell)).removesuffix("EUR").removesuffix("€").removeprefix("€")
    if _AMBIGUOUS.fullmatch(text) and not text.lstrip("-").startswith("0"):
        detail = f"{cell!s:.40} can be read in two ways; type {what} as a number, without a thousands separator."
        raise CellFault("ambiguous_number", detail)
    if _GROUPED_DE.fullmatch(text) or _COMMA.fullmatch(text):
        return Decimal(text.replace(".", "").replace(",", "."))
    if _GROUPED_EN.fullmatch(text):
        return Decimal(text.replace(",", ""))
    if _POINT.fullmatch(text) and text.isascii():
        return Decimal(text)
    raise CellFault("not_a_number", f"{cell!s:.40} is no number; type {what} as a number.")


def _money(cell: RawCell) -> str:
    amount = _number(cell, "the amount")
    if _decimals(amount) > 2:
        raise CellFault("too_many_decimals", f"{amount:f} has more than two decimals; round it to the cent yourself.")
    return f"{amount:.2f}"


def _rate(cell: RawCell) -> str:
    if isinstance(cell, str) and cell.strip().endswith("%"):
        rate = _number(cell.strip().removesuffix("%"), "the share").scaleb(-2)
    else:
        rate = _number(cell, "the share")
    if _decimals(rate) > 4:
        raise CellFault("too_many_decimals", f"{rate:f} has more than four decimals; give 85 % as 0.85 or 85%.")
    return f"{rate:.4f}"


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def _day(cell: RawCell, is_1904: bool) -> str:
    if isinstance(cell, datetime):
        if cell.time() != time(0):
            raise CellFault("day_with_time", f"{cell} has a time of day; leave only the day.")
        cell = cell.date()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, bool | time | timedelta):
        raise CellFault("not_a_day", "Type a day such as 2026-06-30 or 30.06.2026.")
    if isinstance(cell, int | float):
        return _serial(cell, is_1904).isoformat()
    text = str(cell).strip()
    german = _GERMAN_DAY.fullmatch(text)
    if german:
        day, month, year = (int(part) for part in german.groups())
        try:
            return date(year, month, day).isoformat()
        except ValueError:
            raise CellFault("not_a_day", f"There is no day {text}.") from None
    if _ISO_DAY.fullmatch(text):
        return text
    raise CellFault("not_a_day", f"{text:.40} is no day; type 2026-06-30 or 30.06.2026.")


def _serial(cell: float, is_1904: bool) -> date:
    """A day whose cell has lost its format: Excel counts days from 1900 (or 1904)."""
    try:
        found = (_EPOCH_1904 if is_1904 else _EPOCH) + timedelta(days=int(cell))
    except (OverflowError, ValueError):
        raise CellFault("not_a_day", "This number stands for no day.") from None
    if cell != int(cell) or not 2000 <= found.year <= 2100:
        detail = f"The number {cell:g} stands for no day between 2000 and 2100; type the day, such as 30.06.2026."
        raise CellFault("not_a_day", detail)
    return found


def _count(cell: RawCell) -> int:
    number = _number(cell, "the value")
    if number != number.to_integral_value():
        raise CellFault("not_whole", f"{number:f} is no whole number.")
    return int(number)


def _truth(cell: RawCell) -> bool:
    if isinstance(cell, bool):
        return cell
    word = str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).strip().casefold()
    if word in _YES or word in _NO:
        return word in _YES
    raise CellFault("not_yes_or_no", f"{cell!s:.40} is neither yes nor no; choose from the list.")


def _choices(codelist: Codelist) -> str:
    return ", ".join(f"{label.de} ({code})" for code, label in codelist.labels.items())
