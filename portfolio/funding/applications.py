"""Applications: from draft to decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core import sources
from portfolio.core.dates import Precision, today
from portfolio.core.journal import ChangeDay, change_day, require_after
from portfolio.core.lifecycle import DOCUMENTED, REPORTED
from portfolio.core.problems import Conflict, Invalid, NotFound, ProblemError
from portfolio.core.reasons import require_reason
from portfolio.funding import lifecycle
from portfolio.funding.models import Application, ApplicationStatusChange, FundingProgramme
from portfolio.organisations.models import Organisation
from portfolio.projects.models import Project
from portfolio.projects.service import admission_of


class NotADraft(Conflict):
    """Only a draft may be deleted; what was submitted is withdrawn."""

    slug = "not-a-draft"
    title = "Only a draft or a mistake can be deleted"


class ApplicationValues(TypedDict, total=False):
    """The fields of an application; an absent key leaves the field alone. Amounts in EUR."""

    programme: str | None
    level: str | None
    applicant: str | None
    recipient_text: str | None
    purpose: str | None
    file_reference: str | None
    requested_amount: Decimal | None
    eligible_cost: Decimal | None
    requested_rate: Decimal | None
    note: str | None
    source_url: str | None


def create_application(session: Session, project: Project, values: ApplicationValues) -> Application:
    """Begin a draft.

    :raises Invalid: the programme or applicant does not exist, or the level contradicts the programme.
    """
    application = Application(id=sources.new_id(), project_id=project.id, status=lifecycle.DRAFT, basis=REPORTED)
    _apply(session, application, values)
    session.add(application)
    _append(session, application, lifecycle.DRAFT, change_day(today()), journal=())
    return application


def lock_application(session: Session, application_id: UUID) -> Application:
    """:raises NotFound: no such application."""
    found = session.scalar(sa.select(Application).where(Application.id == application_id).with_for_update())
    if found is None:
        raise NotFound("There is no such application.")  # in the words that hide somebody else's draft
    return found


def project_of(session: Session, application: Application) -> Project:
    return session.get_one(Project, application.project_id)


def update_application(session: Session, application: Application, changes: ApplicationValues) -> Application:
    """Apply ``changes`` to a locked application; every one is recorded.

    :raises Invalid: as for a new one, or a submitted application would no longer say how much it asks for.
    """
    _apply(session, application, changes)
    if application.requested_amount is None and application.status != lifecycle.DRAFT and "requested_amount" in changes:
        detail = "A submitted application says how much is asked for; send the amount."
        raise Invalid(detail, errors=[ProblemError(pointer="#/requested_amount", code="amount_missing", detail=detail)])
    return application


def delete_application(session: Session, application: Application) -> None:
    """Remove a draft; it stays visible in the past.

    :raises NotADraft: it was submitted.
    """
    journal = journal_of(session, application)
    if application.status != lifecycle.DRAFT:
        raise NotADraft(f"The application is {application.status}; use the transition to withdrawn instead.")
    for change in journal:
        session.delete(change)
    session.flush()
    session.delete(application)
    session.flush()


def transition_application(
    session: Session, application: Application, to: str, on: date, reason: str | None
) -> ApplicationStatusChange:
    """Change the status of a locked application.

    :raises TransitionNotAllowed: the lifecycle has no such step; the allowed ones are named.
    :raises ReasonRequired: it is withdrawn without a reason.
    """
    lifecycle.APPLICATION.require(application.status, to)
    if to == lifecycle.WITHDRAWN:
        require_reason(reason, "A withdrawal")
    if to == lifecycle.SUBMITTED:
        if application.requested_amount is None:
            detail = "A submitted application says how much is asked for; PATCH requested_amount first."
            raise Invalid(detail, errors=[ProblemError(pointer="#/to", code="amount_missing", detail=detail)])
        application.submitted_on = application.counts_from_on = on
    if to in lifecycle.DECIDED:
        application.decided_on = on
    journal = journal_of(session, application)
    day = change_day(on)
    # A draft begins when it is typed in; the submission it stands for may well lie before that.
    previous = journal[-1].holds_from_on if to != lifecycle.SUBMITTED else None
    require_after(previous, day)
    return _append(session, application, to, day, reason=reason)


def record_documented_application(
    session: Session,
    project: Project,
    values: ApplicationValues,
    *,
    status: str,
    decided_on: date | None = None,
    decided_on_precision: Precision = Precision.DAY,
) -> Application:
    """Enter an application that sources only know by its outcome: no day of submission, perhaps no amount.

    For the seed and the coordinator; ordinary applications begin as drafts.
    """
    application = Application(
        project_id=project.id,
        status=status,
        basis=DOCUMENTED,
        decided_on=decided_on,
        decided_on_precision=decided_on_precision,
        counts_from_on=decided_on or admission_of(session, project),
    )
    _apply(session, application, values)
    session.add(application)
    session.flush()
    day = ChangeDay(decided_on, decided_on_precision, decided_on or admission_of(session, project))
    _append(session, application, status, day, basis=DOCUMENTED)
    return application


def journal_of(session: Session, application: Application) -> Sequence[ApplicationStatusChange]:
    """The application's changes of status, oldest first."""
    statement = sa.select(ApplicationStatusChange).where(ApplicationStatusChange.application_id == application.id)
    return session.scalars(statement.order_by(ApplicationStatusChange.seq)).all()


def _append(
    session: Session,
    application: Application,
    status: str,
    day: ChangeDay,
    *,
    basis: str = REPORTED,
    reason: str | None = None,
    journal: Sequence[ApplicationStatusChange] | None = None,
) -> ApplicationStatusChange:
    journal = journal_of(session, application) if journal is None else journal
    holds_from = day.holds_from_on
    change = ApplicationStatusChange(
        application_id=application.id,
        seq=len(journal) + 1,
        from_status=application.status if journal else None,
        to_status=status,
        changed_on=day.on,
        changed_on_precision=day.precision,
        holds_from_on=holds_from,
        basis=basis,
        reason=reason,
    )
    application.status = status
    session.add(change)
    if journal:
        session.flush()  # the first entry goes with its application, and both with others where there are many
    return change


def _apply(session: Session, application: Application, values: ApplicationValues) -> None:
    for name, value in values.items():
        if name == "programme":
            application.programme_id = _programme(session, application, value)
        elif name == "applicant":
            application.applicant_id = _applicant(session, value)
        else:
            setattr(application, name, value)
    programme = session.get(FundingProgramme, application.programme_id) if application.programme_id else None
    if application.level is None and programme is not None:
        application.level = programme.level
    if programme is not None and application.level not in (programme.level, "mixed"):
        detail = f"{programme.code} is a programme of level {programme.level}, not {application.level}."
        raise Invalid(detail, errors=[ProblemError(pointer="#/level", code="level_of_programme", detail=detail)])
    requested, cost = application.requested_amount, application.eligible_cost
    if requested is not None and cost is not None and requested > cost:
        detail = f"requested_amount ({requested}) is above eligible_cost ({cost})."
        raise Invalid(detail, errors=[ProblemError(pointer="#/requested_amount", code="above_cost", detail=detail)])


def _programme(session: Session, application: Application, code: object) -> UUID | None:
    if code is None:
        return None
    found = session.scalar(sa.select(FundingProgramme.id).where(FundingProgramme.code == code))
    if found is None:
        detail = f"There is no funding programme {code!r}; /v1/funding-programmes lists them."
        raise Invalid(detail, errors=[ProblemError(pointer="#/programme", code="not_found", detail=detail)])
    return found


def _applicant(session: Session, code: object) -> UUID | None:
    if code is None:
        return None
    found = session.scalar(sa.select(Organisation.id).where(Organisation.code == code))
    if found is None:
        detail = f"There is no organisation {code!r}; /v1/organisations lists them."
        raise Invalid(detail, errors=[ProblemError(pointer="#/applicant", code="not_found", detail=detail)])
    return found
