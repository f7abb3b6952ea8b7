"""Clients that stall, drip or never read, against a real server: nobody else waits for them."""

from __future__ import annotations

import contextlib
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portfolio.core.db import Database
from tests.conftest import key_headers
from tests.faults.service import Service

SECONDS = 3.0
"""What the server allows for a body here; ten by default."""
_HEAD = (
    "POST /v1/projects HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: a\r\n"
    "Authorization: {key}\r\nContent-Length: 4000\r\n\r\n"
)


@pytest.fixture
def key(seeded: Database) -> str:
    return key_headers(seeded, "coordinator")["Authorization"]


@pytest.fixture
def service(seeded: Database, tmp_path: Path) -> Iterator[Service]:
    found = Service(
        seeded.url.render_as_string(hide_password=False),
        tmp_path / "server.log",
        PORTFOLIO_BODY_SECONDS=str(SECONDS),
        PORTFOLIO_RATE_REQUESTS="1000000",
    )
    found.start()
    yield found
    found.kill()


@contextlib.contextmanager
def connected(service: Service, count: int, begin: bytes) -> Iterator[list[socket.socket]]:
    """So many connections on which ``begin`` was sent."""
    with contextlib.ExitStack() as stack:
        found = []
        for _ in range(count):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", service.port), timeout=20))
            one.sendall(begin)
            found.append(one)
        yield found


def _p99(times: list[float]) -> float:
    return sorted(times)[math.ceil(len(times) * 0.99) - 1]


def _ask_meanwhile(service: Service, key: str, until: Callable[[], bool]) -> list[float]:
    """How long other people's reads and writes take."""
    times: list[float] = []
    failed: list[str] = []

    def work(number: int) -> None:
        count = 0
        while not until():
            began = time.monotonic()
            if number == 0:
                body = {"slug": f"langsam-{count}", "title_de": "Langsam", "proposed_on": "2026-03-02"}
                answer = service.ask(
                    "POST", "/v1/projects", body, {"Authorization": key, "Idempotency-Key": f"w{count}"}
                )
            else:
                answer = service.ask("GET", f"/v1/projects?limit={1 + count % 20}")
            times.append(time.monotonic() - began)
            if answer.status not in (200, 201):
                failed.append(f"{answer.status} {answer.data[:200]!r}")
            count += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    return times


@pytest.mark.parametrize(("engine_name", "count"), [("sqlite", 50), ("postgresql", 50), ("sqlite", 200)])
def test_stalled_bodies_hold_nobody_up(service: Service, key: str, count: int) -> None:
    begun = _HEAD.format(key=key).encode() + b'{"slug": "nie'
    with connected(service, count, begun) as stalled:
        began = time.monotonic()
        times = _ask_meanwhile(service, key, lambda: time.monotonic() - began > SECONDS + 0.5)
        assert len(times) > 50
        assert _p99(times) < 1
        for one in stalled:
            answer = one.recv(4096)
            assert answer.startswith(b"HTTP/1.1 408 "), answer[:100]
            assert b"application/problem+json" in answer
            assert one.recv(4096) == b""  # closed


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_dripping_bodies_are_cut_off(service: Service, key: str) -> None:
    with connected(service, 50, _HEAD.format(key=key).encode()) as dripping:
        began = time.monotonic()
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.5):
                for one in dripping:
                    with contextlib.suppress(OSError):
                        one.sendall(b" ")

        thread = threading.Thread(target=drip)
        thread.start()
        times = _ask_meanwhile(service, key, lambda: time.monotonic() - began > SECONDS + 1)
        stop.set()
        thread.join()
        assert _p99(times) < 1
        assert all(one.recv(4096).startswith(b"HTTP/1.1 408 ") for one in dripping)


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    "begin",
    [
        pytest.param(b"GET /v1/projects HTTP/1.1\r\nHost: loc", id="headers that never end"),
        pytest.param(b"GET /v1/projects?limit=200 HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50, id="answers never read"),
    ],
)
def test_other_ways_to_dawdle(service: Service, key: str, begin: bytes) -> None:
    with connected(service, 50, begin):
        began = time.monotonic()
        times = _ask_meanwhile(service, key, lambda: time.monotonic() - began > 2)
        # Fifty readers asked for 2 500 whole lists; that work is real and takes its time.
        assert sorted(times)[len(times) // 2] < (1 if begin.endswith(b"loc") else 5)


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestBodies:
    def test_that_end_early_write_nothing(self, service: Service, key: str) -> None:
        body = b'{"slug": "halb", "title_de": "Halb", "proposed_on": "2026-03-02"}'
        with connected(service, 1, _HEAD.format(key=key).encode() + body) as (one,):
            one.shutdown(socket.SHUT_WR)
            assert b" 201 " not in one.recv(4096)
        assert service.ask("GET", "/v1/projects/halb").status == 404

    @pytest.mark.parametrize("stated", [True, False])
    def test_that_are_too_large_are_refused(self, service: Service, key: str, stated: bool) -> None:
        length = "Content-Length: 1048577" if stated else "Transfer-Encoding: chunked"
        head = _HEAD.format(key=key).replace("Content-Length: 4000", length).encode()
        with connected(service, 1, head) as (one,):
            with contextlib.suppress(OSError):
                for _ in range(0 if stated else 17):
                    one.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
            assert one.recv(4096).startswith(b"HTTP/1.1 413 ")

    def test_in_chunks_are_whole(self, service: Service, key: str) -> None:
        body = b'{"slug": "teile", "title_de": "Teile", "proposed_on": "2026-03-02"}'
        head = _HEAD.format(key=key).replace("Content-Length: 4000", "Transfer-Encoding: chunked").encode()
        parts = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:9], body[9:])) + b"0\r\n\r\n"
        with connected(service, 1, head + parts) as (one,):
            assert one.recv(4096).startswith(b"HTTP/1.1 201 ")

    def test_with_headers_beyond_ascii_are_refused(self, service: Service, key: str) -> None:
        head = b"GET /v1/projects HTTP/1.1\r\nHost: localhost\r\nChange-Reason: \xc3\xa4\r\n\r\n"
        with connected(service, 1, head) as (one,):
            answer = one.recv(4096)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"change-reason holds other characters than ASCII" in answer
