"""Signs the end of the log: into the table, then as a file outside the database (HISTORY 3.5)."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.engine import Connection, Row

from portfolio.core import sources
from portfolio.core.dates import format_instant
from portfolio.core.db import Database
from portfolio.core.settings import Settings
from portfolio.history import merkle, rollback
from portfolio.history.held import KeyRefused, held_path, held_sizes, hold, public_path, read_key
from portfolio.history.models import Checkpoint, LogHead
from portfolio.history.notes import Head, MalformedNote, PrivateKey, PublicKey, parse_public_key, verify_note
from portfolio.history.rollback import NOTHING, LogRollback, extent_of

logger = logging.getLogger("portfolio.log")

EXTENSION = "portfolio_signer"
_MOST_UNSIGNED = 1000
_LOOKS = 4
"""So many times per interval the background thread looks."""
_BREATH = 0.5
"""Seconds between two looks at least, however often somebody asks."""


@dataclass(frozen=True)
class Made:
    """The newest checkpoint after a call to :meth:`Signer.sign`, and whether that call made it."""

    head: Head
    is_new: bool


class Signer:
    """Makes the checkpoints of one database, and keeps files and table alike.

    Several processes may do so at once: the locked head puts their signatures in order, the table's key and the
    atomic making of files see to the rest.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.key_path = settings.log_key
        self.folder = settings.checkpoint_dir
        self.seconds = settings.checkpoint_seconds
        self.watch = rollback.watch(database, settings.checkpoint_dir)
        self._reached = NOTHING
        self._failure: str | None = None
        self._waiting_since: float | None = None
        self._is_synced = False
        self._wanted = threading.Event()
        self._ends = threading.Event()
        self._asked = False
        self._thread: threading.Thread | None = None

    def key(self) -> PrivateKey | None:
        """The signing key; None where there is none.

        :raises KeyRefused: it cannot be used.
        """
        return read_key(self.key_path)

    def public_key(self) -> PublicKey | None:
        """The key that checks what this register signs; None where there is none, or none that can be used."""
        path = public_path(self.key_path)
        try:
            return parse_public_key(path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            logger.debug("No public key at %s", path, exc_info=True)
        return None

    def sign(self) -> Made | None:
        """Sign the end of the log, unless that is done; None where the log is empty or there is no key.

        :raises KeyRefused: the key cannot be used, or it is not the one that signed before.
        :raises LogRollback: the log is not the one that was signed before; nothing is signed.
        """
        key = self.key()
        if key is None:
            return None
        with self.database.read_engine.connect() as connection:
            self.watch.require_extended(connection)
            size = connection.execute(sa.select(LogHead.size)).scalar_one()
            self._reached = extent_of(connection, size, self._reached)  # the long part, before anything is locked
        with self.database.write_engine.begin() as connection:
            made = self._sign_locked(connection, key)
        self._hold_all(key, made)
        return made

    def warnings(self) -> list[str]:
        """What an operator should put right although the register goes on."""
        try:
            missing = self.key() is None
        except KeyRefused as error:
            return [self._without_paths(f"No checkpoints are made: {error}")]
        if missing:
            return ["No checkpoints are made: there is no signing key; `portfolio log key create` makes one."]
        self.watch.newest()
        return [said for said in (self.watch.unreadable, self._failure) if said]

    def require_extended(self) -> None:
        """:raises LogRollback: the log is not the one that was signed before."""
        with self.database.read_engine.connect() as connection:
            self.watch.require_extended(connection)

    def start(self) -> None:
        """Look at the log from time to time, in the background, and sign its end when that is due."""
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Sign what is not yet signed and stop looking."""
        if self._thread is None:
            return
        self._ends.set()
        self._wanted.set()
        self._thread.join(10)
        self._thread = None

    def ask(self) -> None:
        """Have the end of the log signed soon, because somebody was told what it says."""
        self._asked = True
        self._wanted.set()

    def look(self) -> None:
        """Sign if that is due. Whatever goes wrong is logged and told by :meth:`warnings`; it stops nobody's work."""
        try:
            asked, self._asked = self._asked or self._ends.is_set(), False
            if self._is_due(asked):
                self.sign()
                self._waiting_since = None
            self._failure = None
        except Exception as error:  # the thread must live on, whatever a disk or a database does
            said = self._without_paths(f"No checkpoint was made: {_cause(error)}")
            if said != self._failure:
                expected = isinstance(error, KeyRefused | LogRollback | OSError)
                logger.error("%s", said, exc_info=None if expected else error)
            self._failure = said

    def _run(self) -> None:
        while not self._ends.wait(min(_BREATH, self.seconds / _LOOKS)):
            self.look()
            self._wanted.wait(self.seconds / _LOOKS)
            self._wanted.clear()
        self.look()

    def _is_due(self, asked: bool) -> bool:
        with self.database.read_engine.connect() as connection:
            size = connection.execute(sa.select(LogHead.size)).scalar_one()
            signed = _newest_size(connection)
        if signed and not held_path(self.folder, signed).exists():
            return True
        if size == signed:
            self._waiting_since = None
            return False
        now = time.monotonic()
        self._waiting_since = self._waiting_since or now
        # Half the interval: the looks before and after it make up the rest.
        return asked or size - signed >= _MOST_UNSIGNED or now - self._waiting_since >= self.seconds / 2

    def _sign_locked(self, connection: Connection, key: PrivateKey) -> Made | None:
        head = connection.execute(sa.select(LogHead.__table__).with_for_update()).one()
        if not head.size:
            return None
        if key.origin != head.origin:
            raise KeyRefused(f"{self.key_path} is for the log {key.origin}, this one is {head.origin}.")
        newest = _newest(connection)
        if newest is not None:
            said = self._signed_by(key, newest.note)
            self.watch.require_holds(connection, said)
            if said.size == head.size:
                return Made(said, is_new=False)
        self._reached = extent_of(connection, head.size, self._reached)
        self._require_sound(head)
        at = max(format_instant(sources.now()), head.last_at, newest.created_at if newest else "")
        made = Head(head.origin, head.size, self._reached.root, at)
        connection.execute(sa.insert(Checkpoint), {"size": made.size, "note": key.sign(made), "created_at": at})
        return Made(made, is_new=True)

    def _require_sound(self, head: Row[Any]) -> None:
        """:raises LogRollback: the revisions and the head of the log say different things."""
        frontier = merkle.split_frontier(head.frontier)
        if self._reached.size != head.size or list(self._reached.frontier) != frontier:
            raise LogRollback(
                f"The log's head names {head.size} revisions that are not the ones in the table; nothing is signed. "
                "Put back a database that is whole."
            )

    def _signed_by(self, key: PrivateKey, note: str) -> Head:
        try:
            return verify_note(note, key.public)
        except MalformedNote as error:
            raise KeyRefused(
                f"{self.key_path} is not the key that signed the newest checkpoint ({error}) Put the former key back."
            ) from None

    def _without_paths(self, said: str) -> str:
        """For readiness, which anybody may ask for."""
        return said.replace(str(self.key_path), self.key_path.name).replace(str(self.folder), self.folder.name)

    def _hold_all(self, key: PrivateKey, made: Made | None) -> None:
        """Write every checkpoint of the table that is missing in the folder."""
        with self.database.read_engine.connect() as connection:
            held = held_sizes(self.folder)
            newest = _newest_size(connection)
            if self._is_synced and newest in held:
                return
            stored = connection.execute(sa.select(Checkpoint.size, Checkpoint.note).order_by(Checkpoint.size)).all()
        missing = [row for row in stored if row.size not in set(held)]
        lost = [row.size for row in missing if not (made and made.is_new and row.size == made.head.size)]
        if lost:
            logger.warning("Checkpoints were missing in %s and come from the table: %s", self.folder, lost[:20])
        for row in missing:
            self._signed_by(key, row.note)
            hold(self.folder, row.size, row.note)
        self._is_synced = True


def current_signer() -> Signer:
    """The signer of the running Flask application."""
    found = current_app.extensions[EXTENSION]
    assert isinstance(found, Signer)
    return found


def _cause(error: Exception) -> str:
    if isinstance(error, sa.exc.SQLAlchemyError):
        return "the database is busy or away."
    return str(error)


def _newest(connection: Connection) -> Row[str, str] | None:
    statement = sa.select(Checkpoint.note, Checkpoint.created_at).order_by(Checkpoint.size.desc()).limit(1)
    return connection.execute(statement).first()


def _newest_size(connection: Connection) -> int:
    return connection.execute(sa.select(sa.func.max(Checkpoint.size))).scalar() or 0
