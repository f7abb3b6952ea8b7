"""What can be done with organisations."""

from __future__ import annotations

from datetime import date
from typing import TypedDict

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core.problems import AlreadyExists, Invalid, NotFound, ProblemError, StaleVersion
from portfolio.core.search import search_text, sort_key
from portfolio.history.recorder import touch
from portfolio.organisations.models import Organisation, Succession


class OrganisationValues(TypedDict, total=False):
    """The fields of an organisation; an absent key leaves the field alone."""

    code: str
    name_de: str
    name_en: str | None
    kind: str
    valid_from: date | None
    valid_to: date | None
    period_covered: str | None
    source_url: str | None


class SuccessorValues(TypedDict, total=False):
    """Who takes over, when, and how it is known."""

    organisation: str
    happened_on: date
    kind: str
    basis: str | None
    note: str | None
    source_url: str | None


def create_organisation(session: Session, values: OrganisationValues, *, demo: bool = False) -> Organisation:
    """Record an organisation.

    :raises AlreadyExists: the code is taken.
    """
    if session.scalar(sa.select(Organisation.id).where(Organisation.code == values["code"])) is not None:
        raise AlreadyExists(f"There is already an organisation {values['code']!r}; read it, or choose another code.")
    organisation = Organisation(demo=demo)
    _apply(organisation, values)
    session.add(organisation)
    session.flush()
    return organisation


def organisation_named(session: Session, code: str) -> dict[str, str | None] | None:
    """Code and names of an organisation as it is now; None where there is none of this code."""
    columns = (Organisation.code, Organisation.name_de, Organisation.name_en)
    found = session.execute(sa.select(*columns).where(Organisation.code == code)).one_or_none()
    return None if found is None else found._asdict()


def lock_organisation(session: Session, code: str) -> Organisation:
    """:raises NotFound: no such organisation."""
    found = session.scalar(sa.select(Organisation).where(Organisation.code == code).with_for_update())
    if found is None:
        raise NotFound(f"There is no organisation {code!r}.")
    return found


def update_organisation(
    session: Session, organisation: Organisation, changes: OrganisationValues, *, seen_version: int
) -> Organisation:
    """Apply ``changes`` to a locked organisation.

    :raises StaleVersion: changed since the caller read ``seen_version``.
    """
    if organisation.version != seen_version:
        raise StaleVersion(f"The record is at version {organisation.version}, you read {seen_version}; read it again.")
    _apply(organisation, changes)
    _require_room(session, organisation)
    session.flush()
    return organisation


def record_succession(session: Session, organisation: Organisation, values: SuccessorValues) -> Succession:
    """Let another organisation take over; the old one ends that day unless an end is recorded already.

    :raises Invalid: the successor does not exist or is the same, or one of the two does not exist on that day.
    :raises AlreadyExists: it is recorded as a successor already.
    """
    successor = session.scalar(sa.select(Organisation).where(Organisation.code == values["organisation"]))
    if successor is None or successor.id == organisation.id:
        detail = f"{values['organisation']!r} is not another recorded organisation; POST /v1/organisations first."
        raise _invalid("add_successor/organisation", "not_found", detail)
    _require_both_on(organisation, successor, values["happened_on"])
    known = sa.select(Succession.id).where(
        Succession.organisation_id == organisation.id, Succession.successor_id == successor.id
    )
    if session.scalar(known) is not None:
        raise AlreadyExists(f"{successor.code} is recorded as a successor of {organisation.code} already.")
    details = {name: value for name, value in values.items() if name != "organisation"}
    succession = Succession(organisation_id=organisation.id, successor_id=successor.id, **details)
    session.add(succession)
    if organisation.valid_to is None:
        organisation.valid_to = values["happened_on"]
    _require_room(session, organisation)
    touch(session, organisation)
    session.flush()
    return succession


def _require_both_on(organisation: Organisation, successor: Organisation, day: date) -> None:
    """A remit goes on from one that has existed by then, to one that exists on that day."""
    place = "add_successor/happened_on"
    if organisation.valid_from is not None and day <= organisation.valid_from:
        raise _invalid(place, "before_start", f"{organisation.code} exists from {organisation.valid_from} on only.")
    if successor.valid_from is not None and day < successor.valid_from:
        raise _invalid(place, "before_start", f"{successor.code} exists from {successor.valid_from} on only.")
    if successor.valid_to is not None and day >= successor.valid_to:
        raise _invalid(place, "after_end", f"{successor.code} exists until {successor.valid_to} only.")


def _require_room(session: Session, organisation: Organisation) -> None:
    """:raises Invalid: it would have ended, or not yet begun, on a day on which it took something over."""
    days = session.scalars(sa.select(Succession.happened_on).where(Succession.successor_id == organisation.id)).all()
    start, end = organisation.valid_from, organisation.valid_to
    for day in days:
        if (start is not None and day < start) or (end is not None and day >= end):
            detail = f"{organisation.code} took over from another one on {day}, and exists on that day."
            raise _invalid("valid_to" if end is not None and day >= end else "valid_from", "succession", detail)


def _apply(organisation: Organisation, values: OrganisationValues) -> None:
    for name, value in values.items():
        setattr(organisation, name, value)
    start, end = organisation.valid_from, organisation.valid_to
    if start is not None and end is not None and start >= end:
        detail = f"valid_to ({end}) is the first day after it; it lies after valid_from ({start})."
        raise _invalid("valid_to", "ends_before_start", detail)
    organisation.name_sort = sort_key(organisation.name_de)
    organisation.search_text = search_text(organisation.code, organisation.name_de, organisation.name_en or "")


def _invalid(place: str, code: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[ProblemError(pointer=f"#/{place}", code=code, detail=detail)])
