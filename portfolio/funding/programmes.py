"""Funding programmes: made by the coordinator, named by applications."""

from __future__ import annotations

from datetime import date
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core.problems import AlreadyExists, Invalid, NotFound, ProblemError, StaleVersion
from portfolio.funding.models import FundingProgramme


class ProgrammeValues(TypedDict, total=False):
    """The fields of a programme; an absent key leaves the field alone."""

    code: str
    title_de: str
    title_en: str | None
    level: str
    fund: str | None
    period_from_on: date | None
    period_to_on: date | None
    legal_basis: str | None
    parameters: list[dict[str, Any]]
    relation: str | None
    source_url: str | None


def create_programme(session: Session, values: ProgrammeValues, *, demo: bool = False) -> FundingProgramme:
    """:raises AlreadyExists: the code is taken."""
    if session.scalar(sa.select(FundingProgramme.id).where(FundingProgramme.code == values["code"])) is not None:
        raise AlreadyExists(
            f"There is already a funding programme {values['code']!r}; read it, or choose another code."
        )
    programme = FundingProgramme(parameters=[], demo=demo)
    _apply(programme, values)
    session.add(programme)
    session.flush()
    return programme


def lock_programme(session: Session, code: str) -> FundingProgramme:
    """:raises NotFound: no such programme."""
    found = session.scalar(sa.select(FundingProgramme).where(FundingProgramme.code == code).with_for_update())
    if found is None:
        raise NotFound(f"There is no funding programme {code!r}.")
    return found


def update_programme(
    session: Session, programme: FundingProgramme, changes: ProgrammeValues, *, seen_version: int
) -> FundingProgramme:
    """:raises StaleVersion: changed since the caller read ``seen_version``."""
    if programme.version != seen_version:
        raise StaleVersion(f"The record is at version {programme.version}, you read {seen_version}; read it again.")
    _apply(programme, changes)
    session.flush()
    return programme


def _apply(programme: FundingProgramme, values: ProgrammeValues) -> None:
    for name, value in values.items():
        setattr(programme, name, value)
    start, end = programme.period_from_on, programme.period_to_on
    if start is not None and end is not None and start > end:
        detail = f"period_from_on ({start}) lies after period_to_on ({end})."
        raise Invalid(detail, errors=[ProblemError(pointer="#/period_to_on", code="ends_before_start", detail=detail)])
