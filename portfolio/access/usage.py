"""When each key was last used, kept to the minute without a write in anybody's request."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app

from portfolio.access.models import ApiKey
from portfolio.core import sources
from portfolio.core.db import Database
from portfolio.core.logs import security_event

EXTENSION = "portfolio_key_usage"
_EVERY = timedelta(minutes=1)
_PAUSE = 1.0
logger = logging.getLogger("portfolio.access")


class KeyUsage:
    """The last use of each key in this process, written down by a thread of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._noted: dict[str, datetime] = {}
        self._pending: dict[str, datetime] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, prefix: str, actor_id: str) -> None:
        """The key that begins with ``prefix`` was used now."""
        now = self._due(prefix)
        if now is not None:
            with self._lock:
                self._pending[prefix] = now
            security_event("key_used", key=prefix, actor=actor_id)

    def note_token(self, actor_id: str) -> None:
        """An access token was used now; that is only logged."""
        if self._due(actor_id) is not None:
            security_event("token_used", actor=actor_id)

    def _due(self, name: str) -> datetime | None:
        """Now, where the last note of ``name`` is a minute ago."""
        now = sources.now()
        with self._lock:
            before = self._noted.get(name)
            if before is not None and now - before < _EVERY:
                return None
            self._noted[name] = now
        return now

    def flush(self) -> None:
        """Write down what is not written yet. A database that is away loses a minute of it, no more."""
        with self._lock:
            pending, self._pending = self._pending, {}
        if not pending:
            return
        try:
            with self._database.aside() as session:
                for prefix, at in sorted(pending.items()):
                    earlier = sa.or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < at)
                    session.execute(sa.update(ApiKey).where(ApiKey.prefix == prefix, earlier).values(last_used_at=at))
        except sa.exc.SQLAlchemyError:
            logger.warning("The last use of %s keys could not be written down", len(pending), exc_info=True)

    def start(self) -> None:
        """Write from now on, in the background."""
        self._thread = threading.Thread(target=self._run, name="key-usage", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write the rest and end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(10)
        self.flush()

    def _run(self) -> None:
        while not self._stopping.wait(_PAUSE):
            self.flush()


def current_usage() -> KeyUsage:
    """The one of the running application."""
    found = current_app.extensions[EXTENSION]
    assert isinstance(found, KeyUsage)
    return found
