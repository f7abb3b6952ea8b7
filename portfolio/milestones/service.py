"""What can be done with milestones: plan, forecast, achieve."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, TypedDict
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core import sources
from portfolio.core.dates import Precision, today
from portfolio.core.db import table_of
from portfolio.core.journal import ChangeDay, change_day, refuse_future, require_after
from portfolio.core.lifecycle import DOCUMENTED, REPORTED
from portfolio.core.loading import loaded
from portfolio.core.problems import AlreadyExists, Conflict, Invalid, NotFound, ProblemError
from portfolio.core.reasons import require_reason
from portfolio.core.sending import Fixed
from portfolio.history.recorder import insert_new, touch
from portfolio.milestones import lifecycle
from portfolio.milestones.models import Milestone, MilestoneForecast, MilestoneStatusChange
from portfolio.projects.models import Project
from portfolio.projects.service import admission_of, lead_statement


class BaselineFixed(Conflict):
    """The planned day stands once it has been forecast on or has come to an end."""

    slug = "baseline-fixed"
    title = "The planned day is fixed"


class NotADraft(Conflict):
    """Only a milestone on which nothing was reported may be deleted."""

    slug = "not-a-draft"
    title = "Only a draft or a mistake can be deleted"


class NoLongerScheduled(Conflict):
    """A forecast for a milestone that has come to an end."""

    slug = "no-longer-scheduled"
    title = "The milestone is no longer scheduled"


class MilestoneValues(TypedDict, total=False):
    """The fields of a milestone; an absent key leaves the field alone."""

    code: str
    title_de: str
    title_en: str | None
    kind: str
    phase: str
    baseline_on: date | None
    baseline_on_precision: Precision
    weight: int
    reportable: bool
    evidence: str | None
    source_url: str | None


def create_milestone(session: Session, project: Project, values: MilestoneValues) -> Milestone:
    """Plan a milestone of a locked project.

    :raises Invalid: an implementing milestone before 2020, or a phase that contradicts the day (DOMAIN rule 3).
    :raises AlreadyExists: the project has a milestone of that code.
    """
    milestone = Milestone(**_planned(project, values))
    _settle_code(session, project, milestone)
    session.add(milestone)
    session.add(MilestoneStatusChange(**_first_entry(milestone.id)))
    return milestone


def create_milestones(session: Session, planned: Sequence[tuple[Project, MilestoneValues]]) -> list[UUID]:
    """Plan milestones of locked projects, each with a code that is free; all at once, as an import has thousands.

    :raises Invalid: as :func:`create_milestone`.
    """
    made = insert_new(session, Milestone, [_planned(project, values) for project, values in planned])
    insert_new(session, MilestoneStatusChange, [_first_entry(milestone_id) for milestone_id in made])
    return made


def _planned(project: Project, values: MilestoneValues) -> dict[str, Any]:
    """The columns of a new milestone."""
    own = {
        "id": sources.new_id(),
        "project_id": project.id,
        "status": lifecycle.SCHEDULED,
        "basis": REPORTED,
        "weight": 1,
        "reportable": values.get("kind") not in lifecycle.NOT_REPORTABLE,
    }
    return {**own, **values, "phase": _settled_phase(values.get("phase"), values.get("baseline_on"))}


def _first_entry(milestone_id: UUID) -> dict[str, Any]:
    """The entry that a milestone's journal begins with: it says when it was planned in the register."""
    day = change_day(today())
    return {
        "milestone_id": milestone_id,
        "seq": 1,
        "to_status": lifecycle.SCHEDULED,
        "changed_on": day.on,
        "changed_on_precision": day.precision,
        "holds_from_on": day.holds_from_on,
        "basis": REPORTED,
    }


_LOCKED = sa.select(Milestone).where(Milestone.id == sa.bindparam("milestone")).with_for_update()


def lock_milestone(session: Session, milestone_id: UUID) -> Milestone:
    """:raises NotFound: no such milestone."""
    found = session.scalar(_LOCKED, {"milestone": milestone_id})
    if found is None:
        raise NotFound(f"There is no milestone {milestone_id}.")
    return found


_MILESTONE = table_of(Milestone)
_LOCKED_WITH_LEAD = Fixed(
    sa.select(*_MILESTONE.c, lead_statement(_MILESTONE.c.project_id).limit(1).scalar_subquery().label("lead"))
    .where(_MILESTONE.c.id == sa.bindparam("milestone"))
    .with_for_update(of=_MILESTONE)
)


def lock_milestone_and_lead(session: Session, milestone_id: UUID) -> tuple[Milestone, str | None]:
    """The locked milestone, and the code of the organisation that leads its project today.

    :raises NotFound: no such milestone.
    """
    session.flush()
    for row in _LOCKED_WITH_LEAD.dicts(session.connection(), {"milestone": milestone_id, "day": today()}):
        return loaded(session, Milestone, row), row["lead"]
    raise NotFound(f"There is no milestone {milestone_id}.")


def project_of(session: Session, milestone: Milestone) -> Project:
    return session.get_one(Project, milestone.project_id)


def update_milestone(session: Session, milestone: Milestone, changes: MilestoneValues) -> Milestone:
    """Apply ``changes`` to a locked milestone.

    :raises BaselineFixed: the planned day was forecast on, or the milestone has come to an end.
    """
    moved = any(name in changes for name in ("baseline_on", "baseline_on_precision", "phase"))
    if moved and (milestone.status != lifecycle.SCHEDULED or forecasts_of(session, milestone)):
        raise BaselineFixed("The planned day is fixed by what was reported on it; add a forecast instead.")
    for name, value in changes.items():
        setattr(milestone, name, value)
    if moved:
        if "phase" not in changes and milestone.baseline_on is not None:
            milestone.phase = lifecycle.phase_of(milestone.baseline_on)
        milestone.phase = _settled_phase(milestone.phase, milestone.baseline_on)
    return milestone


def delete_milestone(session: Session, milestone: Milestone) -> None:
    """Remove a milestone planned by mistake; it stays visible in the past.

    :raises NotADraft: something was reported on it.
    """
    if milestone.status != lifecycle.SCHEDULED or forecasts_of(session, milestone):
        raise NotADraft("Something was reported on this milestone; use the transition to cancelled instead.")
    for change in journal_of(session, milestone):
        session.delete(change)
    session.flush()
    session.delete(milestone)
    session.flush()


def transition_milestone(
    session: Session, milestone: Milestone, to: str, on: date, reason: str | None
) -> MilestoneStatusChange:
    """Change the status of a locked milestone.

    :raises TransitionNotAllowed: the lifecycle has no such step; the allowed ones are named.
    :raises ReasonRequired: it is cancelled without a reason.
    :raises Invalid: achieved in the future, or an implementing milestone before 2020.
    """
    lifecycle.MILESTONE.require(milestone.status, to)
    if to == lifecycle.CANCELLED:
        require_reason(reason, "A cancellation")
    day = change_day(on)
    if to in lifecycle.REACHED:
        if milestone.phase == lifecycle.IMPLEMENTING and on < lifecycle.IMPLEMENTATION_FROM:
            raise _invalid("on", "before_implementation", "Implementation starts in 2020; this day lies before it.")
        milestone.achieved_on = on
    change = _append(session, milestone, to, day, reason=reason)
    session.flush()
    return change


def add_forecast(
    session: Session, milestone: Milestone, *, reported_on: date, forecast_on: date, comment: str | None
) -> MilestoneForecast:
    """Append when a locked milestone is expected, as told on a reporting day.

    :raises NoLongerScheduled: it has come to an end.
    :raises AlreadyExists: there is a forecast of that reporting day.
    """
    refuse_future(reported_on, name="reported_on")
    if milestone.status != lifecycle.SCHEDULED:
        raise NoLongerScheduled(f"The milestone is {milestone.status}; only scheduled ones are forecast.")
    forecasts = forecasts_of(session, milestone)
    if any(forecast.reported_on == reported_on for forecast in forecasts):
        raise AlreadyExists(f"There is already a forecast reported on {reported_on}; report on another day.")
    if milestone.phase == lifecycle.IMPLEMENTING and forecast_on < lifecycle.IMPLEMENTATION_FROM:
        raise _invalid("forecast_on", "before_implementation", "Implementation starts in 2020.")
    forecast = MilestoneForecast(
        milestone_id=milestone.id, reported_on=reported_on, forecast_on=forecast_on, comment=comment
    )
    session.add(forecast)
    touch(session, milestone)  # the milestone shows its latest forecast
    session.flush()
    return forecast


def record_documented_milestone(
    session: Session,
    project: Project,
    values: MilestoneValues,
    *,
    status: str,
    achieved_on: date | None = None,
    achieved_on_precision: Precision = Precision.DAY,
    season: str | None = None,
) -> Milestone:
    """Enter what sources document: an event with its day as precise as given, or a plan of which nothing is known.

    A plan keeps its planned day and no outcome. For the seed and the coordinator.
    """
    milestone = Milestone(
        project_id=project.id,
        status=status,
        basis=DOCUMENTED,
        weight=1,
        reportable=values.get("kind") not in lifecycle.NOT_REPORTABLE,
        achieved_on=achieved_on,
        achieved_on_precision=achieved_on_precision,
        season=season,
    )
    for name, value in values.items():
        setattr(milestone, name, value)
    milestone.phase = _settled_phase(milestone.phase, achieved_on or milestone.baseline_on)
    _settle_code(session, project, milestone)
    session.add(milestone)
    session.flush()
    if status in lifecycle.REACHED and achieved_on is not None:
        refuse_future(achieved_on, achieved_on_precision, name="achieved_on")
        day = ChangeDay(achieved_on, achieved_on_precision, achieved_on)
    else:
        # A plan without a day of its own counts from the project's admission (DOMAIN 5).
        day = ChangeDay(None, Precision.DAY, admission_of(session, project))
    _append(session, milestone, status, day, basis=DOCUMENTED)
    return milestone


def cancel_documented(
    session: Session, milestone: Milestone, *, on: date | None, precision: Precision, known_from: date
) -> MilestoneStatusChange:
    """Close a plan whose project was dropped, on the day the drop is documented for."""
    return _append(
        session, milestone, lifecycle.CANCELLED, ChangeDay(on, precision, on or known_from), basis=DOCUMENTED
    )


def journal_of(session: Session, milestone: Milestone) -> Sequence[MilestoneStatusChange]:
    """The milestone's changes of status, oldest first."""
    statement = sa.select(MilestoneStatusChange).where(MilestoneStatusChange.milestone_id == milestone.id)
    return session.scalars(statement.order_by(MilestoneStatusChange.seq)).all()


def forecasts_of(session: Session, milestone: Milestone) -> Sequence[MilestoneForecast]:
    """The milestone's forecasts in the order of their reporting days."""
    statement = sa.select(MilestoneForecast).where(MilestoneForecast.milestone_id == milestone.id)
    return session.scalars(statement.order_by(MilestoneForecast.reported_on)).all()


def _append(
    session: Session,
    milestone: Milestone,
    status: str,
    day: ChangeDay,
    *,
    basis: str = REPORTED,
    reason: str | None = None,
) -> MilestoneStatusChange:
    journal = journal_of(session, milestone)
    # The first entry says when it was planned in the register; what happened may well lie before that.
    require_after(journal[-1].holds_from_on if len(journal) > 1 else None, day)
    change = MilestoneStatusChange(
        milestone_id=milestone.id,
        seq=len(journal) + 1,
        from_status=milestone.status if journal else None,
        to_status=status,
        changed_on=day.on,
        changed_on_precision=day.precision,
        holds_from_on=day.holds_from_on,
        basis=basis,
        reason=reason,
    )
    milestone.status = status
    session.add(change)
    if journal:
        session.flush()  # the first entry goes with its milestone
    return change


def _settled_phase(given: str | None, day: date | None) -> str:
    """The phase of the day, which the given one must be."""
    if day is None:
        return given or lifecycle.IMPLEMENTING
    of_day = lifecycle.phase_of(day)
    if given not in (None, of_day):
        detail = f"{day} lies in the phase {of_day}, not {given}; implementing begins on 2020-01-01."
        raise _invalid("phase", "phase_of_day", detail)
    return of_day


def codes_of(session: Session, project: Project) -> set[str]:
    """The codes that the project's milestones have."""
    return set(session.scalars(sa.select(Milestone.code).where(Milestone.project_id == project.id)))


def free_code(codes: Collection[str]) -> str:
    """The first one of ``M01``, ``M02`` … that is free, after as many as the project has milestones."""
    number = len(codes) + 1
    while f"M{number:02}" in codes:
        number += 1
    return f"M{number:02}"


def require_free(code: str, codes: Collection[str]) -> None:
    """:raises AlreadyExists: the project has a milestone of that code."""
    if code in codes:
        raise AlreadyExists(f"The project has a milestone {code} already; choose another code.")


def _settle_code(session: Session, project: Project, milestone: Milestone) -> None:
    """The next code where none is given."""
    codes = codes_of(session, project)
    if milestone.code is None:
        milestone.code = free_code(codes)
    else:
        require_free(milestone.code, codes)


def _invalid(name: str, code: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[ProblemError(pointer=f"#/{name}", code=code, detail=detail)])
