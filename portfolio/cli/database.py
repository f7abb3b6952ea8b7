"""``portfolio db``: the schema of the database."""

from __future__ import annotations

import click

from portfolio.cli.opening import open_until_the_end
from portfolio.core import migrate
from portfolio.core.db import Database
from portfolio.core.settings import Settings, read_settings
from portfolio.history.log import create_log


@click.group()
def db() -> None:
    """Bring the database to this program's schema, or check it."""


@db.command()
def upgrade() -> None:
    """Migrate to the newest schema. Safe to run twice and by two processes at once."""
    settings = read_settings()
    upgrade_database(settings)
    click.echo(f"The database stands at {migrate.newest()}.")


@db.command()
def check() -> None:
    """Say whether the database is at this program's schema and equals its models (exit 1 if not)."""
    database = open_until_the_end(read_settings())
    found = migrate.current(database)
    if found != migrate.newest():
        raise click.ClickException(
            f"The schema is {found or 'empty'}, not {migrate.newest()}; run `portfolio db upgrade`."
        )
    drift = migrate.drift(database)
    if drift:
        raise click.ClickException("The models say something else than the database:\n" + "\n".join(map(str, drift)))
    click.echo(f"The database stands at {found} and equals the models.")


def upgrade_database(settings: Settings) -> None:
    """Migrate with the migration address, then begin the log if there is none."""
    migrating = Database(settings.migration_url)
    try:
        migrate.upgrade(migrating)
        create_log(migrating, settings.log_origin)
        if settings.migration_url != settings.database_url:
            migrate.grant(migrating, Database(settings.database_url).url.username)
    finally:
        migrating.dispose()
