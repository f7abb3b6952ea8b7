"""``portfolio log``: the register's log, outside the register."""

from __future__ import annotations

from pathlib import Path

import click

from portfolio.app import open_database
from portfolio.core import migrate
from portfolio.core.settings import read_settings
from portfolio.history.dump import write_dump


@click.group()
def log() -> None:
    """Hand the history out, so that others can hold it against the register."""


@log.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def dump(folder: Path) -> None:
    """Write the log and the current tables into FOLDER, for `portfolio verify FOLDER`. It holds internal notes."""
    database = open_database(read_settings())
    try:
        migrate.require_newest(database)
        revisions = write_dump(database, folder)
    except OSError as error:
        raise click.ClickException(f"The dump cannot be written: {error}") from None
    finally:
        database.dispose()
    click.echo(f"Wrote {revisions} revisions to {folder}.")
