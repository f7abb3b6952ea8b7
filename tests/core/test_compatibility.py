"""Every class of change between two documents is told for what it is, and named where it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy

import pytest

from portfolio.core.compatibility import compare
from tests.core.paint_document import LIST, MAKE, READ, Node, operation, paints, parameter, schema

Mutation = Callable[[Node], object]


def changed(mutation: Mutation) -> list[tuple[str, str, str]]:
    """Level, kind and place of what ``mutation`` changes."""
    new = paints()
    mutation(new)
    return [(change.level, change.kind, change.where) for change in compare(paints(), new)]


def rename(document: Node, old: str, new: str) -> Node:
    """Another name for a component, everywhere."""
    text = json.dumps(document).replace(f'schemas/{old}"', f'schemas/{new}"').replace(f'"{old}":', f'"{new}":')
    document.clear()
    document.update(json.loads(text))
    return document


def move(document: Node, old: str, new: str) -> None:
    document["paths"][new] = document["paths"].pop(old)


BREAKING: dict[str, tuple[Mutation, str, str]] = {
    # operations
    "operation": (lambda d: d["paths"]["/v1/paints"].pop("post"), "operation-removed", MAKE),
    "path": (lambda d: d["paths"].pop("/v1/paints/{name}"), "path-removed", READ),
    "moved": (lambda d: move(d, "/v1/paints/{name}", "/v1/pots/{name}"), "operation-moved", READ),
    "operationId": (lambda d: operation(d, READ).update(operationId="getPaint"), "operation-renamed", READ),
    "tag": (lambda d: operation(d, READ).update(tags=["pots"]), "tags-changed", READ),
    "anonymous": (lambda d: operation(d, LIST)["security"].remove({}), "security-tightened", LIST),
    "scope": (lambda d: operation(d, MAKE).update(security=[{"apiKey": ["a"]}]), "security-tightened", MAKE),
    "scheme": (
        lambda d: d["components"]["securitySchemes"]["apiKey"].update(scheme="basic"),
        "security-scheme-changed", "security scheme apiKey",
    ),
    "server": (lambda d: d["servers"][0].update(url="/api"), "server-removed", "servers"),
    "callbacks": (lambda d: operation(d, MAKE).update(callbacks={"x": {}}), "look-at-it", MAKE),
    # parameters
    "parameter": (
        lambda d: operation(d, LIST)["parameters"].remove(parameter(d, "q")),
        "parameter-removed", f"{LIST}, query parameter q",
    ),
    "parameter required": (
        lambda d: parameter(d, "q").update(required=True), "parameter-required", f"{LIST}, query parameter q",
    ),
    "new required parameter": (
        lambda d: operation(d, LIST)["parameters"].append({"in": "header", "name": "X-Why", "required": True}),
        "required-parameter-added", f"{LIST}, header parameter X-Why",
    ),
    "path parameter's name": (
        lambda d: [
            move(d, "/v1/paints/{name}", "/v1/paints/{title}"),
            d["paths"]["/v1/paints/{title}"]["parameters"][0].update(name="title"),
        ],
        "parameter-renamed", f"{READ}, path parameter name",
    ),
    "parameter type": (
        lambda d: parameter(d, "q")["schema"].update(type="integer"), "type-changed", f"{LIST}, query parameter q",
    ),
    "parameter enum": (
        lambda d: parameter(d, "colour")["schema"]["enum"].remove("red"),
        "enum-value-removed", f"{LIST}, query parameter colour",
    ),
    "maxLength": (
        lambda d: parameter(d, "on")["schema"].update(maxLength=8), "limit-tightened", f"{LIST}, query parameter on",
    ),
    "minimum": (
        lambda d: parameter(d, "limit")["schema"].update(minimum=5),
        "limit-tightened", f"{LIST}, query parameter limit",
    ),
    "pattern": (
        lambda d: parameter(d, "q")["schema"].update(pattern="^[a-f]+$"),
        "pattern-changed", f"{LIST}, query parameter q",
    ),
    "format": (
        lambda d: parameter(d, "on")["schema"].update(format="date-time"),
        "format-changed", f"{LIST}, query parameter on",
    ),
    "default": (
        lambda d: parameter(d, "limit")["schema"].update(default=10),
        "default-changed", f"{LIST}, query parameter limit",
    ),
    "style": (
        lambda d: parameter(d, "colour").update(style="pipeDelimited"),
        "parameter-style-changed", f"{LIST}, query parameter colour",
    ),
    "shared parameter": (
        lambda d: d["components"]["parameters"]["KnownAt"]["schema"].update(maxLength=4),
        "limit-tightened", "parameter KnownAt",
    ),
    # bodies
    "body required": (
        lambda d: operation(d, MAKE)["requestBody"].update(required=True), "body-required", f"{MAKE}, body",
    ),
    "new required body": (
        lambda d: operation(d, READ).update(requestBody={"required": True, "content": {}}),
        "body-required", f"{READ}, body",
    ),
    "body gone": (lambda d: operation(d, MAKE).pop("requestBody"), "body-removed", f"{MAKE}, body"),
    "body type": (
        lambda d: operation(d, MAKE)["requestBody"]["content"].pop("application/json"),
        "body-type-removed", f"{MAKE}, body (application/json)",
    ),
    "property required": (
        lambda d: schema(d, "PaintInput")["required"].append("shade"), "now-required", "schema PaintInput: shade",
    ),
    "new required property": (
        lambda d: [
            schema(d, "PaintInput")["required"].append("gloss"),
            schema(d, "PaintInput")["properties"].update(gloss={"type": "string"}),
        ],
        "required-property-added", "schema PaintInput: gloss",
    ),
    "property no longer taken": (
        lambda d: schema(d, "PaintInput")["properties"].pop("shade"), "property-removed", "schema PaintInput: shade",
    ),
    "null no longer taken": (
        lambda d: schema(d, "PaintInput", "litres").update(type="number"), "not-nullable", "schema PaintInput: litres",
    ),
    "type narrowed": (
        lambda d: schema(d, "PaintInput", "litres").update(type=["integer", "null"]),
        "type-narrowed", "schema PaintInput: litres",
    ),
    "closed": (lambda d: schema(d, "PaintInput").update(additionalProperties=False), "closed", "schema PaintInput: *"),
    "enum from nothing": (
        lambda d: schema(d, "PaintInput", "title").update(enum=["Sky"]), "enum-introduced", "schema PaintInput: title",
    ),
    # answers
    "status": (
        lambda d: operation(d, MAKE)["responses"].update({"200": operation(d, MAKE)["responses"].pop("201")}),
        "success-status-changed", f"{MAKE}, answer 201",
    ),
    "status gone": (lambda d: operation(d, MAKE)["responses"].pop("201"), "status-removed", f"{MAKE}, answer 201"),
    "second status": (
        lambda d: operation(d, MAKE)["responses"].update({"202": {}}), "success-status-added", f"{MAKE}, answer 202",
    ),
    "failure gone": (
        lambda d: operation(d, MAKE)["responses"].pop("409"), "error-status-removed", f"{MAKE}, answer 409",
    ),
    "answer type": (
        lambda d: operation(d, LIST)["responses"]["200"]["content"].pop("text/csv"),
        "answer-type-removed", f"{LIST}, answer 200 (text/csv)",
    ),
    "shared answer's type": (
        lambda d: d["components"]["responses"]["NotFound"].update(content={"text/html": {}}),
        "answer-type-removed", "answer NotFound (application/problem+json)",
    ),
    "header": (
        lambda d: operation(d, LIST)["responses"]["200"]["headers"].pop("ETag"),
        "header-removed", f"{LIST}, answer 200, header ETag",
    ),
    "header not always": (
        lambda d: operation(d, LIST)["responses"]["200"]["headers"]["ETag"].update(required=False),
        "header-optional", f"{LIST}, answer 200, header ETag",
    ),
    "answered property": (
        lambda d: schema(d, "Paint")["properties"].pop("note"), "property-removed", "schema Paint: note",
    ),
    "answered type": (
        lambda d: schema(d, "Paint", "price").update(type="number"), "type-changed", "schema Paint: price",
    ),
    "answered type widened": (
        lambda d: schema(d, "Paint", "title").update(type=["string", "integer"]), "type-widened", "schema Paint: title",
    ),
    "answered null": (
        lambda d: schema(d, "Paint", "title").update(type=["string", "null"]), "nullable", "schema Paint: title",
    ),
    "answered null beside a reference": (
        lambda d: schema(d, "Paint")["properties"].update(
            colour={"anyOf": [{"$ref": "#/components/schemas/Colour"}, {"type": "null"}]}
        ),
        "nullable", "schema Paint: colour",
    ),
    "answered sometimes": (
        lambda d: schema(d, "Paint")["required"].remove("price"), "no-longer-required", "schema Paint: price",
    ),
    "answered pattern": (
        lambda d: schema(d, "Paint", "price").pop("pattern"), "pattern-changed", "schema Paint: price",
    ),
    "answered empty": (
        lambda d: schema(d, "Paint", "title").update(minLength=0), "limit-loosened", "schema Paint: title",
    ),
    "answered enum": (lambda d: schema(d, "Colour")["enum"].remove("red"), "enum-value-removed", "schema Colour"),
    "answered enum opened": (lambda d: schema(d, "Colour").pop("enum"), "enum-dropped", "schema Colour"),
    "answered map": (
        lambda d: schema(d, "Paint", "words").update(additionalProperties={"type": "integer"}),
        "type-changed", "schema Paint: words.*",
    ),
    "answered choice": (
        lambda d: schema(d, "Paint", "cell")["anyOf"].append({"type": "boolean"}),
        "branches-changed", "schema Paint: cell",
    ),
    "part of a choice": (
        lambda d: schema(d, "Paint", "cell")["anyOf"][1].update(type="boolean"),
        "type-changed", "schema Paint: cell(anyOf 2)",
    ),
    "allOf": (
        lambda d: schema(d, "Paint", "note").update(allOf=[{"type": "string"}]),
        "branches-changed", "schema Paint: note",
    ),
    "unknown keyword": (
        lambda d: schema(d, "Paint", "note").update({"if": {"minLength": 3}}), "look-at-it", "schema Paint: note",
    ),
    # names
    "component": (lambda d: rename(d, "Colour", "Hue"), "component-renamed", "schema Colour"),
    "another type": (
        lambda d: [
            d["components"]["schemas"].update(Pot=deepcopy(schema(d, "Paint"))),
            schema(d, "Paint", "mixed").update(items={"$ref": "#/components/schemas/Pot"}),
        ],
        "type-renamed",
        "schema Paint: mixed[]",
    ),
    "enum in place": (
        lambda d: schema(d, "Paint")["properties"].update(colour={"type": "string", "enum": ["red", "blue"]}),
        "type-renamed", "schema Paint: colour",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("mutation", "kind", "where"), BREAKING.values(), ids=BREAKING.keys())
def test_what_breaks_a_client_is_caught_where_it_is(mutation: Mutation, kind: str, where: str) -> None:
    found = changed(mutation)
    assert [change for change in found if change[0] == "breaking"] == [("breaking", kind, where)]


HARMLESS: dict[str, tuple[Mutation, str, str]] = {
    "operation": (
        lambda d: d["paths"].update({"/v1/pots": {"get": {"operationId": "listPots", "responses": {}}}}),
        "operation-added", "GET /v1/pots",
    ),
    "deprecated": (lambda d: operation(d, READ).update(deprecated=True), "deprecated", READ),
    "deprecated property": (
        lambda d: schema(d, "Paint", "note").update(deprecated=True), "deprecated", "schema Paint: note",
    ),
    "anonymous": (lambda d: operation(d, MAKE)["security"].append({}), "security-loosened", MAKE),
    "parameter": (
        lambda d: operation(d, LIST)["parameters"].append({"in": "query", "name": "sort"}),
        "parameter-added", f"{LIST}, query parameter sort",
    ),
    "body": (
        lambda d: operation(d, READ).update(requestBody={"content": {}}), "body-added", f"{READ}, body",
    ),
    "longer taken": (
        lambda d: schema(d, "PaintInput", "title").update(maxLength=100),
        "limit-loosened", "schema PaintInput: title",
    ),
    "longer answered": (
        lambda d: schema(d, "Paint", "title").update(maxLength=100), "limit-raised", "schema Paint: title",
    ),
    "optional": (
        lambda d: schema(d, "PaintInput").update(required=[]), "no-longer-required", "schema PaintInput: title",
    ),
    "property taken": (
        lambda d: schema(d, "PaintInput")["properties"].update(gloss={}),
        "property-added", "schema PaintInput: gloss",
    ),
    "property answered": (
        lambda d: [schema(d, "Paint")["properties"].update(gloss={}), schema(d, "Paint")["required"].append("gloss")],
        "property-added", "schema Paint: gloss",
    ),
    "value taken": (
        lambda d: schema(d, "PaintInput", "shade")["enum"].append("matt"),
        "enum-value-added", "schema PaintInput: shade",
    ),
    "value answered": (lambda d: schema(d, "Colour")["enum"].append("green"), "enum-value-added", "schema Colour"),
    "null taken": (
        lambda d: schema(d, "PaintInput", "title").update(type=["string", "null"]),
        "nullable", "schema PaintInput: title",
    ),
    "no null answered": (
        lambda d: schema(d, "Paint", "note").update(type="string"), "not-nullable", "schema Paint: note",
    ),
    "failure": (
        lambda d: operation(d, READ)["responses"].update({"429": {}}), "status-added", f"{READ}, answer 429",
    ),
    "unchanged": (
        lambda d: operation(d, READ)["responses"].update({"304": {}}), "status-added", f"{READ}, answer 304",
    ),
    "media type": (
        lambda d: operation(d, READ)["responses"]["200"]["content"].update({"application/jsonl": {}}),
        "answer-type-added", f"{READ}, answer 200 (application/jsonl)",
    ),
    "header": (
        lambda d: operation(d, READ)["responses"]["200"]["headers"].update(Sunset={}),
        "header-added", f"{READ}, answer 200, header Sunset",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("mutation", "kind", "where"), HARMLESS.values(), ids=HARMLESS.keys())
def test_what_is_more_than_before_breaks_nobody(mutation: Mutation, kind: str, where: str) -> None:
    assert changed(mutation) == [("additive", kind, where)]


SAME: dict[str, Mutation] = {
    "words": lambda d: schema(d, "Paint", "title").update(description="Its name.", example="Sky", title="Name"),
    "extension": lambda d: operation(d, LIST).update({"x-note": "Ours."}, summary="List", description="All."),
    "info": lambda d: d["info"].update(description="Pots.", version="1.0.1"),
    "links": lambda d: operation(d, MAKE)["responses"]["201"].update(links={"read": {"operationId": "readPaint"}}),
    "named link": lambda d: d["components"].update(links={"Read": {"operationId": "readPaint"}}),
    "unused component": lambda d: d["components"]["schemas"].update(Pot={"type": "object"}),
    "labelled values": lambda d: d["components"]["schemas"].update(
        Colour={"oneOf": [{"const": "red", "title": "Rot"}, {"const": "blue", "title": "Blau"}], "type": "string"}
    ),
    "null as a type": lambda d: schema(d, "Paint")["properties"].update(
        note={"anyOf": [{"type": "string"}, {"type": "null"}]}
    ),
}


@pytest.mark.parametrize("mutation", SAME.values(), ids=SAME.keys())
def test_words_and_other_ways_to_write_the_same_are_no_change_to_a_program(mutation: Mutation) -> None:
    assert {level for level, _, _ in changed(mutation)} <= {"editorial"}


@pytest.mark.parametrize("mutation", [found[0] for found in (*BREAKING.values(), *HARMLESS.values())])
def test_a_document_is_the_same_as_itself_in_any_state(mutation: Mutation) -> None:
    new = paints()
    mutation(new)
    assert compare(new, json.loads(json.dumps(new))) == []
    assert compare(new, paints()) != []  # and going back is a change as well


def test_hints_may_go() -> None:
    before = paints()
    before["components"]["links"] = {"Read": {"operationId": "readPaint"}}
    assert [(change.level, change.where) for change in compare(before, paints())] == [("editorial", "link Read")]


def test_what_leads_elsewhere_and_is_the_same_there_is_found_once() -> None:
    def widen(document: Node) -> None:
        document["components"]["parameters"]["KnownAt"]["schema"]["maxLength"] = 9
        operation(document, READ)["parameters"] = [{"$ref": "#/components/parameters/KnownAt"}]

    assert changed(widen) == [
        ("breaking", "limit-tightened", "parameter KnownAt"),
        ("additive", "parameter-added", f"{READ}, query parameter known_at"),
    ]


def test_types_that_hold_themselves_are_compared_once() -> None:
    def deep(document: Node) -> None:
        rename(document, "Paint", "Pot")
        schema(document, "Pot")["properties"].pop("note")

    found = compare(paints(), (lambda d: (deep(d), d)[1])(paints()))
    assert [change.kind for change in found if "note" in change.where] == ["property-removed"]


def test_a_reference_that_leads_nowhere_is_said() -> None:
    broken = paints()
    del broken["components"]["responses"]["NotFound"]
    with pytest.raises(ValueError, match="leads nowhere"):
        compare(paints(), broken)
