"""One meaning per body, bounded and exact."""

from __future__ import annotations

from decimal import Decimal

import pytest

from portfolio.core.strict_json import NotJson, loads


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
        ],
    )
    def test_takes_the_same_without_the_defect(self, data: bytes, value: object) -> None:
        found = loads(data)
        assert value is None or found == value
