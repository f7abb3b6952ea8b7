"""The portfolio itself: projects per field and status, what is unknown, and the official counts beside ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from portfolio.core.dates import format_instant
from portfolio.history.reading import Reading
from portfolio.projects.lifecycle import BUCKETS, LIFECYCLE, MERGED, TRANSFERRED_OUT
from portfolio.projects.listing import project_filters
from portfolio.projects.models import Programme
from portfolio.projects.on_day import OPENING_ON, projects_on
from portfolio.reports.grouping import grouped_rows, lines_link
from portfolio.taxonomy.models import ActionField

_ASKED = (
    "in_population",
    "entered_on",
    "action_field",
    "action_field_basis",
    "lead_ministry",
    "status",
    "bucket",
    "title_known",
    "list_confidence",
)
Groups = list[dict[str, Any]]
"""Projects that are alike in all that is asked: that, and their ``number``."""


@dataclass(frozen=True)
class PortfolioReport:
    """Counts of the kept projects on a day."""

    moment: Reading
    include_demo: bool
    projects: Groups
    fields: Sequence[Mapping[str, Any]]
    official_counts: list[dict[str, Any]]

    def body(self) -> dict[str, Any]:
        """The report as JSON."""
        known_at = self.moment.known_at
        kept = [project for project in self.projects if project["in_population"]]
        codes: list[str | None] = [field["code"] for field in self.fields]
        if any(project["action_field"] is None for project in kept):
            codes.append(None)
        return {
            "revision": self.moment.revision,
            "valid_on": self.moment.valid_on.isoformat(),
            "known_at": format_instant(known_at) if known_at else None,
            "items": [self._field(code, kept) for code in codes],
            "total": self._numbers(kept, {}),
            "completeness": self._completeness(kept),
            "population": self._population(kept),
            "official_counts": self.official_counts,
        }

    def _field(self, code: str | None, kept: Groups) -> dict[str, Any]:
        mine = [project for project in kept if project["action_field"] == code]
        return {"action_field": code, **self._numbers(mine, {"action_field": code})}

    def _numbers(self, mine: Groups, group: Mapping[str, Any]) -> dict[str, Any]:
        statuses = [status for status in LIFECYCLE.successors if any(p["status"] == status for p in mine)]
        buckets = [bucket for bucket in BUCKETS if bucket != "left"]
        return {
            **self._number(mine, group),
            "by_status": [
                {
                    "status": status,
                    **self._number([p for p in mine if p["status"] == status], {**group, "status": status}),
                }
                for status in statuses
            ],
            "by_bucket": [
                {
                    "bucket": bucket,
                    **self._number([p for p in mine if p["bucket"] == bucket], {**group, "bucket": bucket}),
                }
                for bucket in buckets
            ],
        }

    def _number(self, found: Groups, conditions: Mapping[str, Any]) -> dict[str, Any]:
        asked = {"in_population": True, **conditions}
        if self.include_demo:
            asked["include_demo"] = True
        return {"count": _sum(found), "lines": lines_link("/v1/projects", self.moment, asked)}

    def _completeness(self, kept: Groups) -> dict[str, Any]:
        """What is known and what is not, each with its lines."""

        def where(name: str, value: Any) -> dict[str, Any]:
            return self._number([p for p in kept if p[name] == value], {name: value})

        return {
            "named": where("title_known", True),
            "unnamed": where("title_known", False),
            "assumed": where("list_confidence", "official_statement"),
            "without_action_field": where("action_field", None),
            "field_published": where("action_field_basis", "published_source"),
            "field_inferred_by_forum": where("action_field_basis", "inferred_by_forum"),
            "field_inferred_by_topic": where("action_field_basis", "inferred_by_topic"),
            "without_lead_ministry": where("lead_ministry", None),
            "status_not_known": where("bucket", "not_known"),
        }

    def _population(self, kept: Groups) -> dict[str, Any]:
        """opening + admitted − removed − merged = closing (DOMAIN rule 1)."""
        day = self.moment.valid_on
        entered = [p for p in self.projects if p["entered_on"] is not None and p["entered_on"] <= day]
        opening = [p for p in entered if p["entered_on"] <= OPENING_ON]
        return {
            "opening_on": OPENING_ON.isoformat(),
            "opening": _sum(opening),
            "admitted": _sum(entered) - _sum(opening),
            "removed": _sum(p for p in entered if p["status"] == TRANSFERRED_OUT),
            "merged": _sum(p for p in entered if p["status"] == MERGED),
            "closing": _sum(kept),
        }


def portfolio_report(moment: Reading, *, include_demo: bool) -> PortfolioReport:
    """The kept projects as they stand on ``moment.valid_on``, and as known at the moment."""
    field, programme = moment.at(ActionField), moment.at(Programme)
    counts = moment.session.scalar(sa.select(programme.c.official_counts).order_by(programme.c.code).limit(1))
    return PortfolioReport(
        moment,
        include_demo,
        grouped_rows(moment, _projects, _ASKED, {"include_demo": True} if include_demo else {}),
        [dict(row) for row in moment.session.execute(sa.select(field.c.code).order_by(field.c.position)).mappings()],
        counts or [],
    )


def _projects(moment: Reading, columns: Sequence[str], filters: Mapping[str, Any]) -> sa.Select[Any]:
    project = projects_on(moment)
    keys = [project.c[name] for name in columns]
    return sa.select(*keys, sa.func.count().label("number")).where(*project_filters(project, filters)).group_by(*keys)


def _sum(found: Iterable[dict[str, Any]]) -> int:
    """How many projects there are in these groups."""
    return sum(group["number"] for group in found)
