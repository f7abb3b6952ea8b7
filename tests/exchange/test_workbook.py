"""The workbook out: what is in it, for whom, and that it comes back without a change."""

from __future__ import annotations

import datetime
import io
import zipfile

import openpyxl
import pytest

from portfolio.core.db import Database
from portfolio.exchange.sheets import SHEETS
from tests.exchange.office import Book, Office, quiet


@pytest.fixture
def office(with_demo: Database) -> Office:
    return Office(with_demo)


class TestThereAndBack:
    @pytest.mark.parametrize("language", ["de", "en"])
    def test_an_unchanged_workbook_changes_nothing(self, office: Office, language: str) -> None:
        found = office.send(office.workbook("?include_demo=true", language))
        assert quiet(found), found
        assert found["counts"]["rows"] > 200
        assert found["notices"] == []
        assert found["missing"] == []

    def test_nor_one_that_openpyxl_has_saved(self, office: Office) -> None:
        found = office.send(Book(office.workbook("?include_demo=true")).saved())
        assert quiet(found), found
        assert found["notices"] == []

    @pytest.mark.parametrize("form", ["csv", "csv-de"])
    def test_nor_a_sheet_as_csv(self, office: Office, form: str) -> None:
        for sheet in SHEETS:
            data = office.workbook(f"?format={form}&sheet={sheet.key}&include_demo=true")
            found = office.send(data, f"{sheet.key}.csv")
            assert found["faults"] == [], sheet.key
            assert found["changes"] == [], sheet.key
            assert found["counts"]["rows"] == found["counts"]["unchanged"], sheet.key
            assert found["kind"] == "csv"

    @pytest.mark.parametrize("ministry", ["MUNV", "MKW"])
    def test_nor_that_of_one_ministry(self, with_demo: Database, ministry: str) -> None:
        office = Office(with_demo, "editor", ministry)
        found = office.send(office.workbook())
        assert quiet(found), found

    def test_applying_nothing_makes_no_revision(self, office: Office) -> None:
        before = office.revision()
        sent = office.send(office.workbook())
        applied = office.apply(sent["id"])
        assert (applied["state"], applied["revision"], office.revision()) == ("applied", None, before)


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestWhatIsInIt:
    def test_each_sheet_has_what_the_lists_have(self, office: Office) -> None:
        book = Book(office.workbook())
        for sheet, path in (
            ("Projekte", "/v1/projects"),
            ("Anträge", "/v1/applications"),
            ("Bewilligungen", "/v1/awards"),
            ("Meilensteine", "/v1/milestones"),
        ):
            rows = book.sheet(sheet).max_row - 1
            assert rows == office.json(f"{path}?count=true&limit=1")["count"], sheet

    def test_cells_are_typed(self, office: Office) -> None:
        book = Book(office.workbook())
        row = book.row_of("Bewilligungen", "Projekt", "digitale-modelldestination")
        amount = book.sheet("Bewilligungen").cell(row, book.column("Bewilligungen", "Betrag (EUR)"))
        assert isinstance(amount.value, float | int)
        assert amount.number_format == "#,##0.00"
        issued = book.sheet("Bewilligungen").cell(row, book.column("Bewilligungen", "Beschieden am"))
        assert isinstance(issued.value, datetime.datetime)
        flag = book.get("Meilensteine", 2, "Zählt im Bericht")
        assert isinstance(flag, bool)

    def test_keys_are_locked_and_the_rest_is_free(self, office: Office) -> None:
        book = Book(office.workbook())
        for sheet in SHEETS:
            shown = book.sheet(sheet.title.de)
            assert shown.protection.sheet, sheet.key
            assert shown.freeze_panes == "C2"
            for place, column in enumerate(sheet.columns, start=1):
                if shown.max_row > 1:
                    locked = shown.cell(2, place).protection.locked
                    assert locked == (column.use not in ("edit", "step")), (sheet.key, column.name)

    def test_codes_are_chosen_from_lists_and_columns_explain_themselves(self, office: Office) -> None:
        book = Book(office.workbook())
        shown = book.sheet("Meilensteine")
        place = book.column("Meilensteine", "Art")
        rules = [
            rule for rule in shown.data_validations.dataValidation if shown.cell(2, place).coordinate in rule.sqref
        ]
        assert [rule.type for rule in rules] == ["list"]
        title, _, area = rules[0].formula1.lstrip("=").partition("!")
        choices = [cell[0].value for cell in book.sheet(title)[area.replace("$", "")]]
        assert "Eröffnung" in choices
        assert book.get("Meilensteine", 2, "Art") in choices
        note = shown.cell(1, place).comment
        assert note is not None
        assert "Kind." in note.text
        assert "Eröffnung, Bescheid" in note.text

    def test_the_first_sheet_names_the_moment_and_what_waits(self, with_demo: Database) -> None:
        office = Office(with_demo, "editor", "MUNV")
        rows = list(Book(office.workbook()).sheet("Lies mich").iter_rows(values_only=True))
        said = {name: text for name, text in rows if name}
        assert said["Revision"].startswith("2 (")
        assert "Was ansteht" in said
        assert any("neuen Stand melden" in str(text) for _, text in rows)
        english = Book(office.workbook(language="en"))
        assert english.book.sheetnames[:2] == ["Read me", "Projects"]

    def test_it_is_the_same_bytes_again(self, office: Office) -> None:
        first = office.workbook("?include_demo=true")
        assert office.workbook("?include_demo=true") == first
        with zipfile.ZipFile(io.BytesIO(first)) as archive:
            assert {info.date_time[0] for info in archive.infolist()} == {1980}

    def test_a_copy_that_is_still_good_is_not_sent_again(self, office: Office) -> None:
        tag = office.get("/v1/workbook").headers["ETag"]
        assert office.get("/v1/workbook", **{"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestForWhom:
    def test_an_editor_gets_the_projects_of_the_own_ministry(self, with_demo: Database) -> None:
        office = Office(with_demo, "editor", "MUNV")
        book = Book(office.workbook())
        leads = {row[0] for row in book.sheet("Projekte").iter_rows(min_row=2, values_only=True)}
        told = office.json("/v1/projects?lead_ministry=MUNV&limit=200&include_demo=true")["items"]
        assert leads == {project["slug"] for project in told}
        everything = Book(office.workbook("?bucket=running"))
        assert len({row[0] for row in everything.sheet("Projekte").iter_rows(min_row=2, values_only=True)} - leads) > 0

    def test_the_public_gets_no_internals(self, office: Office) -> None:
        office.change("/v1/projects/mobilitaetszentrale", internal_note="GEHEIM-4711")
        public = office.client.get("/v1/workbook").get_data()
        titles = [cell.value for cell in Book(public).sheet("Projekte")[1]]
        assert "Interne Notiz" not in titles
        for data, expected in ((public, False), (office.workbook(), True)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                assert any(b"GEHEIM-4711" in archive.read(name) for name in archive.namelist()) is expected

    def test_filters_choose_projects_and_what_belongs_to_them(self, office: Office) -> None:
        book = Book(office.workbook("?project=mobilitaetsregion"))
        assert [row[0] for row in book.sheet("Projekte").iter_rows(min_row=2, values_only=True)] == [
            "mobilitaetsregion"
        ]
        for sheet in ("Anträge", "Meilensteine"):
            assert {row[0] for row in book.sheet(sheet).iter_rows(min_row=2, values_only=True)} <= {"mobilitaetsregion"}

    @pytest.mark.parametrize(
        "query", ["?format=csv", "?sheet=projects&format=xlsx", "?format=ods", "?limit=3", "?sheet=x&format=csv"]
    )
    def test_what_makes_no_sense_is_refused(self, office: Office, query: str) -> None:
        assert office.get(f"/v1/workbook{query}").status_code == 422


def test_texts_that_look_like_formulas_stay_texts(seeded: Database) -> None:
    office = Office(seeded)
    office.change("/v1/projects/mobilitaetszentrale", summary_de="=HYPERLINK(1)", summary_en="<r>fett</r> _x0041_")
    book = openpyxl.load_workbook(io.BytesIO(office.workbook("?project=mobilitaetszentrale")))
    cells = [cell for row in book["Projekte"].iter_rows(min_row=2) for cell in row]
    assert [cell.data_type for cell in cells if cell.value == "=HYPERLINK(1)"] in (["s"], ["inlineStr"])
    found = office.send(office.workbook("?project=mobilitaetszentrale"))
    assert quiet(found), found
