"""Every project as it stood on a day: its field, its lead ministry, its status. The one place that says how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from portfolio.core.lifecycle import DOCUMENTED, REPORTED, UNKNOWN
from portfolio.history.reading import Reading
from portfolio.history.relation import Part, Shape, joined_with, last_of, value_of
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


def projects_on(moment: Reading) -> sa.Subquery:
    """One row per project, demonstration ones included, with what depends on ``moment.valid_on``.

    Columns: all of Project (``status`` is that of the day), and ``theme_forum``, ``action_field``,
    ``action_field_basis``, ``action_field_from_on``, ``lead_ministry``, ``lead_ministry_from_on``,
    ``lead_successor_undetermined``, ``owner`` (who leads it today, whatever the day asked about: it decides who sees
    internals), ``status_of`` (the project's id where it has a status),
    ``status_basis``, ``status_as_of``, ``status_as_of_precision``, ``bucket``, ``entered_on`` (into the
    population) and ``in_population``.
    """
    return moment.relation("project_on_day", _projects)


def _projects(moment: Shape) -> sa.Select[Any]:
    of_day = project_parts(moment)
    columns = [column.label(name) for name, column in of_day.columns.items()]
    return sa.select(*columns).select_from(joined_with(of_day.project, of_day.parts))


@dataclass(frozen=True)
class ProjectParts:
    """What a project of a day is put together from, for a statement of its own or inside another one."""

    project: sa.FromClause
    columns: Mapping[str, sa.ColumnElement[Any]]
    """By the names of :func:`projects_on`."""
    parts: Sequence[Part]
    """To be joined after ``project``, one table after another and none behind a subquery: for a page an engine takes
    the rows one by one along an index, and asks each table for this row alone."""


def project_parts(moment: Shape) -> ProjectParts:
    """The project of the day with everything :func:`projects_on` tells of it."""
    day = moment.valid_on
    project, forum, field = moment.at(Project), moment.at(ThemeForum), moment.at(ActionField)
    assignment = moment.at(Assignment)
    lead, led_by, leads = _lead_on(moment, day, project, "lead_of_day")
    owner, owned_by, owns = _lead_on(moment, moment.today, project, "lead_of_today")
    change, counts = last_of(
        moment, ProjectStatusChange, "project_id", project.c.id, by="holds_from_on", rises="seq", name="status_of_day"
    )
    entered_on, admission = _admission(moment, project)
    assigned = sa.and_(assignment.c.project_id == project.c.id, holds(assignment.c.from_on, assignment.c.to_on, day))
    plain = {column.name: column for column in project.c if column.name not in ("status", "theme_forum_id")}
    columns = plain | {
        "theme_forum": forum.c.number,
        "action_field": field.c.code,
        "action_field_basis": assignment.c.basis,
        "action_field_from_on": assignment.c.from_on,
        "lead_ministry": led_by.c.code,
        "lead_ministry_from_on": lead.c.from_on,
        "lead_successor_undetermined": sa.func.coalesce(led_by.c.valid_to <= day, sa.false()),
        "owner": owned_by.c.code,
        "status": change.c.to_status,
        "status_of": change.c.project_id,
        "status_basis": change.c.basis,
        "status_as_of": change.c.changed_on,
        "status_as_of_precision": change.c.changed_on_precision,
        "state_year": _state_year(change),
        "bucket": _bucket(change.c.to_status, change.c.basis),
        "entered_on": entered_on,
        "in_population": sa.and_(
            sa.func.coalesce(entered_on <= day, sa.false()),
            change.c.to_status.not_in(sorted(LEAVES_POPULATION)),
        ),
    }
    parts = [  # what filters ask for most and costs least stands first
        (forum, forum.c.id == project.c.theme_forum_id),
        (assignment, assigned),
        (field, field.c.id == assignment.c.action_field_id),
        (change, counts),
        (lead, leads),
        (led_by, led_by.c.id == lead.c.organisation_id),
        (owner, owns),
        (owned_by, owned_by.c.id == owner.c.organisation_id),
        *admission,
    ]
    return ProjectParts(project, columns, parts)


def _lead_on(
    moment: Shape, day: sa.ColumnElement[date], project: sa.FromClause, name: str
) -> tuple[sa.FromClause, sa.FromClause, sa.ColumnElement[bool]]:
    """The role that leads a project on ``day``, the organisation that has it, and on what the role is joined."""
    role, organisation = moment.at(ProjectRole, name=name), moment.at(Organisation, name=f"organisation_{name}")
    leads = sa.and_(role.c.project_id == project.c.id, role.c.role == LEAD, holds(role.c.from_on, role.c.to_on, day))
    return role, organisation, leads


def _admission(moment: Shape, project: sa.FromClause) -> tuple[sa.ColumnElement[date], list[Part]]:
    """The day a project entered the population: the opening for its proposals, else the first adoption."""
    change = moment.at(ProjectStatusChange, name="change_of_entry")
    counts = sa.or_(
        change.c.to_status == ADOPTED,
        sa.and_(change.c.to_status == PROPOSED, change.c.seq == 1, change.c.holds_from_on <= OPENING_ON),
    )
    first = sa.func.min(change.c.holds_from_on)
    return value_of(moment, first, change.c.project_id, project.c.id, counts, name="admission")


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
