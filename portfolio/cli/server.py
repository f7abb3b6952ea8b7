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
from portfolio.core import migrate, sources
from portfolio.core.dates import today
from portfolio.core.db import Database
from portfolio.core.settings import Settings, read_settings
from portfolio.exchange.seed import is_seeded
from portfolio.exchange.seed_ids import milestone_id
from portfolio.history.log import require_log

_FORECAST_MILESTONE = ("innovation-ruhr-2030", "M02")


@click.command()
def serve() -> None:
    """Serve the register until SIGTERM or Ctrl-C. Never migrates, loads or makes keys."""
    settings = read_settings()
    database = open_database(settings)
    migrate.require_newest(database)
    require_log(database)
    database.dispose()
    _serve(settings)


@click.command()
def run() -> None:
    """Migrate, load the real projects if there are none, make a key if there is none, and serve."""
    settings = read_settings()
    upgrade_database(settings)
    database = open_database(settings)
    migrate.require_newest(database)
    if not is_seeded(database):
        seed_database(database)
    secret = ensure_coordinator(database)
    if secret is not None:
        _introduce(settings, secret)
    database.dispose()
    _serve(settings)


def _serve(settings: Settings) -> None:
    click.echo(f"Serving on {_address(settings)} (documentation: {_address(settings)}/docs). Ctrl-C stops.")
    Server(
        "portfolio.app:create_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1 if Database(settings.database_url).is_sqlite else 2,
        blocking_threads=settings.threads,
        respawn_failed_workers=True,
        workers_kill_timeout=15,
        websockets=False,
        backpressure=settings.threads,
        log_access=False,
    ).serve()


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
            f"-H 'Content-Type: application/json' -H 'Idempotency-Key: {sources.new_id()}' -d '{text}'"
        )
    click.echo("A key for one ministry's editor: portfolio key create --role editor --organisation MUNV --name NAME")
    click.echo("(in a checkout: make cli ARGS='key create --role editor --organisation MUNV --name NAME')")
