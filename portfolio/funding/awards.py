"""Awards and their chains: granted, amended, final, settled, revoked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core import sources
from portfolio.core.dates import Precision
from portfolio.core.journal import ChangeDay, change_day, refuse_future, require_after
from portfolio.core.lifecycle import DOCUMENTED, REPORTED, TransitionNotAllowed
from portfolio.core.money import ZERO
from portfolio.core.problems import Conflict, Invalid, NotFound, ProblemError
from portfolio.core.reasons import require_reason
from portfolio.funding import lifecycle
from portfolio.funding.applications import project_of
from portfolio.funding.models import Application, Award, AwardStatusChange, LedgerEntry
from portfolio.projects.service import admission_of

PUBLISHED_STATEMENT = "published_statement"


class NotGranted(Conflict):
    """An award needs an application that was approved, whole or in part."""

    slug = "application-not-granted"
    title = "The application is not approved"


class NotTheLast(Conflict):
    """Only the award in force can be amended or booked on."""

    slug = "award-superseded"
    title = "Another award of the chain is in force"


class AwardIsFixed(Conflict):
    """Amount and day of an award are never edited; an amendment is a new award."""

    slug = "amend-by-a-new-award"
    title = "An award is amended by a new one"


class AwardValues(TypedDict, total=False):
    """The fields of an award. Amounts in EUR, null where not known."""

    number: str | None
    issued_on: date
    amount: Decimal | None
    amount_qualifier: str | None
    rate: Decimal | None
    approval_from_on: date | None
    approval_to_on: date | None
    evidence: str
    payments_known_until: date | None
    note: str | None
    source_url: str | None


def lock_award(session: Session, award_id: UUID) -> Award:
    """The award with every row of its chain locked, in one order, so that sums over the chain stay true.

    :raises NotFound: no such award.
    """
    chain_id = session.scalar(sa.select(Award.chain_id).where(Award.id == award_id))
    if chain_id is None:
        raise NotFound(f"There is no award {award_id}.")
    session.scalars(sa.select(Award).where(Award.chain_id == chain_id).order_by(Award.id).with_for_update()).all()
    return session.get_one(Award, award_id)


def chain_of(session: Session, chain_id: UUID) -> Sequence[Award]:
    """The awards of a chain, the first one first."""
    statement = sa.select(Award).where(Award.chain_id == chain_id)
    return session.scalars(statement.order_by(Award.counts_from_on, Award.created_at, Award.id)).all()


def last_of(session: Session, chain_id: UUID) -> Award:
    """The award of a chain that no other supersedes."""
    chain = chain_of(session, chain_id)
    superseded = {award.supersedes_id for award in chain}
    return next(award for award in chain if award.id not in superseded)


def application_of(session: Session, award: Award) -> Application:
    return session.get_one(Application, award.application_id)


def paid_out_of(session: Session, chain_id: UUID, *, before: date | None = None) -> Decimal:
    """What was paid on a chain so far, or ``before`` a day: disbursements less repayments and corrections, EUR."""
    statement = sa.select(sa.type_coerce(sa.func.sum(LedgerEntry.paid_out), LedgerEntry.paid_out.type))
    if before is not None:
        statement = statement.where(LedgerEntry.booked_on < before)
    return session.scalar(statement.where(LedgerEntry.chain_id == chain_id)) or ZERO


def grants_more_than_asked(session: Session, application: Application) -> bool:
    """Whether the awards in force come to more than the application asked for: possible, but never by a slip."""
    in_force = sa.select(sa.func.sum(sa.type_coerce(Award.amount, sa.BigInteger))).where(
        Award.application_id == application.id,
        Award.status.not_in((lifecycle.SUPERSEDED, lifecycle.REVOKED)),
    )
    asked, granted = application.requested_amount, session.scalar(in_force)
    return asked is not None and granted is not None and Decimal(granted).scaleb(-2) > asked


def create_award(
    session: Session, application: Application, values: AwardValues, *, supersedes: UUID | None = None
) -> Award:
    """Record an award on a locked application; with ``supersedes``, an amendment that states the new total.

    :raises NotGranted: the application is not approved.
    :raises NotTheLast: the superseded award is not the one in force, or of another application.
    :raises Invalid: issued before the submission, or in the future.
    """
    if application.status not in lifecycle.GRANTED:
        raise NotGranted(f"The application is {application.status}; approve it, whole or in part, before an award.")
    issued_on = values["issued_on"]
    refuse_future(issued_on, name="issued_on")
    if application.submitted_on is not None and issued_on < application.submitted_on:
        raise _invalid("issued_on", "before_submission", f"The application was submitted {application.submitted_on}.")
    previous = _superseded(session, application, supersedes, issued_on) if supersedes else None
    award = Award(
        id=sources.new_id(),
        application_id=application.id,
        counts_from_on=issued_on,
        status=lifecycle.ISSUED,
        basis=REPORTED,
        supersedes_id=supersedes,
    )
    award.chain_id = previous.chain_id if previous else award.id
    award.payments_known_until = previous.payments_known_until if previous else None
    award.evidence = "grant_notice"
    _apply(award, values)
    session.add(award)
    session.flush()
    append_change(session, award, lifecycle.ISSUED, change_day(issued_on))
    if previous is not None:
        _supersede(session, previous, award)
    return award


def update_award(session: Session, award: Award, changes: AwardValues) -> Award:
    """Change what describes a locked award, or how far its payments are known.

    :raises AwardIsFixed: amount or day of issue were to change.
    :raises Invalid: payments known until a day before the last booking, or in the future.
    """
    for name in ("amount", "issued_on", "amount_qualifier"):
        if name in changes and changes.get(name) != getattr(award, name):
            raise AwardIsFixed(f"{name} is fixed; POST a new award that supersedes this one.")
    if "payments_known_until" in changes:
        _know_payments(session, award, changes["payments_known_until"])
    described: AwardValues = {**changes}
    described.pop("payments_known_until", None)
    _apply(award, described)
    session.flush()
    return award


def transition_award(session: Session, award: Award, to: str, on: date, reason: str | None) -> AwardStatusChange:
    """Change the status of a locked award.

    :raises TransitionNotAllowed: the lifecycle has no such step; the allowed ones are named.
    :raises ReasonRequired: it is revoked without a reason.
    """
    if to == lifecycle.SUPERSEDED:
        allowed = list(lifecycle.AWARD.successors[award.status])
        raise TransitionNotAllowed(
            "An award is superseded by recording its amendment: POST a new award with `supersedes`.", allowed=allowed
        )
    lifecycle.AWARD.require(award.status, to)
    if to == lifecycle.REVOKED:
        require_reason(reason, "A revocation")
    journal = journal_of(session, award)
    day = change_day(on)
    require_after(journal[-1].holds_from_on, day)
    if to == lifecycle.FINAL:
        award.final_on = on
    elif to == lifecycle.SETTLED:
        award.settled_on = on
    elif to == lifecycle.REVOKED:
        award.ended_on = on
        _claim_back(session, award, ZERO, on)
    return append_change(session, award, to, day, reason=reason)


def record_documented_award(
    session: Session,
    application: Application,
    values: AwardValues,
    *,
    issued_on: date | None,
    issued_on_precision: Precision = Precision.DAY,
    approval_from_on_precision: Precision = Precision.DAY,
    approval_to_on_precision: Precision = Precision.DAY,
) -> Award:
    """Enter an award that a source tells of: perhaps without its day or its amount, never as a seen notice.

    Without a day it counts from the project's admission (DOMAIN 5). For the seed and the coordinator.
    """
    counts_from = issued_on or admission_of(session, project_of(session, application))
    award = Award(
        id=sources.new_id(),
        application_id=application.id,
        counts_from_on=counts_from,
        issued_on=issued_on,
        issued_on_precision=issued_on_precision,
        approval_from_on_precision=approval_from_on_precision,
        approval_to_on_precision=approval_to_on_precision,
        evidence=PUBLISHED_STATEMENT,
        status=lifecycle.ISSUED,
        basis=DOCUMENTED,
    )
    award.chain_id = award.id
    _apply(award, values)
    session.add(award)
    session.flush()
    append_change(
        session, award, lifecycle.ISSUED, ChangeDay(issued_on, issued_on_precision, counts_from), basis=DOCUMENTED
    )
    return award


def journal_of(session: Session, award: Award) -> Sequence[AwardStatusChange]:
    """The award's changes of status, oldest first."""
    statement = sa.select(AwardStatusChange).where(AwardStatusChange.award_id == award.id)
    return session.scalars(statement.order_by(AwardStatusChange.seq)).all()


def append_change(
    session: Session, award: Award, status: str, day: ChangeDay, *, basis: str = REPORTED, reason: str | None = None
) -> AwardStatusChange:
    """Append to the journal and bring the award's own status along."""
    journal = journal_of(session, award)
    change = AwardStatusChange(
        award_id=award.id,
        seq=len(journal) + 1,
        from_status=award.status if journal else None,
        to_status=status,
        changed_on=day.on,
        changed_on_precision=day.precision,
        holds_from_on=day.holds_from_on,
        basis=basis,
        reason=reason,
    )
    award.status = status
    session.add(change)
    session.flush()
    return change


def _apply(award: Award, values: AwardValues) -> None:
    for name, value in values.items():
        setattr(award, name, value)
    if award.amount is not None and award.amount_qualifier is None:
        award.amount_qualifier = "exact"
    start, end = award.approval_from_on, award.approval_to_on
    if start is not None and end is not None and start > end:
        raise _invalid("approval_to_on", "ends_before_start", f"approval_from_on ({start}) lies after it ({end}).")


def _superseded(session: Session, application: Application, award_id: UUID, issued_on: date) -> Award:
    known = session.scalar(sa.select(Award.application_id).where(Award.id == award_id))
    if known is None:
        raise _invalid("supersedes", "not_found", f"There is no award {award_id}.")
    if known != application.id:
        raise NotTheLast("An amendment belongs to the same application as the award it supersedes.")
    previous = lock_award(session, award_id)
    last = last_of(session, previous.chain_id)
    if last.id != previous.id:
        raise NotTheLast(f"The award {previous.id} is superseded already; amend {last.id}, the one in force.")
    if previous.status in (lifecycle.REVOKED, lifecycle.SETTLED):
        raise NotTheLast(f"The award is {previous.status}; it cannot be amended any more.")
    if issued_on < journal_of(session, previous)[-1].holds_from_on:
        raise _invalid(
            "issued_on", "before_previous", "An amendment is not issued before the last change of its award."
        )
    return previous


def _supersede(session: Session, previous: Award, award: Award) -> None:
    previous.ended_on = award.counts_from_on
    append_change(session, previous, lifecycle.SUPERSEDED, change_day(award.counts_from_on))
    if award.amount is not None:
        _claim_back(session, award, award.amount, award.counts_from_on)


def _claim_back(session: Session, award: Award, entitled: Decimal, on: date) -> None:
    """Open a recovery claim for what was paid above what the award still grants and is not claimed yet (rule 10)."""
    surplus = paid_out_of(session, award.chain_id) - entitled - _claimed_on(session, award.chain_id)
    if surplus > 0:
        session.add(
            LedgerEntry(
                award_id=award.id,
                chain_id=award.chain_id,
                type=lifecycle.RECOVERY_CLAIM,
                amount=surplus,
                paid_out=ZERO,
                booked_on=on,
            )
        )
        session.flush()


def _claimed_on(session: Session, chain_id: UUID) -> Decimal:
    """What is claimed back on a chain and not repaid since, EUR; what was reversed never was."""
    statement = sa.select(LedgerEntry).where(LedgerEntry.chain_id == chain_id)
    entries = session.scalars(statement.order_by(LedgerEntry.created_at, LedgerEntry.id)).all()
    reversed_ids = {entry.reverses_id for entry in entries}
    claimed = ZERO
    for entry in entries:
        if entry.id in reversed_ids:
            continue
        if entry.type == lifecycle.RECOVERY_CLAIM:
            claimed += entry.amount
        elif entry.type == lifecycle.REPAYMENT:
            claimed = max(ZERO, claimed - entry.amount)
    return claimed


def _know_payments(session: Session, award: Award, until: date | None) -> None:
    last = session.scalar(sa.select(sa.func.max(LedgerEntry.booked_on)).where(LedgerEntry.chain_id == award.chain_id))
    if until is None or (last is not None and until < last):
        raise _invalid("payments_known_until", "before_last_booking", f"The last entry is booked on {last}.")
    refuse_future(until, name="payments_known_until")
    if award.payments_known_until is not None and until < award.payments_known_until:
        raise _invalid(
            "payments_known_until", "goes_back", f"Payments are known until {award.payments_known_until} already."
        )
    for member in chain_of(session, award.chain_id):
        member.payments_known_until = until


def _invalid(name: str, code: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[ProblemError(pointer=f"#/{name}", code=code, detail=detail)])
