"""How many of the hostile cases are sent."""

from __future__ import annotations

import pytest


@pytest.fixture
def step(engine_name: str, scale: bool) -> int:
    """Every case on SQLite and in CI, every fifth on PostgreSQL: most are refused before the database is asked."""
    return 1 if scale or engine_name == "sqlite" else 5
