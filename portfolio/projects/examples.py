"""Examples for the document: real records, checked against their schemas by a test."""

from __future__ import annotations

from typing import Any

_RECORD: dict[str, Any] = {
    "id": "0192f1c4-7a6b-7cc3-98c5-0242ac120002",
    "version": 3,
    "created_at": "2026-06-30T08:00:00.000000Z",
    "updated_at": "2026-06-30T08:00:00.000000Z",
}
PROJECT: dict[str, Any] = {
    **_RECORD,
    "slug": "oepnv-initiative",
    "code": "13-01",
    "code_basis": "published_source",
    "proposal_number": None,
    "title_de": "ÖPNV-Initiative",
    "title_en": "Public Transport Initiative",
    "title_known": True,
    "title_aliases": [],
    "summary_de": "Paket zur Stärkung von Bus und Bahn.",
    "summary_en": "Package to strengthen buses and rail.",
    "summary_basis": "published_text",
    "pillar": 1,
    "theme_forum": 13,
    "theme_forum_basis": "published_source",
    "action_field": "mobility",
    "action_field_basis": "inferred_by_forum",
    "action_field_from_on": "2019-11-05",
    "lead_ministry": "MUNV",
    "lead_ministry_from_on": "2022-06-29",
    "lead_successor_undetermined": False,
    "status": "in_implementation",
    "status_basis": "documented",
    "status_as_of": "2022-12-31",
    "status_as_of_precision": "year",
    "bucket": "running",
    "in_population": True,
    "planned_start_on": None,
    "planned_end_on": None,
    "actual_start_on": None,
    "actual_end_on": None,
    "locations": [{"name": "Moers", "ags": None, "nuts3": None}],
    "list_confidence": "official_list",
    "components": [],
    "sources": [
        {
            "url": "https://www.ruhr-konferenz.nrw/umsetzen/handlungsfelder/projekt-13-01_VM",
            "title": "Ruhr-Konferenz: Projekt ÖPNV-Initiative",
        }
    ],
    "source_notes": None,
    "demo": False,
}
PROJECT_PAGE = {"items": [PROJECT], "next": None}
JOURNAL = {
    "items": [
        {
            **_RECORD,
            "seq": 2,
            "from_status": "proposed",
            "to_status": "adopted",
            "changed_on": "2019-11-05",
            "changed_on_precision": "day",
            "holds_from_on": "2019-11-05",
            "basis": "unknown",
            "decision": _RECORD["id"],
            "merged_into": None,
            "source_url": "https://www.ruhr-konferenz.nrw/umsetzen",
        }
    ]
}
ASSIGNMENTS = {
    "items": [
        {
            **_RECORD,
            "action_field": "mobility",
            "from_on": "2019-11-05",
            "to_on": None,
            "decision": _RECORD["id"],
            "basis": "inferred_by_forum",
            "source_url": None,
        }
    ]
}
ROLES = {
    "items": [
        {
            **_RECORD,
            "organisation": "VM",
            "role": "lead_ministry",
            "from_on": "2019-07-15",
            "to_on": "2022-06-29",
            "decision": None,
            "basis": "published_source",
            "note": None,
        }
    ]
}
DECISION: dict[str, Any] = {
    **_RECORD,
    "kind": "cabinet_decision",
    "authority": "Landesregierung Nordrhein-Westfalen",
    "decided_on": "2019-11-05",
    "decided_on_precision": "day",
    "title_de": "Kabinettbeschluss: fünf Handlungsfelder und 74 Projekte",
    "title_en": "Cabinet decision: five action fields and 74 projects",
    "reason_de": None,
    "reason_en": None,
    "agreed_with": "Kommunen",
    "source_url": "https://www.ruhr-konferenz.nrw/umsetzen",
    "effects": [
        {
            "project": "kommunale-kredithilfe",
            "effect": "remove",
            "from_value": "proposed",
            "to_value": "transferred_out",
            "basis": "published_individually",
            "source_url": None,
        }
    ],
    "demo": False,
}
DECISION_PAGE = {"items": [{**DECISION, "effects": []}], "next": None}
