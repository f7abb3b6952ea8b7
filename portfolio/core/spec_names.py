"""Names for what the document says more than once, so that generated clients share one type for one thing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from portfolio.core.fields import CODELIST, COMPONENT, SOMETIMES, camel
from portfolio.core.spec_reading import SCHEMAS, Json, nodes, reachable
from portfolio.core.vocabulary import Codelist, codelists

_OF_THE_PLACE = ("description", "example", "default")
"""What is said of one place, not of the words that may stand there."""
_PARAMETERS = "#/components/parameters/"


def name_words(found: Json) -> None:
    """Lift codelists and other closed lists of words into components; a codelist brings its labels."""
    schemas: Json = found["components"]["schemas"]
    known = {codelist.name: codelist for codelist in codelists()}
    lifted: Json = {}
    for node in [node for node in nodes(found) if CODELIST in node or COMPONENT in node]:
        if CODELIST in node:
            codelist = known[node.pop(CODELIST)]
            name, component = f"{camel(codelist.name)}Code", _codelist_schema(codelist)
        else:
            name = node.pop(COMPONENT)
            component = {key: value for key, value in node.items() if key not in _OF_THE_PLACE}
            if "enum" in component:
                component |= {"type": "string", "enum": [word for word in node["enum"] if word is not None]}
        assert name not in schemas, f"There is a schema {name} already."
        assert lifted.setdefault(name, component) == component, f"{name} names two different lists of words."
        _refer(node, SCHEMAS + name)
    schemas.update(sorted(lifted.items()))


def _codelist_schema(codelist: Codelist) -> Json:
    title = f"{codelist.title.en} ({codelist.title.de})"
    meanings = "; ".join(f"`{code}` {label.de} / {label.en}" for code, label in codelist.labels.items())
    return {
        "type": "string",
        # No title: generators would name the type after it.
        "description": f"{title}: {meanings}. New codes may be added: treat one that you do not know as other.",
        "enum": [str(code) for code in codelist.codes],
        "x-labels": {str(code): {"de": label.de, "en": label.en} for code, label in codelist.labels.items()},
    }


def _refer(node: Json, reference: str) -> None:
    """Make ``node`` point to ``reference``, with what it says of its own place."""
    nullable = isinstance(node.get("type"), list)
    beside = {key: value for key, value in node.items() if key in _OF_THE_PLACE}
    node.clear()
    node.update({"oneOf": [{"$ref": reference}, {"type": "null"}]} if nullable else {"$ref": reference}, **beside)


def share_parameters(found: Json) -> None:
    """Lift every parameter that several operations take into a component."""
    places = [(operation_id, tag, parameters) for operation_id, tag, parameters in _parameter_lists(found)]
    uses = Counter(_text(one) for _, _, parameters in places for one in parameters)
    originals = {_text(one): one for _, _, parameters in places for one in parameters}
    names: dict[str, str] = {}
    forms = Counter(originals[text]["name"] for text, count in uses.items() if count > 1)
    for operation_id, tag, parameters in places:
        for index, parameter in enumerate(parameters):
            text, plain = _text(parameter), camel(parameter["name"])
            if uses[text] == 1:
                continue
            if text not in names:
                optional = plain if parameter["required"] else f"Optional{plain}"
                names[text] = next(
                    one
                    for one in (plain, optional, camel(tag) + plain, camel(operation_id) + plain)
                    if one not in names.values() and (forms[parameter["name"]] == 1 or one != plain)
                )
            parameters[index] = {"$ref": _PARAMETERS + names[text]}
    shared = {name: originals[text] for text, name in names.items()}
    found["components"]["parameters"] = dict(sorted(shared.items()))


def _parameter_lists(found: Json) -> Iterator[tuple[str, str, list[Json]]]:
    """The parameters of each path and operation, with the operation and the tag they stand under."""
    for item in found["paths"].values():
        operations = [one for one in item.values() if isinstance(one, dict)]
        for place in (item, *operations):
            if "parameters" in place:
                yield operations[0]["operationId"], operations[0]["tags"][0], place["parameters"]


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def complete_answers(found: Json) -> None:
    """Say which fields an answer holds: all of them, but for those marked otherwise.

    Answers stay open, for fields that later versions add; what is sent in is closed.
    """
    schemas: Json = found["components"]["schemas"]
    asked, answered = set[str](), set[str]()
    for item in found["paths"].values():
        for place in nodes(item):
            asked |= reachable(schemas, place.get("requestBody")) | reachable(schemas, place.get("parameters"))
            answered |= reachable(schemas, place.get("responses"))
    for name in answered - asked:
        if "properties" in schemas[name]:
            properties = schemas[name]["properties"]
            always = [one for one, field in properties.items() if SOMETIMES not in field]
            schemas[name]["required"] = sorted(always)
            schemas[name].pop("additionalProperties", None)
            for field in properties.values():
                if SOMETIMES in field:
                    field["description"] += f" Present {field[SOMETIMES]}."
    for node in nodes(schemas):
        node.pop(SOMETIMES, None)
        _say_default(node)


def _say_default(schema: Json) -> None:
    """Put a default into words: generators take a field that has one for a field that must be sent."""
    default = schema.pop("default", None)
    if default not in (None, []):
        schema["description"] += f" Without it: {json.dumps(default, ensure_ascii=False)}."
