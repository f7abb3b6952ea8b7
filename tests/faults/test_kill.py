"""kill -9 of the server under writes: what was acknowledged is there, once, in order and provably whole."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portfolio import verify
from portfolio.core.db import Database
from portfolio.history.held import create_key
from tests.conftest import ORIGIN, key_headers
from tests.faults.accounting import Client, check
from tests.faults.service import Service
from tests.history.auditing import source_of

KILLS = 3
FULL_KILLS = 50
CLIENTS = 3


@pytest.fixture
def service(seeded: Database, tmp_path: Path) -> Iterator[Service]:
    """The register with the real projects as a process that signs; gone when the test is over."""
    create_key(tmp_path / "data" / "log.key", ORIGIN)
    found = Service(seeded.url.render_as_string(hide_password=False), tmp_path / "server.log")
    yield found
    found.kill()


def _killed_under_load(service: Service, clients: list[Client], shared: list[str], seconds: float) -> str | None:
    """Let the clients work until the server is killed; the checkpoint it showed before."""
    workers = [threading.Thread(target=client.work, args=(shared,)) for client in clients]
    for worker in workers:
        worker.start()
    time.sleep(seconds)
    checkpoint = service.ask("GET", "/v1/log/checkpoint")
    service.kill()
    for worker in workers:
        worker.join()
    return checkpoint.data.decode() if checkpoint.status == 200 else None


@pytest.mark.large
def test_every_answer_holds_after_kills_under_load(
    service: Service, seeded: Database, scale: bool, tmp_path: Path
) -> None:
    headers = key_headers(seeded, "coordinator")
    service.environment["PORTFOLIO_CHECKPOINT_SECONDS"] = "0.4"
    clients = [Client(service, headers, str(number)) for number in range(CLIENTS)]
    shared, held = [], set()
    for turn in range(FULL_KILLS if scale else KILLS):
        service.start()
        for client in clients:
            client.settle()
        shared = shared or [clients[0].create(), clients[1].create()]
        before = _count(clients)
        held.add(_killed_under_load(service, clients, shared, 0.4 + 0.05 * (turn % 7)))
        assert _count(clients) > before, service.log.read_text()[-1000:]
    service.start()
    for client in clients:
        client.settle()
    service.kill()
    check(seeded, clients)
    trusted = tmp_path / "held.txt"
    trusted.write_text("".join(note for note in held if note), encoding="utf-8")
    report = verify.verify(source_of(seeded, tmp_path / "dump"), tmp_path / "data" / "log.pub", [trusted])
    assert (report.findings, report.exit_code) == ([], 0), verify.as_text(report)


def _count(clients: list[Client]) -> int:
    return sum(write.is_done for client in clients for write in client.writes)


def test_sigterm_ends_the_server_in_good_order(service: Service, tmp_path: Path) -> None:
    service.start()
    assert service.process is not None
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(25) == 0
    assert (tmp_path / "data" / "checkpoints" / "1.txt").exists()  # signed long before it was due
    service.start()
    assert service.ask("GET", "/v1/reports/portfolio").status == 200


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="workers are found in Linux' /proc")
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_sigterm_reaches_a_worker_that_still_loads(service: Service) -> None:
    service.start()
    assert service.process is not None
    (worker,) = _workers(service.process.pid)
    os.kill(worker, signal.SIGKILL)
    while not set(_workers(service.process.pid)) - {worker}:
        assert service.process.poll() is None
        time.sleep(0.01)
    service.process.send_signal(signal.SIGTERM)
    # The server gives up on a worker after 15 s.
    assert service.process.wait(12) == 0, service.log.read_text()[-1000:]


def _workers(process: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
