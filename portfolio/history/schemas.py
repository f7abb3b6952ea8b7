"""The query parameters that every read takes: the two clocks, pages, order and form."""

from __future__ import annotations

import marshmallow as ma

from portfolio.core.answers import LIST_FORMS
from portfolio.core.fields import Choice, StrictSchema
from portfolio.core.query_fields import QueryBool, QueryDay, QueryMoment
from portfolio.core.records import PageQuerySchema


class KnownAtQuerySchema(StrictSchema):
    """One clock: what the register had been told by a moment."""

    known_at = QueryMoment(
        metadata={
            "description": "What the register had been told by then: a revision number, a day (its end in "
            "Europe/Berlin) or an RFC 3339 instant. Default: now. A future moment is refused.",
            "example": "2021-12-31",
        },
    )


class ClockQuerySchema(KnownAtQuerySchema):
    """The two clocks: what was true on a day, and what the register had been told by a moment."""

    valid_on = QueryDay(
        metadata={
            "description": "What was true on this day (field, lead ministry, status). Default: today, Europe/Berlin.",
            "example": "2026-06-30",
        }
    )


class ListQuerySchema(ClockQuerySchema, PageQuerySchema):
    """A list: its page, order and form beside the two clocks."""

    count = QueryBool(
        load_default=False, metadata={"description": "Also count all records that match, as `count`.", "example": True}
    )
    sort: ma.fields.Field[str]
    """Each list names its own keys."""
    format = Choice(
        LIST_FORMS,
        "ListFormat",
        metadata={
            "description": "Form of the answer; overrides Accept. csv-de opens in German Excel; xlsx is a workbook.",
            "example": "csv",
        },
    )


class DemoQuerySchema(StrictSchema):
    """Whether made-up records are shown."""

    include_demo = QueryBool(
        load_default=False,
        metadata={"description": "Also show the synthetic demonstration records.", "example": False},
    )
