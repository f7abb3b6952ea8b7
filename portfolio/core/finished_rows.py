"""Rows of lists as finished bytes: a row that holds the very values it held before is shown in the very same way.

A write makes a list new, but hardly any of its rows. So what a row became is kept under all that it was made of: its
values as the driver gave them, the list and the view. Nothing can be stale here, only unused.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect

from portfolio.core.bounded import Bounded, fitted
from portfolio.core.columns import reader_of
from portfolio.core.rows import Row
from portfolio.core.sending import Fixed, Values

_MOST = 1000
"""Rows that are kept, some five kilobytes each."""

_finished: Bounded[Hashable, orjson.Fragment] = Bounded(_MOST)


class RawRows:
    """A statement whose rows come as the driver gives them, and what makes them what they are."""

    def __init__(
        self, statement: sa.Select[Any], dialect: Dialect, wanted: Sequence[sa.ColumnElement[Any]] | None = None
    ) -> None:
        """:param wanted: what is given of the rows; else all that ``statement`` selects."""
        columns = list(statement.selected_columns) if wanted is None else wanted
        self.names = tuple(str(column.key) for column in columns)
        self.types = [column.type for column in columns]
        self.readers = [reader_of(kind, dialect) for kind in self.types]
        # A column without a type is given as it is.
        self.statement = statement.with_only_columns(
            *(sa.type_coerce(column, sa.types.NullType()).label(column.key) for column in columns),
            maintain_column_froms=True,
        )
        self._sent = Fixed(self.statement)

    def found(self, connection: Connection, values: Values) -> list[tuple[Any, ...]]:
        """The rows, all at once."""
        return self._sent.rows(connection, values)

    def read(self, raw: Sequence[Any]) -> dict[str, Any]:
        """A row with values of the columns' types."""
        return {
            name: value if reader is None else reader(value)
            for name, reader, value in zip(self.names, self.readers, raw, strict=True)
        }


def finished_rows(
    kind: Hashable, rows: RawRows, found: Sequence[tuple[Any, ...]], present: Callable[[Row], dict[str, Any]]
) -> list[orjson.Fragment]:
    """What ``present`` makes of each row, as JSON.

    :param kind: all that ``present`` depends on beside the row.
    """
    shown = []
    for raw in found:
        key = (kind, rows.names, raw)
        finished = _finished.get(key)
        if finished is None:
            finished = _finished[key] = orjson.Fragment(fitted(orjson.dumps(present(rows.read(raw)))))
        shown.append(finished)
    return shown
