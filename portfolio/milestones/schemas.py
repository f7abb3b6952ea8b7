"""Milestones and forecasts as JSON."""

from __future__ import annotations

from portfolio.core.fields import Code, Count, Day, IdField, LongText, Name, Slug, StrictBool, StrictSchema, Text, Url
from portfolio.core.provenance import BASIS, JOURNAL, STATUS_OF_DAY, assigned, computed, of_seed, recorded
from portfolio.core.query_fields import (
    QueryBool,
    QueryDay,
    QueryText,
    query_codes,
    query_names,
    query_numbers,
    query_sort,
)
from portfolio.core.records import PERMITTED, PRECISION, RecordSchema, about
from portfolio.history.schemas import DemoQuerySchema, ListQuerySchema
from portfolio.milestones import codelists as lists
from portfolio.projects.codelists import PROJECT_STATUS, STATUS_BASIS
from portfolio.taxonomy.codelists import ACTION_FIELD


class _MilestoneFieldsSchema(StrictSchema):
    provenance = {"weight": recorded(unit="none")}

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

    provenance = {
        "project": recorded("The project in the address where it was made."),
        "project_title": computed("`title_de` of the project."),
        "action_field": computed("`action_field` of the project on valid_on."),
        "ministry": computed("`lead_ministry` of the project on valid_on."),
        "project_status": computed("`status` of the project on valid_on."),
        "status": STATUS_OF_DAY,
        "outcome": computed(
            "The status, and while it is scheduled: not_reported where the planned day of a documented plan has passed "
            "without a forecast since, overdue where any other planned day has, at_risk where the latest forecast lies "
            "behind the planned day, else on_track; not_known before its journal begins."
        ),
        "achieved_on": recorded("`on` of the change of status that says so, or as a source gives it."),
        "achieved_on_precision": assigned("`day` for what was sent in; else as its source gives the day."),
        "season": of_seed(),
        "forecast_on": computed("`forecast_on` of the forecast with the latest reported_on on or before valid_on."),
        "forecast_reported_on": computed("`reported_on` of that forecast."),
        "slip_days": computed(
            "Days from baseline_on to achieved_on, or to forecast_on while it is scheduled, not below 0; null without "
            "these days, or where one is known as month or year only.",
            unit="days",
        ),
        "basis": BASIS,
        "demo": computed("`demo` of the project."),
    }

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

    sort = query_sort("Milestone", "project", "baseline_on", "achieved_on", "updated_at")
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

    provenance = {"reason": recorded(internal=True)}

    to = Code(lists.MILESTONE_STATUS, required=True, metadata=about("The new status.", "achieved"))
    on = Day(required=True, metadata=about("Day of the change, not in the future.", "2026-10-12"))
    reason = LongText(load_default=None, allow_none=True, max_length=2000, metadata=about("Why; not public."))


class MilestoneStatusChangeSchema(RecordSchema):
    """One entry of a milestone's journal."""

    provenance = JOURNAL

    seq = Count(required=True, minimum=1, metadata=about("Place in the journal.", 2))
    from_status = Code(lists.MILESTONE_STATUS, allow_none=True, metadata=about("Before."))
    to_status = Code(lists.MILESTONE_STATUS, required=True, metadata=about("After.", "achieved"))
    changed_on = Day(allow_none=True, metadata=about("Day as known; null where unknown."))
    changed_on_precision = Code(PRECISION, metadata=about("How exactly."))
    holds_from_on = Day(required=True, metadata=about("Day from which it counts."))
    basis = Code(STATUS_BASIS, metadata=about("What it rests on."))
    reason = LongText(allow_none=True, metadata=about("Why; not public.", sometimes=PERMITTED))


class ForecastInputSchema(StrictSchema):
    """When a milestone is expected, as told on a reporting day. It can never be changed."""

    reported_on = Day(required=True, metadata=about("Reporting day, not in the future.", "2026-06-30"))
    forecast_on = Day(required=True, metadata=about("Expected day.", "2026-11-15"))
    comment = LongText(load_default=None, allow_none=True, max_length=2000, metadata=about("Why; not public."))


class ForecastSchema(RecordSchema):
    """A forecast."""

    provenance = {"milestone": recorded("The milestone in the address where it was reported.")}

    milestone = IdField(required=True, metadata=about("Its milestone."))
    reported_on = Day(required=True, metadata=about("Reporting day.", "2026-06-30"))
    forecast_on = Day(required=True, metadata=about("Expected day.", "2026-11-15"))
    comment = LongText(allow_none=True, metadata=about("Why; not public.", sometimes=PERMITTED))
