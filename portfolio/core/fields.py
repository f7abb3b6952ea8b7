"""Strict fields: what a client may send is exactly what the document says (TRAPS 4.2)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import marshmallow as ma

from portfolio.core.dates import DAY_PATTERN, format_instant, parse_day, parse_instant
from portfolio.core.dumping import Shown, compiled_dump
from portfolio.core.money import (
    AMOUNT_PATTERN,
    RATE_PATTERN,
    SIGNED_PATTERN,
    TOTAL_PATTERN,
    format_amount,
    format_rate,
    parse_amount,
    parse_rate,
)
from portfolio.core.vocabulary import Codelist

CODELIST, COMPONENT = "x-codelist", "x-component"
"""Marks of a schema that the document names once (core/spec_names.py)."""
SOMETIMES = "x-sometimes"
"""Mark of a field that not every answer holds, with the words that say when it does."""
SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_SLUG = re.compile(SLUG_PATTERN[1:-1])
# What _is_forbidden refuses, as the document says it; a test holds the two together.
ANYTHING = r"^[\s\S]*$"
LINE_PATTERN = r"^[^\x00-\x1F\x7F-\x9F\u2028-\u202E\u2066-\u2069\uFFFE\uFFFF]*$"
LINES_PATTERN = r"^[^\x00-\x08\x0B-\x1F\x7F-\x9F\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]*$"
_URL = re.compile(r"https?://[^\s<>\"\\^`{|}]+", re.IGNORECASE)
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Not allowed in XML, so neither in a picture nor in a workbook that shows the text.
_NO_CHARACTER = frozenset("\ufffe\uffff")
_LONGEST_VALUE = 40
_MONEY = 'Send an amount as text with two decimals, such as "1250000.00".'
_DAY = "Send a day as text, YYYY-MM-DD."
_INSTANT = "Send an instant as text with Z or an offset, such as 2026-06-30T08:00:00Z."


class StrictSchema(ma.Schema):
    """A schema that refuses what it does not know."""

    class Meta:
        unknown = ma.RAISE

    def __deepcopy__(self, _: Any) -> StrictSchema:
        # Each decorator of flask-smorest copies what others said of a view, schemas and all; they never change.
        return self

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        """As marshmallow gives it (``Schema.dump``), from a plan that is made once."""
        plan = self.__dict__.get("_plan")
        if plan is None:
            plan = self._plan = compiled_dump(self)
        many = self.many if many is None else many
        return [plan(one) for one in obj] if many else plan(obj)


def fault(code: str, detail: str) -> ma.ValidationError:
    """A fault with its stable code; problems.py reads the pair."""
    error = ma.ValidationError(detail)
    error.messages = [(code, detail)]
    return error


def _short_text(value: Any, code: str, sentence: str) -> str:
    """``value`` where it is text that can be what is asked for; a long one is not repeated in the answer."""
    if not isinstance(value, str) or len(value) > _LONGEST_VALUE:
        raise fault(code, sentence)
    return value


def camel(name: str) -> str:
    """``project_status`` or ``project-status`` → ``ProjectStatus``, as types are named."""
    return "".join(word[:1].upper() + word[1:] for word in re.split("[_-]", name))


def clean_text(value: Any, *, minimum: int, maximum: int, lines: bool) -> str:
    """Text in NFC without control or direction-changing characters, of bounded length."""
    if not isinstance(value, str):
        raise fault("not_text", "Send text, in quotes.")
    text = unicodedata.normalize("NFC", value)
    if text.isprintable():  # nothing of the categories Z and C but blanks; hardly any text is otherwise
        visible = len(text) - text.count(" ")
    else:
        for char in text:
            if _is_forbidden(char, lines=lines):
                raise fault("forbidden_character", f"The character U+{ord(char):04X} is not allowed here; take it out.")
        # Format characters alone (a zero-width space) are as empty as blanks.
        visible = sum(unicodedata.category(char)[0] not in "ZC" for char in text)
    if visible < minimum:
        raise fault("empty", "Send some text, or leave the field out.")
    if len(text) > maximum:
        raise fault("too_long", f"At most {maximum} characters; this has {len(text)}.")
    return text


def _is_forbidden(char: str, *, lines: bool) -> bool:
    if char in _BIDI or char in _NO_CHARACTER:
        return True
    if lines and char in "\n\t":
        return False
    category = unicodedata.category(char)
    return category in ("Cc", "Cs") or (not lines and category in ("Zl", "Zp"))


# A field with a unit names it in the document: ``unit_word`` is the word that its description must hold, and
# ``unit_sentence`` is added where it does not.


class Text(ma.fields.Field[str]):
    """One line of text."""

    def __init__(self, *, max_length: int = 300, lines: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.max_length = max_length
        self.lines = lines

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> str:
        return clean_text(value, minimum=1, maximum=self.max_length, lines=self.lines)

    def openapi(self) -> dict[str, Any]:
        pattern = LINES_PATTERN if self.lines else LINE_PATTERN
        return {"type": "string", "minLength": 1, "maxLength": self.max_length, "pattern": pattern}


class LongText(Text):
    """Text of several lines."""

    def __init__(self, *, max_length: int = 5000, **options: Any) -> None:
        super().__init__(max_length=max_length, lines=True, **options)


class SentText(Text):
    """Text as somebody sent it, shown back to them with whatever it holds; never taken."""

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.max_length, "pattern": ANYTHING}


class Slug(ma.fields.Field[str]):
    """The readable part of an address: small letters, digits and single hyphens."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> str:
        if not isinstance(value, str) or len(value) > 80 or not _SLUG.fullmatch(value):
            raise fault(
                "invalid_slug", "Use small letters, digits and single hyphens, at most 80, such as ruhr-valley."
            )
        return value

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "pattern": SLUG_PATTERN, "maxLength": 80}


class Name(ma.fields.Field[str]):
    """A published short name used in addresses, such as ``MHKBG`` or ``StK``."""

    PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(self.PATTERN[1:-1], value):
            raise fault("invalid_name", "Use letters, digits, dot, hyphen and underscore, at most 80, such as MHKBG.")
        return value

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "pattern": self.PATTERN, "maxLength": 80}


class Code(ma.fields.Field[str]):
    """One code of a codelist."""

    def __init__(self, codelist: Codelist, **options: Any) -> None:
        super().__init__(**options)
        self.codelist = codelist

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> str:
        if not isinstance(value, str) or value not in self.codelist.labels:
            raise fault("not_in_list", f"Use one of: {', '.join(self.codelist.codes)}.")
        return value

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "enum": [*self.codelist.codes], CODELIST: self.codelist.name}


class Money(Shown):
    """EUR as text with two decimals; never a JSON number, never rounded.

    :param signed: may be below zero, as what an entry adds to a sum.
    """

    unit_word, unit_sentence = "EUR", "In EUR."

    show = staticmethod(format_amount)

    def __init__(self, *, positive: bool = False, signed: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.positive, self.signed = positive, signed

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> Decimal:
        try:
            amount = parse_amount(_short_text(value, "invalid_money", _MONEY))
        except ValueError as error:
            raise fault("invalid_money", str(error)) from None
        if (amount < 0 and not self.signed) or (self.positive and not amount):
            raise fault(
                "invalid_money", "The amount must be above zero." if self.positive else "No negative amounts here."
            )
        return amount

    def openapi(self) -> dict[str, Any]:
        pattern = SIGNED_PATTERN if self.signed else AMOUNT_PATTERN
        if self.positive:
            pattern = pattern.replace("^", r"^(?!0\.00$)")
        return {"type": "string", "format": "decimal", "pattern": pattern, "maxLength": 17 if self.signed else 16}


class Total(Money):
    """A sum of amounts, which may have more digits than one amount; given, never taken."""

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "decimal", "pattern": TOTAL_PATTERN, "maxLength": 21}


class RateField(Shown):
    """A share between 0 and 1 as text with four decimals."""

    unit_word, unit_sentence = "share", "A share between 0 and 1."

    show = staticmethod(format_rate)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> Decimal:
        try:
            return parse_rate(value if isinstance(value, str) else "")
        except ValueError:
            raise fault("invalid_rate", 'Send a share between 0 and 1 as text with four decimals: "0.8500".') from None

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "decimal", "pattern": RATE_PATTERN, "maxLength": 6}


class Day(Shown):
    """A calendar day of the region, ``2026-06-30``, between 2000 and 2100."""

    unit_word, unit_sentence = "Europe/Berlin", "Calendar day, Europe/Berlin."

    show = staticmethod(date.isoformat)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> date:
        try:
            return parse_day(_short_text(value, "invalid_day", _DAY))
        except ValueError as error:
            raise fault("invalid_day", str(error)) from None

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "date", "pattern": DAY_PATTERN, "maxLength": 10}


class InstantField(Shown):
    """An RFC 3339 instant with its offset; shown in UTC with six decimals."""

    unit_word, unit_sentence = "UTC", "UTC."

    show = staticmethod(format_instant)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> datetime:
        try:
            return parse_instant(_short_text(value, "invalid_instant", _INSTANT))
        except ValueError as error:
            raise fault("invalid_instant", str(error)) from None

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time", "maxLength": 40}


class StrictBool(ma.fields.Field[bool]):
    """``true`` or ``false`` and nothing that merely looks like it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> bool:
        if not isinstance(value, bool):
            raise fault("invalid_boolean", "Send true or false.")
        return value

    def openapi(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Count(ma.fields.Field[int]):
    """A whole number in bounds, as a JSON number without a point."""

    def __init__(self, *, minimum: int = 0, maximum: int = 2_000_000_000, **options: Any) -> None:
        super().__init__(**options)
        self.minimum, self.maximum = minimum, maximum

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not self.minimum <= value <= self.maximum:
            raise fault("invalid_number", f"Send a whole number from {self.minimum} to {self.maximum}.")
        return value

    def openapi(self) -> dict[str, Any]:
        return {"type": "integer", "format": "int64", "minimum": self.minimum, "maximum": self.maximum}


class Url(ma.fields.Field[str]):
    """A web address, http or https."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> str:
        text = clean_text(value, minimum=1, maximum=2000, lines=False)
        if not _URL.fullmatch(text):
            raise fault("invalid_url", "Send a web address that begins with http:// or https://.")
        return text

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "uri", "maxLength": 2000}


class IdField(Shown):
    """A record's id in its canonical form."""

    show = staticmethod(str)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> UUID:
        try:
            found = UUID(value if isinstance(value, str) else "")
        except ValueError:
            raise fault("invalid_id", "Send an id such as 0192f1c4-7a6b-7cc3-98c5-0242ac120002.") from None
        if str(found) != value:
            raise fault("invalid_id", "Send the id in small letters with hyphens, as it was given.")
        return found

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "uuid", "maxLength": 36}


class ShortList(ma.fields.List[Any]):
    """A list of at most ``most`` values; how many there are is looked at before any of them."""

    def __init__(self, inner: ma.fields.Field[Any] | type[ma.fields.Field[Any]], *, most: int, **options: Any) -> None:
        super().__init__(inner, validate=ma.validate.Length(max=most), **options)

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> list[Any]:
        if isinstance(value, list):
            self._validate(value)
        found: list[Any] = super()._deserialize(value, attr, data, **options)
        return found


class Choice(ma.fields.Field[str]):
    """One of a few words that are no codelist.

    :param named: name of the words in the document, so that generated clients share one type.
    """

    def __init__(self, choices: Iterable[str], named: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.choices, self.named = tuple(choices), named

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> str:
        if value not in self.choices:
            raise fault("not_in_list", f"Use one of: {', '.join(self.choices)}.")
        return str(value)

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "enum": [*self.choices], **({COMPONENT: self.named} if self.named else {})}
