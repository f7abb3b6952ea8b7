"""``python -m benchmarks.side_by_side``: the register beside small peers, everything in one run.

Every server is a process on one core, requests come from another. On each engine and at each size the servers are
first held to answering the same, then measured in interleaved rounds; what only the register does is measured beside
its own quiet reads. Prints and, with ``--write``, writes RESULTS.md, results.json and cost.svg.

``QUICK=1`` takes 74 projects, short slices and plain sockets, and fails on ratios far below their goals, never on
times. ``SIZE=XL`` adds a million projects.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from benchmarks import chart, costs, exports, goals, imports, load, mixed, recording, results, rounds, starting
from benchmarks.findings import Part
from benchmarks.results import Run
from benchmarks.servers import KINDS, LOAD_CORE, MISS, Kind, pin
from benchmarks.stand import ENGINES, REAL, Options, Stand, available, fits, open_stand, scaled

BETWEEN, LARGE, XL = 5_000, 200_000, 1_000_000
_IMPORTED = 20_000
_WRITES_IN_QUICK = (5, 15)
"""Rounds, and calls in each."""
QUICK = Options(sizes=(REAL,), rounds=3, seconds=0.3, quick=True)
FULL = Options(sizes=(REAL, BETWEEN, LARGE), rounds=5, seconds=1.0)


def run_all(options: Options, kinds: list[Kind], keep: Callable[[Run], None]) -> Run:
    """Everything, in one go.

    :param keep: given what was measured until then, after each size and engine; a long run may not come to its end.
    """
    run, began = Run(options, kinds), time.perf_counter()

    def step(name: str, stage: results.Stage | None, take: Callable[[], Part]) -> None:
        print(f"[{time.perf_counter() - began:5.0f} s] {name}", flush=True)
        run.parts.append((stage, take()))

    step("imports", None, lambda: starting.imports(rounds=options.rounds))
    for projects in filter(fits, options.sizes):
        for engine in options.engines:
            stage = (engine, projects)
            print(f"[{time.perf_counter() - began:5.0f} s] {engine}, {projects} projects", flush=True)
            with open_stand(engine, projects, kinds) as stand:
                own = scaled(options, projects)
                bearable = stand.projects == REAL or _past_is_bearable(run, engine)
                run.tables[stage] = rounds.measure(stand, own, past=bearable)
                past = run.tables[stage][MISS]["list, past"].requests > 0
                for name, take in _parts(stand, own, past=past):
                    step(f"{engine}, {projects}: {name}", stage, take)
            keep(run)
    writes = _WRITES_IN_QUICK if options.quick else (recording.ROUNDS, recording.CALLS)
    engines = options.engines
    step("history", None, lambda: recording.measure(engines, rounds=writes[0], calls=writes[1]))
    if not options.quick:
        step("import", None, lambda: imports.measure(engines, _IMPORTED))
    print(f"[{time.perf_counter() - began:5.0f} s] done", flush=True)
    return run


def _past_is_bearable(run: Run, engine: str) -> bool:
    """A past moment that took seconds in a smaller register would take hours in a larger one."""
    smaller = [table[MISS] for (name, _), table in run.tables.items() if name == engine]
    return all(jobs[job].requests and jobs[job].rate > 1 for jobs in smaller for job in rounds.PAST)


def _parts(stand: Stand, options: Options, *, past: bool) -> list[tuple[str, Callable[[], Part]]]:
    """What is measured on a stand beside the rounds; at a size between the others, what the picture needs."""
    found: list[tuple[str, Callable[[], Part]]] = [("one request", lambda: costs.measure(stand, past=past))]
    if stand.projects == BETWEEN:
        return found
    found += [
        ("reads under writes", lambda: mixed.reads_under_writes(stand, options)),
        ("many on one cold answer", lambda: mixed.stampede(stand)),
        ("start and memory", lambda: starting.worker(stand, options)),
    ]
    if not options.quick:
        found.append(("export", lambda: exports.measure(stand)))
    return found


def read_options() -> tuple[Options, bool, list[str]]:
    """What was asked for: the options, whether to write the files, and the servers."""
    quick = os.environ.get("QUICK", "") not in ("", "0")
    usual = QUICK if quick else FULL
    sizes = [*usual.sizes, *([XL] if os.environ.get("SIZE", "").upper() == "XL" else [])]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=ENGINES, action="append", help="both unless given")
    parser.add_argument("--rounds", type=int, default=usual.rounds)
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="length of a slice")
    parser.add_argument("--connections", type=int, default=usual.connections, help="of a read")
    parser.add_argument("--projects", type=int, action="append", help=f"{sizes} unless given; whole copies of {REAL}")
    parser.add_argument("--sockets", action="store_true", help="without wrk, also where it is installed")
    parser.add_argument("--server", action="append", help="only these beside the register's own")
    parser.add_argument("--write", action="store_true", help="write RESULTS.md, results.json and cost.svg")
    given = parser.parse_args()
    own = {"rounds": given.rounds, "seconds": given.seconds, "connections": given.connections}
    wrk = load.WRK is not None and not given.sockets and not quick
    options = replace(usual, **own, engines=given.engine or ENGINES, sizes=given.projects or sizes, wrk=wrk)
    return options, given.write, given.server or [kind.name for kind in KINDS]


def main() -> int:
    """Measure, print, write where asked to, and judge where it is the quick run."""
    options, write, names = read_options()
    kinds = available([kind for kind in KINDS if kind.name in (*KINDS_OF_OURS, *names)])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers end, too
    # An installed register finds its bytecode; where Python is told to keep none, each start would compile it anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    pin(LOAD_CORE)
    keep = _write if write else (lambda _run: None)
    run = run_all(options, kinds, keep)
    print(results.told(run))
    keep(run)
    far = goals.far_below(run.findings()) if options.quick else []
    for sentence in far:
        print(f"benchmarks: {sentence}", file=sys.stderr)
    return 1 if far else 0


def _write(run: Run) -> None:
    results.FILE.write_text(results.told(run))
    found = results.numbers(run)
    results.NUMBERS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    results.PICTURE.write_text(chart.drawn(found["microseconds"]))


KINDS_OF_OURS = [kind.name for kind in KINDS[:2]]

if __name__ == "__main__":
    sys.exit(main())
