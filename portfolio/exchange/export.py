"""Puts the officer's workbook together, or one of its sheets as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import IO

import sqlalchemy as sa

from portfolio.access.guard import PUBLIC_VIEW
from portfolio.core import fields
from portfolio.core.dates import format_instant
from portfolio.core.tables import FORMULA_BEGINNINGS
from portfolio.core.vocabulary import Language
from portfolio.core.workbooks import opened_workbook
from portfolio.exchange.columns import Column, RawCell
from portfolio.exchange.rows import Record, rows_of_projects
from portfolio.exchange.sheets import SHEETS, Sheet
from portfolio.exchange.workbook import Facts, WorkbookWriter
from portfolio.history.models import LogHead
from portfolio.history.reading import Reading

_GUARDED = (*FORMULA_BEGINNINGS, "'")
_MOST_WAITING = 200

_TEXTS: dict[Language, list[tuple[str, str]]] = {
    "de": [
        (
            "So geht es",
            "1. In den Blättern die weißen Zellen ändern; graue sind fest.\n2. Neue Zeilen unten anfügen, ID und Stand "
            "leer lassen.\n3. Speichern und hochladen: Sie sehen zuerst, was sich ändert und was falsch ist. Erst wenn "
            "Sie bestätigen, wird es übernommen.",
        ),
        (
            "Status ändern",
            "„Neuer Status“ und „Neuer Status am“ ausfüllen, wo nötig mit Grund. Die Spalte „Status“ zeigt nur.",
        ),
        ("Löschen", "Wer eine Zeile löscht, löscht nichts im Register; die Datei meldet sie nur als fehlend."),
        (
            "Sicher",
            "Hat inzwischen jemand anders denselben Datensatz geändert, wird Ihre Zeile nicht übernommen, sondern als "
            "Konflikt gezeigt, mit beiden Werten.",
        ),
    ],
    "en": [
        (
            "How it works",
            "1. Change the white cells; grey ones are fixed.\n2. Add new rows below, leaving ID and Version empty.\n"
            "3. Save and send the file in: first you see what changes and what is wrong. Nothing is taken over before "
            "you confirm.",
        ),
        (
            "Changing a status",
            "Fill in “New status” and “New status on”, with a reason where one is needed. “Status” only shows.",
        ),
        ("Deleting", "Deleting a row deletes nothing in the register; the row is only reported as missing."),
        (
            "Safe",
            "Where somebody else changed the same record meanwhile, your row is not taken over but shown as a "
            "conflict, with both values.",
        ),
    ],
}


def write_workbook(
    target: IO[bytes], moment: Reading, view: str, slugs: Sequence[str], *, language: Language, waiting: Sequence[str]
) -> None:
    """The workbook of some projects, as ``view`` sees them now.

    :param waiting: the lines of the to-do list.
    """
    facts = facts_of(moment)
    with opened_workbook(target) as book:
        writer = WorkbookWriter(book, language)
        writer.readme([*_readme(facts, len(slugs), language), *_waiting(waiting, language)])
        for sheet in SHEETS:
            writer.sheet(sheet, rows_of_projects(sheet, moment, view, slugs), internal=view != PUBLIC_VIEW)
        writer.finish(facts)


def facts_of(moment: Reading) -> Facts:
    """Where a workbook of this moment is from."""
    log = moment.session.execute(sa.select(LogHead.origin)).scalar_one()
    instant = "" if moment.known_at is None else format_instant(moment.known_at)
    return Facts(log, moment.revision, moment.valid_on, instant)


def write_csv(
    target: IO[bytes], *, sheet: Sheet, moment: Reading, view: str, slugs: Sequence[str], german: bool
) -> None:
    """One sheet as CSV; texts that a spreadsheet would take for a formula are marked, and read back without it."""
    columns = [column for column in sheet.columns if view != PUBLIC_VIEW or not column.internal]
    language: Language = "de" if german else "en"
    text = io.TextIOWrapper(target, "utf-8-sig" if german else "utf-8", newline="")
    writer = csv.writer(text, delimiter=";" if german else ",", lineterminator="\r\n")
    writer.writerow([column.title(language) for column in columns])
    for record in rows_of_projects(sheet, moment, view, slugs):
        writer.writerow([_csv_cell(column, record, language) for column in columns])
    text.detach()


def _csv_cell(column: Column, record: Record, language: Language) -> str:
    cell: RawCell = column.shows(record.get(column.name), language)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        words = ("nein", "ja") if language == "de" else ("no", "yes")
        return words[cell]
    if isinstance(cell, date):
        return f"{cell:%d.%m.%Y}" if language == "de" else cell.isoformat()
    if isinstance(column.form, fields.Money | fields.RateField):
        return str(cell).replace(".", ",") if language == "de" else str(cell)
    text = str(cell)
    return f"'{text}" if text.startswith(_GUARDED) else text


def _readme(facts: Facts, projects: int, language: Language) -> list[tuple[str, str]]:
    german = language == "de"
    return [
        ("Register", "Ruhr-Konferenz, Projektregister" if german else "Ruhr-Konferenz, portfolio register"),
        ("Stand vom" if german else "As of", f"{facts.valid_on:%d.%m.%Y}" if german else facts.valid_on.isoformat()),
        ("Revision", f"{facts.revision} ({facts.instant or '–'})"),
        ("Projekte" if german else "Projects", str(projects)),
        *_TEXTS[language],
    ]


def _waiting(lines: Iterable[str], language: Language) -> list[tuple[str, str]]:
    found = list(lines)
    if not found:
        return []
    title = "Was ansteht" if language == "de" else "What waits"
    shown = [(title if number == 0 else "", line) for number, line in enumerate(found[:_MOST_WAITING])]
    left = len(found) - len(shown)
    if left:
        shown.append(("", f"… und {left} weitere: /v1/me/to-do" if language == "de" else f"… and {left} more"))
    return shown
