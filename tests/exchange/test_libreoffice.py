"""What LibreOffice saves is read as it was meant; what it adds up is what the register states."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import get_column_letter

from portfolio.core.db import Database
from tests.exchange.libreoffice import LibreOffice, needs_libreoffice
from tests.exchange.office import PROJECT, Book, Office, quiet

pytestmark = [needs_libreoffice, pytest.mark.large]


@pytest.fixture(scope="module")
def calc(tmp_path_factory: pytest.TempPathFactory) -> LibreOffice:
    return LibreOffice(tmp_path_factory.mktemp("libreoffice"))


@pytest.fixture
def office(with_demo: Database) -> Office:
    return Office(with_demo)


def _place(book: Book, sheet: str, row: int, title: str) -> str:
    return f"{get_column_letter(book.column(sheet, title))}{row}"


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_saved_without_a_change_it_changes_nothing(
    office: Office, language: str, calc: LibreOffice, tmp_path: Path
) -> None:
    found = office.send(calc.edited(office.workbook("?include_demo=true", language), [], tmp_path))
    assert quiet(found), (found["faults"][:3], found["changes"][:3])
    assert found["counts"]["rows"] > 200
    assert found["missing"] == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    ("title", "kind", "typed", "field", "expected"),
    [
        ("Geplanter Beginn", "number", "46447", "planned_start_on", "2027-03-01"),
        ("Kurztext (deutsch)", "text", "Über Brücken – „gut“", "summary_de", "Über Brücken – „gut“"),
        ("Nummer", "text", "01-99", "code", "01-99"),
        ("Säule", "number", "2", "pillar", 2),
    ],
)
def test_one_cell_changes_exactly_that_cell(
    office: Office, title: str, kind: str, typed: str, field: str, expected: Any, calc: LibreOffice, tmp_path: Path
) -> None:
    data = office.workbook()
    book = Book(data)
    row = book.row_of("Projekte", "Projekt", PROJECT)
    found = office.send(calc.edited(data, [("Projekte", _place(book, "Projekte", row, title), kind, typed)], tmp_path))
    assert found["faults"] == []
    (change,) = found["changes"]
    assert (change["row"], [(cell["field"], cell["new"]) for cell in change["cells"]]) == (row, [(field, expected)])
    assert office.apply(found["id"])["revision"] == office.revision()
    assert office.json(f"/v1/projects/{PROJECT}")[field] == expected


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_formula_is_told(office: Office, calc: LibreOffice, tmp_path: Path) -> None:
    data = office.workbook()
    book = Book(data)
    row = book.row_of("Projekte", "Projekt", PROJECT)
    place = _place(book, "Projekte", row, "Kurztext (deutsch)")
    found = office.send(calc.edited(data, [("Projekte", place, "formula", "=1+1")], tmp_path))
    assert [(fault["column"] + str(fault["row"]), fault["code"]) for fault in found["faults"]] == [(place, "formula")]


def test_the_funding_summary_adds_up_to_what_it_states(office: Office, calc: LibreOffice, tmp_path: Path) -> None:
    query = "group_by=level&group_by=project&include_demo=true"
    total = office.json(f"/v1/reports/funding-summary?{query}")["total"]
    data = office.get(f"/v1/reports/funding-summary?{query}&format=xlsx").get_data()
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    titles, below = [cell.value for cell in sheet[1]], sheet.max_row + 5
    places = {}
    for part in ("applied", "approved", "paid_out", "to_flow"):
        letter = get_column_letter(titles.index(f"{part}_amount") + 1)
        places[part] = (f"{letter}{below}", f"=SUM({letter}2:{letter}{sheet.max_row})")
    edits = [(sheet.title, place, "formula", formula) for place, formula in places.values()]
    again = openpyxl.load_workbook(io.BytesIO(calc.edited(data, edits, tmp_path)), data_only=True)
    for part, (place, _) in places.items():
        assert _euro(again.worksheets[0][place].value) == Decimal(total[part]["amount"]), part
    rows = list(again.worksheets[1].iter_rows(values_only=True))
    sums = rows[[row[0] for row in rows].index("Kontrollsumme") + 1 :]
    assert len(sums) == 7
    for name, _, stated, added in sums:
        assert _euro(stated) == _euro(added), name
        part = next(part for part in places if str(name).startswith(part))
        assert _euro(stated) == Decimal(total[part][str(name).removeprefix(f"{part}_")]), name


def _euro(number: Any) -> Decimal:
    return Decimal(repr(number)).quantize(Decimal("0.01"))
