"""JSON as the register takes it: one meaning, bounded, exact (TRAPS 4.2)."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from portfolio.core.problems import BadRequest, ContentTooLarge

LARGEST_BODY = 1024 * 1024
MAX_DEPTH = 32
_MAX_DIGITS = 30
_MAX_EXPONENT = 308
# Possessive, and a text without its closing quote is one token too: otherwise the scan begins again at every quote
# in it, and half a megabyte of \" takes minutes.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)
_SUSPICIOUS = re.compile(r"\\u(?:0000|[dD][89a-fA-F])|\x00")


class NotJson(BadRequest):
    """The body is not one JSON value that has a single meaning."""

    slug = "not-json"
    title = "The body is not acceptable JSON"


def loads(data: bytes) -> Any:
    """The value in ``data``. Numbers stay exact (int or Decimal).

    :raises ContentTooLarge: more than 1 MiB.
    :raises NotJson: not UTF-8, not JSON, nested too deeply, a key twice, NaN, an oversized number, or text that no
        database can hold (NUL, lone surrogates).
    """
    if len(data) > LARGEST_BODY:
        raise ContentTooLarge("The body is larger than 1 MiB; send less at once.")
    try:
        text = data.decode("utf-8")
        _require_shallow(text)
        value = json.loads(
            text,
            parse_int=_integer,
            parse_float=_decimal,
            parse_constant=_no_constant,
            object_pairs_hook=_without_repetition,
        )
    except UnicodeDecodeError:
        raise NotJson("The body is not UTF-8; send JSON as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except (ValueError, RecursionError) as error:
        raise NotJson(f"The body is not acceptable JSON: {error}") from None
    if _SUSPICIOUS.search(text):
        _require_text(value)
    return value


def _require_shallow(text: str) -> None:
    depth = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in ("[", "{"):
            depth += 1
        elif token in ("]", "}"):
            depth -= 1
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels.")


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a number has more than {_MAX_DIGITS} digits.")
    return int(digits)


def _decimal(digits: str) -> Decimal:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a number has more than {_MAX_DIGITS} digits.")
    try:
        number = Decimal(digits)
    except InvalidOperation:  # an exponent beyond what even Decimal can hold
        raise ValueError(f"the number {digits} is too large or too small.") from None
    if abs(number.adjusted()) > _MAX_EXPONENT:
        raise ValueError(f"the number {digits} is too large or too small.")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON.")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the key {name[:60]!r} occurs twice in one object.")
        found[name] = value
    return found


def _require_text(value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value or any(0xD800 <= ord(char) <= 0xDFFF for char in value):
            raise NotJson("A text holds NUL or half a character (a lone surrogate); take it out.")
    elif isinstance(value, dict):
        for name, member in value.items():
            _require_text(name)
            _require_text(member)
    elif isinstance(value, list):
        for member in value:
            _require_text(member)
