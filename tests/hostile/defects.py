"""What a value of each kind must not be, as JSON text, so that nothing is smoothed on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from portfolio.core.fields import LINE_PATTERN, LINES_PATTERN

Schema = dict[str, Any]

TEXTS = (
    '""', '" "', '"\\t"', '"\\u00a0\\u2003"', '"\\u200b"', '"a\\u0007b"', '"a\\u001bb"', '"a\\u007fb"', '"a\\u009fb"',
    '"a\\u202eb"', '"a\\u2066b"', '"a\\ufffeb"', '"a\\uffffb"', "5", "1.5", "true", "[]", "{}", '["a"]',
)  # fmt: skip
LINES = ('"a\\nb"', '"a\\rb"', '"a\\r\\nb"', '"a\\u2028b"', '"a\\u0085b"')
"""Not in a text of one line."""
BROKEN = (
    '"\\u0000"',
    '"a\\ud800"',
    '"\\udfff\\ud800"',
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "1e999999999",
    "9" * 31,
)
"""Not JSON as it is taken here, whatever the field."""
DAYS = (
    "20260302", "2026-W10-1", "2026-061", "2026-02-30", "2026-02-29", "2026-13-01", "2026-00-10", "2026-3-2", "26-03-02",
    "1999-12-31", "2101-01-01", "0000-00-00", "9999-12-31", "-2026-03-02", "+2026-03-02", "2026/03/02", "02.03.2026",
    "2026-03-02T00:00:00Z", " 2026-03-02", "2026-03-02 ", "2026-03-02\\n", "２０２６-03-02", "2026-03-0٢", "2026−03−02", "today", "",
)  # fmt: skip
INSTANTS = (
    "2026-03-02", "2026-03-02T08:00:00", "2026-03-02 08:00:00Z", "2026-03-02T24:00:00Z", "2026-03-02T08:60:00Z",
    "2026-03-02T08:00:60Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-03-02T08:00:00+25:00",
    "2026-03-02T08:00:00z ", "2026-03-02T08:00:00.Z", "1772438400", "",
)  # fmt: skip
AMOUNTS = (
    "1", "1.5", "1.005", "1.000", "1,50", "1.234,50", "1,234.50", "-1.00", "+1.00", "-0.00", "1e3", "1E3", "1.00e2", "01.00", ".50",
    "1.", "0x10", "１.00", "١.00", "1_0.00", " 1.00", "1.00 ", "1.00\\n", "1.00 EUR", "€1.00", "NaN", "Infinity", "inf",
    "99999999999999.00", "9999999999999999999999.00", "", "null",
)  # fmt: skip
RATES = (
    "1",
    "0.8",
    "0.80000",
    "1.0001",
    "2.0000",
    "-0.1000",
    "+0.1000",
    "80%",
    "0,8000",
    ".8000",
    "00.8000",
    "０.8000",
    "1e-1",
    "",
)
WHOLE = (
    '"1"',
    '""',
    "1.5",
    "1.0",
    "1e0",
    "true",
    "false",
    "[]",
    "{}",
    "-1",
    "100000000000000000000",
    "9223372036854775808",
)
TRUTHS = ('"true"', '"false"', '"yes"', '"on"', "1", "0", "1.0", '""', "[]", "{}")
IDS = (
    "x", "0192f1c47a6b7cc398c50242ac120002", "0192F1C4-7A6B-7CC3-98C5-0242AC120002", "{0192f1c4-7a6b-7cc3-98c5-0242ac120002}",
    "urn:uuid:0192f1c4-7a6b-7cc3-98c5-0242ac120002", " 0192f1c4-7a6b-7cc3-98c5-0242ac120002", "0192f1c4-7a6b-7cc3-98c5-0242ac12000g",
    "'; DROP TABLE project; --", "../../etc/passwd", "",
)  # fmt: skip
NAMES = ("a b", "a/b", "../a", "a\\u0000b", "ä", "a'b", "-a", "a\\n", "<b>", "%00", "", "x" * 81)
LINKS = (
    "javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://a.example/", "//a.example",
    "a.example", "http://", "https:// a.example", "https://a.example/ b", "https://a.example/\\nb", 'https://a.example/\\"><script>',
    "mailto:a@b.example", "", "https://a.example/" + "x" * 2000,
)  # fmt: skip


def quoted(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f'"{value}"' for value in values)


NUMBERS = ("5", "1.5", "-1", "1e3", "true", "[]", "{}")
"""Instead of a text that stands for a number or a day."""


def defects(schema: Schema) -> Iterator[str]:
    """JSON texts that a value of this schema must not be."""
    kinds = schema.get("type", "object")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "null" not in kinds:
        yield "null"
    if "enum" in schema:
        (first, *_) = schema["enum"]
        yield from quoted(("", "nonsense", first.upper(), f"{first} ", f"{first}\\n", f" {first}", f"{first},{first}"))
        yield from ("0", "true", "[]", "{}", json.dumps([first]))
    elif "string" in kinds:
        yield from _of_text(schema)
    elif "integer" in kinds:
        yield from WHOLE
        yield from (str(schema["minimum"] - 1), str(schema["maximum"] + 1))
    elif "boolean" in kinds:
        yield from TRUTHS
    elif "array" in kinds:
        yield from (
            '"a"',
            "5",
            "{}",
            "true",
            "[null]",
            "[[]]",
            "[" + ",".join(["null"] * (schema["maxItems"] + 1)) + "]",
        )
    else:
        yield from ('"a"', "5", "[]", "true")


def _of_text(schema: Schema) -> Iterator[str]:
    form, pattern = schema.get("format"), schema.get("pattern", "")
    if form == "date":
        yield from (*quoted(DAYS), *NUMBERS)
    elif form == "date-time":
        yield from (*quoted(INSTANTS), *NUMBERS)
    elif form == "decimal":
        yield from (*quoted(RATES if "1\\.0000" in pattern else AMOUNTS), *NUMBERS)
    elif form == "uuid":
        yield from (*quoted(IDS), *NUMBERS)
    elif form == "uri":
        yield from (*quoted(LINKS), *NUMBERS)
    elif pattern and pattern not in (LINE_PATTERN, LINES_PATTERN):
        yield from (*quoted(tuple(name for name in NAMES if "\\u0000" not in name)), *NUMBERS)
    else:
        yield from TEXTS
        yield f'"{"x" * (schema["maxLength"] + 1)}"'
        if schema["maxLength"] <= 300:
            yield from LINES
