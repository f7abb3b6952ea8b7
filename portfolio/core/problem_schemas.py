"""Problems (RFC 9457) as the document describes them."""

from __future__ import annotations

import marshmallow as ma


class ProblemErrorSchema(ma.Schema):
    """One fault in the input."""

    code = ma.fields.String(required=True, metadata={"description": "Stable code of the fault.", "example": "required"})
    detail = ma.fields.String(
        required=True, metadata={"description": "What is wrong and what to do.", "example": "Send a day, YYYY-MM-DD."}
    )
    pointer = ma.fields.String(
        metadata={"description": "JSON pointer into the body, beginning with #.", "example": "#/from_on"}
    )
    parameter = ma.fields.String(
        metadata={"description": "Name of the query parameter or header.", "example": "valid_on"}
    )


class ProblemSchema(ma.Schema):
    """Problem details (RFC 9457)."""

    type = ma.fields.String(
        required=True,
        metadata={
            "format": "uri-reference",
            "description": "Stable name of the problem.",
            "example": "/problems/invalid",
        },
    )
    title = ma.fields.String(required=True, metadata={"description": "The problem in general.", "example": "Invalid"})
    status = ma.fields.Integer(required=True, metadata={"description": "HTTP status.", "example": 422})
    detail = ma.fields.String(
        required=True, metadata={"description": "What happened here and what to do.", "example": "Send a day."}
    )
    request_id = ma.fields.String(
        required=True, metadata={"description": "Name it when asking for help.", "example": "a1"}
    )
    errors = ma.fields.List(
        ma.fields.Nested(ProblemErrorSchema),
        metadata={"description": "Each fault with its place, where there are any."},
    )
    allowed = ma.fields.List(
        ma.fields.String(), metadata={"description": "With transition-not-allowed: the statuses that may follow."}
    )
