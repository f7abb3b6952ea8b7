"""What the naive peer takes and answers, as marshmallow schemas."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

_TEXTS = """code code_basis title_de title_en summary_de summary_en summary_basis theme_forum_basis list_confidence
source_notes slug action_field action_field_basis lead_ministry status_basis status_as_of_precision bucket"""
_DAYS = """planned_start_on planned_end_on actual_start_on actual_end_on action_field_from_on lead_ministry_from_on
status_as_of"""
_FLAGS = "title_known lead_successor_undetermined in_population demo"
_MILESTONE_TEXTS = """code title_de title_en kind phase baseline_on_precision achieved_on_precision season evidence
basis source_url status"""
_INSTANT = "%Y-%m-%dT%H:%M:%S.%fZ"


class RecordSchema(ma.Schema):
    id = ma.fields.UUID(dump_only=True)
    version = ma.fields.Integer(dump_only=True)
    created_at = ma.fields.DateTime(_INSTANT, dump_only=True)
    updated_at = ma.fields.DateTime(_INSTANT, dump_only=True)


def _fields(kind: type[ma.fields.Field[Any]], names: str) -> dict[str, ma.fields.Field[Any]]:
    return {name: kind(allow_none=True) for name in names.split()}


class LocationSchema(ma.Schema):
    name, ags, nuts3 = ma.fields.String(), ma.fields.String(), ma.fields.String()


class SourceSchema(ma.Schema):
    url, title = ma.fields.String(), ma.fields.String()


ProjectSchema: Any = RecordSchema.from_dict(
    {
        **_fields(ma.fields.String, _TEXTS),
        **_fields(ma.fields.Date, _DAYS),
        **_fields(ma.fields.Boolean, _FLAGS),
        **_fields(ma.fields.Integer, "proposal_number pillar theme_forum"),
        "status": ma.fields.String(attribute="latest_status"),
        "title_aliases": ma.fields.List(ma.fields.String()),
        "locations": ma.fields.List(ma.fields.Nested(LocationSchema)),
        "sources": ma.fields.List(ma.fields.Nested(SourceSchema)),
        "components": ma.fields.List(ma.fields.Raw()),
    },
    name="ProjectSchema",
)
_MILESTONE = {
    **_fields(ma.fields.String, _MILESTONE_TEXTS),
    **_fields(ma.fields.Date, "baseline_on achieved_on"),
    "weight": ma.fields.Integer(validate=ma.validate.Range(1, 100)),
    "reportable": ma.fields.Boolean(),
}
MilestoneSchema: Any = RecordSchema.from_dict(dict(_MILESTONE), name="MilestoneSchema")
MilestoneChangesSchema: Any = ma.Schema.from_dict(dict(_MILESTONE), name="MilestoneChangesSchema")
_COUNTS = "lines_count lines_without_amount lines_without_day lines_not_exact lines_without_payments"
_MONEY = {
    name: ma.fields.Decimal(as_string=True, allow_none=True) for name in ("amount", "exact", "lapsed", "overpaid")
}
NumbersSchema: Any = ma.Schema.from_dict(
    {
        **_fields(ma.fields.Integer, _COUNTS),
        **_MONEY,
        "lines": ma.fields.String(allow_none=True),
        "payments_known_until": ma.fields.Date(allow_none=True),
    },
    name="NumbersSchema",
)
GroupSchema: Any = ma.Schema.from_dict(
    {**_fields(ma.fields.String, "action_field level"), "year": ma.fields.Integer(allow_none=True)}, name="GroupSchema"
)
_CELL = {name: ma.fields.Nested(NumbersSchema) for name in "applied approved paid_out to_flow planned".split()}
TotalSchema: Any = ma.Schema.from_dict(dict(_CELL), name="TotalSchema")
CellSchema: Any = ma.Schema.from_dict({"group": ma.fields.Nested(GroupSchema), **_CELL}, name="CellSchema")
SummarySchema: Any = ma.Schema.from_dict(
    {
        "revision": ma.fields.Integer(),
        "valid_on": ma.fields.String(),
        "known_at": ma.fields.String(),
        "group_by": ma.fields.List(ma.fields.String()),
        "items": ma.fields.List(ma.fields.Nested(CellSchema)),
        "total": ma.fields.Nested(TotalSchema),
    },
    name="SummarySchema",
)


def items_of(schema: Any) -> Any:
    return ma.Schema.from_dict({"items": ma.fields.List(ma.fields.Nested(schema))}, name=f"{schema.__name__}Page")
