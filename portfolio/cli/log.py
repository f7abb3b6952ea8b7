"""``portfolio log``: the key of the log, its checkpoints, and the log as files."""

from __future__ import annotations

from pathlib import Path

import click

from portfolio.cli.opening import open_register
from portfolio.core.db import Database
from portfolio.core.settings import Settings, read_settings
from portfolio.history.checkpoints import Signer
from portfolio.history.dump import write_dump
from portfolio.history.held import create_key, held_path, public_path
from portfolio.history.log import log_origin


@click.group()
def log() -> None:
    """Sign the end of the log and hand it out, so that others can prove that its past stays the same."""


@log.group()
def key() -> None:
    """The key that signs checkpoints."""


@key.command("create")
def create() -> None:
    """Make the signing key (private, for this account alone) and the public key beside it."""
    settings = read_settings()
    made = create_key(settings.log_key, log_origin(open_register(settings)))
    click.echo(made.line)
    introduce_key(settings)


@log.command()
def checkpoint() -> None:
    """Sign the end of the log now, and say its size and root."""
    settings = read_settings()
    made = Signer(open_register(settings), settings).sign()
    if made is None:
        key_is_there = settings.log_key.exists()
        raise click.ClickException(
            "There is nothing to sign: the log is empty."
            if key_is_there
            else f"There is no signing key at {settings.log_key}; `portfolio log key create` makes one."
        )
    said = "Signed" if made.is_new else "Nothing new: signed already are"
    click.echo(f"{said} {made.head.size} revisions at {made.head.at}, root {made.head.written_root}.")
    click.echo(f"The checkpoint is {held_path(settings.checkpoint_dir, made.head.size)}.")


@log.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def dump(folder: Path) -> None:
    """Write the log and the current tables into FOLDER, for `portfolio verify FOLDER`. It holds internal notes."""
    database = open_register()
    try:
        revisions = write_dump(database, folder)
    except OSError as error:
        raise click.ClickException(f"The dump cannot be written: {error}") from None
    click.echo(f"Wrote {revisions} revisions to {folder}.")


def ensure_log_key(database: Database, settings: Settings) -> None:
    """Make a signing key where there is none, and say what to keep."""
    if settings.log_key.exists() or public_path(settings.log_key).exists():
        return
    create_key(settings.log_key, log_origin(database))
    introduce_key(settings)


def introduce_key(settings: Settings) -> None:
    click.echo(f"The history is signed with {settings.log_key}; keep that file secret and out of database backups.")
    click.echo(f"An auditor keeps {public_path(settings.log_key)} and the checkpoints in {settings.checkpoint_dir}.")
