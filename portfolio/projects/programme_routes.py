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
EXAMPLE = {
    "id": "0192f1c4-7a6b-7cc3-98c5-0242ac120002",
    "version": 1,
    "created_at": "2026-06-30T08:00:00.000000Z",
    "updated_at": "2026-06-30T08:00:00.000000Z",
    "code": "ruhr-konferenz",
    "name_de": "Ruhr-Konferenz",
    "name_en": "Ruhr Conference",
    "motto": "Chancenregion Ruhr",
    "goal_de": "Das Ruhrgebiet als Chancenregion entwickeln.",
    "goal_en": "Develop the Ruhr area as a region of opportunities.",
    "phases": [
        {
            "key": "implementing",
            "title_de": "Umsetzen",
            "title_en": "Implementing",
            "start": "2020",
            "start_precision": "year",
            "end": None,
            "end_precision": None,
            "source_url": "https://www.mhkbg.nrw/das-ruhrgebiet-ist-zukunftsregion",
        }
    ],
    "pillars": [
        {
            "key": "ministry_project",
            "title_de": "Ressortprojekte",
            "title_en": "Ministry projects",
            "note": None,
            "source_url": "https://www.ruhr-konferenz.nrw/umsetzen",
        }
    ],
    "participation": {
        "theme_forums": 20,
        "events_more_than": 50,
        "event_participants_about": 4000,
        "citizens_online_about": 3600,
        "ideas_more_than": 300,
        "source_url": "https://www.ruhr-konferenz.nrw/entscheiden",
    },
    "events": [
        {
            "date": "2019-11-05",
            "date_precision": "day",
            "event_de": "Kabinett beschließt fünf Handlungsfelder und 74 Projekte",
            "event_en": "Cabinet decides on five action fields and 74 projects",
            "source_url": "https://www.ruhr-konferenz.nrw/umsetzen",
        }
    ],
    "official_counts": [
        {
            "as_of": "2020-08",
            "as_of_precision": "month",
            "projects_total": 73,
            "proposals": False,
            "under_way": None,
            "completed": None,
            "under_review": None,
            "not_pursued": None,
            "source_url": "https://www.ruhr-konferenz.nrw/umsetzen/fortschrittsbericht",
        }
    ],
    "amounts": [
        {
            "date": "2021-12-07",
            "date_precision": "day",
            "amount": "136000000.00",
            "qualifier": "approximately",
            "meaning_de": "Bislang geflossene Landesmittel",
            "meaning_en": "State funds spent so far",
            "source_url": "https://land.nrw/pressemitteilung/fortschritte-der-ruhr-konferenz-projekte-allen-handlungsfeldern",
        }
    ],
    "advisory_board": [{"name": "Anja Weber", "role_de": "Vorsitzende des DGB NRW"}],
    "responsible_offices": [
        {
            "period": "2022–",
            "office": "MHKBD",
            "person": "Josef Hovenjürgen",
            "source_url": "https://www.ruhr-konferenz.nrw/ruhrkonferenz/chronologie",
        }
    ],
    "not_matched": [],
}


@blp.route("")
class ProgrammeItself(MethodView):
    @blp.operation("getProgramme", example=EXAMPLE, extra={"responses": {"404": {"description": "Not loaded yet."}}})
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, ProgrammeSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """Get the programme

        The Ruhr-Konferenz: goal, phases, participation, events, and the official counts and amounts by day.
        Official figures stand beside the register's own and are never part of a total.
        """
        with reading(query) as moment:
            return answer_record(moment, read_programme(moment))
