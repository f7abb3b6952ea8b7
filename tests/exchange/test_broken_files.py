"""The broken files themselves: each build runs, quickly and small, and breaks what it was given."""

from __future__ import annotations

import io
import time
import tracemalloc
import zipfile
import zlib
from datetime import date

import pytest
from xlsxwriter import Workbook

from tests.exchange.breaking import (
    AWARDS,
    DAY,
    EVERY,
    FLAG,
    ID,
    MILESTONES,
    MONEY,
    PROJECTS,
    SHARE,
    STATUS,
    TITLE,
    VERSION,
)
from tests.exchange.broken_files import CASES
from tests.exchange.broken_parts import PARTS
from tests.exchange.broken_texts import TEXTS

UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError)
UNBROKEN = {"csv-a-workbook"}
"""Only the name is wrong."""
EXPECTED = {"refused", "fault", "notice", "change", "same"}
IDS = ["8d7c1f0e-6a52-4c39-9b1d-2f64a1c05e71", "5b21b7f3-0c4e-4f1a-8d35-91be0a7c6d02"]
SHEETS = {
    PROJECTS: [
        ["Projekt", TITLE, "Titel (englisch)", STATUS, DAY, "Geplantes Ende", VERSION, ID],
        ["radnetz", "Radnetz für die Städte", "Cycle network", "geplant", date(2026, 6, 30), None, 3, IDS[0]],
        ["seilbahn", "Seilbahn über die Ruhr", None, "läuft", date(2026, 7, 1), date(2027, 1, 1), 1, IDS[1]],
    ],
    "Anträge": [["Projekt", "Zweck", VERSION, ID]],
    AWARDS: [
        ["Projekt", "Beschieden am", MONEY, SHARE, VERSION, ID],
        ["radnetz", date(2026, 3, 2), 1234567.89, 0.85, 1, "0f0c7a4b-3f5d-4f2e-8c59-6d1f0b9a7e31"],
    ],
    MILESTONES: [
        ["Projekt", "Nr.", TITLE, "Geplant für", FLAG, VERSION, ID],
        ["radnetz", "M1", "Eröffnung", date(2026, 9, 1), True, 2, "c3a0e0a6-6a0b-4c44-9d4e-0a4bb0f6f3a8"],
    ],
}  # fmt: skip


def _good(*, constant_memory: bool) -> bytes:
    """A workbook as the register gives it out, in small; in constant memory texts stand in their cells."""
    target = io.BytesIO()
    with Workbook(target, {"constant_memory": constant_memory}) as book:
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        book.add_worksheet("Lies mich").write_string(0, 0, "Ruhr-Konferenz")
        for title, rows in SHEETS.items():
            sheet = book.add_worksheet(title)
            for number, row in enumerate(rows):
                for place, value in enumerate(row):
                    sheet.write(number, place, value, day if isinstance(value, date) else None)
            sheet.autofilter(0, 0, max(len(rows) - 1, 1), len(rows[0]) - 1)
            sheet.protect()
        facts = book.add_worksheet("_register")
        facts.write_string(0, 0, "layout")
        facts.very_hidden()
    return target.getvalue()


@pytest.fixture(scope="module")
def good() -> bytes:
    return _good(constant_memory=True)


@pytest.fixture(scope="module")
def shared() -> bytes:
    return _good(constant_memory=False)


def _contents(data: bytes) -> object:
    """What a zip file holds, so that one which is only packed anew counts as the same; the bytes of any other."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > 50_000_000:
                return data
            return sorted((info.filename, archive.open(info).read(2_000_000)) for info in infos)
    except UNREADABLE:
        return data


@pytest.mark.large
def test_each_build_is_quick_and_small_and_breaks_the_file(good: bytes, scale: bool) -> None:
    for case in CASES[:: 1 if scale else EVERY]:
        begun = time.process_time()
        data = case.build(good)
        assert time.process_time() - begun < 1, case.name
        assert len(data) < 3_000_000, case.name
        assert (_contents(data) == _contents(good)) == (case.name in UNBROKEN), case.name


@pytest.mark.large
def test_what_is_written_into_the_parts_also_breaks_a_workbook_of_shared_texts(shared: bytes, scale: bool) -> None:
    for case in [*PARTS, *TEXTS][:: 1 if scale else EVERY]:
        assert _contents(case.build(shared)) != _contents(shared), case.name


def test_every_case_is_named_once_and_says_what_is_expected_and_why() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 70
    for case in CASES:
        assert case.expects in EXPECTED, case.name
        assert case.why.endswith((".", "?")), case.name


@pytest.mark.parametrize("name", ["zip-bomb-one-member", "zip-bomb-many-members", "cells-a-million-empty"])
def test_a_bomb_is_built_in_little_memory(name: str, good: bytes) -> None:
    case = next(case for case in CASES if case.name == name)
    tracemalloc.start()
    try:
        case.build(good)
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()
