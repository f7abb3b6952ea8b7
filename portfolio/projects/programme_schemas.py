"""The programme as JSON."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from portfolio.core.fields import Code, Count, Money, StrictBool, StrictSchema, Text, Url
from portfolio.core.provenance import EVERY, of_seed
from portfolio.core.records import PRECISION, RecordSchema, about

_SOURCE = about("Where it is published.", "https://www.ruhr-konferenz.nrw/umsetzen")


class PeriodText(Text):
    """A day, month or year exactly as a source gives it: ``2019-11-05``, ``2020-08``, ``2020``."""

    unit = "period"

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^\d{4}(-\d{2}(-\d{2})?)?$", "maxLength": 10}


class PhaseSchema(StrictSchema):
    """A phase of the programme."""

    provenance = {EVERY: of_seed()}

    key = Text(required=True, metadata=about("Code.", "implementing"))
    title_de = Text(required=True, metadata=about("Title.", "Umsetzen"))
    title_en = Text(required=True, metadata=about("Translation.", "Implementing"))
    start = PeriodText(required=True, metadata=about("Begin, as precise as known.", "2020"))
    start_precision = Code(PRECISION, required=True, metadata=about("How precise.", "year"))
    end = PeriodText(required=True, allow_none=True, metadata=about("End; null while it lasts."))
    end_precision = Code(PRECISION, required=True, allow_none=True, metadata=about("How precise; null without an end."))
    source_url = Url(required=True, metadata=_SOURCE)


class PillarSchema(StrictSchema):
    """A pillar of the programme."""

    provenance = {EVERY: of_seed()}

    key = Text(required=True, metadata=about("Code.", "ministry_project"))
    title_de = Text(required=True, metadata=about("Title.", "Ressortprojekte"))
    title_en = Text(required=True, metadata=about("Translation.", "Ministry projects"))
    note = Text(required=True, allow_none=True, max_length=1000, metadata=about("What belongs to it."))
    source_url = Url(required=True, metadata=_SOURCE)


class ProgrammeEventSchema(StrictSchema):
    """An event of the programme."""

    provenance = {EVERY: of_seed()}

    date = PeriodText(required=True, metadata=about("As precise as known.", "2019-11-05"))
    date_precision = Code(PRECISION, required=True, metadata=about("How precise.", "day"))
    event_de = Text(required=True, metadata=about("What happened.", "Kabinett beschließt fünf Handlungsfelder"))
    event_en = Text(required=True, metadata=about("The same in English.", "Cabinet decides on five action fields"))
    source_url = Url(required=True, metadata=_SOURCE)


class OfficialCountSchema(StrictSchema):
    """What the government itself counts; stands beside the register's own counts, never in them."""

    provenance = {EVERY: of_seed()}

    as_of = PeriodText(required=True, metadata=about("As precise as known.", "2021-12-07"))
    as_of_precision = Code(PRECISION, required=True, metadata=about("How precise.", "day"))
    projects_total = Count(required=True, allow_none=True, metadata=about("Projects in all.", 73))
    proposals = StrictBool(required=True, metadata=about("true: proposals before the decision.", False))
    under_way = Count(required=True, allow_none=True, metadata=about("Running; null where not stated.", 55))
    completed = Count(required=True, allow_none=True, metadata=about("Done; null where not stated.", 1))
    under_review = Count(required=True, allow_none=True, metadata=about("Under review; null where not stated.", 17))
    not_pursued = Count(required=True, allow_none=True, metadata=about("Not pursued; null where not stated."))
    source_url = Url(required=True, metadata=_SOURCE)


class ProgrammeAmountSchema(StrictSchema):
    """A programme-wide amount in EUR; never part of a total."""

    provenance = {EVERY: of_seed()}

    date = PeriodText(required=True, metadata=about("As precise as known.", "2021-12-07"))
    date_precision = Code(PRECISION, required=True, metadata=about("How precise.", "day"))
    amount = Money(required=True, metadata=about("EUR.", "136000000.00"))
    qualifier = Text(required=True, metadata=about("exact or approximately.", "approximately"))
    meaning_de = Text(required=True, metadata=about("What it is.", "Bislang geflossene Landesmittel"))
    meaning_en = Text(required=True, metadata=about("The same in English.", "State funds spent so far"))
    source_url = Url(required=True, metadata=_SOURCE)


class ParticipationSchema(StrictSchema):
    """How many took part in the first phase."""

    provenance = {EVERY: of_seed()}

    theme_forums = Count(required=True, metadata=about("Theme forums.", 20))
    events_more_than = Count(required=True, metadata=about("More than so many events.", 50))
    event_participants_about = Count(required=True, metadata=about("About so many participants.", 4000))
    citizens_online_about = Count(required=True, metadata=about("About so many citizens online.", 3600))
    ideas_more_than = Count(required=True, metadata=about("More than so many ideas.", 300))
    source_url = Url(required=True, metadata=_SOURCE)


class BoardMemberSchema(StrictSchema):
    """A member of the advisory board."""

    provenance = {EVERY: of_seed()}

    name = Text(required=True, metadata=about("Name.", "Anja Weber"))
    role_de = Text(required=True, metadata=about("Office held.", "Vorsitzende des DGB NRW"))


class ResponsibleOfficeSchema(StrictSchema):
    """Who was responsible for the programme."""

    provenance = {EVERY: of_seed()}

    period = Text(required=True, metadata=about("When.", "2022–"))
    office = Text(required=True, metadata=about("Code of the ministry.", "MHKBD"))
    person = Text(required=True, metadata=about("Member of the government in charge.", "Josef Hovenjürgen"))
    source_url = Url(required=True, metadata=_SOURCE)


class NotMatchedSchema(StrictSchema):
    """A name that could not be matched to a project, and why."""

    provenance = {EVERY: of_seed()}

    name = Text(required=True, metadata=about("The name.", "RUHRSchwung"))
    reason = Text(required=True, max_length=1000, metadata=about("Why it is no record of its own."))
    source_url = Url(required=True, metadata=_SOURCE)


class ProgrammeSchema(RecordSchema):
    """The programme: what it is, its phases, and the official figures beside the register's own."""

    provenance = {EVERY: of_seed()}

    code = Text(required=True, metadata=about("Code.", "ruhr-konferenz"))
    name_de = Text(required=True, metadata=about("Name.", "Ruhr-Konferenz"))
    name_en = Text(required=True, metadata=about("Translation.", "Ruhr Conference"))
    motto = Text(required=True, metadata=about("Leitwort.", "Chancenregion Ruhr"))
    goal_de = Text(required=True, max_length=2000, metadata=about("Goal."))
    goal_en = Text(required=True, max_length=2000, metadata=about("The same in English."))
    phases = ma.fields.List(ma.fields.Nested(PhaseSchema), required=True, metadata=about("Its three phases."))
    pillars = ma.fields.List(ma.fields.Nested(PillarSchema), required=True, metadata=about("Its pillars."))
    participation = ma.fields.Nested(
        ParticipationSchema, required=True, metadata=about("Participation in the first phase.")
    )
    events = ma.fields.List(ma.fields.Nested(ProgrammeEventSchema), required=True, metadata=about("What happened."))
    official_counts = ma.fields.List(
        ma.fields.Nested(OfficialCountSchema), required=True, metadata=about("Official counts by day.")
    )
    amounts = ma.fields.List(
        ma.fields.Nested(ProgrammeAmountSchema), required=True, metadata=about("Programme-wide amounts, in no total.")
    )
    advisory_board = ma.fields.List(
        ma.fields.Nested(BoardMemberSchema), required=True, metadata=about("Advisory board.")
    )
    responsible_offices = ma.fields.List(
        ma.fields.Nested(ResponsibleOfficeSchema), required=True, metadata=about("Who was in charge, and when.")
    )
    not_matched = ma.fields.List(
        ma.fields.Nested(NotMatchedSchema), required=True, metadata=about("Names without a record, and why.")
    )
