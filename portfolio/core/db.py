"""The database: two engines with one behaviour, the only committer, and the base of every record."""

from __future__ import annotations

import math
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, NoReturn
from uuid import UUID

import psycopg
import sqlalchemy as sa
from flask import current_app
from psycopg.pq import TransactionStatus
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, declared_attr, mapped_column, sessionmaker

from portfolio.core import sources
from portfolio.core.columns import EuroCents, Identifier, Instant

EXTENSION = "portfolio_database"
INSERT_ONLY = "insert_only"
"""Mark of a table whose rows the database itself keeps from being changed."""
ERASABLE = "erasable"
"""Columns of an insert-only table that an erasure may write."""
_WRITES, _READS, _ASKS = "portfolio_writes", "portfolio_reads", "portfolio_asks"
_FIRST, _TWO = "portfolio_first", "portfolio_two"
_BEGIN = {
    # A transaction that reads first and writes later fails at once with SQLITE_BUSY_SNAPSHOT; no timeout helps.
    "sqlite": {_WRITES: "BEGIN IMMEDIATE"},
    "postgresql": {_READS: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"},
}
"""How a transaction begins; with a plain BEGIN where nothing else is said."""
LOCK_MILLISECONDS = 5000
"""How long a write waits for a row that another one holds."""
_IDLE_SINCE = "portfolio_idle_since"
_SURELY_ALIVE = 1.0
"""Seconds for which a connection that was just used is taken to be one still."""
_WAL_PATIENCE = 5.0

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table. Audited unless ``not_audited`` says why not."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: sa.Text,
        date: sa.Date,
        datetime: Instant,
        Decimal: EuroCents,
        UUID: Identifier,
    }
    not_audited: ClassVar[str | None] = None
    append_only: ClassVar[bool] = False
    """Facts that are superseded or reversed, never changed (DOMAIN rule 14)."""


class Entity(Base):
    """A record with an identity, a version that rises by one per revision, and its two instants."""

    __abstract__ = True
    heads_tree: ClassVar[bool] = False
    """Whether everything that belongs to a record of this kind is counted together with it."""

    id: Mapped[UUID] = mapped_column(Identifier, primary_key=True, default=sources.new_id)
    version: Mapped[int] = mapped_column(sa.Integer)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        # The recorder raises the version once per revision; the column is the second fence against lost updates.
        return {"version_id_col": cls.version, "version_id_generator": False}


@dataclass(frozen=True)
class WriteContext:
    """Who writes, by which way, for whom and why: what the recorder puts into the revision's header."""

    actor_id: str
    via: str
    action: str
    ministry: str | None = None
    reason: str | None = None
    request_id: str | None = None


class BypassRefused(Exception):
    """A statement would have changed an audited table past the history."""


class RegisterSession(Session):
    """A session without the methods that write past the flush."""

    def bulk_save_objects(self, *_: Any, **__: Any) -> NoReturn:
        raise BypassRefused("bulk_save_objects writes past the history; add the records instead.")

    def bulk_insert_mappings(self, *_: Any, **__: Any) -> NoReturn:
        raise BypassRefused("bulk_insert_mappings writes past the history; add the records instead.")

    def bulk_update_mappings(self, *_: Any, **__: Any) -> NoReturn:
        raise BypassRefused("bulk_update_mappings writes past the history; change the records instead.")


class Database:
    """One database with a write engine, a read engine and their sessions."""

    def __init__(self, url: str, *, statement_timeout_ms: int = 30_000) -> None:
        self.url = sa.make_url(url)
        self.schema_number = 0
        self.info: dict[str, object] = {}  # what upper floors keep with a database, under their own names
        self.engine = self._create_engine(statement_timeout_ms)
        self.write_engine: Engine = self.engine.execution_options(**{_WRITES: True})
        self.read_engine: Engine = self.engine.execution_options(**{_READS: True})
        self._openers: dict[str, Engine] = {}
        self._asking_engine: Engine = self.engine.execution_options(**{_ASKS: True})
        self.first_of_writes: Callable[[], str | None] = lambda: None
        """A statement without parameters that goes with the BEGIN of a transaction; see :func:`found_first`."""
        self.sessions = sessionmaker(
            self.write_engine, class_=RegisterSession, expire_on_commit=False, info={EXTENSION: self}
        )
        self._readers = sessionmaker(self.read_engine, expire_on_commit=False, autoflush=False)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def transaction(self, context: WriteContext) -> Iterator[Session]:
        """A session whose work becomes one revision, or nothing at all. The only place that commits."""
        with self.sessions() as session:
            session.info["context"] = context
            first = self.first_of_writes()
            if first is not None:
                session.connection(execution_options={_FIRST: first})
            yield session
            session.commit()

    @contextmanager
    def aside(self) -> Iterator[Session]:
        """A write that is no content of the register (a pseudonym, the last use of a key): it makes no revision."""
        with Session(self.write_engine, expire_on_commit=False) as session:
            yield session
            session.commit()

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A read-only session that sees one moment of the database, however many statements it sends."""
        with self._readers() as session:
            yield session

    @contextmanager
    def opened(self, first: str) -> Iterator[tuple[Connection, Any]]:
        """As :meth:`snapshot`, with the row that ``first`` finds in it; it is sent along with BEGIN.

        :param first: one of the few statements without parameters that reads begin with.
        """
        engine = self._openers.get(first)
        if engine is None:
            engine = self._openers[first] = self.read_engine.execution_options(**{_FIRST: first})
        with engine.connect() as connection:
            connection.begin()
            yield connection, found_first(connection, first)

    @contextmanager
    def ask(self) -> Iterator[Connection]:
        """A connection for one statement that reads: it needs no transaction, and nothing is rolled back after it."""
        with self._asking_engine.connect() as connection:
            yield connection

    def dispose(self) -> None:
        self.engine.dispose()

    def _create_engine(self, statement_timeout_ms: int) -> Engine:
        if self.is_sqlite:
            return _sqlite_engine(self.url)
        # The statements are short: compiling them takes longer than running them.
        options = f"-c statement_timeout={statement_timeout_ms} -c timezone=UTC -c jit=off"
        options += f" -c lock_timeout={LOCK_MILLISECONDS}"
        # They are written in a good order: to look for a better one among a dozen tables takes longer than to read.
        options += " -c join_collapse_limit=4"
        options += " -c idle_in_transaction_session_timeout=60000"
        engine = sa.create_engine(
            self.url,
            hide_parameters=True,  # a traceback in the log must not repeat notes and names
            pool_size=20,
            max_overflow=0,
            pool_timeout=2,
            pool_use_lifo=True,  # the one used last has its statements and pages at hand
            pool_recycle=1800,
            isolation_level="AUTOCOMMIT",  # BEGIN is sent by us, as it is with SQLite
            # A server that is gone without a word is noticed after five seconds, on a query as on an idle connection.
            connect_args={
                "connect_timeout": 2,
                "options": options,
                "tcp_user_timeout": 5000,
                "keepalives_idle": 10,
                "keepalives_interval": 2,
                "keepalives_count": 2,
            },
        )
        _ask_the_idle(engine)
        event.listen(engine, "begin", _begin)
        event.listen(engine, "rollback", _roll_back)
        event.listen(engine, "do_execute", _execute_two)
        return engine


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
    event.listen(engine, "begin", _begin)
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


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(_ASKS):
        return
    ways = _BEGIN[connection.dialect.name]
    begin = next((begin for mode, begin in ways.items() if options.get(mode)), "BEGIN")
    first = options.get(_FIRST)
    if first is None:
        connection.exec_driver_sql(begin)
    else:
        connection.info[_FIRST] = first, _begin_with(connection, begin, first)


def _begin_with(connection: Connection, begin: str, first: str) -> Any:
    """Begin, and the row that ``first`` finds; PostgreSQL takes both at once."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(begin)
        return connection.exec_driver_sql(first).first()
    return connection.exec_driver_sql(f"{begin}; {first}", execution_options={_TWO: True}).first()


def _execute_two(cursor: Any, statement: str, _parameters: Any, context: Any) -> bool | None:
    if not context.execution_options.get(_TWO):
        return None
    cursor.execute(statement)
    cursor.nextset()  # what the second one found
    return True


def found_first(connection: Connection, first: str) -> Any:
    """The row that ``first`` found when the transaction of ``connection`` began; None where there was none."""
    sent, row = connection.info.pop(_FIRST, (None, None))
    return row if sent == first else connection.exec_driver_sql(first).first()


def _roll_back(connection: Connection) -> None:
    """Roll back past the driver, which would let go of all statements it has prepared: tables might be gone, it thinks.

    Every read ends like this, and a statement that has to be planned anew takes ten times as long.
    """
    if connection.closed or connection.invalidated:
        return
    found = connection.connection.driver_connection
    assert isinstance(found, psycopg.Connection)
    if found.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
        found.pgconn.exec_(b"ROLLBACK")  # where that fails the driver is still inside, and does it in its own way


def table_of(model: type[Base]) -> sa.Table:
    """The table behind ``model``: statements on it make rows, those on the class prepare to make objects."""
    table = model.__table__
    assert isinstance(table, sa.Table)
    return table


def database_of(session: Session) -> Database:
    """The database a write session belongs to."""
    database = session.info[EXTENSION]
    assert isinstance(database, Database)
    return database


def current_database() -> Database:
    """The database of the running Flask application."""
    database = current_app.extensions[EXTENSION]
    assert isinstance(database, Database)
    return database
