"""Examples for the document."""

from __future__ import annotations

from typing import Any

_CLOCKS = "valid_on=2022-12-31&known_at=1"
_HEAD: dict[str, Any] = {"revision": 1, "valid_on": "2022-12-31", "known_at": "2026-06-30T08:00:00.000000Z"}
_NUMBERS: dict[str, Any] = {
    "applied": {
        "amount": None,
        "lines": f"/v1/applications?submitted_to=2022-12-31&{_CLOCKS}",
        "lines_count": 2,
        "lines_without_amount": 2,
        "lines_without_day": 2,
    },
    "approved": {
        "amount": "134698.00",
        "exact": "134698.00",
        "lines": f"/v1/awards?in_force_on=2022-12-31&{_CLOCKS}",
        "lines_count": 2,
        "lines_without_amount": 1,
        "lines_without_day": 1,
        "lines_not_exact": 0,
    },
    "paid_out": {
        "amount": None,
        "lines": f"/v1/ledger-entries?booked_to=2022-12-31&counts=true&{_CLOCKS}",
        "lines_count": 0,
        "lines_without_payments": 2,
        "payments_known_until": None,
    },
    "to_flow": {
        "amount": None,
        "lapsed": None,
        "overpaid": None,
        "lines": f"/v1/awards?in_force_on=2022-12-31&payments_known=true&{_CLOCKS}",
        "lines_count": 0,
    },
    "planned": {"amount": None, "lines": None, "lines_count": 0},
}
FUNDING_SUMMARY: dict[str, Any] = {
    **_HEAD,
    "group_by": ["level"],
    "items": [{"group": {"level": "eu"}, **_NUMBERS}],
    "total": _NUMBERS,
}
_COUNT = {"count": 0, "lines": f"/v1/milestones?phase=implementing&reportable=true&{_CLOCKS}"}
_MILESTONES: dict[str, Any] = {
    **dict.fromkeys(
        [
            "planned",
            "missed",
            "cancelled",
            "overdue",
            "not_reported",
            "at_risk",
            "achieved",
            "partly_achieved",
            "without_baseline",
        ],
        _COUNT,
    ),
    "slipped": {**_COUNT, "days": 0},
}
MILESTONES: dict[str, Any] = {
    **_HEAD,
    "group_by": ["quarter"],
    "items": [{"group": {"year": 2021, "quarter": 3}, **_MILESTONES}],
    "total": _MILESTONES,
}
_PROJECTS: dict[str, Any] = {"count": 74, "lines": f"/v1/projects?in_population=true&{_CLOCKS}"}
_TOTAL: dict[str, Any] = {
    **_PROJECTS,
    "by_status": [{"status": "in_implementation", **_PROJECTS}],
    "by_bucket": [{"bucket": "running", **_PROJECTS}],
}
PORTFOLIO: dict[str, Any] = {
    **_HEAD,
    "items": [{"action_field": "mobility", **_TOTAL}],
    "total": _TOTAL,
    "completeness": dict.fromkeys(
        [
            "named",
            "unnamed",
            "assumed",
            "without_action_field",
            "field_published",
            "field_inferred_by_forum",
            "field_inferred_by_topic",
            "without_lead_ministry",
            "status_not_known",
        ],
        _PROJECTS,
    ),
    "population": {
        "opening_on": "2019-09-09",
        "opening": 75,
        "admitted": 0,
        "removed": 1,
        "merged": 0,
        "closing": 74,
    },
    "official_counts": [],
}


def _between(old: Any, new: Any, difference: Any) -> dict[str, Any]:
    return {"from": old, "to": new, "difference": difference}


_NOT_KNOWN = _between(None, None, None)
_NO_LINES = _between(0, 0, 0)
DIFF: dict[str, Any] = {
    "from": {"revision": 1, "known_at": "2026-06-30T08:00:00.000000Z"},
    "to": {"revision": 2, "known_at": "2026-07-01T08:00:00.000000Z"},
    "valid_on": "2026-07-01",
    "totals": {
        "funding": {
            "applied": _between("0.00", "250000.00", "250000.00"),
            "approved": _between("29149664.22", "29149664.22", "0.00"),
            "approved_exact": _between("18049664.22", "18049664.22", "0.00"),
            **dict.fromkeys(("paid_out", "to_flow", "lapsed", "overpaid"), _NOT_KNOWN),
            "applied_lines": _between(18, 19, 1),
            "approved_lines": _between(18, 18, 0),
            "paid_out_lines": _NO_LINES,
            "to_flow_lines": _NO_LINES,
        },
        "portfolio": {
            "projects": _between(74, 74, 0),
            "done": _between(14, 14, 0),
            "running": _between(22, 22, 0),
            "checking": _NO_LINES,
            "not_started": _between(2, 2, 0),
            "dropped": _between(2, 2, 0),
            "not_known": _between(34, 34, 0),
            "admitted": _NO_LINES,
            "removed": _between(1, 1, 0),
            "merged": _NO_LINES,
        },
    },
    "items": [
        {
            "resource": "applications",
            "type": "application",
            "id": "0192f1c4-7a6b-7cc3-98c5-0242ac120002",
            "path": "/v1/applications/0192f1c4-7a6b-7cc3-98c5-0242ac120002",
            "version": 2,
            "change": "added",
            "changes": [{"field": "requested_amount", "old": None, "new": "250000.00"}],
        }
    ],
    "next": None,
}
