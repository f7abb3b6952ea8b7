"""The summary by action field, level and year, made of the rows of ``statements.SUMMARY``: one body for every peer.

What is still to flow is left at null: by year it always is, and in the total while no payments were reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from portfolio.core.dates import today

_KEYS = ("action_field", "level", "year")
Cell = dict[str, dict[str, Any]]


def report(head: Sequence[Any], applied: Sequence[Any], approved: Sequence[Any], paid: Sequence[Any]) -> dict[str, Any]:
    """The report with its links, as of the newest revision."""
    revision, last_at = head[0]
    cells: dict[tuple[Any, ...], Cell] = {}
    total = _empty()
    for row in applied:
        for cell in (total, cells.setdefault(tuple(row[:3]), _empty())):
            _count(cell["applied"], row)
    for row in approved:
        for cell in (total, cells.setdefault(tuple(row[:3]), _empty())):
            _count(cell["approved"], row)
            cell["approved"]["exact"] += _euro(row[7])
            cell["approved"]["lines_not_exact"] += row[8]
            cell["paid_out"]["lines_without_payments"] += row[9]
    for row in paid:
        for cell in (total, cells.setdefault(tuple(row[:3]), _empty())):
            cell["paid_out"]["amount"] = (cell["paid_out"]["amount"] or 0) + _euro(row[4])
            cell["paid_out"]["lines_count"] += row[3]
    for field, _, year in list(cells):
        for level in ("eu", "federal"):  # always shown, also with nothing in them
            cells.setdefault((field, level, year), _empty())
    order = sorted(cells, key=lambda group: [(value is None, "" if value is None else value) for value in group])
    day = today().isoformat()
    return {
        "revision": revision,
        "valid_on": day,
        "known_at": last_at,
        "group_by": list(_KEYS),
        "items": [_linked(cells[group], dict(zip(_KEYS, group, strict=True)), day, revision) for group in order],
        "total": _linked(total, {}, day, revision),
    }


def _linked(cell: Cell, group: dict[str, Any], day: str, revision: int) -> dict[str, Any]:
    asked = {name: "none" if value is None else value for name, value in group.items()}

    def link(path: str, **conditions: str) -> str:
        return f"/v1/{path}?{urlencode({**asked, **conditions, 'valid_on': day, 'known_at': revision})}"

    for part in ("applied", "approved"):
        lines, unknown = cell[part]["lines_count"], cell[part]["lines_without_amount"]
        cell[part]["amount"] = None if lines and lines == unknown else cell[part]["amount"]
    cell["applied"]["lines"] = link("applications", submitted_to=day)
    cell["approved"]["lines"] = link("awards", in_force_on=day)
    cell["paid_out"]["lines"] = link("ledger-entries", booked_to=day, counts="true")
    flow = None if group else link("awards", in_force_on=day, payments_known="true")
    cell["to_flow"] = {"amount": None, "lapsed": None, "overpaid": None, "lines": flow, "lines_count": 0}
    cell["planned"] = {"amount": None, "lines": None, "lines_count": 0}
    return {"group": group, **cell} if group else cell


def _count(numbers: dict[str, Any], row: Any) -> None:
    numbers["lines_count"] += row[3]
    numbers["amount"] += _euro(row[4])
    numbers["lines_without_amount"] += row[5]
    numbers["lines_without_day"] += row[6]


def _euro(cents: int | None) -> Decimal:
    return Decimal(cents or 0).scaleb(-2)


def _empty() -> Cell:
    counted = {"lines_count": 0, "lines_without_amount": 0, "lines_without_day": 0}
    return {
        "applied": {"amount": _euro(0), **counted},
        "approved": {"amount": _euro(0), "exact": _euro(0), **counted, "lines_not_exact": 0},
        "paid_out": {"amount": None, "lines_count": 0, "lines_without_payments": 0, "payments_known_until": None},
    }
