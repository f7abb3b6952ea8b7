"""Examples for the document, checked against their schemas by a test."""

from __future__ import annotations

from typing import Any

_HASH = "9f2c4d1e" * 8
_FACTS: dict[str, Any] = {
    "revision": 4711,
    "at": "2026-06-30T08:00:00.000000Z",
    "action": "projects.update",
    "ministry": "MUNV",
}
_PROOF: dict[str, Any] = {
    "epoch": 1,
    "schema": 1,
    "changes_count": 1,
    "leaf": _HASH,
    "changes_root": _HASH,
    "previous_leaf": _HASH,
}
_RECORD: dict[str, Any] = {
    "resource": "projects",
    "type": "project",
    "id": "0192f1c4-7a6b-7cc3-98c5-0242ac120002",
    "path": "/v1/projects/oepnv-initiative",
    "operation": "update",
    "version": 4,
}
_CHANGES = [{"field": "planned_end_on", "old": "2024-12-31", "new": "2026-12-31"}]
HISTORY = {
    "items": [{**_FACTS, "operation": "update", "version": 4, "changes": _CHANGES, "parts": []}],
    "next": None,
}
ENTRY: dict[str, Any] = {**_FACTS, **_PROOF, "records": [_RECORD]}
REVISIONS = {"items": [ENTRY], "next": None}
REVISION = {**_FACTS, **_PROOF, "items": [{**_RECORD, "changes": _CHANGES}], "next": None}
FEED = {"items": [ENTRY], "next_since": 4711, "head": 4711}
