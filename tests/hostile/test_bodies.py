"""Bodies: every field of every write with every defect of its kind, and the same body without it (the twin rule)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from portfolio.core import spec
from portfolio.core.db import Database
from portfolio.core.spec_reading import flattened
from tests.access.world import CALLS, Call, World
from tests.hostile.defects import BROKEN, defects
from tests.hostile.soon import soon

pytestmark = pytest.mark.postgresql_in_full

GOOD: dict[str, Any] = {
    "programme": "efre-regio-nrw", "applicant": "MUNV", "organisation": "MKW", "merged_into": None, "decision": None,
    "supersedes": None, "reverses": None, "add_successor": None, "title_known": None, "expires_at": "2090-01-01T00:00:00Z",
    "valid_to": "2090-01-01", "to_on": "2026-12-31", "planned_end_on": "2090-01-01", "actual_start_on": "2026-03-02",
    "actual_end_on": "2026-05-02", "value_on": "2026-05-04", "payments_known_until": "2026-06-30", "budget_year": 2026,
    "issued_on": "2026-04-01", "approval_to_on": "2026-12-31", "period_to_on": "2090-01-01", "code": None, "slug": None,
    "proposal_number": None, "amount": "800.00", "eligible_cost": "2000000.00", "phase": "implementing", "on": None, "to": None,
    "booked_on": None, "type": None, "reported_on": None, "forecast_on": None, "baseline_on_precision": "day",
    "decided_on_precision": "day", "role": None, "basis": None, "level": None, "reason": "Grund",
    "theme_forum_basis": "published_source", "summary_basis": "published_text", "kind": None,
}  # fmt: skip
"""A good value for a field of this name where its example will not do; None: it must be left as it is."""
TOGETHER: dict[tuple[str, str], dict[str, Any]] = {
    ("PATCH /v1/applications/<uuid:application_id>", "programme"): {"level": "eu"},
    ("PATCH /v1/applications/<uuid:application_id>", "requested_amount"): {"eligible_cost": "2000000.00"},
    ("POST /v1/api-keys", "organisation"): {"role": "editor"},
}
"""What must stand beside a good value."""
NO_TWIN = {("PATCH /v1/awards/<uuid:award_id>", "amount")}
"""It may be told only where it is not known, as of some loaded awards; those made here have one."""


@pytest.fixture
def world(seeded: Database) -> World:
    return World(seeded)


def _lines() -> list[str]:
    # What is broken in a file is tried in tests/exchange.
    return [line for line in CALLS if not line.startswith(("GET ", "DELETE ")) and "/imports" not in line]


def _key(line: str) -> tuple[str, str]:
    method, path = line.split(" ")
    return method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)


def _good(name: str, schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """A good value; None where there is none of its own."""
    if name in GOOD:
        return GOOD[name]
    schema = flattened(document, schema)
    if "example" in schema:
        return schema["example"]
    kinds = schema.get("type", "object")
    if "array" in kinds:
        return [_good("", schema["items"], document)]
    if "object" in kinds:
        made = {one: _good(one, schema["properties"][one], document) for one in schema["required"]}
        return {one: value for one, value in made.items() if value is not None}
    if "enum" in schema:
        return schema["enum"][0]
    return {"date": "2026-03-02", "uri": "https://a.example/b", "decimal": "1.00"}.get(
        schema.get("format", ""), "Ein Text"
    )


def _fields(schema: dict[str, Any], document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from flattened(document, schema)["properties"].items()


def _cases(
    line: str, body: dict[str, Any], schema: dict[str, Any], document: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """Each field: its pointer, the body with a good value in it, and the whole bodies with a bad one, as JSON text."""
    for name, field in _fields(schema, document):
        value = body.get(name, _good(name, field, document))
        twin = body if value is None else {**body, **TOGETHER.get((line, name), {}), name: value}
        resolved = flattened(document, field)
        bad = [_with(twin, name, text) for text in defects(resolved)]
        items = resolved.get("items", {})
        if "$ref" in items and isinstance(value, list) and isinstance(value[0], dict):
            for inner, inner_field in _fields(items, document):
                for text in defects(flattened(document, inner_field)):
                    whole = [{**value[0], inner: "@"}]
                    bad.append(_with(twin, name, json.dumps(whole).replace('"@"', text)))
            bad.append(_with(twin, name, json.dumps([{**value[0], "unknown_": 1}])))
        yield name, twin, bad


def _with(body: dict[str, Any], name: str, text: str) -> str:
    return json.dumps({**body, name: "@@"}).replace('"@@"', text)


def _send(world: World, call: Call, data: str, credentials: dict[str, str]) -> Any:
    with soon((call.path, data[:200])):
        return world.client.open(
            call.path, method=call.method, data=data.encode("utf-8", "surrogatepass"),
            content_type="application/json", headers={**call.headers, **credentials},
        )  # fmt: skip


@pytest.mark.large
@pytest.mark.parametrize("line", _lines())
def test_every_field_with_every_defect(world: World, line: str, step: int) -> None:
    document = spec.document(world.client.application.extensions["portfolio_api"])
    method, path = _key(line)
    (schema, *_) = (one["schema"] for one in document["paths"][path][method]["requestBody"]["content"].values())
    credentials = world.admin if "/api-keys" in line else world.coordinator
    refused = CALLS[line](world)
    head = world.client.get("/v1/programme").headers["Register-Revision"]
    wrong, count = [], 0
    assert refused.body is not None
    for name, _, bodies in _cases(line, refused.body, schema, document):
        for data in bodies[::step]:
            answer = _send(world, refused, data, credentials)
            count += 1
            pointers = [error.get("pointer", "") for error in (answer.json or {}).get("errors", [])]
            if answer.status_code != 422 or not any(pointer.startswith(f"#/{name}") for pointer in pointers):
                wrong.append((name, data[:150], answer.status_code, answer.get_data(as_text=True)[:200]))
    for text in BROKEN:
        answer = _send(world, refused, _with(refused.body, next(iter(refused.body)), text), credentials)
        count += 1
        if answer.status_code != 400 or answer.json["type"] != "/problems/not-json":
            wrong.append(("broken", text, answer.status_code, answer.get_data(as_text=True)[:200]))
    for name in ("id", "version", "created_at", "unknown_", "", "__proto__", "internal_note_", "x" * 5000):
        answer = _send(world, refused, json.dumps({**refused.body, name: 1}), credentials)
        count += 1
        if answer.status_code != 422:
            wrong.append(("unknown", name[:50], answer.status_code, answer.get_data(as_text=True)[:200]))
    assert wrong == [], f"{len(wrong)} of {count}"
    assert world.client.get("/v1/programme").headers["Register-Revision"] == head
    assert count >= 30 // step


@pytest.mark.large
@pytest.mark.parametrize("line", _lines())
def test_the_same_without_the_defect_is_accepted(world: World, line: str, step: int) -> None:
    document = spec.document(world.client.application.extensions["portfolio_api"])
    method, path = _key(line)
    (schema, *_) = (one["schema"] for one in document["paths"][path][method]["requestBody"]["content"].values())
    credentials = world.admin if "/api-keys" in line else world.coordinator
    first = CALLS[line](world)
    assert first.body is not None
    wrong = []
    for name, twin, _ in list(_cases(line, first.body, schema, document))[::step]:
        call = CALLS[line](world)
        fresh = {**twin, **{key: call.body[key] for key in ("slug", "code") if key in (call.body or {})}}
        if twin == first.body or (line, name) in NO_TWIN:
            continue
        answer = _send(world, call, json.dumps(fresh), credentials)
        if answer.status_code not in (200, 201):
            wrong.append((name, fresh[name], answer.status_code, answer.get_data(as_text=True)[:300]))
    assert wrong == []
    call = CALLS[line](world)
    assert _send(world, call, json.dumps(call.body), credentials).status_code in (200, 201)
