"""Organisations as JSON."""

from __future__ import annotations

import marshmallow as ma

from portfolio.core.fields import Code, Day, LongText, Name, StrictBool, StrictSchema, Text, Url
from portfolio.core.provenance import DEMO, EVERY, computed, of_seed, recorded
from portfolio.core.query_fields import QueryBool, QueryText, query_codes, query_sort
from portfolio.core.records import RecordSchema, about
from portfolio.history.schemas import DemoQuerySchema, ListQuerySchema
from portfolio.organisations.codelists import ORGANISATION_KIND, SUCCESSION_KIND


class SuccessorSchema(StrictSchema):
    """An organisation that took over a remit."""

    organisation = Name(required=True, metadata=about("Code of the successor.", "MUNV"))
    happened_on = Day(required=True, metadata=about("From this day on.", "2022-06-29"))
    kind = Code(SUCCESSION_KIND, required=True, metadata=about("What happened.", "merged"))
    basis = Text(load_default=None, allow_none=True, metadata=about("How it is known."))
    note = LongText(load_default=None, allow_none=True, metadata=about("A public remark."))
    source_url = Url(load_default=None, allow_none=True, metadata=about("Where it is published."))


class PredecessorSchema(StrictSchema):
    """An organisation whose remit came to this one."""

    provenance = {EVERY: computed("Read from the successors recorded with the other organisation.")}

    organisation = Name(required=True, metadata=about("Code of the predecessor.", "VM"))
    happened_on = Day(required=True, metadata=about("From this day on.", "2022-06-29"))
    kind = Code(SUCCESSION_KIND, required=True, metadata=about("What happened.", "merged"))
    basis = Text(allow_none=True, metadata=about("How it is known.", "derived_from_the_names_of_the_remits"))
    note = LongText(allow_none=True, metadata=about("A public remark."))
    source_url = Url(allow_none=True, metadata=about("Where it is published."))


class OrganisationInputSchema(StrictSchema):
    """A new organisation."""

    code = Name(required=True, metadata=about("Published abbreviation, or a slug of the name.", "MUNV"))
    name_de = Text(required=True, metadata=about("Official name.", "Ministerium für Umwelt, Naturschutz und Verkehr"))
    name_en = Text(load_default=None, allow_none=True, metadata=about("Translation."))
    kind = Code(ORGANISATION_KIND, required=True, metadata=about("Kind.", "ministry"))
    valid_from = Day(load_default=None, allow_none=True, metadata=about("First day; null where unknown.", "2022-06-29"))
    valid_to = Day(load_default=None, allow_none=True, metadata=about("First day after it; null while it exists."))
    source_url = Url(load_default=None, allow_none=True, metadata=about("Where it is published."))


class OrganisationChangesSchema(StrictSchema):
    """Changes of an organisation (JSON Merge Patch). A new successor is added to those recorded."""

    name_de = Text(metadata=about("Official name."))
    name_en = Text(allow_none=True, metadata=about("Translation."))
    kind = Code(ORGANISATION_KIND, metadata=about("Kind."))
    valid_from = Day(allow_none=True, metadata=about("First day; null where unknown."))
    valid_to = Day(allow_none=True, metadata=about("First day after it; null while it exists."))
    source_url = Url(allow_none=True, metadata=about("Where it is published."))
    add_successor = ma.fields.Nested(SuccessorSchema, metadata=about("An organisation that takes over the remit."))


class OrganisationSchema(RecordSchema):
    """An organisation with its validity, successors and predecessors."""

    provenance = {
        "period_covered": of_seed(),
        "successors": recorded("With `add_successor` of a change, one at a time."),
        "predecessors": computed("The organisations of which this one is recorded as successor."),
        "demo": DEMO,
    }

    code = Name(required=True, metadata=about("Published abbreviation, or a slug of the name.", "VM"))
    name_de = Text(required=True, metadata=about("Official name.", "Ministerium für Verkehr"))
    name_en = Text(allow_none=True, metadata=about("Translation."))
    kind = Code(ORGANISATION_KIND, required=True, metadata=about("Kind.", "ministry"))
    valid_from = Day(allow_none=True, metadata=about("First day; null where unknown."))
    valid_to = Day(allow_none=True, metadata=about("First day after it; null while it exists.", "2022-06-29"))
    period_covered = Text(allow_none=True, metadata=about("What the sources cover; no end of validity.", "2019–2022"))
    source_url = Url(allow_none=True, metadata=about("Where it is published."))
    successors = ma.fields.List(
        ma.fields.Nested(SuccessorSchema), required=True, metadata=about("Who took over, if anybody.")
    )
    predecessors = ma.fields.List(
        ma.fields.Nested(PredecessorSchema), required=True, metadata=about("Whom it took over from, if anybody.")
    )
    demo = StrictBool(required=True, metadata=about("true: made up for demonstration.", False))


class OrganisationQuerySchema(ListQuerySchema, DemoQuerySchema):
    """Which organisations."""

    sort = query_sort("Organisation", "name", "code", "updated_at")
    q = QueryText(metadata=about("Words in code and names; umlauts either way.", "verkehr"))
    kind = query_codes(ORGANISATION_KIND, "Kind.")
    valid = QueryBool(metadata=about("Whether it exists on valid_on.", True))
