"""Milestones and forecasts as JSON."""

from __future__ import annotations

from portfolio.core.fields import (
    Code,
    Count,
    Day,
    IdField,
    LongText,
    Name,
    QueryBool,
    QueryDay,
    QueryText,
    Slug,
    StrictBool,
    StrictSchema,
    Text,
    Url,
    query_codes,
    query_names,
    query_numbers,
)
from portfolio.core.records import PRECISION, RecordSchema, about
from portfolio.history.schemas import DemoQuerySchema, ListQuerySchema
from portfolio.milestones import codelists as lists
from portfolio.projects.codelists import PROJECT_STATUS, STATUS_BASIS
from portfolio.taxonomy.codelists import ACTION_FIELD


class _MilestoneFieldsSchema(StrictSchema):
    title_en = Text(allow_none=True, metadata=about("Translation."))
    phase = Code(lists.PHASE, metadata=about("Phase; derived from the day unless given.", "implementing"))
    baseline_on = Day(allow_none=True, metadata=about("Planned day; from 2020 on in implementation.", "2026-09-30"))
    baseline_on_precision = Code(PRECISION, metadata=about("How exactly it is planned.", "day"))
    weight = Count(minimum=1, maximum=100, metadata=about("Weight among the project's milestones.", 1))
    reportable = StrictBool(metadata=about("Counts in the milestone report.", True))
    evidence = Text(allow_none=True, max_length=1000, metadata=about("What shows that it was achieved."))
    source_url = Url(allow_none=True, metadata=about("Where it is published."))


class MilestoneInputSchema(_MilestoneFieldsSchema):
    """A new milestone; it begins as scheduled."""

    code = Name(metadata=about("Code within the project; the next M01, M02 … unless given.", "M01"))
    title_de = Text(required=True, metadata=about("What is to happen.", "Eröffnung des Labors"))
    kind = Code(lists.MILESTONE_KIND, required=True, metadata=about("Kind.", "opening"))


class MilestoneChangesSchema(_MilestoneFieldsSchema):
    """Changes of a milestone (JSON Merge Patch)."""

    title_de = Text(metadata=about("What is to happen."))
    kind = Code(lists.MILESTONE_KIND, metadata=about("Kind."))


class MilestoneSchema(_MilestoneFieldsSchema, RecordSchema):
    """A milestone as it stood on `valid_on`."""

    project = Slug(required=True, metadata=about("Address of the project.", "start4chem"))
    project_title = Text(metadata=about("Its title."))
    action_field = Code(ACTION_FIELD, allow_none=True, metadata=about("Its field on valid_on."))
    ministry = Name(allow_none=True, metadata=about("Its lead ministry on valid_on."))
    project_status = Code(PROJECT_STATUS, allow_none=True, metadata=about("Its status on valid_on."))
    code = Name(required=True, metadata=about("Code within the project.", "M03"))
    title_de = Text(required=True, metadata=about("What was to happen."))
    kind = Code(lists.MILESTONE_KIND, required=True, metadata=about("Kind.", "opening"))
    status = Code(lists.MILESTONE_STATUS, allow_none=True, required=True, metadata=about("Status on that day."))
    outcome = Code(lists.OUTCOME, required=True, metadata=about("Where it stands on that day.", "achieved"))
    achieved_on = Day(allow_none=True, metadata=about("Day it was achieved, by valid_on.", "2024-11-07"))
    achieved_on_precision = Code(PRECISION, metadata=about("How exactly the day is known."))
    season = Text(allow_none=True, max_length=10, metadata=about("spring or autumn, where the source says so."))
    forecast_on = Day(allow_none=True, metadata=about("Latest forecast reported by valid_on."))
    forecast_reported_on = Day(allow_none=True, metadata=about("When that was reported."))
    slip_days = Count(allow_none=True, metadata=about("Days behind the planned day; null where not computable."))
    basis = Code(STATUS_BASIS, metadata=about("Reported or documented."))
    demo = StrictBool(required=True, metadata=about("true: made up for demonstration.", False))


class MilestoneQuerySchema(ListQuerySchema, DemoQuerySchema):
    """Which milestones."""

    q = QueryText(metadata=about("Words in the titles.", "eröffnung"))
    project = query_names("Address of the project.", "start4chem")
    action_field = query_codes(ACTION_FIELD, "Field on valid_on.", nullable=True)
    ministry = query_names("Lead ministry on valid_on.", "MWIKE")
    level = query_names("Of projects with an application of this level.", "eu")
    programme = query_names("Of projects with an application to this funding programme.", "efre-regio-nrw")
    status = query_codes(lists.MILESTONE_STATUS, "Status on valid_on.", nullable=True)
    outcome = query_codes(lists.OUTCOME, "Where it stands on valid_on.")
    kind = query_codes(lists.MILESTONE_KIND, "Kind.")
    phase = query_codes(lists.PHASE, "Phase.")
    reportable = QueryBool(metadata=about("Whether it counts in the report.", True))
    slipped = QueryBool(metadata=about("Whether it is behind the planned day.", True))
    has_baseline = QueryBool(metadata=about("Whether it was planned beforehand.", True))
    planned_year = query_numbers("Year of the planned day.", 2000, 2100, "2020")
    planned_quarter = query_numbers("Quarter of the planned day; none: only the year is known.", 1, 4, "3")
    achieved_year = query_numbers("Year of the achievement.", 2000, 2100, "2020")
    achieved_quarter = query_numbers("Quarter of the achievement; none: only the year is known.", 1, 4, "3")
    from_ = QueryDay(data_key="from", metadata=about("Achieved, or else planned, on or after.", "2020-01-01"))
    to = QueryDay(metadata=about("Achieved, or else planned, on or before.", "2020-12-31"))


class MilestoneTransitionInputSchema(StrictSchema):
    """A change of status."""

    to = Code(lists.MILESTONE_STATUS, required=True, metadata=about("The new status.", "achieved"))
    on = Day(required=True, metadata=about("Day of the change, not in the future.", "2026-10-12"))
    reason = LongText(load_default=None, allow_none=True, max_length=2000, metadata=about("Why; not public."))


class MilestoneStatusChangeSchema(RecordSchema):
    """One entry of a milestone's journal."""

    seq = Count(required=True, minimum=1, metadata=about("Place in the journal.", 2))
    from_status = Code(lists.MILESTONE_STATUS, allow_none=True, metadata=about("Before."))
    to_status = Code(lists.MILESTONE_STATUS, required=True, metadata=about("After.", "achieved"))
    changed_on = Day(allow_none=True, metadata=about("Day as known; null where unknown."))
    changed_on_precision = Code(PRECISION, metadata=about("How exactly."))
    holds_from_on = Day(required=True, metadata=about("Day from which it counts."))
    basis = Code(STATUS_BASIS, metadata=about("What it rests on."))
    reason = LongText(allow_none=True, metadata=about("Why; not public."))


class ForecastInputSchema(StrictSchema):
    """When a milestone is expected, as told on a reporting day. It can never be changed."""

    reported_on = Day(required=True, metadata=about("Reporting day, not in the future.", "2026-06-30"))
    forecast_on = Day(required=True, metadata=about("Expected day.", "2026-11-15"))
    comment = LongText(load_default=None, allow_none=True, max_length=2000, metadata=about("Why; not public."))


class ForecastSchema(RecordSchema):
    """A forecast."""

    milestone = IdField(required=True, metadata=about("Its milestone."))
    reported_on = Day(required=True, metadata=about("Reporting day.", "2026-06-30"))
    forecast_on = Day(required=True, metadata=about("Expected day.", "2026-11-15"))
    comment = LongText(allow_none=True, metadata=about("Why; not public."))
