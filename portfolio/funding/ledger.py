"""Booking on an award chain: entries are added, never edited (DOMAIN rules 9, 10 and 14)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core import sources
from portfolio.core.journal import refuse_future
from portfolio.core.money import ZERO, format_amount
from portfolio.core.problems import Conflict, Invalid, ProblemError
from portfolio.funding import lifecycle
from portfolio.funding.awards import NotTheLast, chain_of, paid_out_of
from portfolio.funding.models import Award, LedgerEntry
from portfolio.history.recorder import touch


class NotFinal(Conflict):
    """No disbursement before the award is final (VV no. 7.1 to §44 LHO NRW)."""

    slug = "award-not-final"
    title = "The award is not final"


class AboveAward(Conflict):
    """A disbursement would lift what was paid above the award in force."""

    slug = "above-award"
    title = "More than the award in force"


class NotReversible(Conflict):
    """The entry is a correction itself, was reversed already, or is of another chain."""

    slug = "not-reversible"
    title = "This entry cannot be reversed"


class BelowZero(Conflict):
    """More would be paid back than was paid."""

    slug = "below-zero"
    title = "More paid back than was paid"


class EntryValues(TypedDict, total=False):
    """The fields of an entry. Amounts in EUR, above zero."""

    type: str
    amount: Decimal
    booked_on: date
    value_on: date | None
    budget_year: int | None
    payer: str | None
    payee: str | None
    document_reference: str | None
    comment: str | None


class Chain:
    """A locked award chain: its awards, the first one first, and what was paid on them, each looked up once."""

    def __init__(self, session: Session, chain_id: UUID) -> None:
        self._session, self._chain_id = session, chain_id
        self.awards = chain_of(session, chain_id)
        self._paid: dict[date | None, Decimal] = {}

    @property
    def last(self) -> Award:
        """The award that no other supersedes."""
        superseded = {award.supersedes_id for award in self.awards}
        return next(award for award in self.awards if award.id not in superseded)

    def paid_out(self, before: date | None = None) -> Decimal:
        """What was paid so far, or ``before`` a day, EUR."""
        if before not in self._paid:
            self._paid[before] = paid_out_of(self._session, self._chain_id, before=before)
        return self._paid[before]

    def add(self, entry: LedgerEntry) -> None:
        """Count an entry that is new in the session."""
        for before in self._paid:
            if before is None or entry.booked_on < before:
                self._paid[before] += entry.paid_out


def book(
    session: Session,
    award: Award,
    values: EntryValues,
    *,
    reverses: UUID | None = None,
    chain: Chain | None = None,
) -> LedgerEntry:
    """Add an entry to a locked award chain.

    :param chain: that of the award, where many entries are booked on it in one transaction.
    :raises NotTheLast: the award is superseded; the one in force is named.
    :raises NotFinal: a disbursement before the award is final.
    :raises AboveAward: a disbursement above what the award in force leaves.
    :raises NotReversible: a correction of what cannot be reversed.
    :raises BelowZero: a repayment or correction above what was paid.
    """
    refuse_future(values["booked_on"], name="booked_on")
    chain = chain or Chain(session, award.chain_id)
    if chain.last.id != award.id:
        raise NotTheLast(f"The award is superseded; book on {chain.last.id}, the one in force.")
    reversed_entry = _reversed(session, award, values, reverses)
    amount = reversed_entry.amount if reversed_entry else values.get("amount")
    if amount is None:
        raise _invalid("amount", "required", "Send the amount of the document, above zero.")
    paid_out = _paid_out(values["type"], amount, reversed_entry)
    _require_room(award, chain, values, amount, paid_out)
    entry = LedgerEntry(
        id=sources.new_id(),
        award_id=award.id,
        chain_id=award.chain_id,
        paid_out=paid_out,
        reverses_id=reverses,
        **{**values, "amount": amount},
    )
    chain.add(entry)
    session.add(entry)
    touch(session, award)  # the award shows what was paid on it
    if paid_out != ZERO:
        _move_known(chain, values["booked_on"])
    return entry


def _paid_out(entry_type: str, amount: Decimal, reversed_entry: LedgerEntry | None) -> Decimal:
    """What an entry adds to the money paid out."""
    if reversed_entry is not None:
        return -reversed_entry.paid_out
    return {lifecycle.DISBURSEMENT: amount, lifecycle.REPAYMENT: -amount}.get(entry_type, ZERO)


def _reversed(session: Session, award: Award, values: EntryValues, reverses: UUID | None) -> LedgerEntry | None:
    is_correction = values["type"] == lifecycle.CORRECTION
    if is_correction != (reverses is not None):
        detail = "A correction names the entry it reverses, as `reverses`; other entries reverse nothing."
        raise _invalid("reverses", "required" if is_correction else "not_a_correction", detail)
    if reverses is None:
        return None
    entry = session.get(LedgerEntry, reverses)
    if entry is None:
        raise _invalid("reverses", "not_found", f"There is no ledger entry {reverses}.")
    if entry.chain_id != award.chain_id:
        raise NotReversible("The entry belongs to another award.")
    if entry.type == lifecycle.CORRECTION:
        raise NotReversible("A correction is not reversed; book the right entry anew.")
    if session.scalar(sa.select(LedgerEntry.id).where(LedgerEntry.reverses_id == reverses)) is not None:
        raise NotReversible("The entry is reversed already.")
    if values.get("amount") not in (None, entry.amount):
        amount = format_amount(entry.amount)
        raise _invalid("amount", "not_the_reversed", f"A correction reverses the whole entry, {amount}; leave it out.")
    if values["booked_on"] < entry.booked_on:
        raise _invalid("booked_on", "before_reversed", f"The entry it reverses is booked on {entry.booked_on}.")
    return entry


def _require_room(award: Award, chain: Chain, values: EntryValues, amount: Decimal, paid_out: Decimal) -> None:
    if values["type"] == lifecycle.DISBURSEMENT:
        _require_final(award, chain, values["booked_on"])
        _require_below(chain, values["booked_on"], amount)
        return
    total = chain.paid_out() + paid_out
    if paid_out < 0 and total < 0:
        raise BelowZero(f"Only {format_amount(total - paid_out)} were paid out; no more can be paid back.")


def _require_final(award: Award, chain: Chain, day: date) -> None:
    """A payment needs the award of its chain that is in force on its day to be final by then (DOMAIN rule 9).

    So a payment made under an award that was amended since can still be entered, and one before the amendment is
    final cannot be made.
    """
    of_day = next((member for member in chain.awards if _is_in_force(member, day)), award)
    is_final = of_day.final_on is not None and of_day.final_on <= day
    if not is_final or award.status not in (lifecycle.ISSUED, *lifecycle.PAYABLE):
        raise NotFinal(
            f"The award in force on {day} is {of_day.status}"
            + (f", final on {of_day.final_on}" if of_day.final_on else "")
            + "; a disbursement needs a final award on its day (VV no. 7.1 to §44 LHO NRW)."
        )


def _is_in_force(award: Award, day: date) -> bool:
    return award.counts_from_on <= day and (award.ended_on is None or award.ended_on > day)


def _require_below(chain: Chain, day: date, amount: Decimal) -> None:
    """From its day on, a payment lifts the sum above none of the awards of the chain (DOMAIN rule 10)."""
    for member in chain.awards:
        if member.amount is None or (member.ended_on is not None and member.ended_on <= day):
            continue
        left = member.amount - chain.paid_out(before=member.ended_on)
        if amount > left:
            of_all = format_amount(member.amount)
            raise AboveAward(f"Only {format_amount(max(ZERO, left))} of {of_all} are left; amend the award first.")


def _move_known(chain: Chain, booked_on: date) -> None:
    """Whoever books a payment knows the payments until that day at least."""
    for member in chain.awards:
        if member.payments_known_until is None or member.payments_known_until < booked_on:
            member.payments_known_until = booked_on


def _invalid(name: str, code: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[ProblemError(pointer=f"#/{name}", code=code, detail=detail)])
