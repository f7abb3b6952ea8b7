"""What is measured on: one engine, a register of one size in it, and the servers over it.

The register's servers share one database and the peers another, so that a peer's write, which no history knows, stays
out of what the register answers.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import sameness
from benchmarks.filling import fill
from benchmarks.registers import prepare, settings_in
from benchmarks.servers import KINDS, MISS, OURS, REGISTER, Kind, Running, running
from portfolio.core.settings import Settings
from tests.postgres import create_database, running_server

ENGINES = ("sqlite", "postgresql")
REAL = 74
"""Projects of the programme, which the first register holds."""
_BYTES_PER_PROJECT = 45_000
_BEARABLE = 60.0
LIST, RECORD = "/v1/projects", "/v1/projects/oepnv-initiative"
Reads = dict[str, tuple[str, Callable[[bytes], object]]]
READS: Reads = {
    "list": (LIST, sameness.of_list),
    "record": (RECORD, sameness.of_record),
    "summary": (sameness.GROUPED, sameness.of_summary),
}
POSTGRESQL = (
    *("fsync=on", "synchronous_commit=on", "full_page_writes=on"),
    *("shared_buffers=512MB", "max_wal_size=8GB", "work_mem=32MB"),
)
"""It keeps its promises to the disk, as in production."""


@dataclass(frozen=True)
class Options:
    """How long and how much is measured."""

    engines: Sequence[str] = ENGINES
    sizes: Sequence[int] = (REAL,)
    rounds: int = 5
    seconds: float = 1.0
    connections: int = 8
    wrk: bool = False
    quick: bool = False

    @property
    def by_cpu(self) -> bool:
        """Reads are compared by the CPU that they cost: the rate of the quick ones is the load generator's own."""
        return not self.wrk


@dataclass(frozen=True)
class Stand:
    """An engine with a register and what serves it."""

    engine: str
    projects: int
    settings: Settings
    secret: str
    folder: Path
    servers: dict[str, Running]
    reads: Reads

    @property
    def register(self) -> Running:
        return self.servers[REGISTER]

    @property
    def url(self) -> str:
        return self.settings.database_url


def available(kinds: Sequence[Kind] = KINDS) -> list[Kind]:
    """The servers whose packages are installed; says which are not."""
    for kind in kinds:
        if kind.missing():
            print(f"{kind.name} is left out: {', '.join(kind.missing())} not installed (extra `bench`).")
    return [kind for kind in kinds if not kind.missing()]


@contextmanager
def open_stand(engine: str, projects: int, kinds: Sequence[Kind]) -> Iterator[Stand]:
    """A register of this size on this engine, served by all ``kinds``."""
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        settings, secret, peers = stack.enter_context(databases(engine, folder, projects))
        answers = folder / "answers"
        answers.mkdir()

        def environment(url: str) -> dict[str, str]:
            return {
                "PORTFOLIO_DATA_DIR": str(settings.data_dir),
                "PORTFOLIO_DATABASE_URL": url,
                "PORTFOLIO_MIGRATION_URL": url,
                "BENCH_DATABASE_URL": url,
                "BENCH_ANSWERS": str(answers),
            }

        reads = READS if projects == REAL else _bearable(folder, environment(settings.database_url))
        stand = Stand(engine, projects, settings, secret, folder, {}, reads)
        for kind in kinds:
            url = settings.database_url if kind.name in OURS else peers
            server = stack.enter_context(running(kind, folder, environment(url)))
            server.wait(LIST)
            stand.servers[kind.name] = server
            if kind.name == REGISTER:
                keep_answers(server.body, answers, reads)
        yield stand


@contextmanager
def databases(engine: str, folder: Path, projects: int) -> Iterator[tuple[Settings, str, str]]:
    """A register, the secret of its coordinator, and the address of a copy of its database."""
    if engine == "sqlite":
        source = folder / "register.sqlite"
        settings = settings_in(folder, f"sqlite:///{source}")
        secret = _filled(settings, projects)
        yield settings, secret, _copied(source, folder / "peers.sqlite")
        return
    with running_server(*POSTGRESQL) as server:
        settings = settings_in(folder, create_database(server.dsn(), "register"))
        secret = _filled(settings, projects)
        yield settings, secret, create_database(server.dsn(), "peers", "register")


def _filled(settings: Settings, projects: int) -> str:
    secret = prepare(settings)
    if projects > REAL:
        began = time.perf_counter()
        held = fill(settings.database_url, projects)
        print(
            f"  a register of {held} projects, with its history, after {time.perf_counter() - began:.0f} s", flush=True
        )
    return secret


def _copied(source: Path, target: Path) -> str:
    with sqlite3.connect(source) as old:
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(source, target)
    return f"sqlite:///{target}"


def _bearable(folder: Path, environment: dict[str, str]) -> Reads:
    """The reads that the register answers in a bearable time; found out with a server that can be killed over it."""
    found = dict(READS)
    for job, (target, _) in READS.items():
        with running(next(kind for kind in KINDS if kind.name == MISS), folder, environment) as server:
            server.wait("/health/live")
            try:
                server.body(target, patience=_BEARABLE)
            except TimeoutError:
                print(f"  {job} is left out: the register did not answer within {_BEARABLE:.0f} s", flush=True)
                del found[job]
                server.kill()
    return found


def keep_answers(ask: Callable[[str], bytes], folder: Path, reads: Reads = READS) -> None:
    """The register's own bytes, for the peers that only hand them out; they look at the path alone."""
    for target, _ in reads.values():
        (folder / target.partition("?")[0].replace("/", "~")).write_bytes(ask(target))


def milestones_of_others(register: Running, count: int) -> dict[str, str]:
    """Milestones to change, by the project they belong to: none of the one that the reads show as a record."""
    items = json.loads(register.body("/v1/milestones?limit=200"))["items"]
    found: dict[str, str] = {}
    for item in items:
        if item["project"] != RECORD.rpartition("/")[2]:
            found.setdefault(item["project"], f"/v1/milestones/{item['id']}")
    return dict(list(found.items())[:count])


def fits(projects: int) -> bool:
    """Whether there is room for two copies of such a register and for what filling it needs beside."""
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if projects * _BYTES_PER_PROJECT < free:
        return True
    needed = projects * _BYTES_PER_PROJECT / 1e9
    print(f"{projects} projects are left out: they need {needed:.0f} GB, and {free / 1e9:.0f} GB are free.", flush=True)
    return False


def scaled(options: Options, projects: int) -> Options:
    """Fewer rounds where each is long."""
    return options if projects == REAL else replace(options, rounds=max(options.rounds - 2, 1))
