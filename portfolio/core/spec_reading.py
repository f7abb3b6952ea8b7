"""Finding one's way in an OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
SCHEMAS = "#/components/schemas/"
_METHODS = ("get", "post", "patch", "put", "delete")


def nodes(value: Any) -> Iterator[Json]:
    """Every object of a JSON value, the outer one first."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(inner)


def operations(found: Json) -> Iterator[tuple[str, str, Json]]:
    """Every operation of a document with its path and method."""
    for path, item in found["paths"].items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def follow(document: Json, ref: str) -> Json:
    """What ``ref`` points to.

    :raises ValueError: nothing is there, or it lies outside the document.
    """
    node: Any = document
    if not ref.startswith("#/"):
        raise ValueError(f"The reference {ref} leads out of the document.")
    for step in ref.removeprefix("#/").split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or name not in node:
            raise ValueError(f"The reference {ref} leads nowhere.")
        node = node[name]
    if not isinstance(node, dict):
        raise ValueError(f"The reference {ref} leads to no object.")
    return node


def resolved(document: Json, node: Json) -> Json:
    """``node`` with its reference followed, and what stands beside the reference on top.

    :raises ValueError: a reference that leads nowhere, or back to itself.
    """
    passed = set()
    while "$ref" in node:
        ref = node["$ref"]
        if ref in passed:
            raise ValueError(f"The reference {ref} leads back to itself.")
        passed.add(ref)
        node = {**follow(document, ref), **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def parameters_of(found: Json, path: str, method: str) -> list[Json]:
    """All parameters of an operation, those of its path too."""
    item = found["paths"][path]
    return [resolved(found, one) for one in (*item.get("parameters", []), *item[method].get("parameters", []))]


def flattened(found: Json, schema: Json) -> Json:
    """``schema`` in one piece: its references followed, "or null" said by its type."""
    schema = resolved(found, schema)
    if "oneOf" not in schema:
        return schema
    (kind, null) = (resolved(found, one) for one in schema["oneOf"])
    assert null == {"type": "null"}
    beside = {name: value for name, value in schema.items() if name != "oneOf"}
    flat = {**kind, **beside, "type": [kind["type"], "null"]}
    return {**flat, "enum": [*kind["enum"], None]} if "enum" in kind else flat


def reachable(schemas: Json, start: Any) -> set[str]:
    """Names of the schemas that ``start`` refers to, directly or through others; examples refer to nothing."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for name in references(waiting.pop()):
            if name in schemas and name not in found:
                found.add(name)
                waiting.append(schemas[name])
    return found


def references(described: Any) -> Iterator[str]:
    """Names of the schemas that a part of the document refers to itself."""
    if isinstance(described, dict):
        for key, value in described.items():
            if key == "$ref" and isinstance(value, str) and value.startswith(SCHEMAS):
                yield value.removeprefix(SCHEMAS)
            elif key not in ("example", "examples"):
                yield from references(value)
    elif isinstance(described, list):
        for value in described:
            yield from references(value)
