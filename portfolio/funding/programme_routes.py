"""/v1/funding-programmes."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.views import MethodView

from portfolio.access.guard import transaction
from portfolio.core.answers import required_version
from portfolio.core.api import Blueprint
from portfolio.core.records import page_of
from portfolio.funding.listing import list_programmes, read_programme
from portfolio.funding.programmes import create_programme, lock_programme, update_programme
from portfolio.funding.schemas import (
    FundingProgrammeChangesSchema,
    FundingProgrammeInputSchema,
    FundingProgrammeQuerySchema,
    FundingProgrammeSchema,
)
from portfolio.history.reading import reading_of
from portfolio.history.schemas import ClockQuerySchema
from portfolio.history.serving import answer_list, answer_record, answer_written, listed, reading

blp = Blueprint(
    "funding-programmes", __name__, url_prefix="/v1/funding-programmes", description="Where money comes from."
)


@blp.route("")
class FundingProgrammes(MethodView):
    @blp.operation("listFundingProgrammes", download="list")
    @blp.arguments(FundingProgrammeQuerySchema, location="query")
    @blp.response(200, page_of(FundingProgrammeSchema))
    def get(self, query: dict[str, Any]) -> Response:
        """List funding programmes

        With level, fund and dated rules.
        """
        with reading(query) as moment:
            return answer_list(moment, listed(moment, list_programmes, query), query)

    @blp.operation("createFundingProgramme", access="funding-programmes.create", body="json")
    @blp.arguments(FundingProgrammeInputSchema)
    @blp.response(201, FundingProgrammeSchema)
    def post(self, values: Any) -> Response:
        """Record a funding programme

        Its level is the default of applications that name it.
        """
        with transaction("funding-programmes.create") as session:
            programme = create_programme(session, values)
            moment = reading_of(session, is_last=True)
            body = read_programme(moment, programme.code)
        return answer_written(session, moment, body, status=201, location=f"/v1/funding-programmes/{programme.code}")


@blp.route("/<code>")
class FundingProgrammeByCode(MethodView):
    @blp.operation("getFundingProgramme")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, FundingProgrammeSchema)
    def get(self, query: dict[str, Any], code: str) -> Response:
        """Get a funding programme

        With its dated rules.
        """
        with reading(query) as moment:
            return answer_record(moment, read_programme(moment, code))

    @blp.operation(
        "updateFundingProgramme",
        access="funding-programmes.update",
        if_match=True,
        body="patch",
    )
    @blp.arguments(FundingProgrammeChangesSchema)
    @blp.response(200, FundingProgrammeSchema)
    def patch(self, changes: Any, code: str) -> Response:
        """Change a funding programme

        Only the fields sent are touched; code and level are fixed.
        """
        with transaction("funding-programmes.update") as session:
            programme = lock_programme(session, code)
            update_programme(session, programme, changes, seen_version=required_version())
            moment = reading_of(session, is_last=True)
            body = read_programme(moment, code)
        return answer_written(session, moment, body)
