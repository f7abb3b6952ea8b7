"""Texts that must be taken, come back as they were, and harm nobody on the way out."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest

from portfolio.core.db import Database
from tests.access.world import World
from tests.workbooks import about, parts, rows_of, sheets

pytestmark = pytest.mark.postgresql_in_full

GOOD = (
    "Grüne Dächer", "ß ẞ ſ", "Łódź – Ruhr “Zitat” ‚x‘ …", "日本語 한국어 العربية עברית", "👩‍👩‍👧 🏳️‍🌈 🇩🇪", "a\u00adb", "a\u200db", "½ ² №", "O'Brien; DROP TABLE",
    "<b>fett</b> & \"x\"", "100 % sicher_ist\\nichts", "{{7*7}} ${7*7} #{7*7}", "../../etc/passwd", "=1+1 steht hier", "+49 201", "-5 Grad",
    "@home", "\u202fschmal", "e\u0301 zusammengesetzt", "Å Ω ﬁ", "null", "None", "true", "0", "1e5", "x" * 300, "ä" * 300,
)  # fmt: skip
FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@x",
    "=cmd|' /C calc'!A0",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    '=HYPERLINK("http://x")',
    '=1,"2";3',
)


@pytest.fixture
def world(seeded: Database) -> World:
    return World(seeded)


def test_texts_come_back_as_they_were(world: World) -> None:
    path = world.project()
    for text in GOOD:
        world.do("PATCH", path, {"title_en": text}, **world.etag(path))
        expected = unicodedata.normalize("NFC", text)
        assert world.client.get(path).json["title_en"] == expected
        page = world.client.get(f"{path}/history?limit=1").json["items"][0]
        assert {"field": "title_en", "new": expected}.items() <= page["changes"][0].items()


def test_long_texts_keep_their_lines(world: World) -> None:
    path = world.project()
    text = "Erste Zeile\n\tzweite\n\n" + "ä" * 4900
    world.do("PATCH", path, {"summary_de": text}, **world.etag(path))
    assert world.client.get(path).json["summary_de"] == text


@pytest.mark.parametrize("form", ["csv", "csv-de"])
def test_no_cell_of_a_download_is_a_formula(world: World, form: str) -> None:
    paths = []
    for text in FORMULAS:
        path = world.project()
        world.do("PATCH", path, {"title_de": text, "summary_de": text, "source_notes": text}, **world.etag(path))
        paths.append(path)
        parts = {"purpose": text, "recipient_text": text, "note": text, "level": "eu"}
        world.do("POST", f"{path}/applications", {**parts, "file_reference": text})
        world.do("POST", f"{path}/milestones", {"title_de": text, "kind": "result", "evidence": text})
    for address in (
        "/v1/projects",
        "/v1/applications",
        "/v1/milestones",
        "/v1/organisations",
        "/v1/decisions",
        "/v1/reports/portfolio",
    ):
        answer = world.client.get(f"{address}?format={form}", headers=world.coordinator)
        if answer.status_code == 422:
            continue  # no download there
        text = answer.get_data().decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";" if form == "csv-de" else ","))
        cells = [cell for row in rows for cell in row]
        dangerous = [cell for cell in cells if cell[:1] in "=+@\t\r＝＋－＠" and cell]
        assert dangerous == [], address
        assert all(len(row) == len(rows[0]) for row in rows), address
        for row in rows:
            for cell in row:
                assert not cell.startswith("-") or cell.replace("-", "").replace(",", "").replace(".", "").isdigit(), (
                    address,
                    cell,
                )
        if address in ("/v1/projects", "/v1/applications", "/v1/milestones"):
            assert {f"'{text}" for text in FORMULAS} <= set(cells), address


def test_no_cell_of_a_workbook_is_a_formula(world: World) -> None:
    texts = (*FORMULAS, "<r><t>fett</t></r>", "<r><f>1+1</f></r>")
    for text in texts:
        path = world.project()
        world.do("PATCH", path, {"title_de": text, "source_notes": text}, **world.etag(path))
    data = world.client.get("/v1/projects?format=xlsx").data
    shown = [row for row in rows_of(data) if row["title_de"] in texts]
    assert [row["title_de"] for row in shown] == [row["source_notes"] for row in shown]
    assert {row["title_de"] for row in shown} == set(texts)
    for cell in (cell for row in sheets(data, formulas=True)[0].iter_rows() for cell in row):
        assert cell.data_type != "f"
        assert not isinstance(cell.value, str) or cell.value not in FORMULAS or cell.quotePrefix
    asked = world.client.get("/v1/projects", query_string={"format": "xlsx", "q": "=1+1"}).data
    assert ("Parameter", "q", "=1+1") in about(asked)
    assert "<f>" not in parts(asked)


def test_a_page_shows_texts_as_texts(world: World) -> None:
    path = world.project()
    world.do("PATCH", path, {"title_de": "<script>alert(1)</script>"}, **world.etag(path))
    for address in ("/", "/?lang=en", "/docs", "/problems/<script>alert(1)<"):
        assert "<script>alert" not in world.client.get(address).get_data(as_text=True), address
