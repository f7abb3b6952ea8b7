"""What people do to the sheets and columns of a workbook."""

from __future__ import annotations

from collections.abc import Callable

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from tests.exchange.breaking import (
    AWARDS,
    DAY,
    ID,
    MILESTONES,
    PROJECTS,
    TITLE,
    VERSION,
    WORKBOOK,
    Broken,
    Build,
    Package,
    column_of,
    edited,
    in_sheet,
    package,
)

OURS = (PROJECTS, "Anträge", AWARDS, "Zahlungen", MILESTONES, "Prognosen")
"""The sheets with records."""


def _state(state: str) -> Build:
    return in_sheet(PROJECTS, lambda sheet: setattr(sheet, "sheet_state", state))


def _renamed(title: str) -> Build:
    return in_sheet(PROJECTS, lambda sheet: setattr(sheet, "title", title))


def _copied(book: openpyxl.Workbook) -> None:
    """As Excel copies a sheet: beside it, under its name with a number."""
    book.copy_worksheet(book[PROJECTS]).title = f"{PROJECTS} (2)"


def _same_name(book: Package) -> None:
    book.edit(WORKBOOK, f'name="{AWARDS}"', f'name="{PROJECTS}"')


def _all_removed(book: openpyxl.Workbook) -> None:
    for title in set(OURS) & set(book.sheetnames):
        del book[title]


def _notes(book: openpyxl.Workbook) -> None:
    sheet = book.create_sheet("Notizen", 0)
    sheet.append(["Offen", "Wer"])
    sheet.append(["Titel prüfen", "MV"])


def _chart(book: openpyxl.Workbook) -> None:
    book.create_chartsheet("Diagramm")


def _titled(header: str, title: object) -> Build:
    """Another text for the title of a column."""

    def change(sheet: Worksheet) -> None:
        sheet.cell(1, column_of(sheet, header)).value = title

    return in_sheet(PROJECTS, change)


def _without_column(header: str) -> Build:
    return in_sheet(PROJECTS, lambda sheet: sheet.delete_cols(column_of(sheet, header)))


def _reordered(sheet: Worksheet) -> None:
    """The columns from last to first, with their looks."""
    for row in sheet.iter_rows():
        cells = [(cell.value, cell.number_format) for cell in row]
        for cell, (value, look) in zip(row, reversed(cells), strict=True):
            cell.value, cell.number_format = value, look


def _more_columns(*header: str | None, content: str | None) -> Build:
    """Columns right of the others."""

    def change(sheet: Worksheet) -> None:
        first = sheet.max_column + 1
        for place, title in enumerate(header, start=first):
            sheet.cell(1, place).value = title
            sheet.cell(2, place).value = content

    return in_sheet(PROJECTS, change)


def _column_twice(sheet: Worksheet) -> None:
    """The titles of the projects once more, each a little different."""
    place, last = column_of(sheet, TITLE), sheet.max_column + 1
    for row in range(1, sheet.max_row + 1):
        value = sheet.cell(row, place).value
        sheet.cell(row, last).value = value if row == 1 or value is None else f"{value} neu"


def _column_inside(sheet: Worksheet) -> None:
    sheet.insert_cols(column_of(sheet, TITLE))


def _lines_above(*lines: str) -> Callable[[Worksheet], None]:
    def change(sheet: Worksheet) -> None:
        sheet.insert_rows(1, len(lines))
        for number, line in enumerate(lines, start=1):
            sheet.cell(number, 1).value = line or None

    return change


def _titles_changed(change: Callable[[str], str]) -> Build:
    def build(sheet: Worksheet) -> None:
        for cell in sheet[1]:
            cell.value = change(str(cell.value))

    return in_sheet(PROJECTS, build)


def _merged_header(sheet: Worksheet) -> None:
    place = column_of(sheet, TITLE)
    sheet.merge_cells(start_row=1, end_row=1, start_column=place, end_column=place + 1)


def _columns_hidden(sheet: Worksheet) -> None:
    for header in (ID, VERSION, TITLE):
        sheet.column_dimensions[get_column_letter(column_of(sheet, header))].hidden = True


_WHOLE = (
    Broken(
        "saved-by-another-program", edited(lambda book: None), expects="same", why="Opened and saved, nothing changed."
    ),
    Broken(
        "sheet-hidden",
        _state("hidden"),
        expects="notice",
        why="A hidden sheet is read all the same, and somebody should know.",
    ),
    Broken(
        "sheet-very-hidden",
        _state("veryHidden"),
        expects="notice",
        why="Hidden so that Excel does not even offer to show it.",
    ),
    Broken(
        "sheet-renamed",
        _renamed("Projekte alt"),
        expects="fault",
        why="It looks like the sheet of projects but is not called so.",
    ),
    Broken("sheet-renamed-case", _renamed("PROJEKTE "), expects="same", why="Capitals and blanks make no other sheet."),
    Broken("sheet-copied", edited(_copied), expects="fault", why="The sheet is there twice: which one holds?"),
    Broken(
        "sheet-name-twice", package(_same_name), expects="fault", why="Two sheets of one name, which Excel cannot make."
    ),
    Broken(
        "sheet-removed",
        edited(lambda book: book.remove(book[PROJECTS])),
        expects="notice",
        why="Its records stay as they are.",
    ),
    Broken("sheets-all-removed", edited(_all_removed), why="Nothing of the register is left in the file."),
    Broken(
        "sheets-turned-round",
        edited(lambda book: book._sheets.reverse()),
        expects="same",
        why="The order of the sheets says nothing.",
    ),
    Broken("sheet-of-notes", edited(_notes), expects="notice", why="A sheet of one's own is not read."),
    Broken("sheet-of-a-chart", edited(_chart), expects="same", why="A chart holds no cells."),
)
_COLUMNS = (
    Broken(
        "header-renamed",
        _titled(TITLE, "Bezeichnung"),
        expects="fault",
        why="A title that is not known where another one is missing.",
    ),
    Broken("header-emptied", _titled(TITLE, None), expects="fault", why="A column with values but without a title."),
    Broken("header-a-number", _titled(TITLE, 2026), expects="fault", why="A number where a title belongs."),
    Broken(
        "header-row-removed",
        in_sheet(PROJECTS, lambda sheet: sheet.delete_rows(1)),
        expects="fault",
        why="Nobody can tell what the columns are.",
    ),
    Broken(
        "header-one-down",
        in_sheet(PROJECTS, _lines_above("")),
        expects="same",
        why="An empty row above the titles does no harm.",
    ),
    Broken(
        "header-below-a-title",
        in_sheet(PROJECTS, _lines_above("Projekte des Ministeriums", "")),
        expects="same",
        why="A line above the titles does no harm.",
    ),
    Broken(
        "header-far-down",
        in_sheet(PROJECTS, _lines_above(*["x"] * 200)),
        expects="fault",
        why="Two hundred lines down it is no header any more.",
    ),
    Broken(
        "header-blanks-and-case",
        _titles_changed(lambda title: f"  {title.upper()}\u00a0"),
        expects="same",
        why="Capitals, blanks and no-break spaces make no other title.",
    ),
    Broken(
        "header-on-two-lines",
        _titles_changed(lambda title: title.replace(" ", "\n")),
        expects="same",
        why="A title broken into lines is the same title.",
    ),
    Broken("header-merged", in_sheet(PROJECTS, _merged_header), expects="fault", why="The title right of it is gone."),
    Broken(
        "columns-turned-round",
        in_sheet(PROJECTS, _reordered),
        expects="same",
        why="Columns are told by their titles, not by their places.",
    ),
    Broken("column-missing", _without_column(DAY), expects="notice", why="What is not in the file stays as it is."),
    Broken(
        "column-id-missing",
        _without_column(ID),
        expects="fault",
        why="Without the id no row can be told from a new one.",
    ),
    Broken(
        "column-version-missing",
        _without_column(VERSION),
        expects="fault",
        why="Without the version tag nobody sees a conflict.",
    ),
    Broken(
        "column-twice",
        in_sheet(PROJECTS, _column_twice),
        expects="fault",
        why="Two columns of one title and different values: which one holds?",
    ),
    Broken(
        "column-unknown",
        _more_columns("Bearbeiter", content="Frau Beispiel"),
        expects="notice",
        why="A column of one's own is not read.",
    ),
    Broken(
        "column-unknown-empty",
        _more_columns("Bearbeiter", content=None),
        expects="notice",
        why="A column of one's own is not read, even an empty one.",
    ),
    Broken(
        "column-inserted-empty",
        in_sheet(PROJECTS, _column_inside),
        expects="same",
        why="An empty column between the others does no harm.",
    ),
    Broken("columns-hidden", in_sheet(PROJECTS, _columns_hidden), expects="same", why="A hidden column is a column."),
)
SHEETS = (*_WHOLE, *_COLUMNS)
