"""Days, instants, amounts: one accepted form each."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from portfolio.core.dates import (
    Precision,
    end_of_day,
    first_day_of,
    format_instant,
    parse_day,
    parse_instant,
    parse_period,
)
from portfolio.core.money import format_amount, parse_amount, parse_rate, share_of


class TestDays:
    @pytest.mark.parametrize(
        "text",
        [
            "20260630",
            "2026-W01-1",
            "2026-6-30",
            "1999-12-31",
            "2101-01-01",
            "2026-02-30",
            " 2026-06-30",
            "２０２６-06-30",
        ],
    )
    def test_refuses_other_forms(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"day|outside"):
            parse_day(text)

    def test_stores_the_last_day_of_a_coarse_period(self) -> None:
        assert parse_period("2022") == (date(2022, 12, 31), Precision.YEAR)
        assert parse_period("2024-02") == (date(2024, 2, 29), Precision.MONTH)
        assert parse_period("2022-05-17") == (date(2022, 5, 17), Precision.DAY)
        assert first_day_of(date(2022, 12, 31), Precision.YEAR) == date(2022, 1, 1)

    def test_ends_a_day_in_the_region(self) -> None:
        assert format_instant(end_of_day(date(2021, 12, 31))) == "2021-12-31T23:00:00.000000Z"
        assert format_instant(end_of_day(date(2021, 6, 30))) == "2021-06-30T22:00:00.000000Z"


class TestInstants:
    @pytest.mark.parametrize(
        "text", ["2026-06-30T08:00:00", "2026-06-30 08:00:00Z", "9999-12-31T23:59:59-14:00", "2026-06-30T25:00:00Z"]
    )
    def test_refuses_other_forms(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"instant|outside"):
            parse_instant(text)

    def test_takes_any_offset(self) -> None:
        assert parse_instant("2026-06-30T10:00:00.5+02:00") == datetime(2026, 6, 30, 8, 0, 0, 500_000, tzinfo=UTC)


class TestMoney:
    @pytest.mark.parametrize(
        "text",
        [
            "1.005",
            "1",
            "1.5",
            "１００.00",
            "1_000.00",
            " 1.00",
            "1.00\n",
            "1e2",
            "+1.00",
            "01.00",
            "1,00",
            "12345678901234.00",
            "",
        ],
    )
    def test_refuses_other_forms(self, text: str) -> None:
        with pytest.raises(ValueError, match="amount"):
            parse_amount(text)

    def test_keeps_every_cent(self) -> None:
        for text in ("0.00", "0.01", "999999999999.99", "9007199254740.99"):
            assert format_amount(parse_amount(text)) == text
        with pytest.raises(ValueError, match="is not an amount"):
            parse_amount("-0.00")

    def test_never_rounds(self) -> None:
        with pytest.raises(ValueError, match="decimals"):
            format_amount(Decimal("1.005"))

    def test_rounds_a_share_down(self) -> None:
        assert share_of(Decimal("100.01"), parse_rate("0.3333")) == Decimal("33.33")
