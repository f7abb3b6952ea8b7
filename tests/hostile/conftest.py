"""How many of the hostile cases are sent."""

from __future__ import annotations

import pytest


@pytest.fixture
def step(engine_name: str, scale: bool) -> int:
    """Every case in CI; else every second on SQLite, and few on PostgreSQL: most never come to the database."""
    if scale:
        return 1
    return 2 if engine_name == "sqlite" else 7
