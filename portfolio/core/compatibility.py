"""Compares two OpenAPI 3.1 documents as clients feel it: operations, parameters, bodies, answers, named components."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from portfolio.core.api_changes import Change, Report
from portfolio.core.operation_compatibility import METHODS, Found, OperationComparison, compare_others, place, sunset
from portfolio.core.schema_compatibility import Place, SchemaComparison, Side
from portfolio.core.schema_shapes import WORDS, Node
from portfolio.core.spec_reading import resolved

_HINTS = ("links", "examples")
"""Components that no client is made of."""
_SIDES: tuple[Side, ...] = ("sent", "answered")
Operations = dict[tuple[str, str], Found]


def compare(old: Node, new: Node, *, today: date | None = None) -> list[Change]:
    """Every change from ``old`` to ``new``, the breaking ones first.

    :param today: operations whose sunset day, in ``old``, lies before it may go: they answer 410 already.
    :raises ValueError: a reference in one of them leads nowhere.
    """
    return _Comparison(old, new, today).run()


def operations(document: Node) -> Operations:
    """Operations by method and the shape of their path, ``/v1/projects/{}``, with the path and what it says."""
    return {
        (method, _shape(path)): (path, item, item[method])
        for path, written in document.get("paths", {}).items()
        for item in (resolved(document, written),)
        for method in METHODS
        if method in item
    }


class _Comparison:
    def __init__(self, old: Node, new: Node, today: date | None) -> None:
        self._old = old
        self._new = new
        self._today = today
        self._report = Report()
        self._schemas = SchemaComparison(old, new, self._report)
        self._operations = OperationComparison(old, new, self._report, self._schemas, today)
        self._before, self._after = operations(old), operations(new)

    def run(self) -> list[Change]:
        self._compare_document()
        for key, (path, _, operation) in self._before.items():
            if key in self._after:
                self._operations.compare(key[0], self._before[key], self._after[key])
            else:
                self._report_removed(key[0], path, operation)
        for key, (path, _, operation) in self._after.items():
            if key not in self._before:
                what = f"There is a new operation, {operation.get('operationId')}."
                self._report.additive("operation-added", place(key[0], path), what)
        self._compare_components()
        return self._report.changes()

    def _compare_document(self) -> None:
        compare_others(self._report, "document", self._old, self._new, "document")
        old, new = ({server["url"] for server in found.get("servers", [])} for found in (self._old, self._new))
        for url in sorted(old - new):
            self._report.breaking("server-removed", "servers", f"{url} is gone. Clients that were generated call it.")
        for url in sorted(new - old):
            self._report.additive("server-added", "servers", f"{url} is new.")
        for key in ("info", "tags", "openapi", "jsonSchemaDialect"):
            was, now = self._old.get(key), self._new.get(key)
            if key == "info":
                was, now = ({**(found or {}), "version": None} for found in (was, now))
            if was != now:
                self._report.editorial("words", key, "Other words, read by people.")

    def _report_removed(self, method: str, path: str, operation: Node) -> None:
        where, name = place(method, path), operation.get("operationId")
        if self._is_retired(operation):
            what = f"{name} is gone. It has answered 410 since its sunset day."
            self._report.additive("operation-retired", where, what)
            return
        moved = [key for key, (_, _, found) in self._after.items() if found.get("operationId") == name]
        if moved:
            there = self._after[moved[0]][0]
            what = f"{name} has moved to {place(moved[0][0], there)}. Clients that call the old address get 404."
            self._report.breaking("operation-moved", where, what)
        else:
            gone = "operation-removed" if any(shape == _shape(path) for _, shape in self._after) else "path-removed"
            self._report.breaking(gone, where, f"{name} is gone. Clients that call it get 404 or 405.")

    def _is_retired(self, operation: Node) -> bool:
        last = sunset(operation)
        return last is not None and self._today is not None and last < self._today

    def _compare_components(self) -> None:
        sides = self._uses()
        old, new = self._old.get("components", {}), self._new.get("components", {})
        for section in new:
            for name in sorted(new[section].keys() - old.get(section, {}).keys()):
                self._report.editorial("component-added", f"{section.removesuffix('s')} {name}", "A name of its own.")
        for section in old:
            for name, before in old[section].items():
                after = new.get(section, {}).get(name)
                used = sides.get(f"#/components/{section}/{name}", set(_SIDES))
                if section in _HINTS and after != before:
                    self._report.editorial("words", f"{section.removesuffix('s')} {name}", "Another hint.")
                elif after is None:
                    self._report_component_removed(section, name, used)
                elif section == "schemas":
                    for side in (side for side in _SIDES if side in used):
                        self._schemas.compare(before, after, Place(f"schema {name}", side))
                elif section == "securitySchemes":
                    self._compare_scheme(name, before, after)

    def _compare_scheme(self, name: str, old: Node, new: Node) -> None:
        """Parameters, headers and answers with a name are compared where they are used; ways to sign in here."""
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key):
                where = f"security scheme {name}"
                if key in WORDS or key.startswith("x-"):
                    self._report.editorial("words", where, f"Other words: {key}.")
                else:
                    what = f"{key} was {old.get(key)} and is {new.get(key)}. Clients sign in in the old way."
                    self._report.breaking("security-scheme-changed", where, what)

    def _report_component_removed(self, section: str, name: str, used: set[str]) -> None:
        if used == {"retired"}:
            return  # it went with the operations that alone used it
        noun = section.removesuffix("s")
        old, new = self._old["components"][section], self._new.get("components", {}).get(section, {})
        same = [found for found, node in new.items() if found not in old and node == old[name]]
        what = "Typed clients do not compile: generated names come from here."
        if same:
            what = f"{name} is called {same[0]} now. {what}"
            self._report.breaking("component-renamed", f"{noun} {name}", what)
        else:
            self._report.breaking("component-removed", f"{noun} {name}", f"{name} is gone. {what}")

    def _uses(self) -> dict[str, set[str]]:
        """For each component of the old document who uses it: those who send, those who read, retired operations."""
        found: dict[str, set[str]] = {}
        for key, (_, item, operation) in self._before.items():
            retired = key not in self._after and self._is_retired(operation)
            asked = [item.get("parameters"), operation.get("parameters"), operation.get("requestBody")]
            for side, parts in (("sent", asked), ("answered", [operation.get("responses")])):
                for ref in _reached(self._old, parts):
                    found.setdefault(ref, set()).add("retired" if retired else side)
        return found


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _reached(document: Node, start: Any) -> set[str]:
    """Every reference that can be reached from ``start``."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for ref in _references(waiting.pop()):
            if ref not in found:
                found.add(ref)
                waiting.append(resolved(document, {"$ref": ref}))
    return found


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from _references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _references(inner)
