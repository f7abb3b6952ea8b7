"""A register of many: copies of all projects with what hangs on them, made by the database itself, past the history."""

from __future__ import annotations

import sqlalchemy as sa

from benchmarks.filling import held_back, without_net
from portfolio.core.columns import Identifier
from portfolio.core.db import Base, Database
from portfolio.funding.models import (
    Application,
    ApplicationStatusChange,
    Award,
    AwardStatusChange,
    FundingStatement,
    LedgerEntry,
)
from portfolio.milestones.models import Milestone, MilestoneForecast, MilestoneSearch, MilestoneStatusChange
from portfolio.projects.models import Assignment, Decision, Project, ProjectRole, ProjectSearch, ProjectStatusChange

_OF_PROJECTS = (Decision, Project, Assignment, ProjectRole, ProjectStatusChange, ProjectSearch)
_ON_PROJECTS = (
    *(Milestone, MilestoneStatusChange, MilestoneForecast, MilestoneSearch),
    *(Application, ApplicationStatusChange, Award, AwardStatusChange, LedgerEntry, FundingStatement),
)
COPIED = tuple(kind.__tablename__ for kind in (*_OF_PROJECTS, *_ON_PROJECTS))
"""The tables that grow, parents first."""
_BARE = {kind.__tablename__ for kind in _OF_PROJECTS}
_NAMED = {"slug": "k || '-' || slug", "title_sort": "k || ' ' || title_sort", "title_de": "k || ' ' || title_de"}
"""The number stands first, so that in every order a part of the list is like the whole."""


def multiply(database: Database, copies: int, *, bare: int = 0) -> None:
    """Add so many copies of everything; each has ids of its own, and what points within a copy points there.

    :param bare: before each of them so many more of the projects alone, without milestones and money.
    """
    engine = sa.create_engine(database.url)
    with engine.begin() as connection:
        without_net(connection)
        put_on = held_back(connection, COPIED)
        for name in COPIED:
            step = 1 if name in _BARE else bare + 1
            numbers = (
                f"WITH RECURSIVE n(k) AS (SELECT {step} UNION ALL "
                f"SELECT k + {step} FROM n WHERE k < {copies * (bare + 1)})"
            )
            copied = [column for column in Base.metadata.tables[name].c if column.identity is None]
            columns = ", ".join(column.name for column in copied)
            values = ", ".join(_value(column, database) for column in copied)
            # SQLite keeps the order of a cross join, and with it that of the ids.
            connection.exec_driver_sql(
                f"INSERT INTO {name} ({columns}) {numbers} SELECT {values} FROM {name} CROSS JOIN n"
            )
        for statement in put_on:
            connection.exec_driver_sql(statement)
    if not database.is_sqlite:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()


def _value(column: sa.Column[object], database: Database) -> str:
    if column.table.name == "project":
        if column.name == "code":
            return "NULL"
        if column.name in _NAMED:
            return _NAMED[column.name]
    if not isinstance(column.type, Identifier) or _points_outside(column):
        return column.name
    if database.is_sqlite:
        return f"substr({column.name}, 1, 24) || printf('%012x', k)"
    return f"CAST(substr(CAST({column.name} AS text), 1, 24) || lpad(to_hex(k), 12, '0') AS uuid)"


def _points_outside(column: sa.Column[object]) -> bool:
    return any(key.column.table.name not in COPIED for key in column.foreign_keys)
