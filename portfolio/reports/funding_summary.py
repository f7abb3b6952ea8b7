"""The central report: applied, approved, paid out, still to flow, and as of when (DOMAIN 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from portfolio.core.columns import EuroCents
from portfolio.core.dates import format_instant
from portfolio.core.money import ZERO, format_amount
from portfolio.funding.listing import application_conditions, award_conditions, entry_conditions
from portfolio.funding.on_day import applications_on, awards_on, entries_on
from portfolio.history.reading import Reading
from portfolio.reports.grouping import Group, grouped_rows, lines_link, ordered

ALWAYS_SHOWN_LEVELS = ("eu", "federal")


@dataclass
class Cell:
    """The sums of one group, in EUR; what is None was never reported or is not known."""

    applied: Decimal = ZERO
    applied_lines: int = 0
    applied_without_amount: int = 0
    applied_without_day: int = 0
    approved: Decimal = ZERO
    approved_exact: Decimal = ZERO
    approved_lines: int = 0
    approved_not_exact: int = 0
    approved_without_amount: int = 0
    approved_without_day: int = 0
    paid_out: Decimal | None = None
    paid_lines: int = 0
    lines_without_payments: int = 0
    payments_known_until: date | None = None
    to_flow: Decimal | None = None
    to_flow_lines: int = 0
    lapsed: Decimal | None = None
    overpaid: Decimal | None = None

    def add(self, found: Mapping[str, Any]) -> None:
        """Add what a row found; unknown and unknown stays unknown, unknown and known is what is known."""
        for name, value in found.items():
            mine = getattr(self, name)
            if value is None:
                continue
            if mine is None:
                setattr(self, name, value)
            else:
                setattr(self, name, min(mine, value) if name == "payments_known_until" else mine + value)


_FLOW = frozenset({"paid_out", "payments_known_until", "to_flow", "to_flow_lines", "lapsed", "overpaid"})
"""What an award's year says nothing of: the years in which its money flows."""


@dataclass(frozen=True)
class FundingSummary:
    """The cells by group, and what they were asked for."""

    moment: Reading
    group_by: Sequence[str]
    filters: Mapping[str, Any]
    cells: dict[Group, Cell] = field(default_factory=dict)
    total: Cell = field(default_factory=Cell)

    def add(self, row: Mapping[str, Any], found: Mapping[str, Any], *, is_flow_year: bool) -> None:
        """Add what a row found to its group and to the total.

        :param is_flow_year: whether its year is the one in which its money flows; cells by another year leave that out.
        """
        self.total.add(found)
        group = tuple(row[f"key_{name}"] for name in self.group_by)
        if "year" in self.group_by and not is_flow_year:
            found = {name: value for name, value in found.items() if name not in _FLOW}
        self.cells.setdefault(group, Cell()).add(found)

    def body(self) -> dict[str, Any]:
        """The report as JSON (shape: DOMAIN 5)."""
        known_at = self.moment.known_at
        return {
            "revision": self.moment.revision,
            "valid_on": self.moment.valid_on.isoformat(),
            "known_at": format_instant(known_at) if known_at else None,
            "group_by": list(self.group_by),
            "items": [self._item(group, self.cells[group]) for group in ordered(set(self.cells))],
            "total": self._numbers({}, self.total),
        }

    def _item(self, group: Group, cell: Cell) -> dict[str, Any]:
        named = dict(zip(self.group_by, group, strict=True))
        return {"group": named, **self._numbers(named, cell)}

    def _numbers(self, group: Mapping[str, Any], cell: Cell) -> dict[str, Any]:
        day = self.moment.valid_on
        asked = {**self.filters, **group}

        def link(path: str, **conditions: Any) -> str:
            return lines_link(path, self.moment, {**asked, **conditions})

        by_year = "year" in group
        flow_lines = None if by_year else link("/v1/awards", in_force_on=day, payments_known=True)
        return {
            "applied": {
                "amount": _amount(cell.applied, cell.applied_lines, cell.applied_without_amount),
                "lines": link("/v1/applications", submitted_to=day),
                "lines_count": cell.applied_lines,
                "lines_without_amount": cell.applied_without_amount,
                "lines_without_day": cell.applied_without_day,
            },
            "approved": {
                "amount": _amount(cell.approved, cell.approved_lines, cell.approved_without_amount),
                "exact": format_amount(cell.approved_exact),
                "lines": link("/v1/awards", in_force_on=day),
                "lines_count": cell.approved_lines,
                "lines_without_amount": cell.approved_without_amount,
                "lines_without_day": cell.approved_without_day,
                "lines_not_exact": cell.approved_not_exact,
            },
            "paid_out": {
                "amount": _or_null(cell.paid_out),
                "lines": link("/v1/ledger-entries", booked_to=day, counts=True),
                "lines_count": cell.paid_lines,
                "lines_without_payments": cell.lines_without_payments,
                "payments_known_until": cell.payments_known_until.isoformat() if cell.payments_known_until else None,
            },
            "to_flow": {
                "amount": _or_null(cell.to_flow),
                "lapsed": _or_null(cell.lapsed),
                "overpaid": _or_null(cell.overpaid),
                "lines": flow_lines,
                "lines_count": cell.to_flow_lines,
            },
            # No planned disbursements are recorded yet: unknown, not nothing.
            "planned": {"amount": None, "lines": None, "lines_count": 0},
        }


def funding_summary(moment: Reading, group_by: Sequence[str], filters: Mapping[str, Any]) -> FundingSummary:
    """The five numbers by ``group_by``, on ``moment.valid_on`` and as known at the moment.

    :param filters: group keys (lists of values) and ``include_demo``, as the lists take them.
    """
    summary = FundingSummary(moment, group_by, filters)
    _add_applied(summary)
    _add_approved(summary)
    _add_paid(summary)
    _show_levels(summary)
    return summary


def _add_applied(summary: FundingSummary) -> None:
    for row in _rows(summary, _applied):
        found = {
            "applied": row["amount"],
            "applied_lines": row["lines"],
            "applied_without_amount": row["without_amount"],
            "applied_without_day": row["without_day"],
        }
        summary.add(row, found, is_flow_year=True)


def _applied(moment: Reading, group_by: Sequence[str], filters: Mapping[str, Any]) -> sa.Select[Any]:
    rows = applications_on(moment)
    conditions = application_conditions(rows, {**filters, "submitted_to": moment.valid_on})
    return _grouped(
        rows,
        group_by,
        conditions,
        _sum(rows.c.requested_amount, "amount"),
        _count(rows.c.requested_amount.is_(None), "without_amount"),
        _count(rows.c.submitted_on.is_(None), "without_day"),
    )


def _add_approved(summary: FundingSummary) -> None:
    for row in _rows(summary, _approved):
        found = {
            "approved": row["amount"],
            "approved_exact": row["exact"],
            "approved_lines": row["lines"],
            "approved_not_exact": row["not_exact"],
            "approved_without_amount": row["without_amount"],
            "approved_without_day": row["without_day"],
            "lines_without_payments": row["without_payments"],
            "to_flow_lines": row["with_payments"],
            "to_flow": row["to_flow"],
            "lapsed": row["lapsed"],
            "overpaid": row["overpaid"],
            "paid_out": ZERO if row["with_payments"] else None,
            "payments_known_until": row["known_until"],
        }
        summary.add(row, found, is_flow_year=False)


def _approved(moment: Reading, group_by: Sequence[str], filters: Mapping[str, Any]) -> sa.Select[Any]:
    rows = awards_on(moment)
    exact = rows.c.amount_qualifier == "exact"
    return _grouped(
        rows,
        group_by,
        award_conditions(rows, {**filters, "in_force_on": moment.valid_on}),
        _sum(rows.c.amount, "amount"),
        _sum(sa.case((exact, rows.c.amount)), "exact"),
        _count(sa.and_(rows.c.amount.is_not(None), sa.not_(exact)), "not_exact"),
        _count(rows.c.amount.is_(None), "without_amount"),
        _count(sa.not_(rows.c.day_known), "without_day"),
        _count(sa.not_(rows.c.payments_known), "without_payments"),
        _count(rows.c.payments_known, "with_payments"),
        sa.func.min(rows.c.payments_known_until).label("known_until"),
        _sum(rows.c.to_flow, "to_flow"),
        _sum(rows.c.lapsed, "lapsed"),
        _sum(rows.c.overpaid, "overpaid"),
    )


def _add_paid(summary: FundingSummary) -> None:
    for row in _rows(summary, _paid):
        found = {
            "paid_out": row["amount"],
            "paid_lines": row["lines"],
            "payments_known_until": row["known_until"],
        }
        summary.add(row, found, is_flow_year=True)


def _paid(moment: Reading, group_by: Sequence[str], filters: Mapping[str, Any]) -> sa.Select[Any]:
    rows = entries_on(moment)
    return _grouped(
        rows,
        group_by,
        entry_conditions(rows, {**filters, "booked_to": moment.valid_on, "counts": True}),
        _sum(rows.c.paid_out, "amount"),
        sa.func.min(rows.c.payments_known_until).label("known_until"),
    )


def _show_levels(summary: FundingSummary) -> None:
    """EU and federation always appear, also with nothing in them, beside whatever else is grouped by."""
    if "level" not in summary.group_by:
        return
    place = summary.group_by.index("level")
    others = {(group[:place], group[place + 1 :]) for group in summary.cells} or {((), ())}
    if others == {((), ())} and len(summary.group_by) > 1:
        return
    asked = summary.filters.get("level")
    for level in ALWAYS_SHOWN_LEVELS:
        if not asked or level in asked:
            for before, after in others:
                summary.cells.setdefault((*before, level, *after), Cell())


def _grouped(
    rows: sa.Subquery,
    group_by: Sequence[str],
    conditions: Sequence[sa.ColumnElement[bool]],
    *numbers: sa.ColumnElement[Any],
) -> sa.Select[Any]:
    """``numbers`` and how many ``lines`` there are, by group."""
    keys = [rows.c[name] for name in group_by]
    named = [key.label(f"key_{name}") for name, key in zip(group_by, keys, strict=True)]
    statement = sa.select(*named, sa.func.count().label("lines"), *numbers)
    return statement.where(*conditions).group_by(*keys)


def _rows(summary: FundingSummary, build: Callable[..., sa.Select[Any]]) -> Iterator[dict[str, Any]]:
    # Without groups there is a row also where there are no lines.
    found = grouped_rows(summary.moment, build, summary.group_by, summary.filters)
    return (row for row in found if row["lines"])


def _sum(column: sa.ColumnElement[Any], name: str) -> sa.Label[Any]:
    return sa.type_coerce(sa.func.sum(sa.type_coerce(column, sa.BigInteger)), EuroCents).label(name)


def _count(condition: sa.ColumnElement[bool], name: str) -> sa.Label[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0).label(name)


def _amount(amount: Decimal, lines: int, without_amount: int) -> str | None:
    """A sum; null where there are lines and not one amount is known."""
    return None if lines and lines == without_amount else format_amount(amount)


def _or_null(amount: Decimal | None) -> str | None:
    return None if amount is None else format_amount(amount)
