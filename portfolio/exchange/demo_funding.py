"""Made-up applications, awards and payments: every status, amendments, a reversal, a recovery."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from portfolio.funding.applications import create_application, transition_application
from portfolio.funding.awards import create_award, transition_award
from portfolio.funding.ledger import book
from portfolio.funding.models import Application, Award
from portfolio.projects.models import Project

PER_PROJECT = 6
LEVELS = ("eu", "federal", "state", "municipal", "foundation", "private", "own")
_APPLICANTS = ("demo-hochschule", "demo-stadt")
_BEGIN = date(2021, 4, 1)
_WAYS: tuple[tuple[str, ...], ...] = (
    ("submitted", "under_review", "approved"),
    ("submitted", "under_review", "partly_approved"),
    ("submitted", "under_review", "rejected"),
    ("submitted", "under_review", "returned"),
    ("submitted", "under_review"),
    ("submitted",),
    ("submitted", "under_review", "returned", "under_review", "approved"),
    ("submitted", "withdrawn"),
    (),
)
_AWARD_WAYS: tuple[tuple[str, ...], ...] = (
    ("final", "active", "proof_due", "settled"),
    ("final", "active", "proof_due"),
    ("final", "active"),
    ("final",),
    (),
    ("final", "active", "revoked"),
)
_STEP = timedelta(days=30)


def add_applications(session: Session, project: Project, number: int) -> None:
    """Six applications of one project, over all levels in turn."""
    for place in range(PER_PROJECT):
        running = number * PER_PROJECT + place
        level = LEVELS[running % len(LEVELS)]
        asked = Decimal(100_000 + 7_919 * running) + Decimal(running % 100) / 100
        application = create_application(
            session,
            project,
            {
                "programme": f"demo-{level}",
                "applicant": _APPLICANTS[running % 2],
                "requested_amount": asked,
                "eligible_cost": asked * 2,
                "purpose": f"Demonstration {running + 1}",
            },
        )
        day = _BEGIN + timedelta(days=5 * running)
        for status in _WAYS[running % len(_WAYS)]:
            transition_application(session, application, status, day, "Demonstration")
            day += _STEP
        if application.status in ("approved", "partly_approved"):
            _grant(session, application, asked, day, running)


def _grant(session: Session, application: Application, asked: Decimal, day: date, running: int) -> None:
    amount = asked if application.status == "approved" else (asked * Decimal("0.7")).quantize(Decimal("0.01"))
    award = create_award(session, application, {"issued_on": day, "amount": amount})
    way = _AWARD_WAYS[running % 7 % len(_AWARD_WAYS)]
    for status in way:
        day += _STEP
        transition_award(session, award, status, day, "Demonstration")
        if status == "final":
            _pay(session, award, amount, day, running)
    if way == ("final",):
        _amend(session, application, award, amount, day + _STEP, running)


def _pay(session: Session, award: Award, amount: Decimal, day: date, running: int) -> None:
    """Half of the award, sometimes booked wrongly and reversed, sometimes partly paid back."""
    half = (amount / 2).quantize(Decimal("0.01"))
    first = book(session, award, {"type": "disbursement", "amount": half, "booked_on": day, "payee": "Demonstration"})
    if running % 4 == 0:
        book(session, award, {"type": "correction", "booked_on": day}, reverses=first.id)
        book(session, award, {"type": "disbursement", "amount": half, "booked_on": day, "payee": "Demonstration"})
    if running % 5 == 0:
        book(session, award, {"type": "repayment", "amount": Decimal("1000.00"), "booked_on": day})


def _amend(session: Session, application: Application, award: Award, amount: Decimal, day: date, running: int) -> None:
    """More in turn, or less than was paid, which opens a recovery claim."""
    share = Decimal("1.1") if running % 2 else Decimal("0.4")
    changed = (amount * share).quantize(Decimal("0.01"))
    amended = create_award(session, application, {"issued_on": day, "amount": changed}, supersedes=award.id)
    transition_award(session, amended, "final", day + _STEP, "Demonstration")
