"""Loads what the sources say about money: awards where a grant is documented, statements for everything else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core.money import parse_amount
from portfolio.core.search import slug_of
from portfolio.exchange.seed_ids import Labels
from portfolio.exchange.source_data import Record, period, period_start
from portfolio.funding.applications import record_documented_application
from portfolio.funding.awards import record_documented_award
from portfolio.funding.lifecycle import APPROVED
from portfolio.funding.statements import record_statement
from portfolio.organisations.models import Organisation
from portfolio.projects.models import Project

PROGRAMME_OF = {
    "EFRE.NRW / Regio.NRW": "efre-regio-nrw",
    "ESF / REACT-EU": "esf-react-eu",
    "Stiftung Mercator": "stiftung-mercator",
    "Neue Künste Ruhr": "neue-kuenste-ruhr",
    "Ruhr-Konferenz / Staatskanzlei": "state-budget-ruhr-konferenz",
    "Aktionsprogramm Grüne Lückenschlüsse": "gruene-lueckenschluesse",
    "Förderrichtlinie Familiengrundschulzentren": "familiengrundschulzentren-richtlinie",
    "Förderrichtlinie Kulturelle Bildung (BASS 11-02 Nr. 48)": "kulturelle-bildung-richtlinie",
    # Named as funder only; which programme the money is from is not said.
    "Staatskanzlei NRW": None,
}
"""From the names in the records to the reference, spelled out so that none is matched by accident."""

ORGANISATION_OF = {
    "Ruhr Tourismus GmbH": slug_of("Ruhr Tourismus GmbH (RTG)"),
    "VCI NRW": slug_of("Verband der Chemischen Industrie, Landesverband NRW (VCI NRW)"),
}
"""Recipients that the sources also name in a longer form."""

_SUMMABLE_SCOPES = ("project", "component")
_KNOWN_AMOUNTS = ("exact", "approximately")
_OWN_SHARE_LEVEL = "municipal"


def load_funding(session: Session, project: Project, record: Record, ids: Labels) -> None:
    """Every funding fact of one project, as an award, a statement, or both (DOMAIN 5a)."""
    for number, fact in enumerate(record["funding"], start=1):
        ids.label(f"funding/{project.slug}/{number}")
        granted = _is_grant(fact)
        has_notice = any(milestone["kind"] == "grant_notice" for milestone in record["milestones"])
        has_amount = fact["amount_eur"] is not None and fact["amount_qualifier"] in _KNOWN_AMOUNTS
        if granted and (has_amount or fact["amount_eur"] is None or has_notice):
            _load_award(session, project, fact, parse_amount(fact["amount_eur"]) if has_amount else None)
            if not has_amount and fact["amount_eur"] is not None:
                _load_statement(session, project, fact)
        else:
            _load_statement(session, project, fact)


def _is_grant(fact: Record) -> bool:
    return (
        fact["status"] == "approved" and fact["amount_scope"] in _SUMMABLE_SCOPES and fact["level"] != _OWN_SHARE_LEVEL
    )


def _load_award(session: Session, project: Project, fact: Record, amount: Decimal | None) -> None:
    issued_on, issued_precision = period(fact["date"])
    start, start_precision = period_start(fact["period_from"])
    end, end_precision = period(fact["period_to"])
    application = record_documented_application(
        session,
        project,
        {
            "programme": _programme(fact),
            "level": fact["level"],
            "applicant": _applicant(session, fact["recipient"]),
            "recipient_text": fact["recipient"],
            "note": _note(fact),
            "source_url": fact["source_url"],
        },
        status=APPROVED,
        decided_on=issued_on,
        decided_on_precision=issued_precision,
    )
    record_documented_award(
        session,
        application,
        {
            "amount": amount,
            "amount_qualifier": fact["amount_qualifier"] if amount is not None else None,
            "approval_from_on": start,
            "approval_to_on": end,
            "note": _note(fact),
            "source_url": fact["source_url"],
        },
        issued_on=issued_on,
        issued_on_precision=issued_precision,
        approval_from_on_precision=start_precision,
        approval_to_on_precision=end_precision,
    )


def _load_statement(session: Session, project: Project, fact: Record) -> None:
    stated_on, stated_precision = period(fact["date"])
    start, start_precision = period_start(fact["period_from"])
    end, end_precision = period(fact["period_to"])
    values: dict[str, Any] = {
        "kind": fact["status"],
        "level": "own" if fact["level"] == _OWN_SHARE_LEVEL else fact["level"],
        "amount": _amount(fact["amount_eur"]),
        "qualifier": fact["amount_qualifier"],
        "scope": fact["amount_scope"],
        "total_cost": _amount(fact["total_cost_eur"]),
        "stated_on": stated_on,
        "stated_on_precision": stated_precision,
        "period_from_on": start,
        "period_from_on_precision": start_precision,
        "period_to_on": end,
        "period_to_on_precision": end_precision,
        "recipient_text": fact["recipient"],
        "note": fact["note"],
        "source_url": fact["source_url"],
    }
    record_statement(session, project, values, programme=_programme(fact))


def _programme(fact: Record) -> str | None:
    return None if fact["programme"] is None else PROGRAMME_OF[fact["programme"]]


def _applicant(session: Session, recipient: str | None) -> str | None:
    """The organisation, where the published recipient is exactly one that is recorded."""
    if recipient is None:
        return None
    code = ORGANISATION_OF.get(recipient, slug_of(recipient))
    return session.scalar(sa.select(Organisation.code).where(Organisation.code == code))


def _note(fact: Record) -> str | None:
    parts = [fact["note"]]
    if fact["total_cost_eur"] is not None:
        parts.append(f"Total cost as published: EUR {fact['total_cost_eur']}.")
    if fact["programme"] is not None and PROGRAMME_OF[fact["programme"]] is None:
        parts.append(f"Funder as published: {fact['programme']}.")
    return " ".join(part for part in parts if part) or None


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else parse_amount(text)
