"""Reads workbooks twice, with two libraries that know nothing of the one that wrote them."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

import openpyxl
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

Row = dict[str, Any]


def sheets(data: bytes, *, formulas: bool = False) -> list[Worksheet]:
    """The sheets as openpyxl reads them; with ``formulas`` instead of what they give."""
    return openpyxl.load_workbook(io.BytesIO(data), data_only=not formulas).worksheets


def rows_of(data: bytes) -> list[Row]:
    """The rows of the first sheet, read the same by both libraries."""
    header, *rows = sheets(data)[0].iter_rows(values_only=True)
    other = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    one, two = _plain(header, *map(_unescaped, rows)), _plain(*other)
    assert [len(row) for row in one] == [len(row) for row in two]
    different = [pair for pair in zip(chain(*one), chain(*two), strict=True) if not _same(*pair)]
    assert different == []
    return [dict(zip(map(str, header), _unescaped(row), strict=True)) for row in rows]


def about(data: bytes) -> list[tuple[Any, ...]]:
    """The lines of the second sheet, without what is empty at their ends."""
    return [_stripped(line) for line in sheets(data)[1].iter_rows(values_only=True)]


def parts(data: bytes) -> str:
    """All the XML of a workbook."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert packed.testzip() is None
        return "".join(packed.read(name).decode() for name in packed.namelist())


def _unescaped(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """What ``_x000D_`` and its like stand for (ECMA-376, ST_Xstring); openpyxl leaves that to its caller."""
    return tuple(unescape(cell) if isinstance(cell, str) else cell for cell in row)


def _stripped(line: tuple[Any, ...]) -> tuple[Any, ...]:
    while line and line[-1] is None:
        line = line[:-1]
    return line


def _same(one: Any, other: Any) -> bool:
    """Equal; an instant is a fraction of a day, which the libraries round each in its own way."""
    if isinstance(one, datetime) and isinstance(other, datetime):
        return abs(one - other) <= timedelta(milliseconds=2)
    return bool(one == other)


def _plain(*rows: Any) -> list[list[Any]]:
    return [[_value(cell) for cell in row] for row in rows]


def _value(cell: Any) -> Any:
    if cell == "" or cell is None:
        return None
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 (a workbook knows no zones)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell)
    return cell
