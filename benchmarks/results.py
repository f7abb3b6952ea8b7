"""What a run of :mod:`benchmarks.side_by_side` found, as Markdown."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from benchmarks.servers import FASTAPI, NAIVE, REGISTER, Kind

FILE = Path(__file__).parent / "RESULTS.md"


class Measured(Protocol):
    """The slices of one server in one job."""

    @property
    def requests(self) -> int: ...
    @property
    def rate(self) -> float: ...
    @property
    def cpu_microseconds(self) -> float: ...
    @property
    def busy(self) -> float: ...


class Options(Protocol):
    """How it was measured."""

    @property
    def rounds(self) -> int: ...
    @property
    def seconds(self) -> int: ...
    @property
    def connections(self) -> int: ...
    @property
    def projects(self) -> int: ...
    @property
    def wrk(self) -> bool: ...


Table = Mapping[str, Mapping[str, Measured]]


def told(tables: Mapping[str, Table], kinds: Sequence[Kind], options: Options) -> str:
    """The whole report."""
    lines = ["# The register beside its peers", "", *_circumstances(options), ""]
    for engine, table in tables.items():
        lines += [f"## {engine}", "", *_of_engine(table), ""]
    lines += ["## The rows", "", *(f"- **{kind.name}**: {kind.title}" for kind in kinds), ""]
    return "\n".join(lines)


def _circumstances(options: Options) -> list[str]:
    generator = "wrk" if options.wrk else "plain sockets in Python"
    return [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {_commit()}, `{_command()}`, {options.projects} projects.",
        f"{_machine()}; load average {os.getloadavg()[0]:.1f} at the end.",
        f"Medians of {options.rounds} rounds; slices of {options.seconds} s; reads over {options.connections} "
        f"connections by {generator}, PATCH by plain sockets in Python. The server on one core, the load and "
        "PostgreSQL on another. Times drift from hour to hour; ratios within one table are what counts.",
        "All servers answered the same before each round; in what they are compared: `benchmarks/sameness.py`.",
    ]


def _of_engine(table: Table) -> list[str]:
    jobs = list(table[REGISTER])

    def grid(title: str, names: Iterable[str], cell: Callable[[str, str], str]) -> list[str]:
        head = [f"| {title} | {' | '.join(jobs)} |", f"|---|{'---:|' * len(jobs)}"]
        return [*head, *(f"| {name} | {' | '.join(cell(name, job) for job in jobs)} |" for name in names)]

    def measured(*names: str, job: str) -> bool:
        return all(table[name][job].requests > 0 for name in names)

    def number(name: str, job: str, of: Callable[[Measured], str]) -> str:
        return of(table[name][job]) if measured(name, job=job) else "–"

    def ratio(one: str, other: str, job: str, of: Callable[[Measured], float]) -> str:
        if not measured(one, other, job=job):
            return "–"
        found = of(table[one][job]) / of(table[other][job])
        return f"{found:.2f}" if found >= 0.1 else f"{found:.4f}"

    def spaced(of: Callable[[Measured], float]) -> Callable[[str, str], str]:
        return lambda name, job: number(name, job, lambda one: f"{of(one):,.0f}".replace(",", " "))

    others = [name for name in table if name != REGISTER]
    found = [
        *grid("requests/s", table, spaced(_rate)),
        "",
        *grid("register ÷ …", others, lambda name, job: ratio(REGISTER, name, job, _rate)),
        "",
        *grid("… ÷ naive", [name for name in table if name != NAIVE], lambda name, job: ratio(name, NAIVE, job, _rate)),
        "",
        *grid("CPU µs per request", table, spaced(_cpu)),
        "",
        *grid("CPU of … ÷ register's", others, lambda name, job: ratio(name, REGISTER, job, _cpu)),
        "",
        *grid("share of the core", table, lambda name, job: number(name, job, lambda one: f"{one.busy:.2f}")),
        "",
        "Where the share of the core is well below 1, the load generator, PostgreSQL, a disk or another program was",
        "the limit: then the CPU says more than the rate.",
    ]
    if FASTAPI in table:
        control = ", ".join(f"{job} {ratio(NAIVE, FASTAPI, job, _rate)}" for job in jobs)
        found += ["", f"Control pair naive ÷ FastAPI: {control}."]
    return found


def _rate(found: Measured) -> float:
    return found.rate


def _cpu(found: Measured) -> float:
    return found.cpu_microseconds


def _commit() -> str:
    asked = ("git", "-C", str(FILE.parent), "describe", "--always", "--dirty")
    return subprocess.run(asked, capture_output=True, text=True).stdout.strip() or "unknown"


def _command() -> str:
    return shlex.join(["python", "-m", "benchmarks.side_by_side", *sys.argv[1:]])


def _machine() -> str:
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else platform.machine()
    return f"{os.cpu_count()} cores ({model}), {platform.system()}, Python {platform.python_version()}"
