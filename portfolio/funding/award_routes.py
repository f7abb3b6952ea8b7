"""/v1/awards and those of one application."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy.orm import Session

from portfolio.access.guard import current_view, require_own, sees_internal, transaction
from portfolio.core.answers import required_version
from portfolio.core.api import Blueprint
from portfolio.core.problems import StaleVersion
from portfolio.core.reasons import given_reason, require_reason_header
from portfolio.core.records import items_of, page_of
from portfolio.funding.applications import lock_application
from portfolio.funding.awards import (
    application_of,
    create_award,
    grants_more_than_asked,
    lock_award,
    transition_award,
    update_award,
)
from portfolio.funding.listing import award_journal, list_awards, present_award, read_application, read_award
from portfolio.funding.models import Award
from portfolio.funding.schemas import (
    AwardChangesSchema,
    AwardInputSchema,
    AwardQuerySchema,
    AwardSchema,
    AwardStatusChangeSchema,
    AwardTransitionInputSchema,
)
from portfolio.history.reading import Reading, reading_of
from portfolio.history.schemas import ClockQuerySchema
from portfolio.history.serving import answer_items, answer_list, answer_record, answer_written, listed, reading
from portfolio.projects.service import lead_of

blp = Blueprint("awards", __name__, url_prefix="/v1", description="Money granted, in chains of amendments.")
_CHANGE = AwardStatusChangeSchema()


@blp.route("/awards")
class Awards(MethodView):
    @blp.operation("listAwards", download="list")
    @blp.arguments(AwardQuerySchema, location="query")
    @blp.response(200, page_of(AwardSchema))
    def get(self, query: dict[str, Any]) -> Response:
        """List awards

        With what was paid on each chain by `valid_on`. Takes every key that the funding summary groups by.
        """
        with reading(query) as moment:
            return answer_list(moment, listed(moment, list_awards, query), query)


@blp.route("/applications/<uuid:application_id>/awards")
class ApplicationAwards(MethodView):
    @blp.operation("listApplicationAwards")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, items_of(AwardSchema))
    def get(self, query: dict[str, Any], application_id: UUID) -> Response:
        """List an application's awards

        The first one and its amendments, oldest first.
        """
        with reading(query) as moment:
            view = current_view()
            read_application(moment, application_id, view)
            listing = list_awards(moment, {"include_demo": True})
            rows = listing.statement.selected_columns
            statement = listing.statement.where(rows.application == application_id)
            statement = statement.order_by(rows.counts_from_on, rows.created_at, rows.id)
            found = moment.session.execute(statement).mappings()
            return answer_items(moment, [present_award(row, view) for row in found])

    @blp.operation("createAward", access="awards.create", body="json")
    @blp.arguments(AwardInputSchema)
    @blp.response(201, AwardSchema)
    def post(self, values: Any, application_id: UUID) -> Response:
        """Record an award, or amend one

        With `supersedes` it states the new total of the chain; one below what was paid opens a recovery claim. Awards
        that come to more than was applied for need a `Change-Reason`.
        """
        supersedes = values.pop("supersedes")
        with transaction("awards.create") as session:
            application = lock_application(session, application_id)
            read_application(reading_of(session), application_id, current_view())
            require_own("awards.create", lead_of(session, application.project_id))
            award = create_award(session, application, values, supersedes=supersedes)
            if grants_more_than_asked(session, application):
                require_reason_header("An award above what was applied for")
            moment, body = _after(session, award)
        return answer_written(session, moment, body, status=201, location=f"/v1/awards/{award.id}")


@blp.route("/awards/<uuid:award_id>")
class AwardById(MethodView):
    @blp.operation("getAward")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, AwardSchema)
    def get(self, query: dict[str, Any], award_id: UUID) -> Response:
        """Get an award

        As it stood on `valid_on`, with what was paid by then.
        """
        with reading(query) as moment:
            return answer_record(moment, present_award(read_award(moment, award_id), current_view()))

    @blp.operation("updateAward", access="awards.update", if_match=True, body="patch")
    @blp.arguments(AwardChangesSchema)
    @blp.response(200, AwardSchema)
    def patch(self, changes: Any, award_id: UUID) -> Response:
        """Change an award

        What describes it, and how far its payments are known. Amount and day are fixed: amend by a new award.
        """
        with transaction("awards.update") as session:
            award = _locked(session, award_id, "awards.update")
            seen = required_version()
            if award.version != seen:
                raise StaleVersion(f"The record is at version {award.version}, you read {seen}; read it again.")
            update_award(session, award, changes)
            moment, body = _after(session, award)
        return answer_written(session, moment, body)


@blp.route("/awards/<uuid:award_id>/transitions")
class AwardTransitions(MethodView):
    @blp.operation("listAwardTransitions")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, items_of(AwardStatusChangeSchema))
    def get(self, query: dict[str, Any], award_id: UUID) -> Response:
        """List an award's changes of status

        Oldest first.
        """
        with reading(query) as moment:
            row = read_award(moment, award_id)
            items = [dict(_CHANGE.dump(change)) for change in award_journal(moment, award_id)]
            if not sees_internal(current_view(), row["owner"]):
                for item in items:
                    item.pop("reason")
            return answer_items(moment, items)

    @blp.operation("transitionAward", access="awards.transition", body="json")
    @blp.arguments(AwardTransitionInputSchema)
    @blp.response(200, AwardSchema)
    def post(self, asked: dict[str, Any], award_id: UUID) -> Response:
        """Change an award's status

        Final, active, proof due, settled or revoked. What is not allowed answers 409 and names what is.
        """
        asked["reason"] = given_reason(asked["reason"])
        with transaction("awards.transition", reason=asked["reason"]) as session:
            award = _locked(session, award_id, "awards.transition")
            transition_award(session, award, asked["to"], asked["on"], asked["reason"])
            moment, body = _after(session, award)
        return answer_written(session, moment, body)


def _locked(session: Session, award_id: UUID, operation: str) -> Award:
    award = lock_award(session, award_id)
    require_own(operation, lead_of(session, application_of(session, award).project_id))
    return award


def _after(session: Session, award: Award) -> tuple[Reading, dict[str, Any]]:
    moment = reading_of(session, is_last=True)
    return moment, present_award(read_award(moment, award.id), current_view())
