"""Canonical JSON (RFC 8785): the bytes that are hashed are the bytes that are stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import orjson
import rfc8785

from portfolio.core.bounded import fitted

_LARGEST = 2**53
_PLAIN = frozenset({str, bool, type(None)})
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


def canonical(value: Any) -> bytes:
    """``value`` as RFC 8785 bytes. Refuses NaN, lone surrogates and integers of 2^53 and more."""
    if _is_simple(value):
        try:
            return fitted(orjson.dumps(value, option=_OPTIONS))
        except TypeError:  # a lone surrogate, which the other refuses in its own words
            pass
    return rfc8785.dumps(value)


def _is_simple(value: Any) -> bool:
    """Whether orjson, some twenty times as fast, gives the same bytes: no floats, and keys sorted alike either way."""
    if value is None or isinstance(value, str | bool):
        return True
    kind = type(value)
    if kind is dict:
        for key, member in value.items():
            if type(key) is not str or not key.isascii():
                return False
            if type(member) not in _PLAIN and not _is_simple(member):
                return False
        return True
    if kind is list:
        return all(_is_simple(member) for member in value)
    return kind is int and -_LARGEST < value < _LARGEST


def commitment(salt: bytes, value: str) -> dict[str, str]:
    """What stands in a recorded image instead of an erasable text: HMAC-SHA256 over its canonical form."""
    digest = hmac.new(salt, canonical(value), hashlib.sha256).digest()
    return {"$c": base64.b64encode(digest).decode()}
