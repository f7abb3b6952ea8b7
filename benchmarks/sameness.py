"""What the answers of all servers are compared in, before each round.

The list: every field of every project, without ``next`` (the peers' page ends there). The record: all of it. The
summary by action field, level and year: all of it but the revision and its instant, which also stand in its links:
each server writes to its own copy of the database, and the peers count no revisions. The milestone after a PATCH: what
was sent, and every stored field but its version and instant; the peers leave out what follows from day and project.
"""

from __future__ import annotations

import json
import re
from typing import Any

GROUPED = "/v1/reports/funding-summary?group_by=action_field,level,year"
_KNOWN_AT = re.compile(r"known_at=\d+")
_MILESTONE = """id code title_de title_en kind phase baseline_on baseline_on_precision achieved_on
achieved_on_precision season status evidence weight reportable basis source_url"""


def of_list(body: bytes) -> Any:
    return json.loads(body)["items"]


def of_record(body: bytes) -> Any:
    return json.loads(body)


def of_summary(body: bytes) -> Any:
    found = json.loads(_KNOWN_AT.sub("known_at=…", body.decode()))
    return {name: value for name, value in found.items() if name not in ("revision", "known_at")}


def of_milestone(body: bytes) -> Any:
    found = json.loads(body)
    return {name: found[name] for name in _MILESTONE.split()}
