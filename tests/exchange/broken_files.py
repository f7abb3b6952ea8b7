"""All the ways to break a file that are tried on the import; each says what a careful importer answers."""

from __future__ import annotations

from tests.exchange.breaking import Broken
from tests.exchange.broken_csv import CSV_FILES
from tests.exchange.broken_packages import PACKAGES
from tests.exchange.broken_parts import PARTS
from tests.exchange.broken_rows import ROWS
from tests.exchange.broken_sheets import SHEETS
from tests.exchange.broken_texts import TEXTS
from tests.exchange.broken_values import VALUES

CASES: tuple[Broken, ...] = (*PACKAGES, *PARTS, *SHEETS, *ROWS, *VALUES, *TEXTS, *CSV_FILES)
