"""``portfolio serve``, and ``portfolio run`` that prepares everything first."""

from __future__ import annotations

import json
import os
import signal
import socket
from importlib.util import find_spec

import click
from granian.constants import HTTPModes, Interfaces, Loops
from granian.server import Server

from portfolio.access.tokens import require_known_roles
from portfolio.app import open_database
from portfolio.cli.data import seed_database
from portfolio.cli.database import upgrade_database
from portfolio.cli.keys import ensure_coordinator
from portfolio.cli.log import ensure_log_key
from portfolio.core import migrate, sources
from portfolio.core.dates import today
from portfolio.core.db import Database
from portfolio.core.hosts import ANY_ADDRESS
from portfolio.core.settings import Settings, SettingsError, read_settings
from portfolio.exchange.seed import is_seeded
from portfolio.exchange.seed_ids import milestone_id
from portfolio.history.checkpoints import Signer
from portfolio.history.log import require_log
from portfolio.history.rollback import LogRollback

_FORECAST_MILESTONE = ("innovation-ruhr-2030", "M02")
# Granian's backpressure counts connections, idle ones too: with as many as threads, a few clients that keep theirs
# open would shut everybody else out. Requests beyond the threads wait in line.
_CONNECTIONS = 512
_SERVER_LOG = {
    "formatters": {"generic": {"()": "portfolio.core.logs.formatter"}},
    "handlers": {"console": {"formatter": "generic", "class": "logging.StreamHandler", "stream": "ext://sys.stderr"}},
    "loggers": {"_granian": {"handlers": ["console"], "level": "INFO", "propagate": False}},
}


@click.command()
def serve() -> None:
    """Serve the register until SIGTERM or Ctrl-C. Never migrates, loads or makes keys."""
    settings = _settings()
    database = open_database(settings)
    migrate.require_newest(database)
    require_log(database)
    _serve(settings, listening_address(settings), database)


@click.command()
def run() -> None:
    """Migrate, load the real projects if there are none, make the keys that are missing, and serve."""
    settings = _settings()
    address = listening_address(settings)
    upgrade_database(settings)
    database = open_database(settings)
    migrate.require_newest(database)
    if not is_seeded(database):
        seed_database(database)
    ensure_log_key(database, settings)
    secret = ensure_coordinator(database)
    if secret is not None:
        _introduce(settings, secret)
    _serve(settings, address, database)


def _settings() -> Settings:
    """The settings, with what the workers would stumble over one after the other."""
    settings = read_settings()
    if settings.oidc is not None:
        require_known_roles(settings.oidc)
    return settings


def listening_address(settings: Settings) -> str:
    """The numeric address to listen on; a name such as ``localhost`` is looked up.

    :raises SettingsError: there is no such address here, or another program listens there. Granian would share the
        port with a second register, and requests would reach now one and now the other.
    """
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, place = found[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name != "nt":  # there the option would let the probe share the port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        raise SettingsError(
            f"The register cannot listen on {settings.host!r}, port {settings.port} ({error.strerror}); "
            "choose another PORTFOLIO_HOST or PORTFOLIO_PORT."
        ) from None
    return str(place[0])


def _serve(settings: Settings, address: str, database: Database) -> None:
    signer = Signer(database, settings)
    _say_state(signer)
    if settings.host in ANY_ADDRESS and not settings.trusted_hosts:
        click.echo(
            "portfolio: Requests must name this machine; add other names with PORTFOLIO_TRUSTED_HOSTS.", err=True
        )
    database.dispose()  # the workers open their own
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_end_when_told)
    click.echo(f"Serving on {_address(settings)} (documentation: {_address(settings)}/docs). Ctrl-C stops.")
    Server(
        "portfolio.app:create_intake",
        factory=True,
        address=address,
        port=settings.port,
        interface=Interfaces.RSGI,
        loop=_loop(),
        http=HTTPModes.http1,  # what proxies speak; HTTP/2 is theirs
        workers=1 if database.is_sqlite else 2,
        respawn_failed_workers=True,
        workers_kill_timeout=15,
        websockets=False,
        backpressure=_CONNECTIONS,
        log_access=False,
        log_dictconfig=_SERVER_LOG,
    ).serve()
    signer.ask()
    signer.look()  # what the workers wrote last; their own threads end with them


def _end_when_told() -> None:
    """A worker that still loads has nothing to finish. Granian's own handler, which it is born with, is its parent's:
    the signal would be lost on it, and the parent would wait for its whole patience.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def _loop() -> Loops:
    """The quickest of the loops that are here: a kept answer takes little longer than the loop itself."""
    return Loops.uvloop if find_spec("uvloop") else Loops.asyncio


def _say_state(signer: Signer) -> None:
    """What an operator should know about the proof of the history; nothing of it stops the reads."""
    try:
        signer.require_extended()
    except LogRollback as error:
        click.echo(f"portfolio: {error}", err=True)
    for sentence in signer.warnings():
        click.echo(f"portfolio: {sentence}", err=True)


def _address(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


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
    click.echo("One that makes and revokes keys over HTTP:   portfolio key create --role admin --name NAME")
    click.echo("(in a checkout: make cli ARGS='key create --role editor --organisation MUNV --name NAME')")
