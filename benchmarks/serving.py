"""``python -m benchmarks.serving``: the register under other servers and settings, each beside `portfolio serve`.

All run at once on one core; requests come from the other, in interleaved rounds. Then each is beset by slow clients,
loses a worker, and is told to end while requests are under way. Rates are ratios to those of the first row.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import load
from benchmarks.findings import grid
from benchmarks.nuisances import NUISANCES, beset, lost_at_the_end, seconds_without
from benchmarks.servers import LOAD_CORE, REGISTER, Kind, Memory, Running, pin, running
from benchmarks.stand import ENGINES, LIST, RECORD, databases

JOBS = {"list": (LIST, 8), "list, 64 connections": (LIST, 64), "record": (RECORD, 8)}
_IN_FLIGHT = 16
_PROBE = 1.5


def _intake(name: str, *options: str, threads: int | None = None) -> Kind:
    settings = {} if threads is None else {"PORTFOLIO_THREADS": str(threads)}
    return Kind(name, name, ("-m", "benchmarks.served", *options), settings=settings)


def _gunicorn(*options: str) -> tuple[str, ...]:
    return ("-m", "gunicorn", "--bind", "127.0.0.1:{port}", "--log-level", "warning", *options, "wsgi:app")


VARIANTS = (
    Kind(REGISTER, "portfolio serve", ("-m", "portfolio", "serve")),
    *(_intake(f"threads {number}", threads=number) for number in (2, 4, 8, 16, 32)),
    *(_intake(f"backpressure {number}", "--backpressure", str(number)) for number in (16, 64, 2048)),
    *(_intake(f"backlog {number}", "--backlog", str(number)) for number in (128, 4096)),
    _intake("2 workers", "--workers", "2"),
    _intake("2 runtime threads", "--runtime-threads", "2"),
    _intake("runtime mode st", "--runtime-mode", "st"),
    _intake("runtime mode mt", "--runtime-mode", "mt"),
    *(_intake(f"loop {name}", "--loop", name) for name in ("asyncio", "uvloop", "rloop")),
    _intake("granian WSGI, 4 threads", "--interface", "wsgi", "--blocking-threads", "4", "--backpressure", "128"),
    _intake("granian WSGI, 16 threads", "--interface", "wsgi", "--blocking-threads", "16", "--backpressure", "128"),
    Kind("gunicorn gthread, 16 threads", "", _gunicorn("-k", "gthread", "--threads", "16")),
    Kind("gunicorn gthread, 2 workers of 8", "", _gunicorn("-k", "gthread", "-w", "2", "--threads", "8")),
)


def _installed(kind: Kind) -> bool:
    name = kind.name.removeprefix("loop ")
    return name == kind.name or name == "asyncio" or importlib.util.find_spec(name) is not None


@contextmanager
def _all(kinds: list[Kind], engine: str, miss: bool) -> Iterator[tuple[list[Running], str]]:
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        settings, secret, _ = stack.enter_context(databases(engine, folder, 74))
        environment = {
            "PORTFOLIO_DATA_DIR": str(settings.data_dir),
            "PORTFOLIO_DATABASE_URL": settings.database_url,
            "PORTFOLIO_MIGRATION_URL": settings.database_url,
            "BENCH_DATABASE_URL": settings.database_url,
            **({"PORTFOLIO_CACHE_MIB": "0"} if miss else {}),
        }
        servers = []
        for kind in kinds:
            servers.append(stack.enter_context(running(kind, folder, environment)))
            servers[-1].wait(LIST)
        yield servers, secret


def _rates(servers: list[Running], rounds: int, seconds: float, wrk: bool) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, list[float]]] = {one.kind.name: {job: [] for job in JOBS} for one in servers}
    for turn in range(rounds + 1):
        for job, (target, connections) in JOBS.items():
            for server in servers[turn % len(servers) :] + servers[: turn % len(servers)]:
                done = load.read(server.port, [target], seconds if turn else 1, connections, wrk=wrk)
                if turn:
                    found[server.kind.name][job].append(done.requests / done.seconds)
        print(f"round {turn} of {rounds}" if turn else "warm", flush=True)
    return {name: {job: statistics.median(rates) for job, rates in jobs.items()} for name, jobs in found.items()}


def _beset_rate(server: Running, name: str, secret: str, quiet: float) -> str:
    """The share of its own quiet rate that is left; 0 where nothing comes."""
    with beset(server, name, secret):
        try:
            done = load.read_with_sockets(server.port, [LIST], _PROBE, 8, patience=5)
        except (load.Failed, OSError):
            return "0"
    return f"{done.requests / done.seconds / quiet:.2f}"


def _faults(server: Running, secret: str) -> list[str]:
    try:
        quiet = load.read_with_sockets(server.port, [LIST], _PROBE, 8)
    except (load.Failed, OSError) as error:
        return [str(error)[:60], *["–"] * (len(NUISANCES) + 1)]
    found = [_beset_rate(server, name, secret, quiet.requests / quiet.seconds) for name in NUISANCES]
    workers = server.family()[1:]
    gone = seconds_without(server, workers, LIST) if workers else None
    found.append("dead" if gone is None else f"{gone:.2f} s")
    if gone is None:
        return [*found, "–"]
    lost, seconds, code = lost_at_the_end(server, LIST, _IN_FLIGHT)
    return [*found, f"{lost} of {_IN_FLIGHT} lost, {seconds:.1f} s, exit {code}"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=ENGINES, default="sqlite")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--only", action="append", help="these rows beside the first (parts of their names)")
    parser.add_argument("--miss", action="store_true", help="without the cache: every answer is computed")
    parser.add_argument("--sockets", action="store_true", help="without wrk, also where it is installed")
    parser.add_argument("--no-faults", action="store_true", help="rates only")
    given = parser.parse_args()
    kinds = [kind for kind in VARIANTS if _installed(kind) and (not given.only or _is_asked(kind, given.only))]
    pin(LOAD_CORE)
    with _all(kinds, given.engine, given.miss) as (servers, secret):
        rates = _rates(servers, given.rounds, given.seconds, load.WRK is not None and not given.sockets)
        first, memory = rates[REGISTER], {one.kind.name: one.memory() for one in servers}
        faults = {}
        for server in servers:
            faults[server.kind.name] = [] if given.no_faults else _faults(server, secret)
            print(f"{server.kind.name}: {' · '.join(faults[server.kind.name])}", flush=True)
    base = ", ".join(f"{job} {rate:.0f}/s" for job, rate in first.items())
    print(f"\n{given.engine}, {'every answer computed' if given.miss else 'warm'}; first row: {base}\n")
    ends = [] if given.no_faults else [*NUISANCES, "a worker is killed", "SIGTERM"]
    rows = [
        [name, *(f"{rate / first[job]:.2f}" for job, rate in jobs.items()), *_sizes(memory[name]), *faults[name]]
        for name, jobs in rates.items()
    ]
    print("\n".join(grid(["÷ the first row", *JOBS, "MiB", *ends], rows)))


def _is_asked(kind: Kind, names: list[str]) -> bool:
    return kind.name == REGISTER or any(name in kind.name for name in names)


def _sizes(family: list[Memory]) -> list[str]:
    return [f"{sum(one.proportional for one in family):.0f}"]


if __name__ == "__main__":
    main()
