"""References to the wrong record, to itself and in a circle; amounts at their limit; the same thing twice."""

from __future__ import annotations

from typing import Any

import pytest

from portfolio.core.db import Database
from tests.access.world import DAY, World

pytestmark = pytest.mark.postgresql_in_full

LARGEST = "9999999999999.99"
REASON = {"Change-Reason": "x"}


@pytest.fixture
def world(seeded: Database) -> World:
    return World(seeded)


def refused(world: World, status: int, method: str, path: str, body: dict[str, Any], **headers: str) -> None:
    answer = world.client.open(path, method=method, json=body, headers={**world.coordinator, **headers})
    assert answer.status_code == status, (path, body, answer.get_data(as_text=True))


def test_an_organisation_takes_over_from_others_while_it_exists(world: World) -> None:
    one, other = world.organisation(), world.organisation()

    def succession(by: str, day: str) -> dict[str, Any]:
        return {"add_successor": {"organisation": by.rpartition("/")[2], "happened_on": day, "kind": "renamed"}}

    refused(world, 422, "PATCH", one, succession(one, "2024-01-01"), **world.etag(one))
    world.do("PATCH", one, succession(other, "2024-01-01"), **world.etag(one))
    for day in ("2023-01-01", "2024-01-01", "2025-01-01"):
        refused(world, 422, "PATCH", other, succession(one, day), **world.etag(other))
    refused(world, 409, "PATCH", one, succession(other, "2025-01-01"), **world.etag(one))
    refused(world, 422, "PATCH", other, {"valid_to": "2024-01-01"}, **world.etag(other))
    refused(world, 422, "PATCH", other, {"valid_from": "2024-01-02"}, **world.etag(other))
    world.do("PATCH", other, {"valid_from": "2024-01-01", "valid_to": "2024-01-02"}, **world.etag(other))


def test_a_project_is_not_merged_into_itself_nor_takes_an_address(world: World) -> None:
    one, other = world.project(), world.project()
    merged = {"to": "merged", "on": DAY, "reason": "x"}
    for slug, status in ((one.rpartition("/")[2], 409), ("nix", 422)):
        refused(world, status, "POST", f"{one}/transitions", {**merged, "merged_into": slug})
    refused(world, 409, "POST", f"{one}/transitions", merged)
    for slug in (one.rpartition("/")[2], "nicht-ermittelt-01"):
        refused(world, 409, "PATCH", other, {"slug": slug}, **world.etag(other))
    world.do("POST", f"{one}/transitions", {**merged, "merged_into": other.rpartition("/")[2]})


def test_a_decision_has_each_effect_once(world: World) -> None:
    slug = world.project().rpartition("/")[2]
    body = {"kind": "cabinet_decision", "authority": "Land", "decided_on": DAY, "title_de": "Beschluss"}
    admit = {"project": slug, "effect": "admit"}
    refused(world, 422, "POST", "/v1/decisions", {**body, "effects": [admit, admit]})
    refused(world, 422, "POST", "/v1/decisions", {**body, "effects": [{**admit, "project": "nix"}]})
    world.do("POST", "/v1/decisions", {**body, "effects": [admit, {**admit, "effect": "rename"}]})


def test_entries_are_reversed_once_and_where_they_are(world: World) -> None:
    one, other = world.award(final=True), world.award(final=True)
    paid = {"type": "disbursement", "amount": "5.00", "booked_on": "2026-05-04"}
    entry = world.do("POST", f"{one}/ledger-entries", paid)["id"]
    back = {"type": "correction", "booked_on": "2026-05-05", "reverses": entry}
    refused(world, 409, "POST", f"{other}/ledger-entries", back, **REASON)
    refused(world, 422, "POST", f"{one}/ledger-entries", {**back, "reverses": one.rpartition("/")[2]}, **REASON)
    correction = world.do("POST", f"{one}/ledger-entries", back, **REASON)["id"]
    for again in (entry, correction):
        refused(world, 409, "POST", f"{one}/ledger-entries", {**back, "reverses": again}, **REASON)


def test_an_award_supersedes_one_of_its_own_application(world: World) -> None:
    one, application = world.award(), world.granted()
    body = {"issued_on": "2026-04-02", "amount": "1.00"}
    refused(world, 409, "POST", f"{application}/awards", {**body, "supersedes": one.rpartition("/")[2]})
    refused(world, 422, "POST", f"{application}/awards", {**body, "supersedes": application.rpartition("/")[2]})
    first = world.do("POST", f"{application}/awards", body)["id"]
    world.do("POST", f"{application}/awards", {**body, "supersedes": first})
    refused(world, 409, "POST", f"{application}/awards", {**body, "supersedes": first})


def test_sums_may_be_larger_than_any_amount(world: World) -> None:
    application = world.granted()
    for _ in range(12):
        world.do("POST", f"{application}/awards", {"issued_on": "2026-04-01", "amount": LARGEST}, **REASON)
    total = world.client.get("/v1/reports/funding-summary").json["total"]
    assert total["approved"]["amount"] == "120000029149664.10"
    award = world.award(final=True)
    for kind in ("commitment", "recovery_claim", "expenditure"):
        entry = {"type": kind, "amount": LARGEST, "booked_on": "2026-05-04"}
        world.do("POST", f"{award}/ledger-entries", entry)
    for kind in ("disbursement", "repayment"):
        entry = {"type": kind, "amount": LARGEST, "booked_on": "2026-05-04"}
        refused(world, 409, "POST", f"{award}/ledger-entries", entry)
    assert world.client.get("/v1/diff?from=1").status_code == 200
