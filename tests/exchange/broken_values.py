"""Days, amounts, shares and truths as people and programs write them into cells."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal

import openpyxl
from openpyxl.cell import Cell
from openpyxl.utils.datetime import CALENDAR_MAC_1904, to_excel

from tests.exchange.breaking import (
    AWARDS,
    DAY,
    FLAG,
    MILESTONES,
    MONEY,
    PROJECTS,
    SHARE,
    WORKBOOK,
    Broken,
    Build,
    Package,
    cell_of,
    edited,
    in_cell,
    package,
    raw_cell,
    texted,
    typed,
)


def _day_as(write: Callable[[date], object], look: str = "General") -> Build:
    """The day that is there, written in another way."""

    def change(cell: Cell) -> None:
        found = cell.value
        assert isinstance(found, datetime)
        cell.value, cell.number_format = write(found.date()), look

    return in_cell(PROJECTS, DAY, change)


def _money_as(write: Callable[[Decimal], object]) -> Build:
    """The amount that is there, written in another way."""

    def change(cell: Cell) -> None:
        cell.value = write(Decimal(str(cell.value)).quantize(Decimal("0.01")))
        if isinstance(cell.value, str):
            cell.data_type, cell.number_format = "s", "@"

    return in_cell(AWARDS, MONEY, change)


def _german(amount: Decimal, group: str = ".") -> str:
    return f"{amount:,.2f}".replace(",", " ").replace(".", ",").replace(" ", group)


def _flag_as(write: Callable[[bool], object]) -> Build:
    return in_cell(MILESTONES, FLAG, lambda cell: setattr(cell, "value", write(bool(cell.value))))


def _iso_day(good: bytes) -> bytes:
    """The day that is there, in the form that strict workbooks have."""
    book = Package(good)
    found = cell_of(openpyxl.load_workbook(io.BytesIO(good))[PROJECTS], DAY).value
    assert isinstance(found, datetime)
    book.fill(PROJECTS, DAY, f"<v>{found:%Y-%m-%d}</v>", "d")
    return book.zipped()


def _mac_calendar(book: openpyxl.Workbook) -> None:
    """Every day is the same, but counted from 1904, as old Excel for Mac does."""
    book.epoch = CALENDAR_MAC_1904


def _mac_calendar_said(book: Package) -> None:
    book.edit_pattern(WORKBOOK, "<workbookPr", lambda found: '<workbookPr date1904="1"')


_DAYS = (
    Broken(
        "day-as-serial",
        _day_as(to_excel, "General"),
        expects="same",
        why="The day has lost its format and shows as a number.",
    ),
    Broken(
        "day-german-text",
        _day_as(lambda day: f"{day:%d.%m.%Y}", "@"),
        expects="same",
        why="The same day as text, as it is written in Germany.",
    ),
    Broken(
        "day-german-text-short",
        _day_as(lambda day: f"{day.day}.{day.month}.{day.year}", "@"),
        expects="same",
        why="The same without leading zeros.",
    ),
    Broken(
        "day-iso-text", _day_as(date.isoformat, "@"), expects="same", why="The same day as text, as programs write it."
    ),
    Broken(
        "day-iso-cell", _iso_day, expects="same", why="The same day in a cell of the kind that strict workbooks have."
    ),
    Broken(
        "day-us-text",
        _day_as(lambda day: f"{day:%m/%d/%Y}", "@"),
        expects="fault",
        why="Month and day cannot be told apart.",
    ),
    Broken("day-two-digit-year", typed(PROJECTS, DAY, "30.06.26"), expects="fault", why="Which century?"),
    Broken(
        "day-with-time",
        _day_as(lambda day: datetime.combine(day, time(14, 30)), "dd.mm.yyyy hh:mm"),
        expects="fault",
        why="A day has no time of day.",
    ),
    Broken(
        "day-midnight",
        _day_as(lambda day: datetime.combine(day, time(0)), "dd.mm.yyyy hh:mm"),
        expects="same",
        why="Midnight is the day itself.",
    ),
    Broken(
        "day-serial-with-time",
        _day_as(lambda day: to_excel(day) + 0.6, "General"),
        expects="fault",
        why="A number with a time of day and without a format.",
    ),
    Broken("day-only-time", typed(PROJECTS, DAY, time(14, 30), "hh:mm"), expects="fault", why="A time is no day."),
    Broken("day-30-february", texted(PROJECTS, DAY, "30.02.2026"), expects="fault", why="There is no such day."),
    Broken(
        "day-29-february-1900",
        typed(PROJECTS, DAY, 60, "dd.mm.yyyy"),
        expects="fault",
        why="A day that only Excel knows.",
    ),
    Broken("day-zero", typed(PROJECTS, DAY, 0, "dd.mm.yyyy"), expects="fault", why="Excel shows 0 January 1900."),
    Broken(
        "day-before-1900", typed(PROJECTS, DAY, -1, "dd.mm.yyyy"), expects="fault", why="A day before Excel's first."
    ),
    Broken("day-1899-text", texted(PROJECTS, DAY, "31.12.1899"), expects="fault", why="A day that no project has."),
    Broken(
        "day-9999", typed(PROJECTS, DAY, date(9999, 12, 31), "dd.mm.yyyy"), expects="fault", why="“For ever” is no day."
    ),
    Broken(
        "day-beyond-9999",
        typed(PROJECTS, DAY, 2_958_466, "dd.mm.yyyy"),
        expects="fault",
        why="A day after Excel's last.",
    ),
    Broken("day-1e300", typed(PROJECTS, DAY, 1e300, "dd.mm.yyyy"), expects="fault", why="A number that is no day."),
    Broken("day-in-words", typed(PROJECTS, DAY, "Mitte 2026"), expects="fault", why="Words are no day."),
    Broken("day-a-quarter", typed(PROJECTS, DAY, "Q2/2026"), expects="fault", why="A quarter is no day."),
    Broken(
        "day-a-year", typed(PROJECTS, DAY, 2026), expects="fault", why="As a number of days this year is a day of 1905."
    ),
    Broken("day-true", typed(PROJECTS, DAY, True), expects="fault", why="TRUE is no day."),
    Broken("calendar-1904", edited(_mac_calendar), expects="same", why="The same days, counted from 1904."),
    Broken(
        "calendar-1904-said",
        package(_mac_calendar_said),
        expects="fault",
        why="Every day would be four years later, those for reading too.",
    ),
)
_MONEY = (
    Broken(
        "money-decimal-comma",
        _money_as(lambda amount: f"{amount:.2f}".replace(".", ",")),
        expects="same",
        why="The same amount as text with a decimal comma.",
    ),
    Broken(
        "money-decimal-point",
        _money_as(lambda amount: f"{amount:.2f}"),
        expects="same",
        why="The same amount as text with a decimal point.",
    ),
    Broken(
        "money-german-groups",
        _money_as(_german),
        expects="same",
        why="The same amount as text with German thousands separators.",
    ),
    Broken(
        "money-english-groups",
        _money_as(lambda amount: f"{amount:,.2f}"),
        expects="same",
        why="The same amount as text with English thousands separators.",
    ),
    Broken(
        "money-blank-groups",
        _money_as(lambda amount: _german(amount, "\u00a0")),
        expects="same",
        why="The same amount as text with no-break spaces.",
    ),
    Broken(
        "money-with-euro",
        _money_as(lambda amount: f"{_german(amount)} €"),
        expects="same",
        why="The same amount as text with its currency.",
    ),
    Broken("money-with-dollar", _money_as(lambda amount: f"${amount:,.2f}"), expects="fault", why="Another currency."),
    Broken("money-ambiguous-point", texted(AWARDS, MONEY, "1.234"), expects="fault", why="A thousand or one?"),
    Broken("money-ambiguous-comma", texted(AWARDS, MONEY, "1,234"), expects="fault", why="A thousand or one?"),
    Broken(
        "money-groups-wrong",
        texted(AWARDS, MONEY, "12.34.567,00"),
        expects="fault",
        why="Groups that are no thousands.",
    ),
    Broken(
        "money-three-decimals",
        typed(AWARDS, MONEY, 1000.005),
        expects="fault",
        why="Nobody rounds an amount but its owner.",
    ),
    Broken(
        "money-three-decimals-text",
        texted(AWARDS, MONEY, "1000,005"),
        expects="fault",
        why="Nobody rounds an amount but its owner.",
    ),
    Broken("money-negative", typed(AWARDS, MONEY, -1000), expects="fault", why="No award is negative."),
    Broken(
        "money-negative-text",
        texted(AWARDS, MONEY, "1.000,00-"),
        expects="fault",
        why="A minus at the end, as bookkeeping programs write it.",
    ),
    Broken("money-1e300", typed(AWARDS, MONEY, 1e300), expects="fault", why="More than there is."),
    Broken("money-1e300-text", texted(AWARDS, MONEY, "1e300"), expects="fault", why="A number as programs write it."),
    Broken(
        "money-17-digits",
        typed(AWARDS, MONEY, 12345678901234567),
        expects="fault",
        why="Excel keeps 15 digits; the last two are guessed.",
    ),
    Broken("money-nan-text", texted(AWARDS, MONEY, "NaN"), expects="fault", why="Not a number."),
    Broken("money-infinity-text", texted(AWARDS, MONEY, "Infinity"), expects="fault", why="Not a number."),
    Broken(
        "money-nan-raw", raw_cell(AWARDS, MONEY, "<v>NaN</v>"), expects="fault", why="A number cell that holds none."
    ),
    Broken(
        "money-infinity-raw",
        raw_cell(AWARDS, MONEY, "<v>1e999</v>"),
        expects="fault",
        why="A number that no double holds.",
    ),
    Broken("money-other-digits", texted(AWARDS, MONEY, "١٢٣"), expects="fault", why="Digits of another script."),
    Broken(
        "money-underscore", texted(AWARDS, MONEY, "1_000"), expects="fault", why="A number for Python, not for people."
    ),
    Broken("money-in-words", texted(AWARDS, MONEY, "ca. 1,2 Mio."), expects="fault", why="About is no amount."),
    Broken(
        "money-a-day",
        typed(AWARDS, MONEY, date(2026, 5, 3), "dd.mm.yyyy"),
        expects="fault",
        why="Excel made a day of 3.5.",
    ),
    Broken("money-true", typed(AWARDS, MONEY, True), expects="fault", why="TRUE is no amount."),
    Broken("share-as-percent", typed(AWARDS, SHARE, 85), expects="fault", why="85 is 8500 %."),
    Broken("share-in-words", typed(AWARDS, SHARE, "fast alles"), expects="fault", why="Words are no share."),
    Broken(
        "flag-german-word",
        _flag_as(lambda flag: "WAHR" if flag else "FALSCH"),
        expects="same",
        why="The same as a word of German Excel.",
    ),
    Broken(
        "flag-yes-or-no",
        _flag_as(lambda flag: " Ja" if flag else "nein "),
        expects="same",
        why="The same as a word of the list.",
    ),
    Broken("flag-a-number", _flag_as(int), expects="same", why="1 and 0 are how programs write it."),
    Broken("flag-perhaps", typed(MILESTONES, FLAG, "vielleicht"), expects="fault", why="Neither yes nor no."),
    Broken("flag-two", typed(MILESTONES, FLAG, 2), expects="fault", why="Neither yes nor no."),
)
VALUES = (*_DAYS, *_MONEY)
