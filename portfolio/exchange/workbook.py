"""Writes the officer's workbook: typed cells, lists to choose from, locked keys, and what the way back needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from portfolio.core import fields
from portfolio.core.tables import FORMULA_BEGINNINGS, column_letters
from portfolio.core.vocabulary import Codelist, Label, Language
from portfolio.core.workbooks import LONGEST_TEXT, fitting, is_exact, kind_of, number_format
from portfolio.exchange.columns import Column, RawCell, Use
from portfolio.exchange.rows import Record
from portfolio.exchange.sheets import SHEETS, Sheet

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

LAYOUT = "1"
FACTS_SHEET = "_register"
"""Hidden; says where the workbook is from and which records it was given out with."""
LISTS_SHEET = Label("Listen", "Lists")
README_SHEET = Label("Lies mich", "Read me")
FREE_ROWS = 500
"""Rows below the records that are prepared for new ones."""
_CREATED = datetime(2020, 1, 1, tzinfo=UTC)  # the same bytes for the same content
_DAYS = (date(2000, 1, 1), date(2100, 12, 31))
_WIDE, _NARROW = 40, 16
_NUMBER = re.compile(r"-?[0-9]+\.[0-9]+")


@dataclass(frozen=True)
class Facts:
    """Where a workbook is from; written into it, and read when it comes back."""

    log: str
    revision: int
    valid_on: date
    instant: str
    """Of the revision; empty before the first one."""


@dataclass(frozen=True)
class Mark:
    """What is to be seen at a cell: a fault, a conflict or a change."""

    kind: str
    note: str


class WorkbookWriter:
    """Writes one workbook, sheet by sheet and row by row, so that memory does not grow with it."""

    def __init__(self, book: Workbook, language: Language) -> None:
        self._book = book
        self._book.set_properties({"title": "Ruhr-Konferenz", "created": _CREATED})
        self._language = language
        self._given: dict[str, Sequence[str]] = {}
        self._formats: dict[tuple[Any, ...], Format] = {}
        self._lists = _codelists()

    def readme(self, lines: Sequence[tuple[str, str]]) -> None:
        """The first sheet: a line each, of a name and what there is to say."""
        sheet = self._add(README_SHEET.text(self._language))
        sheet.set_column(0, 0, 28, self._format(bold=True, valign="top", text_wrap=True))
        sheet.set_column(1, 1, 100, self._format(valign="top", text_wrap=True))
        sheet.hide_gridlines(2)
        for number, (name, text) in enumerate(lines):
            sheet.write_string(number, 0, name, self._format(bold=True, valign="top", text_wrap=True))
            sheet.write_string(number, 1, text, self._format(valign="top", text_wrap=True))
        sheet.protect("", {"select_locked_cells": True, "format_columns": True, "format_rows": True})

    def sheet(self, sheet: Sheet, records: Iterable[Record], *, internal: bool) -> None:
        """One sheet with its records; ``internal``: with the columns that are not public."""
        columns = [column for column in sheet.columns if internal or not column.internal]
        target = self._begin(sheet, columns)
        ids: list[str] = []
        self._given[sheet.key] = ids
        number = 0
        for number, record in enumerate(records, start=1):
            ids.append(str(record["id"]))
            for place, column in enumerate(columns):
                value = record.get(column.name)
                self._write(target, number, place, column, column.shows(value, self._language))
        self._finish(target, columns, number)

    def copy(
        self,
        title: str,
        rows: Iterable[Sequence[RawCell]],
        header: int,
        columns: Mapping[int, Column],
        marks: Mapping[tuple[int, int], Mark],
    ) -> None:
        """A sheet as it came in, each cell in its place.

        :param header: the row of the titles, counted from 0.
        """
        target = self._add(title)
        target.freeze_panes(header + 1, 2)
        for place, column in columns.items():
            target.set_column(place, place, _width(column))
        number = 0
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                column_here = columns.get(place) if number > header else None
                self._write_marked(target, number, place, column_here, cell, marks.get((number, place)))
        last = max(columns, default=0)
        self._validate(target, [columns.get(place) for place in range(last + 1)], number + FREE_ROWS)

    def finish(self, facts: Facts | None, given: Mapping[str, Sequence[str]] | None = None) -> None:
        """Write the lists, and what the way back needs.

        :param given: the ids of each sheet as it was first given out, where they are not those written here.
        """
        self._write_lists()
        if facts is not None:
            self._write_facts(facts, self._given if given is None else given)

    def _add(self, title: str) -> Worksheet:
        return self._book.add_worksheet(title)

    def _begin(self, sheet: Sheet, columns: Sequence[Column]) -> Worksheet:
        target = self._add(sheet.title.text(self._language))
        for place, column in enumerate(columns):
            free = column.use in (Use.EDIT, Use.NEW, Use.STEP)
            target.set_column(place, place, _width(column), self._cell_format(column, locked=not free))
        for place, column in enumerate(columns):
            target.write_string(0, place, column.title(self._language), self._header_format(column))
            note = f"{column.note.de}\n{column.note.en}\n({column.name})"
            target.write_comment(0, place, note, {"x_scale": 2, "y_scale": 1.2})
        target.freeze_panes(1, 2)
        return target

    def _finish(self, target: Worksheet, columns: Sequence[Column], last: int) -> None:
        target.autofilter(0, 0, max(last, 1), len(columns) - 1)
        self._validate(target, columns, last + FREE_ROWS)
        target.protect(
            "",
            {
                "format_cells": True,
                "format_columns": True,
                "format_rows": True,
                "insert_rows": True,
                "sort": True,
                "autofilter": True,
            },
        )

    def _validate(self, target: Worksheet, columns: Sequence[Column | None], last: int) -> None:
        for place, column in enumerate(columns):
            if column is not None and column.use in (Use.EDIT, Use.NEW, Use.STEP):
                rule = self._rule(column)
                if rule is not None:
                    target.data_validation(1, place, last, place, {"ignore_blank": True, **rule})

    def _rule(self, column: Column) -> dict[str, Any] | None:
        if column.codelist is not None:
            place = column_letters(list(self._lists).index(column.codelist.name))
            title = LISTS_SHEET.text(self._language)
            return {"validate": "list", "source": f"={title}!${place}$2:${place}${len(column.codelist.codes) + 1}"}
        if isinstance(column.form, fields.StrictBool):
            words = ["ja", "nein"] if self._language == "de" else ["yes", "no"]
            return {"validate": "list", "source": words, "error_type": "information"}
        if isinstance(column.form, fields.Day):
            return {"validate": "date", "criteria": "between", "minimum": _DAYS[0], "maximum": _DAYS[1]}
        if isinstance(column.form, fields.Money):
            return {"validate": "decimal", "criteria": ">=", "value": 0}
        if isinstance(column.form, fields.RateField):
            return {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 1}
        return None

    def _write(self, target: Worksheet, row: int, place: int, column: Column, cell: RawCell) -> None:
        locked = column.use in (Use.SHOWN, Use.KEY, Use.NEW)
        look = self._cell_format(column, locked=locked, **_quoted(cell))
        write_cell(target, row, place, column, cell, look, self._language)

    def _write_marked(
        self, target: Worksheet, row: int, place: int, column: Column | None, cell: RawCell, mark: Mark | None
    ) -> None:
        colour = {"fault": "#F8CBAD", "conflict": "#FFE699", "change": "#C6E0B4"}[mark.kind] if mark else None
        shade = {"bg_color": colour} if colour else {}
        if column is None:
            look = self._format(bold=row == 0, **shade, **_quoted(cell))
        else:
            look = self._cell_format(column, locked=False, **shade, **_quoted(cell))
        write_cell(target, row, place, column, cell, look, self._language)
        if mark is not None and mark.note:
            target.write_comment(row, place, mark.note[:LONGEST_TEXT], {"x_scale": 2, "y_scale": 1.5})

    def _header_format(self, column: Column) -> Format:
        colour = {Use.SHOWN: "#D9D9D9", Use.KEY: "#D9D9D9", Use.STEP: "#FFF2CC"}.get(column.use, "#DDEBF7")
        return self._format(bold=True, bg_color=colour, text_wrap=True, valign="top", bottom=1)

    def _cell_format(self, column: Column, *, locked: bool, **look: Any) -> Format:
        shade = {"font_color": "#595959", "bg_color": "#F2F2F2"} if locked else {}
        return self._format(num_format=_number_format(column, self._language), locked=locked, **shade, **look)

    def _format(self, **properties: Any) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(properties)
        return self._formats[key]

    def _write_lists(self) -> None:
        sheet = self._add(LISTS_SHEET.text(self._language))
        longest = max(len(codelist.codes) for codelist in self._lists.values())
        sheet.set_column(0, len(self._lists) - 1, 24)
        for row in range(longest + 1):
            for place, codelist in enumerate(self._lists.values()):
                if row == 0:
                    sheet.write_string(0, place, codelist.title.text(self._language))
                elif row <= len(codelist.codes):
                    sheet.write_string(row, place, codelist.label(codelist.codes[row - 1], self._language))
        sheet.protect()

    def _write_facts(self, facts: Facts, given: Mapping[str, Sequence[str]]) -> None:
        sheet = self._add(FACTS_SHEET)
        sheet.very_hidden()
        said = {
            "layout": LAYOUT,
            "log": facts.log,
            "revision": str(facts.revision),
            "valid_on": facts.valid_on.isoformat(),
            "instant": facts.instant,
        }
        for row in range(1 + max([1, *(len(ids) for ids in given.values())])):
            for place, (name, value) in enumerate(said.items()):
                if row < 2:
                    sheet.write_string(row, place, name if row == 0 else value)
            for place, (key, ids) in enumerate(given.items(), start=len(said)):
                if row == 0:
                    sheet.write_string(0, place, key)
                elif row <= len(ids):
                    sheet.write_string(row, place, ids[row - 1])
        sheet.protect()


def write_cell(
    target: Worksheet, row: int, place: int, column: Column | None, cell: RawCell, look: Format, language: Language
) -> None:
    """One typed cell. A text is always written as text, whatever it begins with."""
    if cell is None or cell == "":
        target.write_blank(row, place, None, look)
    elif isinstance(cell, bool):
        target.write_boolean(row, place, cell, look)
    elif isinstance(cell, datetime | date):
        target.write_datetime(row, place, cell, look)
    elif isinstance(cell, int | float):
        target.write_number(row, place, cell, look)
    elif column is not None and kind_of(column.form) in ("money", "rate") and _is_exact_number(str(cell)):
        target.write_number(row, place, Decimal(str(cell)), look)  # XlsxWriter writes its digits as they are
    else:
        target.write_string(row, place, fitting(str(cell), language), look)


def _is_exact_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and is_exact(Decimal(text))


def _quoted(cell: RawCell) -> dict[str, bool]:
    """Excel makes a formula of such a text when its cell is edited, unless the cell is marked."""
    return {"quote_prefix": True} if isinstance(cell, str) and cell.startswith(FORMULA_BEGINNINGS) else {}


def _number_format(column: Column, language: Language) -> str:
    # Whatever is typed into a cell of text stays what was typed: 13-01 is no day.
    plain = "General" if isinstance(column.form, fields.StrictBool) else "@"
    return number_format(column.form, language) or plain


def _width(column: Column) -> int:
    wide = isinstance(column.form, fields.LongText) or column.name.startswith(("title", "project_title"))
    return _WIDE if wide else max(_NARROW, len(column.label.de) + 4)


def _codelists() -> dict[str, Codelist]:
    found = {}
    for sheet in SHEETS:
        for column in sheet.columns:
            if column.codelist is not None and column.use in (Use.EDIT, Use.NEW, Use.STEP):
                found[column.codelist.name] = column.codelist
    return found
