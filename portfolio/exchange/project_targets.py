"""Projects, milestones and forecasts behind their sheets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core.problems import NotFound
from portfolio.exchange import sheets
from portfolio.exchange.targets import Changeable, Target, Targets, Values, id_in, named
from portfolio.milestones import schemas as milestone_schemas
from portfolio.milestones import service as milestones
from portfolio.milestones.models import Milestone
from portfolio.projects import schemas as project_schemas
from portfolio.projects import service as projects
from portfolio.projects.models import Project
from portfolio.projects.transitions import Transition, transition_project

_PROJECT: Any = project_schemas.ProjectInputSchema()
_PROJECT_CHANGES: Any = project_schemas.ProjectChangesSchema()
_PROJECT_STEP: Any = project_schemas.ProjectTransitionInputSchema()
_MILESTONE: Any = milestone_schemas.MilestoneInputSchema()
_MILESTONE_CHANGES: Any = milestone_schemas.MilestoneChangesSchema()
_MILESTONE_STEP: Any = milestone_schemas.MilestoneTransitionInputSchema()
_FORECAST: Any = milestone_schemas.ForecastInputSchema()


class _Projects(Changeable):
    held = Project

    def create(self, values: Values) -> UUID:
        loaded = _PROJECT.load(values)
        self.targets.permit("projects.create", None)
        proposed_on = loaded.pop("proposed_on")
        return projects.create_project(self.session, loaded, proposed_on=proposed_on).id

    def version(self, record_id: UUID) -> int:
        held = self.targets.held.get(record_id)
        return (held or _locked(self.session, record_id)).version

    def change(self, record_id: UUID, values: Values) -> None:
        project = self.session.get_one(Project, record_id)
        self.targets.require("projects.update", project)
        projects.update_project(self.session, project, _PROJECT_CHANGES.load(values))

    def step(self, record_id: UUID, step: Values) -> None:
        project = self.session.get_one(Project, record_id)
        self.targets.require("projects.transition", project)
        transition_project(self.session, project, Transition(**_PROJECT_STEP.load(step)))


class _Milestones(Changeable):
    held = Milestone

    def __init__(self, targets: Targets, sheet: str) -> None:
        super().__init__(targets, sheet)
        self._codes: dict[UUID, set[str]] = {}

    def create(self, values: Values) -> UUID:
        return self.create_many([values])[0]

    def create_many(self, rows: Sequence[Values]) -> list[UUID]:
        return milestones.create_milestones(self.session, [self._planned(values) for values in rows])

    def _planned(self, values: Values) -> tuple[Project, milestones.MilestoneValues]:
        project = self.targets.project(values.pop("project", None))
        self.targets.require("milestones.create", project)
        loaded = _MILESTONE.load(values)
        # Looked up once per project: a file may hold thousands of new rows.
        codes = self._codes.get(project.id)
        if codes is None:
            codes = self._codes[project.id] = milestones.codes_of(self.session, project)
        code = loaded.setdefault("code", milestones.free_code(codes))
        milestones.require_free(code, codes)
        codes.add(code)
        return project, loaded

    def version(self, record_id: UUID) -> int:
        held = self.targets.held.get(record_id)
        return (held or milestones.lock_milestone(self.session, record_id)).version

    def change(self, record_id: UUID, values: Values) -> None:
        milestone = self._permitted(record_id, "milestones.update")
        milestones.update_milestone(self.session, milestone, _MILESTONE_CHANGES.load(values))

    def step(self, record_id: UUID, step: Values) -> None:
        milestone = self._permitted(record_id, "milestones.transition")
        asked = _MILESTONE_STEP.load(step)
        milestones.transition_milestone(self.session, milestone, asked["to"], asked["on"], asked["reason"])

    def _permitted(self, record_id: UUID, operation: str) -> Milestone:
        milestone = self.session.get_one(Milestone, record_id)
        self.targets.require(operation, milestones.project_of(self.session, milestone))
        return milestone


class _Forecasts(Target):
    def create(self, values: Values) -> UUID:
        milestone = self._milestone(values)
        self.targets.require("forecasts.create", milestones.project_of(self.session, milestone))
        return milestones.add_forecast(self.session, milestone, **_FORECAST.load(values)).id

    def _milestone(self, values: Values) -> Milestone:
        """The milestone that is forecast: named by its id, or by project and code."""
        slug, code = values.pop("project", None), values.pop("milestone_code", None)
        named_id = values.pop("milestone", None)
        if named_id is not None:
            try:
                return milestones.lock_milestone(self.session, id_in(named_id, "milestone"))
            except NotFound as error:
                raise named("milestone", "not_found", error.detail) from None
        project = self.targets.project(slug)
        statement = sa.select(Milestone.id).where(Milestone.project_id == project.id, Milestone.code == code)
        found = self.session.scalar(statement)
        if found is None:
            detail = f"{project.slug} has no milestone {code!s:.40}; the sheet Meilensteine / Milestones lists them."
            raise named("milestone_code", "not_found", detail)
        return milestones.lock_milestone(self.session, found)


KINDS: dict[str, type[Target]] = {
    sheets.PROJECTS.key: _Projects,
    sheets.MILESTONES.key: _Milestones,
    sheets.FORECASTS.key: _Forecasts,
}


def _locked(session: Session, record_id: UUID) -> Project:
    found = session.scalar(sa.select(Project).where(Project.id == record_id).with_for_update())
    if found is None:
        raise NotFound("There is no such record any more.")
    return found
