"""CSV files of the sheet of projects, broken by programs and by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime

import openpyxl

from tests.exchange.breaking import DAY, ID, MEGABYTE, PROJECTS, TITLE, Broken, Build

Rows = list[list[str]]
BOM = "\ufeff"
NAME = f"{PROJECTS}.csv"


def _rows(good: bytes) -> Rows:
    """The sheet of projects as texts: days and numbers as the register writes them in CSV."""
    sheet = openpyxl.load_workbook(io.BytesIO(good), read_only=True)[PROJECTS]
    return [[_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return "" if value is None else str(value)


def _written(rows: Sequence[Sequence[str]], delimiter: str = ";", ending: str = "\r\n") -> str:
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows(rows)
    return target.getvalue()


def _as_text(write: Callable[[Rows], str], encoding: str = "utf-8") -> Build:
    """A build that writes the rows as text; what the encoding does not hold becomes a question mark."""
    return lambda good: write(_rows(good)).encode(encoding, errors="replace")


def _with_title(title: str) -> Build:
    """A build with another title in the first row of projects."""

    def write(rows: Rows) -> str:
        rows[1][rows[0].index(TITLE)] = title
        return BOM + _written(rows)

    return _as_text(write)


def _umlauts(rows: Rows) -> str:
    rows[1][rows[0].index(TITLE)] = "Brücke für Fußgänger"
    return _written(rows)


def _with_header(change: Callable[[list[str]], None]) -> Build:
    def write(rows: Rows) -> str:
        change(rows[0])
        return BOM + _written(rows)

    return _as_text(write)


def _unclosed(rows: Rows) -> str:
    """The quote after the last cell is missing."""
    return _written(rows).rstrip()[:-1] + "\r\n"


def _ragged(change: Callable[[list[str]], list[str]]) -> Build:
    """Another number of cells in the first row of projects."""
    return _as_text(lambda rows: _written([rows[0], change(rows[1]), *rows[2:]]))


def _split(rows: Rows) -> str:
    """A title with the delimiter in it and no quotes around: everything right of it moves."""
    place = rows[0].index(TITLE)
    return _written([rows[0], [*rows[1][:place], "Rad", "netz", *rows[1][place + 1 :]], *rows[2:]])


def _id_cut(rows: Rows) -> str:
    rows[1][rows[0].index(ID)] = "8,00E+12"
    return _written(rows)


def _german_days(rows: Rows) -> str:
    """As Excel saves a CSV file in Germany."""
    place = rows[0].index(DAY)
    for row in rows[1:]:
        row[place] = ".".join(reversed(row[place].split("-")))
    return BOM + _written(rows)


CSV_FILES = (
    Broken("csv-whole", _as_text(lambda rows: BOM + _written(rows)), NAME, "same", "A sheet as CSV, nothing changed."),
    Broken(
        "csv-commas",
        _as_text(lambda rows: _written(rows, ",")),
        NAME,
        "same",
        "The same with commas and without a mark of UTF-8.",
    ),
    Broken(
        "csv-tabs", _as_text(lambda rows: _written(rows, "\t")), NAME, "same", "The same with tabs, as it is pasted."
    ),
    Broken(
        "csv-old-line-ends",
        _as_text(lambda rows: _written(rows, ending="\r")),
        NAME,
        "same",
        "The line ends of an old Mac.",
    ),
    Broken(
        "csv-german-days",
        _as_text(_german_days),
        NAME,
        "same",
        "Days as Excel writes them when it saves CSV in Germany.",
    ),
    Broken("csv-utf16", _as_text(_written, "utf-16"), NAME, "refused", "Excel's “Unicode text”."),
    Broken("csv-utf16-without-mark", _as_text(_written, "utf-16-le"), NAME, "refused", "The same without a mark."),
    Broken("csv-latin1", _as_text(_umlauts, "latin-1"), NAME, "refused", "Excel's plain CSV: umlauts of one byte."),
    Broken(
        "csv-two-marks",
        _as_text(lambda rows: BOM + BOM + _written(rows)),
        NAME,
        "fault",
        "Two programs each put their mark; the second stands before the first title.",
    ),
    Broken(
        "csv-pipes", _as_text(lambda rows: _written(rows, "|")), NAME, "refused", "A delimiter that nobody expects."
    ),
    Broken("csv-unclosed-quote", _as_text(_unclosed), NAME, "refused", "The rest of the file would be one cell."),
    Broken("csv-nul", _with_title("Rad\0netz"), NAME, "refused", "A NUL is in no text."),
    Broken("csv-control", _with_title("Rad\x0bnetz"), NAME, "fault", "A control character in a title."),
    Broken("csv-bidi", _with_title("Rad\u202enetz"), NAME, "fault", "It shows other letters than it holds."),
    Broken(
        "csv-formula",
        _with_title("=1+1"),
        NAME,
        "change",
        "In CSV it is a text; it must never be given out as a formula.",
    ),
    Broken("csv-two-megabytes", _with_title("x" * 2 * MEGABYTE), NAME, "refused", "2 MB in one cell."),
    Broken("csv-40000-characters", _with_title("lang " * 8000), NAME, "fault", "More than a title holds."),
    Broken("csv-only-header", _as_text(lambda rows: _written(rows[:1])), NAME, "same", "No rows change nothing."),
    Broken(
        "csv-without-header",
        _as_text(lambda rows: _written(rows[1:])),
        NAME,
        "fault",
        "Nobody can tell what the columns are.",
    ),
    Broken("csv-empty", lambda good: BOM.encode(), NAME, "refused", "A mark of UTF-8 and nothing else."),
    Broken("csv-blank-lines", lambda good: b"\r\n" * 1000, NAME, "refused", "A thousand empty lines."),
    Broken(
        "csv-row-short", _ragged(lambda row: row[:3]), NAME, "fault", "Cells are missing at the end, the id among them."
    ),
    Broken(
        "csv-row-long", _ragged(lambda row: [*row, "", "x", "y"]), NAME, "fault", "Cells that stand under no title."
    ),
    Broken(
        "csv-title-split",
        _as_text(_split),
        NAME,
        "fault",
        "A delimiter inside a title: everything right of it moved by one.",
    ),
    Broken(
        "csv-id-as-number",
        _as_text(_id_cut),
        NAME,
        "fault",
        "Excel made a number of an id when it opened the CSV file.",
    ),
    Broken(
        "csv-column-twice",
        _with_header(lambda header: header.__setitem__(header.index(DAY), TITLE)),
        NAME,
        "fault",
        "Two columns of one title.",
    ),
    Broken(
        "csv-many-columns",
        _with_header(lambda header: header.extend(["x"] * 20_000)),
        NAME,
        "refused",
        "Twenty thousand columns.",
    ),
    Broken(
        "csv-many-rows",
        _as_text(lambda rows: _written([rows[0], *[["x"]] * 200_000])),
        NAME,
        "refused",
        "More rows than are taken at once.",
    ),
    Broken(
        "csv-half",
        lambda good: (text := _written(_rows(good)).encode())[: len(text) * 2 // 3],
        NAME,
        "fault",
        "The upload broke off inside a row.",
    ),
    Broken(
        "csv-a-page",
        lambda good: b"<!DOCTYPE html>\n<table><tr><td>1</td></tr></table>",
        NAME,
        "refused",
        "A web page with the ending of a table.",
    ),
    Broken("csv-a-workbook", lambda good: good, NAME, "same", "A good workbook under the wrong ending is still one."),
    Broken(
        "csv-named-workbook",
        _as_text(lambda rows: BOM + _written(rows)),
        f"{PROJECTS}.xlsx",
        "same",
        "CSV under the ending of a workbook: what is in it counts.",
    ),
    Broken(
        "csv-of-an-unknown-name",
        _as_text(lambda rows: BOM + _written(rows)),
        "../../export (1).csv",
        "same",
        "The sheet is told by its titles; the name is used for no path.",
    ),
)
