"""/v1/funding-statements and those of one project."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.views import MethodView

from portfolio.core.api import Blueprint
from portfolio.core.records import page_of
from portfolio.funding.listing import list_statements
from portfolio.funding.schemas import StatementQuerySchema, StatementSchema
from portfolio.history.serving import answer_list, listed, reading
from portfolio.projects.addresses import MOVED, project_at

blp = Blueprint("funding-statements", __name__, url_prefix="/v1", description="What sources say; never in a total.")


@blp.route("/funding-statements")
class FundingStatements(MethodView):
    @blp.operation("listFundingStatements", download="list")
    @blp.arguments(StatementQuerySchema, location="query")
    @blp.response(200, page_of(StatementSchema))
    def get(self, query: dict[str, Any]) -> Response:
        """List statements about money

        Needs, announcements, shared or cumulative amounts, rates: shown beside the totals, never in them.
        """
        with reading(query) as moment:
            return answer_list(moment, listed(moment, list_statements, query), query)


@blp.route("/projects/<slug>/funding-statements")
class ProjectFundingStatements(MethodView):
    @blp.operation("listProjectFundingStatements", download="list")
    @blp.arguments(StatementQuerySchema, location="query")
    @blp.response(200, page_of(StatementSchema))
    @blp.alt_response(308, description=MOVED)
    def get(self, query: dict[str, Any], slug: str) -> Response:
        """List a project's statements about money

        The same list as /v1/funding-statements, of one project.
        """
        with reading(query) as moment:
            project = project_at(moment, slug)
            narrowed = {**query, "project": [slug], "include_demo": query["include_demo"] or project["demo"]}
            return answer_list(moment, listed(moment, list_statements, narrowed), query)
