"""The servers that are measured, each a process of its own on one core: the register and its peers."""

from __future__ import annotations

import http.client
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.postgres import free_port

REGISTER, NAIVE, FASTAPI = "register", "naive", "fastapi"
_THREADS = 8
_TICKS = os.sysconf("SC_CLK_TCK")
SERVER_CORE, LOAD_CORE = {0}, {1}


@dataclass(frozen=True)
class Kind:
    """How a server is started, and what its row says."""

    name: str
    title: str
    how: tuple[str, ...]
    needs: tuple[str, ...] = ()
    writes: bool = True

    def missing(self) -> list[str]:
        return [name for name in self.needs if importlib.util.find_spec(name) is None]


def _granian(interface: str, module: str) -> tuple[str, ...]:
    threads = ("--blocking-threads", str(_THREADS)) if interface == "wsgi" else ()
    server = ("-m", "granian", "--interface", interface, "--factory", "--workers", "1", "--no-ws", "--http", "1")
    where = ("--log-level", "warning", "--host", "127.0.0.1", "--port", "{port}")
    return (*server, *threads, *where, f"benchmarks.peers.{module}:create_app")


_UVICORN = (
    *("-m", "uvicorn", "--factory", "--host", "127.0.0.1", "--port", "{port}", "--log-level", "warning"),
    *("--no-access-log", "--loop", "uvloop", "--http", "httptools", "benchmarks.peers.fastapi_orm:create_app"),
)

KINDS = (
    Kind(REGISTER, "the register (`portfolio serve`, granian RSGI)", ("-m", "portfolio", "serve")),
    Kind(NAIVE, "naive flask-smorest, ORM, marshmallow (granian WSGI)", _granian("wsgi", "naive")),
    Kind(
        FASTAPI,
        "FastAPI, Pydantic, asynchronous ORM (uvicorn, uvloop)",
        _UVICORN,
        ("fastapi", "uvicorn", "uvloop", "httptools", "aiosqlite", "greenlet"),
    ),
    Kind(
        "litestar",
        "Litestar, msgspec, raw SQL (granian ASGI)",
        _granian("asgi", "litestar_sql"),
        ("litestar", "msgspec"),
    ),
    Kind("revision", "one SELECT revision, then finished bytes (granian WSGI)", _granian("wsgi", "revision")),
    Kind("finished", "finished bytes (granian WSGI)", _granian("wsgi", "finished"), writes=False),
)


class Running:
    """A server that was started here."""

    def __init__(self, kind: Kind, url: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.kind, self.url, self.port, self.process, self.log = kind, url, port, process, log

    def get(self, target: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[str, bytes]:
        """The ETag and the body of an answer.

        :raises RuntimeError: it is not a 200.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, target, body, named)
            answer = connection.getresponse()
            found = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{self.kind.name}: {method} {target} answers {answer.status}: {found[:500]!r}")
        return answer.getheader("ETag", ""), found

    def body(self, target: str) -> bytes:
        return self.get(target)[1]

    def cpu(self) -> float:
        """CPU seconds of it and of its workers until now."""
        return sum(_ticks(pid) for pid in _family(self.process.pid)) / _TICKS

    def wait(self, target: str) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.get(target)
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"{self.kind.name} did not start: {self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)


@contextmanager
def running(kind: Kind, folder: Path, environment: dict[str, str]) -> Iterator[Running]:
    """The server, until the block ends."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", *(part.format(port=port) for part in kind.how)]
    log = folder / f"{kind.name}.log"
    settings = {**os.environ, **environment, "PORTFOLIO_PORT": str(port), "PORTFOLIO_RATE_REQUESTS": "100000000"}
    with log.open("wb") as said:
        pin(SERVER_CORE)  # which the new process inherits
        process = subprocess.Popen(command, stdout=said, stderr=said, env=settings)
        pin(LOAD_CORE)
    server = Running(kind, environment["BENCH_DATABASE_URL"], port, process, log)
    try:
        yield server
    finally:
        server.stop()


def pin(cores: set[int]) -> None:
    """Run on these cores only, where there are as many."""
    if max(cores) < (os.cpu_count() or 1):
        os.sched_setaffinity(0, cores)


def _family(pid: int) -> list[int]:
    children: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children += map(int, thread.read_text().split())
        except OSError:  # the thread or the process is gone
            continue
    return [pid, *(one for child in children for one in _family(child))]


def _ticks(pid: int) -> int:
    # After the name, which may hold anything: state is field 3; utime and stime are fields 14 and 15.
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0
    return int(fields[11]) + int(fields[12])
