"""What an import found: places in the file, faults, conflicts, changes, and what was left alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portfolio.exchange.columns import JsonValue


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell that changes a record, as its place in the file and the two values."""

    column: str
    field: str
    old: JsonValue
    new: JsonValue


@dataclass(frozen=True, slots=True)
class Row:
    """What one row of the file asks for; ``record_id`` and ``version`` are None for a new record."""

    sheet: str
    title: str
    row: int
    record_id: str | None
    version: int | None
    values: Mapping[str, JsonValue]
    """The fields to write, as the API would be sent them."""
    step: Mapping[str, JsonValue]
    """``to``, ``on`` and ``reason`` of a change of status; empty without one."""
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where, and what to do."""

    sheet: str | None
    row: int | None
    column: str | None
    field: str | None
    code: str
    detail: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Meeting:
    """One cell of a conflict: what the file was given out with, what it says, and what the register says."""

    column: str
    field: str
    base: JsonValue
    yours: JsonValue
    theirs: JsonValue


@dataclass(frozen=True, slots=True)
class Clash:
    """A row whose record was changed by somebody else since the file was given out. Nothing of it is written."""

    sheet: str
    row: int
    record: str
    seen_version: int | None
    version: int
    cells: tuple[Meeting, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A record that the file was given out with and that is no longer in it. Nothing happens to it."""

    sheet: str
    record: str


@dataclass
class Plan:
    """All that a file asks for, before anything is tried."""

    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    conflicts: list[Clash] = field(default_factory=list)
    notices: list[Fault] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    """Where each field stands, by the title of its sheet: for faults that are found later."""
    read: int = 0
    """Rows that hold something."""
    unchanged: int = 0


def row_of(stored: Mapping[str, Any]) -> Row:
    """A row out of its JSON."""
    return Row(**{**stored, "cells": tuple(Cell(**cell) for cell in stored["cells"])})
