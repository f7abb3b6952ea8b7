"""Rows of lists: read as their columns' types say, and shown once as long as they hold the same."""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa

from portfolio.core.db import Database
from portfolio.core.finished_rows import RawRows, finished_rows
from portfolio.core.rows import Row
from portfolio.history.reading import open_reading
from tests.history.test_flat_pages import LISTS


def test_rows_are_read_as_the_types_of_their_columns_say(with_demo: Database) -> None:
    with open_reading(with_demo) as moment:
        for name, make in LISTS.items():
            statement = make(moment).statement.limit(40)
            typed = [dict(row) for row in moment.session.execute(statement).mappings()]
            raw = RawRows(statement, moment.session.get_bind().dialect)
            assert [raw.read(tuple(row)) for row in moment.session.execute(raw.statement)] == typed, name


def test_a_row_is_shown_anew_only_where_it_or_the_view_differs() -> None:
    shown: list[Any] = []

    def present(row: Row) -> dict[str, Any]:
        shown.append(row["title"])
        return {"title": row["title"]}

    engine = sa.create_engine("sqlite://")
    rows = RawRows(sa.select(sa.column("title", sa.Text)), engine.dialect)
    for view in ("public", "full"):
        for found in ([("a",), ("b",)], [("b",), ("c",)]):
            finished = finished_rows(("test rows", view), rows, found, present)
            assert orjson.loads(orjson.dumps(finished)) == [{"title": title} for (title,) in found]
    assert shown == ["a", "b", "c", "a", "b", "c"]
