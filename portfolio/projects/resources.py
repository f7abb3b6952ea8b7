"""What this package holds, and which ministry leads a project: what the history must know of it."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from portfolio.core.resources import Kind
from portfolio.history.reading import Reading
from portfolio.organisations.models import Organisation
from portfolio.projects.models import (
    Assignment,
    Decision,
    DecisionEffect,
    FormerSlug,
    Programme,
    Project,
    ProjectRole,
    ProjectStatusChange,
)
from portfolio.projects.on_day import LEAD, holds

KINDS = (
    Kind(Programme, "programme", "programme", key="code", single=True),
    Kind(Project, "project", "projects", key="slug"),
    Kind(FormerSlug, "former_address", belongs_to="project_id"),
    Kind(Assignment, "assignment", belongs_to="project_id"),
    Kind(ProjectRole, "role", belongs_to="project_id"),
    Kind(ProjectStatusChange, "status_change", belongs_to="project_id"),
    Kind(Decision, "decision", "decisions"),
    Kind(DecisionEffect, "effect", belongs_to="decision_id"),
)


def leads_on(moment: Reading, project_ids: Collection[str]) -> dict[str, str]:
    """The code of the organisation that leads each project on ``moment.valid_on``, as known at the moment."""
    role, organisation = moment.at(ProjectRole), moment.at(Organisation)
    statement = (
        sa.select(role.c.project_id, organisation.c.code)
        .join(organisation, organisation.c.id == role.c.organisation_id)
        .where(role.c.role == LEAD, holds(role.c.from_on, role.c.to_on, moment.valid_on))
    )
    found = {str(row.project_id): row.code for row in moment.session.execute(statement)}
    return {project_id: found[project_id] for project_id in project_ids if project_id in found}
