"""The servers that are measured, each a process of its own on one core: the register and its peers."""

from __future__ import annotations

import http.client
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.postgres import free_port

REGISTER, MISS, NAIVE, FASTAPI, LITESTAR = "register", "register-miss", "naive", "fastapi", "litestar"
REVISION, FINISHED = "revision", "finished"
OURS = (REGISTER, MISS)
_THREADS = 8
_TICKS = os.sysconf("SC_CLK_TCK")
SERVER_CORE, LOAD_CORE = {0}, {1}
_PATIENCE = 300
_UNHURRIED = {"PORTFOLIO_RATE_REQUESTS": "100000000", "PORTFOLIO_STATEMENT_TIMEOUT_MS": str(_PATIENCE * 1000)}
"""What is slow is to be measured, not refused."""


@dataclass(frozen=True)
class Kind:
    """How a server is started, and what its row says."""

    name: str
    title: str
    how: tuple[str, ...]
    needs: tuple[str, ...] = ()
    writes: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)

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

_SERVE = ("-m", "portfolio", "serve")

KINDS = (
    Kind(REGISTER, "the register (`portfolio serve`, granian RSGI)", _SERVE),
    Kind(
        MISS,
        "the same with PORTFOLIO_CACHE_MIB=0: every answer is computed",
        _SERVE,
        writes=False,
        settings={"PORTFOLIO_CACHE_MIB": "0"},
    ),
    Kind(NAIVE, "naive flask-smorest, ORM, marshmallow (granian WSGI)", _granian("wsgi", "naive")),
    Kind(
        FASTAPI,
        "FastAPI, Pydantic, asynchronous ORM (uvicorn, uvloop)",
        _UVICORN,
        ("fastapi", "uvicorn", "uvloop", "httptools", "aiosqlite", "greenlet"),
    ),
    Kind(
        LITESTAR,
        "Litestar, msgspec, raw SQL (granian ASGI)",
        _granian("asgi", "litestar_sql"),
        ("litestar", "msgspec"),
    ),
    Kind(REVISION, "one SELECT revision, then finished bytes (granian WSGI)", _granian("wsgi", "revision")),
    Kind(FINISHED, "finished bytes (granian WSGI)", _granian("wsgi", "finished"), writes=False),
)


class Running:
    """A server that was started here."""

    def __init__(self, kind: Kind, url: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.kind, self.url, self.port, self.process, self.log = kind, url, port, process, log

    def get(self, target: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[str, bytes]:
        """The ETag and the body of an answer.

        :raises RuntimeError: it is not a 200.
        """
        head, found = self._ask(target, method, body, headers, _PATIENCE)
        return head.get("ETag", ""), found

    def revision(self, target: str) -> int:
        """The revision that the register answers ``target`` from."""
        return int(self._ask(target, "GET", None, {}, _PATIENCE)[0]["Register-Revision"])

    def _ask(
        self, target: str, method: str, body: bytes | None, headers: Mapping[str, str], patience: float
    ) -> tuple[http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, target, body, named)
            answer = connection.getresponse()
            found = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{self.kind.name}: {method} {target} answers {answer.status}: {found[:500]!r}")
        return answer.headers, found

    def body(self, target: str, *, patience: float = _PATIENCE) -> bytes:
        """The body of an answer.

        :raises TimeoutError: it does not come within so many seconds.
        """
        return self._ask(target, "GET", None, {}, patience)[1]

    def cpu(self) -> float:
        """CPU seconds of it and of its workers until now."""
        return sum(_ticks(pid) for pid in _family(self.process.pid)) / _TICKS

    def family(self) -> list[int]:
        """Its process, then those of its workers."""
        return _family(self.process.pid)

    def memory(self) -> list[Memory]:
        """Of it, then of its workers."""
        return [_memory(pid) for pid in _family(self.process.pid)]

    def reset_peak(self) -> float:
        """Forget the largest sizes so far; MiB that are held now."""
        for pid in _family(self.process.pid):
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        return self.peak()

    def peak(self) -> float:
        """The largest size since then, MiB of all its processes."""
        return sum(peak_of(pid) for pid in _family(self.process.pid))

    def wait(self, target: str) -> None:
        """:raises RuntimeError: it ended, or does not answer."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.get(target)
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"{self.kind.name} did not start: {self.log.read_text()[-2000:]}")

    def kill(self) -> None:
        """At once, with its workers: one that computes for minutes does not listen."""
        for pid in reversed(_family(self.process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """End it, where it has not ended already."""
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
    own = {"PORTFOLIO_PORT": str(port), **_UNHURRIED, **kind.settings}
    with log.open("wb") as said:
        pin(SERVER_CORE)  # which the new process inherits
        process = subprocess.Popen(command, stdout=said, stderr=said, env={**os.environ, **environment, **own})
        pin(LOAD_CORE)
    server = Running(kind, environment["BENCH_DATABASE_URL"], port, process, log)
    try:
        yield server
    finally:
        server.stop()


@dataclass(frozen=True)
class Memory:
    """MiB of one process: what it holds, and what of that counts as its own where pages are shared."""

    resident: float
    proportional: float


def _memory(pid: int) -> Memory:
    lines = [line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()]
    found = {line[0]: int(line[1]) / 1024 for line in lines if line[0] in ("Rss:", "Pss:")}
    return Memory(found["Rss:"], found["Pss:"])


def peak_of(pid: int) -> float:
    """The largest size of a process, MiB; ``ru_maxrss`` would begin with that of the process which started it."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


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
