"""A project's action field and the organisations' parts in it, over time (DOMAIN rule 2)."""

from __future__ import annotations

from datetime import date
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core.problems import Conflict, Invalid, ProblemError
from portfolio.history.recorder import touch
from portfolio.organisations.models import Organisation
from portfolio.projects.decisions import find_decision
from portfolio.projects.models import Assignment, Project, ProjectRole
from portfolio.projects.on_day import LEAD
from portfolio.taxonomy.models import ActionField

Period = TypeVar("Period", Assignment, ProjectRole)


class PeriodOverlap(Conflict):
    """A period would begin before the one that holds now."""

    slug = "period-overlap"
    title = "The period overlaps a recorded one"


def assign_field(
    session: Session,
    project: Project,
    action_field: str,
    from_on: date,
    *,
    decision_id: UUID | None,
    basis: str,
    source_url: str | None = None,
) -> Assignment:
    """Place a locked project in a field from a day on; the open assignment ends there, one of the same day is replaced.

    :raises PeriodOverlap: a later assignment is already recorded.
    """
    field_id = session.scalar(sa.select(ActionField.id).where(ActionField.code == action_field))
    if field_id is None:
        raise _unknown("action_field", f"There is no action field {action_field!r}; /v1/action-fields lists them.")
    _require_basis(session, basis, decision_id)
    last = session.scalar(
        sa.select(Assignment).where(Assignment.project_id == project.id).order_by(Assignment.from_on.desc()).limit(1)
    )
    assignment = _open(last, from_on)
    if assignment is None:
        assignment = Assignment(project_id=project.id, from_on=from_on)
        session.add(assignment)
    assignment.action_field_id = field_id
    assignment.decision_id = decision_id
    assignment.basis = basis
    assignment.source_url = source_url
    touch(session, project)
    session.flush()
    return assignment


def appoint(
    session: Session,
    project: Project,
    organisation: str,
    role: str,
    from_on: date | None,
    *,
    decision_id: UUID | None,
    basis: str,
    to_on: date | None = None,
    note: str | None = None,
) -> ProjectRole:
    """Give an organisation a part in a locked project. A new lead ministry ends the one before it.

    :raises PeriodOverlap: a later lead role is already recorded.
    :raises Invalid: the organisation does not exist on that day, is no ministry, or a lead has no first day.
    """
    found = session.scalar(sa.select(Organisation).where(Organisation.code == organisation))
    if found is None:
        raise _unknown("organisation", f"There is no organisation {organisation!r}; /v1/organisations lists them.")
    _require_basis(session, basis, decision_id)
    if role == LEAD and to_on is not None:
        raise _unknown("to_on", "A lead ministry leads until another one does; leave to_on out.", "lead_without_end")
    appointed = _lead(session, project, found, from_on) if role == LEAD else None
    if appointed is None:
        appointed = ProjectRole(project_id=project.id, role=role, from_on=from_on)
        session.add(appointed)
    if from_on is not None and to_on is not None and to_on <= from_on:
        raise _unknown("to_on", "to_on is the first day after the period; it lies after from_on.", "ends_before_start")
    appointed.organisation_id = found.id
    appointed.to_on = to_on
    appointed.decision_id = decision_id
    appointed.basis = basis
    appointed.note = note
    touch(session, project)
    session.flush()
    return appointed


def _lead(session: Session, project: Project, organisation: Organisation, from_on: date | None) -> ProjectRole | None:
    if from_on is None:
        raise _unknown("from_on", "A lead ministry leads from a day on; give from_on.", "required")
    if organisation.kind != "ministry":
        detail = f"{organisation.code} is of the kind {organisation.kind}; only a ministry leads a project."
        raise _unknown("organisation", detail, "not_a_ministry")
    if organisation.valid_to is not None and organisation.valid_to <= from_on:
        detail = f"{organisation.code} exists until {organisation.valid_to}; appoint its successor from {from_on} on."
        raise _unknown("organisation", detail, "not_valid_on_day")
    if organisation.valid_from is not None and organisation.valid_from > from_on:
        detail = f"{organisation.code} exists from {organisation.valid_from} on; it cannot lead from {from_on}."
        raise _unknown("organisation", detail, "not_valid_on_day")
    last = session.scalar(
        sa.select(ProjectRole)
        .where(ProjectRole.project_id == project.id, ProjectRole.role == LEAD)
        .order_by(ProjectRole.from_on.desc())
        .limit(1)
    )
    return _open(last, from_on)


def _open(last: Period | None, from_on: date) -> Period | None:
    """End the open period where the new one begins; one that begins on the same day is used again."""
    if last is None or last.from_on is None or (last.to_on is not None and last.to_on <= from_on):
        return None
    if last.from_on == from_on:
        return last
    if last.from_on > from_on:
        raise PeriodOverlap(f"One that begins on {last.from_on} is already recorded; begin on that day or later.")
    last.to_on = from_on
    return None


def _require_basis(session: Session, basis: str, decision_id: UUID | None) -> None:
    if decision_id is not None:
        find_decision(session, decision_id)
    elif basis == "decision":
        raise _unknown("decision", "With the basis `decision`, name the decision.", "required")


def _unknown(name: str, detail: str, code: str = "not_found") -> Invalid:
    return Invalid(detail, errors=[ProblemError(pointer=f"#/{name}", code=code, detail=detail)])
