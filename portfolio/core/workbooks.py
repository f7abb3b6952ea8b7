"""A table as a workbook: typed cells under a frozen header with filters, and a sheet that says where it is from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

import marshmallow as ma
import orjson

from portfolio.core.answers import Edition
from portfolio.core.dates import parse_instant
from portfolio.core.fields import Count, Day, InstantField, Money, RateField, StrictBool
from portfolio.core.money import ZERO
from portfolio.core.problems import Invalid, ProblemError
from portfolio.core.tables import FORMULA_BEGINNINGS, Table, column_letters
from portfolio.core.vocabulary import Label, Language

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS = 1_048_575
"""What a sheet holds below its header."""
LONGEST_TEXT = 32_767
"""What a cell holds, in units of UTF-16."""
_EXACT_DIGITS = 15
"""Decimal digits that a spreadsheet's number keeps."""
_FIRST_DAY = datetime(2019, 9, 9, tzinfo=UTC)
"""Stands for the time a workbook was made where no revision gives one: the same content is the same bytes."""
_WIDEST = 60

_DATA = Label("Daten", "Data")
_ABOUT = Label("Angaben", "About")
_CUT = Label(" … [gekürzt: {} Zeichen; vollständig als JSON und CSV]", " … [cut: {} characters; whole as JSON and CSV]")
_WORDS = {
    "content": Label("Inhalt", "Content"),
    "address": Label("Adresse", "Address"),
    "parameter": Label("Parameter", "Parameter"),
    "valid_on": Label("Stand am (valid_on)", "True on (valid_on)"),
    "known_at": Label("Kenntnisstand (known_at)", "As known at (known_at)"),
    "now": Label("aktuell", "now"),
    "past": Label("Revision {}", "revision {}"),
    "revision": Label("Revision", "Revision"),
    "instant": Label("Zeitpunkt der Revision (UTC)", "Instant of the revision (UTC)"),
    "view": Label("Sicht", "View"),
    "rows": Label("Zeilen", "Rows"),
    "units": Label("Einheiten", "Units"),
    "units_text": Label(
        "Beträge in EUR, Tage nach Europe/Berlin, Zeitpunkte in UTC; leer heißt: nicht bekannt.",
        "Amounts in EUR, days of Europe/Berlin, instants in UTC; empty means: not known.",
    ),
    "sums": Label("Kontrollsumme", "Control sum"),
    "values": Label("Werte", "Values"),
    "stated": Label("laut Register", "as stated by the register"),
    "counted": Label("in dieser Mappe", "in this workbook"),
}


@dataclass(frozen=True)
class Origin:
    """Where a download is from."""

    edition: Edition
    view: str
    path: str
    asked: Sequence[tuple[str, str]]
    """Every parameter of the query."""
    language: Language

    def word(self, name: str) -> str:
        return _WORDS[name].text(self.language)


@dataclass
class _Sum:
    """The control sum of one column."""

    values: int = 0
    total: Decimal = ZERO
    exact: bool = True
    """Whether every amount is a number in the sheet."""

    def add(self, value: str | None) -> None:
        if value is not None:
            amount = Decimal(value)
            self.values += 1
            self.total += amount
            self.exact = self.exact and is_exact(amount)


@dataclass(frozen=True)
class _Kind:
    """How a column of one type looks."""

    fields: tuple[type[ma.fields.Field[Any]], ...]
    width: int
    number: Label | None = None
    """Its number format."""


_TEXT = _Kind((), 24)
_KINDS: Mapping[str, _Kind] = {
    "day": _Kind((Day,), 12, Label("dd.mm.yyyy", "yyyy-mm-dd")),
    "instant": _Kind((InstantField,), 20, Label("dd.mm.yyyy hh:mm:ss", "yyyy-mm-dd hh:mm:ss")),
    "money": _Kind((Money,), 18, Label("#,##0.00", "#,##0.00")),
    "rate": _Kind((RateField,), 10, Label("0.00%", "0.00%")),
    "count": _Kind((Count,), 10, Label("0", "0")),
    "bool": _Kind((StrictBool,), 10),
    "text": _TEXT,
}


def kind_of(column: ma.fields.Field[Any] | None) -> str:
    """The type of cell for what ``column`` holds."""
    return next((name for name, kind in _KINDS.items() if isinstance(column, kind.fields)), "text")


def number_format(column: ma.fields.Field[Any] | None, language: Language) -> str | None:
    """How cells of what ``column`` holds are shown; None for text and truth."""
    number = _KINDS[kind_of(column)].number
    return None if number is None else number.text(language)


def fitting(text: str, language: Language) -> str:
    """``text`` as long as a cell can hold it, with a remark where it is cut."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * LONGEST_TEXT:
        return text
    remark = _CUT.text(language).format(len(text))
    return units[: 2 * (LONGEST_TEXT - len(remark))].decode("utf-16-le", "ignore") + remark


class Cells:
    """Writes typed cells of one workbook."""

    def __init__(self, book: Workbook, language: Language) -> None:
        self._language = language
        self.header: Format = book.add_format({"bold": True})
        self._quoted: Format = book.add_format({"quote_prefix": True})
        self._formats: dict[str, Format] = {
            name: book.add_format({"num_format": kind.number.text(language)})
            for name, kind in _KINDS.items()
            if kind.number is not None
        }
        self._writers: dict[str, Callable[[Worksheet, int, int, Any], None]] = {
            "day": lambda *cell: self._moment(*cell, kind="day", read=date.fromisoformat),
            "instant": lambda *cell: self._moment(*cell, kind="instant", read=_naive),
            "money": lambda *cell: self._decimal(*cell, kind="money"),
            "rate": lambda *cell: self._decimal(*cell, kind="rate"),
            "count": lambda sheet, row, column, value: sheet.write_number(row, column, value, self._formats["count"]),
            "bool": lambda sheet, row, column, value: sheet.write_boolean(row, column, value),
            "text": self._text,
        }

    def write(self, sheet: Worksheet, row: int, column: int, value: Any, kind: str = "text") -> None:
        """Write ``value``, given as in JSON; what is not known leaves the cell empty."""
        if value is not None:
            self._writers[kind](sheet, row, column, value)

    def formula(self, sheet: Worksheet, row: int, column: int, formula: str, value: Decimal) -> None:
        """A formula of EUR with what it gives."""
        sheet.write_formula(row, column, formula, self._formats["money"], value)

    def _moment(
        self, sheet: Worksheet, row: int, column: int, value: str, *, kind: str, read: Callable[[str], date]
    ) -> None:
        sheet.write_datetime(row, column, read(value), self._formats[kind])

    def _decimal(self, sheet: Worksheet, row: int, column: int, value: str, *, kind: str) -> None:
        amount = Decimal(value)
        if is_exact(amount):
            sheet.write_number(row, column, amount, self._formats[kind])  # XlsxWriter writes its digits as they are
        else:
            self._text(sheet, row, column, value)

    def _text(self, sheet: Worksheet, row: int, column: int, value: Any) -> None:
        # Never sheet.write, which makes formulas and links of texts.
        text = orjson.dumps(value).decode() if isinstance(value, list | dict) else str(value)
        # Excel makes a formula of such a text when its cell is edited, unless the cell is marked.
        style = self._quoted if text.startswith(FORMULA_BEGINNINGS) else None
        sheet.write_string(row, column, fitting(text, self._language), style)


def write_workbook(file: IO[bytes], table: Table, origin: Origin) -> None:
    """Write ``table`` into ``file``; the same table of the same origin gives the same bytes.

    :raises Invalid: it has more rows than a sheet.
    """
    with opened_workbook(file) as book:
        book.set_properties({"title": table.name, "created": origin.edition.at or _FIRST_DAY})
        cells = Cells(book, origin.language)
        data = book.add_worksheet(_DATA.text(origin.language))
        sums = {name: _Sum() for name in table.amounts}
        rows = _write_rows(data, table, cells, sums)
        about = book.add_worksheet(_ABOUT.text(origin.language))
        _About(about, cells, origin).write(table, rows, sums)


@contextmanager
def opened_workbook(file: IO[bytes]) -> Iterator[Workbook]:
    """A workbook that keeps its rows in files; they are gone afterwards, also when something fails."""
    from portfolio.core.plain_sheets import PlainBook  # takes long to load, and most workers never write one

    with TemporaryDirectory(prefix="portfolio-") as folder:
        options = {"constant_memory": True, "tmpdir": folder, "strings_to_formulas": False, "strings_to_urls": False}
        book = PlainBook(file, options)
        try:
            yield book
            book.close()
        finally:
            for sheet in book.worksheets():
                sheet.row_data_fh.close()


def _write_rows(sheet: Worksheet, table: Table, cells: Cells, sums: Mapping[str, _Sum]) -> int:
    kinds = [kind_of(table.fields.get(name)) for name in table.columns]
    for number, (name, kind) in enumerate(zip(table.columns, kinds, strict=True)):
        sheet.set_column(number, number, min(_WIDEST, max(_KINDS[kind].width, len(name) + 4)))
        sheet.write_string(0, number, name, cells.header)
    count = 0
    for count, row in enumerate(table.rows, 1):
        if count > MOST_ROWS:
            detail = f"A workbook holds {MOST_ROWS} rows and this has more; take csv, or narrow the list."
            raise Invalid(detail, errors=[ProblemError(parameter="format", code="too_many_rows", detail=detail)])
        for number, (name, kind) in enumerate(zip(table.columns, kinds, strict=True)):
            cells.write(sheet, count, number, row.get(name), kind)
        for name, found in sums.items():
            found.add(row.get(name))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, count, len(table.columns) - 1)
    return count


@dataclass
class _About:
    """The sheet that says what the data is."""

    sheet: Worksheet
    cells: Cells
    origin: Origin
    _next: int = field(default=0, init=False)

    def write(self, table: Table, rows: int, sums: Mapping[str, _Sum]) -> None:
        edition, word = self.origin.edition, self.origin.word
        self.sheet.set_column(0, 0, 32)
        self.sheet.set_column(1, 3, 26)
        self._line("content", table.name)
        self._line("address", self.origin.path)
        for name, value in self.origin.asked:
            self._line("parameter", name, value)
        self._line("valid_on", edition.valid_on.isoformat(), kind="day")
        self._line("known_at", word("now") if edition.known_at is None else word("past").format(edition.known_at))
        self._line("revision", edition.revision, kind="count")
        if edition.at is not None:
            self._line("instant", edition.at.isoformat(), kind="instant")
        self._line("view", self.origin.view)
        self._line("rows", rows, kind="count")
        self._line("units", word("units_text"))
        if sums:
            self._next += 1
            for column, name in enumerate(("sums", "values", "stated", "counted")):
                self.sheet.write_string(self._next, column, word(name), self.cells.header)
            self._next += 1
        for name, found in sums.items():
            self._sum(name, found, _range_of(self.origin.language, table.columns.index(name), rows))

    def _line(self, label: str, *values: Any, kind: str = "text") -> None:
        self.sheet.write_string(self._next, 0, self.origin.word(label), self.cells.header)
        for column, value in enumerate(values, 1):
            self.cells.write(self.sheet, self._next, column, value, kind)
        self._next += 1

    def _sum(self, name: str, found: _Sum, where: str) -> None:
        self.cells.write(self.sheet, self._next, 0, name)
        self.cells.write(self.sheet, self._next, 1, found.values, "count")
        if found.values:  # a sum of nothing is not known, and not 0
            self.cells.write(self.sheet, self._next, 2, f"{found.total:f}", "money")
            if found.exact and is_exact(found.total):
                self.cells.formula(self.sheet, self._next, 3, f"=ROUND(SUM({where}),2)", found.total)
        self._next += 1


def _range_of(language: Language, column: int, rows: int) -> str:
    name = f"${column_letters(column)}"
    return f"'{_DATA.text(language)}'!{name}$2:{name}${rows + 1}"


def is_exact(amount: Decimal) -> bool:
    """Whether a spreadsheet's number is exactly ``amount``."""
    return len(amount.normalize().as_tuple().digits) <= _EXACT_DIGITS


def _naive(text: str) -> datetime:
    return parse_instant(text).replace(tzinfo=None)
