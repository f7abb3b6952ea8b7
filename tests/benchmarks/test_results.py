"""The report of a run: ratios, goals, medians, and a dash where nothing was measured."""

from __future__ import annotations

import math

import pytest

from benchmarks import results
from benchmarks.findings import Finding, Part, spaced
from benchmarks.goals import FAR, GOALS, far_below, held_against
from benchmarks.results import Run
from benchmarks.rounds import JOBS, Measured, Table
from benchmarks.servers import KINDS
from benchmarks.stand import Options


def measured(*rates: float, cpu: float) -> Measured:
    return Measured(list(rates), requests=1000, seconds=len(rates), cpu=cpu)


def table(**lists: Measured) -> Table:
    """Servers that were measured with the list alone; an underscore stands for a dash."""
    return {
        name.replace("_", "-"): {job: one if job == "list" else Measured() for job in JOBS}
        for name, one in lists.items()
    }


SLOW, QUICK = measured(300, 100, 90, cpu=2.7), measured(5000, cpu=0.5)
PEER = measured(50, 40, 60, cpu=8.1)


def test_the_report_holds_medians_ratios_and_goals() -> None:
    run = Run(Options(rounds=3, wrk=True), KINDS[:3])
    run.tables["sqlite", 74] = table(register=QUICK, register_miss=SLOW, naive=PEER, fastapi=PEER)
    run.parts.append((("sqlite", 74), Part("One request", ["beside"], [Finding("list, statements", "sqlite", 74, 2)])))
    lines = results.told(run).splitlines()
    assert "| register-miss | 100 | – | – | – | – | – |" in lines
    assert "| register-miss | 2 700 | – | – | – | – | – |" in lines
    assert "| list, miss ÷ naive (sqlite, 74) | 2.00 | ≥ 3 | ≥ 4.7 | **short** |" in lines
    assert "| list, warm ÷ fastapi (sqlite, 74) | 100 | ≥ 28 | ≥ 44 | reached |" in lines
    assert "| list, statements (sqlite, 74) | 2.00 | ≤ 2 | ≤ 2 | reached |" in lines
    assert lines.index("### One request") > lines.index("## sqlite, 74 projects")
    assert "Control pair naive ÷ FastAPI, sqlite, 74 projects: list 1.00." in lines
    assert "by wrk" in results.told(run)


def test_without_wrk_reads_are_compared_by_cpu() -> None:
    found = results.ratios("sqlite", 74, table(register=QUICK, register_miss=SLOW, naive=PEER), Options())
    assert [round(one.value, 6) for one in found if one.goal == "list, miss ÷ naive"] == [3.0]


def test_growth_is_told_against_the_smallest_register() -> None:
    run = Run(Options(), KINDS)
    times = [("list", 74, 2.0), ("list", 200_000, 3.0), ("page at 90 %", 200_000, 5.0)]
    found = [Finding(f"{job}, ms in the database", "sqlite", size, value) for job, size, value in times]
    run.parts.append((None, Part("", [], found)))
    told = {(one.goal, one.value) for one in run.findings() if "÷" in one.goal}
    assert told == {
        ("list, time in the database ÷ at 74", 1.5),
        ("page at 90 %, time in the database ÷ list at 74", 2.5),
    }


def test_the_numbers_hold_every_finding_and_cost() -> None:
    run = Run(Options(), KINDS)
    run.tables["sqlite", 74] = table(register=QUICK, register_miss=SLOW)
    found = results.numbers(run)
    assert {"engine": "sqlite", "projects": 74, "server": "register", "job": "list", "microseconds": 200.0} in (
        found["microseconds"]
    )
    assert len(found["findings"]) == len(run.findings())


class TestGoals:
    def test_must_is_never_beyond_reach(self) -> None:
        for goal in GOALS.values():
            if goal.must is not None and goal.reach is not None:
                assert goal.must >= goal.reach if goal.at_most else goal.must <= goal.reach, goal.name
            assert not goal.gate or goal.must is not None, goal.name

    @pytest.mark.parametrize(
        ("name", "value", "verdict"),
        [
            ("list, miss ÷ naive", 2.9, "**short**"),
            ("list, miss ÷ naive", 3.0, "must met"),
            ("list, miss ÷ naive", 4.7, "reached"),
            ("list, miss ÷ litestar", 0.5, "short of reach"),
            ("worker, MiB", 111, "**short**"),
            ("worker, MiB", 110, "must met"),
            ("worker, MiB", 90, "reached"),
            ("import, MiB", 300, "must met"),
        ],
    )
    def test_verdicts(self, name: str, value: float, verdict: str) -> None:
        assert GOALS[name].verdict(value) == verdict

    def test_the_quick_run_fails_far_below_only(self) -> None:
        found = [
            Finding("list, miss ÷ naive", "sqlite", 74, 3.0 / FAR),
            Finding("list, miss ÷ naive", "postgresql", 74, 3.0 / FAR - 0.01),
            Finding("worker, MiB", "sqlite", 74, 110 * FAR),
            Finding("worker, MiB", "postgresql", 74, 110 * FAR + 1),
            Finding("import, rows/s", "sqlite", 74, 1),  # not watched
            Finding("list, miss ÷ naive", "sqlite", 200_000, 0.1),  # not what the goal speaks of
            Finding("summary, statements", "sqlite", 74, 99),  # no goal
        ]
        assert far_below(found) == [
            "list, miss ÷ naive on postgresql is 0.99, far from the goal of 3: the quick run asks for at least 1.",
            "worker, MiB on postgresql is 331.00, far from the goal of 110: the quick run asks for at most 330.",
        ]
        assert len(held_against(found)) == 5

    def test_pages_are_held_to_theirs_in_every_register(self) -> None:
        grown = [Finding("page at 90 %, time in the database ÷ list at 74", "sqlite", 200_000, 1.4)]
        assert [goal.verdict(one.value) for one, goal in held_against(grown)] == ["must met"]

    def test_a_ratio_that_is_no_number_fails(self) -> None:
        assert far_below([Finding("list under 10 writes/s", "sqlite", 74, math.nan)])


@pytest.mark.parametrize(("number", "text"), [(61024, "61 024"), (99.94, "99.9"), (2.3456, "2.35"), (0.0044, "0.0044")])
def test_numbers_are_short(number: float, text: str) -> None:
    assert spaced(number) == text
