"""What it takes to have the register running: imports, time until it is ready, memory of a worker."""

from __future__ import annotations

import os
import sys
import time

from benchmarks import load
from benchmarks.findings import Finding, Part, grid, spaced
from benchmarks.servers import KINDS, Memory, running
from benchmarks.stand import LIST, READS, REAL, Options, Stand

APP = "import portfolio.app"
BARE = "import flask, flask_smorest, sqlalchemy.orm, psycopg, marshmallow"
_AS_INSTALLED = "import sys; sys.modules['rich'] = None; "
"""structlog loads rich where it is: beside the tools of the tests, and not with the register."""
_REQUESTS = 1000


def imports(*, rounds: int) -> Part:
    """CPU of importing the application against what it is made of, each in fresh processes."""
    found: dict[str, list[float]] = {APP: [], BARE: []}
    for turn in range(rounds + 1):
        for statement, seconds in found.items():
            spent = _cpu_of(statement)
            if turn:  # the first one fills the disk's cache
                seconds.append(spent)
    app, bare = (min(found[one]) for one in (APP, BARE))  # whatever else the machine does only adds to it
    part = Part("Imports")
    part.lines = grid(["", "CPU ms"], [[f"`{APP}`", spaced(app * 1000)], [f"`{BARE}`", spaced(bare * 1000)]])
    part.findings = [Finding("import time ÷ the bare dependencies'", "", 0, app / bare)]
    return part


def _cpu_of(statement: str) -> float:
    # Clearing up at the end is no part of it.
    program = f"{_AS_INSTALLED}{statement}; import os; os._exit(0)"
    command = [sys.executable, "-W", "ignore", "-c", program]
    pid = os.posix_spawn(sys.executable, command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"{statement!r} ended with {status}.")
    return usage.ru_utime + usage.ru_stime


def worker(stand: Stand, options: Options) -> Part:
    """Time until ready and memory of a further server over the same register."""
    part = Part("Start and memory")
    environment = {
        "PORTFOLIO_DATA_DIR": str(stand.settings.data_dir),
        "PORTFOLIO_DATABASE_URL": stand.url,
        "PORTFOLIO_MIGRATION_URL": stand.url,
        "BENCH_DATABASE_URL": stand.url,
    }
    (stand.folder / "further").mkdir(exist_ok=True)
    began = time.perf_counter()
    with running(KINDS[0], stand.folder / "further", environment) as server:
        server.wait("/health/ready")
        ready = time.perf_counter() - began
        server.body(LIST)
        at_first = server.memory()
        # In a large register the summary may take seconds.
        targets = [target for job, (target, _) in READS.items() if job != "summary" or stand.projects == REAL]
        done = 0
        while done < _REQUESTS:
            done += load.read_with_sockets(server.port, targets, 0.5, options.connections).requests
        later = server.memory()
    largest = _largest(later)
    part.lines = grid(
        ["", "ready, ms", "worker after start, MiB RSS (PSS)", "after 1 000 requests", "the process above it"],
        [[stand.engine, spaced(ready * 1000), _told(_largest(at_first)), _told(largest), _told(later[0])]],
    )
    part.findings = [Finding("worker, MiB", stand.engine, stand.projects, largest.resident)]
    return part


def _largest(family: list[Memory]) -> Memory:
    return max(family[1:] or family, key=lambda one: one.resident)


def _told(memory: Memory) -> str:
    return f"{memory.resident:.0f} ({memory.proportional:.0f})"
