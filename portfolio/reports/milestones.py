"""Implementation milestones from 2020 on: planned, achieved, overdue, slipped, by quarter, field and ministry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from portfolio.core.dates import format_instant
from portfolio.history.reading import Reading
from portfolio.milestones.lifecycle import IMPLEMENTING
from portfolio.milestones.listing import milestone_conditions
from portfolio.milestones.on_day import milestones_on
from portfolio.reports.grouping import Group, grouped_rows, lines_link, ordered

KEYS = ("year", "quarter", "action_field", "ministry", "project")
_PLANNED = "planned"
_ACHIEVED = "achieved"
_BY_PLAN = ("planned", "missed", "cancelled", "overdue", "not_reported", "at_risk", "slipped")
_BY_ACHIEVEMENT = ("achieved", "partly_achieved", "without_baseline")
COUNTS = (*_BY_PLAN, *_BY_ACHIEVEMENT)
_REACHED = ["achieved", "partly_achieved"]


@dataclass(frozen=True)
class MilestoneReport:
    """The counts by group.

    What was planned counts in the quarter of the planned day, what was achieved in the quarter of the achievement; a
    null quarter is one of which only the year is known, a null year one without that day.
    """

    moment: Reading
    group_by: Sequence[str]
    filters: Mapping[str, Any]
    cells: dict[Group, dict[str, int]] = field(default_factory=dict)

    @property
    def keys(self) -> list[str]:
        """A quarter is named by year and quarter."""
        names = [name for key in self.group_by for name in (("year", "quarter") if key == "quarter" else (key,))]
        return list(dict.fromkeys(names))

    def body(self) -> dict[str, Any]:
        """The report as JSON."""
        total = dict.fromkeys((*COUNTS, "slipped_days"), 0)
        for cell in self.cells.values():
            for name, number in cell.items():
                total[name] += number
        known_at = self.moment.known_at
        return {
            "revision": self.moment.revision,
            "valid_on": self.moment.valid_on.isoformat(),
            "known_at": format_instant(known_at) if known_at else None,
            "group_by": list(self.group_by),
            "items": [self._item(group, self.cells[group]) for group in ordered(set(self.cells))],
            "total": self._numbers({}, total),
        }

    def _item(self, group: Group, cell: Mapping[str, int]) -> dict[str, Any]:
        named = dict(zip(self.keys, group, strict=True))
        return {"group": named, **self._numbers(named, cell)}

    def _numbers(self, group: Mapping[str, Any], cell: Mapping[str, int]) -> dict[str, Any]:
        found: dict[str, Any] = {name: {"count": cell[name], "lines": self._lines(name, group)} for name in COUNTS}
        found["slipped"]["days"] = cell["slipped_days"]
        return found

    def _lines(self, name: str, group: Mapping[str, Any]) -> str:
        side = _PLANNED if name in _BY_PLAN else _ACHIEVED
        plain = {key: value for key, value in group.items() if key not in ("year", "quarter")}
        times = {f"{side}_{key}": value for key, value in group.items() if key in ("year", "quarter")}
        return lines_link("/v1/milestones", self.moment, {**self.filters, **_asked(name), **plain, **times})


def _asked(name: str) -> dict[str, Any]:
    """The filters of /v1/milestones that find exactly what ``name`` counts."""
    found: dict[str, Any] = {"phase": [IMPLEMENTING], "reportable": True}
    if name == "planned":
        found["has_baseline"] = True
    elif name == "slipped":
        found["slipped"] = True
    elif name == "without_baseline":
        found |= {"has_baseline": False, "outcome": _REACHED}
    else:
        found["outcome"] = [name]
    return found


def milestone_report(moment: Reading, group_by: Sequence[str], filters: Mapping[str, Any]) -> MilestoneReport:
    """The milestones of the implementation phase by ``group_by``, as they stand on ``moment.valid_on``.

    :param filters: ``action_field``, ``ministry``, ``project`` (lists) and ``include_demo``.
    """
    report = MilestoneReport(moment, group_by, filters)
    for build in (_planned, _achieved):
        for row in grouped_rows(moment, build, report.keys, filters):
            found = {name: int(row[name] or 0) for name in row if not name.startswith("key_")}
            if any(found.values()):
                group = tuple(row[f"key_{key}"] for key in report.keys)
                cell = report.cells.setdefault(group, dict.fromkeys((*COUNTS, "slipped_days"), 0))
                cell.update(found)
    return report


def _planned(moment: Reading, keys: Sequence[str], filters: Mapping[str, Any]) -> sa.Select[Any]:
    rows = milestones_on(moment)
    slipped = sa.func.coalesce(sa.func.sum(rows.c.slip_days), 0).label("slipped_days")
    return _grouped(rows, keys, filters, _PLANNED, *[_count(rows, name) for name in _BY_PLAN], slipped)


def _achieved(moment: Reading, keys: Sequence[str], filters: Mapping[str, Any]) -> sa.Select[Any]:
    rows = milestones_on(moment)
    return _grouped(rows, keys, filters, _ACHIEVED, *[_count(rows, name) for name in _BY_ACHIEVEMENT])


def _grouped(
    rows: sa.Subquery, keys: Sequence[str], filters: Mapping[str, Any], side: str, *numbers: sa.ColumnElement[Any]
) -> sa.Select[Any]:
    """:param side: what was planned or what was achieved: of which of the two the year and the quarter are."""
    columns = [rows.c[f"{side}_{key}" if key in ("year", "quarter") else key] for key in keys]
    named = [column.label(f"key_{key}") for key, column in zip(keys, columns, strict=True)]
    conditions = milestone_conditions(rows, {**filters, "phase": [IMPLEMENTING], "reportable": True})
    return sa.select(*named, *numbers).where(*conditions).group_by(*columns)


def _count(rows: sa.Subquery, name: str) -> sa.Label[int]:
    if name == "planned":
        condition: sa.ColumnElement[bool] = rows.c.baseline_on.is_not(None)
    elif name == "slipped":
        condition = sa.func.coalesce(rows.c.slip_days > 0, sa.false())
    elif name == "without_baseline":
        condition = sa.and_(rows.c.baseline_on.is_(None), rows.c.outcome.in_(_REACHED))
    else:
        condition = rows.c.outcome == name
    return sa.func.sum(sa.case((condition, 1), else_=0)).label(name)
