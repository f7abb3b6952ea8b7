"""Statements that are sent again and again, by the driver: SQLAlchemy's way to it takes longer than many of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect

from portfolio.core.columns import reader_of, writer_of

Values = Mapping[str, Any]
Statement = sa.Select[Any] | sa.Select[*tuple[Any, ...]] | sa.UpdateBase
_MANY = 20
"""Rows for which PostgreSQL is told to copy: to begin and to end that takes two round trips."""
_Change = Callable[[Any], Any]
_Place = TypeVar("_Place")


class Fixed:
    """A statement that is put together once for each engine.

    It goes past SQLAlchemy, but is put together, filled and read by its rules, fails with its errors, and is seen by
    whoever listens to what an engine sends. It is for statements on tables: the session does not learn of it.

    :param statement: without defaults of its columns; one that writes has no list of values in it.
    """

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._texts: dict[str, _Text] = {}

    def send(self, connection: Connection, *values: Values) -> int:
        """Send it, once for each of ``values``; the number of rows that were written."""
        count: int = self._sent(connection, *values).rowcount
        return count

    def rows(self, connection: Connection, values: Values) -> list[tuple[Any, ...]]:
        """What it finds, with values of the columns' types."""
        text = self._text(connection)
        if text.has_lists:
            return [tuple(row) for row in connection.execute(self._statement, values)]
        return text.read(self._sent(connection, values).fetchall())

    def dicts(self, connection: Connection, values: Values) -> list[dict[str, Any]]:
        """The same by the names of the columns."""
        names = self._text(connection).names
        return [dict(zip(names, row, strict=True)) for row in self.rows(connection, values)]

    def _text(self, connection: Connection) -> _Text:
        dialect = connection.dialect
        text = self._texts.get(dialect.name)
        if text is None:
            text = self._texts[dialect.name] = _Text(self._statement, dialect)
        return text

    def _sent(self, connection: Connection, *values: Values) -> Any:
        text = self._text(connection)
        given: list[Any] = [text.given(one) for one in values]
        cursor = _cursor(connection, text.sql, given)
        try:
            cursor.execute(text.sql, given[0]) if len(given) == 1 else cursor.executemany(text.sql, given)
        except connection.dialect.loaded_dbapi.Error as error:
            raise _told(connection, text.sql, error, cursor) from error
        return cursor


class NewRows:
    """Rows for a table, however many. PostgreSQL copies them in where they are many, in half the time.

    :param table: one whose columns have no defaults that are worked out here; a column that is not given is null.
    """

    def __init__(self, table: sa.Table) -> None:
        self._table = table
        self._inserts: dict[tuple[str, ...], Fixed] = {}

    def send(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Write ``rows``, all with the same columns."""
        names = tuple(rows[0])
        if connection.dialect.name == "postgresql" and len(rows) >= _MANY:
            self._copy(connection, names, rows)
            return
        if names not in self._inserts:
            given: dict[str, Any] = {name: sa.bindparam(name) for name in names}
            self._inserts[names] = Fixed(sa.insert(self._table).values(given))
        self._inserts[names].send(connection, *rows)

    def _copy(self, connection: Connection, names: Sequence[str], rows: Sequence[Values]) -> None:
        quoted = connection.dialect.identifier_preparer.quote
        sql = f"COPY {quoted(self._table.name)} ({', '.join(map(quoted, names))}) FROM STDIN"
        writers = [writer_of(self._table.c[name].type, connection.dialect) for name in names]
        cursor = _cursor(connection, sql, rows)
        try:
            with cursor.copy(sql) as copy:
                for row in rows:
                    pairs = zip(names, writers, strict=True)
                    copy.write_row([row[name] if write is None else write(row[name]) for name, write in pairs])
        except connection.dialect.loaded_dbapi.Error as error:
            raise _told(connection, sql, error, cursor) from error


def _cursor(connection: Connection, sql: str, given: Sequence[Any]) -> Any:
    """One of the driver's; whoever listens to the engine hears what it will be sent."""
    cursor, heard = connection.connection.cursor(), connection.engine.dispatch.before_cursor_execute
    if heard:
        heard(connection, cursor, sql, given[0] if len(given) == 1 else given, None, len(given) > 1)
    return cursor


class _Text:
    """A statement in the words of one engine, and what turns values into the driver's and back."""

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self.has_lists = bool(compiled.post_compile_params)  # which SQLAlchemy writes out each time
        self._order: Sequence[str] | None = compiled.positiontup if compiled.positional else None
        self._own = {name: value for name, value in compiled.params.items() if value is not None}
        self._writers = _known((name, writer_of(bind.type, dialect)) for bind, name in compiled.bind_names.items())
        columns = list(getattr(statement, "selected_columns", ()))
        self.names = tuple(str(column.key) for column in columns)
        self._readers = _known((place, reader_of(column.type, dialect)) for place, column in enumerate(columns))

    def given(self, values: Values) -> Any:
        found = {**self._own, **values}
        for name, writer in self._writers:
            found[name] = writer(found[name])
        return found if self._order is None else tuple([found[name] for name in self._order])

    def read(self, found: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        if not self._readers:
            return [tuple(row) for row in found]
        rows = []
        for raw in found:
            row = list(raw)
            for place, reader in self._readers:
                row[place] = reader(row[place])
            rows.append(tuple(row))
        return rows


def _known(changes: Iterable[tuple[_Place, _Change | None]]) -> list[tuple[_Place, _Change]]:
    return [(place, change) for place, change in changes if change is not None]


def _told(connection: Connection, sql: str, error: Exception, cursor: Any) -> Exception:
    """What SQLAlchemy makes of the driver's ``error``; a connection that it says is lost is not used again."""
    dialect = connection.dialect
    is_lost = dialect.is_disconnect(error, connection.connection.driver_connection, cursor)  # type: ignore[arg-type]
    told = sa.exc.DBAPIError.instance(
        sql, None, error, dialect.loaded_dbapi.Error, True, connection_invalidated=is_lost, dialect=dialect
    )
    if is_lost:
        connection.invalidate(error)
    return told
