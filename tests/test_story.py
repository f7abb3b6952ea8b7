"""A ministry's project from admission to its late milestone, with the reports checked after each step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from portfolio.core.db import Database
from tests.conftest import key_headers, make_app

SLUG = "gruene-daecher"
REPORTS = (
    "/v1/reports/funding-summary?group_by=level,year",
    "/v1/reports/funding-summary?group_by=action_field,ministry,project_status",
    "/v1/reports/milestones?group_by=quarter,action_field",
    "/v1/reports/portfolio",
    "/v1/projects?limit=200",
    "/v1/applications",
    "/v1/awards",
    "/v1/milestones?limit=200",
    f"/v1/ledger-entries?project={SLUG}",
)
SEED_APPROVED = Decimal("29149664.22")


@dataclass
class Expected:
    """What the totals must be: kept by hand, apart from the register's own code."""

    applied: Decimal | None = None
    applications: int = 18
    approved: Decimal = SEED_APPROVED
    awards: int = 18
    paid: Decimal | None = None
    to_flow: Decimal | None = None
    kept: int = 74
    planned: int = 7
    achieved: int = 71
    slipped_days: int = 0


@dataclass
class Story:
    """The client of the tale, and the answers saved after each step."""

    client: FlaskClient
    headers: dict[str, str]
    in_full: bool
    expected: Expected = field(default_factory=Expected)
    saved: dict[str, bytes] = field(default_factory=dict)

    def post(self, path: str, body: dict[str, Any], status: int = 201) -> Any:
        reason = {"Change-Reason": "Fehlbuchung"} if body.get("type") == "correction" else {}
        answer = self.client.post(path, json=body, headers={**self.headers, **reason})
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json

    def step(self) -> None:
        """Compare the reports with the expectation, and earlier answers with what they were.

        In full all of them after each step; else those of the step before, and all of them at the end.
        """
        self.check()
        self.compare(list(self.saved)[0 if self.in_full else -len(REPORTS) :])
        revision = self.client.get("/v1/reports/portfolio").headers["Register-Revision"]
        for report in REPORTS:
            joint = "&" if "?" in report else "?"
            address = f"{report}{joint}known_at={revision}&valid_on=2026-10-31"
            self.saved[address] = self.client.get(address).get_data()

    def compare(self, addresses: Iterable[str]) -> None:
        """What was answered for a moment is answered again, byte for byte."""
        for address in addresses:
            assert self.client.get(address).get_data() == self.saved[address], address

    def check(self) -> None:
        expected = self.expected
        total = self.client.get("/v1/reports/funding-summary").json["total"]
        assert total["applied"]["amount"] == _text(expected.applied)
        assert total["applied"]["lines_count"] == expected.applications
        assert total["approved"]["amount"] == _text(expected.approved)
        assert total["approved"]["lines_count"] == expected.awards
        assert total["paid_out"]["amount"] == _text(expected.paid)
        assert total["to_flow"]["amount"] == _text(expected.to_flow)
        portfolio = self.client.get("/v1/reports/portfolio").json
        assert portfolio["total"]["count"] == expected.kept
        population = portfolio["population"]
        assert population["closing"] == expected.kept
        assert (
            population["opening"] + population["admitted"] - population["removed"] - population["merged"]
            == population["closing"]
        )
        milestones = self.client.get("/v1/reports/milestones").json["total"]
        assert milestones["planned"]["count"] == expected.planned
        assert milestones["achieved"]["count"] == expected.achieved
        assert milestones["slipped"]["days"] == expected.slipped_days

    def refused(self, path: str, to: str, allowed: list[str], on: str = "2026-10-30") -> None:
        """A forbidden transition answers 409 and names the allowed ones."""
        answer = self.post(path, {"to": to, "on": on}, 409)
        assert answer["type"] == "/problems/transition-not-allowed"
        assert answer["allowed"] == allowed
        for name in allowed:
            assert name in answer["detail"]


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


@pytest.mark.large
def test_story(seeded: Database, scale: bool) -> None:
    story = Story(make_app(seeded).test_client(), key_headers(seeded, "coordinator"), scale)
    story.step()
    _admit(story)
    ministry = Story(story.client, key_headers(seeded, "editor", "MUNV"), scale, story.expected, story.saved)
    application = _apply(ministry)
    award = _grant(ministry, application)
    _pay(ministry, award)
    _reach(ministry)
    ministry.compare(ministry.saved)


def _admit(story: Story) -> None:
    project = f"/v1/projects/{SLUG}"
    story.post("/v1/projects", {"slug": SLUG, "title_de": "Grüne Dächer", "proposed_on": "2026-02-02"})
    story.step()
    story.refused(
        f"{project}/transitions", "completed", ["adopted", "suspended", "not_pursued", "transferred_out", "merged"]
    )
    decision = story.post(
        "/v1/decisions",
        {
            "kind": "cabinet_decision",
            "authority": "Landesregierung Nordrhein-Westfalen",
            "decided_on": "2026-03-02",
            "title_de": "Aufnahme der Grünen Dächer",
            "effects": [{"project": SLUG, "effect": "admit"}],
        },
    )["id"]
    missing = story.post(f"{project}/transitions", {"to": "adopted", "on": "2026-03-02", "decision": decision}, 409)
    assert "action field" in missing["detail"]
    story.post(f"{project}/assignments", {"action_field": "energy", "from_on": "2026-03-02", "decision": decision})
    story.post(
        f"{project}/roles",
        {"organisation": "MUNV", "role": "lead_ministry", "from_on": "2026-03-02", "decision": decision},
    )
    story.step()
    story.post(f"{project}/transitions", {"to": "adopted", "on": "2026-03-02", "decision": decision}, 200)
    story.expected.kept = 75
    story.step()


def _apply(story: Story) -> str:
    application = story.post(
        f"/v1/projects/{SLUG}/applications",
        {"level": "federal", "requested_amount": "1000000.01", "eligible_cost": "1500000.00"},
    )["id"]
    story.step()  # a draft counts nowhere
    transitions = f"/v1/applications/{application}/transitions"
    story.refused(transitions, "approved", ["submitted", "withdrawn"])
    story.post(transitions, {"to": "submitted", "on": "2026-04-01"}, 200)
    story.expected.applied, story.expected.applications = Decimal("1000000.01"), 19
    story.step()
    story.post(transitions, {"to": "under_review", "on": "2026-04-02"}, 200)
    early = story.post(transitions, {"to": "partly_approved", "on": "2026-03-31"}, 409)
    assert early["type"] == "/problems/day-out-of-order"
    story.post(transitions, {"to": "partly_approved", "on": "2026-05-01"}, 200)
    story.refused(transitions, "rejected", [])
    story.step()
    return str(application)


def _grant(story: Story, application: str) -> str:
    first = story.post(f"/v1/applications/{application}/awards", {"issued_on": "2026-05-02", "amount": "800000.00"})[
        "id"
    ]
    story.expected.approved += Decimal("800000.00")
    story.expected.awards = 19
    story.step()
    early = story.post(
        f"/v1/awards/{first}/ledger-entries", {"type": "disbursement", "amount": "1.00", "booked_on": "2026-05-03"}, 409
    )
    assert early["type"] == "/problems/award-not-final"
    amended = story.post(
        f"/v1/applications/{application}/awards",
        {"issued_on": "2026-05-20", "amount": "900000.00", "supersedes": first},
    )["id"]
    story.expected.approved += Decimal("100000.00")
    story.step()
    story.refused(f"/v1/awards/{first}/transitions", "final", [])
    story.refused(f"/v1/awards/{amended}/transitions", "settled", ["final", "revoked"])
    story.post(f"/v1/awards/{amended}/transitions", {"to": "final", "on": "2026-06-20"}, 200)
    story.step()
    return str(amended)


def _pay(story: Story, award: str) -> None:
    entries = f"/v1/awards/{award}/ledger-entries"
    first = story.post(entries, {"type": "disbursement", "amount": "300000.00", "booked_on": "2026-07-01"})["id"]
    story.expected.paid, story.expected.to_flow = Decimal("300000.00"), Decimal("600000.00")
    story.step()
    story.post(entries, {"type": "disbursement", "amount": "250000.50", "booked_on": "2026-08-01"})
    story.expected.paid, story.expected.to_flow = Decimal("550000.50"), Decimal("349999.50")
    story.step()
    above = story.post(entries, {"type": "disbursement", "amount": "349999.51", "booked_on": "2026-08-02"}, 409)
    assert above["type"] == "/problems/above-award"
    assert "349999.50" in above["detail"]
    story.post(entries, {"type": "correction", "booked_on": "2026-08-03", "reverses": first})
    story.expected.paid, story.expected.to_flow = Decimal("250000.50"), Decimal("649999.50")
    story.step()
    again = story.post(entries, {"type": "correction", "booked_on": "2026-08-03", "reverses": first}, 409)
    assert again["type"] == "/problems/not-reversible"


def _reach(story: Story) -> None:
    milestone = story.post(
        f"/v1/projects/{SLUG}/milestones", {"title_de": "Erstes Dach", "kind": "result", "baseline_on": "2026-09-01"}
    )["id"]
    story.expected.planned += 1
    story.step()
    forecasts = f"/v1/milestones/{milestone}/forecasts"
    story.post(forecasts, {"reported_on": "2026-07-31", "forecast_on": "2026-09-15"})
    story.expected.slipped_days = 14
    story.step()
    story.post(forecasts, {"reported_on": "2026-08-31", "forecast_on": "2026-10-01"})
    story.expected.slipped_days = 30
    story.step()
    story.post(f"/v1/milestones/{milestone}/transitions", {"to": "achieved", "on": "2026-10-11"}, 200)
    story.expected.slipped_days, story.expected.achieved = 40, story.expected.achieved + 1
    story.step()
    story.refused(f"/v1/milestones/{milestone}/transitions", "missed", [])
