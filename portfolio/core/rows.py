"""Rows as dicts: a list reads each of their values once, and SQLAlchemy's own mappings look every name up anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

Row = sa.RowMapping | dict[str, Any]


def dicts(result: sa.Result[Any]) -> Iterator[dict[str, Any]]:
    """The rows of ``result`` by the names of their columns, as they come."""
    names = tuple(result.keys())
    for row in result:
        yield dict(zip(names, row, strict=True))
