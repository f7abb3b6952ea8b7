"""/v1/decisions: dated acts of cabinet, ministries, authorities and parliament."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from portfolio.access.guard import transaction
from portfolio.core.api import Blueprint
from portfolio.core.records import page_of
from portfolio.history.reading import reading_of
from portfolio.history.schemas import ClockQuerySchema
from portfolio.history.serving import answer_list, answer_record, answer_written, listed, reading
from portfolio.projects.decisions import create_decision
from portfolio.projects.listing import list_decisions, read_decision
from portfolio.projects.schemas import DecisionInputSchema, DecisionQuerySchema, DecisionSchema

blp = Blueprint("decisions", __name__, url_prefix="/v1/decisions", description="Decisions about projects.")


@blp.route("")
class Decisions(MethodView):
    @blp.operation("listDecisions", download="list")
    @blp.arguments(DecisionQuerySchema, location="query")
    @blp.response(200, page_of(DecisionSchema))
    def get(self, query: dict[str, Any]) -> Response:
        """List decisions

        Oldest first. A decision's effects are on the record itself.
        """
        with reading(query) as moment:
            return answer_list(moment, listed(moment, list_decisions, query), query)

    @blp.operation("createDecision", access="decisions.create", body="json")
    @blp.arguments(DecisionInputSchema)
    @blp.response(201, DecisionSchema)
    def post(self, values: Any) -> Response:
        """Record a decision

        With its effects on projects; the changes of status it allows are made by transitions that name it.
        """
        effects = values.pop("effects")
        with transaction("decisions.create") as session:
            decision = create_decision(session, values, effects)
            moment = reading_of(session, is_last=True)
            body = read_decision(moment, decision.id)
        return answer_written(session, moment, body, status=201, location=f"/v1/decisions/{decision.id}")


@blp.route("/<uuid:decision_id>")
class DecisionById(MethodView):
    @blp.operation("getDecision")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, DecisionSchema)
    def get(self, query: dict[str, Any], decision_id: UUID) -> Response:
        """Get a decision

        With its effects, in order.
        """
        with reading(query) as moment:
            return answer_record(moment, read_decision(moment, decision_id))
