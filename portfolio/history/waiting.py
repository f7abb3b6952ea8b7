"""Waiting for the next revision without holding anything that others need."""

from __future__ import annotations

import threading
import time

import sqlalchemy as sa

from portfolio.core.db import Database
from portfolio.history.models import LogHead

_PAUSE = 0.2


class Waiters:
    """At most so many requests wait at a time; the server's threads are few, and the others must be served."""

    def __init__(self, most: int) -> None:
        self._places = threading.BoundedSemaphore(most)
        self._over = threading.Event()

    def wait_beyond(self, database: Database, since: int, seconds: float) -> None:
        """Return when the register is beyond ``since``, the time is over, or nobody else may wait.

        No connection is held while sleeping.
        """
        if not self._places.acquire(blocking=False):
            return
        try:
            until = time.monotonic() + seconds
            while head_of(database) <= since and (left := until - time.monotonic()) > 0:
                if self._over.wait(min(_PAUSE, left)):
                    return
        finally:
            self._places.release()

    def stop(self) -> None:
        """Let all who wait return, and nobody wait any more: the server is about to end."""
        self._over.set()


def head_of(database: Database) -> int:
    """The number of the newest revision."""
    with database.snapshot() as session:
        return session.execute(sa.select(LogHead.size)).scalar_one()
