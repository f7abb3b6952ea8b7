"""Projects, decisions, assignments and roles as JSON."""

from __future__ import annotations

import marshmallow as ma

from portfolio.core.fields import (
    Code,
    Count,
    Day,
    IdField,
    LongText,
    Name,
    ShortList,
    Slug,
    StrictBool,
    StrictSchema,
    Text,
    Url,
)
from portfolio.core.provenance import DEMO, JOURNAL, STATUS_OF_DAY, assigned, computed, of_seed, recorded
from portfolio.core.query_fields import (
    QueryBool,
    QueryDay,
    QueryInstant,
    QueryText,
    query_codes,
    query_names,
    query_numbers,
    query_sort,
)
from portfolio.core.records import PERMITTED, PRECISION, RecordSchema, about
from portfolio.history.schemas import DemoQuerySchema, ListQuerySchema
from portfolio.projects import codelists as lists
from portfolio.taxonomy.codelists import ACTION_FIELD


class SourceSchema(StrictSchema):
    """A published source."""

    url = Url(required=True, metadata=about("Address of the source.", "https://www.ruhr-konferenz.nrw/umsetzen"))
    title = Text(required=True, allow_none=True, metadata=about("Its title.", "Ruhr-Konferenz: Umsetzen"))


class LocationSchema(StrictSchema):
    """A place of a project."""

    name = Text(required=True, metadata=about("Municipality or region as published.", "Moers"))
    ags = Text(load_default=None, allow_none=True, max_length=8, metadata=about("Municipality key.", "05170024"))
    nuts3 = Text(load_default=None, allow_none=True, max_length=5, metadata=about("NUTS 3 code.", "DEA1F"))


class ComponentSchema(StrictSchema):
    """A named part of a project."""

    title_de = Text(required=True, metadata=about("Official name.", "ÖPNV-Grundnetz"))
    title_en = Text(
        load_default=None, allow_none=True, metadata=about("Translation.", "Basic public-transport network")
    )
    source_url = Url(load_default=None, allow_none=True, metadata=about("Where it is named."))


class _ProjectFieldsSchema(StrictSchema):
    """What a ministry may write about a project."""

    provenance = {name: recorded(unit="none") for name in ("proposal_number", "pillar", "theme_forum")}

    code = Text(allow_none=True, max_length=20, metadata=about("Official code forum–number, where published.", "13-01"))
    code_basis = Code(lists.TITLE_BASIS, allow_none=True, metadata=about("Where the code is from.", "published_source"))
    proposal_number = Count(
        minimum=1, maximum=999, allow_none=True, metadata=about("Number of the proposal page of 2019.", 21)
    )
    title_en = Text(allow_none=True, metadata=about("Translation of the title.", "Public Transport Initiative"))
    title_aliases = ShortList(
        Text(),
        most=20,
        metadata=about("Other names in use; found by search.", ["Nahverkehr"]),
    )
    summary_de = LongText(
        allow_none=True, metadata=about("What it is, in a sentence or two.", "Paket für Bus und Bahn.")
    )
    summary_en = LongText(allow_none=True, metadata=about("The same in English.", "Package for buses and rail."))
    summary_basis = Code(lists.SUMMARY_BASIS, allow_none=True, metadata=about("What the summary rests on."))
    pillar = Count(minimum=1, maximum=2, metadata=about("1 ministry project, 2 partner project.", 1))
    theme_forum = Count(minimum=1, maximum=20, allow_none=True, metadata=about("Forum that proposed it.", 13))
    theme_forum_basis = Code(lists.FORUM_BASIS, allow_none=True, metadata=about("How the forum is known."))
    planned_start_on = Day(allow_none=True, metadata=about("Planned first day.", "2020-01-01"))
    planned_end_on = Day(allow_none=True, metadata=about("Planned last day.", "2024-12-31"))
    actual_start_on = Day(allow_none=True, metadata=about("Actual first day.", "2020-03-01"))
    actual_end_on = Day(allow_none=True, metadata=about("Actual last day.", "2025-02-28"))
    locations = ShortList(ma.fields.Nested(LocationSchema), most=60, metadata=about("Where it takes place."))
    list_confidence = Code(
        lists.LIST_CONFIDENCE, allow_none=True, metadata=about("How sure it is a project of its own.")
    )
    components = ShortList(ma.fields.Nested(ComponentSchema), most=60, metadata=about("Named parts."))
    sources = ShortList(ma.fields.Nested(SourceSchema), most=60, metadata=about("Published sources."))
    source_notes = LongText(allow_none=True, metadata=about("Public doubts about the sources."))
    internal_note = LongText(
        allow_none=True,
        metadata=about("Not public; shown to the coordinator and the lead ministry only.", sometimes=PERMITTED),
    )


class ProjectInputSchema(_ProjectFieldsSchema):
    """A new project: a proposal until a decision admits it."""

    slug = Slug(required=True, metadata=about("Its address, stable.", "gruene-dachlandschaft"))
    title_de = Text(required=True, metadata=about("Official name.", "Grüne Dachlandschaft"))
    proposed_on = Day(required=True, metadata=about("Day of the proposal.", "2026-03-02"))


class ProjectChangesSchema(_ProjectFieldsSchema):
    """Changes of a project (JSON Merge Patch): only the fields sent are touched."""

    slug = Slug(metadata=about("New address; the old one leads there from now on.", "gruene-dachlandschaft"))
    title_de = Text(metadata=about("Official name.", "Grüne Dachlandschaft"))
    title_known = StrictBool(
        metadata=about("true names an unnamed project; needs field, lead ministry and a source.", True)
    )


class ProjectSchema(_ProjectFieldsSchema, RecordSchema):
    """A project as it stood on `valid_on` and as the register knew it at `known_at`."""

    provenance = {
        "action_field": computed("The field of the assignment that holds on valid_on: from_on ≤ valid_on < to_on."),
        "action_field_basis": computed("`basis` of that assignment."),
        "action_field_from_on": computed("`from_on` of that assignment."),
        "lead_ministry": computed("The organisation whose role lead_ministry holds on valid_on."),
        "lead_ministry_from_on": computed("`from_on` of that role."),
        "lead_successor_undetermined": computed("true where `valid_to` of that organisation is on or before valid_on."),
        "status": STATUS_OF_DAY,
        "status_basis": computed("`basis` of that entry."),
        "status_as_of": computed("`changed_on` of that entry."),
        "status_as_of_precision": computed("`changed_on_precision` of that entry."),
        "bucket": computed(
            "From the status: completed and continued are done, in_implementation is running, under_review and "
            "suspended are checking, not_pursued is dropped, transferred_out and merged are left; any other is "
            "not_started where somebody said so, else not_known."
        ),
        "in_population": computed(
            "true from the day it entered (2019-09-09 for the proposals of that day, else its first adoption), except "
            "while it is transferred_out or merged."
        ),
        "demo": DEMO,
    }

    slug = Slug(required=True, metadata=about("Its address.", "oepnv-initiative"))
    title_de = Text(required=True, metadata=about("Official name.", "ÖPNV-Initiative"))
    title_known = StrictBool(required=True, metadata=about("false: a kept project whose name no source gives.", True))
    action_field = Code(ACTION_FIELD, allow_none=True, required=True, metadata=about("Field on that day.", "mobility"))
    action_field_basis = Code(lists.ASSIGNMENT_BASIS, allow_none=True, metadata=about("How the field is known."))
    action_field_from_on = Day(allow_none=True, metadata=about("Since when.", "2019-11-05"))
    lead_ministry = Name(allow_none=True, required=True, metadata=about("Who leads it on that day.", "MUNV"))
    lead_ministry_from_on = Day(allow_none=True, metadata=about("Since when.", "2022-06-29"))
    lead_successor_undetermined = StrictBool(
        metadata=about("true: the ministry was split and no source says which successor leads.", False)
    )
    status = Code(lists.PROJECT_STATUS, allow_none=True, required=True, metadata=about("Status on that day."))
    status_basis = Code(lists.STATUS_BASIS, allow_none=True, metadata=about("What the status rests on."))
    status_as_of = Day(allow_none=True, metadata=about("Day of that state; null where unknown.", "2022-12-31"))
    status_as_of_precision = Code(PRECISION, allow_none=True, metadata=about("How exactly the source gives the day."))
    bucket = Code(lists.BUCKET, required=True, metadata=about("Group in reports.", "running"))
    in_population = StrictBool(required=True, metadata=about("Counts among the kept projects on that day.", True))
    demo = StrictBool(required=True, metadata=about("true: made up for demonstration.", False))


class ProjectQuerySchema(ListQuerySchema, DemoQuerySchema):
    """Which projects."""

    sort = query_sort("Project", "title", "slug", "code", "updated_at", "status_as_of", "created_at")
    q = QueryText(metadata=about("Words in titles and aliases; umlauts either way.", "brachflaechen"))
    action_field = query_codes(ACTION_FIELD, "Action field on valid_on.", nullable=True)
    lead_ministry = query_names("Lead ministry on valid_on.", "MHKBG")
    status = query_codes(lists.PROJECT_STATUS, "Status on valid_on.", nullable=True)
    status_basis = query_codes(lists.STATUS_BASIS, "What the status rests on.", nullable=True)
    bucket = query_codes(lists.BUCKET, "Group in reports on valid_on.")
    theme_forum = query_numbers("Theme forum.", 1, 20, "13")
    level = query_names("With an application of this level.", "eu")
    programme = query_names("With an application to this funding programme.", "efre-regio-nrw")
    state_year = query_numbers("Year of the known state; none: state or day not known.", 2000, 2100, "2022")
    list_confidence = query_codes(lists.LIST_CONFIDENCE, "How sure it is a project of its own.", nullable=True)
    action_field_basis = query_codes(lists.ASSIGNMENT_BASIS, "How the field is known.", nullable=True)
    title_known = QueryBool(metadata=about("Whether the name is known.", True))
    in_population = QueryBool(metadata=about("Whether it counts among the kept projects on valid_on.", True))
    updated_since = QueryInstant(metadata=about("Changed at or after this instant.", "2026-06-30T08:00:00Z"))
    status_as_of_before = QueryDay(metadata=about("State older than this day, or of unknown day.", "2024-01-01"))


class ProjectTransitionInputSchema(StrictSchema):
    """A change of status."""

    provenance = {"reason": recorded(internal=True)}

    to = Code(lists.PROJECT_STATUS, required=True, metadata=about("The new status.", "in_implementation"))
    on = Day(required=True, metadata=about("Day of the change, not in the future.", "2026-03-02"))
    reason = LongText(load_default=None, allow_none=True, max_length=2000, metadata=about("Why; not public."))
    decision = IdField(load_default=None, allow_none=True, metadata=about("Decision it rests on, where one is needed."))
    merged_into = Slug(load_default=None, allow_none=True, metadata=about("With merged: the project that takes it in."))


class ProjectStatusChangeSchema(RecordSchema):
    """One entry of a project's journal."""

    provenance = {
        **JOURNAL,
        "decision": recorded("`decision` of the change of status."),
        "merged_into": recorded("`merged_into` of the change of status."),
        "source_url": of_seed(),
    }

    seq = Count(required=True, minimum=1, metadata=about("Place in the journal.", 2))
    from_status = Code(lists.PROJECT_STATUS, allow_none=True, metadata=about("Before."))
    to_status = Code(lists.PROJECT_STATUS, required=True, metadata=about("After.", "adopted"))
    changed_on = Day(allow_none=True, metadata=about("Day as the source gives it; null where unknown.", "2019-11-05"))
    changed_on_precision = Code(PRECISION, metadata=about("How exactly."))
    holds_from_on = Day(required=True, metadata=about("Day from which it counts.", "2019-11-05"))
    basis = Code(lists.STATUS_BASIS, metadata=about("What it rests on."))
    reason = LongText(allow_none=True, metadata=about("Why; not public.", sometimes=PERMITTED))
    decision = IdField(allow_none=True, metadata=about("Decision it rests on."))
    merged_into = Slug(allow_none=True, metadata=about("The project that took it in."))
    source_url = Url(allow_none=True, metadata=about("Where it is documented."))


class AssignmentInputSchema(StrictSchema):
    """A project's action field from a day on; the open one ends there, one of the same day is replaced."""

    action_field = Code(ACTION_FIELD, required=True, metadata=about("The field.", "energy"))
    from_on = Day(required=True, metadata=about("First day.", "2026-03-02"))
    decision = IdField(load_default=None, allow_none=True, metadata=about("Decision it rests on."))
    basis = Code(lists.ASSIGNMENT_BASIS, load_default="decision", metadata=about("How it is known.", "decision"))
    source_url = Url(load_default=None, allow_none=True, metadata=about("Where it is published."))


class AssignmentSchema(RecordSchema):
    """An assignment."""

    provenance = {"to_on": assigned("`from_on` of the assignment that ended this one.")}

    action_field = Code(ACTION_FIELD, required=True, metadata=about("The field.", "energy"))
    from_on = Day(required=True, metadata=about("First day.", "2019-11-05"))
    to_on = Day(allow_none=True, metadata=about("First day after it; null while it holds."))
    decision = IdField(allow_none=True, metadata=about("Decision it rests on."))
    basis = Code(lists.ASSIGNMENT_BASIS, required=True, metadata=about("How it is known."))
    source_url = Url(allow_none=True, metadata=about("Where it is published."))


class ProjectRoleInputSchema(StrictSchema):
    """An organisation's part in a project; a new lead ministry ends the one before it."""

    organisation = Name(required=True, metadata=about("Code of the organisation.", "MUNV"))
    role = Code(lists.PROJECT_ROLE, required=True, metadata=about("Its part.", "lead_ministry"))
    from_on = Day(load_default=None, allow_none=True, metadata=about("First day; required for a lead.", "2026-03-02"))
    to_on = Day(load_default=None, allow_none=True, metadata=about("First day after it; null while it holds."))
    decision = IdField(load_default=None, allow_none=True, metadata=about("Decision it rests on."))
    basis = Code(lists.ROLE_BASIS, load_default="decision", metadata=about("How it is known.", "decision"))
    note = Text(load_default=None, allow_none=True, max_length=1000, metadata=about("A public remark."))


class ProjectRoleSchema(RecordSchema):
    """An organisation's part in a project."""

    organisation = Name(required=True, metadata=about("Code of the organisation.", "VM"))
    role = Code(lists.PROJECT_ROLE, required=True, metadata=about("Its part."))
    from_on = Day(allow_none=True, metadata=about("First day; null where unknown.", "2019-07-15"))
    to_on = Day(allow_none=True, metadata=about("First day after it; null while it holds."))
    decision = IdField(allow_none=True, metadata=about("Decision it rests on."))
    basis = Code(lists.ROLE_BASIS, required=True, metadata=about("How it is known."))
    note = Text(allow_none=True, max_length=1000, metadata=about("A public remark."))


class DecisionEffectSchema(StrictSchema):
    """What a decision does to one project."""

    project = Slug(required=True, metadata=about("The project.", "kommunale-kredithilfe"))
    effect = Code(lists.DECISION_EFFECT, required=True, metadata=about("What happens to it.", "remove"))
    from_value = Text(load_default=None, allow_none=True, metadata=about("Before, where it replaces something."))
    to_value = Text(load_default=None, allow_none=True, metadata=about("After."))
    basis = Code(lists.EFFECT_BASIS, load_default=None, allow_none=True, metadata=about("How the effect is known."))
    source_url = Url(load_default=None, allow_none=True, metadata=about("Where it is published."))


class _DecisionFieldsSchema(StrictSchema):
    kind = Code(lists.DECISION_KIND, required=True, metadata=about("Kind.", "cabinet_decision"))
    authority = Text(required=True, metadata=about("Who decided.", "Landesregierung Nordrhein-Westfalen"))
    decided_on = Day(required=True, metadata=about("Day, not in the future.", "2019-11-05"))
    decided_on_precision = Code(PRECISION, load_default="day", metadata=about("How exactly the day is known."))
    title_de = Text(required=True, metadata=about("Title.", "Kabinettbeschluss zu fünf Handlungsfeldern"))
    title_en = Text(load_default=None, allow_none=True, metadata=about("Translation.", "Cabinet decision"))
    reason_de = LongText(load_default=None, allow_none=True, metadata=about("Published reason."))
    reason_en = LongText(load_default=None, allow_none=True, metadata=about("The same in English."))
    agreed_with = Text(load_default=None, allow_none=True, metadata=about("In agreement with whom.", "Kommunen"))
    source_url = Url(load_default=None, allow_none=True, metadata=about("Where it is published."))


class DecisionInputSchema(_DecisionFieldsSchema):
    """A dated act and what it does to projects."""

    effects = ShortList(
        ma.fields.Nested(DecisionEffectSchema),
        load_default=list,
        most=200,
        metadata=about("Its effects, in order."),
    )


class DecisionSchema(_DecisionFieldsSchema, RecordSchema):
    """A decision."""

    provenance = {"demo": DEMO}

    effects = ma.fields.List(
        ma.fields.Nested(DecisionEffectSchema), metadata=about("Its effects; on the record, empty in lists.")
    )
    demo = StrictBool(required=True, metadata=about("true: made up for demonstration.", False))


class DecisionQuerySchema(ListQuerySchema, DemoQuerySchema):
    """Which decisions."""

    sort = query_sort("Decision", "decided_on", "updated_at")
    from_ = QueryDay(data_key="from", metadata=about("Decided on or after.", "2019-01-01"))
    to = QueryDay(metadata=about("Decided on or before.", "2019-12-31"))
