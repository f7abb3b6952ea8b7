"""Who was faster, which rows are gone, who may, and one revision in the end."""

from __future__ import annotations

import datetime

import pytest
import sqlalchemy as sa

from portfolio.core.db import Database
from tests.access.world import World
from tests.exchange.office import PROJECT, Book, Office, cells, faults

NOON = datetime.datetime(2027, 3, 1, 12, 30)  # noqa: DTZ001 (a cell knows no zone)


class TestConflicts:
    def test_a_stale_row_shows_both_values_and_is_never_written(self, office: Office, book: Book, row: int) -> None:
        office.change(f"/v1/projects/{PROJECT}", summary_de="von der Kollegin")
        book.put("Projekte", row, "Kurztext (deutsch)", "von mir")
        found = office.send(book.saved())
        assert found["changes"] == []
        (clash,) = found["conflicts"]
        assert (clash["sheet"], clash["row"], clash["version"]) == ("Projekte", row, clash["seen_version"] + 1)
        before = Book(office.workbook("?lead_ministry=MUNV")).get("Projekte", row, "Kurztext (deutsch)")
        assert before == "von der Kollegin"
        (cell,) = clash["cells"]
        assert (cell["field"], cell["yours"], cell["theirs"]) == ("summary_de", "von mir", "von der Kollegin")
        assert cell["base"] not in ("von mir", "von der Kollegin")
        assert office.try_apply(found["id"]).status_code == 409
        office.apply(found["id"], "?mode=valid_rows")
        assert office.json(f"/v1/projects/{PROJECT}")["summary_de"] == "von der Kollegin"

    def test_a_stale_row_without_changes_of_mine_is_none(self, office: Office, book: Book, row: int) -> None:
        office.change(f"/v1/projects/{PROJECT}", summary_de="von der Kollegin")
        other = book.row_of("Projekte", "Projekt", "mobilitaetsregion")
        book.put("Projekte", other, "Kurztext (deutsch)", "von mir")
        found = office.send(book.saved())
        assert (found["conflicts"], found["faults"]) == ([], [])
        office.apply(found["id"])
        assert office.json(f"/v1/projects/{PROJECT}")["summary_de"] == "von der Kollegin"

    def test_the_same_change_by_both_is_none(self, office: Office, book: Book, row: int) -> None:
        office.change(f"/v1/projects/{PROJECT}", summary_de="gleich")
        book.put("Projekte", row, "Kurztext (deutsch)", "gleich")
        found = office.send(book.saved())
        assert (found["conflicts"], found["changes"]) == ([], [])

    def test_a_change_between_preview_and_apply_stops_all(self, office: Office, book: Book, row: int) -> None:
        other = book.row_of("Projekte", "Projekt", "mobilitaetsregion")
        book.put("Projekte", row, "Kurztext (deutsch)", "von mir")
        book.put("Projekte", other, "Kurztext (deutsch)", "von mir")
        found = office.send(book.saved())
        assert len(found["changes"]) == 2
        office.change(f"/v1/projects/{PROJECT}", title_en="Meanwhile")
        revision = office.revision()
        refused = office.try_apply(found["id"])
        assert (refused.status_code, refused.json["type"]) == (409, "/problems/import-outdated")
        assert office.revision() == revision
        applied = office.apply(found["id"], "?mode=valid_rows")
        assert [one["row"] for one in applied["applied"]] == [other]
        assert [clash["row"] for clash in applied["conflicts"]] == [row]
        assert applied["conflicts"][0]["cells"][0]["yours"] == "von mir"
        assert office.json(f"/v1/projects/{PROJECT}")["summary_de"] != "von mir"
        assert office.json("/v1/projects/mobilitaetsregion")["summary_de"] == "von mir"

    def test_a_record_that_is_gone_meanwhile_is_told(self, seeded: Database) -> None:
        office, world = Office(seeded), World(seeded)
        milestone = world.milestone()
        slug = office.json(milestone)["project"]
        book = Book(office.workbook(f"?project={slug}"))
        book.put("Meilensteine", 2, "Titel (deutsch)", "Anders")
        found = office.send(book.saved())
        tag = office.get(milestone).headers["ETag"]
        headers = {**office.key, "If-Match": tag, "Change-Reason": "weg"}
        assert office.client.delete(milestone, headers=headers).status_code == 204
        assert office.try_apply(found["id"]).status_code == 409
        applied = office.apply(found["id"], "?mode=valid_rows")
        assert (applied["applied"], applied["revision"]) == ([], None)
        assert len(applied["faults"]) == 1


class TestRows:
    def test_that_are_gone_from_the_file_change_nothing_and_are_reported(self, office: Office, book: Book) -> None:
        gone = book.get("Meilensteine", 3, "ID")
        book.sheet("Meilensteine").delete_rows(3)
        found = office.send(book.saved())
        assert [one["record"] for one in found["missing"]] == [f"milestones/{gone}"]
        assert found["changes"] == []
        office.apply(found["id"])
        assert office.get(f"/v1/milestones/{gone}").status_code == 200

    def test_may_stand_in_another_order_with_blank_ones_between(self, office: Office, book: Book) -> None:
        shown = book.sheet("Meilensteine")
        rows = [[cell.value for cell in row] for row in shown.iter_rows(min_row=2)]
        for number, values in enumerate(reversed(rows)):
            for place, value in enumerate(values, start=1):
                shown.cell(2 + 2 * number, place).value = value
                shown.cell(3 + 2 * number, place).value = None
        found = office.send(book.saved())
        assert (found["changes"], found["faults"], found["missing"]) == ([], [], [])

    def test_twice_the_same_record_is_refused_at_both(self, office: Office, book: Book, row: int) -> None:
        shown = book.sheet("Projekte")
        for place in range(1, shown.max_column + 1):
            shown.cell(shown.max_row + (place == 1), place).value = shown.cell(row, place).value
        found = office.send(book.saved())
        assert {fault[3] for fault in faults(found)} == {"row_twice"}
        assert len(found["faults"]) == 2


class TestAccess:
    def test_an_editor_changes_the_own_projects_only(self, seeded: Database) -> None:
        everything = Book(Office(seeded).workbook())
        own = everything.row_of("Projekte", "Projekt", PROJECT)
        foreign = everything.row_of("Projekte", "Federführung", "MWIKE")
        for row in (own, foreign):
            everything.put("Projekte", row, "Kurztext (englisch)", "Changed")
        everything.add(
            "Projekte", **{"Projekt": "neues", "Titel (deutsch)": "N", "Vorgeschlagen am": datetime.date(2026, 1, 2)}
        )
        office = Office(seeded, "editor", "MUNV")
        found = office.send(everything.saved())
        assert [change["row"] for change in found["changes"]] == [own]
        assert sorted(fault[3] for fault in faults(found)) == ["forbidden", "not-your-project"]
        applied = office.apply(found["id"], "?mode=valid_rows")
        assert [one["row"] for one in applied["applied"]] == [own]

    @pytest.mark.parametrize("role", ["editor", "approver", "coordinator"])
    def test_a_sender_sees_and_applies_what_was_sent(self, seeded: Database, role: str) -> None:
        office = Office(seeded, role, None if role == "coordinator" else "MUNV")
        book = Book(office.workbook(f"?project={PROJECT}"))
        book.put("Projekte", 2, "Kurztext (englisch)", role)
        sent = office.send(book.saved())
        assert office.json(f"/v1/imports/{sent['id']}") == sent
        assert [one["id"] for one in office.json("/v1/imports")["items"]] == [sent["id"]]
        assert office.apply(sent["id"])["state"] == "applied"
        stranger = Office(seeded, "coordinator")
        for path in (f"/v1/imports/{sent['id']}", f"/v1/imports/{sent['id']}/workbook"):
            assert stranger.get(path).status_code == 404
        assert stranger.try_apply(sent["id"]).status_code == 404
        assert stranger.json("/v1/imports")["items"] == []


class TestApply:
    def test_a_retry_gets_the_same_answer_and_a_second_apply_none(self, office: Office, book: Book, row: int) -> None:
        book.put("Projekte", row, "Kurztext (englisch)", "New")
        sent = office.send(book.saved())
        first = office.try_apply(sent["id"], **{"Idempotency-Key": "one"})
        again = office.try_apply(sent["id"], **{"Idempotency-Key": "one"})
        assert (again.status_code, again.get_data()) == (200, first.get_data())
        assert again.headers["Idempotent-Replayed"] == "true"
        other = office.try_apply(sent["id"], **{"Idempotency-Key": "two"})
        assert (other.status_code, other.json["type"]) == (409, "/problems/import-already-applied")

    def test_at_once_is_all_or_nothing_and_needs_a_key(self, office: Office, book: Book, row: int) -> None:
        book.put("Projekte", row, "Kurztext (englisch)", "New")
        good = book.saved()
        assert office.post(good, query="?dry_run=false", **{"Idempotency-Key": ""}).status_code == 400
        book.put("Projekte", row, "Säule", 9)
        revision = office.revision()
        refused = office.post(book.saved(), query="?dry_run=false", **{"Idempotency-Key": "bad"})
        assert (refused.status_code, office.revision()) == (409, revision)
        done = office.post(good, query="?dry_run=false", **{"Idempotency-Key": "good"})
        assert (done.status_code, done.json["state"], done.json["revision"]) == (201, "applied", revision + 1)
        again = office.post(good, query="?dry_run=false", **{"Idempotency-Key": "good"})
        assert (again.status_code, again.json) == (201, done.json)
        assert office.revision() == revision + 1

    def test_many_rows_are_still_one_revision(self, office: Office, book: Book) -> None:
        """More than are tried under one savepoint, one of them bad."""
        for number in range(130):
            values = {"Projekt": PROJECT, "Titel (deutsch)": f"M {number}", "Art": "result"}
            bad = {"Geplant für": datetime.date(2019, 1, 1), "Phase": "implementing"} if number == 50 else {}
            book.add("Meilensteine", **values, **bad)
        sent = office.send(book.saved())
        assert (sent["counts"]["created"], sent["counts"]["faults"]) == (129, 1)
        revision = office.revision()
        applied = office.apply(sent["id"], "?mode=valid_rows")
        assert (applied["revision"], office.revision(), len(applied["applied"])) == (revision + 1, revision + 1, 129)
        assert office.json(f"/v1/revisions/{revision + 1}")["changes_count"] == 2 * 129

    def test_new_milestones_take_no_statement_of_their_own(self, office: Office, book: Book) -> None:
        sent: list[str] = []
        sa.event.listen(office.database.engine, "before_cursor_execute", lambda *call: sent.append(call[2]))
        counts = []
        for many in (20, 70):
            for number in range(many - len(counts) * 20):
                book.add("Meilensteine", Projekt=PROJECT, Art="result", **{"Titel (deutsch)": f"M {number}"})
            data = book.saved()
            sent.clear()
            assert office.send(data)["counts"]["created"] == many
            counts.append(len(sent))
        assert counts[0] == counts[1]

    def test_changed_milestones_take_a_statement_for_each_project_at_most(self, office: Office, book: Book) -> None:
        for number in range(15):
            book.put("Meilensteine", 2 + number, "Nachweis", f"Seite {number}")
        found = office.send(book.saved())
        assert found["counts"]["changed"] == 15
        sent: list[str] = []
        sa.event.listen(office.database.engine, "before_cursor_execute", lambda *call: sent.append(call[2]))
        office.apply(found["id"])
        # Who leads a project is looked up when its first row comes, and what waits is written before that.
        projects = {book.get("Meilensteine", 2 + number, "Projekt") for number in range(15)}
        assert len([text for text in sent if text.startswith("UPDATE milestone SET")]) <= len(projects) < 15


class TestTheCopyWithMarks:
    def test_marks_each_fault_conflict_and_change_in_its_cell(self, office: Office, book: Book, row: int) -> None:
        other = book.row_of("Projekte", "Projekt", "mobilitaetsregion")
        office.change("/v1/projects/mobilitaetsregion", summary_en="Theirs")
        book.put("Projekte", other, "Kurztext (englisch)", "Mine")
        book.put("Projekte", row, "Kurztext (englisch)", "New")
        book.put("Projekte", row + 1, "Säule", 9)
        sent = office.send(book.saved())
        marked = Book(office.get(f"/v1/imports/{sent['id']}/workbook").get_data())
        shown = marked.sheet("Projekte")
        colours = {
            "New": shown.cell(row, book.column("Projekte", "Kurztext (englisch)")),
            "Mine": shown.cell(other, book.column("Projekte", "Kurztext (englisch)")),
            9: shown.cell(row + 1, book.column("Projekte", "Säule")),
        }
        for value, cell in colours.items():
            assert cell.value == value
            assert cell.comment is not None
        assert len({cell.fill.fgColor.rgb for cell in colours.values()}) == 3
        assert "Theirs" in colours["Mine"].comment.text

    def test_can_be_mended_and_sent_in(self, office: Office, book: Book, row: int) -> None:
        book.put("Projekte", row, "Säule", 9)
        sent = office.send(book.saved())
        marked = Book(office.get(f"/v1/imports/{sent['id']}/workbook").get_data())
        marked.put("Projekte", row, "Säule", 2)
        again = office.send(marked.saved())
        assert (again["faults"], again["missing"], again["based_on"]) == ([], [], sent["based_on"])
        assert [new for _, _, new in cells(again)] == [2]

    def test_of_a_csv_file_is_a_workbook(self, office: Office) -> None:
        data = office.workbook("?format=csv-de&sheet=projects&project=mobilitaetsregion")
        sent = office.send(data.replace(b"mobilitaetsregion;", b"mobilitaetsregion2;"), "projects.csv")
        assert len(sent["faults"]) == 1
        marked = Book(office.get(f"/v1/imports/{sent['id']}/workbook").get_data())
        assert marked.get("Projekte", 2, "Projekt") == "mobilitaetsregion2"


class TestForm:
    @pytest.mark.parametrize(
        ("fields", "status"),
        [
            ({}, 422),
            ({"file": "no file"}, 422),
            ({"other": "x"}, 422),
        ],
    )
    def test_without_a_file_is_refused(self, office: Office, fields: dict[str, str], status: int) -> None:
        headers = {**office.key, "Content-Type": "multipart/form-data"}
        answer = office.client.post("/v1/imports", data=fields, headers=headers)
        assert answer.status_code == status

    def test_as_json_is_refused(self, office: Office) -> None:
        assert office.client.post("/v1/imports", json={}, headers=office.key).status_code == 415

    def test_too_large_is_refused(self, office: Office) -> None:
        assert office.post(b"PK" + bytes(10 * 1024 * 1024)).status_code in (413, 422)
        assert office.post(b"PK" + bytes(11 * 1024 * 1024)).status_code == 413

    def test_of_another_register_is_refused(self, office: Office, book: Book) -> None:
        facts = book.sheet("_register")
        place = next(cell.column for cell in facts[1] if cell.value == "log")
        facts.cell(2, place).value = "elsewhere.example/log"
        answer = office.post(book.saved())
        assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "other_register")
