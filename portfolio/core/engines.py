"""How the two databases are connected to, so that both behave alike."""

from __future__ import annotations

import math
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine

MANY = "portfolio_many"
"""Execution option: several statements without parameters go to PostgreSQL at once; the last one's rows are given."""
LOCK_MILLISECONDS = 5000
"""How long a write waits for a row that another one holds."""
_IDLE_SINCE = "portfolio_idle_since"
_SURELY_ALIVE = 1.0
"""Seconds for which a connection that was just used is taken to be one still."""
_WAL_PATIENCE = 5.0


def engine_for(url: sa.URL, statement_timeout_ms: int) -> Engine:
    """What connects to ``url``. On both databases nothing is begun but by us.

    :param statement_timeout_ms: of PostgreSQL; SQLite has none.
    :raises ValueError: a SQLite database that is no file.
    """
    return _sqlite_engine(url) if url.get_backend_name() == "sqlite" else _postgresql_engine(url, statement_timeout_ms)


def _postgresql_engine(url: sa.URL, statement_timeout_ms: int) -> Engine:
    # The statements are short: compiling them takes longer than running them.
    options = f"-c statement_timeout={statement_timeout_ms} -c timezone=UTC -c jit=off"
    options += f" -c lock_timeout={LOCK_MILLISECONDS}"
    # They are written in a good order: to look for a better one among a dozen tables takes longer than to read.
    options += " -c join_collapse_limit=4"
    options += " -c idle_in_transaction_session_timeout=60000"
    engine = sa.create_engine(
        url,
        hide_parameters=True,  # a traceback in the log must not repeat notes and names
        pool_size=20,
        max_overflow=0,
        pool_timeout=2,
        pool_use_lifo=True,  # the one used last has its statements and pages at hand
        pool_recycle=1800,
        isolation_level="AUTOCOMMIT",  # BEGIN is sent by us
        # A server that is gone without a word is noticed after five seconds, on a query as on an idle connection.
        connect_args={
            "connect_timeout": 2,
            "options": options,
            "cursor_factory": _Cursor,
            "tcp_user_timeout": 5000,
            "keepalives_idle": 10,
            "keepalives_interval": 2,
            "keepalives_count": 2,
        },
    )
    _ask_the_idle(engine)
    event.listen(engine, "do_execute", _execute_many)
    return engine


class _Cursor(psycopg.Cursor[Any]):
    @property
    def description(self) -> Any:
        # What SQLAlchemy looks at is the names and types of the columns; the driver's own has eight more properties
        # and a look-up for each, which takes a tenth of the time of a record.
        found = self.pgresult
        if found is None or not found.nfields:
            return None
        columns = range(found.nfields)
        return [((found.fname(at) or b"").decode(), found.ftype(at), None, None, None, None, None) for at in columns]


def _ask_the_idle(engine: Engine) -> None:
    """Ask a connection that was idle for a while whether it is still one; asking each time costs a round trip."""
    dialect = engine.dialect

    def note(_: Any, record: Any) -> None:
        record.info[_IDLE_SINCE] = time.monotonic()

    def require_alive(connection: Any, record: Any, _: Any) -> None:
        if time.monotonic() - record.info.get(_IDLE_SINCE, math.inf) < _SURELY_ALIVE:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise sa.exc.DisconnectionError from error  # the pool takes another one

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", require_alive)


def _sqlite_engine(url: sa.URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError("The embedded database is a file: sqlite:///FILE.")
    path = Path(url.database)
    if not path.parent.exists():
        path.parent.mkdir(parents=True, mode=0o700)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": 5},
        pool_size=20,
        max_overflow=0,
        pool_timeout=2,
        pool_use_lifo=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # The driver's own transaction handling commits before SAVEPOINT and DDL, so BEGIN is sent by us.
    connection.isolation_level = None
    cursor = connection.cursor()
    # FULL: with NORMAL a power cut loses commits that were already acknowledged.
    for pragma in ("busy_timeout=5000", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    _keep_wal(cursor)
    cursor.close()


def _keep_wal(cursor: sqlite3.Cursor) -> None:
    """Switch a new file to WAL. SQLite refuses at once while another process does the same; no timeout covers it."""
    deadline = time.monotonic() + _WAL_PATIENCE
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _execute_many(cursor: Any, statement: str, _parameters: Any, context: Any) -> bool | None:
    if not context.execution_options.get(MANY):
        return None
    cursor.execute(statement)
    while cursor.nextset():  # what the last one found
        pass
    return True
