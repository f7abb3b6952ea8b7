"""``python -m benchmarks.side_by_side``: the register's endpoints beside small peers, in interleaved rounds of one run.

Every server is a process on one core, requests come from another, each server has its own copy of one seeded database.
A round checks that all answer the same (:mod:`benchmarks.sameness`), then gives each server a short slice of each
job, in an order that turns from round to round. Medians over the rounds; only ratios of one run mean anything.
"""

from __future__ import annotations

import argparse
import json
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from benchmarks import load, results, sameness
from benchmarks.filling import fill
from benchmarks.registers import prepare, settings_in
from benchmarks.servers import KINDS, LOAD_CORE, REGISTER, Kind, Running, pin, running
from portfolio.core.columns import Identifier
from portfolio.core.settings import Settings
from tests.postgres import create_database, running_server

LIST, RECORD = "/v1/projects", "/v1/projects/oepnv-initiative"
PATCH = "PATCH"
READS: dict[str, tuple[str, Callable[[bytes], Any]]] = {
    "list": (LIST, sameness.of_list),
    "record": (RECORD, sameness.of_record),
    "summary": (sameness.GROUPED, sameness.of_summary),
}
REAL = 74
JOBS = (*READS, PATCH)
ENGINES = ("sqlite", "postgresql")
_WRITERS = {"sqlite": 1, "postgresql": 4}


@dataclass
class Measured:
    """The slices of one server in one job."""

    rates: list[float] = field(default_factory=list)
    requests: int = 0
    seconds: float = 0.0
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    @property
    def cpu_microseconds(self) -> float:
        return self.cpu / self.requests * 1_000_000

    @property
    def busy(self) -> float:
        """The share of the core that it had."""
        return self.cpu / self.seconds


Table = dict[str, dict[str, Measured]]
"""By server, then by job."""


@dataclass(frozen=True)
class Options:
    rounds: int
    seconds: int
    connections: int
    projects: int
    wrk: bool


@contextmanager
def databases(engine: str, folder: Path, projects: int) -> Iterator[tuple[Settings, str, Callable[[str], str]]]:
    """A seeded register, the secret of its coordinator, and how to copy its database for a server."""
    if engine == "sqlite":
        source = folder / "register.sqlite"
        settings = settings_in(folder, f"sqlite:///{source}")
        yield settings, _filled(settings, projects), lambda name: _copied(source, folder / f"{name}-copy.sqlite")
        return
    with running_server("fsync=on", "synchronous_commit=on", "full_page_writes=on") as server:
        dsn = server.dsn()
        settings = settings_in(folder, create_database(dsn, "seeded"))
        yield settings, _filled(settings, projects), lambda name: create_database(dsn, f"copy_{name}", "seeded")


def _filled(settings: Settings, projects: int) -> str:
    secret = prepare(settings)
    if projects > REAL:
        fill(settings.database_url, projects)
    return secret


def _copied(source: Path, target: Path) -> str:
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode = WAL")
    return f"sqlite:///{target}"


def measure(engine: str, options: Options, kinds: list[Kind]) -> Table:
    """All rounds on one engine."""
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        settings, secret, copy = stack.enter_context(databases(engine, folder, options.projects))
        answers = folder / "answers"
        answers.mkdir()
        servers = []
        for kind in kinds:
            environment = {
                "PORTFOLIO_DATA_DIR": str(settings.data_dir),
                "PORTFOLIO_DATABASE_URL": (url := copy(kind.name)),
                "PORTFOLIO_MIGRATION_URL": url,
                "BENCH_DATABASE_URL": url,
                "BENCH_ANSWERS": str(answers),
            }
            server = stack.enter_context(running(kind, folder, environment))
            server.wait(LIST)
            if kind.name == REGISTER:
                keep_answers(server.body, answers)
            servers.append(server)
        return _rounds(engine, options, servers, secret)


def keep_answers(ask: Callable[[str], bytes], folder: Path) -> None:
    """The register's own bytes, for the peers that only hand them out; they look at the path alone."""
    for target, _ in READS.values():
        (folder / target.partition("?")[0].replace("/", "~")).write_bytes(ask(target))


def _rounds(engine: str, options: Options, servers: list[Running], secret: str) -> Table:
    table: Table = {server.kind.name: {job: Measured() for job in JOBS} for server in servers}
    paths = _milestones(servers[0], _WRITERS[engine])
    for turn in range(options.rounds + 1):
        require_same(servers, paths[0], secret)
        for job in JOBS:
            for server in servers[turn % len(servers) :] + servers[: turn % len(servers)]:
                if job in READS or server.kind.writes:
                    # Turn 0 warms up: it is measured like the others, and left out.
                    _slice(table[server.kind.name][job] if turn else Measured(), options, server, job, paths, secret)
        print(f"{engine}: round {turn} of {options.rounds}" if turn else f"{engine}: warm", flush=True)
    return table


def _slice(kept: Measured, options: Options, server: Running, job: str, paths: list[str], secret: str) -> None:
    tags = {} if job in READS else {path: _tag(server, path) for path in paths}
    before = server.cpu()
    if job in READS:
        found = load.read(server.port, READS[job][0], options.seconds, options.connections, wrk=options.wrk)
    else:
        found = load.patch(server.port, tags, secret, options.seconds)
    kept.cpu += server.cpu() - before
    kept.requests += found.requests
    kept.seconds += found.seconds
    kept.rates.append(found.requests / found.seconds)


def _milestones(register: Running, count: int) -> list[str]:
    """Paths of milestones to change, of a project that the reads do not show."""
    items = json.loads(register.get("/v1/milestones?limit=200")[1])["items"]
    others = [f"/v1/milestones/{item['id']}" for item in items if item["project"] != RECORD.rpartition("/")[2]]
    return others[:count]


def _tag(server: Running, path: str) -> str:
    """The ETag of a milestone; the peers have none and ask for none."""
    return server.get(path)[0] if server.kind.name == REGISTER else '"0"'


def require_same(servers: list[Running], milestone: str, secret: str) -> None:
    """Every server answers what the register answers.

    :raises SystemExit: one does not.
    """
    for job, (target, compared) in READS.items():
        require_equal(job, {one.kind.name: compared(one.body(target)) for one in servers})
    found = {}
    for server in servers:
        if server.kind.writes:
            body = _changed(server, milestone, secret)
            if server.kind.name != "revision":  # which reads nothing back
                found[server.kind.name] = {**sameness.of_milestone(body), "evidence": None}
    require_equal(PATCH, found)


def _changed(server: Running, path: str, secret: str) -> bytes:
    """What a server answers to a change of a milestone, which is committed.

    :raises SystemExit: it is not in the database, or not in the answer.
    """
    evidence = f"Abgleich {time.time_ns()}"
    headers = {"If_Match": _tag(server, path), "Authorization": f"Bearer {secret}"}
    headers["Content_Type"] = "application/merge-patch+json"
    answer = server.get(path, "PATCH", json.dumps({"evidence": evidence}).encode(), **headers)[1]
    table = sa.table("milestone", sa.column("evidence"), sa.column("id", Identifier))
    engine = sa.create_engine(server.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        stored = connection.scalar(sa.select(table.c.evidence).where(table.c.id == UUID(path.rpartition("/")[2])))
    if stored != evidence or json.loads(answer)["evidence"] != evidence:
        raise SystemExit(f"{server.kind.name} did not take the change: {stored!r}, {answer!r}")
    return answer


def require_equal(job: str, found: dict[str, Any]) -> None:
    """:raises SystemExit: one of the answers is not that of the register; says where they part."""
    ours = found[REGISTER]
    for name, theirs in found.items():
        if theirs != ours:
            first = next((pair for pair in _pairs(ours, theirs) if pair[0] != pair[1]), (ours, theirs))
            raise SystemExit(f"{job}: {name} answers differently. Register: {first[0]}\n{name}: {first[1]}")


def _pairs(ours: Any, theirs: Any) -> Iterator[tuple[Any, Any]]:
    """The parts of two answers beside each other, so that a difference can be shown."""
    keys = range(min(len(ours), len(theirs))) if isinstance(ours, list) else [key for key in ours if key in theirs]
    for key in keys:
        yield ours[key], theirs[key]


def main() -> None:
    """Measure, print, and write benchmarks/RESULTS.md where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=ENGINES, action="append", help="both unless given")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=1, help="length of a slice")
    parser.add_argument("--connections", type=int, default=8, help="of a read")
    parser.add_argument("--projects", type=int, default=REAL, help=f"whole copies of the real {REAL}, at most so many")
    parser.add_argument("--sockets", action="store_true", help="without wrk, also where it is installed")
    parser.add_argument("--write", action="store_true", help="write benchmarks/RESULTS.md")
    given = parser.parse_args()
    kinds = [kind for kind in KINDS if not kind.missing()]
    for kind in KINDS:
        if kind.missing():
            print(f"{kind.name} is left out: {', '.join(kind.missing())} not installed (extra `bench`).")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers end, too
    pin(LOAD_CORE)
    wrk = load.WRK is not None and not given.sockets
    options = Options(given.rounds, given.seconds, given.connections, given.projects, wrk)
    tables = {engine: measure(engine, options, kinds) for engine in given.engine or ENGINES}
    text = results.told(tables, kinds, options)
    print(text)
    if given.write:
        results.FILE.write_text(text)


if __name__ == "__main__":
    main()
