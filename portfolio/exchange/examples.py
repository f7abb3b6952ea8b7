"""Examples for the document."""

from __future__ import annotations

from typing import Any

_HEAD: dict[str, Any] = {
    "id": "0192f1c4-7a6b-7cc3-98c5-0242ac120002",
    "state": "previewed",
    "filename": "workbook.xlsx",
    "kind": "xlsx",
    "sha256": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
    "created_at": "2026-06-30T08:00:00.000000Z",
    "expires_at": "2026-07-30T08:00:00.000000Z",
    "based_on": 12,
    "seen_revision": 14,
    "applied_at": None,
    "revision": None,
    "counts": {
        "rows": 3,
        "unchanged": 0,
        "changed": 1,
        "created": 0,
        "cells": 1,
        "faults": 1,
        "conflicts": 1,
        "missing": 1,
    },
    "apply": "/v1/imports/0192f1c4-7a6b-7cc3-98c5-0242ac120002/apply",
    "marked": "/v1/imports/0192f1c4-7a6b-7cc3-98c5-0242ac120002/workbook",
}
_MILESTONE = "milestones/0192f1c4-7a6b-7cc3-98c5-0242ac12000"
IMPORTS = {"items": [_HEAD]}
IMPORT: dict[str, Any] = {
    **_HEAD,
    "changes": [
        {
            "sheet": "Meilensteine",
            "row": 7,
            "record": f"{_MILESTONE}3",
            "action": "change",
            "cells": [{"column": "D", "field": "title_de", "old": "Eröffnung", "new": "Eröffnung der Labore"}],
        }
    ],
    "faults": [
        {
            "sheet": "Meilensteine",
            "row": 8,
            "column": "I",
            "field": "baseline_on",
            "code": "not_a_day",
            "detail": "There is no day 31.02.2026.",
            "detail_de": "Das ist kein Tag; 30.06.2026 oder 2026-06-30 eingeben.",
            "value": "31.02.2026",
        }
    ],
    "conflicts": [
        {
            "sheet": "Meilensteine",
            "row": 9,
            "record": f"{_MILESTONE}4",
            "seen_version": 2,
            "version": 3,
            "cells": [
                {
                    "column": "I",
                    "field": "baseline_on",
                    "base": "2026-09-30",
                    "yours": "2026-11-15",
                    "theirs": "2026-10-31",
                }
            ],
        }
    ],
    "notices": [],
    "missing": [{"sheet": "milestones", "record": f"{_MILESTONE}5"}],
    "applied": [],
}
TO_DO: dict[str, Any] = {
    "valid_on": "2026-06-30",
    "stale_before": "2025-12-30",
    "items": [
        {
            "kind": "status_stale",
            "project": "oepnv-initiative",
            "project_title": "ÖPNV-Initiative",
            "ministry": "MUNV",
            "path": "/v1/projects/oepnv-initiative",
            "since": "2022-12-31",
            "detail_de": "Status ist vom 31.12.2022; neuen Stand melden.",
            "detail_en": "Status is of 2022-12-31; report anew.",
        }
    ],
}
