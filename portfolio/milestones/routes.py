"""/v1/milestones and those of one project."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy.orm import Session

from portfolio.access.guard import current_view, require_own, transaction
from portfolio.core.answers import deleted_answer, required_version
from portfolio.core.api import Blueprint
from portfolio.core.problems import StaleVersion
from portfolio.core.reasons import given_reason
from portfolio.core.records import items_of, page_of
from portfolio.history.reading import Reading, reading_of
from portfolio.history.recorder import recorded
from portfolio.history.schemas import ClockQuerySchema
from portfolio.history.serving import answer_items, answer_list, answer_record, answer_written, listed, reading
from portfolio.milestones.listing import (
    forecasts_on,
    journal_on,
    list_milestones,
    present_milestone,
    read_milestone,
)
from portfolio.milestones.models import Milestone
from portfolio.milestones.schemas import (
    ForecastInputSchema,
    ForecastSchema,
    MilestoneChangesSchema,
    MilestoneInputSchema,
    MilestoneQuerySchema,
    MilestoneSchema,
    MilestoneStatusChangeSchema,
    MilestoneTransitionInputSchema,
)
from portfolio.milestones.service import (
    add_forecast,
    create_milestone,
    delete_milestone,
    lock_milestone_and_lead,
    transition_milestone,
    update_milestone,
)
from portfolio.projects.addresses import MOVED, project_at
from portfolio.projects.service import lead_of, lock_project

blp = Blueprint("milestones", __name__, url_prefix="/v1", description="What was to happen, and what happened.")


@blp.route("/milestones")
class Milestones(MethodView):
    @blp.operation("listMilestones", download="list")
    @blp.arguments(MilestoneQuerySchema, location="query")
    @blp.response(200, page_of(MilestoneSchema))
    def get(self, query: dict[str, Any]) -> Response:
        """List milestones

        Of all projects, with where each stands on `valid_on`. Takes every key that the milestone report groups by.
        """
        with reading(query) as moment:
            return answer_list(moment, listed(moment, list_milestones, query), query)


@blp.route("/projects/<slug>/milestones")
class ProjectMilestones(MethodView):
    @blp.operation("listProjectMilestones", download="list")
    @blp.arguments(MilestoneQuerySchema, location="query")
    @blp.response(200, page_of(MilestoneSchema))
    @blp.alt_response(308, description=MOVED)
    def get(self, query: dict[str, Any], slug: str) -> Response:
        """List a project's milestones

        The same list as /v1/milestones, of one project.
        """
        with reading(query) as moment:
            project = project_at(moment, slug)
            narrowed = {**query, "project": [slug], "include_demo": query["include_demo"] or project["demo"]}
            return answer_list(moment, listed(moment, list_milestones, narrowed), query)

    @blp.operation("createMilestone", access="milestones.create", body="json")
    @blp.arguments(MilestoneInputSchema)
    @blp.response(201, MilestoneSchema)
    def post(self, values: Any, slug: str) -> Response:
        """Plan a milestone

        In implementation from 2020 on. It begins as `scheduled`.
        """
        with transaction("milestones.create") as session:
            project = lock_project(session, slug)
            require_own("milestones.create", lead_of(session, project.id))
            milestone = create_milestone(session, project, values)
            moment, body = _after(session, milestone, "milestones.create")
        return answer_written(session, moment, body, status=201, location=f"/v1/milestones/{milestone.id}")


@blp.route("/milestones/<uuid:milestone_id>")
class MilestoneById(MethodView):
    @blp.operation("getMilestone")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, MilestoneSchema)
    def get(self, query: dict[str, Any], milestone_id: UUID) -> Response:
        """Get a milestone

        As it stood on `valid_on`, with the latest forecast reported by then.
        """
        with reading(query) as moment:
            return answer_record(moment, present_milestone(read_milestone(moment, milestone_id)))

    @blp.operation("updateMilestone", access="milestones.update", if_match=True, body="patch")
    @blp.arguments(MilestoneChangesSchema)
    @blp.response(200, MilestoneSchema)
    def patch(self, changes: Any, milestone_id: UUID) -> Response:
        """Change a milestone

        The planned day stands once something was reported on it; then forecasts tell of delays.
        """
        with transaction("milestones.update") as session:
            milestone = _locked(session, milestone_id, "milestones.update")
            _require_version(milestone, required_version())
            update_milestone(session, milestone, changes)
            moment, body = _after(session, milestone, "milestones.update")
        return answer_written(session, moment, body)

    @blp.operation("deleteMilestone", access="milestones.delete", if_match=True)
    @blp.response(204)
    def delete(self, milestone_id: UUID) -> Response:
        """Delete a milestone planned by mistake

        Only one on which nothing was reported. It stays visible in the past.
        """
        with transaction("milestones.delete") as session:
            milestone = _locked(session, milestone_id, "milestones.delete")
            _require_version(milestone, required_version())
            require_own("milestones.delete", lead_of(session, milestone.project_id))  # nothing is read afterwards
            delete_milestone(session, milestone)
        written = recorded(session)
        assert written is not None
        return deleted_answer(written.rev)


@blp.route("/milestones/<uuid:milestone_id>/transitions")
class MilestoneTransitions(MethodView):
    @blp.operation("listMilestoneTransitions")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, items_of(MilestoneStatusChangeSchema))
    def get(self, query: dict[str, Any], milestone_id: UUID) -> Response:
        """List a milestone's changes of status

        Oldest first.
        """
        with reading(query) as moment:
            milestone = read_milestone(moment, milestone_id)
            return answer_items(moment, journal_on(moment, milestone, current_view()))

    @blp.operation("transitionMilestone", access="milestones.transition", body="json")
    @blp.arguments(MilestoneTransitionInputSchema)
    @blp.response(200, MilestoneSchema)
    def post(self, asked: dict[str, Any], milestone_id: UUID) -> Response:
        """Change a milestone's status

        Achieved whole or in part, missed or cancelled, on a day that is not in the future.
        """
        asked["reason"] = given_reason(asked["reason"])
        with transaction("milestones.transition", reason=asked["reason"]) as session:
            milestone = _locked(session, milestone_id, "milestones.transition")
            transition_milestone(session, milestone, asked["to"], asked["on"], asked["reason"])
            moment, body = _after(session, milestone, "milestones.transition")
        return answer_written(session, moment, body)


@blp.route("/milestones/<uuid:milestone_id>/forecasts")
class MilestoneForecasts(MethodView):
    @blp.operation("listMilestoneForecasts")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, items_of(ForecastSchema))
    def get(self, query: dict[str, Any], milestone_id: UUID) -> Response:
        """List a milestone's forecasts

        By reporting day.
        """
        with reading(query) as moment:
            milestone = read_milestone(moment, milestone_id)
            return answer_items(moment, forecasts_on(moment, milestone, current_view()))

    @blp.operation("addMilestoneForecast", access="forecasts.create", body="json")
    @blp.arguments(ForecastInputSchema)
    @blp.response(201, MilestoneSchema)
    def post(self, values: dict[str, Any], milestone_id: UUID) -> Response:
        """Forecast a milestone

        One forecast per reporting day; it is never changed. Answers the milestone with its new state.
        """
        with transaction("forecasts.create") as session:
            milestone = _locked(session, milestone_id, "forecasts.create")
            add_forecast(session, milestone, **values)
            moment, body = _after(session, milestone, "forecasts.create")
        location = f"/v1/milestones/{milestone.id}/forecasts"
        return answer_written(session, moment, body, status=201, location=location)


def _locked(session: Session, milestone_id: UUID, operation: str) -> Milestone:
    """The locked milestone. Who leads its project was read before the wait for the lock; see :func:`_after`."""
    milestone, lead = lock_milestone_and_lead(session, milestone_id)
    require_own(operation, lead)
    return milestone


def _require_version(milestone: Milestone, seen: int) -> None:
    if milestone.version != seen:
        raise StaleVersion(f"The record is at version {milestone.version}, you read {seen}; read it again.")


def _after(session: Session, milestone: Milestone, operation: str) -> tuple[Reading, dict[str, Any]]:
    """What the answer shows; with who leads the project by now, which decides once more."""
    moment = reading_of(session, is_last=True)
    row = read_milestone(moment, milestone.id)
    require_own(operation, row["owner"])
    return moment, present_milestone(row)
