"""Milestones as lists and records; the conditions here are the ones that the report's `lines` links name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from portfolio.access.guard import sees_internal
from portfolio.core.lists import Found, one_of
from portfolio.core.problems import NotFound
from portfolio.core.rows import Row
from portfolio.core.search import search_terms, search_text
from portfolio.core.searching import Hits, hits
from portfolio.history.reading import Reading
from portfolio.history.serving import Listing
from portfolio.milestones.models import Milestone, MilestoneForecast, MilestoneSearch, MilestoneStatusChange
from portfolio.milestones.on_day import milestones_on
from portfolio.milestones.schemas import ForecastSchema, MilestoneSchema, MilestoneStatusChangeSchema
from portfolio.projects.funded import funded_conditions
from portfolio.projects.held import ever_held

_MILESTONE = MilestoneSchema()
_FORECAST = ForecastSchema()
_CHANGE = MilestoneStatusChangeSchema()
_REPEATED = [
    "project",
    "action_field",
    "ministry",
    "status",
    "outcome",
    "kind",
    "phase",
    "planned_year",
    "planned_quarter",
    "achieved_year",
    "achieved_quarter",
]


def milestone_conditions(rows: sa.Subquery, query: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    """Which milestones a query asks for."""
    found = [one_of(rows.c[name], query[name]) for name in _REPEATED if query.get(name)]
    if query.get("reportable") is not None:
        found.append(rows.c.reportable.is_(query["reportable"]))
    if query.get("slipped") is not None:
        slipped = sa.func.coalesce(rows.c.slip_days > 0, sa.false())
        found.append(slipped if query["slipped"] else sa.not_(slipped))
    if query.get("has_baseline") is not None:
        planned = rows.c.baseline_on.is_not(None)
        found.append(planned if query["has_baseline"] else sa.not_(planned))
    day = sa.func.coalesce(rows.c.achieved_on, rows.c.baseline_on)
    if query.get("from_"):
        found.append(day >= query["from_"])
    if query.get("to"):
        found.append(day <= query["to"])
    return found if query.get("include_demo") else [*found, rows.c.demo.is_(False)]


def list_milestones(moment: Reading, query: Mapping[str, Any]) -> Listing:
    """Milestones by the filters of ``MilestoneQuerySchema``."""
    rows = milestones_on(moment)
    conditions = [
        *ever_held(moment, query, "ministry"),
        *milestone_conditions(rows, query),
        *funded_conditions(rows.c.project, moment, query),
    ]
    titled = _titled(moment, rows, query["q"]) if query.get("q") else Hits(sa.true(), are_named=False)
    return Listing(
        name="milestones",
        schema=MilestoneSchema,
        statement=sa.select(rows).where(*conditions, titled.condition),
        identity=rows.c.id,
        sorts={
            "baseline_on": rows.c.baseline_on,
            "achieved_on": rows.c.achieved_on,
            "project": rows.c.project,
            "updated_at": rows.c.updated_at,
        },
        default_sort="project",
        nullable=("baseline_on", "achieved_on"),
        found={
            "achieved_on": Found(rows.c.recorded_achieved_on, rows.c.id, rows.c.reached),
            "project": _in_order_of_projects(rows, titled),
        },
        present=lambda row, _view: present_milestone(row),
        internal=(),
        columns=[
            "project",
            "project_title",
            "code",
            "title_de",
            "title_en",
            "kind",
            "phase",
            "action_field",
            "ministry",
            "baseline_on",
            "baseline_on_precision",
            "achieved_on",
            "achieved_on_precision",
            "season",
            "status",
            "outcome",
            "forecast_on",
            "forecast_reported_on",
            "slip_days",
            "reportable",
            "weight",
            "basis",
            "source_url",
            "demo",
            "id",
            "version",
        ],
    )


def _in_order_of_projects(rows: sa.Subquery, titled: Hits) -> Found:
    if titled.are_named:
        # An expression that no index holds: the few are put in order, not looked for along all projects.
        return Found(rows.c.project.concat(""), rows.c.id, sa.true())
    return Found(rows.c.project, rows.c.id, sa.true(), apart=True)


def _titled(moment: Reading, rows: sa.Subquery, question: str) -> Hits:
    """Those whose titles hold every word. A past state knows no folded text of them: there each one is folded."""
    if moment.is_live(Milestone):
        return hits(moment.session, MilestoneSearch, rows, question)
    terms = search_terms(question)
    titles = moment.session.execute(sa.select(rows.c.id, rows.c.title_de, rows.c.title_en))
    named = [row.id for row in titles if all(term in search_text(row.title_de, row.title_en or "") for term in terms)]
    return Hits(rows.c.id.in_(named), are_named=True)


def read_milestone(moment: Reading, milestone_id: UUID) -> Row:
    """:raises NotFound: no such milestone at this moment."""
    rows = moment.rows(_milestone_at, milestone=milestone_id)
    if not rows:
        raise NotFound("There is no such milestone.")
    return rows[0]


def _milestone_at(moment: Reading) -> sa.Select[Any]:
    rows = milestones_on(moment)
    return sa.select(rows).where(rows.c.id == sa.bindparam("milestone"))


def present_milestone(row: Row) -> dict[str, Any]:
    body: dict[str, Any] = _MILESTONE.dump(row)
    return body


def forecasts_on(moment: Reading, milestone: Row, view: str) -> list[dict[str, Any]]:
    """A milestone's forecasts by reporting day."""
    forecast = moment.at(MilestoneForecast)
    statement = sa.select(forecast).where(forecast.c.milestone_id == milestone["id"]).order_by(forecast.c.reported_on)
    rows = moment.session.execute(statement).mappings().all()
    return _without(rows, _FORECAST, "comment", milestone, view)


def journal_on(moment: Reading, milestone: Row, view: str) -> list[dict[str, Any]]:
    """A milestone's changes of status, oldest first."""
    change = moment.at(MilestoneStatusChange)
    statement = sa.select(change).where(change.c.milestone_id == milestone["id"]).order_by(change.c.seq)
    return _without(moment.session.execute(statement).mappings().all(), _CHANGE, "reason", milestone, view)


def _without(rows: Sequence[Row], schema: Any, internal: str, milestone: Row, view: str) -> list[dict[str, Any]]:
    items = [dict(schema.dump({**row, "milestone": milestone["id"]})) for row in rows]
    if not sees_internal(view, milestone["owner"]):
        for item in items:
            item.pop(internal)
    return items
