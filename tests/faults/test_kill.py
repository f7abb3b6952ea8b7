"""kill -9 of the server under writes: what was acknowledged is there, numbered without a gap, chained and whole."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from portfolio.core.db import Database
from portfolio.history.held import create_key
from portfolio.history.merkle import root_of
from portfolio.history.models import Change, LogHead, Revision
from portfolio.projects.models import Project
from tests.conftest import ORIGIN, key_headers

KILLS = 3
FULL_KILLS = 50


def _free_port() -> int:
    for port in range(12000 + os.getpid() % 6000, 19000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


class Service:
    """The register as its own process group."""

    def __init__(self, url: str, log: Path) -> None:
        self.port = _free_port()
        self.environment = {**os.environ, "PORTFOLIO_DATABASE_URL": url, "PORTFOLIO_PORT": str(self.port)}
        self.log = log

    def start(self) -> None:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portfolio", "serve"],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if self.ask("GET", "/health/ready", None, {})[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(self.log.read_text()[-1000:])

    def ask(self, method: str, path: str, body: object, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


class Ledger:
    """What the clients were told: each marker's answer, and those whose outcome nobody knows."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, bytes] = {}
        self.unknown: list[str] = []


def _propose(service: Service, headers: dict[str, str], slug: str) -> tuple[int, bytes]:
    body = {"slug": slug, "title_de": slug, "proposed_on": "2026-03-02"}
    return service.ask("POST", "/v1/projects", body, {**headers, "Idempotency-Key": slug})


def _write(service: Service, headers: dict[str, str], worker: int, turn: int, ledger: Ledger) -> None:
    for number in range(10_000):
        slug = f"k{turn}-{worker}-{number}"
        try:
            status, answer = _propose(service, headers, slug)
        except (OSError, http.client.HTTPException):
            ledger.unknown.append(slug)
            return
        if status == 201:
            ledger.acknowledged[slug] = answer


def _settle(service: Service, headers: dict[str, str], ledger: Ledger) -> None:
    """Send again what is unknown, with its key; what was acknowledged last gets the same answer again."""
    for slug in ledger.unknown:
        status, ledger.acknowledged[slug] = _propose(service, headers, slug)
        assert status == 201, (slug, ledger.acknowledged[slug])
    ledger.unknown.clear()
    for slug in list(ledger.acknowledged)[-5:]:
        assert _propose(service, headers, slug) == (201, ledger.acknowledged[slug])


def _check_log(database: Database) -> None:
    with database.snapshot() as session:
        head = session.scalars(sa.select(LogHead)).one()
        previous = "0" * 64
        revisions = session.scalars(sa.select(Revision).order_by(Revision.rev)).all()
        bodies: dict[int, list[bytes]] = {}
        for change in session.scalars(sa.select(Change).order_by(Change.rev, Change.seq)):
            bodies.setdefault(change.rev, []).append(change.body.encode())
        for number, revision in enumerate(revisions, start=1):
            header = json.loads(revision.header)
            assert (revision.rev, header["rev"], header["prev"]) == (number, number, previous)
            assert revision.leaf == hashlib.sha256(b"\0" + revision.header.encode()).digest()
            assert (header["n"], header["changes"]) == (len(bodies[number]), root_of(bodies[number]).hex())
            previous = revision.leaf.hex()
        assert (head.size, head.last_leaf.hex()) == (len(revisions), previous)


@pytest.mark.large
def test_loses_nothing_that_was_acknowledged(seeded: Database, scale: bool, tmp_path: Path) -> None:
    headers = key_headers(seeded, "coordinator")
    url = seeded.url.render_as_string(hide_password=False)
    service = Service(url, tmp_path / "server.log")
    ledger = Ledger()
    for turn in range(FULL_KILLS if scale else KILLS):
        service.start()
        _settle(service, headers, ledger)
        before = len(ledger.acknowledged)
        workers = [
            threading.Thread(target=_write, args=(service, headers, worker, turn, ledger)) for worker in range(3)
        ]
        for worker in workers:
            worker.start()
        time.sleep(0.4 + 0.05 * (turn % 7))
        service.kill()
        for worker in workers:
            worker.join()
        assert len(ledger.acknowledged) > before, service.log.read_text()[-1000:]
    service.start()
    _settle(service, headers, ledger)
    service.kill()
    with seeded.snapshot() as session:
        stored = {project.slug: project for project in session.scalars(sa.select(Project))}
    marked = {slug for slug in stored if slug.startswith("k") and slug.count("-") == 2 and slug[1].isdigit()}
    assert marked == set(ledger.acknowledged)  # nothing lost, and nothing that nobody was told of
    for slug, answer in ledger.acknowledged.items():
        told = json.loads(answer)
        assert (str(stored[slug].id), stored[slug].version) == (told["id"], told["version"])
    _check_log(seeded)


def test_sigterm_ends_the_server_in_good_order(seeded: Database, tmp_path: Path) -> None:
    service = Service(seeded.url.render_as_string(hide_password=False), tmp_path / "server.log")
    create_key(tmp_path / "data" / "log.key", ORIGIN)
    service.start()
    try:
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(25) == 0
        assert (tmp_path / "data" / "checkpoints" / "1.txt").exists()  # signed long before it was due
        service.start()
        assert service.ask("GET", "/v1/reports/portfolio", None, {})[0] == 200
    finally:
        service.kill()
