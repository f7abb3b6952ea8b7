"""Rounds over all servers of a stand: in each, every server gets a short slice of every job, in an order that turns.

A server that takes long over one request is asked over one connection and in one round only.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field

from benchmarks import load
from benchmarks.agreement import PATCH, require_same, tag_of
from benchmarks.servers import MISS, OURS, REGISTER, Running
from benchmarks.stand import LIST, READS, REAL, RECORD, Options, Stand, milestones_of_others

PAST = {"list, past": LIST, "record, past": RECORD}
JOBS = (*READS, *PAST, PATCH)
_WRITERS = {"sqlite": 1, "postgresql": 4}
_WARM = 0.2
"""Seconds of the slices that warm up."""
_SLOW, _HOPELESS = 0.2, 5.0
"""Seconds of one request, from which on there are few; and none, where it is a past moment."""


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

    def faster_than(self, other: Measured, *, by_cpu: bool) -> float | None:
        """How many times as much it does; None where one of them was not measured."""
        if not self.requests or not other.requests:
            return None
        if by_cpu:
            return other.cpu_microseconds / max(self.cpu_microseconds, 0.1)
        return self.rate / other.rate


Table = dict[str, dict[str, Measured]]
"""By server, then by job."""


@dataclass
class _Round:
    """What the slices of one stand share."""

    stand: Stand
    options: Options
    paths: list[str]
    targets: dict[str, str]
    slow: set[tuple[str, str]] = field(default_factory=set)
    failed: set[tuple[str, str]] = field(default_factory=set)


def measure(stand: Stand, options: Options, *, past: bool = True) -> Table:
    """All rounds on one stand.

    :param past: whether past moments are asked for, too.
    """
    servers = list(stand.servers.values())
    newest = stand.register.revision(LIST)
    targets = {job: target for job, (target, _) in stand.reads.items()}
    targets |= {job: f"{target}?known_at={newest}" for job, target in PAST.items()}
    paths = list(milestones_of_others(stand.register, _WRITERS[stand.engine]).values())
    shared = _Round(stand, options, paths, targets)
    shared.failed |= {(name, job) for name in OURS for job in PAST if not past}
    table: Table = {server.kind.name: {job: Measured() for job in JOBS} for server in servers}
    for turn in range(options.rounds + 1):
        if turn == 0 or stand.projects == REAL:
            require_same(stand, shared.paths[0])
        for job in JOBS:
            for server in servers[turn % len(servers) :] + servers[: turn % len(servers)]:
                if _takes_part(server, job) and (job in targets or job == PATCH):
                    # Turn 0 warms up, and finds out who is slow.
                    _slice(shared, server, job, table[server.kind.name][job], turn)
        print(f"  round {turn} of {options.rounds}" if turn else "  warm", flush=True)
    return table


def _takes_part(server: Running, job: str) -> bool:
    if job in PAST:
        return server.kind.name in OURS
    return job in READS or (server.kind.writes and server.kind.name != MISS)


def _slice(shared: _Round, server: Running, job: str, kept: Measured, turn: int) -> None:
    place = (server.kind.name, job)
    if turn == 0 and job != PATCH:
        _probe(shared, server, job)
    if place in shared.failed or (place in shared.slow and turn != 1):
        return  # what is slow was warmed up when it was found out
    seconds = shared.options.seconds if turn else _WARM
    tags = {path: tag_of(server, path) for path in shared.paths} if job == PATCH else {}
    if job != PATCH and server.kind.name == REGISTER:
        # Over as many connections at once as are measured: each of its processes has to keep the answer.
        server.body(shared.targets[job])
        load.read_with_sockets(server.port, [shared.targets[job]], _WARM, shared.options.connections)
    before = server.cpu()
    if job == PATCH:
        found = load.patch(server.port, tags, shared.stand.secret, seconds)
    else:
        connections = 1 if place in shared.slow else shared.options.connections
        wrk = shared.options.wrk and turn > 0 and place not in shared.slow
        found = load.read(server.port, [shared.targets[job]], seconds, connections, wrk=wrk)
    if turn:
        kept.cpu += server.cpu() - before
        kept.requests += found.requests
        kept.seconds += found.seconds
        kept.rates.append(found.requests / found.seconds)


def _probe(shared: _Round, server: Running, job: str) -> None:
    """Ask twice: the first answer may have to be prepared."""
    place = (server.kind.name, job)
    for _ in range(2):
        began = time.perf_counter()
        if place in shared.failed:
            return
        try:
            server.get(shared.targets[job])
        except (RuntimeError, TimeoutError) as error:
            if job not in PAST:
                raise
            print(f"  {server.kind.name}, {job}: {str(error)[:200]}", flush=True)
            shared.failed |= {(one, job) for one in OURS}
        took = time.perf_counter() - began
        if took > _HOPELESS and job in PAST:
            print(f"  {server.kind.name}, {job}: {took:.0f} s for one; left out", flush=True)
            shared.failed |= {(one, job) for one in OURS}
    if took > _SLOW:
        shared.slow.add(place)
