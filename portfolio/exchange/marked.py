"""Gives a file back as it came in, with what was found marked in its cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import IO, Any

from portfolio.core.vocabulary import Language
from portfolio.core.workbooks import opened_workbook
from portfolio.exchange.columns import CellFault, Column, JsonValue, RawCell
from portfolio.exchange.fault_texts import GERMAN
from portfolio.exchange.headers import Matched, find_sheets
from portfolio.exchange.imports import unpacked
from portfolio.exchange.models import Import
from portfolio.exchange.origin import read_origin
from portfolio.exchange.scan import column_number
from portfolio.exchange.upload import read_upload
from portfolio.exchange.workbook import Mark, WorkbookWriter

_MOST_LINES = 1000
Marks = dict[tuple[int, int], Mark]
"""By row and column, both counted from 0."""


def write_marked(target: IO[bytes], *, kept: Import, language: Language) -> None:
    """Write the sheets of ``kept`` with each fault, conflict and change in its place, and a list of all of them."""
    upload = read_upload(kept.file, kept.filename, kept.sheet)
    found = find_sheets(upload)
    result = {"changes": unpacked(kept.changes), **unpacked(kept.result)}
    with opened_workbook(target) as book:
        writer = WorkbookWriter(book, language)
        writer.readme([*_head(kept, result, language), *_lines(result, language)])
        for matched in found.matched:
            rows = [matched.header, *matched.body]
            columns = {place: matched.sheet.by_name[name] for name, place in matched.places.items()}
            marks = _marks(matched, result, language)
            writer.copy(
                matched.sheet.title.text(language) if upload.kind == "csv" else matched.title.strip(),
                _blank(matched.first_row - 2) + [_typed(row, columns, upload.is_1904) for row in rows],
                matched.first_row - 2,
                columns,
                marks,
            )
        origin = None if found.facts is None else read_origin(found.facts)
        if origin is None:
            writer.finish(None)
        else:
            writer.finish(origin.facts, origin.given)


def _blank(rows: int) -> list[Sequence[RawCell]]:
    return [[] for _ in range(rows)]


def _typed(row: Sequence[RawCell], columns: Mapping[int, Column], is_1904: bool) -> list[RawCell]:
    """Cells as the register would write them, where they can be read; the others as they came."""
    found: list[RawCell] = []
    for place, cell in enumerate(row):
        column = columns.get(place)
        if column is not None and column.codelist is None and not isinstance(cell, bool):
            try:
                value = column.reads(cell, is_1904=is_1904)
                cell = column.shows(value, "de")
            except (CellFault, ValueError):
                pass  # it stays as it came, and is marked
        found.append(cell)
    return found


def _marks(matched: Matched, result: Mapping[str, Any], language: Language) -> Marks:
    marks: Marks = {}

    def shown(cell: Mapping[str, Any], value: JsonValue) -> str:
        column = matched.sheet.by_name[cell["field"]]
        text = column.shows(value, language)
        return "–" if text is None else f"{text:%d.%m.%Y}" if isinstance(text, date) and language == "de" else str(text)

    for change in _of(matched, result["changes"]):
        for cell in change["cells"]:
            note = f"{shown(cell, cell['old'])} → {shown(cell, cell['new'])}"
            _put(marks, change["row"], cell["column"], Mark("change", note[:1000]))
    theirs, yours = ("Register", "Ihre Datei") if language == "de" else ("Register", "Your file")
    for clash in _of(matched, result["conflicts"]):
        for cell in clash["cells"]:
            note = f"{theirs}: {shown(cell, cell['theirs'])}\n{yours}: {shown(cell, cell['yours'])}"
            _put(marks, clash["row"], cell["column"], Mark("conflict", note[:1000]))
    for fault in _of(matched, result["faults"]):
        if fault["row"] is not None:
            _put(marks, fault["row"], fault["column"] or "A", Mark("fault", _told(fault, language)))
    return marks


def _told(fault: Mapping[str, Any], language: Language) -> str:
    german = GERMAN.get(fault["code"]) if language == "de" else None
    return f"{german}\n{fault['detail']} [{fault['code']}]" if german else f"{fault['detail']} [{fault['code']}]"


def _of(matched: Matched, found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in found if one["sheet"] == matched.title]


def _put(marks: Marks, row: int, column: str, mark: Mark) -> None:
    if column:
        marks[row - 1, column_number(column) - 1] = mark


def _head(kept: Import, result: Mapping[str, Any], language: Language) -> list[tuple[str, str]]:
    counts = result["counts"]
    if language == "de":
        said = (
            f"{counts['changed']} geändert, {counts['created']} neu, {counts['unchanged']} unverändert, "
            f"{counts['faults']} Fehler, {counts['conflicts']} Konflikte, {counts['missing']} fehlend"
        )
        colours = "Rot: Fehler. Gelb: Konflikt. Grün: wird geändert. Notiz an der Zelle lesen, ändern, neu hochladen."
        return [("Datei", kept.filename or "–"), ("Gefunden", said), ("Farben", colours)]
    said = (
        f"{counts['changed']} changed, {counts['created']} new, {counts['unchanged']} unchanged, "
        f"{counts['faults']} faults, {counts['conflicts']} conflicts, {counts['missing']} missing"
    )
    colours = "Red: fault. Yellow: conflict. Green: changes. Read the note at the cell, mend it, send the file in."
    return [("File", kept.filename or "–"), ("Found", said), ("Colours", colours)]


def _lines(result: Mapping[str, Any], language: Language) -> list[tuple[str, str]]:
    lines = [(_place(one), _told(one, language)) for one in [*result["faults"], *result["notices"]]]
    return lines[:_MOST_LINES]


def _place(one: Mapping[str, Any]) -> str:
    return f"{one['sheet'] or ''} {one['column'] or ''}{one['row'] or ''}".strip() or "–"
