"""The data dictionary and the index as JSON."""

from __future__ import annotations

import marshmallow as ma

from portfolio.core.answers import LIST_FORMS
from portfolio.core.fields import (
    Choice,
    Code,
    Count,
    LongText,
    StrictBool,
    StrictSchema,
    Text,
)
from portfolio.core.provenance import EVERY, computed, fixed
from portfolio.core.query_fields import QueryText, query_codes, query_names
from portfolio.core.records import about
from portfolio.history.schemas import ClockQuerySchema
from portfolio.web.codelists import ORIGIN, UNIT, VISIBILITY, WRITABLE

_PATH = "/v1/vocabularies/award_status"


class FieldSchema(StrictSchema):
    """One field of one record."""

    provenance = {EVERY: fixed("From the schemas of the program.")}

    record = Text(required=True, max_length=80, metadata=about("Name of the schema in the document.", "Award"))
    field = Text(required=True, max_length=80, metadata=about("Name of the field.", "to_flow"))
    type = Text(required=True, metadata=about("What kind of value it is.", "amount"))
    unit = Code(UNIT, required=True, metadata=about("In which unit.", "eur"))
    codelist = Text(
        required=True, allow_none=True, metadata=about("Path of the codelist; null: no code of a list.", _PATH)
    )
    meaning = LongText(required=True, metadata=about("What it says.", "Still to flow."))
    required = StrictBool(
        required=True, metadata=about("Whether an answer always has it, or a body must have it.", False)
    )
    nullable = StrictBool(required=True, metadata=about("Whether it may be null: not known, or not given.", True))
    writable = Code(WRITABLE, required=True, metadata=about("Whether it can be sent.", "no"))
    visibility = Code(VISIBILITY, required=True, metadata=about("Who sees it.", "public"))
    origin = Code(ORIGIN, required=True, metadata=about("Where its value comes from.", "computed"))
    source = LongText(
        required=True,
        metadata=about("Who enters it, or by which rule it is found.", "max(0, amount − paid_out) of an award."),
    )
    since = Text(required=True, max_length=20, metadata=about("Version of the API that it came with.", "1.0.0"))


class FieldQuerySchema(ClockQuerySchema):
    """Which fields."""

    record = query_names("Name of the schema in the document.", "Award")
    q = QueryText(metadata=about("Words in the name, the meaning or the source.", "applied"))
    unit = query_codes(UNIT, "Unit.")
    origin = query_codes(ORIGIN, "Where the value comes from.")
    format = Choice(LIST_FORMS, "ListFormat", metadata=about("Form of the answer; overrides Accept.", "csv"))


class IndexOperationSchema(StrictSchema):
    """One thing that can be done at an address."""

    provenance = {EVERY: fixed("From the operations of the program.")}

    method = Text(required=True, max_length=10, metadata=about("HTTP method.", "GET"))
    operation_id = Text(required=True, max_length=80, metadata=about("Its name in the document.", "listProjects"))
    summary = Text(required=True, metadata=about("What it does.", "List the projects"))
    public = StrictBool(required=True, metadata=about("Whether it needs no credentials.", True))


class IndexResourceSchema(StrictSchema):
    """One address, or all of one form."""

    provenance = {EVERY: fixed("From the operations of the program.")}

    title = Text(required=True, metadata=about("What it is.", "Projects"))
    path = Text(required=True, metadata=about("Path; a {name} stands for a key.", "/v1/projects"))
    templated = StrictBool(required=True, metadata=about("Whether keys must be put in.", False))
    tag = Text(required=True, max_length=40, metadata=about("Group in the document.", "projects"))
    operations = ma.fields.List(
        ma.fields.Nested(IndexOperationSchema), required=True, metadata=about("What can be done there.")
    )
    formats = ma.fields.List(
        Text(max_length=100), required=True, metadata=about("Media types of a read.", ["application/json", "text/csv"])
    )


class IndexLinksSchema(StrictSchema):
    """Where to go from here."""

    provenance = {EVERY: fixed("An address of the program.")}

    document = Text(required=True, metadata=about("The OpenAPI document.", "/openapi.json"))
    documentation = Text(required=True, metadata=about("The same to read and try.", "/docs"))
    vocabularies = Text(required=True, metadata=about("Every code with its labels.", "/v1/vocabularies"))
    data_dictionary = Text(required=True, metadata=about("Every field with its meaning.", "/v1/data-dictionary"))
    changes = Text(required=True, metadata=about("The feed of changes.", "/v1/changes"))
    checkpoint = Text(required=True, metadata=about("The signed end of the log.", "/v1/log/checkpoint"))
    status = Text(required=True, metadata=about("Whether the register is ready.", "/health/ready"))
    api_catalog = Text(required=True, metadata=about("The catalog of RFC 9727.", "/.well-known/api-catalog"))


class IndexSchema(StrictSchema):
    """What there is, and where."""

    provenance = {
        "title": fixed("Title of the document."),
        "version": fixed("Version of the program and its API."),
        "revision": computed("The newest revision.", unit="none"),
        "links": fixed("Addresses of the program."),
        "resources": fixed("From the operations of the program."),
    }

    title = Text(required=True, metadata=about("What this is.", "Portfolio register of the Ruhr-Konferenz"))
    version = Text(required=True, max_length=20, metadata=about("Version of the API.", "1.0.0"))
    revision = Count(required=True, metadata=about("Newest revision of the register.", 1))
    links = ma.fields.Nested(IndexLinksSchema, required=True, metadata=about("Where to go from here."))
    resources = ma.fields.List(
        ma.fields.Nested(IndexResourceSchema), required=True, metadata=about("Every address, in the document's order.")
    )
