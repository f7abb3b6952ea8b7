"""A schema's dump as a plan made once: what marshmallow works out for each value anew, a long list pays for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import marshmallow as ma

Dump = Callable[[Any], Any]
_ABSENT = object()


class Shown(ma.fields.Field[Any]):
    """A field whose values are shown in a form of their own."""

    show: Dump
    """From a value that is not null to what JSON holds."""

    def _serialize(self, value: Any, attr: Any, obj: Any, **_: Any) -> Any:
        return None if value is None else self.show(value)


class _Step(NamedTuple):
    """One field: where its value is found, how it is named outside, and what becomes of it (None: it stays)."""

    name: str
    key: str
    convert: Dump | None


def compiled_dump(schema: ma.Schema) -> Dump:
    """What ``schema.dump`` gives for one object, from a plan; a test holds the two together for every schema."""
    steps = [_step(name, field, schema) for name, field in schema.dump_fields.items()]

    def dump(found: Any) -> dict[str, Any]:
        get = found.get if type(found) is dict else _getter(found)
        body = {}
        for name, key, convert in steps:
            value = get(name, _ABSENT)
            if value is not _ABSENT:
                body[key] = value if convert is None or value is None else convert(value)
        return body

    return dump


def _getter(found: Any) -> Callable[[str, Any], Any]:
    return found.get if isinstance(found, Mapping) else lambda name, default: getattr(found, name, default)


def _step(name: str, field: ma.fields.Field[Any], schema: ma.Schema) -> _Step:
    if field.attribute is not None or field.dump_default is not ma.missing:
        raise TypeError(f"{type(schema).__name__}.{name}: no plan knows `attribute` or `dump_default`.")
    return _Step(name, field.data_key if field.data_key is not None else name, conversion(name, field))


def conversion(name: str, field: ma.fields.Field[Any]) -> Dump | None:
    """What a field makes of a value that is not null; None where it leaves it as it is."""
    if isinstance(field, Shown):
        return field.show
    if isinstance(field, ma.fields.Nested):
        plan = compiled_dump(field.schema)
        return (lambda value: [plan(one) for one in value]) if field.many or field.schema.many else plan
    if isinstance(field, ma.fields.List):
        inner = conversion(name, field.inner)
        return list if inner is None else lambda value: [None if one is None else inner(one) for one in value]
    if type(field)._serialize is ma.fields.Field._serialize:
        return None
    return lambda value: field._serialize(value, name, None)
