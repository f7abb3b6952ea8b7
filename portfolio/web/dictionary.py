"""The data dictionary: every field of every record, read from the schemas, the document and the table of rights."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import marshmallow as ma

from portfolio.access.policy import ANY, POLICY
from portfolio.core import fields, spec
from portfolio.core.api import Api, Operation, component_name
from portfolio.core.provenance import ECHOED, EVERY, RECORDED, Provenance
from portfolio.core.resources import Register
from portfolio.core.spec_reading import operations as operations_of
from portfolio.core.spec_reading import reachable, references
from portfolio.core.vocabulary import codelists

Field = ma.fields.Field[Any]
_PUBLIC, _INTERNAL, _SIGNED_IN, _SENDER, _ADMIN = "public", "internal", "signed_in", "sender", "admin"
_FROM_OPEN_TO_CLOSED = (_PUBLIC, _SIGNED_IN, _SENDER, _ADMIN)
# The class nearest to that of a field decides: what it is, and in which unit.
_KINDS: Mapping[type[Any], tuple[str, str]] = {
    fields.LongText: ("text of several lines", "none"),
    fields.Text: ("text", "none"),
    fields.Slug: ("address part: small letters, digits, hyphens", "none"),
    fields.Name: ("short name", "none"),
    fields.Code: ("code", "code"),
    fields.Choice: ("one of a few words", "none"),
    fields.Money: ("amount", "eur"),
    fields.RateField: ("share", "ratio"),
    fields.Day: ("day, YYYY-MM-DD", "day"),
    fields.InstantField: ("instant, RFC 3339", "instant"),
    fields.StrictBool: ("true or false", "none"),
    fields.Count: ("whole number", "count"),
    fields.Url: ("web address", "none"),
    fields.IdField: ("id (UUID)", "none"),
    ma.fields.Dict: ("keys and values", "none"),
    ma.fields.Integer: ("whole number", "none"),
    ma.fields.String: ("text", "none"),
    ma.fields.Field: ("any value", "none"),
}


@dataclass(frozen=True)
class Part:
    """What the document says of one of its schemas, beside its fields."""

    name: str
    schema: type[ma.Schema]
    bodies: frozenset[str]
    """The bodies of requests that it is, or is part of."""
    written_by: frozenset[str]
    """The lines of the table of rights by which it, or the record of its name, is written."""
    visibility: str
    required: frozenset[str]
    """The fields that a body must have, or that every answer holds."""


def dictionary(api: Api, operations: Mapping[str, Operation], register: Register) -> list[dict[str, Any]]:
    """One entry for each field of each schema of the document, in its order."""
    document = spec.document(api)
    parts = _parts(api, document, operations)
    internal = _internal(register)
    return [
        _entry(part, name, field, parts, internal)
        for part in parts.values()
        for name, field in _named(part.schema).items()
    ]


@cache
def _named(schema: type[ma.Schema]) -> dict[str, Field]:
    return {field.data_key or name: field for name, field in schema().fields.items()}


def _entry(
    part: Part, name: str, field: Field, parts: Mapping[str, Part], internal: frozenset[tuple[str, str]]
) -> dict[str, Any]:
    known = provenance_of(part.schema, name)
    writable = _writable(part, name, known, parts)
    origin = known.origin if known else RECORDED
    source = known.source if known else ""
    if not source and writable != "no":
        source = _writers(part.written_by)
    hidden = (known is not None and known.internal) or (_base(part.name), name) in internal
    return {
        "record": part.name,
        "field": name,
        "type": _type(field),
        "unit": (known.unit if known else None) or _unit(field),
        "codelist": _codelist(field),
        "meaning": field.metadata.get("description", ""),
        "required": name in part.required,
        "nullable": bool(field.allow_none),
        "writable": writable,
        "visibility": _INTERNAL if hidden and part.visibility == _PUBLIC else part.visibility,
        "origin": origin,
        "source": source,
        "since": (known or Provenance(RECORDED, "")).since,
    }


def provenance_of(schema: type[ma.Schema], name: str) -> Provenance | None:
    """What the nearest class says of a field by its name, else of all its fields; None: it comes with the record."""
    said = [vars(one).get("provenance", {}) for one in schema.__mro__]
    return next((one[key] for key in (name, EVERY) for one in said if key in one), None)


def _writable(part: Part, name: str, known: Provenance | None, parts: Mapping[str, Part]) -> str:
    if part.bodies:
        bodies = part.bodies
    else:
        sent = [found for end in ("Input", "Changes") if (found := parts.get(part.name + end)) is not None]
        bodies = frozenset(
            found.name for found in sent if name in _named(found.schema) and not _is_echoed(found.schema, name)
        )
    later = any(body.endswith("Changes") for body in bodies) and not (known and known.origin == ECHOED)
    made = any(not body.endswith("Changes") for body in bodies)
    return {(True, True): "when_made_and_later", (True, False): "when_made", (False, True): "later"}.get(
        (made, later), "no"
    )


def _is_echoed(schema: type[ma.Schema], name: str) -> bool:
    known = provenance_of(schema, name)
    return known is not None and known.origin == ECHOED


def _writers(lines: Iterable[str]) -> str:
    """Who enters it, in words."""
    roles = {role: scope for line in lines for role, scope in POLICY[line].items()}
    anywhere = [role for role, scope in roles.items() if scope == ANY]
    own = [role for role, scope in roles.items() if scope != ANY]
    said = f"Entered by {' or '.join(anywhere)}"
    return f"{said}, or by {' or '.join(own)} on projects their organisation leads." if own else f"{said}."


def _type(field: Field) -> str:
    if isinstance(field, ma.fields.Nested):
        return f"record {component_name(field.nested)}"
    if isinstance(field, ma.fields.List):
        return f"list of {_type(field.inner)}"
    return _kind(field)[0]


def _unit(field: Field) -> str:
    if isinstance(field, ma.fields.List):
        return _unit(field.inner)
    return "code" if _codelist(field) else getattr(field, "unit", None) or _kind(field)[1]


def _kind(field: Field) -> tuple[str, str]:
    return next(_KINDS[one] for one in type(field).__mro__ if one in _KINDS)


def _codelist(field: Field) -> str | None:
    """The address of the list that its codes are from."""
    if isinstance(field, ma.fields.List):
        return _codelist(field.inner)
    if isinstance(field, fields.Code):
        return f"/v1/vocabularies/{field.codelist.name}"
    choices = [tuple(rule.choices) for rule in field.validators if isinstance(rule, ma.validate.OneOf)]
    name = next((one.name for one in codelists() if one.codes in choices), None)
    return name and f"/v1/vocabularies/{name}"


def _internal(register: Register) -> frozenset[tuple[str, str]]:
    """Record and field of what the register's own table of records hides from the public."""
    found = set()
    for kind in register.kinds.values():
        names = {kind.model.__name__, "".join(word.capitalize() for word in kind.name.split("_"))}
        found |= {(name, shown.name) for name in names for shown in kind.shown if shown.internal}
    return frozenset(found)


def _parts(api: Api, document: dict[str, Any], operations: Mapping[str, Operation]) -> dict[str, Part]:
    assert api.ma_plugin is not None
    classes = {name: key[0] for key, name in api.ma_plugin.converter.refs.items()}
    schemas = document["components"]["schemas"]
    uses = _uses(document, operations)
    return {
        name: Part(
            name,
            classes[name],
            frozenset(uses.bodies[name]),
            frozenset(uses.written_by[name]),
            _openest(uses.seen_by[name]),
            frozenset(schemas[name].get("required", ())),
        )
        for name in schemas
        if name in classes
    }


@dataclass(frozen=True)
class _Uses:
    """What the operations do with each schema."""

    bodies: dict[str, set[str]]
    written_by: dict[str, set[str]]
    seen_by: dict[str, set[str]]


def _uses(document: dict[str, Any], operations: Mapping[str, Operation]) -> _Uses:
    schemas = document["components"]["schemas"]
    found = _Uses(defaultdict(set), defaultdict(set), defaultdict(set))
    writes = []
    for _, _, described in operations_of(document):
        operation = operations[described["operationId"]]
        for code, answer in described["responses"].items():
            for name in reachable(schemas, answer) if code[0] == "2" else ():
                found.seen_by[name].add(_visibility(operation))
        bodies = set(references(described.get("requestBody")))
        writes.append((operation, bodies, set(references(described["responses"]))))
    for name in reachable(schemas, document["components"]["responses"]):
        found.seen_by[name].add(_PUBLIC)  # the problems, which everybody may get
    for operation, bodies, answers in writes:
        reached = {body: {body} | reachable(schemas, schemas[body]) for body in bodies}
        for body in bodies:
            for name in (*reached[body], _base(body)):
                found.written_by[name].add(operation.access or "")
            for name in reached[body]:
                found.bodies[name].add(body)
                # A body is for whoever sees what comes of it.
                found.seen_by[name] |= {_openest(found.seen_by[one]) for one in answers}
    return found


def _base(name: str) -> str:
    """The record that a body makes or changes: ``ProjectInput`` and ``ProjectChanges`` give ``Project``."""
    return re.sub(r"(Input|Changes)$", "", name)


def _visibility(operation: Operation) -> str:
    if operation.access is None:
        return _SIGNED_IN if operation.signed_in else _PUBLIC
    return _ADMIN if set(POLICY[operation.access]) == {_ADMIN} else _SENDER


def _openest(found: Iterable[str]) -> str:
    return min(found, key=_FROM_OPEN_TO_CLOSED.index)
