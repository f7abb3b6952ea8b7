"""One meaning per body, bounded and exact."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from portfolio.core.problems import ContentTooLarge
from portfolio.core.strict_json import LARGEST_BODY, NotJson, loads


class TestLoads:
    @pytest.mark.parametrize(
        "data",
        [
            b'{"a":1,"a":2}',
            b'{"x":{"a":1,"a":1}}',
            b"[NaN]",
            b"[Infinity]",
            b"[-Infinity]",
            b"[" * 33 + b"]" * 33,
            b"[" * 100_000,
            b"9" * 5000,
            b"1" + b"0" * 40 + b".0",
            b'"\\u0000"',
            b'"\\ud800"',
            b'{"\\udfff":1}',
            b'"\xff"',
            b"\xff\xfe{\x00}\x00",
            b"",
            b"{",
            b"{'a':1}",
            b"[1,]",
            b"01",
            b"1e99999999999999999999",
            b"1e309",
            b"-1E-400",
            b'"a\x00b"',
            b'"a\nb"',
            b"\xef\xbb\xbf{}",
            b"null null",
        ],
    )
    def test_refuses(self, data: bytes) -> None:
        with pytest.raises(NotJson):
            loads(data)

    @pytest.mark.parametrize(
        ("data", "value"),
        [
            (b'{"a":1,"b":2}', {"a": 1, "b": 2}),
            (b"[" * 32 + b"]" * 32, None),
            (b"0.1000000000000000055", Decimal("0.1000000000000000055")),
            (b'"Gr\\u00fcn \\ud83d\\ude00"', "Grün 😀"),
            (b'"[[[[{{{{"', "[[[[{{{{"),
            (b'"\\"[[[[' + b"[" * 40 + b'"', '"[[[[' + "[" * 40),
            (b"-1E-300", Decimal("-1E-300")),
            (b"9" * 30, int("9" * 30)),
        ],
    )
    def test_takes_the_same_without_the_defect(self, data: bytes, value: object) -> None:
        found = loads(data)
        assert value is None or found == value

    def test_takes_1_mib_and_no_more(self) -> None:
        text = b'"' + b"a" * (LARGEST_BODY - 2) + b'"'
        assert len(loads(text)) == LARGEST_BODY - 2
        with pytest.raises(ContentTooLarge):
            loads(text + b" ")

    def test_says_where(self) -> None:
        with pytest.raises(NotJson, match="line 2, column 5"):
            loads(b'{\n"a":}')
        with pytest.raises(NotJson, match="'slug' occurs twice"):
            loads(b'{"slug":"a","slug":"b"}')

    @pytest.mark.parametrize(
        "data",
        [
            b'"' + b'\\"' * 500_000,
            b'"' * 1_000_001,
            ("{" + ",".join(f'"{number}":1' for number in range(80_000)) + ',"79999":1}').encode(),
            b"[" + b'"",' * 300_000,
        ],
        ids=["no closing quote", "only quotes", "the last key twice", "no end"],
    )
    def test_refuses_in_time_that_grows_with_the_length_only(self, data: bytes) -> None:
        started = time.process_time()
        with pytest.raises(NotJson):
            loads(data)
        assert time.process_time() - started < 5  # hours where each quote or key starts a new scan
