"""The plan of a dump gives what marshmallow gives: for every schema, every value, and every object it may come from.

``tests/conftest.py`` holds the two together for whatever the other tests let the register answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import marshmallow as ma
import pytest

import portfolio.app  # noqa: F401 (so that every schema is defined)
from portfolio.core.dates import parse_day, parse_instant
from portfolio.core.dumping import compiled_dump
from portfolio.core.fields import Day, IdField, InstantField, Money, RateField, StrictSchema, Total
from portfolio.core.money import parse_amount, parse_rate

VALUES = {
    IdField: "0192f1c4-7a6b-7cc3-98c5-0242ac120002",
    Day: parse_day("2026-06-30"),
    InstantField: parse_instant("2026-06-30T08:00:00.000120+02:00"),
    Money: parse_amount("0.10"),
    Total: parse_amount("1250000.00"),
    RateField: parse_rate("0.8500"),
}


def _below(kind: type[ma.Schema]) -> Iterator[type[ma.Schema]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


SCHEMAS = sorted({kind for kind in _below(StrictSchema) if kind.__module__.startswith("portfolio.")}, key=repr)


def _value(field: ma.fields.Field[Any], depth: int) -> Any:
    if isinstance(field, ma.fields.Nested):
        one = _object(field.schema, depth + 1)
        return [one, {}] if field.many or field.schema.many else one
    if isinstance(field, ma.fields.List):
        return [_value(field.inner, depth), None]
    return next((value for kind, value in VALUES.items() if isinstance(field, kind)), "text")


def _object(schema: ma.Schema, depth: int = 0) -> dict[str, Any]:
    return {} if depth > 4 else {name: _value(field, depth) for name, field in schema.fields.items()}


@pytest.mark.parametrize("kind", SCHEMAS, ids=lambda kind: kind.__name__)
def test_is_what_marshmallow_gives(kind: type[StrictSchema]) -> None:
    schema = kind()
    whole = _object(schema)
    # Without a key `items` marshmallow would take the method of the dict.
    some = {name: value for place, (name, value) in enumerate(whole.items()) if place % 2 == 0 or name == "items"}
    for found in (whole, some, dict.fromkeys(whole), SimpleNamespace(**some)):
        expected = ma.Schema.dump(schema, found)
        assert schema.dump(found) == expected
        assert list(schema.dump(found)) == list(expected), "in the same order"
    assert schema.dump([whole, some], many=True) == ma.Schema.dump(schema, [whole, some], many=True)


def test_knows_what_it_cannot_do() -> None:
    class Renamed(ma.Schema):
        name = ma.fields.String(attribute="title")

    with pytest.raises(TypeError, match=r"Renamed.name: no plan knows"):
        compiled_dump(Renamed())
