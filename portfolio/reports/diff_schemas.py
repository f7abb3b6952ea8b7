"""The JSON of what changed between two moments."""

from __future__ import annotations

import marshmallow as ma

from portfolio.core.fields import Code, Count, Day, InstantField, StrictSchema, Text, Total
from portfolio.core.provenance import EVERY, computed, echoed
from portfolio.core.query_fields import QueryDay, QueryMoment
from portfolio.core.records import PageQuerySchema, about
from portfolio.history.codelists import DIFFERENCE
from portfolio.history.history_schemas import DIFFERENCES, PlainRecordSchema, differences
from portfolio.history.schemas import DemoQuerySchema

_LEAST = -2_000_000_000


class DiffQuerySchema(PageQuerySchema, DemoQuerySchema):
    """Between which moments."""

    from_ = QueryMoment(
        data_key="from",
        required=True,
        metadata=about("The earlier moment: a revision, a day (its end) or an instant.", "2021-12-31"),
    )
    to = QueryMoment(metadata=about("The later moment, in the same forms. Default: now.", "2022-12-31"))
    valid_on = QueryDay(
        metadata=about("Day for which the totals are taken, at both moments. Default: today.", "2026-06-30")
    )


class MomentSchema(StrictSchema):
    """A moment as it was resolved."""

    provenance = {
        "revision": computed("The revision that the moment was resolved to.", unit="none"),
        "known_at": computed("The instant of that revision."),
    }

    revision = Count(required=True, metadata=about("Revision of the register; 0 is before the first.", 4711))
    known_at = InstantField(
        required=True, allow_none=True, metadata=about("When it was written.", "2026-06-30T08:00:00.000000Z")
    )


class AmountDifferenceSchema(StrictSchema):
    """A sum at both moments, EUR; null where it is not known."""

    provenance = {
        "from": computed("The total of the funding summary at the earlier moment."),
        "to": computed("The same total at the later moment."),
        "difference": computed("to − from; null where one of them is."),
    }

    from_ = Total(data_key="from", required=True, allow_none=True, metadata=about("Before.", "0.00"))
    to = Total(required=True, allow_none=True, metadata=about("After.", "250000.00"))
    difference = Total(
        required=True,
        allow_none=True,
        metadata=about("After less before; null where one of them is.", "250000.00"),
    )


class CountDifferenceSchema(StrictSchema):
    """A number of records at both moments."""

    provenance = {
        "from": computed("The number in the report at the earlier moment."),
        "to": computed("The same number at the later moment."),
        "difference": computed("to − from."),
    }

    from_ = Count(data_key="from", required=True, metadata=about("Before.", 74))
    to = Count(required=True, metadata=about("After.", 75))
    difference = Count(minimum=_LEAST, required=True, metadata=about("After less before.", 1))


def _amount(description: str) -> ma.fields.Nested:
    return ma.fields.Nested(AmountDifferenceSchema, required=True, metadata=about(description))


def _count(description: str) -> ma.fields.Nested:
    return ma.fields.Nested(CountDifferenceSchema, required=True, metadata=about(description))


class FundingDifferenceSchema(StrictSchema):
    """The totals of the funding summary."""

    provenance = {EVERY: computed("The total of this name in /v1/reports/funding-summary at both moments.")}

    applied = _amount("Applied for.")
    approved = _amount("Approved.")
    approved_exact = _amount("Approved, of this exactly known.")
    paid_out = _amount("Paid out.")
    to_flow = _amount("Still to flow.")
    lapsed = _amount("Left unspent.")
    overpaid = _amount("Paid above awards.")
    applied_lines = _count("Applications counted.")
    approved_lines = _count("Awards counted.")
    paid_out_lines = _count("Entries counted.")
    to_flow_lines = _count("Awards with payments known.")


class PortfolioDifferenceSchema(StrictSchema):
    """The counts of the portfolio report."""

    provenance = {EVERY: computed("The count of this name in /v1/reports/portfolio at both moments.")}

    projects = _count("Kept projects.")
    done = _count("Done or continued.")
    running = _count("In implementation.")
    checking = _count("Under review.")
    not_started = _count("Not begun.")
    dropped = _count("Not pursued.")
    not_known = _count("State not known.")
    admitted = _count("Admitted after the opening.")
    removed = _count("Removed.")
    merged = _count("Merged into another.")


class TotalsDifferenceSchema(StrictSchema):
    """What the changes did to the totals."""

    provenance = {EVERY: computed("The totals of the report at both moments, for the same valid_on.")}

    funding = ma.fields.Nested(FundingDifferenceSchema, required=True, metadata=about("Money."))
    portfolio = ma.fields.Nested(PortfolioDifferenceSchema, required=True, metadata=about("Projects."))


class DifferingRecordSchema(PlainRecordSchema):
    """One record that differs."""

    provenance = {
        "version": computed("`version` of the record at the later moment.", unit="none"),
        "change": computed("From what the caller sees of the record at both moments."),
        "changes": DIFFERENCES,
    }

    version = Count(required=True, minimum=1, metadata=about("Version of the record at the later moment.", 3))
    change = Code(DIFFERENCE, required=True, metadata=about("What happened to it, as the caller sees it.", "changed"))
    changes = differences()


class DiffSchema(StrictSchema):
    """What changed between two moments."""

    provenance = {
        "from": computed("The moment that `from` was resolved to."),
        "to": computed("The moment that `to` was resolved to; without it the newest."),
        "valid_on": echoed("`valid_on` of the request; without it today.", unit="day"),
        "totals": computed("What the changes did to the totals of the reports."),
        "items": computed("The records that differ between the moments, as far as the caller sees them."),
        "next": computed("This address with a cursor behind the last record of the page."),
    }

    from_ = ma.fields.Nested(MomentSchema, data_key="from", required=True, metadata=about("The earlier moment."))
    to = ma.fields.Nested(MomentSchema, required=True, metadata=about("The later moment."))
    valid_on = Day(required=True, metadata=about("Day of the totals.", "2026-06-30"))
    totals = ma.fields.Nested(TotalsDifferenceSchema, required=True, metadata=about("By total."))
    items = ma.fields.List(
        ma.fields.Nested(DifferingRecordSchema), required=True, metadata=about("By record; a page may hold fewer.")
    )
    next = Text(
        required=True, allow_none=True, max_length=4000, metadata=about("Path of the next page; null at the end.")
    )
