"""Statements: what a source says about money that is no grant or cannot be summed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.funding.models import FundingProgramme, FundingStatement
from portfolio.projects.models import Project


def record_statement(
    session: Session, project: Project, values: dict[str, Any], *, programme: str | None = None
) -> FundingStatement:
    """Record what a source says about a project's money; it never enters a total."""
    programme_id = None
    if programme is not None:
        programme_id = session.scalars(sa.select(FundingProgramme.id).where(FundingProgramme.code == programme)).one()
    statement = FundingStatement(project_id=project.id, programme_id=programme_id, **values)
    session.add(statement)
    session.flush()
    return statement
