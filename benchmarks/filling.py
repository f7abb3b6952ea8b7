"""A larger register: copies of the real projects and of what hangs on them, until there are so many.

Written past the history, which would take hours and which nothing that is measured reads: the log then knows the
real projects only. For measuring, never for anything that is to be proven.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from portfolio.core.db import Base
from portfolio.funding.models import Application, ApplicationStatusChange, Award, AwardStatusChange, LedgerEntry
from portfolio.milestones.models import Milestone, MilestoneForecast, MilestoneStatusChange
from portfolio.projects.models import Assignment, Project, ProjectRole, ProjectStatusChange

Row = dict[str, Any]
_BATCH = 100
_KINDS = (
    *(Project, Assignment, ProjectRole, ProjectStatusChange),
    *(Milestone, MilestoneStatusChange, MilestoneForecast),
    *(Application, ApplicationStatusChange, Award, AwardStatusChange, LedgerEntry),
)
_TABLES = tuple(Base.metadata.tables[kind.__tablename__] for kind in _KINDS)  # parents first


def fill(url: str, projects: int) -> int:
    """Add whole copies of all while there are no more than ``projects``; how many there are then."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        originals = {table: _rows(connection, table) for table in _TABLES}
        real = len(originals[_TABLES[0]])
        copies = max(projects // real - 1, 0)
        for batch in range(0, copies, _BATCH):
            for table, rows in _copied(originals, range(batch, min(batch + _BATCH, copies))):
                if rows:
                    connection.execute(table.insert(), rows)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if engine.dialect.name == "sqlite" else "VACUUM ANALYZE")
    engine.dispose()
    return real * (copies + 1)


def _rows(connection: sa.Connection, table: sa.Table) -> list[Row]:
    return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def _copied(originals: dict[sa.Table, list[Row]], numbers: range) -> Iterator[tuple[sa.Table, list[Row]]]:
    """The rows of these copies, parents first; every id is new, and what points within the copy points there."""
    renamed: list[dict[UUID, UUID]] = [{} for _ in numbers]
    for table, rows in originals.items():
        made = []
        for number, ids in zip(numbers, renamed, strict=True):
            for row in rows:
                ids[row["id"]] = uuid4()
            made += [_named(_moved(row, ids), number) for row in rows]
        yield table, made


def _moved(row: Row, ids: dict[UUID, UUID]) -> Row:
    return {name: ids.get(value, value) if isinstance(value, UUID) else value for name, value in row.items()}


def _named(row: Row, number: int) -> Row:
    """What must differ between projects: the address; and the title, so that pages hold different ones."""
    if "slug" in row:
        row["slug"], row["code"] = f"{row['slug']}-{number}", None
        row["title_sort"], row["title_de"] = f"{row['title_sort']} {number}", f"{row['title_de']} {number}"
    return row
