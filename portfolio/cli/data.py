"""``portfolio seed`` and ``portfolio demo``: the real projects, and made-up ones beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from portfolio.cli.opening import open_register
from portfolio.core.db import Database
from portfolio.exchange.demo import DEMO_PROJECTS, load_demo
from portfolio.exchange.seed import UNNAMED_COUNT, Loaded, load_seed
from portfolio.exchange.source_data import read_projects


@click.command()
def seed() -> None:
    """Load the real projects of the Ruhr-Konferenz as one revision. Loading twice changes nothing."""
    seed_database(open_register())


@click.command()
def demo() -> None:
    """Add synthetic projects (slug demo-…), shown only with include_demo=true. Needs the seed."""
    with _progress("Making demonstration projects", DEMO_PROJECTS) as step:
        loaded = load_demo(open_register(), step)
    _say(loaded, "demonstration projects")


def seed_database(database: Database) -> Loaded:
    """Load the seed with a progress bar, and say what happened."""
    with _progress("Loading the projects", len(read_projects()) + UNNAMED_COUNT) as step:
        loaded = load_seed(database, step)
    _say(loaded, "projects")
    return loaded


def _say(loaded: Loaded, what: str) -> None:
    if loaded.changed:
        click.echo(f"Loaded {loaded.projects} {what} as revision {loaded.revision}.")
    else:
        click.echo(f"Nothing to do: the register has its {loaded.projects} {what} already.")


@contextmanager
def _progress(label: str, length: int) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal, one plain line otherwise."""
    with click.progressbar(length=length, label=label, item_show_func=lambda item: item or "") as bar:
        yield lambda item: bar.update(1, item)
