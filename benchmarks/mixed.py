"""Reads while somebody writes to other projects at a fixed rate, and many clients on one cold answer."""

from __future__ import annotations

import json
import math
import multiprocessing
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks import load
from benchmarks.agreement import changed, tag_of
from benchmarks.findings import Finding, Part, grid, spaced
from benchmarks.servers import LOAD_CORE, Running, pin
from benchmarks.stand import LIST, Options, Stand, milestones_of_others

RATES = (10, 50, 200)
_RECORDS = 500
_WRITERS = 8
_CROWD, _TURNS = 50, 5
_TO_KEEP = 0.01
"""Seconds for each address, until every worker keeps its answer."""
_HOPELESS = 3.0
"""Seconds of one computation, from which on no crowd is sent."""


def reads_under_writes(stand: Stand, options: Options) -> Part:
    """The reads of the list and of many records, quiet and under each rate of writes."""
    part, server = Part("Reads while other projects are written to"), stand.register
    written = milestones_of_others(server, _WRITERS)
    rates = RATES[:1] if options.quick else RATES
    rows = []
    for job, targets in (("list", [LIST]), ("records", _records(server, set(written)))):
        load.read_with_sockets(server.port, targets, _TO_KEEP * len(targets), options.connections)
        quiet = _rate(server, targets, options)
        found = []
        for rate in rates:
            with _writing(server, list(written.values()), stand.secret, rate, _length(options)) as written_at:
                found.append(_rate(server, targets, options))
            share = found[-1] / quiet
            rows.append([f"{job}, {rate} writes/s", spaced(found[-1]), f"{share:.2f}", spaced(written_at[0])])
            part.findings.append(Finding(f"{job} under {rate} writes/s", stand.engine, stand.projects, share))
        rows.append([f"{job}, quiet ({len(targets)} addresses)", spaced(quiet), "1", "0"])
    part.lines = grid(["", "reads/s", "÷ quiet", "writes/s done"], rows)
    return part


def _length(options: Options) -> float:
    return options.seconds * (5 if options.quick else 3)


def _rate(server: Running, targets: Sequence[str], options: Options) -> float:
    load.read_with_sockets(server.port, targets, 0.1, options.connections)  # so that threads and connections are there
    found = load.read(server.port, targets, _length(options), options.connections, wrk=options.wrk)
    return found.requests / found.seconds


@contextmanager
def _writing(server: Running, paths: list[str], secret: str, rate: float, seconds: float) -> Iterator[list[float]]:
    """A process that writes meanwhile; the list holds the writes per second that it came to, when the block ends."""
    tags = {path: tag_of(server, path) for path in paths}
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    writer = context.Process(target=_write, args=(results, server.port, tags, secret, rate, seconds + 0.2))
    writer.start()
    came_to: list[float] = []
    try:
        yield came_to
        came_to.append(results.get())
        if math.isnan(came_to[0]):
            raise load.Failed("The writer gave up.")
    finally:
        writer.join(5)
        if writer.is_alive():
            writer.kill()


def _write(results: object, port: int, tags: dict[str, str], secret: str, rate: float, seconds: float) -> None:
    pin(LOAD_CORE)
    try:
        found = load.patch_at(port, tags, secret, rate, seconds)
        results.put(found.requests / found.seconds)  # type: ignore[attr-defined]
    except BaseException:
        results.put(float("nan"))  # type: ignore[attr-defined]
        raise


def _records(server: Running, without: set[str]) -> list[str]:
    target, found = f"{LIST}?limit=200", list[str]()
    while target and len(found) < _RECORDS:
        page = json.loads(server.body(target))
        found += [f"{LIST}/{item['slug']}" for item in page["items"] if item["slug"] not in without]
        target = page["next"]
    return found[:_RECORDS]


def stampede(stand: Stand) -> Part:
    """The time until everybody in a crowd has the answer that a write has just made stale, against one alone."""
    part, server = Part(f"{_CROWD} clients on one cold answer"), stand.register
    (path,) = milestones_of_others(server, 1).values()
    rows = []
    for job in ("list", "summary"):
        if job not in stand.reads:
            continue
        target = stand.reads[job][0]
        alone, crowd = [], []
        for _ in range(_TURNS):
            changed(server, path, stand.secret)
            alone.append(load.once_each(server.port, target, 1))
            if alone[-1] > _HOPELESS:
                break  # were it computed for each of them, nobody would wait for the end
            changed(server, path, stand.secret)
            crowd.append(_seconds_of_a_crowd(server, target))
        if not crowd:
            rows.append([job, f"{alone[-1] * 1000:.1f}", "left out", "–"])
            continue
        one, all_ = statistics.median(alone), statistics.median(crowd)
        told = "some were refused" if math.isinf(all_) else f"{all_ * 1000:.1f}"
        rows.append([job, f"{one * 1000:.1f}", told, f"{all_ / one:.1f}"])
        part.findings.append(Finding(f"{job}, {_CROWD} on a cold key", stand.engine, stand.projects, all_ / one))
    part.lines = grid(["", "one alone, ms", f"all {_CROWD}, ms", "÷ one"], rows)
    return part


def _seconds_of_a_crowd(server: Running, target: str) -> float:
    """Until all have their answer; infinitely many where one of them is told to come again."""
    try:
        return load.once_each(server.port, target, _CROWD)
    except load.Failed:
        return math.inf
