"""PostgreSQL stops and comes back under load: 503 meanwhile, never 500, and the server goes on by itself."""

from __future__ import annotations

import contextlib
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from portfolio.core.db import Database
from portfolio.exchange.seed import load_seed
from tests.conftest import key_headers, open_register
from tests.faults.accounting import Client, check
from tests.faults.service import Service
from tests.postgres import Server, create_database, running_server

CLIENTS = 4
DOWN = 2.0
BACK_WITHIN = 10.0


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of its own, since it will be stopped."""
    with running_server("synchronous_commit=on") as found:
        yield found


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    found = open_register(create_database(server.dsn(), "register"))
    load_seed(found)
    yield found
    found.dispose()


@pytest.fixture
def service(database: Database, tmp_path: Path) -> Iterator[Service]:
    found = Service(database.url.render_as_string(hide_password=False), tmp_path / "server.log")
    found.start()
    yield found
    found.kill()


class Reader(threading.Thread):
    """Somebody who reads all the time."""

    def __init__(self, service: Service, headers: dict[str, str]) -> None:
        super().__init__()
        self.service, self.headers = service, headers
        self.seen: list[tuple[float, int, float]] = []
        """When each answer came, its status, and how long it took."""
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.is_set():
            began = time.monotonic()
            answer = self.service.ask("GET", "/v1/projects?limit=5", None, self.headers)
            self.seen.append((time.monotonic(), answer.status, time.monotonic() - began))
            if answer.status == 503:
                assert int(answer.headers["Retry-After"]) > 0
            time.sleep(0.01)


@pytest.mark.parametrize("way", [signal.SIGQUIT, signal.SIGINT], ids=["immediate", "fast"])
def test_a_database_that_stops_and_comes_back(service: Service, server: Server, database: Database, way: int) -> None:
    headers = key_headers(database, "coordinator")
    database.dispose()
    readers = [Reader(service, headers if number % 2 else {}) for number in range(CLIENTS)]
    writers = [Client(service, headers, str(number)) for number in range(2)]
    shared = [writers[0].create(), writers[1].create()]
    workers = [threading.Thread(target=writer.work, args=(shared,)) for writer in writers]
    for worker in (*readers, *workers):
        worker.start()
    time.sleep(1)
    server.stop(way)
    time.sleep(DOWN)
    assert service.ask("GET", "/health/live").status == 200
    assert service.ask("GET", "/health/ready").status == 503
    server.start()
    back = time.monotonic()
    while service.ask("GET", "/v1/projects?limit=1").status != 200:
        assert time.monotonic() - back < BACK_WITHIN
    time.sleep(1)
    for reader in readers:
        reader.stop.set()
        reader.join()
    service.kill()
    for worker in workers:
        worker.join()
    seen = [one for reader in readers for one in reader.seen]
    assert {status for _, status, _ in seen} == {200, 503}
    assert max(took for _, _, took in seen) < 5
    assert any(at > back and status == 200 for at, status, _ in seen)
    assert '"status":500' not in service.log.read_text()
    # What was acknowledged is there once; what nobody knows is sent again and then known.
    service.start()
    for writer in writers:
        writer.settle()
    check(database, writers)


def test_a_server_that_accepts_and_never_answers_is_given_up_on() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        database = Database(f"postgresql+psycopg://nobody@127.0.0.1:{deaf.getsockname()[1]}/nothing")
        began = time.monotonic()
        with pytest.raises(sa.exc.OperationalError), database.snapshot() as session:
            session.execute(sa.text("SELECT 1"))
        assert time.monotonic() - began < 5
        database.dispose()


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_file_that_somebody_else_holds_is_busy_and_no_more(seeded: Database, tmp_path: Path) -> None:
    service = Service(seeded.url.render_as_string(hide_password=False), tmp_path / "server.log")
    headers = {**key_headers(seeded, "coordinator"), "Idempotency-Key": "a"}
    body = {"slug": "gesperrt", "title_de": "Gesperrt", "proposed_on": "2026-03-02"}
    service.start()
    try:
        with contextlib.closing(sqlite3.connect(str(seeded.url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            answer = service.ask("POST", "/v1/projects", body, headers, timeout=10)
            assert (answer.status, time.monotonic() - began < 7) == (503, True)
            assert service.ask("GET", "/v1/projects?limit=1", None, headers).status == 200
            other.execute("ROLLBACK")
        assert service.ask("POST", "/v1/projects", body, headers).status == 201
    finally:
        service.kill()
