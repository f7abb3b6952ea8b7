"""Changes of a project's status, each with a day and what it needs (DOMAIN 3 and rules 1 and 2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from portfolio.core.dates import Precision
from portfolio.core.journal import ChangeDay, change_day, require_after
from portfolio.core.lifecycle import DOCUMENTED, REPORTED, TransitionNotAllowed
from portfolio.core.problems import Conflict
from portfolio.core.reasons import require_reason
from portfolio.history.recorder import touch
from portfolio.projects.decisions import find_decision
from portfolio.projects.lifecycle import (
    ADOPTED,
    CLOSED,
    LEAVES_POPULATION,
    LIFECYCLE,
    MERGED,
    REMOVALS,
    SUSPENDED,
    TRANSFERRED_OUT,
    is_reopening,
)
from portfolio.projects.models import Decision, Project, ProjectStatusChange
from portfolio.projects.service import assignment_on, journal_of, lead_of, named_project


class RequirementMissing(Conflict):
    """The transition needs something that is not there: a decision, a field, a ministry, a target."""

    slug = "requirement-missing"
    title = "Something this change of status needs is missing"


@dataclass(frozen=True)
class Transition:
    """A change of status as asked for."""

    to: str
    on: date
    reason: str | None = None
    decision: UUID | None = None
    merged_into: str | None = None


def transition_project(session: Session, project: Project, asked: Transition) -> ProjectStatusChange:
    """Change the status of a locked project.

    :raises TransitionNotAllowed: the lifecycle has no such step; the allowed ones are named.
    :raises ReasonRequired: a removal or re-opening comes without a reason, and without a decision that gives one.
    :raises RequirementMissing: decision, field, lead ministry or target is missing.
    """
    _require_step(session, project, asked.to)
    decision = find_decision(session, asked.decision) if asked.decision else None
    target = named_project(session, asked.merged_into, "#/merged_into") if asked.merged_into else None
    _require_reason(project, asked, decision)
    _require_what_it_needs(session, project, asked, decision, target)
    return append_change(
        session,
        project,
        asked.to,
        change_day(asked.on),
        basis=REPORTED,
        reason=asked.reason,
        decision=decision,
        merged_into=target,
    )


def record_documented(
    session: Session,
    project: Project,
    status: str,
    *,
    on: date | None,
    precision: Precision = Precision.DAY,
    basis: str = DOCUMENTED,
    decision: Decision | None = None,
    source_url: str | None = None,
) -> ProjectStatusChange:
    """Enter what sources document after the fact: a status, its day as precise as the source gives it, or none.

    For the seed and the coordinator only; the ordinary way is :func:`transition_project`.
    """
    day = change_day(on, precision)
    return append_change(session, project, status, day, basis=basis, decision=decision, source_url=source_url)


def append_change(
    session: Session,
    project: Project,
    status: str,
    day: ChangeDay,
    *,
    basis: str,
    reason: str | None = None,
    decision: Decision | None = None,
    merged_into: Project | None = None,
    source_url: str | None = None,
) -> ProjectStatusChange:
    """Append to the journal and bring the project's own status along."""
    journal = journal_of(session, project)
    require_after(journal[-1].holds_from_on if journal else None, day)
    change = ProjectStatusChange(
        project_id=project.id,
        seq=len(journal) + 1,
        from_status=project.status if journal else None,
        to_status=status,
        changed_on=day.on,
        changed_on_precision=day.precision,
        holds_from_on=day.holds_from_on,
        basis=basis,
        reason=reason,
        decision_id=decision.id if decision else None,
        merged_into_id=merged_into.id if merged_into else None,
        source_url=source_url,
    )
    project.status = status
    touch(session, project)
    session.add(change)
    session.flush()
    return change


def _was_admitted(session: Session, project: Project) -> bool:
    return any(change.to_status == ADOPTED for change in journal_of(session, project))


def _require_step(session: Session, project: Project, target: str) -> None:
    """The lifecycle's step, with two limits: neither a suspension nor a re-opening is a way round the admission.

    A suspended project goes on where it was suspended; one that was dropped before its admission is first admitted.
    """
    current = project.status
    if current == SUSPENDED:
        before = journal_of(session, project)[-1].from_status
        _require_one_of(
            target,
            [status for status in LIFECYCLE.successors[SUSPENDED] if status == before or status in CLOSED],
            f"The project was suspended while {before}",
        )
    elif current in CLOSED and not _was_admitted(session, project):
        _require_one_of(target, [ADOPTED], f"The project is {current} and was never admitted")
    LIFECYCLE.require(current, target)


def _require_one_of(target: str, allowed: list[str], state: str) -> None:
    if target not in allowed:
        detail = f"{state}; it cannot become {target}. Allowed from there: {', '.join(allowed)}."
        raise TransitionNotAllowed(detail, allowed=allowed)


def _require_reason(project: Project, asked: Transition, decision: Decision | None) -> None:
    decided = (decision.reason_de or decision.reason_en) if decision else None
    if asked.to in REMOVALS:
        require_reason(asked.reason or decided, f"Becoming {asked.to} without a decision that gives one")
    elif is_reopening(project.status, asked.to):
        require_reason(asked.reason or decided, "A re-opening by a decision that gives none")


def _require_what_it_needs(
    session: Session, project: Project, asked: Transition, decision: Decision | None, target: Project | None
) -> None:
    missing: list[str] = []
    admits = asked.to == ADOPTED and not _was_admitted(session, project)
    if decision is None and (admits or asked.to == TRANSFERRED_OUT or is_reopening(project.status, asked.to)):
        missing.append("a decision (POST /v1/decisions first, then its id as `decision`)")
    if asked.to == ADOPTED or (project.title_known and is_reopening(project.status, asked.to)):
        if assignment_on(session, project, asked.on) is None:
            missing.append(f"an action field on {asked.on}")
        if lead_of(session, project.id, asked.on) is None:
            missing.append(f"a lead ministry on {asked.on}")
    if asked.to == MERGED:
        if target is None:
            missing.append("the project it is merged into, as `merged_into`")
        elif target.id == project.id:
            missing.append("another project than itself to be merged into")
        elif target.status in LEAVES_POPULATION or target.demo != project.demo:
            missing.append(f"a project to be merged into that is still there ({target.slug} is {target.status})")
    if missing:
        raise RequirementMissing(f"{project.slug} cannot become {asked.to}; it needs {' and '.join(missing)}.")
    if decision is not None and decision.decided_on > asked.on:
        raise RequirementMissing(
            f"The decision is of {decision.decided_on}; the change cannot be of {asked.on}, before it."
        )
