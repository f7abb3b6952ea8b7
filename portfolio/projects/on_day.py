"""Every project as it stood on a day: its field, its lead ministry, its status. The one place that says how."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from portfolio.core.lifecycle import DOCUMENTED, REPORTED, UNKNOWN
from portfolio.history.reading import Reading
from portfolio.history.relation import Shape
from portfolio.organisations.models import Organisation
from portfolio.projects.lifecycle import ADOPTED, LEAVES_POPULATION, LIFECYCLE, PROPOSED, bucket_of
from portfolio.projects.models import Assignment, Project, ProjectRole, ProjectStatusChange
from portfolio.taxonomy.models import ActionField, ThemeForum

OPENING_ON = date(2019, 9, 9)
"""The 75 proposals published that day are the opening stock, which needed no decision (DOMAIN rule 1)."""

LEAD = "lead_ministry"


def holds(from_on: sa.ColumnElement[Any], to_on: sa.ColumnElement[Any], day: Any) -> sa.ColumnElement[bool]:
    """Whether a period (``to_on`` exclusive, null = open) holds on ``day``; a start not known counts as begun."""
    return sa.and_(sa.or_(from_on.is_(None), from_on <= day), sa.or_(to_on.is_(None), to_on > day))


def projects_on(moment: Reading | Shape) -> sa.Subquery:
    """One row per project, demonstration ones included, with what depends on ``moment.valid_on``.

    Columns: all of Project (``status`` is that of the day), and ``theme_forum``, ``action_field``,
    ``action_field_basis``, ``action_field_from_on``, ``lead_ministry``, ``lead_ministry_from_on``,
    ``lead_successor_undetermined``, ``owner`` (who leads it today, whatever the day asked about: it decides who sees
    internals), ``status_basis``, ``status_as_of``, ``status_as_of_precision``, ``bucket``, ``entered_on`` (into the
    population) and ``in_population``.
    """
    return moment.relation("project_on_day", _projects)


def _projects(moment: Shape) -> sa.Select[Any]:
    day = moment.valid_on
    project, forum = moment.at(Project), moment.at(ThemeForum)
    field = _field_of_day(moment)
    lead = _lead_on(moment, day, "lead_of_day")
    owner = _lead_on(moment, moment.today, "lead_of_today")
    change = _status_of_day(moment)
    entered = _admission(moment)
    plain = [column for column in project.c if column.name not in ("status", "theme_forum_id")]
    return (
        sa.select(
            *plain,
            forum.c.number.label("theme_forum"),
            field.c.action_field,
            field.c.action_field_basis,
            field.c.action_field_from_on,
            lead.c.lead_ministry,
            lead.c.lead_ministry_from_on,
            sa.func.coalesce(lead.c.lead_valid_to <= day, sa.false()).label("lead_successor_undetermined"),
            owner.c.lead_ministry.label("owner"),
            change.c.to_status.label("status"),
            change.c.basis.label("status_basis"),
            change.c.changed_on.label("status_as_of"),
            change.c.changed_on_precision.label("status_as_of_precision"),
            _state_year(change).label("state_year"),
            _bucket(change.c.to_status, change.c.basis).label("bucket"),
            entered.c.entered_on,
            sa.and_(
                sa.func.coalesce(entered.c.entered_on <= day, sa.false()),
                change.c.to_status.not_in(sorted(LEAVES_POPULATION)),
            ).label("in_population"),
        )
        .outerjoin(forum, forum.c.id == project.c.theme_forum_id)
        .outerjoin(field, field.c.project_id == project.c.id)
        .outerjoin(lead, lead.c.project_id == project.c.id)
        .outerjoin(owner, owner.c.project_id == project.c.id)
        .outerjoin(change, change.c.project_id == project.c.id)
        .outerjoin(entered, entered.c.project_id == project.c.id)
    )


def _field_of_day(moment: Shape) -> sa.Subquery:
    assignment, field = moment.at(Assignment), moment.at(ActionField)
    return (
        sa.select(
            assignment.c.project_id,
            field.c.code.label("action_field"),
            assignment.c.basis.label("action_field_basis"),
            assignment.c.from_on.label("action_field_from_on"),
        )
        .join(field, field.c.id == assignment.c.action_field_id)
        .where(holds(assignment.c.from_on, assignment.c.to_on, moment.valid_on))
        .subquery("field_of_day")
    )


def _lead_on(moment: Shape, day: sa.ColumnElement[date], name: str) -> sa.Subquery:
    role = moment.at(ProjectRole, name=f"role_{name}")
    organisation = moment.at(Organisation, name=f"organisation_{name}")
    return (
        sa.select(
            role.c.project_id,
            organisation.c.code.label("lead_ministry"),
            organisation.c.valid_to.label("lead_valid_to"),
            role.c.from_on.label("lead_ministry_from_on"),
        )
        .join(organisation, organisation.c.id == role.c.organisation_id)
        .where(role.c.role == LEAD, holds(role.c.from_on, role.c.to_on, day))
        .subquery(name)
    )


def _status_of_day(moment: Shape) -> sa.Subquery:
    """The last change that counts by the day; ``seq`` and day rise together in a journal."""
    change = moment.at(ProjectStatusChange)
    last = (
        sa.select(change.c.project_id, sa.func.max(change.c.seq).label("seq"))
        .where(change.c.holds_from_on <= moment.valid_on)
        .group_by(change.c.project_id)
        .subquery("last_change")
    )
    of_day = moment.at(ProjectStatusChange, name="change_of_day")
    return (
        sa.select(of_day)
        .join(last, sa.and_(last.c.project_id == of_day.c.project_id, last.c.seq == of_day.c.seq))
        .subquery("status_of_day")
    )


def _admission(moment: Shape) -> sa.Subquery:
    """The day each project entered the population: the opening for its proposals, else the first adoption."""
    change = moment.at(ProjectStatusChange, name="change_of_entry")
    counts = sa.or_(
        change.c.to_status == ADOPTED,
        sa.and_(change.c.to_status == PROPOSED, change.c.seq == 1, change.c.holds_from_on <= OPENING_ON),
    )
    return (
        sa.select(change.c.project_id, sa.func.min(change.c.holds_from_on).label("entered_on"))
        .where(counts)
        .group_by(change.c.project_id)
        .subquery("admission")
    )


def _state_year(change: sa.FromClause) -> sa.ColumnElement[Any]:
    """The year of what is known of the state; null where nothing is known or the day is not."""
    return sa.case((change.c.basis != UNKNOWN, sa.cast(sa.extract("year", change.c.changed_on), sa.Integer)))


def _bucket(status: sa.ColumnElement[Any], basis: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """:func:`bucket_of` as SQL, spelled out from it so that the two cannot part."""
    cases = []
    for name in LIFECYCLE.successors:
        for known in (REPORTED, DOCUMENTED, UNKNOWN):
            cases.append((sa.and_(status == name, basis == known), sa.literal(bucket_of(name, known), sa.Text)))
    return sa.case(*cases, else_=sa.literal(bucket_of(None, None), sa.Text))
