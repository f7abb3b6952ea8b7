"""Wires the packages into one Flask application."""

from __future__ import annotations

import atexit
import gc
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

# What is loaded here stays: to look through it again and again while it grows takes a fifth of the start.
gc.disable()

from flask import Flask
from sqlalchemy import event
from werkzeug.middleware.proxy_fix import ProxyFix

from portfolio.access import guard, identity, rates, usage
from portfolio.access import routes as sign_in
from portfolio.core import api as strict
from portfolio.core import headers, hosts, logs, migrate, sunset
from portfolio.core.db import EXTENSION, Database
from portfolio.core.problems import register_problem_handlers
from portfolio.core.resources import Register
from portfolio.core.settings import Settings, read_settings
from portfolio.core.version import VERSION
from portfolio.exchange import routes as exchange_routes
from portfolio.front import keeping
from portfolio.front.before import KeptFirst
from portfolio.front.counters import reader_of
from portfolio.front.door import door_of
from portfolio.front.intake import Intake
from portfolio.front.loop_counters import loop_counters
from portfolio.front.store import Store
from portfolio.funding import application_routes, award_routes, ledger_routes, programme_routes, statement_routes
from portfolio.funding import resources as funding
from portfolio.funding.listing import funded_projects
from portfolio.history import checkpoints, log, log_routes, recorder, retries, rollback, serving
from portfolio.history import routes as history_routes
from portfolio.milestones import resources as milestones
from portfolio.milestones import routes as milestone_routes
from portfolio.organisations import resources as organisations
from portfolio.organisations import routes as organisation_routes
from portfolio.organisations.service import organisation_named
from portfolio.projects import decision_routes, funded
from portfolio.projects import programme_routes as ruhr_routes
from portfolio.projects import resources as projects
from portfolio.projects import routes as project_routes
from portfolio.reports import diff_routes
from portfolio.reports import routes as report_routes
from portfolio.taxonomy import resources as taxonomy
from portfolio.taxonomy import routes as taxonomy_routes
from portfolio.web import discovery, docs, health, page, well_known

gc.freeze()  # nor is it looked through later, with every full collection
gc.enable()

BLUEPRINTS = (
    discovery.blp,
    ruhr_routes.blp,
    taxonomy_routes.blp,
    organisation_routes.blp,
    project_routes.blp,
    decision_routes.blp,
    programme_routes.blp,
    application_routes.blp,
    award_routes.blp,
    ledger_routes.blp,
    statement_routes.blp,
    milestone_routes.blp,
    report_routes.blp,
    log_routes.blp,
    diff_routes.blp,
    sign_in.blp,
    exchange_routes.blp,
)

REGISTER = Register(
    (*taxonomy.KINDS, *organisations.KINDS, *projects.KINDS, *funding.KINDS, *milestones.KINDS), owned="project"
)

EXAMPLES = Path(__file__).with_name("examples.json")
"""Of what each operation takes and answers, recorded from a running register (tests/contract/examples.py)."""
_DESCRIPTION = (
    "The register of the Ruhr-Konferenz of North Rhine-Westphalia: its projects in five action fields, EU and federal "
    "funding applications and what became of them, milestones from 2020 on. Amounts are EUR as text with two "
    "decimals, days are calendar days of Europe/Berlin, instants UTC. Every read takes two clocks: `valid_on` (what "
    "was true in the world) and `known_at` (what the register had been told). Unknown is null and never counted as 0. "
    "A write that is sent again with its `Idempotency-Key` changes nothing and gets the first answer: it is kept for 7 "
    "days, an expired key counts as new. Refusals of an admitted sender are kept as well, failures of ours are not."
)


class _Application(Flask):
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        # None of ours is a coroutine; Flask would look each of the twenty that make an answer over, every time.
        return func


def create_app(settings: Settings | None = None, database: Database | None = None) -> Flask:
    """The application.

    :raises SchemaMismatch: the database is not at this program's schema; `portfolio db upgrade` brings it there.
    """
    settings = settings or read_settings()
    app = _Application(__name__, static_folder=None)
    # What runs after a request runs in the opposite order: the log sees the answer as it is sent.
    logs.install(app)
    database = database or open_database(settings)
    if settings.cache_mib:
        store = Store(reader_of(database), settings.cache_mib << 20)
        event.listen(database.engine, "engine_disposed", lambda _engine: store.clear())
        keeping.prepare(app, keeping.Keeper(store, settings.cors_origins))
    headers.install(app, settings.cors_origins)
    hosts.install(app, settings.host, settings.trusted_hosts)
    sunset.install(app)
    strict.uses_flask(app)
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=0, x_host=0, x_port=0, x_prefix=0
        )
    app.config.update(_api_config())
    migrate.require_newest(database)
    log.require_log(database)
    app.extensions[EXTENSION] = database
    app.extensions[checkpoints.EXTENSION] = checkpoints.Signer(database, settings)
    api = strict.Api(app)
    api.examples_file = EXAMPLES
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    api.register_blueprint(history_routes.install(app, REGISTER, projects.leads_on, settings.threads))
    sign_in.install(app, organisation_named)
    identity.install(app, database, _tokens(settings, database))
    rates.install(app, settings.rates)
    retries.install(app)
    serving.install(app)
    register_problem_handlers(app)
    guard.install(app)
    if settings.cache_mib:
        keeping.install(app)
    funded.is_answered_by(funded_projects)
    app.extensions["portfolio_api"] = api
    for part in (docs, health, page):
        app.register_blueprint(part.blueprint)
    well_known.install(app, settings)
    door = door_of(app, settings.trusted_proxies)
    if door is not None:
        app.wsgi_app = KeptFirst(app.wsgi_app, door)  # type: ignore[assignment]
    return app


def create_intake() -> Intake:
    """What ``portfolio serve`` hands to its server, in each worker process."""
    settings = read_settings()
    app = create_served_app(settings)
    waiters = app.extensions[history_routes.EXTENSION].waiters
    uploads = {exchange_routes.UPLOADS: exchange_routes.LARGEST_FORM}
    door = door_of(app, settings.trusted_proxies)
    return Intake(
        app,
        threads=settings.threads,
        seconds=settings.body_seconds,
        stop=waiters.stop,
        uploads=uploads,
        door=door,
        counters=None if door is None else loop_counters(app.extensions[EXTENSION], door.store),
    )


def create_served_app(settings: Settings | None = None) -> Flask:
    """The application of one worker process, with its log and with what runs beside the requests."""
    settings = settings or read_settings()
    logs.configure(settings.security_log)
    app = create_app(settings)
    for worker in (app.extensions[checkpoints.EXTENSION], app.extensions[usage.EXTENSION]):
        worker.start()
        atexit.register(worker.stop)
    return app


def _tokens(settings: Settings, database: Database) -> identity.Tokens | None:
    oidc = settings.oidc
    if oidc is None:
        return None
    # Only here: what checks signatures takes long to load, and most registers do without.
    from portfolio.access.jwks import KeyCache, provider_keys
    from portfolio.access.tokens import Tokens

    return Tokens(oidc, database, KeyCache(partial(provider_keys, oidc.issuer)), organisation_named)


def open_database(settings: Settings) -> Database:
    """The database of ``settings``, with the recorder and the watch against a rollback in place."""
    database = Database(settings.database_url, statement_timeout_ms=settings.statement_timeout_ms)
    recorder.install(database)
    rollback.watch(database, settings.checkpoint_dir)
    return database


def _api_config() -> dict[str, Any]:
    logging.getLogger("portfolio").setLevel(logging.INFO)
    return {
        "API_TITLE": "Portfolio register of the Ruhr-Konferenz",
        "API_VERSION": VERSION,
        "OPENAPI_VERSION": "3.1.0",
        "PROPAGATE_EXCEPTIONS": False,
        "API_SPEC_OPTIONS": {
            "info": {
                "description": _DESCRIPTION,
                "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
                "contact": {"name": "Portfolio register"},
            },
            "servers": [
                {
                    "url": "/",
                    "description": "The register that this document was read from, local, staging or production.",
                    "x-internal": False,
                }
            ],
            "components": {
                "securitySchemes": {
                    "apiKey": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "An API key (`pk_…`). Public data needs none.",
                    },
                    "accessToken": {
                        "type": "http",
                        "scheme": "bearer",
                        "bearerFormat": "JWT",
                        "description": "An access token (RFC 9068) of the identity provider, where one is connected; "
                        "checked as RFC8725 says.",
                    },
                }
            },
        },
    }
