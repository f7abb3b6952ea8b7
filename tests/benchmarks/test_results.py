"""The report of a run: medians, ratios, and a dash where nothing was measured."""

from __future__ import annotations

from benchmarks import results
from benchmarks.servers import KINDS
from benchmarks.side_by_side import Measured, Options


def test_the_report_holds_medians_and_ratios() -> None:
    def measured(*rates: float, cpu: float) -> Measured:
        return Measured(list(rates), requests=1000, seconds=len(rates), cpu=cpu)

    table = {
        "register": {"list": measured(300, 100, 90, cpu=2.7), "PATCH": measured(50, cpu=0.5)},
        "naive": {"list": measured(50, 40, 60, cpu=3.0), "PATCH": Measured()},
    }
    said = results.told({"sqlite": table}, KINDS[:2], Options(3, 1, 8, 74, wrk=False))
    lines = said.splitlines()
    assert "| register | 100 | 50 |" in lines
    assert "| naive | 2.00 | – |" in lines
    assert "| register | 2 700 | 500 |" in lines
    assert "| naive | 1.11 | – |" in lines
    assert "| register | 0.90 | 0.50 |" in lines
    assert "plain sockets" in said
    assert "Control pair" not in said
