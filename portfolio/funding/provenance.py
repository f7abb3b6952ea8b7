"""Where the values of applications, awards and entries come from, for the data dictionary."""

from __future__ import annotations

from portfolio.core.provenance import (
    BASIS,
    DEMO,
    STATUS_OF_DAY,
    Provenances,
    assigned,
    computed,
    echoed,
    of_seed,
    recorded,
)

_OF_APPLICATION = {
    "level": computed("`level` of the application."),
    "programme": computed("`programme` of the application."),
    "applicant": computed("`applicant` of the application."),
    "recipient_text": computed("`recipient_text` of the application."),
    "file_reference": computed("`file_reference` of the application.", internal=True),
}

PROGRAMME: Provenances = {"relation": of_seed(), "demo": DEMO}

LINE: Provenances = {
    "project": recorded("The project in the address where it was made."),
    "project_title": computed("`title_de` of the project."),
    "action_field": computed("`action_field` of the project on valid_on."),
    "ministry": computed("`lead_ministry` of the project on valid_on."),
    "project_status": computed("`status` of the project on valid_on."),
    "fund": computed("`fund` of the funding programme."),
    "demo": computed("`demo` of the project."),
}

APPLICATION: Provenances = {
    "year": computed("The year of submitted_on.", unit="year"),
    "application_status": computed("The same as `status`, under the name that reports group by."),
    "status": STATUS_OF_DAY,
    "submitted_on": recorded("`on` of the change of status to submitted, or as a source gives it."),
    "submitted_on_precision": assigned("`day` for what was sent in; else as its source gives the day."),
    "decided_on": recorded("`on` of the change of status to a decision, or as a source gives it."),
    "decided_on_precision": assigned("`day` for what was sent in; else as its source gives the day."),
    "counts_from_on": assigned(
        "`submitted_on`; without it the day of the award that proves the application; without that too, the day "
        "the project was admitted."
    ),
    "basis": BASIS,
}

AWARD: Provenances = {
    "year": computed("The year of issued_on.", unit="year"),
    "application": recorded("The application in the address where it was made."),
    "application_status": computed("`status` of the application on valid_on."),
    "chain_id": assigned("Its own id; of an amendment, the `chain_id` of the award that it supersedes."),
    "status": STATUS_OF_DAY,
    "in_force": computed("counts_from_on ≤ valid_on < ended_on, where a missing ended_on is never reached."),
    "open": computed("in_force, and not settled on or before valid_on."),
    "issued_on_precision": assigned("`day` for what was sent in; else as its source gives the day."),
    "day_known": computed("Whether issued_on is known."),
    "counts_from_on": assigned("`issued_on`; without it the day the project was admitted."),
    "final_on": recorded("`on` of the change of status to final."),
    "ended_on": assigned("Day of the revocation, or `counts_from_on` of the amendment that supersedes it."),
    "settled_on": recorded("`on` of the change of status to settled."),
    "approval_from_on_precision": assigned("`day` for what was sent in; else as its source gives the day."),
    "approval_to_on_precision": assigned("`day` for what was sent in; else as its source gives the day."),
    "evidence": assigned("`grant_notice` for what was sent in, `published_statement` for what only sources tell."),
    "payments_known": computed("Whether payments_known_until is known."),
    "payments_known_until": recorded("With a change of the award; a booking moves it to its own day at least."),
    "paid_out": computed(
        "Σ `paid_out` of the entries of its chain booked on or before valid_on; null where payments were never "
        "reported or the award is not in force."
    ),
    "to_flow": computed(
        "max(0, amount − paid_out) of an award in force and not settled; null where the amount or the payments "
        "are not known."
    ),
    "lapsed": computed(
        "max(0, amount − paid_out) of a settled award; null of any other, and where these are not known."
    ),
    "overpaid": computed(
        "max(0, paid_out − amount) of an award in force; null of any other, and where these are not known."
    ),
    "basis": BASIS,
    **_OF_APPLICATION,
    "purpose": computed("`purpose` of the application."),
}

LEDGER_ENTRY: Provenances = {
    "year": computed("The year of booked_on.", unit="year"),
    "award": recorded("The award in the address where it was booked."),
    "application": computed("`application` of the award."),
    "application_status": computed("`status` of the application on valid_on."),
    "paid_out": assigned(
        "From type and amount: a disbursement adds its amount, a repayment takes it away, a correction does the "
        "opposite of what it reverses, all others add 0.00."
    ),
    "budget_year": recorded(unit="year"),
    **_OF_APPLICATION,
    "source_url": computed("`source_url` of the award."),
}

LEDGER_ENTRY_INPUT: Provenances = {"budget_year": recorded(unit="year")}

_FIXED = echoed("What the award says already; another value answers 409.")
AWARD_CHANGES: Provenances = {"amount": _FIXED, "issued_on": _FIXED}
