"""Large answers: whole, and neither a thread nor memory for those who read slowly."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from portfolio.front import intake
from portfolio.front.intake import LARGEST_IN_MEMORY, Intake
from tests.faults.service import kill
from tests.front.large import COUNT, PIECE, SIZE
from tests.postgres import free_port


class Parts:
    """The parts of an answer, which want to be closed."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts, self.closed = iter(parts), 0

    def __iter__(self) -> Iterator[bytes]:
        return self._parts

    def close(self) -> None:
        self.closed += 1


class Request:
    """A request without a body."""

    method, path, query_string, http_version, scheme = "GET", "/v1/things", "", "1.1", "http"
    server, client = "127.0.0.1:80", "127.0.0.1:9"

    class headers:
        keys = staticmethod(list)
        get = staticmethod(lambda name, default=None: default)
        get_all = staticmethod(lambda name: [])


class Protocol:
    """Keeps what is handed over."""

    said: tuple[str, int, Any] = ("nothing", 0, None)

    def response_bytes(self, status: int, _headers: Any, body: bytes) -> None:
        self.said = ("bytes", status, body)

    def response_file(self, status: int, _headers: Any, path: str) -> None:
        self.said = ("file", status, Path(path).read_bytes())


@pytest.fixture(params=[0.0, 60.0], ids=["opened", "ended before"])
def answered(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Parts], tuple[str, int, Any]]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(intake, "_OPENED_WITHIN", request.param)

    def answer(parts: Parts) -> tuple[str, int, Any]:
        def app(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Parts:
            start_response("200 OK", [])
            return parts

        front, protocol = Intake(app, threads=1, seconds=1, stop=lambda: None), Protocol()

        async def ask() -> None:
            await front.__rsgi__(Request(), protocol)  # type: ignore[arg-type]
            await asyncio.sleep(0.05)
            assert len(list(tmp_path.iterdir())) == (request.param > 0 and protocol.said[0] == "file")
            front.__rsgi_del__(asyncio.get_running_loop())

        asyncio.run(ask())
        assert list(tmp_path.iterdir()) == []
        return protocol.said

    return answer


def test_small_ones_are_bytes_and_large_ones_files(answered: Callable[[Parts], tuple[str, int, Any]]) -> None:
    half = os.urandom(LARGEST_IN_MEMORY // 2)
    for given, way in (
        ([], "bytes"),
        ([half, half], "bytes"),
        ([half, half, b"x"], "file"),
        ([half, half, b"x", half], "file"),
        ([half * 3], "file"),
    ):
        parts = Parts(given)
        assert answered(parts) == (way, 200, b"".join(given))
        assert parts.closed == 1


def test_those_that_break_off_are_a_failure(answered: Callable[[Parts], tuple[str, int, Any]]) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * (LARGEST_IN_MEMORY + 1)
        raise OSError("the disk is gone")

    parts = Parts(broken())
    way, status, body = answered(parts)
    assert (way, status, parts.closed) == ("bytes", 500, 1)
    assert b"x" * 100 not in body


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """The port of a server of large answers, and the process of its worker."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.front.large", str(port)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
                break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield port, max(map(int, children))
    finally:
        kill(process)


def _resident(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from Linux' /proc")
def test_slow_readers_hold_neither_memory_nor_threads(server: tuple[int, int]) -> None:
    port, worker = server

    def whole() -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/v1/things")
        with contextlib.closing(connection), connection.getresponse() as answer:
            return answer.read()

    assert whole() == PIECE * COUNT
    before = _resident(worker)
    with contextlib.ExitStack() as slow:
        for _ in range(8):  # more than there are threads
            one = slow.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            one.sendall(b"GET /v1/things HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert one.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert len(whole()) == SIZE
        assert _resident(worker) - before < SIZE // 2
