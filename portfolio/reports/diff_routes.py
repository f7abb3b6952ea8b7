"""/v1/diff: what changed in the portfolio between two moments."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response
from flask.views import MethodView

from portfolio.core.api import Blueprint
from portfolio.core.lists import Order, Page
from portfolio.core.problems import Invalid, ProblemError
from portfolio.history.models import Change
from portfolio.history.reading import Reading, reading_beside
from portfolio.history.routes import current_sight, teller_of
from portfolio.history.serving import answer_page, reading
from portfolio.reports.diff import differing_records, moment_of, totals_between, touched_between
from portfolio.reports.diff_schemas import DiffQuerySchema, DiffSchema

blp = Blueprint("diff", __name__, url_prefix="/v1/diff", description="What changed between two moments.")


@blp.route("")
class Diff(MethodView):
    @blp.operation("getDiff")
    @blp.arguments(DiffQuerySchema, location="query")
    @blp.response(200, DiffSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """Get what changed between two moments

        What the register learnt after `from` and up to `to`: by total (both moments taken for `valid_on`) and by
        record, added, changed or removed, with every field that differs.
        """
        with reading({"valid_on": query.get("valid_on")}) as now:
            before, after = _moment(now, "from", query["from_"]), _moment(now, "to", query.get("to"))
            _require_order(before, after)
            sight, ends = current_sight(after), (before.revision, after.revision)
            demo = query["include_demo"]

            def differing(page: Page) -> list[dict[str, Any]]:
                records = [(row["entity"], row["entity_id"]) for row in page.rows]
                return differing_records(sight, teller_of(after), records, ends, include_demo=demo)

            return answer_page(
                after,
                query,
                touched_between(*ends),
                order=Order("kind", Change.__table__.c.entity, descending=False),
                identity=Change.__table__.c.entity_id,
                present=differing,
                clocks=[("from", str(ends[0])), ("to", str(ends[1])), ("valid_on", after.valid_on.isoformat())],
                beside={
                    "from": moment_of(before),
                    "to": moment_of(after),
                    "valid_on": after.valid_on.isoformat(),
                    "totals": totals_between(before, after, include_demo=demo),
                },
            )


def _moment(now: Reading, name: str, known_at: str | None) -> Reading:
    if known_at is None:
        return now
    try:
        return reading_beside(now, known_at)
    except Invalid as error:
        errors = [replace(fault, parameter=name) for fault in error.errors]
        raise Invalid(error.detail, errors=errors) from None


def _require_order(before: Reading, after: Reading) -> None:
    if before.revision > after.revision:
        detail = f"`from` is revision {before.revision}, later than `to`, revision {after.revision}; swap them."
        raise Invalid(detail, errors=[ProblemError("from_after_to", detail, parameter="from")])
