"""Where the tests put their databases: into memory where there is room, for what they write is gone a moment later."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30
"""Bytes. Each of up to eight processes has a server (a few hundred MB) and, for as long as a test runs, its files."""


def memory_folder() -> Path | None:
    """A folder in memory that is open to everybody and from which programs can be run.

    None where there is none, or where TMPDIR says what to take instead. To make and to copy files costs less there.
    """
    if "TMPDIR" in os.environ:
        return None
    try:
        if os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC or shutil.disk_usage(_MEMORY).free < _ROOM:
            return None
        return _MEMORY if os.access(_MEMORY, os.W_OK | os.X_OK) else None
    except (OSError, AttributeError):  # not on Linux
        return None
