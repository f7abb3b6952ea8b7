"""Problems (RFC 9457) as the document describes them."""

from __future__ import annotations

import marshmallow as ma

from portfolio.core.fields import Count, SentText, Text
from portfolio.core.provenance import EVERY, computed, echoed, fixed

_LONG = 10_000


class ProblemErrorSchema(ma.Schema):
    """One fault in the input."""

    provenance = {EVERY: computed("From the request that was refused.")}

    code = Text(
        required=True,
        max_length=80,
        metadata={"description": "Stable code of the fault.", "example": "required", "pattern": "^[a-z0-9_]+$"},
    )
    detail = Text(
        required=True,
        max_length=_LONG,
        metadata={"description": "What is wrong and what to do.", "example": "Send a day, YYYY-MM-DD."},
    )
    pointer = SentText(
        max_length=_LONG,
        metadata={"description": "JSON pointer into the body, beginning with #.", "example": "#/from_on"},
    )
    parameter = SentText(
        max_length=200, metadata={"description": "Name of the query parameter or header.", "example": "valid_on"}
    )


class ProblemSchema(ma.Schema):
    """Problem details (RFC 9457)."""

    provenance = {
        "type": fixed("One of the kinds of problems; /problems/{slug} explains it."),
        "title": fixed("The same for every problem of this type."),
        "request_id": echoed("X-Request-Id of the request, or one made for it."),
        EVERY: computed("From the request that was refused."),
    }

    type = Text(
        required=True,
        max_length=200,
        metadata={
            "format": "uri-reference",
            "description": "Stable name of the problem, and the address of a page that explains it.",
            "example": "/problems/invalid",
        },
    )
    title = Text(
        required=True, max_length=200, metadata={"description": "The problem in general.", "example": "Invalid"}
    )
    status = Count(required=True, minimum=400, maximum=599, metadata={"description": "HTTP status.", "example": 422})
    detail = Text(
        required=True,
        max_length=_LONG,
        metadata={"description": "What happened here and what to do.", "example": "Send a day."},
    )
    request_id = Text(
        required=True, max_length=64, metadata={"description": "Name it when asking for help.", "example": "a1"}
    )
    errors = ma.fields.List(
        ma.fields.Nested(ProblemErrorSchema),
        metadata={"description": "Each fault with its place, where there are any.", "maxItems": 100},
    )
    allowed = ma.fields.List(
        Text(max_length=80),
        metadata={"description": "With transition-not-allowed: the statuses that may follow.", "maxItems": 100},
    )
