"""/v1/programme: the Ruhr-Konferenz itself."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
import sqlalchemy as sa
from flask import Response
from flask.views import MethodView

from portfolio.core.api import Blueprint
from portfolio.core.fields import Count, StrictSchema, Text, Url
from portfolio.core.problems import NotFound
from portfolio.core.records import RecordSchema, about
from portfolio.history.reading import Reading
from portfolio.history.schemas import ClockQuerySchema
from portfolio.history.serving import Row, answer_record, reading
from portfolio.projects.models import Programme

blp = Blueprint("programme", __name__, url_prefix="/v1/programme", description="The Ruhr-Konferenz itself.")


class PhaseSchema(StrictSchema):
    """A phase of the programme."""

    key = Text(metadata=about("Code.", "implementing"))
    title_de = Text(metadata=about("Title.", "Umsetzen"))
    title_en = Text(metadata=about("Translation.", "Implementing"))
    start = Text(metadata=about("Begin, as precise as known: day, month or year.", "2020"))
    end = Text(allow_none=True, metadata=about("End; null while it lasts."))
    source_url = Url(metadata=about("Source."))


class PillarSchema(StrictSchema):
    """A pillar of the programme."""

    key = Text(metadata=about("Code.", "ministry_project"))
    title_de = Text(metadata=about("Title.", "Ressortprojekte"))
    title_en = Text(metadata=about("Translation.", "Ministry projects"))
    note = Text(allow_none=True, metadata=about("What belongs to it."))
    source_url = Url(metadata=about("Source."))


class ProgrammeEventSchema(StrictSchema):
    """An event of the programme."""

    date = Text(metadata=about("As precise as known: day, month or year.", "2019-11-05"))
    date_precision = Text(metadata=about("day, month or year.", "day"))
    event_de = Text(metadata=about("What happened."))
    event_en = Text(metadata=about("The same in English."))
    source_url = Url(metadata=about("Source."))


class OfficialCountSchema(StrictSchema):
    """What the government itself counts; stands beside the register's own counts, never in them."""

    as_of = Text(metadata=about("As precise as known.", "2021-12-07"))
    projects_total = Count(allow_none=True, metadata=about("Projects in all.", 73))
    proposals = ma.fields.Boolean(metadata=about("true: proposals before the decision.", False))
    under_way = Count(allow_none=True, metadata=about("Running.", 55))
    completed = Count(allow_none=True, metadata=about("Done.", 1))
    under_review = Count(allow_none=True, metadata=about("Under review.", 17))
    not_pursued = Count(allow_none=True, metadata=about("Not pursued."))
    source_url = Url(metadata=about("Source."))


class ProgrammeAmountSchema(StrictSchema):
    """A programme-wide amount in EUR; never part of a total."""

    date = Text(metadata=about("As precise as known.", "2021-12-07"))
    amount = Text(metadata=about("EUR.", "136000000.00"))
    qualifier = Text(metadata=about("exact or approximately.", "approximately"))
    meaning_de = Text(metadata=about("What it is."))
    meaning_en = Text(metadata=about("The same in English."))
    source_url = Url(metadata=about("Source."))


class ParticipationSchema(StrictSchema):
    """How many took part in the first phase."""

    theme_forums = Count(metadata=about("Theme forums.", 20))
    events_more_than = Count(metadata=about("More than so many events.", 50))
    event_participants_about = Count(metadata=about("About so many participants.", 4000))
    citizens_online_about = Count(metadata=about("About so many citizens online.", 3600))
    ideas_more_than = Count(metadata=about("More than so many ideas.", 300))
    source_url = Url(metadata=about("Source."))


class BoardMemberSchema(StrictSchema):
    """A member of the advisory board."""

    name = Text(metadata=about("Name."))
    role_de = Text(metadata=about("Office held."))


class ResponsibleOfficeSchema(StrictSchema):
    """Who was responsible for the programme."""

    period = Text(metadata=about("When.", "2022–"))
    office = Text(metadata=about("Ministry.", "MHKBD"))
    person = Text(metadata=about("Member of the government in charge."))
    source_url = Url(metadata=about("Source."))


class NotMatchedSchema(StrictSchema):
    """A name that could not be matched to a project, and why."""

    name = Text(metadata=about("The name."))
    reason = Text(max_length=1000, metadata=about("Why it is no record of its own."))
    source_url = Url(metadata=about("Source."))


class ProgrammeSchema(RecordSchema):
    """The programme: what it is, its phases, and the official figures beside the register's own."""

    code = Text(required=True, metadata=about("Code.", "ruhr-konferenz"))
    name_de = Text(required=True, metadata=about("Name.", "Ruhr-Konferenz"))
    name_en = Text(required=True, metadata=about("Translation.", "Ruhr Conference"))
    motto = Text(required=True, metadata=about("Leitwort.", "Chancenregion Ruhr"))
    goal_de = Text(required=True, max_length=2000, metadata=about("Goal."))
    goal_en = Text(required=True, max_length=2000, metadata=about("The same in English."))
    phases = ma.fields.List(ma.fields.Nested(PhaseSchema), metadata=about("Its three phases."))
    pillars = ma.fields.List(ma.fields.Nested(PillarSchema), metadata=about("Its pillars."))
    participation = ma.fields.Nested(ParticipationSchema, metadata=about("Participation in the first phase."))
    events = ma.fields.List(ma.fields.Nested(ProgrammeEventSchema), metadata=about("What happened."))
    official_counts = ma.fields.List(ma.fields.Nested(OfficialCountSchema), metadata=about("Official counts by day."))
    amounts = ma.fields.List(ma.fields.Nested(ProgrammeAmountSchema), metadata=about("Programme-wide amounts, EUR."))
    advisory_board = ma.fields.List(ma.fields.Nested(BoardMemberSchema), metadata=about("Advisory board."))
    responsible_offices = ma.fields.List(ma.fields.Nested(ResponsibleOfficeSchema), metadata=about("In charge."))
    not_matched = ma.fields.List(ma.fields.Nested(NotMatchedSchema), metadata=about("Names without a record."))


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
            "end": None,
            "source_url": "https://www.mhkbg.nrw/das-ruhrgebiet-ist-zukunftsregion",
        }
    ],
}
_SCHEMA = ProgrammeSchema()


def read_programme(moment: Reading) -> Row:
    """:raises NotFound: the programme is not loaded yet."""
    programme = moment.at(Programme)
    row = moment.session.execute(sa.select(programme).order_by(programme.c.code).limit(1)).mappings().one_or_none()
    if row is None:
        raise NotFound("The programme is not loaded at this moment; `portfolio seed` loads it.")
    return row


@blp.route("")
class ProgrammeItself(MethodView):
    @blp.operation("getProgramme", example=EXAMPLE)
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, ProgrammeSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """Get the programme

        The Ruhr-Konferenz: goal, phases, participation, events, and the official counts and amounts by day.
        """
        with reading(query) as moment:
            return answer_record(moment, _SCHEMA.dump(read_programme(moment)))
