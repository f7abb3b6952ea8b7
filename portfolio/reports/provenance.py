"""Where the numbers of the reports come from, for the data dictionary: of each the rule."""

from __future__ import annotations

from portfolio.core.provenance import EVERY, Provenances, computed, echoed, fixed

_LINK = computed("The address that lists exactly the records counted, on the same day and at the same moment.")
_COUNTED: Provenances = {
    "planned": computed("Those with a baseline_on."),
    "slipped": computed("Those whose slip_days are above 0."),
    "without_baseline": computed("Those achieved, wholly or in part, that have no baseline_on."),
    EVERY: computed("Those whose outcome on valid_on is called so."),
}
"""Of the reportable milestones of the implementation phase."""

LINES: Provenances = {"lines": _LINK, "lines_count": computed("How many records that address lists.")}

APPLIED: Provenances = {
    "amount": computed(
        "Σ requested_amount of the applications with counts_from_on ≤ valid_on, rejected and withdrawn ones "
        "included; null where there are some and not one amount is known."
    ),
    "lines_without_amount": computed("How many of them have no requested_amount; they add nothing to the sum."),
    "lines_without_day": computed("How many of them have no submitted_on."),
}

APPROVED: Provenances = {
    "amount": computed(
        "Σ amount of the awards in force on valid_on: counts_from_on ≤ valid_on < ended_on; null where there are "
        "some and not one amount is known."
    ),
    "exact": computed("Σ amount of those of them whose amount_qualifier is exact."),
    "lines_without_amount": computed("How many of them have no amount; they add nothing to the sum."),
    "lines_without_day": computed("How many of them have no issued_on."),
    "lines_not_exact": computed("How many of them have an amount that is not exact."),
}

PAID_OUT: Provenances = {
    "amount": computed(
        "Σ paid_out of the ledger entries booked on or before valid_on; null where payments were never reported "
        "on any award of the group, 0.00 where they were and there was none; by year, null in years without an entry."
    ),
    "lines_without_payments": computed("Awards in force on valid_on whose payments were never reported."),
    "payments_known_until": computed("The earliest payments_known_until among the awards counted."),
}

TO_FLOW: Provenances = {
    "amount": computed(
        "Σ to_flow of the awards in force on valid_on whose payments are known; null where there is none, and in "
        "groups by year."
    ),
    "lapsed": computed("Σ lapsed of these awards."),
    "overpaid": computed("Σ overpaid of these awards; never netted against to_flow of others."),
}

PLANNED: Provenances = {"amount": computed("Null: no planned disbursements are recorded yet.")}

SUMMARY_NUMBERS: Provenances = {EVERY: computed("The number of this name over the records of the group.")}

SUMMARY_ITEM: Provenances = {"group": computed("The values that the records of the group share, by key of group_by.")}

REPORT_HEAD: Provenances = {
    "revision": computed("The revision that known_at was resolved to; without it the newest.", unit="none"),
    "valid_on": echoed("`valid_on` of the request; without it today."),
    "known_at": computed("The instant of that revision."),
}

FUNDING_SUMMARY: Provenances = {
    "group_by": echoed("`group_by` of the request."),
    "items": computed("One for each combination of keys that has records; eu and federal always appear by level."),
    "total": computed("The sum over all records, which is that of the groups to the cent."),
}

MILESTONE_COUNT: Provenances = {"count": computed("How many milestones that address lists."), "lines": _LINK}

SLIPPED: Provenances = {"days": computed("Σ slip_days of these milestones.", unit="days")}

MILESTONE_NUMBERS: Provenances = _COUNTED

MILESTONE_ITEM: Provenances = {
    "group": computed("The values that the milestones of the group share, by key of group_by.")
}

MILESTONE_REPORT: Provenances = {
    "group_by": echoed("`group_by` of the request."),
    "items": computed("One for each combination of keys that has reportable milestones of the implementation."),
    "total": computed("The sum over all groups."),
}

PROJECT_COUNT: Provenances = {"count": computed("How many projects that address lists."), "lines": _LINK}

STATUS_COUNT: Provenances = {"status": computed("`status` that these projects share.")}

BUCKET_COUNT: Provenances = {"bucket": computed("`bucket` that these projects share.")}

PORTFOLIO_NUMBERS: Provenances = {
    "by_status": computed("These projects once more, by `status`; statuses that none has are left out."),
    "by_bucket": computed("These projects once more, by `bucket`; all groups appear."),
}

PORTFOLIO_ITEM: Provenances = {"action_field": computed("`action_field` that these projects share on valid_on.")}

COMPLETENESS: Provenances = {EVERY: computed("Kept projects (in_population) that the filter in `lines` finds.")}

POPULATION: Provenances = {
    "opening_on": fixed("The day the proposals were published."),
    "opening": computed("Projects that entered on or before opening_on."),
    "admitted": computed("Projects that entered after it, on or before valid_on."),
    "removed": computed("Projects that entered and are transferred_out on valid_on."),
    "merged": computed("Projects that entered and are merged on valid_on."),
    "closing": computed("opening + admitted − removed − merged: the projects with in_population on valid_on."),
}

PORTFOLIO_REPORT: Provenances = {
    "items": computed("One for each action field in its order, and one for projects without, if there are any."),
    "total": computed("All kept projects: in_population on valid_on."),
    "completeness": computed("What is known of the kept projects, and what is not."),
    "population": computed("How the number of kept projects came about."),
    "official_counts": computed("`official_counts` of the programme; beside the counts, never in them."),
}
