"""Finds the register's sheets and columns in a file, however they were renamed, moved or left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portfolio.core.tables import column_letters
from portfolio.exchange.columns import RawCell, Use
from portfolio.exchange.findings import Fault
from portfolio.exchange.scan import column_number
from portfolio.exchange.sheets import SHEETS, Sheet, sheet_titled
from portfolio.exchange.upload import Table, Upload, as_people_see, refused
from portfolio.exchange.workbook import FACTS_SHEET, LISTS_SHEET, README_SHEET

_HEADER_WITHIN = 10
"""Rows at the top in which the header is looked for."""
_COPY = re.compile(r"\s*\(\d+\)$")
_MERGED = re.compile(r"([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")
_NO_TITLE = "(leer / empty)"
_OURS = frozenset(title.casefold() for label in (README_SHEET, LISTS_SHEET) for title in (label.de, label.en))


@dataclass(frozen=True)
class Matched:
    """A sheet of the file that is one of the register's."""

    sheet: Sheet
    title: str
    places: Mapping[str, int]
    """Where each known column stands, counted from 0."""
    header: Sequence[RawCell]
    body: Sequence[Sequence[RawCell]]
    first_row: int
    """Number of the first row of the body, as people count."""
    formulas: frozenset[tuple[int, int]]
    errors: frozenset[tuple[int, int]]


@dataclass
class Found:
    """The sheets of a file, and what was noticed on the way."""

    matched: list[Matched]
    facts: Sequence[Sequence[RawCell]] | None
    faults: list[Fault]
    notices: list[Fault]


def find_sheets(upload: Upload) -> Found:
    """The register's sheets in a file.

    :raises Invalid: there is none.
    """
    found = Found([], None, [], [])
    found.notices += [Fault(None, None, None, None, code, detail) for code, detail in upload.notices]
    taken: set[str] = set()
    for table in upload.tables:
        if table.title == FACTS_SHEET:
            found.facts = as_people_see(table.rows)
        elif table.title.strip().casefold() not in _OURS:
            _one(upload, table, taken, found)
    if not found.matched and not found.faults:
        names = ", ".join(f"{sheet.title.de}/{sheet.title.en}" for sheet in SHEETS)
        raise refused("no_sheet", f"No sheet of this file is one of the register's; they are called {names}.")
    return found


def address_of(sheet: Sheet, record_id: str) -> str:
    """How a record is named in an answer: its sheet and id, which stays what it is."""
    return f"{sheet.key}/{record_id}"


def _one(upload: Upload, table: Table, taken: set[str], found: Found) -> None:
    named = sheet_titled(_COPY.sub("", table.title) if upload.kind == "csv" else table.title)
    rows = [list(map(_unescaped, row)) for row in table.rows] if table.escaped else table.rows
    sheet, start = _header(rows, named)
    if sheet is None:
        if named is not None and any(as_people_see(rows)):
            detail = "No row at the top holds the column titles; put them back into the first row."
            found.faults.append(Fault(table.title, 1, None, None, "header_missing", detail))
        elif named is None:
            detail = "This sheet is none of the register's and is not read."
            found.notices.append(Fault(table.title, None, None, None, "unknown_sheet", detail))
        return
    if named is None and upload.kind == "xlsx":
        detail = f"This looks like the sheet {sheet.title.de} / {sheet.title.en}, renamed or copied; give it that name."
        found.faults.append(Fault(table.title, None, None, None, "renamed_sheet", detail))
        return
    if sheet.key in taken:
        detail = f"The sheet {sheet.title.de} / {sheet.title.en} is in the file twice; keep one."
        found.faults.append(Fault(table.title, None, None, None, "sheet_twice", detail))
        return
    taken.add(sheet.key)
    if table.hidden:
        detail = "This sheet is hidden, and read all the same; look at its changes."
        found.notices.append(Fault(table.title, None, None, None, "hidden_sheet", detail))
    body = rows[start + 1 :]
    places = _places(sheet, table, _titled(rows[start], body), start, found)
    if places is None:
        return
    found.faults += _merged(table, start + 1, len(rows), places)
    matched = Matched(sheet, table.title, places, rows[start], body, start + 2, table.formulas, table.errors)
    found.matched.append(matched)


def _header(rows: Sequence[Sequence[RawCell]], named: Sheet | None) -> tuple[Sheet | None, int]:
    """The sheet whose titles a row near the top holds, and which row that is."""
    for number, row in enumerate(rows[:_HEADER_WITHIN]):
        cells = {_folded(cell) for cell in row if isinstance(cell, str)}
        best = max(SHEETS if named is None else (named,), key=lambda sheet: len(cells & set(_titles(sheet))))
        known = cells & set(_titles(best))
        # A sheet that is not called by a name of ours has to show its keys.
        if len(known) >= 2 and (named is not None or {_folded("ID"), "stand", "version"} & known):
            return best, number
    return None, 0


def _places(sheet: Sheet, table: Table, header: Sequence[RawCell], start: int, found: Found) -> dict[str, int] | None:
    titles = _titles(sheet)
    places: dict[str, int] = {}
    unknown: list[tuple[int, str]] = []
    good = True
    for place, cell in enumerate(header):
        if cell in (None, ""):
            continue
        name = titles.get(_folded(cell))
        if name is None:
            unknown.append((place, str(cell)))
        elif name in places:
            detail = f"The column {cell} is there twice; keep one."
            found.faults.append(_at(table, start, place, "column_twice", detail))
            good = False
        else:
            places[name] = place
    missing = [column for column in sheet.columns if column.name not in places and not column.internal]
    keys = [column for column in missing if column.use is Use.KEY]
    said = ", ".join(f"{column.title('de')} / {column.title('en')}" for column in missing)
    for place, title in unknown:
        if title == _NO_TITLE:
            detail = "Below this cell stand values, but it holds no title; give the column its title back."
            found.faults.append(_at(table, start, place, "column_without_title", detail))
            good = False
        elif missing:
            detail = f"There is no column {title:.60}; was it renamed? Missing: {said}. Give it its title back."
            found.faults.append(_at(table, start, place, "unknown_column", detail))
            good = False
        else:
            detail = f"The register has no column {title:.60}; it is not read."
            found.notices.append(_at(table, start, place, "unknown_column", detail))
    if keys:
        detail = f"Without {' and '.join(column.title('de') for column in keys)} no row can be told from a new one."
        found.faults.append(Fault(table.title, start + 1, None, None, "key_column_missing", detail))
        good = False
    elif missing:
        detail = f"These columns are not in the file, and stay as they are: {said}."
        found.notices.append(Fault(table.title, start + 1, None, None, "missing_column", detail))
    return places if good else None


def _titled(header: Sequence[RawCell], body: Sequence[Sequence[RawCell]]) -> list[RawCell]:
    """The header, with a stand-in title wherever there are values below none."""
    width = max(map(len, body), default=0)
    cells = [*header, *[None] * (width - len(header))]
    for place, cell in enumerate(cells):
        if cell in (None, "") and any(len(row) > place and row[place] not in (None, "") for row in body):
            cells[place] = _NO_TITLE
    return cells


def _merged(table: Table, header_row: int, last: int, places: Mapping[str, int]) -> list[Fault]:
    faults = []
    for area in table.merged:
        found = _MERGED.fullmatch(area)
        if found is None:
            continue
        first, until = column_number(found[1]) - 1, column_number(found[3] or found[1]) - 1
        row, to_row = int(found[2]), int(found[4] or found[2])
        if header_row <= to_row and row <= last and any(first <= place <= until for place in places.values()):
            detail = f"The cells {area} are merged, so that most of them are empty; take the merge back."
            faults.append(Fault(table.title, row, found[1], None, "merged_cells", detail))
    return faults


def _at(table: Table, start: int, place: int, code: str, detail: str) -> Fault:
    return Fault(table.title, start + 1, column_letters(place), None, code, detail)


def _titles(sheet: Sheet) -> dict[str, str]:
    found: dict[str, str] = {}
    for column in sheet.columns:
        for title in (column.label.de, column.label.en, column.name):
            found[_folded(title)] = column.name
    return found


def _folded(cell: RawCell) -> str:
    return " ".join(str(cell).casefold().split())


def _unescaped(cell: RawCell) -> RawCell:
    return cell[1:] if isinstance(cell, str) and cell.startswith("'") else cell
