"""How long the answer of each operation is good: by default until anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from portfolio.core.db import Entity
from portfolio.funding.models import Application, Award, LedgerEntry
from portfolio.history.trees import tree_statement
from portfolio.milestones.models import Milestone
from portfolio.projects.models import Project

NEVER_KEPT = frozenset({"followChanges", "getLogCheckpoint", "getLogKey", "getWorkbook"})
"""Operations that show what no revision counts, wait for the next one, or answer one person."""

_SLUG = (Project, "slug", "slug")
_MILESTONE, _ENTRY = (Milestone, "id", "milestone_id"), (LedgerEntry, "id", "entry_id")
_APPLICATION, _AWARD = (Application, "id", "application_id"), (Award, "id", "award_id")
OF_ONE_PROJECT: Mapping[str, tuple[type[Entity], str, str]] = {
    "getProject": _SLUG,
    "listProjectAssignments": _SLUG,
    "listProjectRoles": _SLUG,
    "listProjectMilestones": _SLUG,
    "listProjectApplications": _SLUG,
    "listProjectFundingStatements": _SLUG,
    "getMilestone": _MILESTONE,
    "listMilestoneTransitions": _MILESTONE,
    "listMilestoneForecasts": _MILESTONE,
    "getApplication": _APPLICATION,
    "listApplicationTransitions": _APPLICATION,
    "listApplicationAwards": _APPLICATION,
    "getAward": _AWARD,
    "listAwardTransitions": _AWARD,
    "listAwardLedgerEntries": _AWARD,
    "getLedgerEntry": _ENTRY,
}
"""Operations that show one project, what hangs on it and what projects share: the record that the address names, its
key column and that key's name in the address. A project's journal is none of them: it shows other projects' slugs."""


@cache
def tree_question(operation_id: str, dialect: Dialect) -> tuple[str, str] | None:
    """What asks for the project that an operation shows, and the part of the address that it is asked with.

    It may be asked after the answer was made. A record stays with its project, and a slug that was given to another
    project since then was given by a revision that counts in that project: the answer is stale either way.
    """
    found = OF_ONE_PROJECT.get(operation_id)
    if found is None:
        return None
    model, column, name = found
    statement = tree_statement(model).where(model.__table__.c[column] == sa.bindparam("key"))
    text = str(statement.compile(dialect=dialect))
    return text.replace("%(key)s", "%s"), name
