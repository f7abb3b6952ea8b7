"""Money as JSON. Every amount is EUR as text with two decimals; null is not known, never zero."""

from __future__ import annotations

import marshmallow as ma

from portfolio.core.fields import (
    Code,
    Count,
    Day,
    IdField,
    LongText,
    Money,
    Name,
    RateField,
    ShortList,
    Slug,
    StrictBool,
    StrictSchema,
    Text,
    Url,
)
from portfolio.core.provenance import EVERY, JOURNAL, of_seed, recorded
from portfolio.core.query_fields import QueryBool, QueryDay, query_codes, query_names, query_numbers, query_sort
from portfolio.core.records import PERMITTED, PRECISION, RecordSchema, about
from portfolio.funding import codelists as lists
from portfolio.funding import provenance as origins
from portfolio.history.schemas import DemoQuerySchema, ListQuerySchema
from portfolio.projects.codelists import PROJECT_STATUS, STATUS_BASIS
from portfolio.taxonomy.codelists import ACTION_FIELD


class ParameterSchema(StrictSchema):
    """A rule of a programme over a period."""

    name = Text(required=True, max_length=60, metadata=about("What it sets.", "ceiling_rate"))
    value = Text(required=True, max_length=200, metadata=about("Its value.", "0.8500"))
    valid_from = Text(load_default=None, allow_none=True, max_length=10, metadata=about("First day.", "2021-01-01"))
    valid_to = Text(load_default=None, allow_none=True, max_length=10, metadata=about("First day after it."))


class _ProgrammeFieldsSchema(StrictSchema):
    title_en = Text(allow_none=True, metadata=about("Translation."))
    fund = Text(allow_none=True, max_length=40, metadata=about("Fund, such as EFRE or ESF+.", "EFRE"))
    period_from_on = Day(allow_none=True, metadata=about("First day.", "2021-01-01"))
    period_to_on = Day(allow_none=True, metadata=about("Last day.", "2027-12-31"))
    legal_basis = Text(allow_none=True, metadata=about("Legal basis."))
    parameters = ShortList(ma.fields.Nested(ParameterSchema), most=50, metadata=about("Dated rules."))
    source_url = Url(allow_none=True, metadata=about("Where it is published."))


class FundingProgrammeInputSchema(_ProgrammeFieldsSchema):
    """A new funding programme."""

    code = Slug(required=True, metadata=about("Its code.", "efre-nrw-2021"))
    title_de = Text(required=True, metadata=about("Name.", "EFRE/JTF-Programm NRW 2021–2027"))
    level = Code(lists.LEVEL, required=True, metadata=about("Whose money it is.", "eu"))


class FundingProgrammeChangesSchema(_ProgrammeFieldsSchema):
    """Changes of a funding programme (JSON Merge Patch)."""

    title_de = Text(metadata=about("Name."))


class FundingProgrammeSchema(_ProgrammeFieldsSchema, RecordSchema):
    """A funding programme."""

    provenance = origins.PROGRAMME

    code = Slug(required=True, metadata=about("Its code.", "efre-regio-nrw"))
    title_de = Text(required=True, metadata=about("Name.", "EFRE.NRW (Regio.NRW)"))
    level = Code(lists.LEVEL, required=True, metadata=about("Whose money it is.", "eu"))
    relation = Code(lists.RELATION, allow_none=True, metadata=about("How it relates to the conference."))
    demo = StrictBool(required=True, metadata=about("true: made up for demonstration.", False))


class FundingProgrammeQuerySchema(ListQuerySchema, DemoQuerySchema):
    """Which programmes."""

    sort = query_sort("FundingProgramme", "code", "updated_at")
    level = query_codes(lists.LEVEL, "Level.")


class _ApplicationFieldsSchema(StrictSchema):
    programme = Slug(allow_none=True, metadata=about("Funding programme; null where unknown.", "efre-regio-nrw"))
    level = Code(lists.LEVEL, allow_none=True, metadata=about("Level; by default the programme's.", "eu"))
    applicant = Name(allow_none=True, metadata=about("Organisation that applies.", "ruhr-tourismus-gmbh"))
    recipient_text = Text(allow_none=True, metadata=about("Recipient in the published wording."))
    purpose = Text(allow_none=True, metadata=about("What the money is for.", "Umbau des Labors"))
    requested_amount = Money(allow_none=True, metadata=about("EUR asked for.", "1250000.00"))
    eligible_cost = Money(allow_none=True, metadata=about("Eligible cost in EUR.", "1500000.00"))
    requested_rate = RateField(allow_none=True, metadata=about("Share asked for.", "0.8000"))
    file_reference = Text(
        allow_none=True, max_length=100, metadata=about("Aktenzeichen; not public.", sometimes=PERMITTED)
    )
    note = LongText(allow_none=True, metadata=about("A public remark."))
    source_url = Url(allow_none=True, metadata=about("Where it is published."))


class ApplicationInputSchema(_ApplicationFieldsSchema):
    """A new application; it begins as a draft."""


class ApplicationChangesSchema(_ApplicationFieldsSchema):
    """Changes of an application (JSON Merge Patch)."""


class _LineSchema(StrictSchema):
    """What every line of a report carries: the project and the keys it is grouped by."""

    provenance = origins.LINE

    project = Slug(required=True, metadata=about("Address of the project.", "digitale-modelldestination"))
    project_title = Text(metadata=about("Its title."))
    action_field = Code(ACTION_FIELD, allow_none=True, metadata=about("Its field on valid_on."))
    ministry = Name(allow_none=True, metadata=about("Its lead ministry on valid_on."))
    project_status = Code(PROJECT_STATUS, allow_none=True, metadata=about("Its status on valid_on."))
    fund = Text(allow_none=True, max_length=40, metadata=about("Fund of the programme."))
    year = Count(allow_none=True, metadata=about("Year it is grouped under; null where its day is unknown."))
    demo = StrictBool(required=True, metadata=about("true: made up for demonstration.", False))


class ApplicationSchema(_LineSchema, _ApplicationFieldsSchema, RecordSchema):
    """An application as it stood on `valid_on`."""

    provenance = origins.APPLICATION

    application_status = Code(lists.APPLICATION_STATUS, allow_none=True, metadata=about("Same as status."))
    status = Code(lists.APPLICATION_STATUS, allow_none=True, required=True, metadata=about("Status on that day."))
    submitted_on = Day(allow_none=True, metadata=about("Day of submission; null where unknown.", "2026-03-10"))
    submitted_on_precision = Code(PRECISION, metadata=about("How exactly the day is known."))
    decided_on = Day(allow_none=True, metadata=about("Day of the decision."))
    decided_on_precision = Code(PRECISION, metadata=about("How exactly the day is known."))
    counts_from_on = Day(allow_none=True, metadata=about("Day from which sums count it; null for a draft."))
    basis = Code(STATUS_BASIS, metadata=about("Reported by a ministry or documented by sources."))


class LineQuerySchema(ListQuerySchema, DemoQuerySchema):
    """The keys that reports group by, as filters; repeatable, `none` for those without one."""

    project = query_names("Address of the project.", "digitale-modelldestination")
    action_field = query_codes(ACTION_FIELD, "Field on valid_on.", nullable=True)
    ministry = query_names("Lead ministry on valid_on.", "MWIKE")
    level = query_codes(lists.LEVEL, "Level.", nullable=True)
    fund = query_names("Fund of the programme.", "EFRE")
    programme = query_names("Funding programme.", "efre-regio-nrw")
    applicant = query_names("Organisation that applies.", "ruhr-tourismus-gmbh")
    year = query_numbers("Year of submission, issue or booking.", 2000, 2100, "2020")
    project_status = query_codes(PROJECT_STATUS, "Status of the project on valid_on.", nullable=True)
    application_status = query_codes(lists.APPLICATION_STATUS, "Status of the application on valid_on.", nullable=True)
    from_ = QueryDay(data_key="from", metadata=about("Day of submission, issue or booking on or after.", "2020-01-01"))
    to = QueryDay(metadata=about("Day of submission, issue or booking on or before.", "2020-12-31"))


class ApplicationQuerySchema(LineQuerySchema):
    """Which applications."""

    sort = query_sort("Application", "counts_from_on", "submitted_on", "requested_amount", "project", "updated_at")
    status = query_codes(lists.APPLICATION_STATUS, "Status on valid_on.", nullable=True)
    submitted_to = QueryDay(metadata=about("Counted as submitted on or before this day.", "2022-12-31"))
    amount_known = QueryBool(metadata=about("Whether the requested amount is known.", True))


class TransitionInputSchema(StrictSchema):
    """A change of status of an application or award."""

    provenance = {"reason": recorded(internal=True)}

    on = Day(required=True, metadata=about("Day of the change, not in the future.", "2026-03-10"))
    reason = LongText(load_default=None, allow_none=True, max_length=2000, metadata=about("Why; not public."))


class ApplicationTransitionInputSchema(TransitionInputSchema):
    """A change of status of an application."""

    to = Code(lists.APPLICATION_STATUS, required=True, metadata=about("The new status.", "submitted"))


class AwardTransitionInputSchema(TransitionInputSchema):
    """A change of status of an award."""

    to = Code(lists.AWARD_STATUS, required=True, metadata=about("The new status.", "final"))


class _ChangeSchema(RecordSchema):
    provenance = JOURNAL

    seq = Count(required=True, minimum=1, metadata=about("Place in the journal.", 2))
    changed_on = Day(allow_none=True, metadata=about("Day as known; null where unknown."))
    changed_on_precision = Code(PRECISION, metadata=about("How exactly."))
    holds_from_on = Day(required=True, metadata=about("Day from which it counts."))
    basis = Code(STATUS_BASIS, metadata=about("What it rests on."))
    reason = LongText(allow_none=True, metadata=about("Why; not public.", sometimes=PERMITTED))


class ApplicationStatusChangeSchema(_ChangeSchema):
    """One entry of an application's journal."""

    from_status = Code(lists.APPLICATION_STATUS, allow_none=True, metadata=about("Before."))
    to_status = Code(lists.APPLICATION_STATUS, required=True, metadata=about("After.", "submitted"))


class AwardStatusChangeSchema(_ChangeSchema):
    """One entry of an award's journal."""

    from_status = Code(lists.AWARD_STATUS, allow_none=True, metadata=about("Before."))
    to_status = Code(lists.AWARD_STATUS, required=True, metadata=about("After.", "final"))


class _AwardFieldsSchema(StrictSchema):
    number = Text(allow_none=True, max_length=100, metadata=about("Number of the notice."))
    rate = RateField(allow_none=True, metadata=about("Share granted.", "0.8000"))
    approval_from_on = Day(allow_none=True, metadata=about("First day of the approval period."))
    approval_to_on = Day(allow_none=True, metadata=about("Last day of the approval period."))
    note = LongText(allow_none=True, metadata=about("A public remark."))
    source_url = Url(allow_none=True, metadata=about("Where it is published."))


class AwardInputSchema(_AwardFieldsSchema):
    """A new award; with `supersedes`, an amendment that states the new total."""

    issued_on = Day(required=True, metadata=about("Day of the notice, not in the future.", "2026-04-01"))
    amount = Money(required=True, allow_none=True, metadata=about("EUR granted; null where unknown.", "1000000.00"))
    amount_qualifier = Code(
        lists.AWARD_QUALIFIER, load_default=None, allow_none=True, metadata=about("exact unless said.", "exact")
    )
    supersedes = IdField(load_default=None, allow_none=True, metadata=about("Award that this one amends."))


class AwardChangesSchema(_AwardFieldsSchema):
    """Changes of an award (JSON Merge Patch). Amount and day are fixed: amend by a new award."""

    provenance = origins.AWARD_CHANGES

    amount = Money(allow_none=True, metadata=about("Fixed; a change answers 409."))
    issued_on = Day(metadata=about("Fixed; a change answers 409."))
    payments_known_until = Day(metadata=about("Nothing more was paid until this day.", "2026-06-30"))


class AwardSchema(_LineSchema, _AwardFieldsSchema, RecordSchema):
    """An award as it stood on `valid_on`, with what was paid on its chain by then (EUR)."""

    provenance = origins.AWARD

    application = IdField(required=True, metadata=about("Its application."))
    application_status = Code(lists.APPLICATION_STATUS, allow_none=True, metadata=about("Status of the application."))
    chain_id = IdField(required=True, metadata=about("Id of the first award of the chain."))
    supersedes = IdField(allow_none=True, metadata=about("Award that this one amends."))
    status = Code(lists.AWARD_STATUS, allow_none=True, required=True, metadata=about("Status on that day."))
    in_force = StrictBool(required=True, metadata=about("In force on that day.", True))
    open = StrictBool(required=True, metadata=about("In force and not settled on that day.", True))
    amount = Money(allow_none=True, required=True, metadata=about("EUR granted; null where unknown.", "1200000.00"))
    amount_qualifier = Code(lists.AWARD_QUALIFIER, allow_none=True, metadata=about("How exact the amount is."))
    issued_on = Day(allow_none=True, metadata=about("Day of the notice; null where unknown.", "2019-09-19"))
    issued_on_precision = Code(PRECISION, metadata=about("How exactly the day is known."))
    day_known = StrictBool(metadata=about("Whether any source gives the day.", True))
    counts_from_on = Day(required=True, metadata=about("Day from which sums count it."))
    final_on = Day(allow_none=True, metadata=about("Bestandskraft."))
    ended_on = Day(allow_none=True, metadata=about("First day it is not in force any more."))
    settled_on = Day(allow_none=True, metadata=about("Day it was settled."))
    approval_from_on_precision = Code(PRECISION, metadata=about("How exactly the day is known."))
    approval_to_on_precision = Code(PRECISION, metadata=about("How exactly the day is known."))
    evidence = Code(lists.EVIDENCE, required=True, metadata=about("What the register has seen."))
    payments_known = StrictBool(required=True, metadata=about("Whether payments were ever reported.", False))
    payments_known_until = Day(allow_none=True, metadata=about("Payments known until; null: never reported."))
    paid_out = Money(allow_none=True, signed=True, metadata=about("Paid by that day; null where never reported."))
    to_flow = Money(allow_none=True, metadata=about("Still to flow; null where unknown, settled or not in force."))
    lapsed = Money(allow_none=True, metadata=about("Left unspent by a settled award."))
    overpaid = Money(allow_none=True, metadata=about("Paid above the award."))
    basis = Code(STATUS_BASIS, metadata=about("Reported or documented."))
    level = Code(lists.LEVEL, allow_none=True, metadata=about("Level of the application."))
    programme = Slug(allow_none=True, metadata=about("Funding programme."))
    applicant = Name(allow_none=True, metadata=about("Organisation that applied."))
    recipient_text = Text(allow_none=True, metadata=about("Recipient in the published wording."))
    purpose = Text(allow_none=True, metadata=about("What the money is for."))
    file_reference = Text(allow_none=True, metadata=about("Aktenzeichen; not public.", sometimes=PERMITTED))


class AwardQuerySchema(LineQuerySchema):
    """Which awards."""

    sort = query_sort("Award", "counts_from_on", "issued_on", "amount", "project", "updated_at")
    status = query_codes(lists.AWARD_STATUS, "Status on valid_on.", nullable=True)
    in_force_on = QueryDay(metadata=about("In force on this day.", "2022-12-31"))
    payments_known = QueryBool(metadata=about("Whether payments were ever reported.", False))
    open = QueryBool(metadata=about("In force and not settled on valid_on.", True))
    amount_known = QueryBool(metadata=about("Whether the amount is known.", True))
    day_known = QueryBool(metadata=about("Whether the day is known.", True))
    amount_qualifier = query_codes(lists.AWARD_QUALIFIER, "How exact the amount is.", nullable=True)


class LedgerEntryInputSchema(StrictSchema):
    """A new entry. It can never be changed; a correction reverses it."""

    provenance = origins.LEDGER_ENTRY_INPUT

    type = Code(lists.LEDGER_TYPE, required=True, metadata=about("Type.", "disbursement"))
    amount = Money(positive=True, metadata=about("EUR, above zero; a correction may leave it out.", "250000.00"))
    booked_on = Day(required=True, metadata=about("Day it is booked, not in the future.", "2026-05-04"))
    value_on = Day(load_default=None, allow_none=True, metadata=about("Value day."))
    budget_year = Count(
        minimum=2000, maximum=2100, load_default=None, allow_none=True, metadata=about("Budget year.", 2026)
    )
    payer = Text(load_default=None, allow_none=True, metadata=about("Who pays."))
    payee = Text(load_default=None, allow_none=True, metadata=about("Who is paid."))
    document_reference = Text(load_default=None, allow_none=True, max_length=100, metadata=about("Not public."))
    comment = LongText(load_default=None, allow_none=True, max_length=2000, metadata=about("Not public."))
    reverses = IdField(load_default=None, allow_none=True, metadata=about("With correction: the entry it reverses."))


class LedgerEntrySchema(_LineSchema, RecordSchema):
    """An entry; summing `paid_out` gives the money paid out."""

    provenance = origins.LEDGER_ENTRY

    award = IdField(required=True, metadata=about("The award it is booked on."))
    application = IdField(required=True, metadata=about("Its application."))
    application_status = Code(lists.APPLICATION_STATUS, allow_none=True, metadata=about("Status of the application."))
    type = Code(lists.LEDGER_TYPE, required=True, metadata=about("Type.", "disbursement"))
    amount = Money(required=True, metadata=about("EUR as on the document, above zero.", "250000.00"))
    paid_out = Money(
        required=True,
        signed=True,
        metadata=about(
            "What it adds to the money paid out: plus, minus, or 0.00 where it does not count.", "250000.00"
        ),
    )
    booked_on = Day(required=True, metadata=about("Day it is booked.", "2026-05-04"))
    value_on = Day(allow_none=True, metadata=about("Value day."))
    budget_year = Count(allow_none=True, metadata=about("Budget year."))
    payer = Text(allow_none=True, metadata=about("Who pays."))
    payee = Text(allow_none=True, metadata=about("Who is paid."))
    reverses = IdField(allow_none=True, metadata=about("The entry it reverses."))
    level = Code(lists.LEVEL, allow_none=True, metadata=about("Level of the application."))
    programme = Slug(allow_none=True, metadata=about("Funding programme."))
    applicant = Name(allow_none=True, metadata=about("Organisation that applied."))
    recipient_text = Text(allow_none=True, metadata=about("Recipient in the published wording."))
    file_reference = Text(
        allow_none=True, metadata=about("File number of the application; not public.", sometimes=PERMITTED)
    )
    document_reference = Text(allow_none=True, metadata=about("Document; not public.", sometimes=PERMITTED))
    comment = LongText(allow_none=True, metadata=about("Not public.", sometimes=PERMITTED))
    source_url = Url(allow_none=True, metadata=about("Source of the award."))


class LedgerEntryQuerySchema(LineQuerySchema):
    """Which entries."""

    sort = query_sort("LedgerEntry", "booked_on", "amount", "created_at")
    award = query_names("Id of the award.", "0192f1c4-7a6b-7cc3-98c5-0242ac120002")
    type = query_codes(lists.LEDGER_TYPE, "Type.")
    booked_to = QueryDay(metadata=about("Booked on or before this day.", "2022-12-31"))
    counts = QueryBool(metadata=about("Whether it is part of the money paid out.", True))


class StatementSchema(RecordSchema):
    """What a source says about money that is no grant or cannot be summed."""

    provenance = {EVERY: of_seed()}

    project = Slug(required=True, metadata=about("Address of the project.", "research-alliance-ruhr"))
    kind = Code(lists.STATEMENT_KIND, required=True, metadata=about("What is said.", "announced"))
    level = Code(lists.LEVEL, allow_none=True, metadata=about("Level."))
    programme = Slug(allow_none=True, metadata=about("Funding programme."))
    amount = Money(allow_none=True, metadata=about("EUR; never in a total.", "75000000.00"))
    qualifier = Code(lists.QUALIFIER, allow_none=True, metadata=about("How exact.", "up_to"))
    scope = Code(lists.STATEMENT_SCOPE, allow_none=True, metadata=about("What it is about.", "project"))
    total_cost = Money(allow_none=True, metadata=about("Total cost in EUR, where said."))
    stated_on = Day(allow_none=True, metadata=about("Day of the statement."))
    stated_on_precision = Code(PRECISION, metadata=about("How exactly."))
    period_from_on = Day(allow_none=True, metadata=about("Begin of the period."))
    period_from_on_precision = Code(PRECISION, metadata=about("How exactly."))
    period_to_on = Day(allow_none=True, metadata=about("End of the period."))
    period_to_on_precision = Code(PRECISION, metadata=about("How exactly."))
    recipient_text = Text(allow_none=True, metadata=about("Recipient in the published wording."))
    note = LongText(allow_none=True, metadata=about("Why it cannot be summed."))
    source_url = Url(allow_none=True, metadata=about("Source."))


class StatementQuerySchema(ListQuerySchema, DemoQuerySchema):
    """Which statements."""

    sort = query_sort("Statement", "project", "stated_on", "amount")
    project = query_names("Address of the project.", "research-alliance-ruhr")
    level = query_codes(lists.LEVEL, "Level.", nullable=True)
    kind = query_codes(lists.STATEMENT_KIND, "What is said.")
