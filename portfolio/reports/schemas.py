"""The reports as JSON."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from portfolio.core.answers import REPORT_FORMS
from portfolio.core.fields import (
    Choice,
    Code,
    Count,
    Day,
    InstantField,
    Name,
    Slug,
    StrictSchema,
    Text,
    Total,
    clean_text,
)
from portfolio.core.provenance import EVERY
from portfolio.core.query_fields import repeated
from portfolio.core.records import about
from portfolio.funding.codelists import APPLICATION_STATUS, LEVEL
from portfolio.funding.on_day import GROUP_KEYS
from portfolio.funding.schemas import LineQuerySchema
from portfolio.history.schemas import ClockQuerySchema, DemoQuerySchema
from portfolio.milestones.schemas import MilestoneQuerySchema
from portfolio.projects.codelists import BUCKET, PROJECT_STATUS
from portfolio.projects.programme_schemas import OfficialCountSchema
from portfolio.reports import provenance as origins
from portfolio.reports.milestones import COUNTS, KEYS
from portfolio.taxonomy.codelists import ACTION_FIELD

_FORM = about("Form of the answer; overrides Accept. csv-de opens in German Excel; xlsx is a workbook.", "csv")
_LINES = about("Path of exactly the records summed; also as CSV.", "/v1/awards?in_force_on=2022-12-31")


_GROUP_BY = "Keys to group by, in this order; several by repeating the parameter, or with commas in one."


class _GroupKey(Choice):
    """One key to group by, or several with commas; the report knows them (chosen_keys)."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> str:
        return clean_text(value, minimum=1, maximum=200, lines=False)


class _LinesSchema(StrictSchema):
    provenance = origins.LINES

    lines = Text(allow_none=True, max_length=4000, metadata=_LINES)
    lines_count = Count(required=True, metadata=about("Number of those records.", 11))


class AppliedSchema(_LinesSchema):
    """Money asked for."""

    provenance = origins.APPLIED

    amount = Total(allow_none=True, required=True, metadata=about("EUR; null where no amount is known.", "0.00"))
    lines_without_amount = Count(required=True, metadata=about("Of these without a known amount.", 2))
    lines_without_day = Count(required=True, metadata=about("Of these without a known day.", 1))


class ApprovedSchema(_LinesSchema):
    """Money granted and in force."""

    provenance = origins.APPROVED

    amount = Total(allow_none=True, required=True, metadata=about("EUR.", "29149664.22"))
    exact = Total(required=True, metadata=about("Of this exactly known, EUR.", "18049664.22"))
    lines_without_amount = Count(required=True, metadata=about("Awards without a known amount.", 6))
    lines_without_day = Count(required=True, metadata=about("Awards without a known day.", 3))
    lines_not_exact = Count(required=True, metadata=about("Awards with an approximate amount.", 3))


class PaidOutSchema(_LinesSchema):
    """Money paid, over awards whose payments were ever reported."""

    provenance = origins.PAID_OUT

    amount = Total(allow_none=True, required=True, metadata=about("EUR; null where never reported."))
    lines_without_payments = Count(required=True, metadata=about("Awards whose payments were never reported.", 17))
    payments_known_until = Day(allow_none=True, required=True, metadata=about("Earliest state of information."))


class ToFlowSchema(_LinesSchema):
    """Money still to flow."""

    provenance = origins.TO_FLOW

    amount = Total(allow_none=True, required=True, metadata=about("EUR; null by year and where payments are unknown."))
    lapsed = Total(allow_none=True, required=True, metadata=about("Left unspent by settled awards, EUR."))
    overpaid = Total(allow_none=True, required=True, metadata=about("Paid above awards, EUR; never netted."))


class PlannedSchema(_LinesSchema):
    """Planned disbursements; none are recorded yet."""

    provenance = origins.PLANNED

    amount = Total(allow_none=True, required=True, metadata=about("EUR; null while none are recorded."))


class SummaryNumbersSchema(StrictSchema):
    """The numbers of one group."""

    provenance = origins.SUMMARY_NUMBERS

    applied = ma.fields.Nested(AppliedSchema, required=True, metadata=about("Applied."))
    approved = ma.fields.Nested(ApprovedSchema, required=True, metadata=about("Approved."))
    paid_out = ma.fields.Nested(PaidOutSchema, required=True, metadata=about("Paid out."))
    to_flow = ma.fields.Nested(ToFlowSchema, required=True, metadata=about("To flow."))
    planned = ma.fields.Nested(PlannedSchema, required=True, metadata=about("Planned."))


def _key(description: str, example: Any) -> dict[str, Any]:
    return {"allow_none": True, "metadata": about(description, example, sometimes="only where it is grouped by")}


class _GroupSchema(StrictSchema):
    provenance = {EVERY: origins.SUMMARY_ITEM["group"]}

    action_field = Code(ACTION_FIELD, **_key("Action field on valid_on.", "mobility"))
    ministry = Name(**_key("Lead ministry on valid_on.", "MWIKE"))
    project = Slug(**_key("Address of the project.", "oepnv-initiative"))
    year = Count(minimum=2000, maximum=2100, **_key("Calendar year.", 2021))


class SummaryGroupSchema(_GroupSchema):
    """What the lines of a group have in common."""

    level = Code(LEVEL, **_key("Level of the money.", "eu"))
    fund = Text(**_key("Fund of the programme.", "EFRE"))
    programme = Slug(**_key("Funding programme.", "efre-regio-nrw"))
    applicant = Name(**_key("Who applied.", "RUB"))
    project_status = Code(PROJECT_STATUS, **_key("Status of the project on valid_on.", "in_implementation"))
    application_status = Code(APPLICATION_STATUS, **_key("Status of the application on valid_on.", "submitted"))


class MilestoneGroupSchema(_GroupSchema):
    """What the milestones of a group have in common."""

    quarter = Count(minimum=1, maximum=4, **_key("Quarter of the year.", 3))


class SummaryItemSchema(SummaryNumbersSchema):
    """One group."""

    provenance = origins.SUMMARY_ITEM

    group = ma.fields.Nested(
        SummaryGroupSchema, required=True, metadata=about("Its keys and values; null is not known.", {"level": "eu"})
    )


class ReportHeadSchema(StrictSchema):
    """The moment a report is true for."""

    provenance = origins.REPORT_HEAD

    revision = Count(required=True, metadata=about("Revision of the register.", 1))
    valid_on = Day(required=True, metadata=about("Day it speaks of.", "2022-12-31"))
    known_at = InstantField(allow_none=True, required=True, metadata=about("Instant of the revision."))


class FundingSummarySchema(ReportHeadSchema):
    """Applied, approved, paid out, to flow; every total is the sum of its lines to the cent."""

    provenance = origins.FUNDING_SUMMARY

    group_by = ma.fields.List(
        Choice(GROUP_KEYS, "FundingSummaryKey"), required=True, metadata=about("Keys grouped by.", ["level"])
    )
    items = ma.fields.List(ma.fields.Nested(SummaryItemSchema), required=True, metadata=about("The groups."))
    total = ma.fields.Nested(SummaryNumbersSchema, required=True, metadata=about("All of it."))


class FundingSummaryQuerySchema(ClockQuerySchema, DemoQuerySchema):
    """What to sum."""

    group_by = repeated(_GroupKey(GROUP_KEYS, "FundingSummaryKey"), about(_GROUP_BY, ["level", "action_field"]))
    format = Choice(REPORT_FORMS, "ReportFormat", metadata=_FORM)


for _name in GROUP_KEYS:
    FundingSummaryQuerySchema._declared_fields[_name] = LineQuerySchema._declared_fields[_name]


class MilestoneCountSchema(StrictSchema):
    """A count with its lines."""

    provenance = origins.MILESTONE_COUNT

    count = Count(required=True, metadata=about("Number of milestones.", 3))
    lines = Text(required=True, max_length=4000, metadata=about("Path of exactly these milestones."))


class SlippedSchema(MilestoneCountSchema):
    """Milestones behind their planned day."""

    provenance = origins.SLIPPED

    days = Count(required=True, metadata=about("Days behind in all.", 45))


class MilestoneNumbersSchema(StrictSchema):
    """The counts of one group."""

    provenance = origins.MILESTONE_NUMBERS


for _name in COUNTS:
    _nested = SlippedSchema if _name == "slipped" else MilestoneCountSchema
    MilestoneNumbersSchema._declared_fields[_name] = ma.fields.Nested(
        _nested, required=True, metadata=about(f"Milestones: {_name.replace('_', ' ')}.")
    )


class MilestoneItemSchema(MilestoneNumbersSchema):
    """One group."""

    provenance = origins.MILESTONE_ITEM

    group = ma.fields.Nested(
        MilestoneGroupSchema, required=True, metadata=about("Its keys and values; null is not known.", {"year": 2021})
    )


class MilestoneReportSchema(ReportHeadSchema):
    """Implementation milestones from 2020 on."""

    provenance = origins.MILESTONE_REPORT

    group_by = ma.fields.List(
        Choice(KEYS, "MilestoneReportKey"), required=True, metadata=about("Keys grouped by.", ["quarter"])
    )
    items = ma.fields.List(ma.fields.Nested(MilestoneItemSchema), required=True, metadata=about("The groups."))
    total = ma.fields.Nested(MilestoneNumbersSchema, required=True, metadata=about("All of it."))


class MilestoneReportQuerySchema(ClockQuerySchema, DemoQuerySchema):
    """What to count."""

    group_by = repeated(_GroupKey(KEYS, "MilestoneReportKey"), about(_GROUP_BY, ["quarter"]))
    format = Choice(REPORT_FORMS, "ReportFormat", metadata=_FORM)


for _name in ("action_field", "ministry", "project"):
    MilestoneReportQuerySchema._declared_fields[_name] = MilestoneQuerySchema._declared_fields[_name]


class ProjectCountSchema(StrictSchema):
    """A count with its lines."""

    provenance = origins.PROJECT_COUNT

    count = Count(required=True, metadata=about("Number of projects.", 6))
    lines = Text(required=True, max_length=4000, metadata=about("Path of exactly these projects."))


class StatusCountSchema(ProjectCountSchema):
    """Projects of one status."""

    provenance = origins.STATUS_COUNT

    status = Code(PROJECT_STATUS, required=True, metadata=about("Status."))


class BucketCountSchema(ProjectCountSchema):
    """Projects of one group of statuses."""

    provenance = origins.BUCKET_COUNT

    bucket = Code(BUCKET, required=True, metadata=about("Group."))


class PortfolioNumbersSchema(ProjectCountSchema):
    """Projects, also by status."""

    provenance = origins.PORTFOLIO_NUMBERS

    by_status = ma.fields.List(ma.fields.Nested(StatusCountSchema), required=True, metadata=about("By status."))
    by_bucket = ma.fields.List(ma.fields.Nested(BucketCountSchema), required=True, metadata=about("By group."))


class PortfolioItemSchema(PortfolioNumbersSchema):
    """One action field."""

    provenance = origins.PORTFOLIO_ITEM

    action_field = Code(ACTION_FIELD, allow_none=True, required=True, metadata=about("Field; null: not assigned yet."))


class CompletenessSchema(StrictSchema):
    """What is known and what is not."""

    provenance = origins.COMPLETENESS


for _name in [
    "named",
    "unnamed",
    "assumed",
    "without_action_field",
    "field_published",
    "field_inferred_by_forum",
    "field_inferred_by_topic",
    "without_lead_ministry",
    "status_not_known",
]:
    CompletenessSchema._declared_fields[_name] = ma.fields.Nested(
        ProjectCountSchema, required=True, metadata=about(f"Kept projects: {_name.replace('_', ' ')}.")
    )


class PopulationSchema(StrictSchema):
    """opening + admitted − removed − merged = closing."""

    provenance = origins.POPULATION

    opening_on = Day(required=True, metadata=about("Day of the opening stock.", "2019-09-09"))
    opening = Count(required=True, metadata=about("Proposals then.", 75))
    admitted = Count(required=True, metadata=about("Admitted since.", 0))
    removed = Count(required=True, metadata=about("Dealt with elsewhere.", 1))
    merged = Count(required=True, metadata=about("Merged into others.", 0))
    closing = Count(required=True, metadata=about("Kept on valid_on.", 74))


class PortfolioReportSchema(ReportHeadSchema):
    """Projects per field and status, with what is unknown, and the official counts beside."""

    provenance = origins.PORTFOLIO_REPORT

    items = ma.fields.List(ma.fields.Nested(PortfolioItemSchema), required=True, metadata=about("By field."))
    total = ma.fields.Nested(PortfolioNumbersSchema, required=True, metadata=about("All kept projects."))
    completeness = ma.fields.Nested(CompletenessSchema, required=True, metadata=about("What is unknown."))
    population = ma.fields.Nested(PopulationSchema, required=True, metadata=about("How the number came about."))
    official_counts = ma.fields.List(
        ma.fields.Nested(OfficialCountSchema), required=True, metadata=about("What the government counts.")
    )


class PortfolioReportQuerySchema(ClockQuerySchema, DemoQuerySchema):
    """What to count."""

    format = Choice(REPORT_FORMS, "ReportFormat", metadata=_FORM)
