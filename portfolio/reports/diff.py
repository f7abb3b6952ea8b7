"""What changed in the portfolio between two moments: record by record, and what it did to the totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from portfolio.core.dates import format_instant
from portfolio.core.money import format_amount
from portfolio.history.archive import steps_between
from portfolio.history.models import Change
from portfolio.history.reading import Reading
from portfolio.history.sight import Seen, Sight
from portfolio.history.telling import Teller
from portfolio.projects.lifecycle import BUCKETS
from portfolio.reports.funding_summary import funding_summary
from portfolio.reports.portfolio import portfolio_report

_WORDS = {"create": "added", "update": "changed", "delete": "removed"}
_MONEY = (
    ("applied", "amount"),
    ("approved", "amount"),
    ("approved", "exact"),
    ("paid_out", "amount"),
    ("to_flow", "amount"),
    ("to_flow", "lapsed"),
    ("to_flow", "overpaid"),
)
_LINES = ("applied", "approved", "paid_out", "to_flow")


def touched_between(start: int, end: int) -> sa.Select[Any]:
    """The records that any revision after ``start`` up to ``end`` touched, once each."""
    columns = Change.__table__.c
    key = (columns.entity, columns.entity_id)
    found: sa.Select[Any] = sa.select(*key).where(Change.rev > start, Change.rev <= end).group_by(*key)
    return found


def differing_records(
    sight: Sight, teller: Teller, records: Sequence[tuple[str, str]], moments: tuple[int, int], *, include_demo: bool
) -> list[dict[str, Any]]:
    """Of the touched records those that differ for this caller, field by field; what came and went is left out."""
    steps = steps_between(sight.moment.session, records, *moments)
    if not include_demo:
        steps = [step for step, line in zip(steps, sight.lines(steps), strict=True) if not _is_demo(line)]
    seen = sight.see(steps)
    found = zip(seen, teller.records(seen), teller.differences(seen), strict=True)
    return [_difference(one, record, changes) for one, record, changes in found if changes]


def _difference(one: Seen, record: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    named = {name: record[name] for name in ("resource", "type", "id", "path", "version")}
    return {**named, "change": _WORDS[one.operation], "changes": changes}


def _is_demo(line: Sequence[tuple[str, str, Mapping[str, Any] | None]]) -> bool:
    return any(values is not None and values.get("demo") is True for _, _, values in line)


def totals_between(before: Reading, after: Reading, *, include_demo: bool) -> dict[str, Any]:
    """The totals of the funding summary and the portfolio report at both moments, and what lies between."""
    filters = {"include_demo": True} if include_demo else {}
    money = [funding_summary(moment, [], filters).body()["total"] for moment in (before, after)]
    counts = [portfolio_report(moment, include_demo=include_demo).body() for moment in (before, after)]
    return {
        "funding": {
            **{_name(part, name): _amounts(*(total[part][name] for total in money)) for part, name in _MONEY},
            **{f"{part}_lines": _counts(*(total[part]["lines_count"] for total in money)) for part in _LINES},
        },
        "portfolio": {
            "projects": _counts(*(body["total"]["count"] for body in counts)),
            **{bucket: _counts(*(_bucket(body, bucket) for body in counts)) for bucket in BUCKETS if bucket != "left"},
            **{
                name: _counts(*(body["population"][name] for body in counts))
                for name in ("admitted", "removed", "merged")
            },
        },
    }


def moment_of(moment: Reading) -> dict[str, Any]:
    """A moment as it was resolved."""
    at = moment.known_at
    return {"revision": moment.revision, "known_at": format_instant(at) if at else None}


def _name(part: str, name: str) -> str:
    return part if name == "amount" else f"{part}_{name}" if part == "approved" else name


def _bucket(body: Mapping[str, Any], bucket: str) -> int:
    found: int = next(part["count"] for part in body["total"]["by_bucket"] if part["bucket"] == bucket)
    return found


def _counts(old: int, new: int) -> dict[str, Any]:
    return {"from": old, "to": new, "difference": new - old}


def _amounts(old: str | None, new: str | None) -> dict[str, Any]:
    """Unknown at either moment leaves the difference unknown: null is not zero."""
    if old is None or new is None:
        return {"from": old, "to": new, "difference": None}
    return {"from": old, "to": new, "difference": format_amount(Decimal(new) - Decimal(old))}
