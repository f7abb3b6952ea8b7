"""The central report: applied, approved, paid out, still to flow, and as of when (DOMAIN 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from portfolio.reports.grouping import Group, lines_link, ordered

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

    def add(self, other: Cell) -> None:
        """Add another cell; unknown and unknown stays unknown, unknown and known is what is known."""
        for name in _COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("paid_out", "to_flow", "lapsed", "overpaid"):
            setattr(self, name, _known_sum(getattr(self, name), getattr(other, name)))
        days = [day for day in (self.payments_known_until, other.payments_known_until) if day is not None]
        self.payments_known_until = min(days, default=None)


_COUNTED = [
    "applied",
    "applied_lines",
    "applied_without_amount",
    "applied_without_day",
    "approved",
    "approved_exact",
    "approved_lines",
    "approved_not_exact",
    "approved_without_amount",
    "approved_without_day",
    "paid_lines",
    "lines_without_payments",
    "to_flow_lines",
]


_NO_FLOW: dict[str, Any] = {
    "paid_out": None,
    "payments_known_until": None,
    "to_flow": None,
    "to_flow_lines": 0,
    "lapsed": None,
    "overpaid": None,
}


def _known_sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


@dataclass(frozen=True)
class FundingSummary:
    """The cells by group, and what they were asked for."""

    moment: Reading
    group_by: Sequence[str]
    filters: Mapping[str, Any]
    cells: dict[Group, Cell] = field(default_factory=dict)
    total: Cell = field(default_factory=Cell)

    def add(self, row: sa.Row[Any], found: Cell) -> None:
        """Add what a row found to its group and to the total.

        An award's year says nothing of the years in which its money flows, so cells by year leave that out.
        """
        self.total.add(found)
        group = tuple(getattr(row, f"key_{name}") for name in self.group_by)
        if "year" in self.group_by and found.approved_lines:
            found = replace(found, **_NO_FLOW)
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
    day = moment.valid_on
    _add_applied(summary, {**filters, "submitted_to": day})
    _add_approved(summary, {**filters, "in_force_on": day})
    _add_paid(summary, {**filters, "booked_to": day, "counts": True})
    _show_levels(summary)
    return summary


def _add_applied(summary: FundingSummary, query: Mapping[str, Any]) -> None:
    rows = applications_on(summary.moment)
    statement = sa.select(
        *_keys(rows, summary),
        _sum(rows.c.requested_amount, "amount"),
        sa.func.count().label("lines"),
        _count(rows.c.requested_amount.is_(None), "without_amount"),
        _count(rows.c.submitted_on.is_(None), "without_day"),
    ).where(*application_conditions(rows, query))
    for row in _grouped(summary, statement, rows):
        found = Cell(
            applied=row.amount or ZERO,
            applied_lines=row.lines,
            applied_without_amount=row.without_amount,
            applied_without_day=row.without_day,
        )
        summary.add(row, found)


def _add_approved(summary: FundingSummary, query: Mapping[str, Any]) -> None:
    rows = awards_on(summary.moment)
    exact = rows.c.amount_qualifier == "exact"
    statement = sa.select(
        *_keys(rows, summary),
        _sum(rows.c.amount, "amount"),
        _sum(sa.case((exact, rows.c.amount)), "exact"),
        sa.func.count().label("lines"),
        _count(sa.and_(rows.c.amount.is_not(None), sa.not_(exact)), "not_exact"),
        _count(rows.c.amount.is_(None), "without_amount"),
        _count(sa.not_(rows.c.day_known), "without_day"),
        _count(sa.not_(rows.c.payments_known), "without_payments"),
        _count(rows.c.payments_known, "with_payments"),
        sa.func.min(rows.c.payments_known_until).label("known_until"),
        _sum(rows.c.to_flow, "to_flow"),
        _sum(rows.c.lapsed, "lapsed"),
        _sum(rows.c.overpaid, "overpaid"),
    ).where(*award_conditions(rows, query))
    for row in _grouped(summary, statement, rows):
        found = Cell(
            approved=row.amount or ZERO,
            approved_exact=row.exact or ZERO,
            approved_lines=row.lines,
            approved_not_exact=row.not_exact,
            approved_without_amount=row.without_amount,
            approved_without_day=row.without_day,
            lines_without_payments=row.without_payments,
            to_flow_lines=row.with_payments,
            to_flow=row.to_flow,
            lapsed=row.lapsed,
            overpaid=row.overpaid,
            paid_out=ZERO if row.with_payments else None,
            payments_known_until=row.known_until,
        )
        summary.add(row, found)


def _add_paid(summary: FundingSummary, query: Mapping[str, Any]) -> None:
    rows = entries_on(summary.moment)
    statement = sa.select(
        *_keys(rows, summary),
        _sum(rows.c.paid_out, "amount"),
        sa.func.count().label("lines"),
        sa.func.min(rows.c.payments_known_until).label("known_until"),
    ).where(*entry_conditions(rows, query))
    for row in _grouped(summary, statement, rows):
        summary.add(row, Cell(paid_out=row.amount, paid_lines=row.lines, payments_known_until=row.known_until))


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


def _keys(rows: sa.Subquery, summary: FundingSummary) -> list[sa.ColumnElement[Any]]:
    return [rows.c[name].label(f"key_{name}") for name in summary.group_by]


def _grouped(summary: FundingSummary, statement: sa.Select[Any], rows: sa.Subquery) -> Sequence[sa.Row[Any]]:
    found = summary.moment.session.execute(statement.group_by(*[rows.c[name] for name in summary.group_by])).all()
    return [row for row in found if row.lines]


def _sum(column: sa.ColumnElement[Any], name: str) -> sa.Label[Any]:
    return sa.type_coerce(sa.func.sum(sa.type_coerce(column, sa.BigInteger)), EuroCents).label(name)


def _count(condition: sa.ColumnElement[bool], name: str) -> sa.Label[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0).label(name)


def _amount(amount: Decimal, lines: int, without_amount: int) -> str | None:
    """A sum; null where there are lines and not one amount is known."""
    return None if lines and lines == without_amount else format_amount(amount)


def _or_null(amount: Decimal | None) -> str | None:
    return None if amount is None else format_amount(amount)
