"""Every route x method x role, as this table says; the code's own table is not asked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask

from portfolio.access.service import create_key, revoke_key
from portfolio.core import sources
from portfolio.core.db import Database
from tests.access.world import CALLS, FOREIGN, OWN, World
from tests.conftest import SYSTEM, key_headers

Headers = dict[str, str]
OK, NO_KEY, FORBIDDEN, HIDDEN = "2xx", 401, 403, 404

CALLERS = (
    "anonymous", "editor own", "editor foreign", "approver own", "approver foreign", "coordinator", "auditor", "admin",
    "revoked", "expired",
)  # fmt: skip

# In the order of the callers.
PUBLIC = (OK, OK, OK, OK, OK, OK, OK, OK, NO_KEY, NO_KEY)
SIGNED_IN = (NO_KEY, OK, OK, OK, OK, OK, OK, OK, NO_KEY, NO_KEY)
OWNED = (NO_KEY, OK, FORBIDDEN, OK, FORBIDDEN, OK, FORBIDDEN, FORBIDDEN, NO_KEY, NO_KEY)
DRAFT = (NO_KEY, OK, HIDDEN, OK, HIDDEN, OK, FORBIDDEN, FORBIDDEN, NO_KEY, NO_KEY)
COORDINATED = (NO_KEY, *[FORBIDDEN] * 4, OK, FORBIDDEN, FORBIDDEN, NO_KEY, NO_KEY)
ADMIN = (NO_KEY, *[FORBIDDEN] * 6, OK, NO_KEY, NO_KEY)
WRITERS = (NO_KEY, *[OK] * 5, FORBIDDEN, FORBIDDEN, NO_KEY, NO_KEY)
OF_THE_SENDER = (NO_KEY, *[HIDDEN] * 5, FORBIDDEN, FORBIDDEN, NO_KEY, NO_KEY)
"""Nobody here sent it in; that its sender may is seen in tests/exchange."""

WRITES = {
    "POST /v1/organisations": COORDINATED,
    "PATCH /v1/organisations/<code>": COORDINATED,
    "POST /v1/projects": COORDINATED,
    "PATCH /v1/projects/<slug>": OWNED,
    "DELETE /v1/projects/<slug>": COORDINATED,
    "POST /v1/projects/<slug>/transitions": OWNED,
    "POST /v1/projects/<slug>/assignments": OWNED,
    "POST /v1/projects/<slug>/roles": OWNED,
    "POST /v1/decisions": COORDINATED,
    "POST /v1/funding-programmes": COORDINATED,
    "PATCH /v1/funding-programmes/<code>": COORDINATED,
    "POST /v1/projects/<slug>/applications": OWNED,
    "PATCH /v1/applications/<uuid:application_id>": OWNED,
    "DELETE /v1/applications/<uuid:application_id>": DRAFT,
    "POST /v1/applications/<uuid:application_id>/transitions": OWNED,
    "POST /v1/applications/<uuid:application_id>/awards": OWNED,
    "PATCH /v1/awards/<uuid:award_id>": OWNED,
    "POST /v1/awards/<uuid:award_id>/transitions": OWNED,
    "POST /v1/awards/<uuid:award_id>/ledger-entries": OWNED,
    "POST /v1/projects/<slug>/milestones": OWNED,
    "PATCH /v1/milestones/<uuid:milestone_id>": OWNED,
    "DELETE /v1/milestones/<uuid:milestone_id>": OWNED,
    "POST /v1/milestones/<uuid:milestone_id>/transitions": OWNED,
    "POST /v1/milestones/<uuid:milestone_id>/forecasts": OWNED,
    "POST /v1/imports": WRITERS,
    "POST /v1/imports/<uuid:import_id>/apply": OF_THE_SENDER,
    "POST /v1/api-keys": ADMIN,
    "POST /v1/api-keys/<uuid:key_id>/transitions": ADMIN,
}
NOT_FOR_ALL = {
    "GET /v1/me": SIGNED_IN,
    "GET /v1/me/to-do": SIGNED_IN,
    "GET /v1/imports": WRITERS,
    "GET /v1/imports/<uuid:import_id>": OF_THE_SENDER,
    "GET /v1/imports/<uuid:import_id>/workbook": OF_THE_SENDER,
    "GET /v1/api-keys": ADMIN,
    "GET /v1/api-keys/<uuid:key_id>": ADMIN,
}
FOR_ALL = (
    "/v1", "/v1/data-dictionary", "/v1/programme", "/v1/action-fields", "/v1/action-fields/<code>", "/v1/theme-forums",
    "/v1/theme-forums/<int:number>", "/v1/vocabularies", "/v1/vocabularies/<name>", "/v1/organisations",
    "/v1/organisations/<code>", "/v1/projects", "/v1/projects/<slug>", "/v1/projects/<slug>/transitions",
    "/v1/projects/<slug>/assignments", "/v1/projects/<slug>/roles", "/v1/decisions",
    "/v1/decisions/<uuid:decision_id>", "/v1/funding-programmes", "/v1/funding-programmes/<code>", "/v1/applications",
    "/v1/projects/<slug>/applications", "/v1/applications/<uuid:application_id>",
    "/v1/applications/<uuid:application_id>/transitions", "/v1/awards", "/v1/applications/<uuid:application_id>/awards",
    "/v1/awards/<uuid:award_id>", "/v1/awards/<uuid:award_id>/transitions", "/v1/ledger-entries",
    "/v1/ledger-entries/<uuid:entry_id>", "/v1/awards/<uuid:award_id>/ledger-entries", "/v1/funding-statements",
    "/v1/projects/<slug>/funding-statements", "/v1/milestones", "/v1/projects/<slug>/milestones",
    "/v1/milestones/<uuid:milestone_id>", "/v1/milestones/<uuid:milestone_id>/transitions",
    "/v1/milestones/<uuid:milestone_id>/forecasts", "/v1/reports/funding-summary", "/v1/reports/milestones",
    "/v1/reports/portfolio", "/v1/log/checkpoint", "/v1/log/key", "/v1/diff", "/v1/<resource>/<key>/history",
    "/v1/revisions", "/v1/revisions/<int:revision>", "/v1/changes", "/v1/workbook",
)  # fmt: skip
TABLE = {**WRITES, **NOT_FOR_ALL, **{f"GET {path}": PUBLIC for path in FOR_ALL}}
PAGES = {
    "/", "/docs", "/docs/<name>", "/docs/api-changes", "/problems/<slug>", "/openapi.json", "/openapi.yaml",
    "/health/live", "/health/ready", "/.well-known/security.txt", "/.well-known/api-catalog",
}  # fmt: skip
UNSIGNED = ("GET /v1/log/checkpoint", "GET /v1/log/key")
"""They answer 404 here, to everybody who gets so far: these registers have no signing key."""


def routes(app: Flask) -> set[str]:
    """Every route of the application with its method, named as in the table."""
    found = set()
    for rule in app.url_map.iter_rules():
        name = re.sub(r"<any\(.*?\):(\w+)>", r"<\1>", rule.rule)
        found |= {f"{method} {name}" for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    return found


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_every_route_has_a_line(app: Flask) -> None:
    assert routes(app) == set(TABLE) | {f"GET {path}" for path in PAGES}
    assert set(CALLS) == set(TABLE)


@pytest.fixture
def world(seeded: Database) -> World:
    return World(seeded)


@pytest.fixture
def callers(seeded: Database) -> dict[str, Headers]:
    with seeded.transaction(SYSTEM) as session:
        revoked = create_key(session, role="coordinator", name="x")
        revoke_key(session, revoked.key)
        expired = create_key(
            session, role="coordinator", name="x", expires_at=sources.now() - timedelta(milliseconds=1)
        )
    found: dict[str, Headers] = {"anonymous": {}}
    for role in ("editor", "approver"):
        found[f"{role} own"] = key_headers(seeded, role, OWN)
        found[f"{role} foreign"] = key_headers(seeded, role, FOREIGN)
    for role in ("coordinator", "auditor", "admin"):
        found[role] = key_headers(seeded, role)
    found["revoked"] = {"Authorization": f"Bearer {revoked.secret}"}
    found["expired"] = {"Authorization": f"Bearer {expired.secret}"}
    assert tuple(sorted(found)) == tuple(sorted(CALLERS))
    return found


@pytest.mark.postgresql_in_full
def test_each_caller_may_what_the_table_says(world: World, callers: dict[str, Headers]) -> None:
    wrong = []
    for line, build in CALLS.items():
        refused = build(world)  # those who are turned away leave it as it is
        for caller, expected in zip(CALLERS, TABLE[line], strict=True):
            is_read = line.startswith("GET ")
            call = refused if expected != OK or is_read else build(world)
            answer = call.send(world.client, callers[caller])
            status = answer.status_code
            if expected == OK:
                good = status in (200, 201, 204) or (line in UNSIGNED and status == 404)
            else:
                good = status == expected and answer.mimetype == "application/problem+json"
            if not good:
                wrong.append((line, caller, expected, status, answer.get_data(as_text=True)[:200]))
    assert wrong == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_head_is_for_whom_get_is(world: World, callers: dict[str, Headers]) -> None:
    for line, build in CALLS.items():
        if line.startswith("GET "):
            call = build(world)
            for caller in ("anonymous", "editor foreign", "admin", "revoked"):
                read = call.send(world.client, callers[caller])
                call.method = "HEAD"
                head = call.send(world.client, callers[caller])
                call.method = "GET"
                assert (head.status_code, head.data) == (read.status_code, b""), (line, caller)
