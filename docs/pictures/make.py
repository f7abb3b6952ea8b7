"""Draws the pictures of docs/excel.md: `.venv/bin/python docs/pictures/make.py`.

A fresh register in a temporary folder with the demonstration projects, a fixed day, the real addresses. What is drawn
are the cells of these workbooks with their own colours, widths and notes; a print of a spreadsheet program would show
no notes. The same code gives the same bytes, so that a test can tell when a picture is out of date.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from html import escape
from pathlib import Path
from textwrap import wrap
from uuid import UUID

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1]))

import openpyxl  # noqa: E402
from flask.testing import FlaskClient  # noqa: E402
from openpyxl.cell import Cell  # noqa: E402
from openpyxl.utils import get_column_letter  # noqa: E402
from openpyxl.worksheet.worksheet import Worksheet  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from portfolio.access.service import create_key  # noqa: E402
from portfolio.app import create_app  # noqa: E402
from portfolio.core import migrate, sources  # noqa: E402
from portfolio.core.db import Database, WriteContext  # noqa: E402
from portfolio.core.settings import Settings  # noqa: E402
from portfolio.exchange import sheets  # noqa: E402
from portfolio.exchange.demo import MINISTRY, load_demo  # noqa: E402
from portfolio.exchange.seed import load_seed  # noqa: E402
from portfolio.exchange.workbook import README_SHEET  # noqa: E402
from portfolio.history import log, recorder  # noqa: E402

LANGUAGES = ("de", "en")
_TODAY = datetime(2026, 6, 30, 8, 0, tzinfo=UTC)
_STEP = ("new_status", "new_status_on")
_WIDTH, _ROW, _MARGIN = 900, 24, 40
_CHARACTER, _BOLD = 6.6, 7.6
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
_MARKED = "#C00000"
_NOTE = {"de": "Notiz an", "en": "Note at"}


class Workbook:
    """A workbook in the hands of a person, by the names of the API's fields."""

    def __init__(self, data: bytes, language: str) -> None:
        self.book, self.language = openpyxl.load_workbook(io.BytesIO(data)), language

    def of(self, sheet: sheets.Sheet) -> Worksheet:
        return self.book[sheet.title.text(self.language)]

    def place(self, sheet: sheets.Sheet, name: str) -> int:
        title = sheet.by_name[name].title(self.language)
        return next(cell.column for cell in self.of(sheet)[1] if cell.value == title)

    def row(self, sheet: sheets.Sheet, **values: str) -> int:
        """The row that holds these values."""
        for row in range(2, self.of(sheet).max_row + 1):
            if all(self.of(sheet).cell(row, self.place(sheet, name)).value == value for name, value in values.items()):
                return row
        raise LookupError(values)

    def put(self, sheet: sheets.Sheet, row: int, **values: object) -> list[str]:
        """Fill cells, and name them."""
        for name, value in values.items():
            cell, above = (self.of(sheet).cell(number, self.place(sheet, name)) for number in (row, 2))
            cell.value, cell.number_format = value, above.number_format
        return [f"{get_column_letter(self.place(sheet, name))}{row}" for name in values]

    def saved(self) -> bytes:
        target = io.BytesIO()
        self.book.save(target)
        return target.getvalue()


@dataclass
class Picture:
    """What is drawn of one sheet."""

    sheet: Worksheet
    rows: Sequence[int]
    columns: Sequence[int]
    edited: Sequence[str] = ()
    """Cells that are framed."""
    notes: Sequence[str] = ()
    """Cells whose notes are written out below."""
    language: str = "de"
    widths: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        wanted = [_width(self.sheet, place) for place in self.columns]
        capped = [min(width, 100 if len(wanted) == 2 else 27) for width in wanted]
        scale = (_WIDTH - _MARGIN - 2) / sum(capped)
        self.widths = [int(width * scale) for width in capped]


def _width(sheet: Worksheet, place: int) -> float:
    """Neighbours of one width stand in the file as one entry."""
    return next(one.width for one in sheet.column_dimensions.values() if one.min <= place <= one.max)


def draw(picture: Picture) -> str:
    """The sheet as a person sees it: letters, numbers, cells, tabs; below it the notes."""
    top, parts = 22, []
    left = [_MARGIN + sum(picture.widths[:number]) for number in range(len(picture.columns) + 1)]
    for number, place in enumerate(picture.columns):
        parts.append(
            _box(left[number], 0, picture.widths[number], top, get_column_letter(place), "#E7E6E6", centred=True)
        )
    previous = 0
    for row in picture.rows:
        if previous and row != previous + 1:
            parts.append(_text(12, top + 9, "⋮", "#7F7F7F"))
            top += 14
        previous = row
        lines = [
            _lines(picture.sheet.cell(row, place), picture, number) for number, place in enumerate(picture.columns)
        ]
        height = max(_ROW, 8 + 16 * max(map(len, lines)))
        parts.append(_box(0, top, _MARGIN, height, str(row), "#E7E6E6", centred=True))
        for number, place in enumerate(picture.columns):
            cell = picture.sheet.cell(row, place)
            parts.append(_cell(cell, lines[number], left[number], top, picture.widths[number], height, picture))
        top += height
    parts.append(_tabs(picture, top))
    top += 30
    for name in picture.notes:
        part, top = _note(picture, name, top)
        parts.append(part)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{top}" viewBox="0 0 {_WIDTH} {top}" '
        f'font-family="{_FONT}" font-size="13">\n<rect width="{_WIDTH}" height="{top}" fill="#FFFFFF"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _lines(cell: Cell, picture: Picture, number: int) -> list[str]:
    text = _shown(cell, picture.language)
    if not cell.alignment.wrap_text:
        return text.split("\n")[:1]
    room = max(4, int(picture.widths[number] / (_BOLD if cell.font.bold else _CHARACTER)))
    return [line for part in text.split("\n") for line in (wrap(part, room) or [""])]


def _shown(cell: Cell, language: str) -> str:
    value = cell.value
    if isinstance(value, date):
        return f"{value:%d.%m.%Y}" if cell.number_format == "dd.mm.yyyy" else f"{value:%Y-%m-%d}"
    if isinstance(value, bool):
        return {"de": ("FALSCH", "WAHR"), "en": ("FALSE", "TRUE")}[language][value]
    if isinstance(value, int | float) and cell.number_format == "#,##0.00":
        text = f"{value:,.2f}"
        return text.translate(str.maketrans(",.", ".,")) if language == "de" else text
    return "" if value is None else str(value)


def _cell(cell: Cell, lines: list[str], x: int, y: int, width: int, height: int, picture: Picture) -> str:
    fill = _colour(cell.fill.fgColor.rgb, "#FFFFFF") if cell.fill.fill_type == "solid" else "#FFFFFF"
    colour = _colour(cell.font.color.rgb, "#000000") if cell.font.color is not None else "#000000"
    number = isinstance(cell.value, int | float | date) and not isinstance(cell.value, bool)
    inside = "".join(
        f'<text x="{width - 5 if number else 5}" y="{17 + 16 * place}" fill="{colour}"'
        + (' text-anchor="end"' if number else "")
        + (' font-weight="bold"' if cell.font.bold else "")
        + f">{escape(line)}</text>"
        for place, line in enumerate(lines)
        if line
    )
    drawn = (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}" stroke="#D0CECE"/>'
        f'<svg x="{x}" y="{y}" width="{width}" height="{height}">{inside}</svg>'
    )
    if cell.comment is not None:
        drawn += f'<path d="M{x + width - 8} {y} h8 v8 z" fill="{_MARKED}"/>'
    if cell.coordinate in picture.edited:
        drawn += (
            f'<rect x="{x + 1}" y="{y + 1}" width="{width - 2}" height="{height - 2}" fill="none" '
            'stroke="#0563C1" stroke-width="2"/>'
        )
    return drawn


def _colour(rgb: object, otherwise: str) -> str:
    return f"#{rgb[2:]}" if isinstance(rgb, str) and len(rgb) == 8 else otherwise


def _tabs(picture: Picture, y: int) -> str:
    parts, x = [], _MARGIN
    for sheet in picture.sheet.parent.worksheets:
        if sheet.sheet_state != "visible":
            continue
        width = int(22 + 7 * len(sheet.title))
        fill = "#FFFFFF" if sheet.title == picture.sheet.title else "#E7E6E6"
        parts.append(_box(x, y, width, 22, sheet.title, fill, bold=sheet.title == picture.sheet.title, centred=True))
        x += width
    return "".join(parts)


def _note(picture: Picture, name: str, y: int) -> tuple[str, int]:
    comment = picture.sheet[name].comment
    assert comment is not None, name
    text = f"{_NOTE[picture.language]} {name}: " + comment.text.strip().replace("\n", " · ")
    lines = wrap(text, 124)
    height = 10 + 17 * len(lines)
    place = f'x="{_MARGIN}" y="{y}" width="{_WIDTH - _MARGIN - 4}" height="{height}"'
    drawn = f'<rect {place} fill="#FFFFE1" stroke="#7F7F7F"/>'
    drawn += "".join(_text(_MARGIN + 8, y + 18 + 17 * number, line) for number, line in enumerate(lines))
    return drawn, y + height + 6


def _box(
    x: int, y: int, width: int, height: int, text: str, fill: str, *, bold: bool = False, centred: bool = False
) -> str:
    look = (' font-weight="bold"' if bold else "") + (' text-anchor="middle"' if centred else "")
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}" stroke="#D0CECE"/>'
        f'<text x="{x + width // 2 if centred else x + 5}" y="{y + 16}" fill="#404040"{look}>{escape(text)}</text>'
    )


def _text(x: int, y: int, text: str, colour: str = "#000000") -> str:
    return f'<text x="{x}" y="{y}" fill="{colour}">{escape(text)}</text>'


@contextmanager
def register() -> Iterator[tuple[FlaskClient, dict[str, str], dict[str, str]]]:
    """A register of the demonstration's ministry: its client, the officer's headers and a colleague's."""
    count = itertools.count(1)
    fixed = sources.Sources(
        clock=lambda: _TODAY,
        new_id=lambda: UUID(int=next(count)),
        random_bytes=lambda size: hashlib.shake_256(str(next(count)).encode()).digest(size),
    )
    with tempfile.TemporaryDirectory() as folder, sources.using(fixed):
        database = Database(f"sqlite:///{folder}/register.sqlite")
        try:
            migrate.upgrade(database)
            log.create_log(database, "portfolio.example/log")
            recorder.install(database)
            load_seed(database)
            load_demo(database)
            with database.transaction(WriteContext(actor_id="act_system", via="cli", action="keys.create")) as session:
                officer, colleague = (_key(session, name) for name in ("officer", "colleague"))
            yield create_app(_settings(database, Path(folder)), database).test_client(), officer, colleague
        finally:
            database.dispose()


def _key(session: Session, name: str) -> dict[str, str]:
    made = create_key(session, role="editor", name=name, organisation=MINISTRY)
    return {"Authorization": f"Bearer {made.secret}"}


def _settings(database: Database, folder: Path) -> Settings:
    url = database.url.render_as_string(hide_password=False)
    return Settings(
        database_url=url,
        migration_url=url,
        data_dir=folder,
        host="127.0.0.1",
        port=0,
        log_origin="portfolio.example/log",
        threads=1,
        statement_timeout_ms=30_000,
        log_key=folder / "log.key",
        checkpoint_dir=folder / "checkpoints",
        checkpoint_seconds=60,
    )


def pictures() -> dict[str, str]:
    """All pictures, by the names of their files."""
    found: dict[str, str] = {}
    with register() as (client, officer, colleague):
        desks = [Desk(client, {**officer, "Accept-Language": language}, language) for language in LANGUAGES]
        desks[0].change_meanwhile(colleague)  # after both have their workbooks
        for desk in desks:
            for name, draw_it in (
                ("to-do", desk.to_do),
                ("projects", desk.projects),
                ("milestones", desk.milestones),
                ("marked", desk.marked),
            ):
                found[f"excel-{name}.{desk.language}.svg"] = draw(draw_it())
    return found


class Desk:
    """An officer with a workbook: what she sees, does, and gets back."""

    _MILESTONES = ("project", "code", "title_de", "title_en", "kind", "status", "baseline_on", *_STEP)
    _PROJECTS = ("slug", "title_de", "status", "status_as_of", *_STEP, "internal_note", "version")

    def __init__(self, client: FlaskClient, headers: dict[str, str], language: str) -> None:
        self.client, self.headers, self.language = client, headers, language
        path = "/v1/workbook?project=demo-01&project=demo-02&project=demo-04&include_demo=true"
        self.book = Workbook(client.get(path, headers=headers).get_data(), language)
        self.late = self.book.row(sheets.MILESTONES, project="demo-01", code="M03")
        self.contested = self.book.row(sheets.MILESTONES, project="demo-04", code="M02")
        self.rows = [1, self.late, self.contested, self.book.of(sheets.MILESTONES).max_row + 1]
        self.columns = [self.book.place(sheets.MILESTONES, name) for name in self._MILESTONES]

    def change_meanwhile(self, colleague: dict[str, str]) -> None:
        """What a colleague does to the same record."""
        place = self.book.place(sheets.MILESTONES, "id")
        path = f"/v1/milestones/{self.book.of(sheets.MILESTONES).cell(self.contested, place).value}"
        headers = {**colleague, "If-Match": self.client.get(path).headers["ETag"]}
        answer = self.client.patch(path, json={"title_en": "Second result"}, headers=headers)
        assert answer.status_code == 200, answer.get_data(as_text=True)

    def to_do(self) -> Picture:
        sheet = self.book.book[README_SHEET.text(self.language)]
        return Picture(sheet, range(1, 13), (1, 2), language=self.language)

    def projects(self) -> Picture:
        places = {name: self.book.place(sheets.PROJECTS, name) for name in self._PROJECTS}
        noted = [f"{get_column_letter(places[name])}1" for name in ("new_status", "version")]
        sheet = self.book.of(sheets.PROJECTS)
        return Picture(sheet, range(1, 5), list(places.values()), notes=noted, language=self.language)

    def milestones(self) -> Picture:
        edited = [
            *self._put(self.late, new_status=self._label("new_status", "achieved"), new_status_on=date(2026, 5, 15)),
            *self._put(self.contested, title_en="Result of the second stage"),
            *self._put(self.rows[-1], project="demo-02", title_de="Abnahme", kind=self._label("kind", "result")),
            *self._put(self.rows[-1], baseline_on=date(2027, 6, 30)),
        ]
        return Picture(self.book.of(sheets.MILESTONES), self.rows, self.columns, edited, language=self.language)

    def marked(self) -> Picture:
        """The copy that comes back, after a slip in one cell."""
        noted = self._put(self.late, new_status_on="31.02.2026")
        noted.append(f"{get_column_letter(self.book.place(sheets.MILESTONES, 'title_en'))}{self.contested}")
        file = (io.BytesIO(self.book.saved()), "workbook.xlsx")
        sent = self.client.post("/v1/imports", data={"file": file}, headers=self.headers)
        assert sent.status_code == 201, sent.get_data(as_text=True)
        copy = self.client.get(f"{sent.headers['Location']}/workbook", headers=self.headers).get_data()
        sheet = Workbook(copy, self.language).of(sheets.MILESTONES)
        return Picture(sheet, self.rows, self.columns, notes=noted, language=self.language)

    def _put(self, row: int, **values: object) -> list[str]:
        return self.book.put(sheets.MILESTONES, row, **values)

    def _label(self, column: str, code: str) -> str:
        return str(sheets.MILESTONES.by_name[column].shows(code, self.language))


if __name__ == "__main__":
    for name, drawn in pictures().items():
        (FOLDER / name).write_text(drawn, encoding="utf-8")
        print(f"{name}: {len(drawn.encode()) // 1024} KiB")  # noqa: T201
