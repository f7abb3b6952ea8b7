"""Parameters of addresses: the strict fields as text, filters that may be repeated, and the order of a list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from portfolio.core.fields import Choice, Code, Count, Day, InstantField, Text, camel, fault
from portfolio.core.vocabulary import Codelist

NONE = "none"
"""In a filter: the records where the value is not known or not set."""
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")


class QueryText(Text):
    """A text parameter."""

    def __init__(self, *, max_length: int = 200, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)


class QueryMoment(QueryText):
    """A moment of the register as a parameter: a revision, a day or an instant."""

    PATTERN = (
        r"^([0-9]{1,18}|[0-9]{4}-[0-9]{2}-[0-9]{2}"
        r"([Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2}))?)$"
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=40, **options)

    def openapi(self) -> dict[str, Any]:
        return {**super().openapi(), "pattern": self.PATTERN}


class QueryCursor(QueryText):
    """Where a page begins, as it was given."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=2000, **options)

    def openapi(self) -> dict[str, Any]:
        return {**super().openapi(), "pattern": "^[A-Za-z0-9_-]+$"}


class QueryDay(Day):
    """A day as a parameter."""


class QueryInstant(InstantField):
    """An instant as a parameter."""


class QueryCount(Count):
    """A whole number as a parameter: plain digits."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> int:
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            value = int(value)
        return super()._deserialize(value, attr, data, **options)


class QueryBool(ma.fields.Field[bool]):
    """``true`` or ``false`` as a parameter."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> bool:
        if value not in ("true", "false"):
            raise fault("invalid_boolean", "Send true or false.")
        return bool(value == "true")

    def openapi(self) -> dict[str, Any]:
        return {"type": "boolean"}


def query_sort(record: str, *keys: str) -> Choice:
    """The order of a list: one of its keys, descending with a hyphen before it; the first one is the default."""
    description = (
        "Order by this key, descending with - before it; nulls come last, ties go by id the same way. "
        f"Default: {keys[0]}."
    )
    choices = (word for key in keys for word in (key, f"-{key}"))
    return Choice(choices, f"{record}Sort", metadata={"description": description, "example": f"-{keys[0]}"})


def repeated(inner: ma.fields.Field[Any], metadata: Mapping[str, Any]) -> ma.fields.List[Any]:
    """A parameter that may stand several times; the values combine with OR."""
    return ma.fields.List(inner, validate=ma.validate.Length(1, 50), metadata={"maxItems": 50, **metadata})


def query_codes(codelist: Codelist, description: str, *, nullable: bool = False) -> ma.fields.List[Any]:
    """A repeatable filter on a code; ``none`` finds the records without one."""
    inner = Choice((*codelist.codes, NONE), f"{camel(codelist.name)}Filter") if nullable else Code(codelist)
    return repeated(inner, {"description": description, "example": [codelist.codes[0]]})


def query_names(description: str, example: str) -> ma.fields.List[Any]:
    """A repeatable filter on a key; ``none`` finds the records without one."""
    return repeated(QueryText(max_length=80), {"description": description, "example": [example]})


class _QueryNumber(ma.fields.Field[Any]):
    def __init__(self, minimum: int, maximum: int, **options: Any) -> None:
        super().__init__(**options)
        self._number = QueryCount(minimum=minimum, maximum=maximum)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> int | str:
        return NONE if value == NONE else int(self._number.deserialize(value))

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^([0-9]{1,4}|none)$", "maxLength": 4}


def query_numbers(description: str, minimum: int, maximum: int, example: str) -> ma.fields.List[Any]:
    """A repeatable filter on a number; ``none`` finds the records without one."""
    return repeated(_QueryNumber(minimum, maximum), {"description": description, "example": [example]})
