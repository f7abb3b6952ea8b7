"""``portfolio openapi``: the document in the repository, and the last one that was released."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from portfolio.app import create_app, open_database
from portfolio.cli.compatibility import RELEASED, read_document, report, require_section
from portfolio.cli.database import upgrade_database
from portfolio.core import spec, spec_files
from portfolio.core.settings import read_settings

_FOLDER = click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("openapi"), show_default=True, help="Where the files are."
)

_SECTIONS = click.option(
    "--changes",
    type=click.Path(path_type=Path),
    default=Path("docs/api-changes.md"),
    show_default=True,
    help="Where each version has a section.",
)


@click.group()
def openapi() -> None:
    """Write the OpenAPI document, check that it says what the code does, and that it breaks no client."""


@openapi.command()
@_FOLDER
def write(folder: Path) -> None:
    """Write openapi.json and openapi.yaml."""
    for path in spec_files.write(_document(), folder):
        click.echo(f"Wrote {path}.")


@openapi.command()
@_FOLDER
def check(folder: Path) -> None:
    """Compare the files with the code (exit 1 if they differ)."""
    differing = spec_files.drift(_document(), folder)
    if differing:
        raise click.ClickException(f"{', '.join(differing)} differ from the code; run `portfolio openapi write`.")
    click.echo("The document says what the code does.")


@openapi.command()
@click.argument("old", type=click.Path(path_type=Path), required=False)
@click.argument("new", type=click.Path(path_type=Path), required=False)
@_FOLDER
@_SECTIONS
@click.option("--words", is_flag=True, help="Name the changes of words too.")
def compare(old: Path | None, new: Path | None, folder: Path, changes: Path, *, words: bool) -> None:
    """Compare the released document with the code, or OLD with NEW (exit 1 if NEW's version does not allow it)."""
    before = read_document(old or folder / RELEASED)
    report(before, read_document(new) if new else _document(), changes, all_words=words)


@openapi.command()
@_FOLDER
@_SECTIONS
def release(folder: Path, changes: Path) -> None:
    """Keep the code's document as the released one, if it may follow the one before."""
    document, path = _document(), folder / RELEASED
    if path.exists():
        report(read_document(path), document, changes)
    else:
        require_section(document["info"]["version"], changes)
    path.write_text(spec_files.render(document)["openapi.json"], encoding="utf-8")
    click.echo(f"Wrote {path}: version {document['info']['version']} is released.")


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
