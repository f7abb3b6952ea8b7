"""The population and the lives of projects over HTTP (DOMAIN 3 and rules 1 and 2), each step from every status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

Headers = dict[str, str]
DAY = "2026-03-02"
DROPPED = ("not_pursued", "transferred_out", "merged")
REOPENED = ("adopted", "under_review", "in_implementation")
ALLOWED: dict[str, tuple[str, ...]] = {
    "proposed": ("adopted", "suspended", *DROPPED),
    "adopted": ("under_review", "in_implementation", "suspended", *DROPPED),
    "under_review": ("adopted", "in_implementation", "completed", "continued", "suspended", *DROPPED),
    "in_implementation": ("under_review", "completed", "continued", "suspended", *DROPPED),
    "suspended": ("in_implementation", *DROPPED),
    "completed": ("continued", *REOPENED),
    "continued": REOPENED,
    "not_pursued": REOPENED,
    "transferred_out": REOPENED,
    "merged": REOPENED,
}
"""As DOMAIN 3 says, spelled out apart from the register's own table; suspended while in implementation."""
WAY_TO: dict[str, tuple[str, ...]] = {
    "proposed": (),
    "adopted": ("adopted",),
    "under_review": ("adopted", "under_review"),
    "in_implementation": ("adopted", "in_implementation"),
    **{status: ("adopted", "in_implementation", status) for status in ("suspended", "completed", "continued")},
    **{status: ("adopted", status) for status in DROPPED},
}


@dataclass
class Portfolio:
    """A client that moves projects through their lives."""

    client: FlaskClient
    headers: Headers

    def send(self, path: str, body: dict[str, Any]) -> Any:
        return self.client.post(path, json=body, headers=self.headers)

    def post(self, path: str, body: dict[str, Any], status: int = 201) -> Any:
        answer = self.send(path, body)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json

    def propose(self, slug: str = "dach", day: str = "2026-02-02", status: int = 201) -> Any:
        return self.post("/v1/projects", {"slug": slug, "title_de": slug, "proposed_on": day}, status)

    def decide(self, day: str = DAY) -> str:
        body = {"kind": "cabinet_decision", "authority": "Landesregierung", "decided_on": day, "title_de": "Beschluss"}
        return str(self.post("/v1/decisions", body)["id"])

    def place(self, slug: str, decision: str) -> None:
        """Give it a field and a lead ministry."""
        project = f"/v1/projects/{slug}"
        self.post(f"{project}/assignments", {"action_field": "energy", "from_on": DAY, "decision": decision})
        role = {"organisation": "MUNV", "role": "lead_ministry", "from_on": DAY, "decision": decision}
        self.post(f"{project}/roles", role)

    def move(self, slug: str, to: str, day: str = DAY, **more: Any) -> Any:
        return self.send(f"/v1/projects/{slug}/transitions", {"to": to, "on": day, "reason": "Grund", **more})

    def population(self, day: str = DAY) -> dict[str, int]:
        found = self.client.get(f"/v1/reports/portfolio?valid_on={day}").json["population"]
        names = ("opening", "admitted", "removed", "merged", "closing")
        return {name: found[name] for name in names}

    def arithmetic(self, *days: str) -> None:
        """opening + admitted − removed − merged = closing, from each day to each later one."""
        states = [self.population(day) for day in days]
        for place, one in enumerate(states):
            for other in states[place:]:
                change = {name: other[name] - one[name] for name in one}
                assert one["closing"] + change["admitted"] - change["removed"] - change["merged"] == other["closing"]
                assert change["opening"] == 0


@pytest.fixture
def portfolio(client: FlaskClient, coordinator: Headers) -> Portfolio:
    return Portfolio(client, coordinator)


class TestPopulation:
    def test_keeps_the_opening_stock_as_published(self, portfolio: Portfolio) -> None:
        for day in ("2019-07-15", "2019-09-09"):
            refused = portfolio.propose(day=day, status=409)
            assert refused["type"] == "/problems/opening-stock-closed"
        portfolio.propose(day="2019-09-10")
        assert portfolio.population("2019-10-31")["opening"] == 75
        assert portfolio.population("2019-10-31")["closing"] == 75

    def test_adds_up_between_any_two_days(self, portfolio: Portfolio) -> None:
        decision = portfolio.decide()
        for slug in ("dach", "wand"):
            portfolio.propose(slug)
            portfolio.place(slug, decision)
            assert portfolio.move(slug, "adopted", decision=decision).status_code == 200
        assert portfolio.move("wand", "merged", "2026-04-01", merged_into="dach").status_code == 200
        assert portfolio.move("rasmt", "transferred_out", "2026-05-01", decision=decision).status_code == 200
        assert portfolio.move("rita-teilzeitausbildung", "continued", "2026-05-02").status_code == 200
        assert portfolio.move("ruhr-digital", "not_pursued", "2026-06-01").status_code == 200
        days = ("2019-09-09", "2019-11-04", "2019-11-05", DAY, "2026-04-01", "2026-05-01", "2026-06-01")
        assert [portfolio.population(day)["closing"] for day in days] == [75, 75, 74, 76, 75, 74, 74]
        portfolio.arithmetic(*days)

    def test_admits_by_decision_field_and_ministry_only(self, portfolio: Portfolio) -> None:
        portfolio.propose()
        decision = portfolio.decide()
        without = portfolio.move("dach", "adopted")
        assert without.json["type"] == "/problems/requirement-missing"
        for what in ("decision", "action field", "lead ministry"):
            assert what in without.json["detail"]
        portfolio.place("dach", decision)
        assert portfolio.move("dach", "adopted").status_code == 409
        assert portfolio.move("dach", "adopted", decision=decision).status_code == 200

    def test_re_opens_what_was_never_admitted_by_an_admission(self, portfolio: Portfolio) -> None:
        portfolio.propose()
        decision = portfolio.decide()
        for slug in ("dach", "kommunale-kredithilfe"):
            if slug == "dach":
                assert portfolio.move(slug, "not_pursued").status_code == 200
            refused = portfolio.move(slug, "in_implementation", decision=decision)
            assert (refused.status_code, refused.json["allowed"]) == (409, ["adopted"])
            placed = portfolio.move(slug, "adopted", decision=decision)
            assert placed.json["type"] == "/problems/requirement-missing"
        portfolio.place("dach", decision)
        assert portfolio.move("dach", "adopted", decision=decision).json["in_population"] is True

    def test_merges_into_what_is_still_there(self, portfolio: Portfolio) -> None:
        for target, status in (("kommunale-kredithilfe", 409), ("ruhr-digital", 409), ("rasmt", 200)):
            answer = portfolio.move("ruhr-digital", "merged", merged_into=target)
            assert answer.status_code == status, target


class TestLead:
    def test_is_a_ministry(self, portfolio: Portfolio) -> None:
        body = {"role": "lead_ministry", "from_on": DAY, "basis": "published_source"}
        path = "/v1/projects/rasmt/roles"
        refused = portfolio.post(path, {**body, "organisation": "regionalverband-ruhr"}, 422)
        assert refused["errors"][0]["code"] == "not_a_ministry"
        portfolio.post(path, {**body, "organisation": "regionalverband-ruhr", "role": "partner"})
        portfolio.post(path, {**body, "organisation": "MUNV"})


class TestLifecycle:
    def test_refuses_every_other_step_and_names_the_allowed_ones(self, portfolio: Portfolio) -> None:
        decision = portfolio.decide()
        needs = {"decision": decision, "merged_into": "rasmt"}
        for status, allowed in ALLOWED.items():
            slug = status.replace("_", "-")
            portfolio.propose(slug)
            portfolio.place(slug, decision)
            for step in WAY_TO[status]:
                assert portfolio.move(slug, step, **needs).status_code == 200
            for target in sorted(set(ALLOWED) - set(allowed)):
                refused = portfolio.move(slug, target, **needs)
                assert refused.status_code == 409, (status, target)
                assert refused.json["allowed"] == list(allowed)
                assert all(name in refused.json["detail"] for name in allowed)

    def test_re_opens_by_decision_only(self, portfolio: Portfolio) -> None:
        decision = portfolio.decide()
        for status in ("completed", "continued", *DROPPED):
            slug = status.replace("_", "-")
            portfolio.propose(slug)
            portfolio.place(slug, decision)
            for step in WAY_TO[status]:
                portfolio.move(slug, step, decision=decision, merged_into="rasmt")
            refused = portfolio.move(slug, "in_implementation")
            assert refused.json["type"] == "/problems/requirement-missing", status
            assert portfolio.move(slug, "in_implementation", decision=decision).status_code == 200
