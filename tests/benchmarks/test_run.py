"""The quick run from end to end, with slices too short to say anything: every part finds what its goals speak of."""

from __future__ import annotations

import os

import pytest

from benchmarks import costs, goals, mixed, results, side_by_side, starting
from benchmarks.servers import FINISHED, KINDS, NAIVE
from benchmarks.stand import Options

pytestmark = [
    pytest.mark.large,
    pytest.mark.skipif(os.environ.get("SCALE") != "full", reason="of the benchmarks alone: SCALE=full make test"),
]
_ELSEWHERE = ("fastapi", "litestar", "revision", "import, ", "export", "time in the database")
"""Of peers that need packages of their own, and of the full run."""


def test_the_quick_run_finds_what_its_goals_speak_of(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((mixed, "_TURNS"), (mixed, "_CROWD"), (starting, "_REQUESTS")):
        monkeypatch.setattr(module, name, 1)
    monkeypatch.setattr(costs, "_ENOUGH", 0.05)
    monkeypatch.setattr(side_by_side, "_WRITES_IN_QUICK", (1, 2))
    cores = os.sched_getaffinity(0)
    kinds = [*KINDS[:2], *(kind for kind in KINDS if kind.name in (NAIVE, FINISHED))]
    before_the_end: list[str] = []
    options = Options(engines=("sqlite",), rounds=1, seconds=0.05, quick=True)
    try:
        run = side_by_side.run_all(options, kinds, lambda run: before_the_end.append(results.told(run)))
    finally:
        os.sched_setaffinity(0, cores)  # the servers were started on one of them
    found = {one.goal for one in run.findings()}
    # One client is no crowd: the goal's name holds how many there are.
    found |= {name.replace(", 1 on", ", 50 on") for name in found}
    assert {name for name in goals.GOALS if not any(word in name for word in _ELSEWHERE)} <= found
    text = results.told(run)
    assert all("## sqlite, 74 projects" in said for said in (text, *before_the_end))
    assert len(before_the_end) == 1
    assert "nan" not in text
