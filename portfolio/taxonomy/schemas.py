"""Action fields, theme forums and codelists as JSON."""

from __future__ import annotations

import marshmallow as ma

from portfolio.core.fields import Code, Count, Day, Name, StrictSchema, Text, Url
from portfolio.core.provenance import EVERY, fixed, of_seed
from portfolio.core.query_fields import query_sort
from portfolio.core.records import RecordSchema, about
from portfolio.history.schemas import ListQuerySchema
from portfolio.taxonomy.codelists import ACTION_FIELD, FORUM_NUMBER_BASIS


class ActionFieldQuerySchema(ListQuerySchema):
    """Which order."""

    sort = query_sort("ActionField", "position", "code")


class ThemeForumQuerySchema(ListQuerySchema):
    """Which order."""

    sort = query_sort("ThemeForum", "number")


class ActionFieldSchema(RecordSchema):
    """An action field with its official and its short titles."""

    provenance = {"position": of_seed(unit="none"), EVERY: of_seed()}

    code = Code(ACTION_FIELD, required=True, metadata=about("Code.", "mobility"))
    title_de = Text(required=True, metadata=about("Official title.", "Vernetzte Mobilität – kurze Wege"))
    title_en = Text(required=True, metadata=about("Translation.", "Networked Mobility – Short Distances"))
    short_title_de = Text(required=True, metadata=about("Short title.", "Mobilität"))
    short_title_en = Text(required=True, metadata=about("Short title in English.", "Mobility"))
    title_en_progress_report = Text(allow_none=True, metadata=about("As the English report of 2020 has it."))
    position = Count(required=True, metadata=about("Place in the official order.", 1))


class ModeratorSchema(StrictSchema):
    """Who moderated a forum, with the office held then."""

    provenance = {EVERY: of_seed()}

    name = Text(required=True, metadata=about("Name.", "Hendrik Wüst"))
    office = Text(allow_none=True, metadata=about("Office or body.", "Minister"))


class ThemeForumSchema(RecordSchema):
    """A theme forum."""

    provenance = {"number": of_seed(unit="none"), EVERY: of_seed()}

    number = Count(required=True, minimum=1, maximum=20, metadata=about("Number.", 13))
    number_basis = Code(FORUM_NUMBER_BASIS, required=True, metadata=about("How the number is known."))
    title_de = Text(allow_none=True, metadata=about("Title; null where not found.", "Neue Mobilität"))
    title_en = Text(allow_none=True, metadata=about("Translation.", "New Mobility"))
    lead_ministry = Name(allow_none=True, metadata=about("Ministry that led it.", "VM"))
    moderators = ma.fields.List(ma.fields.Nested(ModeratorSchema), metadata=about("Who moderated it."))
    event_dates = ma.fields.List(Day(), metadata=about("Days of its events.", ["2019-01-21"]))
    proposals_stated = Count(allow_none=True, metadata=about("Proposals it speaks of; null where unknown.", 6))
    proposals_minimum = Count(allow_none=True, metadata=about("At least so many by the numbering.", 3))
    note = Text(allow_none=True, max_length=2000, metadata=about("Doubts."))
    source_url = Url(allow_none=True, metadata=about("Source."))


class CodeLabelSchema(StrictSchema):
    """One code with its labels."""

    provenance = {EVERY: fixed("One of the closed lists of the program.")}

    code = Text(required=True, metadata=about("The code.", "in_implementation"))
    label_de = Text(required=True, metadata=about("German label.", "in Umsetzung"))
    label_en = Text(required=True, metadata=about("English label.", "in implementation"))


class CodelistSchema(StrictSchema):
    """A closed list of codes."""

    provenance = {EVERY: fixed("One of the closed lists of the program.")}

    name = Text(required=True, metadata=about("Name of the list.", "project_status"))
    title_de = Text(required=True, metadata=about("What it is a list of.", "Status eines Projekts"))
    title_en = Text(required=True, metadata=about("The same in English.", "Status of a project"))
    codes = ma.fields.List(ma.fields.Nested(CodeLabelSchema), required=True, metadata=about("Its codes, in order."))
