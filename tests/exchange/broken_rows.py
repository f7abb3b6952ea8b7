"""What people do to the rows of a workbook, to ids and version tags."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from tests.exchange.breaking import (
    AWARDS,
    ID,
    MONEY,
    PROJECTS,
    STATUS,
    TITLE,
    VERSION,
    Broken,
    Build,
    cell_of,
    cells_of,
    column_of,
    edited,
    in_cell,
    in_sheet,
    typed,
)


def _row_values(sheet: Worksheet, row: int) -> list[object]:
    return [cell.value for cell in sheet[row]]


def _sorted_down(sheet: Worksheet) -> None:
    rows = [[(cell.value, cell.number_format) for cell in row] for row in sheet.iter_rows(2)]
    for row, given in zip(sheet.iter_rows(2), reversed(rows), strict=True):
        for cell, (value, look) in zip(row, given, strict=True):
            cell.value, cell.number_format = value, look


def _merged_over(first: str, last: str, rows: int) -> Build:
    """Cells made one from the first row of records; all but the first lose what they hold."""

    def change(sheet: Worksheet) -> None:
        one, other = sorted((column_of(sheet, first), column_of(sheet, last)))
        sheet.merge_cells(start_row=2, end_row=1 + rows, start_column=one, end_column=other)

    return in_sheet(PROJECTS, change)


def _merged_beside(sheet: Worksheet) -> None:
    last = sheet.max_column
    sheet.merge_cells(start_row=1, end_row=2, start_column=last + 2, end_column=last + 3)


def _id_twice(sheet: Worksheet) -> None:
    first, second = cells_of(sheet, ID)[:2]
    second.value = first.value


def _row_twice(sheet: Worksheet) -> None:
    """A row pasted below the others, with another title."""
    values = _row_values(sheet, cell_of(sheet, ID).row)
    values[column_of(sheet, TITLE) - 1] = "Zweimal da"
    sheet.append(values)


def _foreign_id(book: openpyxl.Workbook) -> None:
    """The id of an award for a project."""
    cell_of(book[PROJECTS], ID).value = cell_of(book[AWARDS], ID).value


def _ids_swapped(sheet: Worksheet) -> None:
    first, second = cells_of(sheet, ID)[:2]
    first.value, second.value = second.value, first.value


def _row_deleted(sheet: Worksheet) -> None:
    sheet.delete_rows(cell_of(sheet, ID).row)


def _records_deleted(sheet: Worksheet) -> None:
    sheet.delete_rows(2, sheet.max_row)


def _row_between(sheet: Worksheet) -> None:
    sheet.insert_rows(3)


def _rows_filtered(sheet: Worksheet) -> None:
    sheet.auto_filter.add_filter_column(0, ["nichts"])
    for cell in cells_of(sheet, ID):
        sheet.row_dimensions[cell.row].hidden = True


def _stray_value(sheet: Worksheet) -> None:
    """A sum below the last record."""
    sheet.cell(sheet.max_row + 3, column_of(sheet, MONEY)).value = 1234567.89


def _changed(header: str, change: Callable[[object], object]) -> Build:
    """A build that makes the value of one cell of the projects another."""
    return in_cell(PROJECTS, header, lambda cell: setattr(cell, "value", change(cell.value)))


def _newer(sheet: Worksheet) -> None:
    """A version that is still to come, and another title."""
    tag = cell_of(sheet, VERSION)
    tag.value = int(tag.value) + 1
    sheet.cell(tag.row, column_of(sheet, TITLE)).value = "Aus der Zukunft"


_UNKNOWN_ID = str(UUID(int=0x8F2C6F0E5D9A4B7C9A1B2C3D4E5F6071))
ROWS = (
    Broken(
        "merged-over-data",
        _merged_over(TITLE, TITLE, 2),
        expects="fault",
        why="The title of the second project is gone; it must not be taken for deleted.",
    ),
    Broken(
        "merged-across-columns",
        _merged_over(TITLE, ID, 1),
        expects="fault",
        why="The id went with the merge; the row must not be taken for a new one.",
    ),
    Broken(
        "merged-beside-the-table",
        in_sheet(PROJECTS, _merged_beside),
        expects="same",
        why="What is merged where nothing stands does no harm.",
    ),
    Broken(
        "row-deleted",
        in_sheet(PROJECTS, _row_deleted),
        expects="notice",
        why="A deleted row deletes nothing, and that is said.",
    ),
    Broken(
        "rows-all-deleted",
        in_sheet(PROJECTS, _records_deleted),
        expects="notice",
        why="Deleted rows delete nothing, and that is said.",
    ),
    Broken("row-empty-between", in_sheet(PROJECTS, _row_between), expects="same", why="An empty row is no record."),
    Broken(
        "rows-sorted",
        in_sheet(PROJECTS, _sorted_down),
        expects="same",
        why="Records are told by their ids, not by their places.",
    ),
    Broken(
        "rows-filtered", in_sheet(PROJECTS, _rows_filtered), expects="same", why="Rows that a filter hides are rows."
    ),
    Broken(
        "row-of-a-sum", in_sheet(AWARDS, _stray_value), expects="fault", why="A sum below the records is no new award."
    ),
    Broken(
        "row-without-id",
        typed(PROJECTS, ID, None),
        expects="fault",
        why="A known project without its id must not be made twice.",
    ),
    Broken(
        "row-twice", in_sheet(PROJECTS, _row_twice), expects="fault", why="Two rows of one project: which one holds?"
    ),
    Broken(
        "id-twice", in_sheet(PROJECTS, _id_twice), expects="fault", why="Two projects under one id: which row holds?"
    ),
    Broken(
        "ids-swapped",
        in_sheet(PROJECTS, _ids_swapped),
        expects="fault",
        why="Each row would be written over the other project.",
    ),
    Broken("id-unknown", typed(PROJECTS, ID, _UNKNOWN_ID), expects="fault", why="There is no such record."),
    Broken("id-of-another-kind", edited(_foreign_id), expects="fault", why="The id of an award is no project."),
    Broken("id-no-id", typed(PROJECTS, ID, "Projekt 7"), expects="fault", why="A text that is no id."),
    Broken("id-a-number", typed(PROJECTS, ID, 8), expects="fault", why="A number is no id."),
    Broken(
        "id-cut",
        _changed(ID, lambda value: str(value)[:-1]),
        expects="fault",
        why="The last letter of an id is missing.",
    ),
    Broken(
        "id-in-capitals",
        _changed(ID, lambda value: str(value).upper()),
        expects="same",
        why="Capitals make no other id.",
    ),
    Broken(
        "id-with-blanks",
        _changed(ID, lambda value: f" {value}\u00a0"),
        expects="same",
        why="Blanks around an id are not meant.",
    ),
    Broken(
        "id-in-braces",
        _changed(ID, lambda value: f"{{{value}}}"),
        expects="same",
        why="The same id as other programs write it.",
    ),
    Broken(
        "version-missing",
        typed(PROJECTS, VERSION, None),
        expects="fault",
        why="Without the version tag nobody sees a conflict.",
    ),
    Broken("version-zero", typed(PROJECTS, VERSION, 0), expects="fault", why="The first version is 1."),
    Broken("version-negative", typed(PROJECTS, VERSION, -1), expects="fault", why="The first version is 1."),
    Broken("version-a-text", typed(PROJECTS, VERSION, "neu"), expects="fault", why="A version is a number."),
    Broken("version-a-fraction", typed(PROJECTS, VERSION, 1.5), expects="fault", why="A version is a whole number."),
    Broken("version-huge", typed(PROJECTS, VERSION, 10**30), expects="fault", why="No database holds this number."),
    Broken(
        "version-newer",
        in_sheet(PROJECTS, _newer),
        expects="fault",
        why="A version that is still to come was not given out.",
    ),
    Broken("version-as-text", _changed(VERSION, str), expects="same", why="The same number, formatted as text."),
    Broken(
        "status-typed-over",
        typed(PROJECTS, STATUS, "fertig, glaube ich"),
        expects="fault",
        why="A column for reading was changed: it must be said that nothing comes of it.",
    ),
)
