"""An officer, a small workbook, and the row of one project in it."""

from __future__ import annotations

import pytest

from portfolio.core.db import Database
from tests.exchange.office import PROJECT, Book, Office


@pytest.fixture
def office(seeded: Database) -> Office:
    return Office(seeded)


@pytest.fixture
def book(office: Office) -> Book:
    return Book(office.workbook("?lead_ministry=MUNV"))  # few rows, quickly read


@pytest.fixture
def row(book: Book) -> int:
    return book.row_of("Projekte", "Projekt", PROJECT)
