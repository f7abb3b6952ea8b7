"""What a hostile request may take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

_WORK = 2.0
"""Seconds of a processor, whatever else the machine has to do."""
_PATIENCE = 20.0
"""Seconds until the answer is there, the database's share among them."""


@contextmanager
def soon(what: object = None) -> Iterator[None]:
    """Fails where what is done inside takes long; ``what`` is told then."""
    worked, began = time.thread_time(), time.monotonic()
    yield
    assert time.thread_time() - worked < _WORK, what
    assert time.monotonic() - began < _PATIENCE, what
