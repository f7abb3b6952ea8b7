"""Loading the real data: as one revision, once, complete to the last key."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portfolio.core.db import Database
from portfolio.exchange.demo import load_demo
from portfolio.exchange.seed import load_seed
from portfolio.exchange.source_data import read_projects, read_reference
from portfolio.history.models import Change, Revision

PROJECT_KEYS = {
    "id": "Project.slug",
    "project_code": "Project.code",
    "project_code_basis": "Project.code_basis",
    "proposal_number": "Project.proposal_number",
    "title_de": "Project.title_de",
    "title_en": "Project.title_en",
    "title_aliases": "Project.title_aliases",
    "action_field": "Assignment.action_field",
    "action_field_basis": "Assignment.basis",
    "action_field_source_url": "Assignment.source_url",
    "lead_ministry": "ProjectRole.organisation",
    "theme_forum": "Project.theme_forum",
    "theme_forum_basis": "Project.theme_forum_basis",
    "pillar": "Project.pillar (1: every record is a ministry project)",
    "description_de": "Project.summary_de",
    "description_en": "Project.summary_en",
    "description_basis": "Project.summary_basis",
    "partners": "ProjectRole partner",
    "locations": "Project.locations",
    "decision": "DecisionEffect.effect",
    "decision_basis": "DecisionEffect.basis",
    "decision_date": "Decision.decided_on (null only where the basis is `assumed`: admitted by the same decision)",
    "decision_source_url": "DecisionEffect.source_url",
    "implementation_status": "ProjectStatusChange.to_status",
    "implementation_as_of": "ProjectStatusChange.changed_on with precision",
    "implementation_source_url": "ProjectStatusChange.source_url",
    "list_confidence": "Project.list_confidence",
    "funding": "Application and Award, or FundingStatement",
    "milestones": "Milestone",
    "components": "Project.components",
    "sources": "Project.sources",
    "notes": "Project.source_notes",
}
FUNDING_KEYS = {
    "level": "level",
    "programme": "programme, by the table PROGRAMME_OF",
    "amount_eur": "amount",
    "amount_qualifier": "amount_qualifier / qualifier",
    "amount_scope": "FundingStatement.scope; of an award it is project or component",
    "total_cost_eur": "total_cost, or said in the note of an award",
    "status": "kind; of an award it is approved",
    "date": "issued_on / stated_on",
    "date_precision": "follows from the form of the date",
    "period_from": "approval_from_on / period_from_on",
    "period_to": "approval_to_on / period_to_on",
    "recipient": "recipient_text, and applicant where it is one organisation",
    "note": "note",
    "source_url": "source_url",
}
MILESTONE_KEYS = {
    "date": "achieved_on / baseline_on",
    "date_precision": "follows from the form of the date",
    "season": "season",
    "kind": "kind",
    "event_de": "title_de",
    "event_en": "title_en",
    "source_url": "source_url",
}
REFERENCE_KEYS = {
    "action_fields": "ActionField (its project counts are computed by the register instead)",
    "ministries": "Organisation (forums and counts of projects are computed by the register instead)",
    "theme_forums": "ThemeForum",
    "phases": "Programme.phases",
    "process_events": "Programme.events",
    "pillars": "Programme.pillars",
    "official_project_counts": "Programme.official_counts",
    "process_amounts": "Programme.amounts",
    "funding_programmes": "FundingProgramme",
    "advisory_board": "Programme.advisory_board",
    "responsible_offices": "Programme.responsible_offices",
    "participation": "Programme.participation",
    "not_matched": "Programme.not_matched",
    "allowed_values": "left out: the codelists of the register say what is allowed",
    "ministries_from_2022": "Organisation",
    "ministry_successions": "Succession",
}


def _keys(records: list[dict[str, Any]]) -> set[str]:
    return {key for record in records for key in record}


def test_every_key_of_the_data_has_its_place() -> None:
    projects = read_projects()
    assert _keys(projects) == set(PROJECT_KEYS)
    assert _keys([fact for project in projects for fact in project["funding"]]) == set(FUNDING_KEYS)
    assert _keys([fact for project in projects for fact in project["milestones"]]) == set(MILESTONE_KEYS)
    assert set(read_reference()) == set(REFERENCE_KEYS)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_every_published_text_is_in_the_register(seeded: Database) -> None:
    """Titles, notes, sources and amounts: each stands somewhere in the recorded images."""
    with seeded.snapshot() as session:
        images = [json.loads(body)["after"] for body in session.scalars(sa.select(Change.body))]
    stored: set[str] = set()

    def gather(value: Any) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                gather(inner)
        elif isinstance(value, list):
            for inner in value:
                gather(inner)
        elif isinstance(value, str):
            stored.add(value)

    gather(images)
    notes = " ".join(text for text in stored if "published" in text)
    skipped = {"date", "date_precision", "period_from", "period_to", "programme", "status", "level", "amount_scope"}
    for project in read_projects():
        texts = [project[name] for name in ("id", "title_de", "title_en", "description_de", "description_en", "notes")]
        texts += [source["url"] for source in project["sources"]]
        texts += [
            text for fact in project["milestones"] for text in (fact["event_de"], fact["event_en"], fact["source_url"])
        ]
        for fact in project["funding"]:
            texts += [value for name, value in fact.items() if name not in skipped and isinstance(value, str)]
        missing = [text for text in texts if text and text not in stored and text not in notes]
        assert missing == [], project["id"]


def test_is_one_revision_and_once_is_enough(seeded: Database) -> None:
    again = load_seed(seeded)
    assert (again.changed, again.projects) == (False, 75)
    with seeded.snapshot() as session:
        header = json.loads(session.scalars(sa.select(Revision.header)).one())
    assert (header["rev"], header["actor"], header["action"], header["via"]) == (1, "act_seed", "seed.load", "cli")


def test_of_two_at_once_one_loads_and_the_other_finds_it_done(database: Database) -> None:
    with ThreadPoolExecutor(2) as pool:
        loads = list(pool.map(load_seed, [database, database]))
    assert sorted((loaded.changed, loaded.projects, loaded.revision) for loaded in loads) == [
        (False, 75, None),
        (True, 75, 1),
    ]


class TestUnnamed:
    def test_are_nineteen_in_order(self, client: FlaskClient) -> None:
        items = client.get("/v1/projects?title_known=false&sort=slug&limit=50").json["items"]
        assert [item["slug"] for item in items] == [f"nicht-ermittelt-{number:02}" for number in range(1, 20)]
        forums = [item["theme_forum"] for item in items]
        assert forums == [4, 4, 4, 4, 10, 12, 19, *[None] * 12]
        assert items[5]["code"] == "12-03"
        assert items[0]["title_de"] == "Projekt, Bezeichnung nicht ermittelt (1 von 19)"
        assert {item["action_field"] for item in items} == {None}
        assert {item["status"] for item in items} == {"adopted"}


class TestDemo:
    def test_is_apart_from_the_real_ones(self, demo_client: FlaskClient) -> None:
        assert demo_client.get("/v1/reports/portfolio").json["total"]["count"] == 74
        total = demo_client.get("/v1/reports/funding-summary").json["total"]
        assert (total["approved"]["amount"], total["paid_out"]["amount"]) == ("29149664.22", None)
        for name in ("projects", "applications", "awards", "ledger-entries", "milestones", "organisations"):
            items = demo_client.get(f"/v1/{name}?limit=200").json["items"]
            assert not any(item["demo"] for item in items), name

    def test_shows_everything_that_can_happen(self, demo_client: FlaskClient) -> None:
        def codes(path: str, name: str) -> dict[str, int]:
            found: dict[str, int] = {}
            address = f"{path}?include_demo=true&limit=200"
            while address:
                page = demo_client.get(address).json
                for item in page["items"]:
                    if item["demo"]:
                        found[item[name]] = found.get(item[name], 0) + 1
                address = page["next"]
            return found

        assert sum(codes("/v1/applications", "status").values()) >= 150
        assert {"eu", "federal", "state", "municipal", "foundation", "private", "own"} <= set(
            codes("/v1/applications", "level")
        )
        assert len(codes("/v1/projects", "status")) == 10
        assert len(codes("/v1/applications", "status")) == 7  # drafts are not public
        assert len(codes("/v1/awards", "status")) == 7
        assert {"disbursement", "repayment", "correction", "recovery_claim"} <= set(codes("/v1/ledger-entries", "type"))
        outcomes = codes("/v1/milestones", "outcome")
        assert {"achieved", "partly_achieved", "missed", "cancelled", "overdue", "at_risk"} <= set(outcomes)

    def test_once_is_enough(self, with_demo: Database) -> None:
        assert load_demo(with_demo).changed is False
