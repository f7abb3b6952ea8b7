"""Milestones as they stood on a day, with their state, their slip and the keys the report groups by."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from portfolio.core.dates import Precision
from portfolio.core.lifecycle import DOCUMENTED
from portfolio.history.reading import Reading
from portfolio.history.relation import Shape, joined_with, last_of
from portfolio.milestones import lifecycle
from portfolio.milestones.models import Milestone, MilestoneForecast, MilestoneStatusChange
from portfolio.projects.on_day import project_parts


def milestones_on(moment: Reading) -> sa.Subquery:
    """One row per milestone: its columns, ``project`` and its keys, and what follows from the day.

    ``recorded_achieved_on`` is the day that ``achieved_on`` shows where the milestone is ``reached`` on the day.
    ``status`` of the day (null before anything is known); ``forecast_on`` and ``forecast_reported_on`` of the latest
    forecast reported by then; ``outcome``; ``slip_days`` (days behind the baseline, null without a baseline or where
    a day is only coarsely known); ``planned_year``/``planned_quarter`` and ``achieved_year``/``achieved_quarter``
    (the quarter null where only the year is known).
    """
    return moment.relation("milestone_on_day", _milestones)


def _milestones(moment: Shape) -> sa.Select[Any]:
    milestone = moment.at(Milestone)
    of_project = project_parts(moment)
    project = of_project.project
    of = milestone.c.id
    status, counts = last_of(
        moment, MilestoneStatusChange, "milestone_id", of, by="holds_from_on", rises="seq", name="milestone_status"
    )
    # The latest forecast reported by the day.
    forecast, reported = last_of(
        moment, MilestoneForecast, "milestone_id", of, by="reported_on", rises="reported_on", name="forecast_of_day"
    )
    own = [column for column in milestone.c if column.name not in ("status", "project_id")]
    reached = status.c.to_status.in_(sorted(lifecycle.REACHED))
    achieved_on = sa.case((reached, milestone.c.achieved_on))
    outcome = _outcome(moment, milestone, status, forecast)
    joined = milestone.join(project, project.c.id == milestone.c.project_id)
    return sa.select(
        *[column for column in own if column.name != "achieved_on"],
        sa.type_coerce(achieved_on, sa.Date).label("achieved_on"),
        milestone.c.achieved_on.label("recorded_achieved_on"),
        sa.func.coalesce(reached, sa.false()).label("reached"),
        project.c.slug.label("project"),
        project.c.title_de.label("project_title"),
        of_project.columns["action_field"].label("action_field"),
        of_project.columns["lead_ministry"].label("ministry"),
        of_project.columns["lead_ministry"].label("lead_ministry"),
        of_project.columns["owner"].label("owner"),
        of_project.columns["status"].label("project_status"),
        project.c.demo,
        status.c.to_status.label("status"),
        forecast.c.forecast_on,
        forecast.c.reported_on.label("forecast_reported_on"),
        outcome.label("outcome"),
        _slip(moment, milestone, status, forecast).label("slip_days"),
        *_quarter("planned", milestone.c.baseline_on, milestone.c.baseline_on_precision),
        *_quarter("achieved", achieved_on, milestone.c.achieved_on_precision),
    ).select_from(joined_with(joined, [(status, counts), (forecast, reported), *of_project.parts]))


def _outcome(moment: Shape, milestone: Any, status: Any, forecast: Any) -> sa.ColumnElement[str]:
    """One word for where the milestone stands; a plan of sources on which nobody reported is not called overdue."""
    day = moment.valid_on
    passed = milestone.c.baseline_on < day
    unreported = sa.and_(
        milestone.c.basis == DOCUMENTED,
        sa.or_(forecast.c.reported_on.is_(None), forecast.c.reported_on < milestone.c.baseline_on),
    )
    return sa.case(
        (status.c.to_status.is_(None), "not_known"),
        (status.c.to_status != lifecycle.SCHEDULED, status.c.to_status),
        (sa.and_(passed, unreported), "not_reported"),
        (passed, "overdue"),
        (forecast.c.forecast_on > milestone.c.baseline_on, "at_risk"),
        else_="on_track",
    )


def _slip(moment: Shape, milestone: Any, status: Any, forecast: Any) -> sa.ColumnElement[int]:
    """Days behind the planned day: of the achievement, or of the latest forecast while it is open."""
    exact_plan = milestone.c.baseline_on_precision == Precision.DAY
    reached = sa.and_(
        status.c.to_status.in_(sorted(lifecycle.REACHED)),
        exact_plan,
        milestone.c.achieved_on_precision == Precision.DAY,
    )
    forecast_open = sa.and_(status.c.to_status == lifecycle.SCHEDULED, exact_plan)
    slip = sa.case(
        (reached, _days(moment, milestone.c.achieved_on, milestone.c.baseline_on)),
        (forecast_open, _days(moment, forecast.c.forecast_on, milestone.c.baseline_on)),
    )
    return sa.case((slip < 0, 0), else_=slip)


def _days(moment: Shape, later: sa.ColumnElement[Any], earlier: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """Whole days between two days; julianday of a day is exact (it ends in .5)."""
    if moment.dialect_name == "postgresql":
        return sa.type_coerce(later - earlier, sa.Integer)
    return sa.cast(sa.func.julianday(later) - sa.func.julianday(earlier), sa.Integer)


def _quarter(
    name: str, day: sa.ColumnElement[Any], precision: sa.ColumnElement[str]
) -> tuple[sa.Label[Any], sa.Label[Any]]:
    month = sa.cast(sa.extract("month", day), sa.Integer)
    quarter = sa.case((precision != Precision.YEAR, (month + 2) // 3))
    return (
        sa.cast(sa.extract("year", day), sa.Integer).label(f"{name}_year"),
        sa.cast(quarter, sa.Integer).label(f"{name}_quarter"),
    )
