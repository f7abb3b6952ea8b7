"""The database: two engines with one behaviour, the only committer, and the base of every record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, NoReturn, Protocol
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
from portfolio.core.engines import MANY, engine_for

EXTENSION = "portfolio_database"
INSERT_ONLY = "insert_only"
"""Mark of a table whose rows the database itself keeps from being changed."""
ERASABLE = "erasable"
"""Columns of an insert-only table that an erasure may write."""
_WRITES, _READS = "writes", "reads"
_FIRST, _TRANSACTION = "portfolio_first", "portfolio_transaction"
_BEGIN = {
    # A transaction that reads first and writes later fails at once with SQLITE_BUSY_SNAPSHOT; no timeout helps.
    "sqlite": {_WRITES: "BEGIN IMMEDIATE"},
    "postgresql": {_READS: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"},
}
"""How a transaction begins, where not with a plain BEGIN. Both drivers are told to leave that to us."""

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
    """A session without the methods that write past the flush, and with one connection from beginning to end."""

    begun: Connection | None = None

    def connection(self, *arguments: Any, **options: Any) -> Connection:
        """The one of the transaction, for which a session else looks each time; it begins savepoints by that."""
        if self.begun is None or self.in_nested_transaction():
            return super().connection(*arguments, **options)
        return self.begun

    def bulk_save_objects(self, *_: Any, **__: Any) -> NoReturn:
        raise BypassRefused("bulk_save_objects writes past the history; add the records instead.")

    def bulk_insert_mappings(self, *_: Any, **__: Any) -> NoReturn:
        raise BypassRefused("bulk_insert_mappings writes past the history; add the records instead.")

    def bulk_update_mappings(self, *_: Any, **__: Any) -> NoReturn:
        raise BypassRefused("bulk_update_mappings writes past the history; change the records instead.")


class Watch(Protocol):
    """Looks whether a write may begin."""

    def first(self) -> str | None:
        """The statement without parameters that goes with BEGIN; :func:`found_first` gives what it found."""

    def require_extended(self, connection: Connection) -> None:
        """Raise what is to be answered where it may not."""


class Database:
    """One database with a write engine, a read engine and their sessions."""

    def __init__(self, url: str, *, statement_timeout_ms: int = 30_000) -> None:
        self.url = sa.make_url(url)
        self.schema_number = 0
        self.info: dict[str, object] = {}  # what upper floors keep with a database, under their own names
        self.engine = engine_for(self.url, statement_timeout_ms)
        self.write_engine, self.read_engine = self._beginning(_WRITES), self._beginning(_READS)
        self.watch: Watch | None = None
        """Looks at the database before each write."""
        self.sessions = sessionmaker(
            self.engine, class_=RegisterSession, expire_on_commit=False, info={EXTENSION: self}
        )
        """For :meth:`transaction` alone, which sends their BEGIN."""
        self._readers = sessionmaker(self.read_engine, expire_on_commit=False, autoflush=False)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def transaction(self, context: WriteContext) -> Iterator[Session]:
        """A session whose work becomes one revision, or nothing at all. The only place that commits."""
        with self.sessions() as session:
            session.info["context"] = context
            connection, watch = session.connection(), self.watch
            session.begun = connection
            with _begun(connection, _WRITES, watch.first() if watch else None):
                if watch:
                    watch.require_extended(connection)
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

        :param first: a statement without parameters; for PostgreSQL it may be several.
        """
        with self.engine.connect() as connection, _begun(connection, _READS, first):
            yield connection, found_first(connection, first)

    @contextmanager
    def ask(self) -> Iterator[Connection]:
        """A connection for one statement that reads: it needs no transaction, and nothing is rolled back after it."""
        with self.engine.connect() as connection:
            yield connection

    def dispose(self) -> None:
        self.engine.dispose()

    def _beginning(self, mode: str) -> Engine:
        """The engine, with transactions of one kind."""
        found: Engine = self.engine.execution_options()
        event.listen(found, "begin", lambda connection: _begin(connection, mode, None))
        event.listen(found, "rollback", _roll_back)
        return found


@contextmanager
def _begun(connection: Connection, mode: str, first: str | None) -> Iterator[None]:
    """A transaction on ``connection``, rolled back where it is not committed.

    Without the events of an engine, of which SQLAlchemy would tell a dozen at each statement.
    """
    _begin(connection, mode, first)
    try:
        yield
    finally:
        _roll_back(connection)


def _begin(connection: Connection, mode: str, first: str | None) -> None:
    begin = _BEGIN[connection.dialect.name].get(mode, "BEGIN")
    of_transaction(connection).clear()  # what was noted in an earlier one is over with it
    if first is None:
        connection.exec_driver_sql(begin)
    else:
        of_transaction(connection)[_FIRST] = first, _begin_with(connection, begin, first)


def of_transaction(connection: Connection) -> dict[str, Any]:
    """What is noted of the transaction on ``connection``, for as long as it lasts."""
    noted: dict[str, Any] = connection.info.setdefault(_TRANSACTION, {})
    return noted


def _begin_with(connection: Connection, begin: str, first: str) -> Any:
    """Begin, and the row that ``first`` finds; PostgreSQL takes both at once."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(begin)
        return connection.exec_driver_sql(first).first()
    return connection.exec_driver_sql(f"{begin}; {first}", execution_options={MANY: True}).first()


def found_first(connection: Connection, first: str) -> Any:
    """The row that ``first`` found when the transaction of ``connection`` began; None where there was none."""
    sent, row = of_transaction(connection).pop(_FIRST, (None, None))
    return row if sent == first else connection.exec_driver_sql(first).first()


def _roll_back(connection: Connection) -> None:
    """Roll back past the driver, which would let go of all statements it has prepared: tables might be gone, it thinks.

    Every read ends like this, and a statement that has to be planned anew takes ten times as long.
    """
    if connection.closed or connection.invalidated or connection.dialect.name == "sqlite":
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
