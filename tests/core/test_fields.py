"""Every lenient reading of this stack (TRAPS 4.2) is refused, and its strict twin accepted."""

from __future__ import annotations

import copy
import re
import sys
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import marshmallow as ma
import pytest

from portfolio.core.fields import (
    LINE_PATTERN,
    LINES_PATTERN,
    Code,
    Count,
    Day,
    IdField,
    InstantField,
    LongText,
    Money,
    Name,
    RateField,
    Slug,
    StrictBool,
    StrictSchema,
    Text,
    Url,
    clean_text,
)
from portfolio.core.problems import from_messages
from portfolio.core.query_fields import NONE, QueryBool, QueryCount, QueryDay, query_codes, query_numbers
from portfolio.core.vocabulary import Codelist

Field = ma.fields.Field[Any]
AN_ID = "0192f1c4-7a6b-7cc3-98c5-0242ac120002"


def code_of(field: Field, value: object) -> str:
    """The stable code of the fault that ``value`` is."""
    with pytest.raises(ma.ValidationError) as caught:
        field.deserialize(value)
    (error,) = from_messages({"json": {"x": caught.value.messages}})
    assert len(error.detail) < 400
    return error.code


class TestMoney:
    @pytest.mark.parametrize(
        "value",
        ["１００.00", "١٠٠.00", "1_000.00", " 100.00", "100.00\n", "1e2", "+1.00", "10.005", "1.2", "1", "01.00", "NaN",
         "Infinity", "-0.01", "", "10000000000000.00", "9" * 5000, 1, 1.0, True, Decimal("1.00"), ["1.00"], {}],
    )  # fmt: skip
    def test_refuses(self, value: object) -> None:
        assert code_of(Money(), value) == "invalid_money"

    @pytest.mark.parametrize(
        ("text", "amount"),
        [("0.00", "0.00"), ("0.01", "0.01"), ("9999999999999.99", "9999999999999.99")],
    )
    def test_takes(self, text: str, amount: str) -> None:
        found = Money().deserialize(text)
        assert isinstance(found, Decimal)
        assert str(found) == amount

    def test_positive_refuses_zero(self) -> None:
        assert code_of(Money(positive=True), "0.00") == "invalid_money"
        assert Money(positive=True).deserialize("0.01") == Decimal("0.01")

    def test_signed_takes_less_than_zero(self) -> None:
        assert Money(signed=True).deserialize("-1.50") == Decimal("-1.50")

    def test_shows_two_decimals(self) -> None:
        class Shown(StrictSchema):
            amount = Money()

        assert Shown().dump({"amount": Decimal("1250000")}) == {"amount": "1250000.00"}
        assert Shown().dump({"amount": None}) == {"amount": None}


class TestRate:
    @pytest.mark.parametrize("value", ["0.85", "85", "1.0001", "0.85000", "-0.1000", "０.8500", 0.85, 1, []])
    def test_refuses(self, value: object) -> None:
        assert code_of(RateField(), value) == "invalid_rate"

    def test_takes_and_shows_four_decimals(self) -> None:
        assert RateField().deserialize("0.8500") == Decimal("0.85")
        assert RateField()._serialize(Decimal("0.85"), None, None) == "0.8500"


class TestDay:
    @pytest.mark.parametrize(
        "value",
        ["20260101", "2026-W01-1", "2026-1-1", "2026-02-30", "1999-12-31", "2101-01-01", "２０２６-01-01",
         " 2026-01-01", "2026-01-01\n", "2026-01-01T00:00:00", "x" * 5000, 20260101, True, []],
    )  # fmt: skip
    def test_refuses(self, value: object) -> None:
        assert code_of(Day(), value) == "invalid_day"
        assert code_of(QueryDay(), value) == "invalid_day"

    def test_takes(self) -> None:
        assert Day().deserialize("2028-02-29") == date(2028, 2, 29)


class TestInstant:
    @pytest.mark.parametrize(
        "value",
        ["9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00", "2026-01-01", "2026-01-01 00:00:00Z",
         "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00+99:00", "1735689600", 1735689600, {}],
    )  # fmt: skip
    def test_refuses(self, value: object) -> None:
        assert code_of(InstantField(), value) == "invalid_instant"

    def test_takes_and_shows_utc(self) -> None:
        found = InstantField().deserialize("2026-06-30T10:00:00.5+02:00")
        assert found == datetime(2026, 6, 30, 8, 0, 0, 500000, UTC)
        assert InstantField()._serialize(found, None, None) == "2026-06-30T08:00:00.500000Z"


class TestText:
    @pytest.mark.parametrize(
        ("value", "code"),
        [
            ("", "empty"),
            (" \u00a0\u3000", "empty"),
            ("\u200b\u200d", "empty"),
            ("a\x00b", "forbidden_character"),
            ("a\nb", "forbidden_character"),
            ("a\x7fb", "forbidden_character"),
            ("a\x85b", "forbidden_character"),
            ("a\u2028b", "forbidden_character"),
            ("a\ud800b", "forbidden_character"),
            ("a\u202eb", "forbidden_character"),
            ("a\u2066b", "forbidden_character"),
            ("a\uffffb", "forbidden_character"),
            ("x" * 11, "too_long"),
            (5, "not_text"),
            (True, "not_text"),
            (["a"], "not_text"),
        ],
    )
    def test_refuses(self, value: object, code: str) -> None:
        assert code_of(Text(max_length=10), value) == code

    def test_takes_and_normalises(self) -> None:
        assert Text(max_length=10).deserialize("Gru\u0308n – 😀") == "Grün – 😀"
        assert Text(max_length=10).deserialize("u\u0308" * 10) == "ü" * 10

    def test_long_text_takes_lines_but_no_other_controls(self) -> None:
        assert LongText().deserialize("a\n\tb") == "a\n\tb"
        assert code_of(LongText(), "a\rb") == "forbidden_character"
        assert code_of(LongText(max_length=3), "abcd") == "too_long"

    def test_is_looked_at_closely_where_it_holds_more_than_what_can_be_printed(self) -> None:
        """What is let through without a closer look: letters, marks, numbers, signs and the one blank."""
        for char in map(chr, range(sys.maxunicode + 1)):
            if char.isprintable():
                assert unicodedata.category(char)[0] not in "ZC" or char == " "


class TestKeys:
    @pytest.mark.parametrize("value", ["Ruhr", "a--b", "-a", "a-", "a_b", "ä", "", "a\n", "a" * 81, "../x", 5])
    def test_slug_refuses(self, value: object) -> None:
        assert code_of(Slug(), value) == "invalid_slug"

    def test_slug_takes(self) -> None:
        assert Slug().deserialize("5-standorte-programm") == "5-standorte-programm"
        assert Slug().deserialize("a" * 80) == "a" * 80

    @pytest.mark.parametrize("value", ["", ".a", "a/b", "a b", "Ä", "MHKBG\n", "a" * 81, 7])
    def test_name_refuses(self, value: object) -> None:
        assert code_of(Name(), value) == "invalid_name"

    def test_name_takes(self) -> None:
        assert [Name().deserialize(name) for name in ("MHKBG", "StK")] == ["MHKBG", "StK"]

    @pytest.mark.parametrize(
        "value", [AN_ID.upper(), AN_ID.replace("-", ""), f"{{{AN_ID}}}", f"urn:uuid:{AN_ID}", "", 1]
    )
    def test_id_refuses(self, value: object) -> None:
        assert code_of(IdField(), value) == "invalid_id"

    def test_id_takes(self) -> None:
        assert IdField().deserialize(AN_ID) == UUID(AN_ID)

    def test_code_takes_those_of_its_list(self, colours: Codelist) -> None:
        assert Code(colours).deserialize("red") == "red"
        for value in ("Red", "green", "", 1, ["red"], {"red": 1}):
            assert code_of(Code(colours), value) == "not_in_list"

    @pytest.mark.parametrize(
        "value",
        [
            "javascript:alert(1)",
            "ftp://a.example",
            "//a.example",
            "https://",
            "https://a.example/ b",
            "https://a.example\n",
        ],
    )
    def test_url_refuses(self, value: object) -> None:
        assert code_of(Url(), value) in ("invalid_url", "forbidden_character")

    def test_url_takes(self) -> None:
        assert Url().deserialize("https://a.example/b?c=d#e") == "https://a.example/b?c=d#e"
        assert code_of(Url(), "https://a.example/" + "x" * 2000) == "too_long"


class TestNumbers:
    @pytest.mark.parametrize("value", ["5", 1.0, Decimal("1"), True, -1, 11, 10**20, []])
    def test_count_refuses(self, value: object) -> None:
        assert code_of(Count(maximum=10), value) == "invalid_number"

    def test_count_takes_its_bounds(self) -> None:
        assert [Count(maximum=10).deserialize(value) for value in (0, 10)] == [0, 10]

    @pytest.mark.parametrize("value", ["１０", "1_0", " 10", "10 ", "+1", "01", "1.0", "1e1", "", "-1", "9" * 5000])
    def test_query_count_refuses(self, value: str) -> None:
        assert code_of(QueryCount(maximum=50), value) == "invalid_number"

    def test_query_count_takes_digits(self) -> None:
        assert QueryCount(maximum=50).deserialize("50") == 50

    @pytest.mark.parametrize("value", ["true", 1, 0, "yes", "on"])
    def test_bool_refuses(self, value: object) -> None:
        assert code_of(StrictBool(), value) == "invalid_boolean"

    @pytest.mark.parametrize("value", ["True", "yes", "1", "", "true "])
    def test_query_bool_refuses(self, value: str) -> None:
        assert code_of(QueryBool(), value) == "invalid_boolean"

    def test_bools_take_their_two_values(self) -> None:
        assert [StrictBool().deserialize(value) for value in (True, False)] == [True, False]
        assert [QueryBool().deserialize(value) for value in ("true", "false")] == [True, False]


class TestRepeated:
    def test_codes(self, colours: Codelist) -> None:
        filter_ = query_codes(colours, "Colours.", nullable=True)
        assert filter_.deserialize(["red", NONE]) == ["red", NONE]

    def test_codes_without_none(self, colours: Codelist) -> None:
        with pytest.raises(ma.ValidationError):
            query_codes(colours, "Colours.").deserialize([NONE])

    def test_names_the_parameter_of_a_bad_value(self, colours: Codelist) -> None:
        class Query(StrictSchema):
            colour = query_codes(colours, "Colours.")

        messages = Query().validate({"colour": ["red", "green"]})
        (error,) = from_messages({"query": messages})
        assert (error.parameter, error.code) == ("colour", "not_in_list")

    def test_numbers(self) -> None:
        forums = query_numbers("Forums.", 1, 20, "13")
        assert forums.deserialize(["13", NONE]) == [13, NONE]
        with pytest.raises(ma.ValidationError):
            forums.deserialize(["21"])

    def test_takes_at_most_fifty(self, colours: Codelist) -> None:
        assert len(query_codes(colours, "Colours.").deserialize(["red"] * 50)) == 50
        with pytest.raises(ma.ValidationError):
            query_codes(colours, "Colours.").deserialize(["red"] * 51)


class TestStrictSchema:
    class PotSchema(StrictSchema):
        title = Text(required=True)
        sizes = ma.fields.List(Count())

    @pytest.mark.parametrize(
        ("body", "pointer", "code"),
        [
            ({}, "#/title", "required"),
            ({"title": None}, "#/title", "null"),
            ({"title": "a", "titel": "b"}, "#/titel", "unknown_field"),
            ({"title": "a", "a/b~c": 1}, "#/a~1b~0c", "unknown_field"),
            ({"title": "a", "sizes": 5}, "#/sizes", "not_a_list"),
            ({"title": "a", "sizes": [1, "2"]}, "#/sizes/1", "invalid_number"),
        ],
    )
    def test_says_where_and_what(self, body: dict[str, Any], pointer: str, code: str) -> None:
        (error,) = from_messages({"json": self.PotSchema().validate(body)})
        assert (error.pointer, error.code) == (pointer, code)
        assert error.detail.endswith(".")

    def test_is_not_copied_with_what_names_it(self) -> None:
        schema = self.PotSchema()
        assert copy.deepcopy({"schema": schema})["schema"] is schema

    def test_takes_what_it_knows(self) -> None:
        assert self.PotSchema().load({"title": "a", "sizes": [1]}) == {"title": "a", "sizes": [1]}


class TestDocument:
    def test_pattern_says_what_is_taken(self, colours: Codelist) -> None:
        assert Money().openapi()["pattern"] == r"^(0|[1-9][0-9]{0,12})\.[0-9]{2}$"
        assert Money(positive=True).openapi()["pattern"] == r"^(?!0\.00$)(0|[1-9][0-9]{0,12})\.[0-9]{2}$"
        assert Money(signed=True).openapi()["pattern"] == r"^(?!-0\.00$)-?(0|[1-9][0-9]{0,12})\.[0-9]{2}$"
        assert Code(colours, allow_none=True).openapi()["enum"] == ["red", "blue"]
        assert Text(max_length=7).openapi() == {
            "type": "string", "minLength": 1, "maxLength": 7, "pattern": LINE_PATTERN,
        }  # fmt: skip

    @pytest.mark.parametrize("lines", [False, True])
    def test_the_pattern_of_a_text_is_what_is_refused(self, lines: bool) -> None:
        pattern = re.compile(LINES_PATTERN if lines else LINE_PATTERN)
        for code in (*range(0xD800), *range(0xE000, 0x11000), 0x1F6B2, 0xE0001, 0x10FFFD):
            char = chr(code)
            try:
                clean_text(f"a{char}b", minimum=1, maximum=9, lines=lines)
                taken = True
            except ma.ValidationError:
                taken = False
            assert bool(pattern.fullmatch(f"a{char}b")) is taken, hex(code)
