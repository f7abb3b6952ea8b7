"""Canonical JSON: the quick way gives the bytes of RFC 8785 or leaves the value to the other."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from portfolio.history.canonical import canonical

_EDGES = st.sampled_from(["", '"\\/', "\x00\x1f\x7f\x85", "\b\t\n\f\r", "\u2028\ufeff", "😀", "ẞ", "\ue000"])
_TEXTS = st.text(st.characters(exclude_categories=("Cs",))) | _EDGES
_INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
_LEAVES = st.none() | st.booleans() | _INTEGERS | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS
_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(_TEXTS, inner), max_leaves=30)


@given(_VALUES)
@example({"\ue000": 1, "😀": 2})  # by UTF-8 the other way round than by UTF-16
@example({"b": [1, True, None, -0.0], "a": {"é": "\x1f"}})
def test_is_what_rfc_8785_says(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", ["\ud800", 2**53, -(2**53), float("nan"), {1: "one"}, b"bytes", {"a": object()}])
def test_refuses_what_it_refuses(value: Any) -> None:
    with pytest.raises(Exception) as expected:  # noqa: PT011 (whatever the library raises)
        rfc8785.dumps(value)
    with pytest.raises(expected.type):
        canonical(value)


def test_what_is_kept_takes_no_more_memory_than_it_is_long() -> None:
    tracemalloc.start()
    try:
        kept = [canonical({"title": "x" * 300, "number": number}) for number in range(500)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 1.5 * sum(map(len, kept))
