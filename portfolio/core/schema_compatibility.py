"""Compares two schemas for those who send what they describe, or read it: less hurts who sends, more who reads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from portfolio.core.api_changes import Level, Report
from portfolio.core.schema_shapes import WORDS, Node, Shape, component, shape
from portfolio.core.spec_reading import resolved

Side = Literal["sent", "answered"]

_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_ASIDE = {"required", "properties", "additionalProperties", "items", "default", "deprecated", "allOf", "anyOf", "oneOf"}
_UNDERSTOOD = {*_UPPER, *_LOWER, *_ASIDE, "pattern", "format", "multipleOf", "uniqueItems"}
_NOTHING = object()
TEACH = "This check does not know what that does: look at it, and teach it (portfolio/core/schema_compatibility.py)."

_EFFECTS: dict[tuple[Side, bool], tuple[Level, str]] = {
    ("sent", False): ("breaking", "Requests that are taken today are refused."),
    ("sent", True): ("additive", "More is taken than before."),
    ("answered", True): ("breaking", "Clients get what the released document rules out."),
    ("answered", False): ("additive", "Answers stay within what was promised."),
}


@dataclass(frozen=True)
class Place:
    """Where a schema stands, and whether clients send or read what it describes."""

    root: str
    side: Side
    path: str = ""

    def __str__(self) -> str:
        return f"{self.root}: {self.path}" if self.path else self.root

    def property(self, name: str) -> Place:
        return replace(self, path=f"{self.path}.{name}" if self.path else name)

    def item(self) -> Place:
        return replace(self, path=f"{self.path}[]")

    def branch(self, keyword: str, number: int) -> Place:
        return replace(self, path=f"{self.path}({keyword} {number + 1})")


class SchemaComparison:
    """Compares pairs of schemas of two documents; a component is compared under its own name, not where it is used."""

    def __init__(self, old: Node, new: Node, report: Report) -> None:
        self._old = old
        self._new = new
        self._report = report
        self._followed: set[tuple[str | None, str | None, Side]] = set()

    def compare(self, old: Node | bool, new: Node | bool, place: Place) -> None:
        """Report how ``new`` differs from ``old``."""
        if old == new:
            return
        before, after = shape(old), shape(new)
        if before.ref != after.ref:
            self._compare_names(before, after, place)
            step = (before.ref, after.ref, place.side)
            if before.ref and after.ref and step in self._followed:
                return
            self._followed.add(step)
            self.compare(_followed(self._old, before, old), _followed(self._new, after, new), place)
            return
        self._compare_null(before, after, place)
        if before.ref is None:
            self._compare_types(before, after, place)
        self._compare_values(before, after, place)
        self._compare_limits(before.rest, after.rest, place)
        self._compare_properties(before.rest, after.rest, place)
        self._compare_inner(before.rest, after.rest, place)
        self._compare_others(before.rest, after.rest, place)

    def _range(self, kind: str, place: Place, wider: bool, what: str) -> None:
        level, effect = _EFFECTS[place.side, wider]
        self._report.add(level, kind, place, f"{what} {effect}")

    def _compare_names(self, before: Shape, after: Shape, place: Place) -> None:
        """A generated type changes its name. A component that is gone altogether is reported once, elsewhere."""
        old, new = component(before.ref), component(after.ref)
        if old and old not in self._new.get("components", {}).get("schemas", {}):
            return
        shapes = (shape(_followed(self._old, before, {})), shape(_followed(self._new, after, {})), before, after)
        was, now = (f"the schema {name}" if name else "a schema in place" for name in (old, new))
        what = f"This was {was} and is {now}."
        if (old and new) or any(found.makes_a_class for found in shapes):
            self._report.breaking("type-renamed", place, f"{what} Typed clients know it under another name.")
        else:
            self._report.editorial("type-renamed", place, what)

    def _compare_null(self, before: Shape, after: Shape, place: Place) -> None:
        if before.nullable == after.nullable or _is_any(before) or _is_any(after):
            return  # what takes anything takes null too; its types tell
        if after.nullable:
            self._range("nullable", place, True, "This may be null.")
        else:
            self._range("not-nullable", place, False, "This is no longer null.")

    def _compare_types(self, before: Shape, after: Shape, place: Place) -> None:
        old, new = _whole(before.types), _whole(after.types)
        if old == new:
            return
        what = f"The type was {_types(before)} and is {_types(after)}."
        if old < new:
            self._range("type-widened", place, True, what)
        elif new < old:
            self._range("type-narrowed", place, False, what)
        else:
            self._report.breaking("type-changed", place, f"{what} Values of the old type are neither taken nor given.")

    def _compare_values(self, before: Shape, after: Shape, place: Place) -> None:
        if before.values is None and after.values is None:
            return
        if before.values is None:
            what = f"Only {_listed(after.values or ())} is left of what could be any value."
            self._report.breaking("enum-introduced", place, what)
        elif after.values is None:
            self._range("enum-dropped", place, True, "This was a list of values and is open now.")
        else:
            gone = [value for value in before.values if value not in after.values]
            added = [value for value in after.values if value not in before.values]
            if gone:
                effect = {
                    "sent": "Requests that send it are refused.",
                    "answered": "Clients that look for it wait in vain, and their types lose it.",
                }[place.side]
                self._report.breaking("enum-value-removed", place, f"{_listed(gone)} is no longer a value. {effect}")
            if added:
                what = f"{_listed(added)} is a new value; clients accept values that they do not know."
                self._report.additive("enum-value-added", place, what)

    def _compare_limits(self, old: Node, new: Node, place: Place) -> None:
        for keyword in (*_UPPER, *_LOWER):
            was, now = old.get(keyword), new.get(keyword)
            if was != now:
                upper = keyword in _UPPER
                wider = now is None or (was is not None and (now > was) == upper)
                self._compare_limit(keyword, place, wider, f"{keyword} was {_said(was)} and is {_said(now)}.")
        for keyword in ("pattern", "multipleOf", "uniqueItems"):
            was, now = old.get(keyword) or None, new.get(keyword) or None
            if was == now:
                continue
            what = f"{keyword} was {_said(was)} and is {_said(now)}."
            if was is not None and now is not None:
                self._report.breaking(f"{keyword}-changed", place, f"{what} Nobody can tell which values are left.")
            else:
                self._range(f"{keyword}-changed", place, now is None, what)
        if old.get("format") != new.get("format"):
            what = f"The format was {_said(old.get('format'))} and is {_said(new.get('format'))}."
            self._report.breaking("format-changed", place, f"{what} Typed clients read and write another type.")

    def _compare_limit(self, keyword: str, place: Place, wider: bool, what: str) -> None:
        if place.side == "answered" and wider and keyword in _UPPER:
            # The register grows: longer texts and longer lists are to be expected; negative or empty ones are not.
            self._report.additive("limit-raised", place, f"{what} Clients with a fixed width must look.")
        else:
            self._range("limit-loosened" if wider else "limit-tightened", place, wider, what)

    def _compare_properties(self, old: Node, new: Node, place: Place) -> None:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed, needs = set(old.get("required", [])), set(new.get("required", []))
        for name in before:
            if name not in after:
                self._report.breaking("property-removed", place.property(name), _REMOVED[place.side])
            else:
                self.compare(before[name], after[name], place.property(name))
        self._compare_added(old, {name: after[name] for name in after if name not in before}, needs, place)
        for name in sorted(needs - needed):
            self._compare_newly_required(name, name in before, place)
        for name in sorted(needed - needs - (before.keys() - after.keys())):
            self._range("no-longer-required", place.property(name), True, "This may be missing.")

    def _compare_added(self, old: Node, added: Node, needs: set[str], place: Place) -> None:
        beside = old.get("additionalProperties", True)
        for name, inner in ((name, place.property(name)) for name in added):
            if place.side == "answered":
                self._report.additive("property-added", inner, "A new property beside the others.")
            elif name not in needs:
                self._report.additive("property-added", inner, "A new property may be sent.")
                if beside is not False:  # so far it was taken with any value, and passed over
                    self.compare(beside, added[name], inner)

    def _compare_newly_required(self, name: str, known: bool, place: Place) -> None:
        if place.side == "sent":
            kind = "now-required" if known else "required-property-added"
            what = "This must be sent now. Requests without it are refused."
            self._report.breaking(kind, place.property(name), what)
        elif known:
            self._report.additive("now-required", place.property(name), "This is always there now.")

    def _compare_inner(self, old: Node, new: Node, place: Place) -> None:
        self._compare_additional(old.get("additionalProperties", True), new.get("additionalProperties", True), place)
        if "items" in old or "items" in new:
            self.compare(old.get("items", True), new.get("items", True), place.item())
        for keyword in ("allOf", "anyOf", "oneOf"):
            before, after = old.get(keyword, []), new.get(keyword, [])
            if before != after:
                self._compare_branches(keyword, before, after, place)

    def _compare_additional(self, old: Node | bool, new: Node | bool, place: Place) -> None:
        inner = place.property("*")
        if old is False and new is not False:
            self._report.additive("opened", inner, "Properties beside those that are named are allowed now.")
        elif new is False and old is not False:
            if place.side == "answered" and old is True:
                self._report.additive("closed", inner, "Nothing comes beside the properties that are named.")
            else:
                what = "Properties that are not named are no longer there or taken."
                self._report.breaking("closed", inner, what)
        elif old is not False:
            self.compare(old, new, inner)

    def _compare_branches(self, keyword: str, old: list[Node], new: list[Node], place: Place) -> None:
        left = [branch for branch in new if branch not in old]
        gone = [branch for branch in old if branch not in new]
        if len(left) == len(gone):
            for before, after in zip(gone, left, strict=True):
                self.compare(before, after, place.branch(keyword, old.index(before)))
        elif old and keyword != "allOf" and not gone and place.side == "sent":
            self._report.additive("branch-added", place, f"{keyword} has more to choose from.")
        else:
            what = f"{keyword} had {len(old)} parts and has {len(new)}. Nobody can tell what is left: look at it."
            self._report.breaking("branches-changed", place, what)

    def _compare_others(self, old: Node, new: Node, place: Place) -> None:
        differing = [key for key in sorted(old.keys() | new.keys()) if old.get(key, _NOTHING) != new.get(key, _NOTHING)]
        words = [key for key in differing if key in WORDS or key.startswith("x-")]
        if words:
            self._report.editorial("words", place, f"Other words: {', '.join(words)}.")
        if "default" in differing:
            self._compare_default(old, new, place)
        if "deprecated" in differing:
            what = "This is deprecated now." if new.get("deprecated") else "This is no longer deprecated."
            self._report.additive("deprecated", place, what)
        for key in differing:
            if key not in words and key not in _UNDERSTOOD:
                what = f"{key} was {_said(old.get(key))} and is {_said(new.get(key))}. {TEACH}"
                self._report.breaking("look-at-it", place, what)

    def _compare_default(self, old: Node, new: Node, place: Place) -> None:
        what = f"The default was {_said(old.get('default'))} and is {_said(new.get('default'))}."
        if place.side == "answered":
            self._report.editorial("default-changed", place, what)
        elif "default" in old:
            self._report.breaking("default-changed", place, f"{what} Requests that leave it out mean something else.")
        else:
            self._report.additive("default-added", place, f"{what} What leaving it out means is said now.")


_REMOVED: dict[Side, str] = {
    "sent": "The property is gone. Requests that send it are refused.",
    "answered": "The property is gone. Clients that read it find nothing.",
}


def _followed(document: Node, found: Shape, schema: Node | bool) -> Node | bool:
    """What ``found`` refers to, null beside it where it was; ``schema`` where it refers to nothing."""
    if found.ref is None:
        return schema
    there = resolved(document, {**found.rest, "$ref": found.ref})
    return {"anyOf": [there, {"type": "null"}]} if found.nullable else there


def _is_any(found: Shape) -> bool:
    return not found.typed and found.values is None and found.ref is None


def _whole(types: frozenset[str]) -> frozenset[str]:
    """Every integer is a number."""
    return types | {"integer"} if "number" in types else types


def _types(found: Shape) -> str:
    return "anything" if _is_any(found) else " or ".join(sorted(found.types)) or "null"


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(_said(value) for value in values)


def _said(value: object) -> str:
    """A value of a document in a sentence, not longer than a line."""
    text = "not there" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 80 else f"{text[:77]}…"
