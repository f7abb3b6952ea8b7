"""Reads what was uploaded: a workbook or a CSV file of anybody's making, refused before it can do harm."""

from __future__ import annotations

import csv
import io
import lzma
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from xml.parsers import expat

import python_calamine as calamine

from portfolio.core.problems import Invalid, ProblemError
from portfolio.exchange.columns import RawCell
from portfolio.exchange.scan import Scan, ScanRefused, scan_sheet, workbook_parts

LARGEST_UPLOAD = 10 * 1024 * 1024
LARGEST_CONTENT = 100 * 1024 * 1024
"""Bytes of a workbook when unpacked."""
MOST_ROWS, MOST_COLUMNS = 25_000, 200
_MOST_MEMBERS = 500
_MOST_CELLS = 1_500_000
_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK"
_DELIMITERS = ";,\t"
_PIECE = 64 * 1024
_LONGEST_TITLE = 31
"""Of a sheet in Excel."""
_DAMAGED = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
)
_SAVE_AS = "In Excel choose Save As and “Excel Workbook (*.xlsx)”."


@dataclass(frozen=True)
class Table:
    """One sheet as it came in. Rows and columns count from 1, as people see them."""

    title: str
    rows: Sequence[Sequence[RawCell]]
    """All rows; the first one is the header."""
    formulas: frozenset[tuple[int, int]] = frozenset()
    errors: frozenset[tuple[int, int]] = frozenset()
    merged: Sequence[str] = ()
    hidden: bool = False
    escaped: bool = False
    """Texts may carry the mark that keeps spreadsheets from taking them for formulas."""


@dataclass(frozen=True)
class Upload:
    """A file that was read."""

    kind: str
    tables: Sequence[Table]
    is_1904: bool = False
    notices: Sequence[tuple[str, str]] = field(default=())
    """Codes and sentences about the file as a whole."""


def read_upload(data: bytes, filename: str, sheet: str | None = None) -> Upload:
    """Read a file by what is in it; its name only tells a CSV file's sheet.

    :param sheet: the sheet that a CSV file holds.
    :raises Invalid: it is no workbook or CSV file, or one that nobody should open.
    """
    if not data:
        raise refused("empty_file", "The file is empty; choose the workbook once more.")
    if len(data) > LARGEST_UPLOAD:
        raise refused("file_too_large", "The file is larger than 10 MiB; split it by sheet or by ministry.")
    if data.startswith(_OLE):
        raise refused(
            "old_or_encrypted", f"This is an old or password-protected workbook. {_SAVE_AS}, without password."
        )
    if data.startswith(_ZIP):
        return _read_workbook(data)
    return _read_csv(data, sheet or PurePosixPath(filename.replace("\\", "/")).stem)


def refused(code: str, detail: str) -> Invalid:
    """The whole file is refused."""
    return Invalid(detail, errors=[ProblemError(code, detail, pointer="#/file")])


def _read_workbook(data: bytes) -> Upload:
    try:
        return _read_checked(data)
    except ScanRefused as error:
        raise refused(error.code, error.detail) from None
    except _DAMAGED as error:
        detail = f"The file is damaged or not whole ({type(error).__name__}); save it again and send it again."
        raise refused("damaged_file", detail) from None
    except (expat.ExpatError, calamine.CalamineError, KeyError, ValueError, UnicodeError, LookupError) as error:
        detail = f"This workbook cannot be read ({type(error).__name__}). {_SAVE_AS}"
        raise refused("unreadable_workbook", detail) from None


def _read_checked(data: bytes) -> Upload:
    members = _members(data)
    parts = workbook_parts(members)
    notices = []
    if parts.links:
        detail = "The workbook is linked to other files; what those hold is not read."
        notices.append(("external_links", detail))
    tables = []
    with calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
        visible = {meta.name: meta.visible is calamine.SheetVisibleEnum.Visible for meta in book.sheets_metadata}
        cells = 0
        for title, member in parts.sheets:
            if member not in members or title not in visible:
                raise ScanRefused("unreadable_workbook", f"The sheet {title!r:.60} is named but not there. {_SAVE_AS}")
            found = scan_sheet(members[member])
            cells += found.cells
            _check_size(title, found, cells)
            rows = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
            hidden = not visible[title]
            tables.append(Table(title, rows, found.formulas, found.errors, found.merged, hidden))
    return Upload("xlsx", tables, parts.is_1904, notices)


def _check_size(title: str, found: Scan, cells: int) -> None:
    if found.last_row > MOST_ROWS or found.last_column > MOST_COLUMNS or cells > _MOST_CELLS:
        detail = (
            f"The sheet {title!r:.60} reaches to row {found.last_row}, column {found.last_column}; taken are "
            f"{MOST_ROWS} rows and {MOST_COLUMNS} columns. Delete empty rows and columns that only look empty."
        )
        raise ScanRefused("too_many_cells", detail)


def _members(data: bytes) -> dict[str, bytes]:
    """Every part of the workbook, unpacked within bounds, whatever sizes its directory states."""
    found: dict[str, bytes] = {}
    left = LARGEST_CONTENT
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        if len(infos) > _MOST_MEMBERS:
            raise ScanRefused("too_many_parts", f"The workbook has {len(infos)} parts; that is no usual workbook.")
        names = [info.filename for info in infos]
        if "mimetype" in names and "content.xml" in names:
            raise ScanRefused(
                "wrong_file", "This is an OpenDocument file. In LibreOffice save it as “Excel 2007–365 (.xlsx)”."
            )
        if any(name.lower().endswith("vbaproject.bin") for name in names):
            raise ScanRefused("macros", f"The workbook holds macros, which are not taken. {_SAVE_AS}")
        if "xl/workbook.xml" not in names:
            raise ScanRefused("wrong_file", f"This is no Excel workbook (.xlsx). {_SAVE_AS}")
        if any(name.startswith("/") or ".." in name.replace("\\", "/").split("/") for name in names):
            raise ScanRefused("damaged_file", "The workbook holds parts that point outside of it.")
        if "[Content_Types].xml" not in names:
            raise ScanRefused("damaged_file", "The workbook says not what its parts are; save it again.")
        if len(set(names)) < len(names):
            raise ScanRefused("damaged_file", "The workbook holds a part twice; save it again and send it again.")
        for info in infos:
            pieces = []
            with archive.open(info) as member:
                # Piece by piece: what a part states of its size need not be so.
                while piece := member.read(_PIECE):
                    left -= len(piece)
                    if left < 0:
                        raise ScanRefused("too_large_unpacked", "The workbook is larger than 100 MiB when unpacked.")
                    pieces.append(piece)
            if info.filename.endswith((".xml", ".rels")):
                found[info.filename] = b"".join(pieces)
    return found


def _read_csv(data: bytes, sheet: str) -> Upload:
    if b"\x00" in data:
        raise refused("wrong_file", "This is neither a workbook (.xlsx) nor CSV text in UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        detail = "The CSV text is not UTF-8. In Excel choose Save As and “CSV UTF-8 (comma delimited)”."
        raise refused("not_utf8", detail) from None
    header = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=header.count)
    if not header.count(delimiter):
        detail = "This is neither a workbook (.xlsx) nor a CSV file of one sheet: its first line holds no columns."
        raise refused("wrong_file", detail)
    rows: list[list[RawCell]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            rows.append([*row])
            if len(rows) > MOST_ROWS or len(row) > MOST_COLUMNS:
                raise refused("too_many_cells", f"Taken are {MOST_ROWS} rows and {MOST_COLUMNS} columns.")
    except csv.Error as error:
        detail = f"Line {len(rows) + 1} of the CSV text cannot be read ({error}); look for a quote that is not closed."
        raise refused("damaged_csv", detail) from None
    return Upload("csv", [Table(sheet[:_LONGEST_TITLE], rows, escaped=True)])


def as_people_see(rows: Sequence[Sequence[RawCell]]) -> list[list[Any]]:
    """Rows without the empty cells at their ends."""
    found = []
    for row in rows:
        cells = list(row)
        while cells and cells[-1] in (None, ""):
            cells.pop()
        found.append(cells)
    return found
