"""What waits for whom."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from portfolio.core.dates import today
from portfolio.core.db import Database
from tests.access.world import World
from tests.exchange.office import PROJECT, Book, Office


def kinds(office: Office) -> Counter[str]:
    return Counter(item["kind"] for item in office.json("/v1/me/to-do")["items"])


def of(office: Office, path: str) -> list[dict[str, Any]]:
    return [item for item in office.json("/v1/me/to-do")["items"] if item["path"] == path]


def test_an_officer_is_told_of_the_own_projects(seeded: Database) -> None:
    office = Office(seeded, "editor", "MUNV")
    told = office.json("/v1/me/to-do")
    assert {item["ministry"] for item in told["items"]} == {"MUNV"}
    assert {"status_stale", "milestone_overdue", "payments_not_reported"} <= set(kinds(office))
    own = {row["slug"] for row in office.json("/v1/projects?lead_ministry=MUNV&limit=200")["items"]}
    assert {item["project"] for item in told["items"]} <= own
    for item in told["items"]:
        assert office.get(item["path"]).status_code == 200


def test_the_coordinator_is_told_of_all_and_who_changes_nothing_of_none(seeded: Database) -> None:
    everybody = kinds(Office(seeded))
    assert all(everybody[kind] >= number for kind, number in kinds(Office(seeded, "editor", "MUNV")).items())
    for role in ("auditor", "admin"):
        assert Office(seeded, role).json("/v1/me/to-do")["items"] == []


def test_what_was_done_waits_no_more(seeded: Database) -> None:
    office = Office(seeded, "editor", "MUNV")
    stale = next(item for item in office.json("/v1/me/to-do")["items"] if item["kind"] == "status_stale")
    body = {"to": "suspended", "on": today().isoformat()}
    answer = office.client.post(f"{stale['path']}/transitions", json=body, headers=office.key)
    assert answer.status_code == 200
    assert of(office, stale["path"]) == []


def test_an_overdue_milestone_waits_until_it_is_reported(seeded: Database) -> None:
    office, world = Office(seeded, "editor", "MUNV"), World(seeded)
    slug = world.project().rpartition("/")[2]
    body = {"title_de": "Erstes", "kind": "result", "baseline_on": "2025-01-01"}
    path = f"/v1/milestones/{world.do('POST', f'/v1/projects/{slug}/milestones', body)['id']}"
    (item,) = of(office, path)
    assert (item["kind"], item["since"], item["project"]) == ("milestone_overdue", "2025-01-01", slug)
    world.do("POST", f"{path}/transitions", {"to": "achieved", "on": "2025-02-01"})
    assert of(office, path) == []


def test_an_award_waits_until_its_payments_are_known(seeded: Database) -> None:
    office, world = Office(seeded, "editor", "MUNV"), World(seeded)
    award = world.award(final=True)
    assert [item["kind"] for item in of(office, award)] == ["payments_not_reported"]
    body = {"type": "disbursement", "amount": "1.00", "booked_on": "2026-05-04"}
    world.do("POST", f"{award}/ledger-entries", body)
    assert of(office, award) == []


def test_conflicts_wait_until_an_import_without_any(seeded: Database) -> None:
    office = Office(seeded, "editor", "MUNV")
    data = office.workbook()
    office.change(f"/v1/projects/{PROJECT}", summary_en="Theirs")
    book = Book(data)
    book.put("Projekte", book.row_of("Projekte", "Projekt", PROJECT), "Kurztext (englisch)", "Mine")
    sent = office.send(book.saved())
    (item,) = [item for item in office.json("/v1/me/to-do")["items"] if item["kind"] == "import_conflict"]
    assert item["path"] == f"/v1/imports/{sent['id']}"
    assert kinds(Office(seeded, "editor", "MUNV"))["import_conflict"] == 0  # it is the sender's own
    office.apply(office.send(office.workbook())["id"])
    assert kinds(office)["import_conflict"] == 0


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_nobody_is_told_without_a_key(seeded: Database) -> None:
    assert Office(seeded).client.get("/v1/me/to-do").status_code == 401
