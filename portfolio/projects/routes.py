"""/v1/projects: read, make, change, remove, and change of status."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.views import MethodView

from portfolio.access.guard import current_view, require_own, sees_internal, transaction
from portfolio.core.answers import deleted_answer, required_version
from portfolio.core.api import Blueprint
from portfolio.core.reasons import given_reason
from portfolio.core.records import items_of, page_of
from portfolio.core.rows import Row
from portfolio.history.reading import reading_of
from portfolio.history.recorder import recorded
from portfolio.history.schemas import ClockQuerySchema
from portfolio.history.serving import answer_items, answer_list, answer_record, answer_written, listed, reading
from portfolio.projects.addresses import MOVED, project_at
from portfolio.projects.listing import (
    assignments_of,
    journal_of_day,
    list_projects,
    present_project,
    read_project,
    roles_of,
)
from portfolio.projects.periods import appoint, assign_field
from portfolio.projects.schemas import (
    AssignmentInputSchema,
    AssignmentSchema,
    ProjectChangesSchema,
    ProjectInputSchema,
    ProjectQuerySchema,
    ProjectRoleInputSchema,
    ProjectRoleSchema,
    ProjectSchema,
    ProjectStatusChangeSchema,
    ProjectTransitionInputSchema,
)
from portfolio.projects.service import (
    create_project,
    delete_project,
    lead_of,
    lock_project,
    require_version,
    update_project,
)
from portfolio.projects.transitions import Transition, transition_project

blp = Blueprint("projects", __name__, url_prefix="/v1/projects", description="The projects of the portfolio.")


@blp.route("")
class Projects(MethodView):
    @blp.operation("listProjects", download="list")
    @blp.arguments(ProjectQuerySchema, location="query")
    @blp.response(200, page_of(ProjectSchema))
    def get(self, query: dict[str, Any]) -> Response:
        """List projects

        By default all real projects as they stand today. Filters combine with AND, repeated values with OR.
        """
        with reading(query) as moment:
            return answer_list(moment, listed(moment, list_projects, query), query)

    @blp.operation(
        "createProject",
        access="projects.create",
        body="json",
    )
    @blp.arguments(ProjectInputSchema)
    @blp.response(201, ProjectSchema)
    def post(self, values: Any) -> Response:
        """Propose a project

        It begins as `proposed`; a decision, an action field and a lead ministry let it become `adopted`.
        """
        proposed_on = values.pop("proposed_on")
        with transaction("projects.create") as session:
            project = create_project(session, values, proposed_on=proposed_on)
            moment = reading_of(session, is_last=True)
            body = present_project(read_project(moment, project.slug), current_view())
        return answer_written(session, moment, body, status=201, location=f"/v1/projects/{project.slug}")


@blp.route("/<slug>")
class ProjectBySlug(MethodView):
    @blp.operation("getProject")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, ProjectSchema)
    @blp.alt_response(308, description=MOVED)
    def get(self, query: dict[str, Any], slug: str) -> Any:
        """Get a project

        As it stood on `valid_on` and as the register knew it at `known_at`. A former address answers 308.
        """
        with reading(query) as moment:
            return answer_record(moment, present_project(project_at(moment, slug), current_view()))

    @blp.operation(
        "updateProject",
        access="projects.update",
        if_match=True,
        body="patch",
    )
    @blp.arguments(ProjectChangesSchema)
    @blp.response(200, ProjectSchema)
    def patch(self, changes: Any, slug: str) -> Response:
        """Change a project

        Only the fields sent are touched. Field, ministry and status have addresses of their own.
        """
        with transaction("projects.update") as session:
            project = lock_project(session, slug)
            require_own("projects.update", lead_of(session, project.id))
            require_version(project, required_version())
            update_project(session, project, changes)
            moment = reading_of(session, is_last=True)
            body = present_project(read_project(moment, project.slug), current_view())
        return answer_written(session, moment, body)

    @blp.operation("deleteProject", access="projects.delete", if_match=True)
    @blp.response(204)
    def delete(self, slug: str) -> Response:
        """Delete a proposal made by mistake

        Only one that was never admitted and has nothing depending on it. It stays visible in the past.
        """
        with transaction("projects.delete") as session:
            project = lock_project(session, slug)
            require_own("projects.delete", lead_of(session, project.id))
            require_version(project, required_version())
            delete_project(session, project)
        written = recorded(session)
        assert written is not None
        return deleted_answer(written.rev)


@blp.route("/<slug>/transitions")
class ProjectTransitions(MethodView):
    @blp.operation("listProjectTransitions")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, items_of(ProjectStatusChangeSchema))
    @blp.alt_response(308, description=MOVED)
    def get(self, query: dict[str, Any], slug: str) -> Response:
        """List a project's changes of status

        Its journal, oldest first, as known at `known_at`.
        """
        with reading(query) as moment:
            row = project_at(moment, slug)
            items = [_change(change, row) for change in journal_of_day(moment, row["id"])]
            return answer_items(moment, items)

    @blp.operation("transitionProject", access="projects.transition", body="json")
    @blp.arguments(ProjectTransitionInputSchema)
    @blp.response(200, ProjectSchema)
    def post(self, asked: dict[str, Any], slug: str) -> Response:
        """Change a project's status

        On a day, with a reason or decision where one is needed. What is not allowed answers 409 and names what is.
        """
        asked["reason"] = given_reason(asked["reason"])
        with transaction("projects.transition", reason=asked["reason"]) as session:
            project = lock_project(session, slug)
            require_own("projects.transition", lead_of(session, project.id))
            transition_project(session, project, Transition(**asked))
            moment = reading_of(session, is_last=True)
            body = present_project(read_project(moment, project.slug), current_view())
        return answer_written(session, moment, body)


@blp.route("/<slug>/assignments")
class ProjectAssignments(MethodView):
    @blp.operation("listProjectAssignments")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, items_of(AssignmentSchema))
    @blp.alt_response(308, description=MOVED)
    def get(self, query: dict[str, Any], slug: str) -> Response:
        """List a project's action fields over time

        Oldest first; `to_on` is the first day after a period.
        """
        with reading(query) as moment:
            row = project_at(moment, slug)
            items = [_assignment(assignment) for assignment in assignments_of(moment, row["id"])]
            return answer_items(moment, items)

    @blp.operation("assignProject", access="projects.assign", body="json")
    @blp.arguments(AssignmentInputSchema)
    @blp.response(201, ProjectSchema)
    def post(self, values: dict[str, Any], slug: str) -> Response:
        """Place a project in an action field

        From a day on; the open assignment ends there, one that begins on the same day is replaced.
        """
        with transaction("projects.assign") as session:
            project = lock_project(session, slug)
            require_own("projects.assign", lead_of(session, project.id))
            decision = values.pop("decision")
            assign_field(session, project, decision_id=decision, **values)
            moment = reading_of(session, is_last=True)
            body = present_project(read_project(moment, project.slug), current_view())
        return answer_written(session, moment, body, status=201, location=f"/v1/projects/{project.slug}/assignments")


@blp.route("/<slug>/roles")
class ProjectRoles(MethodView):
    @blp.operation("listProjectRoles")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, items_of(ProjectRoleSchema))
    @blp.alt_response(308, description=MOVED)
    def get(self, query: dict[str, Any], slug: str) -> Response:
        """List the organisations of a project

        Lead ministries, implementing bodies, partners and funders, with their periods.
        """
        with reading(query) as moment:
            row = project_at(moment, slug)
            return answer_items(moment, [_role(role) for role in roles_of(moment, row["id"])])

    @blp.operation("appointOrganisation", access="projects.appoint", body="json")
    @blp.arguments(ProjectRoleInputSchema)
    @blp.response(201, ProjectSchema)
    def post(self, values: dict[str, Any], slug: str) -> Response:
        """Give an organisation a part in a project

        A new lead ministry ends the one before it on its first day.
        """
        with transaction("projects.appoint") as session:
            project = lock_project(session, slug)
            require_own("projects.appoint", lead_of(session, project.id))
            decision = values.pop("decision")
            appoint(session, project, decision_id=decision, **values)
            moment = reading_of(session, is_last=True)
            body = present_project(read_project(moment, project.slug), current_view())
        return answer_written(session, moment, body, status=201, location=f"/v1/projects/{project.slug}/roles")


_CHANGE = ProjectStatusChangeSchema()
_ASSIGNMENT = AssignmentSchema()
_ROLE = ProjectRoleSchema()


def _change(row: Row, project: Row) -> dict[str, Any]:
    body: dict[str, Any] = _CHANGE.dump(row)
    if not sees_internal(current_view(), project["owner"]):
        body.pop("reason", None)
    return body


def _assignment(row: Row) -> dict[str, Any]:
    body: dict[str, Any] = _ASSIGNMENT.dump({**row, "decision": row["decision_id"]})
    return body


def _role(row: Row) -> dict[str, Any]:
    body: dict[str, Any] = _ROLE.dump({**row, "decision": row["decision_id"]})
    return body
