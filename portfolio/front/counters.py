"""How far the register is, read with one plain statement: the only thing that a kept answer asks of the database."""

from __future__ import annotations

import sqlite3
import threading
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import event

from portfolio.core.db import Database
from portfolio.history.trees import ERASURE

NEVER = 1 << 62
"""Stands for a project that is not counted: nothing kept for it is good."""
_PATIENCE = 0.25
_HEAD = "SELECT size, epoch, last_leaf FROM log_head"
_SHARED = "(SELECT max(rev) FROM area_revision)"
_ERASED = f"(SELECT rev FROM area_revision WHERE area = '{ERASURE}')"
_ALL = (
    f"SELECT size, epoch, last_leaf, {_SHARED}, {_ERASED}, (SELECT leaf FROM revision WHERE rev = ?), "
    "(SELECT rev FROM tree_revision WHERE project_id = ?) FROM log_head"
)
ALL_OF_MANY = (
    f"SELECT size, epoch, last_leaf, {_SHARED}, {_ERASED}, (SELECT leaf FROM revision WHERE rev = $1::bigint), "
    "(SELECT string_agg(project_id || ' ' || rev, ',') FROM tree_revision WHERE project_id = ANY($2::uuid[])) "
    "FROM log_head"
)
"""As one statement of PostgreSQL, for any number of projects."""
_CONNECTIONS = 32


class CountersFailed(Exception):
    """The database did not say how far it is; whatever is kept may be stale."""


class Head(NamedTuple):
    """The end of the log."""

    size: int
    epoch: int
    leaf: bytes
    """Names the newest revision and, through it, all before."""


NOTHING = Head(0, 0, b"")


@dataclass(frozen=True)
class Counters:
    """The register at one moment."""

    head: Head = NOTHING
    shared: int = 0
    """The last revision of what projects share."""
    erased: int = 0
    """The last erasure; 0 for none."""
    leaf_before: bytes | None = None
    """The leaf of the revision that was the newest when the counters were read before."""
    trees: dict[str, int] = field(default_factory=dict)
    """The last revision of the projects asked for; more may come in for the same head."""

    @property
    def size(self) -> int:
        return self.head.size


class Reader(Protocol):
    """Reads the counters; each call is a statement that begins after it."""

    def head(self) -> tuple[int, int, bytes]:
        """Only how far the register is: size, epoch and leaf.

        :raises CountersFailed: the database does not say.
        """

    def all(self, before: int, tree: str | None) -> Counters:
        """All of it.

        :param before: the head as it was read before.
        :raises CountersFailed: the database does not say.
        """

    def value(self, statement: str, key: str) -> str | None:
        """The one value that ``statement`` finds for ``key``.

        :raises CountersFailed: the database does not say.
        """

    def close(self) -> None:
        """Let go of the connections."""


class _Pool(ABC):
    """Connections of the driver, each in one hand at a time."""

    def __init__(self) -> None:
        self._idle: deque[Any] = deque(maxlen=_CONNECTIONS)
        self._lock = threading.Lock()

    def run(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            rows = self._rows(connection, statement, values)
        except BaseException:
            connection.close()
            raise
        self._give_back(connection)
        return rows

    def _give_back(self, connection: Any) -> None:
        if len(self._idle) >= _CONNECTIONS:
            connection.close()
        else:
            self._idle.append(connection)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _ask(self, statement: str, values: tuple[Any, ...] = ()) -> tuple[Any, ...]:
        rows = self._tried(statement, values)
        if len(rows) != 1:
            raise CountersFailed("The database has no log.")
        return rows[0]

    def value(self, statement: str, key: str) -> str | None:
        rows = self._tried(statement, (key,))
        return str(rows[0][0]) if rows else None

    @abstractmethod
    def _tried(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def _connect(self) -> Any: ...

    @abstractmethod
    def _rows(self, connection: Any, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]: ...


class SqliteReader(_Pool):
    """Microseconds, in the thread of the caller."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def head(self) -> tuple[int, int, bytes]:
        # As `_ask`, without its detours: this is what every kept answer waits for.
        try:
            connection = self._idle.pop() if self._idle else self._connect()
            rows: list[tuple[int, int, bytes]] = connection.execute(_HEAD).fetchall()
            self._idle.append(connection)
            return rows[0]
        except (sqlite3.Error, IndexError) as error:
            raise CountersFailed(str(error)) from error

    def all(self, before: int, tree: str | None) -> Counters:
        *facts, rev = self._ask(_ALL, (before, tree))
        return _counters(facts, {} if tree is None else {tree: NEVER if rev is None else rev})

    def _tried(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            return self.run(statement, values)
        except sqlite3.Error as error:
            raise CountersFailed(str(error)) from error

    def _connect(self) -> sqlite3.Connection:
        # A file that is away must not be made anew by looking for it.
        found = sqlite3.connect(
            f"file:{quote(self._path)}?mode=rw", _PATIENCE, isolation_level=None, check_same_thread=False, uri=True
        )
        found.execute("PRAGMA query_only=ON")
        return found

    def _rows(self, connection: sqlite3.Connection, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        return connection.execute(statement, values).fetchall()


class PostgresReader(_Pool):
    """One way to the server and back, in the thread of the caller."""

    def __init__(self, conninfo: str) -> None:
        super().__init__()
        self._conninfo = conninfo

    def head(self) -> tuple[int, int, bytes]:
        size, epoch, leaf = self._ask(_HEAD)
        return size, epoch, bytes(leaf)

    def all(self, before: int, tree: str | None) -> Counters:
        statement = ALL_OF_MANY.replace("$1", "%s").replace("$2", "%s")
        trees = [] if tree is None else [tree]
        return counters_of(self._ask(statement, (before, trees)), trees)

    def _tried(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            return self.run(statement, values)
        except psycopg.Error as error:
            raise CountersFailed(str(error)) from error

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._conninfo, autocommit=True, prepare_threshold=1)

    def _rows(
        self, connection: psycopg.Connection[Any], statement: str, values: tuple[Any, ...]
    ) -> list[tuple[Any, ...]]:
        return connection.execute(statement, values or None).fetchall()


def counters_of(row: tuple[Any, ...], trees: list[str]) -> Counters:
    """The row of :data:`ALL_OF_MANY`, asked for ``trees``."""
    *facts, listed = row
    found = dict.fromkeys(trees, NEVER)
    for pair in (listed or "").split(",") if listed else ():
        tree, _, rev = pair.partition(" ")
        found[tree] = int(rev)
    return _counters(facts, found)


def _counters(facts: list[Any], trees: dict[str, int]) -> Counters:
    size, epoch, leaf, shared, erased, before = facts
    before = None if before is None else bytes(before)
    return Counters(Head(size, epoch, bytes(leaf)), shared or 0, erased or 0, before, trees)


def reader_of(database: Database) -> Reader:
    """What reads the counters of ``database``, until that is disposed of."""
    found: SqliteReader | PostgresReader = (
        SqliteReader(str(database.url.database)) if database.is_sqlite else PostgresReader(conninfo_of(database))
    )
    event.listen(database.engine, "engine_disposed", lambda _engine: found.close())
    return found


def conninfo_of(database: Database) -> str:
    """How the driver reaches ``database``; it gives up early, because there is another way to an answer."""
    _, given = database.engine.dialect.create_connect_args(database.url)
    given.pop("context", None)  # SQLAlchemy's own way of reading values
    # Not read-only by default: a DSN that asks for a server that takes writes would find none.
    # The plan is made once: for a list of unknown length PostgreSQL would think each time that it can do better.
    options = f"{given.pop('options', '')} -c statement_timeout=1000 -c plan_cache_mode=force_generic_plan".strip()
    return make_conninfo(**given, connect_timeout=2, tcp_user_timeout=2000, options=options)
