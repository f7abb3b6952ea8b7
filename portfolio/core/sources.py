"""The one source of clock, ids and random bytes, so that equal operations give equal histories."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID


def _system_clock() -> datetime:
    return datetime.now(UTC)


def uuid7() -> UUID:
    """A time-ordered id (RFC 9562 version 7): new rows land at the end of an index."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


@dataclass(frozen=True)
class Sources:
    """Where time, ids and randomness come from."""

    clock: Callable[[], datetime] = _system_clock
    new_id: Callable[[], UUID] = uuid7
    random_bytes: Callable[[int], bytes] = os.urandom


_SYSTEM = Sources()
_lock = threading.Lock()
_current = _SYSTEM


def now() -> datetime:
    """The current instant, aware, UTC."""
    return _current.clock().astimezone(UTC)


def new_id() -> UUID:
    return _current.new_id()


def random_bytes(count: int) -> bytes:
    return _current.random_bytes(count)


@contextmanager
def using(sources: Sources) -> Iterator[Sources]:
    """Put other sources in place for a while, in every thread of this process (tests, reproducible loads)."""
    global _current
    with _lock:
        previous, _current = _current, sources
    try:
        yield sources
    finally:
        with _lock:
            _current = previous


def current() -> Sources:
    """The sources in place, to vary one of them."""
    return _current
