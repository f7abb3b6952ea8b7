"""/v1/programme: the Ruhr-Konferenz itself."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.views import MethodView

from portfolio.core.api import Blueprint
from portfolio.history.schemas import ClockQuerySchema
from portfolio.history.serving import answer_record, reading
from portfolio.projects.programme import read_programme
from portfolio.projects.programme_schemas import ProgrammeSchema

blp = Blueprint("programme", __name__, url_prefix="/v1/programme", description="The Ruhr-Konferenz itself.")


@blp.route("")
class ProgrammeItself(MethodView):
    @blp.operation("getProgramme", extra={"responses": {"404": {"description": "Not loaded yet."}}})
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, ProgrammeSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """Get the programme

        The Ruhr-Konferenz: goal, phases, participation, events, and the official counts and amounts by day.
        Official figures stand beside the register's own and are never part of a total.
        """
        with reading(query) as moment:
            return answer_record(moment, read_programme(moment))
