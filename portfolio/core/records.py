"""What the JSON of every record and every list has in common."""

from __future__ import annotations

from functools import cache
from typing import Any

import marshmallow as ma

from portfolio.core.dates import Precision
from portfolio.core.fields import SOMETIMES, Count, IdField, InstantField, StrictSchema, Text
from portfolio.core.lists import LARGEST_LIMIT
from portfolio.core.provenance import EVERY, assigned, computed
from portfolio.core.query_fields import QueryCount, QueryCursor
from portfolio.core.vocabulary import Codelist, Label

PRECISION = Codelist(
    "precision",
    Label("Genauigkeit eines Tages", "Precision of a day"),
    {
        Precision.DAY: Label("Tag", "day"),
        Precision.MONTH: Label("Monat (gespeichert ist der letzte Tag)", "month (the last day is stored)"),
        Precision.YEAR: Label("Jahr (gespeichert ist der letzte Tag)", "year (the last day is stored)"),
    },
)


PERMITTED = "only for those who may see it"
"""When an answer holds a field that is not public."""


def about(description: str, example: Any = None, *, sometimes: str | None = None) -> dict[str, Any]:
    """Description and example of a field.

    :param sometimes: when an answer holds the field; by default it always does, as null where nothing is known.
    """
    found = {"description": description, "example": example, SOMETIMES: sometimes}
    return {name: value for name, value in found.items() if value is not None}


class RecordSchema(StrictSchema):
    """What every record has."""

    provenance = {
        "id": assigned("Made by the register with the record; never used again for another."),
        "version": assigned("Rises by one with each revision that touches the record.", unit="none"),
        "created_at": assigned("The instant of the revision that made the record."),
        "updated_at": assigned("The instant of the newest revision that touched the record."),
    }
    id = IdField(required=True, metadata=about("Id of the record.", "0192f1c4-7a6b-7cc3-98c5-0242ac120002"))
    version = Count(required=True, minimum=1, metadata=about("Rises by one with each revision that touches it.", 3))
    created_at = InstantField(required=True, metadata=about("When it was recorded.", "2026-06-30T08:00:00.000000Z"))
    updated_at = InstantField(required=True, metadata=about("When it was last changed.", "2026-06-30T08:00:00.000000Z"))


class PageQuerySchema(StrictSchema):
    """One page of many."""

    limit = QueryCount(
        minimum=1,
        maximum=LARGEST_LIMIT,
        load_default=50,
        metadata={"description": "Records per page, 1 to 200. Not for downloads, which are whole.", "example": 50},
    )
    cursor = QueryCursor(
        metadata=about(
            "Where the next page begins; follow `next` instead of building one.", "WyI0ZjJhIiwgIm9lcG52IiwgIjAxOTIiXQ"
        ),
    )


_PAGE = {
    "items": computed("The records that match, in the order asked for, `limit` at a time."),
    "next": computed("This address with a cursor behind the last record of the page."),
    "count": computed("Number of all records that match, on every page; not counted beyond 1000."),
    "count_is_exact": computed("False where more than 1000 records match."),
}


@cache
def page_of(item: type[ma.Schema]) -> type[ma.Schema]:
    """The schema of a page of ``item``, named after it: ``ProjectSchema`` gives ``ProjectPage``."""
    fields = {
        "provenance": _PAGE,
        "items": ma.fields.List(
            ma.fields.Nested(item),
            required=True,
            metadata={**about("The records of this page."), "maxItems": LARGEST_LIMIT},
        ),
        "next": Text(
            required=True, allow_none=True, max_length=4000, metadata=about("Path of the next page; null at the end.")
        ),
        "count": Count(
            metadata=about(
                "Number of all records that match, up to 1000; there are more where `count_is_exact` is false.",
                74,
                sometimes="only with count=true",
            )
        ),
        "count_is_exact": ma.fields.Boolean(
            metadata=about(
                "Whether `count` is the whole number; if not, more than so many match.",
                True,
                sometimes="only with count=true",
            )
        ),
    }
    name = item.__name__.removesuffix("Schema")
    return type(f"{name}PageSchema", (StrictSchema,), {"__doc__": f"A page of records ({name}).", **fields})


@cache
def items_of(item: type[ma.Schema]) -> type[ma.Schema]:
    """The schema of a short list that is never paged: ``AssignmentSchema`` gives ``AssignmentItems``."""
    fields = {
        "provenance": {EVERY: computed("Everything there is, in its order.")},
        "items": ma.fields.List(ma.fields.Nested(item), required=True, metadata=about("All of them, in order.")),
    }
    name = item.__name__.removesuffix("Schema")
    return type(f"{name}ItemsSchema", (StrictSchema,), {"__doc__": f"All records ({name}) of one parent.", **fields})
