"""The JSON of what changed between two moments."""

from __future__ import annotations

import marshmallow as ma

from portfolio.core.fields import Count, InstantField, QueryDay, QueryText, StrictSchema, Text, Total
from portfolio.core.records import PageQuerySchema, about
from portfolio.history.codelists import DIFFERENCE
from portfolio.history.history_schemas import PlainRecordSchema, differences
from portfolio.history.schemas import DemoQuerySchema

_LEAST = -2_000_000_000


class DiffQuerySchema(PageQuerySchema, DemoQuerySchema):
    """Between which moments."""

    from_ = QueryText(
        data_key="from",
        required=True,
        max_length=40,
        metadata=about("The earlier moment: a revision, a day (its end) or an instant.", "2021-12-31"),
    )
    to = QueryText(max_length=40, metadata=about("The later moment, in the same forms. Default: now.", "2022-12-31"))
    valid_on = QueryDay(metadata=about("Day for which the totals are taken, at both moments. Default: today."))


class MomentSchema(StrictSchema):
    """A moment as it was resolved."""

    revision = Count(required=True, metadata=about("Revision of the register; 0 is before the first.", 4711))
    known_at = InstantField(
        required=True, allow_none=True, metadata=about("When it was written.", "2026-06-30T08:00:00.000000Z")
    )


class AmountDifferenceSchema(StrictSchema):
    """A sum at both moments, EUR; null where it is not known."""

    from_ = Total(data_key="from", required=True, allow_none=True, metadata=about("Before.", "0.00"))
    to = Total(required=True, allow_none=True, metadata=about("After.", "250000.00"))
    difference = Total(
        required=True,
        allow_none=True,
        metadata=about("After less before; null where one of them is.", "250000.00"),
    )


class CountDifferenceSchema(StrictSchema):
    """A number of records at both moments."""

    from_ = Count(data_key="from", required=True, metadata=about("Before.", 74))
    to = Count(required=True, metadata=about("After.", 75))
    difference = Count(minimum=_LEAST, required=True, metadata=about("After less before.", 1))


def _amount(description: str) -> ma.fields.Nested:
    return ma.fields.Nested(AmountDifferenceSchema, required=True, metadata=about(description))


def _count(description: str) -> ma.fields.Nested:
    return ma.fields.Nested(CountDifferenceSchema, required=True, metadata=about(description))


class FundingDifferenceSchema(StrictSchema):
    """The totals of the funding summary."""

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

    funding = ma.fields.Nested(FundingDifferenceSchema, required=True, metadata=about("Money."))
    portfolio = ma.fields.Nested(PortfolioDifferenceSchema, required=True, metadata=about("Projects."))


class DifferingRecordSchema(PlainRecordSchema):
    """One record that differs."""

    version = Count(required=True, minimum=1, metadata=about("Version of the record at the later moment.", 3))
    change = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(DIFFERENCE.codes),
        metadata=about("What happened to it, as the caller sees it.", "changed"),
    )
    changes = differences()


class DiffSchema(StrictSchema):
    """What changed between two moments."""

    from_ = ma.fields.Nested(MomentSchema, data_key="from", required=True, metadata=about("The earlier moment."))
    to = ma.fields.Nested(MomentSchema, required=True, metadata=about("The later moment."))
    valid_on = Text(required=True, max_length=10, metadata=about("Day of the totals.", "2026-06-30"))
    totals = ma.fields.Nested(TotalsDifferenceSchema, required=True, metadata=about("By total."))
    items = ma.fields.List(
        ma.fields.Nested(DifferingRecordSchema), required=True, metadata=about("By record; a page may hold fewer.")
    )
    next = Text(
        required=True, allow_none=True, max_length=4000, metadata=about("Path of the next page; null at the end.")
    )
