"""What the database refuses to wait for or to do is 503 with Retry-After, soon, and over when its cause is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portfolio.core.db import Database
from portfolio.exchange.seed import load_seed
from portfolio.history import recorder
from tests.access.world import World
from tests.conftest import make_app, open_register
from tests.postgres import Server, create_database, running_server

PATH = "/v1/projects?limit=1"
postgresql = pytest.mark.parametrize("engine_name", ["postgresql"])


@contextmanager
def besides(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """Somebody else at the same database."""
    dsn = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn) as connection:
        yield connection


def busy(answer: TestResponse, began: float, seconds: float) -> None:
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert time.monotonic() - began < seconds


def test_a_pool_that_is_used_up(client: FlaskClient, seeded: Database) -> None:
    with ExitStack() as held:
        for _ in range(20):
            held.enter_context(seeded.engine.connect())
        began = time.monotonic()
        busy(client.get(PATH), began, 3)
        assert client.get("/health/live").status_code == 200
    assert client.get(PATH).status_code == 200


@postgresql
def test_a_statement_that_takes_too_long(seeded: Database) -> None:
    url = seeded.url.render_as_string(hide_password=False)
    hasty = Database(url, statement_timeout_ms=200)
    recorder.install(hasty)
    client = make_app(hasty).test_client()
    with besides(seeded) as other:
        other.execute("LOCK TABLE project IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        busy(client.get(PATH), began, 2)
    assert client.get(PATH).status_code == 200
    hasty.dispose()


@postgresql
def test_a_record_that_somebody_else_holds(seeded: Database) -> None:
    world = World(seeded)
    path = world.project()
    tag = world.etag(path)
    with besides(seeded) as other:
        other.execute("SELECT 1 FROM project WHERE slug = %s FOR UPDATE", [path.rpartition("/")[2]])
        began = time.monotonic()
        busy(world.client.patch(path, json={"summary_en": "x"}, headers={**world.coordinator, **tag}), began, 7)
    again = world.client.patch(path, json={"summary_en": "x"}, headers={**world.coordinator, **tag})
    assert again.status_code == 200


def test_a_server_that_became_a_standby() -> None:
    body = {"slug": "neu", "title_de": "Neu", "proposed_on": "2026-03-02"}
    with running_server() as server:
        database = open_register(create_database(server.dsn(), "register"))
        load_seed(database)
        world = World(database)
        _restart(server, database, standby=True)
        busy(world.client.post("/v1/projects", json=body, headers=world.coordinator), time.monotonic(), 2)
        assert world.client.get(PATH, headers=world.coordinator).status_code == 200
        _restart(server, database, standby=False)
        assert world.client.post("/v1/projects", json=body, headers=world.coordinator).status_code == 201
        database.dispose()


def _restart(server: Server, database: Database, *, standby: bool) -> None:
    """Start the server as one that only follows another, or as itself again."""
    database.dispose()
    server.stop()
    signal_file = server.data / "standby.signal"
    if standby:
        signal_file.touch()
    else:
        signal_file.unlink()
    server.start()


@postgresql
def test_a_connection_that_was_ended_from_outside(client: FlaskClient, seeded: Database) -> None:
    assert client.get(PATH).status_code == 200
    with besides(seeded) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [seeded.url.database],
        )
    assert client.get(PATH).status_code == 200  # noticed before it is used
