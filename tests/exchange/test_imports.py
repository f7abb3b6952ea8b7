"""The workbook in: what changes, what is wrong where, and what new rows make."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from portfolio.core.db import Database
from tests.access.world import World
from tests.exchange.office import PROJECT, Book, Office, cells, faults

NOON = datetime.datetime(2027, 3, 1, 12, 30)  # noqa: DTZ001 (a cell knows no zone)


class TestOneCell:
    def test_is_told_old_and_new_and_nothing_else_changes(self, office: Office, book: Book, row: int) -> None:
        before = office.json(f"/v1/projects/{PROJECT}")
        book.put("Projekte", row, "Geplanter Beginn", datetime.date(2027, 3, 1))
        found = office.send(book.saved())
        assert [(change["sheet"], change["row"], change["action"]) for change in found["changes"]] == [
            ("Projekte", row, "change")
        ]
        assert cells(found) == [("planned_start_on", None, "2027-03-01")]
        assert office.json(f"/v1/projects/{PROJECT}") == before  # a preview writes nothing
        revision = office.revision()
        applied = office.apply(found["id"])
        assert applied["revision"] == revision + 1 == office.revision()
        after = office.json(f"/v1/projects/{PROJECT}")
        changed = {name for name in after if after[name] != before[name]}
        assert changed == {"planned_start_on", "version", "updated_at"}
        told = office.json(f"/v1/revisions/{revision + 1}")
        assert (told["action"], told["changes_count"]) == ("imports.apply", 1)

    @pytest.mark.parametrize("engine_name", ["sqlite"])
    @pytest.mark.parametrize(
        ("title", "value", "field", "expected"),
        [
            ("Geplanter Beginn", "01.03.2027", "planned_start_on", "2027-03-01"),
            ("Geplanter Beginn", "2027-03-01", "planned_start_on", "2027-03-01"),
            ("Geplanter Beginn", 46447, "planned_start_on", "2027-03-01"),
            ("Titel (deutsch)", "  Zentrale für Mobilität ", "title_de", "Zentrale für Mobilität"),
            ("Kurztext (deutsch)", "Zeile eins\nZeile zwei", "summary_de", "Zeile eins\nZeile zwei"),
            ("Andere Namen", "Eins\nZwei", "title_aliases", ["Eins", "Zwei"]),
            ("Säule", "2", "pillar", 2),
            ("Nummer", 13, "code", "13"),
            ("Nummer beruht auf", "inferred_from_sequence", "code_basis", "inferred_from_sequence"),
            ("Themenforum", 7.0, "theme_forum", 7),
            ("Interne Notiz", "=kein Rechnen", "internal_note", "=kein Rechnen"),
        ],
    )
    def test_is_read_as_people_write(
        self, office: Office, book: Book, row: int, title: str, value: Any, field: str, expected: Any
    ) -> None:
        book.put("Projekte", row, title, value)
        place = book.column("Projekte", title)
        if isinstance(value, str) and value.startswith("="):
            book.sheet("Projekte").cell(row, place).data_type = "s"
        found = office.send(book.saved())
        assert found["faults"] == []
        assert [(name, new) for name, _, new in cells(found)] == [(field, expected)]

    @pytest.mark.parametrize("engine_name", ["sqlite"])
    @pytest.mark.parametrize(
        ("title", "value", "code"),
        [
            ("Geplanter Beginn", "31.02.2027", "not_a_day"),
            ("Geplanter Beginn", "3/1/2027", "not_a_day"),
            ("Geplanter Beginn", 12, "invalid_day"),
            ("Geplanter Beginn", NOON, "day_with_time"),
            ("Geplanter Beginn", datetime.date(1999, 3, 1), "invalid_day"),
            ("Säule", 1.5, "not_whole"),
            ("Säule", 3, "invalid_number"),
            ("Nummer", datetime.date(2027, 1, 13), "became_a_day"),
            ("Titel (deutsch)", None, "invalid"),
            ("Titel (deutsch)", "x" * 301, "too_long"),
            ("Titel (deutsch)", "a\u202eb", "forbidden_character"),
            ("Themenforum", 19.5, "not_whole"),
            ("Nummer beruht auf", "frei erfunden", "not_in_list"),
            ("Status", "abgeschlossen", "cannot_be_changed"),
            ("Projekt", "anderes", "cannot_be_changed"),
            ("Titel (deutsch)", "=1+1", "formula"),
        ],
    )
    def test_is_named_with_its_place_where_it_is_wrong(
        self, office: Office, book: Book, row: int, title: str, value: Any, code: str
    ) -> None:
        book.put("Projekte", row, title, value)
        found = office.send(book.saved())
        letter = book.sheet("Projekte").cell(1, book.column("Projekte", title)).column_letter
        assert [fault[:3] for fault in faults(found)] == [("Projekte", row, letter)]
        assert code in (found["faults"][0]["code"], "invalid"), found["faults"]
        assert found["faults"][0]["detail"].endswith((".", ").")), found["faults"]
        assert found["changes"] == []
        refused = office.try_apply(found["id"])
        assert (refused.status_code, refused.json["type"]) == (409, "/problems/import-has-faults")

    def test_two_days_in_the_wrong_order_are_named_at_the_cell(self, office: Office, book: Book, row: int) -> None:
        book.put("Projekte", row, "Geplanter Beginn", datetime.date(2027, 3, 1))
        book.put("Projekte", row, "Geplantes Ende", datetime.date(2027, 2, 1))
        found = office.send(book.saved())
        assert [fault[3] for fault in faults(found)] == ["ends_before_start"]
        assert found["faults"][0]["field"] == "planned_end_on"


class TestMoney:
    @pytest.mark.parametrize("engine_name", ["sqlite"])
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (1250000, "1250000.00"),
            (1250000.5, "1250000.50"),
            (999999999999.99, "999999999999.99"),
            ("1.250.000,50", "1250000.50"),
            ("1250000,5", "1250000.50"),
            ("1,250,000.50", "1250000.50"),
            (" 1 250 000,50 € ", "1250000.50"),
            (1234.5600000000001, "1234.56"),
            (0, "0.00"),
        ],
    )
    def test_is_read_to_the_cent(self, office: Office, book: Book, value: Any, expected: str) -> None:
        row = book.add("Anträge", **{"Projekt": PROJECT, "Ebene": "EU", "Beantragt (EUR)": value})
        found = office.send(book.saved())
        assert found["faults"] == []
        assert ("requested_amount", None, expected) in cells(found)
        assert found["changes"][0]["row"] == row

    @pytest.mark.parametrize("engine_name", ["sqlite"])
    @pytest.mark.parametrize(
        ("value", "code"),
        [
            (10.005, "too_many_decimals"),
            ("10,005", "ambiguous_number"),
            ("1.250", "ambiguous_number"),
            ("zehn", "not_a_number"),
            (-5, "invalid_money"),
            (1e13, "invalid_money"),
            (True, "not_a_number"),
        ],
    )
    def test_is_refused_where_it_could_be_taken_wrong(self, office: Office, book: Book, value: Any, code: str) -> None:
        row = book.add("Anträge", **{"Projekt": PROJECT, "Ebene": "EU", "Beantragt (EUR)": value})
        found = office.send(book.saved())
        assert [fault[1] for fault in faults(found)] == [row]
        assert [fault[3] for fault in faults(found)] == [code]


class TestNewRows:
    def test_make_records_and_are_one_revision_with_the_rest(self, office: Office, book: Book, row: int) -> None:
        book.put("Projekte", row, "Kurztext (deutsch)", "Neu")
        book.add("Meilensteine", **{"Projekt": PROJECT, "Titel (deutsch)": "Eröffnung", "Art": "Eröffnung"})
        book.add(
            "Meilensteine",
            **{
                "Projekt": PROJECT,
                "Titel (deutsch)": "Schon geschehen",
                "Art": "result",
                "Neuer Status": "erreicht",
                "Neuer Status am": datetime.date(2024, 5, 1),
            },
        )
        book.add("Anträge", **{"Projekt": PROJECT, "Ebene": "Bund", "Beantragt (EUR)": 5000})
        revision = office.revision()
        applied = office.apply(office.send(book.saved())["id"])
        assert applied["revision"] == revision + 1 == office.revision()
        assert [one["created"] for one in applied["applied"]].count(True) == 3
        told = office.json(f"/v1/projects/{PROJECT}/milestones?limit=200")["items"]
        assert [item["status"] for item in told if item["title_de"] == "Schon geschehen"] == ["achieved"]
        made = next(one["record"] for one in applied["applied"] if one["sheet"] == "Anträge")
        assert office.json(f"/v1/{made}")["requested_amount"] == "5000.00"

    def test_that_were_made_before_are_not_made_again(self, office: Office, book: Book) -> None:
        book.add("Anträge", **{"Projekt": PROJECT, "Ebene": "Bund", "Beantragt (EUR)": 5000})
        data = book.saved()
        office.apply(office.send(data)["id"])
        again = office.send(data)
        assert [fault[3] for fault in faults(again)] == ["made_before"]
        assert again["changes"] == []
        fresh = Book(office.workbook())
        fresh.add("Anträge", **{"Projekt": PROJECT, "Ebene": "Bund", "Beantragt (EUR)": 5000})
        assert faults(office.send(fresh.saved())) == []

    def test_payments_and_forecasts_find_what_they_belong_to(self, seeded: Database) -> None:
        office, world = Office(seeded), World(seeded)
        award = world.award(final=True)
        slug = office.json(award)["project"]
        world.do("POST", f"/v1/projects/{slug}/milestones", {"title_de": "M", "kind": "result"})
        book = Book(office.workbook(f"?project={slug}"))
        book.add(
            "Zahlungen",
            **{"Projekt": slug, "Art": "Auszahlung", "Gebucht am": datetime.date(2026, 5, 4), "Betrag (EUR)": 100.25},
        )
        book.add(
            "Prognosen",
            **{
                "Projekt": slug,
                "Meilenstein Nr.": "M01",
                "Berichtet am": datetime.date(2026, 5, 4),
                "Erwartet am": datetime.date(2027, 1, 1),
            },
        )
        book.put("Bewilligungen", 2, "Bescheid Nr.", "B-1")  # its version rises with the payment too
        applied = office.apply(office.send(book.saved())["id"])
        assert len(applied["applied"]) == 3
        told = office.json(award)
        assert (told["paid_out"], told["number"]) == ("100.25", "B-1")

    def test_a_booking_is_never_changed(self, seeded: Database) -> None:
        office, world = Office(seeded), World(seeded)
        entry = office.json(world.entry())
        book = Book(office.workbook(f"?project={entry['project']}"))
        book.put("Zahlungen", 2, "Betrag (EUR)", 2)
        found = office.send(book.saved())
        assert [fault[3] for fault in faults(found)] == ["cannot_be_changed"]
        assert "Korrektur" in found["faults"][0]["detail"]

    def test_payments_on_one_award_count_together_however_it_is_named(self, seeded: Database) -> None:
        """The award is of 900.00; the third of these would lift what was paid above it."""
        office, world = Office(seeded), World(seeded)
        award = office.json(world.award(final=True))
        book = Book(office.workbook(f"?project={award['project']}"))
        payment = {"Art": "Auszahlung", "Gebucht am": datetime.date(2026, 5, 4), "Betrag (EUR)": 400}
        book.add("Zahlungen", Projekt=award["project"], **payment)
        book.add("Zahlungen", Bewilligung=award["id"], **payment)
        third = book.add("Zahlungen", Projekt=award["project"], **payment)
        found = office.send(book.saved())
        assert [(fault[1], fault[3]) for fault in faults(found)] == [(third, "above-award")]
        office.apply(found["id"], "?mode=valid_rows")
        assert office.json(f"/v1/awards/{award['id']}")["paid_out"] == "800.00"

    def test_a_correction_says_why(self, seeded: Database) -> None:
        office, world = Office(seeded), World(seeded)
        entry = office.json(world.entry())
        book = Book(office.workbook(f"?project={entry['project']}"))
        values = {
            "Projekt": entry["project"],
            "Art": "correction",
            "Gebucht am": datetime.date(2026, 5, 5),
            "Berichtigt": entry["id"],
        }
        row = book.add("Zahlungen", **values)
        assert [fault[3] for fault in faults(office.send(book.saved()))] == ["reason_required"]
        book.put("Zahlungen", row, "Bemerkung", "Doppelt gebucht")
        office.apply(office.send(book.saved())["id"])
        assert office.json(f"/v1/awards/{entry['award']}")["paid_out"] == "0.00"

    def test_more_than_was_asked_for_needs_a_reason(self, seeded: Database) -> None:
        office, world = Office(seeded), World(seeded)
        application = office.json(world.granted())
        book = Book(office.workbook(f"?project={application['project']}"))
        values = {"Projekt": application["project"], "Beschieden am": datetime.date(2026, 4, 1), "Betrag (EUR)": 1500}
        book.add("Bewilligungen", **values)
        data = book.saved()
        assert [fault[3] for fault in faults(office.send(data))] == ["reason_required"]
        sent = office.send(data, **{"Change-Reason": "Nachtrag"})
        revision = office.apply(sent["id"])["revision"]
        assert office.json(f"/v1/revisions/{revision}")["reason"] == "Nachtrag"


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_an_officer_is_told_in_german_too(office: Office, book: Book, row: int) -> None:
    book.put("Projekte", row, "Geplanter Beginn", "31.02.2027")
    found = office.send(book.saved())
    assert found["faults"][0]["detail_de"].startswith("Das ist kein Tag")
    assert office.get(found["marked"]).status_code == 200
    assert office.apply(found["id"], "?mode=valid_rows")["apply"] is None
