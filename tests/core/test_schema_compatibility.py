"""No difference of two schemas passes in silence: what a validator refuses now, the comparison calls breaking."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from portfolio.core.api_changes import Change, Report
from portfolio.core.schema_compatibility import Place, SchemaComparison, Side

Node = dict[str, Any]
# What clients are told to take (docs/api-changes.md), so it is additive although a validator of old would refuse it.
TO_BE_TAKEN = {"enum-value-added", "limit-raised", "property-added", "opened"}
NAMES = ("a", "b")
VALUES: list[Any] = ["x", "yy", "zzz", "", 0, 1, 7, 2.5, True, None, [], ["x"], ["x", 1, 7], {}, {"a": "x"}, {"b": 1}]
INSTANCES: list[Any] = [
    *VALUES, {"a": "yy", "b": 0}, {"a": None}, {"a": {"a": "x"}}, {"c": 1}, {"a": [], "c": "x"}, [{}], [None], [["x"]],
]  # fmt: skip


def options(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Node]:
    types = st.sampled_from(["string", "integer", "number", "boolean", "object", "array", "null"])
    size = st.integers(0, 3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": types | st.lists(types, min_size=1, max_size=3, unique=True),
            "enum": st.lists(st.sampled_from(["x", "yy", "", 7, None]), min_size=1, max_size=3, unique=True),
            "const": st.sampled_from(["x", 7, None]),
            "maxLength": size, "minLength": size, "maximum": size, "minimum": size, "maxItems": size, "minItems": size,
            "exclusiveMaximum": size, "minProperties": size, "multipleOf": st.integers(1, 3),
            "pattern": st.sampled_from(["^x", "y$"]), "uniqueItems": st.booleans(),
            "required": st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
            "properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
            "additionalProperties": st.booleans() | inner, "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2), "oneOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2), "not": inner,
        },
    ).flatmap(_few)  # fmt: skip


def _few(found: Node) -> st.SearchStrategy[Node]:
    """At most three keywords, so that something is taken at all."""
    keys = st.lists(st.sampled_from(sorted(found) or ["type"]), max_size=3, unique=True)
    return keys.map(lambda kept: {key: found[key] for key in kept if key in found})


SCHEMAS = st.recursive(
    st.sampled_from([{}, {"type": "string"}, {"type": ["integer", "null"]}, {"$ref": "#/components/schemas/Word"}]),
    options,
    max_leaves=4,
)
WORD = {"schemas": {"Word": {"type": "string", "enum": ["x", "yy"]}}}


def differences(old: Node, new: Node, side: Side) -> list[Change]:
    report = Report()
    documents = ({"components": WORD}, {"components": WORD})
    SchemaComparison(*documents, report).compare(old, new, Place("here", side))
    return report.changes()


def taken(schema: Node) -> list[Any]:
    validator = Draft202012Validator({**schema, "components": WORD})
    return [instance for instance in INSTANCES if validator.is_valid(instance)]


UPPER = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"]
LOWER = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]


@pytest.mark.parametrize(("keyword", "narrow", "wide"), [*((k, 5, 9) for k in UPPER), *((k, 9, 5) for k in LOWER)])
def test_limits_hurt_who_sends_where_tightened_and_who_reads_where_less_is_let_in(
    keyword: str, narrow: int, wide: int
) -> None:
    def kinds(old: Node, new: Node, side: Side) -> list[tuple[str, str]]:
        return [(change.level, change.kind) for change in differences(old, new, side)]

    raised = ("additive", "limit-raised") if keyword in UPPER else ("breaking", "limit-loosened")
    for tight, loose in (({keyword: narrow}, {keyword: wide}), ({keyword: narrow}, {})):
        assert kinds(loose, tight, "sent") == [("breaking", "limit-tightened")]
        assert kinds(tight, loose, "sent") == [("additive", "limit-loosened")]
        assert kinds(tight, loose, "answered") == [raised]
        assert kinds(loose, tight, "answered") == [("additive", "limit-tightened")]


@settings(max_examples=300, deadline=None)
@given(old=SCHEMAS, new=SCHEMAS)
def test_what_is_refused_now_is_breaking_for_those_who_send(old: Node, new: Node) -> None:
    left = taken(new)
    if any(instance not in left for instance in taken(old)):
        assert "breaking" in {change.level for change in differences(old, new, "sent")}


@settings(max_examples=300, deadline=None)
@given(old=SCHEMAS, new=SCHEMAS)
def test_what_was_ruled_out_is_breaking_for_those_who_read(old: Node, new: Node) -> None:
    before = taken(old)
    if any(instance not in before for instance in taken(new)):
        found = differences(old, new, "answered")
        assert any(change.level == "breaking" or change.kind in TO_BE_TAKEN for change in found)


@settings(max_examples=100, deadline=None)
@given(schema=SCHEMAS)
def test_a_schema_is_the_same_as_itself(schema: Node) -> None:
    assert differences(schema, json.loads(json.dumps(schema)), "sent") == []


@pytest.mark.parametrize(
    "keyword",
    [
        "if", "not", "contains", "minContains", "prefixItems", "patternProperties", "propertyNames",
        "dependentRequired", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems",
        "contentEncoding", "contentMediaType", "readOnly", "writeOnly",
        "discriminator", "nullable", "$defs", "$dynamicRef", "aKeywordOfTomorrow",
    ],
)  # fmt: skip
@pytest.mark.parametrize("side", ["sent", "answered"])
def test_a_keyword_that_is_not_understood_is_to_be_looked_at(keyword: str, side: Side) -> None:
    plain, special = {"type": "object"}, {"type": "object", keyword: {"x": 1}}
    for old, new in ((plain, special), (special, plain)):
        (change,) = differences(old, new, side)
        assert (change.level, change.kind, change.where) == ("breaking", "look-at-it", "here")
        assert change.what.startswith(f"{keyword} was ")
