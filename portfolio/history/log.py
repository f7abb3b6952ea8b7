"""Begins the log of a fresh database."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from portfolio.core.db import Database
from portfolio.history import merkle
from portfolio.history.models import LogHead


class LogMissing(Exception):
    """The database has no log; the message says what to run."""


def create_log(database: Database, origin: str) -> None:
    """Put the head of an empty log in place, under the name it keeps for ever; an existing one stays."""
    row = {
        "one": 1,
        "origin": origin,
        "epoch": 1,
        "size": 0,
        "frontier": b"",
        "last_leaf": merkle.NO_LEAF,
        "last_at": "",
    }
    with database.write_engine.begin() as connection:
        if connection.execute(sa.select(LogHead.one)).first() is None:
            if database.is_sqlite:
                connection.execute(sqlite.insert(LogHead).values(row).on_conflict_do_nothing())
            else:
                connection.execute(postgresql.insert(LogHead).values(row).on_conflict_do_nothing())


def log_origin(database: Database) -> str:
    """The name that the log was given when it began.

    :raises LogMissing: the log was never begun.
    """
    require_log(database)
    with database.engine.connect() as connection:
        return connection.execute(sa.select(LogHead.origin)).scalar_one()


def require_log(database: Database) -> None:
    """:raises LogMissing: the log was never begun."""
    with database.engine.connect() as connection:
        if connection.execute(sa.select(LogHead.one)).first() is None:
            raise LogMissing("The database has no log yet; run `portfolio db upgrade` and start again.")
