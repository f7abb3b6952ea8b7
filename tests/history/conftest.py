"""What the tests of the history share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.history.auditing import Auditor


@pytest.fixture
def auditor(tmp_path: Path) -> Auditor:
    """Somebody with a key of their own, and a folder the register cannot reach."""
    return Auditor(tmp_path / "auditor")
