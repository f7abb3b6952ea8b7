"""Looks through the parts of a workbook before anything is built from them: size, formulas, merged cells, calendar."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_RELATIONSHIPS = "xl/_rels/workbook.xml.rels"
_MACROS = "macroenabled"
_PLAIN = ("TRUE()", "FALSE()")


class ScanRefused(Exception):
    """The workbook is not read further."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True)
class Parts:
    """What the workbook says of itself."""

    sheets: Sequence[tuple[str, str]]
    """Title of each sheet and the part that holds it."""
    is_1904: bool
    links: bool


@dataclass(frozen=True)
class Scan:
    """What one sheet holds."""

    last_row: int
    last_column: int
    cells: int
    formulas: frozenset[tuple[int, int]]
    errors: frozenset[tuple[int, int]]
    """Cells such as ``#REF!``, which read as empty."""
    merged: Sequence[str]


def workbook_parts(members: Mapping[str, bytes]) -> Parts:
    """The sheets of a workbook in their order.

    :raises ScanRefused: it holds macros, entities, or names parts that are not in it.
    """
    if _MACROS in members.get("[Content_Types].xml", b"").decode(errors="replace").lower():
        raise ScanRefused("macros", "The workbook holds macros, which are not taken; save it as .xlsx without them.")
    targets: dict[str, str] = {}

    def relation(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            joined = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
            targets[attributes.get("Id", "")] = joined

    sheets: list[tuple[str, str]] = []
    calendar = {"date1904": "0"}

    def part(name: str, attributes: dict[str, str]) -> None:
        if name == "workbookPr":
            calendar.update(attributes)
        elif name == "sheet":
            found = next((value for key, value in attributes.items() if key.endswith("id")), "")
            sheets.append((attributes.get("name", ""), targets.get(found, "")))

    _walk(members.get(_RELATIONSHIPS, b""), relation)
    _walk(members["xl/workbook.xml"], part)
    worksheets = [(title, member) for title, member in sheets if not member.startswith("xl/chartsheets/")]
    return Parts(
        worksheets,
        calendar["date1904"] in ("1", "true"),
        any(name.startswith("xl/externalLinks/") for name in members),
    )


def scan_sheet(data: bytes) -> Scan:
    """Go through a sheet once, keeping only what is asked.

    :raises ScanRefused: it declares entities, or is no sheet.
    """
    parser = _parser()
    counter = _Counter(parser)
    parser.StartElementHandler = counter.begin
    parser.Parse(data, True)
    if counter.root != "worksheet":
        raise ScanRefused("unreadable_workbook", "A sheet of the workbook is no sheet; save the workbook again.")
    return Scan(
        counter.last_row,
        counter.last_column,
        counter.cells,
        frozenset(counter.formulas),
        frozenset(counter.errors),
        tuple(counter.merged),
    )


class _Counter:
    def __init__(self, parser: expat.XMLParserType) -> None:
        self._parser = parser
        self._formula: list[str] = []
        self.last_row = self.last_column = self.cells = 0
        self.root: str | None = None
        self.formulas: set[tuple[int, int]] = set()
        self.errors: set[tuple[int, int]] = set()
        self.merged: list[str] = []
        self._row = self._column = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rsplit(":", 1)[-1]
        self.root = self.root or name
        if name == "c":
            self._cell(attributes.get("r"))
            if attributes.get("t") == "e":
                self.errors.add((self._row, self._column))
        elif name == "row":
            given = attributes.get("r", "")
            self._row = int(given) if given.isascii() and given.isdigit() else self._row + 1
            self._column = 0
        elif name in ("v", "is", "f"):
            # A cell that has only a look costs nobody anything, and counts for nothing.
            self.cells += name != "f"
            self.last_row = max(self.last_row, self._row)
            self.last_column = max(self.last_column, self._column)
            if name == "f":
                self._formula = []
                self._parser.CharacterDataHandler = self._formula.append
                self._parser.EndElementHandler = self._end_of_formula
        elif name == "mergeCell":
            self.merged.append(attributes.get("ref", ""))

    def _end_of_formula(self, _name: str) -> None:
        self._parser.CharacterDataHandler = self._parser.EndElementHandler = None
        # LibreOffice writes the plain values TRUE and FALSE in this way.
        if "".join(self._formula).strip().upper() not in _PLAIN:
            self.formulas.add((self._row, self._column))

    def _cell(self, given: str | None) -> None:
        found = _CELL.fullmatch(given or "")
        if found:
            self._column = column_number(found[1])
            self._row = int(found[2])
        else:
            self._column += 1


def column_number(letters: str) -> int:
    """1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _walk(data: bytes, begin: Callable[[str, dict[str, str]], None]) -> None:
    parser = _parser()

    def element(name: str, attributes: dict[str, str]) -> None:
        begin(name.rsplit(":", 1)[-1], attributes)

    parser.StartElementHandler = element
    parser.Parse(data, True)


def _parser() -> expat.XMLParserType:
    def declared(*_: Any) -> None:
        raise ScanRefused("entities", "The workbook declares entities, which no spreadsheet program writes.")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = declared
    return parser
