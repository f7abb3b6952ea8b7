"""Whether the database still extends what was signed: before every write, and before every signature."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from portfolio.core.db import Database, found_first
from portfolio.core.problems import Unavailable
from portfolio.history import merkle
from portfolio.history.held import held_path, held_sizes
from portfolio.history.models import LogHead, Revision
from portfolio.history.notes import Head, MalformedNote, read_note

logger = logging.getLogger("portfolio.log")

_WATCH = "rollback_watch"


class LogRollback(Unavailable):
    """The database does not hold what a checkpoint proves it once held; nothing is written on top."""

    slug = "log-rollback"
    title = "The database is older than what was signed, or was changed"


@dataclass(frozen=True)
class Extent:
    """A state of the log whose leaves were read and hashed: all that going on from it needs."""

    size: int
    frontier: tuple[bytes, ...]
    last_leaf: bytes

    @property
    def root(self) -> bytes:
        return merkle.root_of_frontier(self.frontier)

    def with_leaves(self, leaves: Sequence[bytes]) -> Extent:
        frontier: list[bytes] = list(self.frontier)
        for size, leaf in enumerate(leaves, start=self.size):
            frontier = merkle.extended(frontier, size, leaf)
        return Extent(self.size + len(leaves), tuple(frontier), leaves[-1] if leaves else self.last_leaf)


NOTHING = Extent(0, (), merkle.NO_LEAF)


class RollbackWatch:
    """Compares one database with the newest checkpoint held in ``folder``.

    The log is hashed once per process and newest file; after that one look at one leaf is enough, because every
    header names the leaf before it. A file that is no checkpoint is passed over here and said by ``unreadable``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unreadable: str | None = None
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._newest: Head | None = None
        self._checked = NOTHING

    def newest(self) -> Head | None:
        """What the newest held checkpoint says; the folder is read again only when it changed."""
        stamp = self._folder_stamp()
        with self._lock:
            if stamp != self._stamp:
                self._newest = self._read_newest()
                self._stamp = stamp
            return self._newest

    def require_extended(self, connection: Connection) -> None:
        """:raises LogRollback: the newest held checkpoint is not a part of this database's log."""
        newest = self.newest()
        if newest is not None:
            self.require_holds(connection, newest)

    def first(self) -> str | None:
        """The statement that a write begins with; None while nothing is signed."""
        newest = self.newest()
        return None if newest is None else _leaf_at(newest.size)

    def require_holds(self, connection: Connection, signed: Head) -> None:
        """:raises LogRollback: ``signed`` is not a part of this database's log."""
        checked = self._checked
        row = found_first(connection, _leaf_at(signed.size))
        if row is None:
            ends = connection.execute(sa.select(sa.func.max(Revision.rev))).scalar() or 0
            raise _rollback(signed, f"the log ends at revision {ends}")
        if checked.size == signed.size and checked.last_leaf == row[0]:
            return
        origin = connection.execute(sa.select(LogHead.origin)).scalar()
        found = extent_of(connection, signed.size, checked)
        if found.root != signed.root or origin != signed.origin:
            raise _rollback(signed, f"the first {signed.size} revisions are other ones")
        self._checked = found

    def _folder_stamp(self) -> tuple[int, int] | None:
        try:
            found = self.folder.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ctime_ns

    def _read_newest(self) -> Head | None:
        self.unreadable = None
        try:
            sizes = held_sizes(self.folder)
        except OSError as error:
            self.unreadable = f"The held checkpoints cannot be read: {error.strerror}."
            logger.warning("%s", self.unreadable)
            return None
        for size in reversed(sizes):
            path = held_path(self.folder, size)
            try:
                head = read_note(path.read_text(encoding="utf-8"))
                if head.size != size:
                    raise MalformedNote(f"It is for size {head.size}.")
                return head
            except (OSError, ValueError) as error:
                self.unreadable = self.unreadable or f"{path.name} among the held checkpoints is unreadable: {error}"
                logger.warning("%s", self.unreadable)
        return None


def _leaf_at(size: int) -> str:
    # As text, so that it may be sent along with BEGIN.
    return f"SELECT leaf FROM revision WHERE rev = {size:d}"


def extent_of(connection: Connection, size: int, start: Extent) -> Extent:
    """The log up to ``size``, hashed from ``start`` on where the log still holds that, else from its beginning."""
    if start.size > size or (
        start.size and connection.exec_driver_sql(_leaf_at(start.size)).scalar() != start.last_leaf
    ):
        start = NOTHING
    statement = sa.select(Revision.leaf).where(Revision.rev > start.size, Revision.rev <= size)
    return start.with_leaves(list(connection.execute(statement.order_by(Revision.rev)).scalars()))


def watch(database: Database, folder: Path) -> RollbackWatch:
    """The watch over ``database``: from now on none of its transactions begins on top of a log that lost something."""
    found = database.info.get(_WATCH)
    if isinstance(found, RollbackWatch):
        return found
    made = RollbackWatch(folder)
    database.watch = made
    database.info[_WATCH] = made
    return made


def _rollback(newest: Head, found: str) -> LogRollback:
    return LogRollback(
        f"A checkpoint was signed for {newest.size} revisions at {newest.at}, but {found}: an older database was put "
        "back, its history was changed, or the checkpoints are another register's (a new one takes an empty "
        "PORTFOLIO_DATA_DIR). Reads go on, nothing is written. Put the newer database back and start again; if it is "
        "lost, keep this one and the checkpoints as they are until `portfolio log recover`, which a later release "
        "brings."
    )
