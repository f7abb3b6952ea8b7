"""The records behind the sheets: how each kind is found, made, changed and moved on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core.problems import Invalid, NotFound, ProblemError
from portfolio.core.reasons import ReasonRequired
from portfolio.exchange import sheets
from portfolio.exchange.columns import JsonValue
from portfolio.exchange.findings import Row
from portfolio.exchange.rows import rows_with_ids
from portfolio.exchange.sheets import BY_KEY
from portfolio.funding import applications, awards, ledger
from portfolio.funding import schemas as money
from portfolio.funding.lifecycle import CORRECTION, GRANTED
from portfolio.funding.models import Application, Award
from portfolio.history.reading import reading_of
from portfolio.milestones import schemas as milestone_schemas
from portfolio.milestones import service as milestones
from portfolio.milestones.models import Milestone
from portfolio.projects import schemas as project_schemas
from portfolio.projects import service as projects
from portfolio.projects.models import Project
from portfolio.projects.transitions import Transition, transition_project

Values = dict[str, JsonValue]
Held = Project | Application | Milestone
_SCHEMAS: dict[str, Any] = {
    name: schema()
    for name, schema in {
        "project": project_schemas.ProjectInputSchema,
        "project changes": project_schemas.ProjectChangesSchema,
        "project step": project_schemas.ProjectTransitionInputSchema,
        "application": money.ApplicationInputSchema,
        "application changes": money.ApplicationChangesSchema,
        "application step": money.ApplicationTransitionInputSchema,
        "award": money.AwardInputSchema,
        "award changes": money.AwardChangesSchema,
        "award step": money.AwardTransitionInputSchema,
        "entry": money.LedgerEntryInputSchema,
        "milestone": milestone_schemas.MilestoneInputSchema,
        "milestone changes": milestone_schemas.MilestoneChangesSchema,
        "milestone step": milestone_schemas.MilestoneTransitionInputSchema,
        "forecast": milestone_schemas.ForecastInputSchema,
    }.items()
}


def _loaded(name: str, values: Values) -> dict[str, Any]:
    """``values`` as the API would take them.

    :raises ValidationError: the API would refuse them.
    """
    found: dict[str, Any] = _SCHEMAS[name].load(values)
    return found


class Targets:
    """The kinds of records for one run of rows; what it has looked up it need not look up again."""

    def __init__(
        self, session: Session, permit: Callable[[str, str | None], None], view: str, reason: str | None
    ) -> None:
        self.session, self.permit, self.view, self.reason = session, permit, view, reason
        self._owners: dict[UUID, str | None] = {}
        self._projects: dict[str, Project] = {}
        self._kinds: dict[str, Target] = {}
        self._loaded: dict[UUID, Project] = {}
        self.held: dict[UUID, Held] = {}
        """Records that are locked already, by id."""

    def anew(self) -> Targets:
        """The same, with nothing looked up."""
        return Targets(self.session, self.permit, self.view, self.reason)

    def hold(self, rows: Sequence[Row]) -> None:
        """Lock the records of ``rows``: one statement for all of a kind, in the order of their ids."""
        self.held.clear()
        for sheet, model in _HELD.items():
            ids = [UUID(row.record_id) for row in rows if row.sheet == sheet and row.record_id is not None]
            if ids:
                found = self.session.scalars(
                    sa.select(model).where(model.id.in_(ids)).order_by(model.id).with_for_update()
                )
                self.held.update({record.id: cast(Held, record) for record in found})

    def of(self, sheet: str) -> Target:
        if sheet not in self._kinds:
            self._kinds[sheet] = _TARGETS[sheet](self, sheet)
        return self._kinds[sheet]

    def require(self, operation: str, project: Project) -> None:
        """:raises Forbidden: another organisation leads the project today."""
        if project.id not in self._owners:
            self._loaded[project.id] = project  # so that the session need not load it for each row
            self._owners[project.id] = projects.lead_of(self.session, project)
        self.permit(operation, self._owners[project.id])

    def project(self, slug: JsonValue) -> Project:
        """The locked project that a row names."""
        if not isinstance(slug, str):
            raise named("project", "required", "Name the project, as in the sheet Projekte / Projects.")
        if slug not in self._projects:
            try:
                self._projects[slug] = projects.lock_project(self.session, slug)
            except NotFound as error:
                raise named("project", "not_found", error.detail) from None
        return self._projects[slug]


class Target:
    """One kind of record."""

    def __init__(self, targets: Targets, sheet: str) -> None:
        self.targets, self.session, self.sheet = targets, targets.session, sheet

    def create(self, values: Values) -> UUID:
        """Make a record of a new row and give its id."""
        raise NotImplementedError

    def version(self, record_id: UUID) -> int:
        """The version of the record, which is locked from here on."""
        raise NotImplementedError

    def change(self, record_id: UUID, values: Values) -> None:
        """Change fields of a record that :meth:`version` has locked."""
        raise NotImplementedError

    def step(self, record_id: UUID, step: Values) -> None:
        """Change the status of a record."""
        raise NotImplementedError

    def shown(self, record_id: UUID, name: str) -> JsonValue:
        """What the register says in a cell now, as far as the author may see it."""
        column = "status" if name == sheets.NEW_STATUS else name
        rows = rows_with_ids(BY_KEY[self.sheet], reading_of(self.session), self.targets.view, [record_id])
        return rows[str(record_id)].get(column) if rows else None


class _Projects(Target):
    def _get(self, record_id: UUID) -> Project:
        return self.session.get_one(Project, record_id)

    def create(self, values: Values) -> UUID:
        loaded = _loaded("project", values)
        self.targets.permit("projects.create", None)
        proposed_on = loaded.pop("proposed_on")
        return projects.create_project(self.session, loaded, proposed_on=proposed_on).id  # type: ignore[arg-type]

    def version(self, record_id: UUID) -> int:
        held = self.targets.held.get(record_id)
        return (held or _locked(self.session, Project, record_id)).version

    def change(self, record_id: UUID, values: Values) -> None:
        project = self._get(record_id)
        self.targets.require("projects.update", project)
        projects.update_project(self.session, project, _loaded("project changes", values))  # type: ignore[arg-type]

    def step(self, record_id: UUID, step: Values) -> None:
        project = self._get(record_id)
        self.targets.require("projects.transition", project)
        transition_project(self.session, project, Transition(**_loaded("project step", step)))


class _Applications(Target):
    def create(self, values: Values) -> UUID:
        project = self.targets.project(values.pop("project", None))
        self.targets.require("applications.create", project)
        return applications.create_application(self.session, project, _loaded("application", values)).id  # type: ignore[arg-type]

    def version(self, record_id: UUID) -> int:
        held = self.targets.held.get(record_id)
        return (held or applications.lock_application(self.session, record_id)).version

    def change(self, record_id: UUID, values: Values) -> None:
        application = self._permitted(record_id, "applications.update")
        applications.update_application(self.session, application, _loaded("application changes", values))  # type: ignore[arg-type]

    def step(self, record_id: UUID, step: Values) -> None:
        application = self._permitted(record_id, "applications.transition")
        asked = _loaded("application step", step)
        applications.transition_application(self.session, application, asked["to"], asked["on"], asked["reason"])

    def _permitted(self, record_id: UUID, operation: str) -> Application:
        application = self.session.get_one(Application, record_id)
        self.targets.require(operation, applications.project_of(self.session, application))
        return application


class _Awards(Target):
    def create(self, values: Values) -> UUID:
        application = self._application(values)
        project = applications.project_of(self.session, application)
        self.targets.require("awards.create", project)
        loaded = _loaded("award", values)
        supersedes = loaded.pop("supersedes")
        award = awards.create_award(self.session, application, loaded, supersedes=supersedes)  # type: ignore[arg-type]
        if awards.grants_more_than_asked(self.session, application) and self.targets.reason is None:
            detail = "The awards come to more than was applied for; give a reason with the whole file."
            raise ReasonRequired(detail, errors=[ProblemError("reason_required", detail, pointer="#/amount")])
        return award.id

    def version(self, record_id: UUID) -> int:
        return awards.lock_award(self.session, record_id).version

    def change(self, record_id: UUID, values: Values) -> None:
        award = self._permitted(record_id, "awards.update")
        awards.update_award(self.session, award, _loaded("award changes", values))  # type: ignore[arg-type]

    def step(self, record_id: UUID, step: Values) -> None:
        award = self._permitted(record_id, "awards.transition")
        asked = _loaded("award step", step)
        awards.transition_award(self.session, award, asked["to"], asked["on"], asked["reason"])

    def _permitted(self, record_id: UUID, operation: str) -> Award:
        award = self.session.get_one(Award, record_id)
        application = awards.application_of(self.session, award)
        self.targets.require(operation, applications.project_of(self.session, application))
        return award

    def _application(self, values: Values) -> Application:
        """The application of a new award: named by its id, or the only granted one of the project."""
        slug, named_id = values.pop("project", None), values.pop("application", None)
        if named_id is not None:
            record_id = _id(named_id, "application")
            try:
                return applications.lock_application(self.session, record_id)
            except NotFound as error:
                raise named("application", "not_found", error.detail) from None
        project = self.targets.project(slug)
        found = self.session.scalars(
            sa.select(Application.id).where(Application.project_id == project.id, Application.status.in_(GRANTED))
        ).all()
        if len(found) != 1:
            detail = f"{project.slug} has {len(found)} approved applications; give the ID of one, as in its sheet."
            raise named("application", "not_the_only_one", detail)
        return applications.lock_application(self.session, found[0])


class _Payments(Target):
    def create(self, values: Values) -> UUID:
        award = self._award(values)
        application = awards.application_of(self.session, award)
        self.targets.require("ledger-entries.create", applications.project_of(self.session, application))
        loaded = _loaded("entry", values)
        if loaded["type"] == CORRECTION and self.targets.reason is None and not loaded["comment"]:
            detail = "A correction says why; fill in Bemerkung / Comment."
            raise ReasonRequired(detail, errors=[ProblemError("reason_required", detail, pointer="#/comment")])
        reverses = loaded.pop("reverses")
        return ledger.book(self.session, award, loaded, reverses=reverses).id  # type: ignore[arg-type]

    def _award(self, values: Values) -> Award:
        """The award that is booked on: named by its id, or the only one in force of the project."""
        slug, named_id = values.pop("project", None), values.pop("award", None)
        if named_id is not None:
            try:
                return awards.lock_award(self.session, _id(named_id, "award"))
            except NotFound as error:
                raise named("award", "not_found", error.detail) from None
        project = self.targets.project(slug)
        chains = self.session.scalars(
            sa.select(Award.chain_id)
            .join(Application, Application.id == Award.application_id)
            .where(Application.project_id == project.id)
            .distinct()
        ).all()
        if len(chains) != 1:
            detail = (
                f"{project.slug} has {len(chains)} awards; give the ID of one, as in the sheet Bewilligungen / Awards."
            )
            raise named("award", "not_the_only_one", detail)
        return awards.lock_award(self.session, awards.last_of(self.session, chains[0]).id)


class _Milestones(Target):
    def __init__(self, targets: Targets, sheet: str) -> None:
        super().__init__(targets, sheet)
        self._last_codes: dict[UUID, int] = {}

    def create(self, values: Values) -> UUID:
        project = self.targets.project(values.pop("project", None))
        self.targets.require("milestones.create", project)
        free = None if "code" in values else self._next_code(project)
        loaded = _loaded("milestone", values)
        return milestones.create_milestone(self.session, project, loaded, free_code=free).id  # type: ignore[arg-type]

    def _next_code(self, project: Project) -> str:
        """Looked up once per project: a file may hold thousands of new rows."""
        if project.id in self._last_codes:
            number = self._last_codes[project.id] + 1
        else:
            number = int(milestones.next_code(self.session, project).removeprefix("M"))
        self._last_codes[project.id] = number
        return f"M{number:02}"

    def version(self, record_id: UUID) -> int:
        held = self.targets.held.get(record_id)
        return (held or milestones.lock_milestone(self.session, record_id)).version

    def change(self, record_id: UUID, values: Values) -> None:
        milestone = self._permitted(record_id, "milestones.update")
        milestones.update_milestone(self.session, milestone, _loaded("milestone changes", values))  # type: ignore[arg-type]

    def step(self, record_id: UUID, step: Values) -> None:
        milestone = self._permitted(record_id, "milestones.transition")
        asked = _loaded("milestone step", step)
        milestones.transition_milestone(self.session, milestone, asked["to"], asked["on"], asked["reason"])

    def _permitted(self, record_id: UUID, operation: str) -> Milestone:
        milestone = self.session.get_one(Milestone, record_id)
        self.targets.require(operation, milestones.project_of(self.session, milestone))
        return milestone


class _Forecasts(Target):
    def create(self, values: Values) -> UUID:
        milestone = self._milestone(values)
        self.targets.require("forecasts.create", milestones.project_of(self.session, milestone))
        return milestones.add_forecast(self.session, milestone, **_loaded("forecast", values)).id

    def _milestone(self, values: Values) -> Milestone:
        """The milestone that is forecast: named by its id, or by project and code."""
        slug, code = values.pop("project", None), values.pop("milestone_code", None)
        named_id = values.pop("milestone", None)
        if named_id is not None:
            try:
                return milestones.lock_milestone(self.session, _id(named_id, "milestone"))
            except NotFound as error:
                raise named("milestone", "not_found", error.detail) from None
        project = self.targets.project(slug)
        statement = sa.select(Milestone.id).where(Milestone.project_id == project.id, Milestone.code == code)
        found = self.session.scalar(statement)
        if found is None:
            detail = f"{project.slug} has no milestone {code!s:.40}; the sheet Meilensteine / Milestones lists them."
            raise named("milestone_code", "not_found", detail)
        return milestones.lock_milestone(self.session, found)


_HELD: dict[str, type[Project] | type[Application] | type[Milestone]] = {
    sheets.PROJECTS.key: Project,
    sheets.APPLICATIONS.key: Application,
    sheets.MILESTONES.key: Milestone,
}
_TARGETS: dict[str, type[Target]] = {
    sheets.PROJECTS.key: _Projects,
    sheets.APPLICATIONS.key: _Applications,
    sheets.AWARDS.key: _Awards,
    sheets.PAYMENTS.key: _Payments,
    sheets.MILESTONES.key: _Milestones,
    sheets.FORECASTS.key: _Forecasts,
}


def named(name: str, code: str, detail: str) -> Invalid:
    """A fault of one cell."""
    return Invalid(detail, errors=[ProblemError(code, detail, pointer=f"#/{name}")])


def _id(value: JsonValue, name: str) -> UUID:
    try:
        return UUID(value if isinstance(value, str) else "")
    except ValueError:
        raise named(name, "invalid_id", "This is no id; copy it from its sheet.") from None


def _locked(session: Session, model: type[Project], record_id: UUID) -> Project:
    found = session.scalar(sa.select(model).where(model.id == record_id).with_for_update())
    if found is None:
        raise NotFound("There is no such record any more.")
    return found
