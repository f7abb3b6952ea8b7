"""Canonical JSON (RFC 8785): the bytes that are hashed are the bytes that are stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """``value`` as RFC 8785 bytes. Refuses NaN, lone surrogates and integers of 2^53 and more."""
    return rfc8785.dumps(value)


def commitment(salt: bytes, value: str) -> dict[str, str]:
    """What stands in a recorded image instead of an erasable text: HMAC-SHA256 over its canonical form."""
    digest = hmac.new(salt, canonical(value), hashlib.sha256).digest()
    return {"$c": base64.b64encode(digest).decode()}
