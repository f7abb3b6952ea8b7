"""Award chains over HTTP: every step of both lives, late bookings, claims that are opened once (DOMAIN 3, 9 and 10)."""

from __future__ import annotations

from typing import Any

from tests.funding.test_rules import Money, money

__all__ = ["money"]

APPLICATION: dict[str, tuple[str, ...]] = {
    "draft": ("submitted", "withdrawn"),
    "submitted": ("under_review", "withdrawn"),
    "under_review": ("returned", "approved", "partly_approved", "rejected", "withdrawn"),
    "returned": ("under_review", "withdrawn"),
    **dict.fromkeys(("approved", "partly_approved", "rejected", "withdrawn"), ()),
}
AWARD: dict[str, tuple[str, ...]] = {
    "issued": ("final", "revoked"),
    "final": ("active", "revoked"),
    "active": ("proof_due", "revoked"),
    "proof_due": ("settled", "revoked"),
    **dict.fromkeys(("settled", "revoked", "superseded"), ()),
}
"""As DOMAIN 3 says, spelled out apart from the register's own tables."""
DAY = "2025-02-02"


def _refuse_all_but(money: Money, path: str, statuses: dict[str, Any], status: str) -> None:
    for target in sorted(set(statuses) - set(statuses[status])):
        refused = money.post(path, {"to": target, "on": DAY, "reason": "Grund"}, 409)
        assert refused["type"] == "/problems/transition-not-allowed", (status, target)
        assert refused["allowed"] == list(statuses[status]), (status, target)


class TestLifecycle:
    def test_of_an_application_knows_no_other_step(self, money: Money) -> None:
        way = ("submitted", "under_review", "returned")
        ways = {"draft": (), "submitted": way[:1], "under_review": way[:2], "returned": way}
        for status in APPLICATION:
            path = f"/v1/applications/{money.application()}/transitions"
            for step in ways.get(status, (*way[:2], status)):
                money.post(path, {"to": step, "on": DAY, "reason": "Grund"}, 200)
            _refuse_all_but(money, path, APPLICATION, status)

    def test_of_an_award_knows_no_other_step(self, money: Money) -> None:
        application = money.approved()
        way = ("final", "active", "proof_due", "settled")
        for status in AWARD:
            award = money.award(application, "1.00")
            steps = way[: way.index(status) + 1] if status in way else ("revoked",) * (status == "revoked")
            money.move(award, *((step, DAY) for step in steps))
            if status == "superseded":
                money.award(application, "1.00", supersedes=award)
            _refuse_all_but(money, f"/v1/awards/{award}/transitions", AWARD, status)


class TestChain:
    def test_takes_a_late_booking_under_the_award_of_its_day(self, money: Money) -> None:
        application = money.approved()
        first = money.award(application, "800.00")
        money.move(first, ("final", "2025-03-02"))
        second = money.award(application, "900.00", "2025-06-01", supersedes=first)
        money.book(second, "disbursement", "300.00", "2025-04-10")  # paid under the first, entered late
        refused = money.book(second, "disbursement", "1.00", "2025-06-10", 409)
        assert refused["type"] == "/problems/award-not-final"  # the amendment of that day is not final
        above = money.book(second, "disbursement", "500.01", "2025-05-31", 409)
        assert above["type"] == "/problems/above-award"
        assert "500.00 of 800.00" in above["detail"]  # the award of that day, not the later one
        money.move(second, ("final", "2025-07-01"))
        money.book(second, "disbursement", "600.00", "2025-07-02")
        full = money.book(second, "disbursement", "0.01", "2025-05-31", 409)
        assert "0.00 of 900.00" in full["detail"]  # room under the first, none under the second any more

    def test_claims_back_once_what_amendments_and_a_revocation_leave_paid(self, money: Money) -> None:
        application = money.approved()
        award = money.award(application, "900.00")
        money.move(award, ("final", "2025-03-02"))
        money.book(award, "disbursement", "900.00", "2025-03-03")
        money.book(award, "repayment", "50.00", "2025-03-04")  # paid back unasked, so no part of a claim
        second = money.award(application, "500.00", "2025-04-01", supersedes=award)
        money.book(second, "repayment", "200.00", "2025-04-02")
        third = money.award(application, "400.00", "2025-05-01", supersedes=second)
        fourth = money.award(application, "450.00", "2025-05-02", supersedes=third)
        money.move(fourth, ("revoked", "2025-06-01"))
        claims = [claim for one in (second, third, fourth) for claim in money.claims(one)]
        assert claims == ["350.00", "100.00", "400.00"]

    def test_adds_a_second_award_and_replaces_by_an_amendment(self, money: Money) -> None:
        application = money.approved()
        first = money.award(application, "600.00")
        money.award(application, "300.00", "2025-03-01")
        money.award(application, "500.00", "2025-04-01", supersedes=first)
        address = "/v1/reports/funding-summary?project=ruhr-digital&level=federal&valid_on={}"
        approved = {
            day: money.client.get(address.format(day)).json["total"]["approved"]["amount"]
            for day in ("2025-02-01", "2025-02-02", "2025-03-01", "2025-03-31", "2025-04-01")
        }
        assert list(approved.values()) == ["0.00", "600.00", "900.00", "900.00", "800.00"]
        assert money.client.get(f"/v1/awards/{first}?valid_on=2025-03-31").json["status"] == "issued"
        assert money.client.get(f"/v1/awards/{first}?valid_on=2025-04-01").json["status"] == "superseded"
