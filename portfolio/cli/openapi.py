"""``portfolio openapi``: the document in the repository."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from portfolio.app import create_app, open_database
from portfolio.cli.database import upgrade_database
from portfolio.core import spec
from portfolio.core.settings import read_settings

_FOLDER = click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("openapi"), show_default=True, help="Where the files are."
)


@click.group()
def openapi() -> None:
    """Write the OpenAPI document, or check that it says what the code does."""


@openapi.command()
@_FOLDER
def write(folder: Path) -> None:
    """Write openapi.json and openapi.yaml."""
    for path in spec.write(_document(), folder):
        click.echo(f"Wrote {path}.")


@openapi.command()
@_FOLDER
def check(folder: Path) -> None:
    """Compare the files with the code (exit 1 if they differ)."""
    differing = spec.drift(_document(), folder)
    if differing:
        raise click.ClickException(f"{', '.join(differing)} differ from the code; run `portfolio openapi write`.")
    click.echo("The document says what the code does.")


def _document() -> dict[str, Any]:
    """The document does not depend on what a database holds: a fresh one serves."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/empty.sqlite"
        settings = replace(read_settings(), database_url=url, migration_url=url, checkpoint_dir=Path(folder, "held"))
        upgrade_database(settings)
        database = open_database(settings)
        try:
            app = create_app(settings, database)
            return spec.document(app.extensions["portfolio_api"])
        finally:
            database.dispose()
