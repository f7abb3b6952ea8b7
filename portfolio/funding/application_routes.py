"""/v1/applications and those of one project."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy.orm import Session

from portfolio.access.guard import current_view, require_own, sees_internal, transaction
from portfolio.core.answers import deleted_answer, required_version
from portfolio.core.api import Blueprint
from portfolio.core.problems import StaleVersion
from portfolio.core.reasons import given_reason
from portfolio.core.records import items_of, page_of
from portfolio.funding.applications import (
    create_application,
    delete_application,
    lock_application,
    transition_application,
    update_application,
)
from portfolio.funding.listing import application_journal, list_applications, present_application, read_application
from portfolio.funding.models import Application
from portfolio.funding.schemas import (
    ApplicationChangesSchema,
    ApplicationInputSchema,
    ApplicationQuerySchema,
    ApplicationSchema,
    ApplicationStatusChangeSchema,
    ApplicationTransitionInputSchema,
)
from portfolio.history.reading import Reading, reading_of
from portfolio.history.recorder import recorded
from portfolio.history.schemas import ClockQuerySchema
from portfolio.history.serving import answer_items, answer_list, answer_record, answer_written, listed, reading
from portfolio.projects.addresses import MOVED, project_at
from portfolio.projects.service import lead_of, lock_project

blp = Blueprint("applications", __name__, url_prefix="/v1", description="Money asked for.")
_CHANGE = ApplicationStatusChangeSchema()


@blp.route("/applications")
class Applications(MethodView):
    @blp.operation("listApplications", download="list")
    @blp.arguments(ApplicationQuerySchema, location="query")
    @blp.response(200, page_of(ApplicationSchema))
    def get(self, query: dict[str, Any]) -> Response:
        """List applications

        Of all projects. Takes every key that the funding summary groups by; drafts are shown to their ministry only.
        """
        with reading(query) as moment:
            return answer_list(moment, listed(moment, list_applications, query, current_view()), query)


@blp.route("/projects/<slug>/applications")
class ProjectApplications(MethodView):
    @blp.operation("listProjectApplications", download="list")
    @blp.arguments(ApplicationQuerySchema, location="query")
    @blp.response(200, page_of(ApplicationSchema))
    @blp.alt_response(308, description=MOVED)
    def get(self, query: dict[str, Any], slug: str) -> Response:
        """List a project's applications

        The same list as /v1/applications, of one project.
        """
        with reading(query) as moment:
            project = project_at(moment, slug)
            narrowed = {**query, "project": [slug], "include_demo": query["include_demo"] or project["demo"]}
            return answer_list(moment, listed(moment, list_applications, narrowed, current_view()), query)

    @blp.operation("createApplication", access="applications.create", body="json")
    @blp.arguments(ApplicationInputSchema)
    @blp.response(201, ApplicationSchema)
    def post(self, values: Any, slug: str) -> Response:
        """Begin an application

        It is a draft until the transition to `submitted`.
        """
        with transaction("applications.create") as session:
            project = lock_project(session, slug)
            require_own("applications.create", lead_of(session, project.id))
            application = create_application(session, project, values)
            moment, body = _after(session, application)
        return answer_written(session, moment, body, status=201, location=f"/v1/applications/{application.id}")


@blp.route("/applications/<uuid:application_id>")
class ApplicationById(MethodView):
    @blp.operation("getApplication")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, ApplicationSchema)
    def get(self, query: dict[str, Any], application_id: UUID) -> Response:
        """Get an application

        As it stood on `valid_on`.
        """
        with reading(query) as moment:
            view = current_view()
            return answer_record(moment, present_application(read_application(moment, application_id, view), view))

    @blp.operation("updateApplication", access="applications.update", if_match=True, body="patch")
    @blp.arguments(ApplicationChangesSchema)
    @blp.response(200, ApplicationSchema)
    def patch(self, changes: Any, application_id: UUID) -> Response:
        """Change an application

        Only the fields sent are touched. The status has an address of its own.
        """
        with transaction("applications.update") as session:
            application = _locked(session, application_id, "applications.update")
            _require_version(application, required_version())
            update_application(session, application, changes)
            moment, body = _after(session, application)
        return answer_written(session, moment, body)

    @blp.operation("deleteApplication", access="applications.delete", if_match=True)
    @blp.response(204)
    def delete(self, application_id: UUID) -> Response:
        """Delete a draft

        What was submitted is withdrawn instead. It stays visible in the past.
        """
        with transaction("applications.delete") as session:
            application = _locked(session, application_id, "applications.delete")
            _require_version(application, required_version())
            delete_application(session, application)
        written = recorded(session)
        assert written is not None
        return deleted_answer(written.rev)


@blp.route("/applications/<uuid:application_id>/transitions")
class ApplicationTransitions(MethodView):
    @blp.operation("listApplicationTransitions")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, items_of(ApplicationStatusChangeSchema))
    def get(self, query: dict[str, Any], application_id: UUID) -> Response:
        """List an application's changes of status

        Oldest first.
        """
        with reading(query) as moment:
            view = current_view()
            row = read_application(moment, application_id, view)
            items = [dict(_CHANGE.dump(change)) for change in application_journal(moment, application_id)]
            if not sees_internal(view, row["owner"]):
                for item in items:
                    item.pop("reason")
            return answer_items(moment, items)

    @blp.operation("transitionApplication", access="applications.transition", body="json")
    @blp.arguments(ApplicationTransitionInputSchema)
    @blp.response(200, ApplicationSchema)
    def post(self, asked: dict[str, Any], application_id: UUID) -> Response:
        """Change an application's status

        Submit, review, return, approve whole or in part, reject or withdraw. What is not allowed answers 409.
        """
        asked["reason"] = given_reason(asked["reason"])
        with transaction("applications.transition", reason=asked["reason"]) as session:
            application = _locked(session, application_id, "applications.transition")
            transition_application(session, application, asked["to"], asked["on"], asked["reason"])
            moment, body = _after(session, application)
        return answer_written(session, moment, body)


def _locked(session: Session, application_id: UUID, operation: str) -> Application:
    """The locked application, if the caller may see and change it."""
    application = lock_application(session, application_id)
    read_application(reading_of(session), application_id, current_view())
    require_own(operation, lead_of(session, application.project_id))
    return application


def _require_version(application: Application, seen: int) -> None:
    if application.version != seen:
        raise StaleVersion(f"The record is at version {application.version}, you read {seen}; read it again.")


def _after(session: Session, application: Application) -> tuple[Reading, dict[str, Any]]:
    moment, view = reading_of(session, is_last=True), current_view()
    return moment, present_application(read_application(moment, application.id, view), view)
