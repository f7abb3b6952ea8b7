"""Compressed forms of a kept answer: which one a client takes, and the ETag that each has."""

from __future__ import annotations

import gzip
import re
from functools import lru_cache

import brotli  # type: ignore[import-untyped]
import zstandard

PREFERRED = ("zstd", "br", "gzip")
"""Of what a client likes equally well, the first one."""
WORTHWHILE = 1024
"""Bytes from which a compressed form is worth its headers."""
# Made once and sent often: a better level than what is made for one answer alone.
_LEVELS = {"zstd": 9, "br": 5, "gzip": 6}
_TAG = re.compile(r'(?:W/)?"((?:[^"\\]|\\.)*)"|\*')
_SUFFIX = re.compile(r"(?:zstd|br|gzip)$")
_CODING = re.compile(r"\s*([A-Za-z0-9*_.-]+)\s*(?:;\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*)?")


@lru_cache(maxsize=512)
def chosen_encoding(accepted: str) -> str | None:
    """The form that a client with this ``Accept-Encoding`` gets; None: as it is (RFC 9110, 12.5.3)."""
    qualities: dict[str, float] = {}
    for part in accepted.lower().split(","):
        found = _CODING.fullmatch(part)
        if found is not None:
            qualities.setdefault(found[1], 1.0 if found[2] is None else float(found[2]))
    anything = qualities.get("*", 0.0)
    plain = qualities.get("identity", 0.0)
    best = max(PREFERRED, key=lambda name: qualities.get(name, anything))  # the first of equals
    quality = qualities.get(best, anything)
    return best if quality > 0 and quality >= plain else None


def compressed(body: bytes, encoding: str) -> bytes:
    """``body`` in one of :data:`PREFERRED`; the same bytes each time, so that a strong ETag is true."""
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=_LEVELS[encoding]).compress(body)
    if encoding == "br":
        found: bytes = brotli.compress(body, quality=_LEVELS[encoding])
        return found
    return gzip.compress(body, _LEVELS[encoding], mtime=0)


def tag_of(tag: str, encoding: str | None) -> str:
    """The ETag (without quotes) of one form of what ``tag`` names: tags end in hexadecimal digits, forms do not."""
    return tag if encoding is None else f"{tag}{encoding}"


def plain_tag(tag: str) -> str:
    """The ETag of the content, whatever form the client got it in."""
    return _SUFFIX.sub("", tag)


@lru_cache(maxsize=4096)
def asked_tags(if_none_match: str) -> frozenset[str]:
    """The contents that a client says it holds; compared weakly, and in any form (RFC 9110, 13.1.2)."""
    return frozenset("*" if one[0] == "*" else plain_tag(one[1]) for one in _TAG.finditer(if_none_match))


def is_held(if_none_match: str, tag: str) -> bool:
    """Whether a client that sends this holds the content that ``tag`` names."""
    held = asked_tags(if_none_match)
    return tag in held or "*" in held
