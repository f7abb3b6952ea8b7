"""``portfolio verify``: the offline verifier, for a file, a dump or the configured database."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import sqlalchemy as sa

from portfolio import verify as verifier
from portfolio.app import open_database
from portfolio.core.settings import SettingsError, read_settings
from portfolio.history.dump import write_dump


@click.command()
@click.argument("source", type=click.Path(path_type=Path), required=False)
@click.option("--key", type=click.Path(path_type=Path), help="Public key file of the log, kept outside the register.")
@click.option(
    "--trusted",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Checkpoints kept outside the register: a file or a folder of notes. May be given again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def verify(source: Path | None, key: Path | None, trusted: tuple[Path, ...], as_json: bool) -> None:
    """Prove that the history is whole: SOURCE, or the configured database.

    SOURCE is the SQLite file of a register or a folder of `portfolio log dump`. Exit code 0: verified and anchored by
    a checkpoint given with --trusted; 1: tampered, with the first bad revision; 2: unreadable; 3: consistent in
    itself, but not anchored. The file portfolio/verify.py does the same alone, without the register.
    """
    try:
        with _source(source) as path, _progress() as progress:
            report = verifier.verify(path, key, trusted, progress)
    except (SettingsError, sa.exc.SQLAlchemyError, OSError) as error:
        # Not 1, which says that somebody changed the history.
        click.echo(f"portfolio: The configured database cannot be read: {error}", err=True)
        sys.exit(verifier.UNREADABLE)
    text = verifier.as_text(report)
    if as_json:
        text = json.dumps(verifier.as_json(report), ensure_ascii=False, indent=1)
    click.echo(text.encode("utf-8", "backslashreplace"))
    sys.exit(report.exit_code)


@contextmanager
def _source(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    settings = read_settings()
    url = sa.make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        yield Path(str(url.database))
        return
    database = open_database(settings)
    try:
        with tempfile.TemporaryDirectory(prefix="portfolio-verify-") as folder:
            write_dump(database, Path(folder))
            yield Path(folder)
    finally:
        database.dispose()


@contextmanager
def _progress() -> Iterator[verifier.Progress | None]:
    """A bar on a terminal, nothing otherwise."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label="Verifying", file=sys.stderr) as bar:

        def step(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield step
