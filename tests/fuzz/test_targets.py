"""The fuzz targets, for a moment each; ``python dev.py fuzz`` runs them longer and guided by coverage."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

_CHARACTERS = st.text(st.sampled_from('0123456789.-+eEZT:_%,"{}[]()\\/ \nnulltruefalseäß\u202e\u0660１')).map(
    str.encode
)
_BYTES = st.one_of(
    st.binary(max_size=300), st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")), _CHARACTERS
)
SEEDS = (
    b"", b"{}", b"[]", b'{"a":1}', b'{"a":1,"a":2}', b"1250000.00", b"-0.00", b"0.8500", b"2026-06-30", b"2026-06-30T08:00:00.000000Z",
    b'"3-0a1b2c3d4e"', b"L%C3%B6schung", b"limit=5&sort=-title", b"W10", b'"x","y"', b'{"keys":[{"kty":"RSA","kid":"a","n":"AQ","e":"AQ"}]}',
    b'{"groups":["e"],"organisation":"M"}', b"\xff\xfe\x00", b"a.b.c", b"9" * 400, b"[" * 300, b"\\ud800", b'{"exp":1e400}',
)  # fmt: skip


@pytest.mark.parametrize("name", TARGETS)
def test_holds_for_what_is_known(name: str) -> None:
    for data in SEEDS:
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_holds_for_any_bytes(name: str) -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(_BYTES)
    def holds(data: bytes) -> None:
        TARGETS[name](data)

    holds()
