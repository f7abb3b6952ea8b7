"""``portfolio serve``, and ``portfolio run`` that prepares everything first."""

from __future__ import annotations

import json

import click
from granian.constants import Interfaces
from granian.server import Server

from portfolio.app import open_database
from portfolio.cli.data import seed_database
from portfolio.cli.database import upgrade_database
from portfolio.cli.keys import ensure_coordinator
from portfolio.cli.log import ensure_log_key
from portfolio.core import migrate
from portfolio.core.dates import today
from portfolio.core.db import Database
from portfolio.core.settings import Settings, read_settings
from portfolio.exchange.seed import is_seeded
from portfolio.exchange.seed_ids import milestone_id
from portfolio.history.checkpoints import Signer
from portfolio.history.log import require_log
from portfolio.history.rollback import LogRollback

_FORECAST_MILESTONE = ("innovation-ruhr-2030", "M02")


@click.command()
def serve() -> None:
    """Serve the register until SIGTERM or Ctrl-C. Never migrates, loads or makes keys."""
    settings = read_settings()
    database = open_database(settings)
    migrate.require_newest(database)
    require_log(database)
    _serve(settings, database)


@click.command()
def run() -> None:
    """Migrate, load the real projects if there are none, make the keys that are missing, and serve."""
    settings = read_settings()
    upgrade_database(settings)
    database = open_database(settings)
    migrate.require_newest(database)
    if not is_seeded(database):
        seed_database(database)
    ensure_log_key(database, settings)
    secret = ensure_coordinator(database)
    if secret is not None:
        _introduce(settings, secret)
    _serve(settings, database)


def _serve(settings: Settings, database: Database) -> None:
    signer = Signer(database, settings)
    _say_state(signer)
    database.dispose()  # the workers open their own
    click.echo(f"Serving on {_address(settings)} (documentation: {_address(settings)}/docs). Ctrl-C stops.")
    Server(
        "portfolio.app:create_served_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1 if database.is_sqlite else 2,
        blocking_threads=settings.threads,
        respawn_failed_workers=True,
        workers_kill_timeout=15,
        websockets=False,
        backpressure=settings.threads,
        log_access=False,
    ).serve()
    signer.ask()
    signer.look()  # what the workers wrote last; their own threads end with them


def _say_state(signer: Signer) -> None:
    """What an operator should know about the proof of the history; nothing of it stops the reads."""
    try:
        signer.require_extended()
    except LogRollback as error:
        click.echo(f"portfolio: {error}", err=True)
    for sentence in signer.warnings():
        click.echo(f"portfolio: {sentence}", err=True)


def _address(settings: Settings) -> str:
    return f"http://{settings.host}:{settings.port}"


def _introduce(settings: Settings, secret: str) -> None:
    """The key, once, and three requests that can be pasted."""
    click.echo(f"coordinator key: {secret}")
    day = today().isoformat()
    examples = (
        ("Begin a project", "/v1/projects/ruhr-digital/transitions", {"to": "in_implementation", "on": day}),
        (
            "Forecast a milestone",
            f"/v1/milestones/{milestone_id(*_FORECAST_MILESTONE)}/forecasts",
            {"reported_on": day, "forecast_on": "2031-06-30"},
        ),
        (
            "Begin a funding application",
            "/v1/projects/ruhr-digital/applications",
            {"level": "federal", "requested_amount": "250000.00", "purpose": "Umsetzung"},
        ),
    )
    click.echo("Three requests to try:")
    for title, path, body in examples:
        text = json.dumps(body, ensure_ascii=False)
        click.echo(f"# {title}")
        click.echo(
            f"curl -X POST {_address(settings)}{path} -H 'Authorization: Bearer {secret}' "
            f"-H 'Content-Type: application/json' -d '{text}'"
        )
    click.echo("A key for one ministry's editor: portfolio key create --role editor --organisation MUNV --name NAME")
    click.echo("(in a checkout: make cli ARGS='key create --role editor --organisation MUNV --name NAME')")
