"""Schemas of an OpenAPI 3.1 document in one form, however null, a choice of values or a reference was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portfolio.core.spec_reading import SCHEMAS

Node = dict[str, Any]

WORDS = frozenset({"title", "description", "example", "examples", "$comment", "externalDocs", "summary", "xml"})
"""What people read; no program follows it."""
_ALL_TYPES = frozenset({"array", "boolean", "integer", "number", "object", "string"})


@dataclass(frozen=True)
class Shape:
    """What a schema says, with null taken out of types and values."""

    ref: str | None
    """What it refers to, not followed."""
    nullable: bool
    types: frozenset[str]
    """Without null; all of them where it names none."""
    typed: bool
    """Whether it names any type at all."""
    values: tuple[Any, ...] | None
    """The only values taken; None: any."""
    rest: Node
    """All other keywords."""

    @property
    def makes_a_class(self) -> bool:
        """Whether generators give it a type with a name of its own."""
        return self.values is not None or "properties" in self.rest


def shape(schema: Node | bool) -> Shape:
    """Read a schema; ``true`` and a missing one are ``{}``, which takes everything."""
    rest = {"not": {}} if schema is False else dict(schema) if isinstance(schema, dict) else {}
    rest, nullable = _without_null_branch(rest)
    rest = _choice_as_values(rest)
    named = rest.pop("type", None)
    names = {named} if isinstance(named, str) else set(named or ())
    values = tuple(rest.pop("enum")) if "enum" in rest else None
    if "const" in rest and values is None:
        values = (rest.pop("const"),)
    open_ended = not names and (values is not None or not rest.keys() & {"$ref", "anyOf", "oneOf", "allOf"})
    takes_null = open_ended or "null" in names
    nullable = nullable or (takes_null and (values is None or None in values))
    if values is not None:
        values = tuple(value for value in values if value is not None)
        names = names or {_type_of(value) for value in values}
    types = frozenset(names - {"null"}) if names else _ALL_TYPES
    return Shape(rest.pop("$ref", None), nullable, types, bool(names), values, rest)


def component(ref: str | None) -> str | None:
    """The name of the schema that is referred to; None for other references."""
    name = ref.removeprefix(SCHEMAS) if ref and ref.startswith(SCHEMAS) else ""
    return name if name and "/" not in name else None


def _without_null_branch(schema: Node) -> tuple[Node, bool]:
    """``anyOf: [X, null]`` as X that may be null, where X and what stands beside do not contradict each other."""
    for key in ("anyOf", "oneOf"):
        branches = schema.get(key, [])
        kept = [branch for branch in branches if branch != {"type": "null"}]
        if len(kept) == len(branches):
            continue
        beside = {name: value for name, value in schema.items() if name != key}
        if len(kept) == 1 and isinstance(kept[0], dict) and not (beside.keys() & kept[0].keys()) - WORDS:
            return {**kept[0], **beside}, True
        return {**beside, key: kept}, True
    return schema, False


def _choice_as_values(schema: Node) -> Node:
    """``oneOf: [{const: a, title: A}, …]``, which is an enumeration with labels, as an enumeration."""
    for key in ("oneOf", "anyOf"):
        branches = schema.get(key, [])
        if branches and "enum" not in schema and all(_is_labelled_value(branch) for branch in branches):
            beside = {name: value for name, value in schema.items() if name != key}
            return {**beside, "enum": [branch["const"] for branch in branches]}
    return schema


def _is_labelled_value(branch: Node | bool) -> bool:
    return (
        isinstance(branch, dict)
        and "const" in branch
        and all(key in WORDS or key in ("const", "type") or key.startswith("x-") for key in branch)
    )


def _type_of(value: object) -> str:
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "object"
