"""Examples for the document."""

from __future__ import annotations

from typing import Any

_ID = "0192f1c4-7a6b-7cc3-98c5-0242ac120002"
_RECORD: dict[str, Any] = {
    "id": _ID,
    "version": 1,
    "created_at": "2026-06-30T08:00:00.000000Z",
    "updated_at": "2026-06-30T08:00:00.000000Z",
}
_LINE: dict[str, Any] = {
    "project": "digitale-modelldestination",
    "project_title": "Digitale Modelldestination",
    "action_field": "economy",
    "ministry": "MWIKE",
    "project_status": "in_implementation",
    "fund": "EFRE",
    "demo": False,
    "level": "mixed",
    "programme": "efre-regio-nrw",
    "applicant": "ruhr-tourismus-gmbh",
    "recipient_text": "Ruhr Tourismus GmbH",
    "application_status": "approved",
}
PROGRAMME: dict[str, Any] = {
    **_RECORD,
    "code": "efre-regio-nrw",
    "title_de": "EFRE.NRW (Regio.NRW)",
    "title_en": "European Regional Development Fund NRW (Regio.NRW)",
    "level": "eu",
    "fund": "EFRE",
    "period_from_on": None,
    "period_to_on": None,
    "legal_basis": None,
    "parameters": [],
    "relation": "named_for_projects",
    "source_url": None,
    "demo": False,
}
APPLICATION: dict[str, Any] = {
    **_RECORD,
    **_LINE,
    "purpose": None,
    "requested_amount": "1250000.00",
    "eligible_cost": "1500000.00",
    "requested_rate": "0.8000",
    "note": None,
    "source_url": None,
    "status": "approved",
    "submitted_on": "2019-03-01",
    "submitted_on_precision": "day",
    "decided_on": "2019-09-19",
    "decided_on_precision": "day",
    "counts_from_on": "2019-03-01",
    "basis": "reported",
    "year": 2019,
}
AWARD: dict[str, Any] = {
    **_RECORD,
    **_LINE,
    "application": _ID,
    "chain_id": _ID,
    "supersedes": None,
    "number": None,
    "status": "issued",
    "in_force": True,
    "open": True,
    "amount": "1200000.00",
    "amount_qualifier": "exact",
    "issued_on": "2019-09-19",
    "issued_on_precision": "day",
    "day_known": True,
    "counts_from_on": "2019-09-19",
    "evidence": "published_statement",
    "payments_known": False,
    "payments_known_until": None,
    "paid_out": None,
    "to_flow": None,
    "lapsed": None,
    "overpaid": None,
    "basis": "documented",
    "year": 2019,
}
ENTRY: dict[str, Any] = {
    **_RECORD,
    **_LINE,
    "award": _ID,
    "application": _ID,
    "type": "disbursement",
    "amount": "250000.00",
    "paid_out": "250000.00",
    "booked_on": "2026-05-04",
    "value_on": None,
    "budget_year": 2026,
    "payer": None,
    "payee": "Ruhr Tourismus GmbH",
    "reverses": None,
    "source_url": None,
    "year": 2026,
}
STATEMENT: dict[str, Any] = {
    **_RECORD,
    "project": "research-alliance-ruhr",
    "kind": "approved",
    "level": "state",
    "programme": None,
    "amount": "75000000.00",
    "qualifier": "up_to",
    "scope": "project",
    "total_cost": None,
    "stated_on": "2022-02-10",
    "stated_on_precision": "day",
    "period_to_on": "2024-12-31",
    "period_to_on_precision": "year",
    "recipient_text": "Universitätsallianz Ruhr",
    "note": None,
    "source_url": None,
}
APPLICATION_JOURNAL = {
    "items": [
        {
            **_RECORD,
            "seq": 2,
            "from_status": "draft",
            "to_status": "submitted",
            "changed_on": "2026-03-10",
            "changed_on_precision": "day",
            "holds_from_on": "2026-03-10",
            "basis": "reported",
        }
    ]
}
AWARD_JOURNAL = {
    "items": [
        {
            **_RECORD,
            "seq": 2,
            "from_status": "issued",
            "to_status": "final",
            "changed_on": "2026-05-02",
            "changed_on_precision": "day",
            "holds_from_on": "2026-05-02",
            "basis": "reported",
        }
    ]
}


def page(item: dict[str, Any]) -> dict[str, Any]:
    return {"items": [item], "next": None}
