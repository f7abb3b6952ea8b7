"""The database that a command works on."""

from __future__ import annotations

import click

from portfolio.app import open_database
from portfolio.core import migrate
from portfolio.core.db import Database
from portfolio.core.settings import Settings, read_settings


def open_register(settings: Settings | None = None) -> Database:
    """The configured database, closed when the running command ends.

    :raises SchemaMismatch: it is not at this program's schema.
    """
    database = open_until_the_end(settings or read_settings())
    migrate.require_newest(database)
    return database


def open_until_the_end(settings: Settings) -> Database:
    """Like :func:`open_register`, whatever the schema."""
    database = open_database(settings)
    click.get_current_context().call_on_close(database.dispose)
    return database
