"""/v1/reports: the funding summary, the milestones and the portfolio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response
from flask.views import MethodView

from portfolio.core.answers import REPORT_FORMS, chosen_format, json_answer
from portfolio.core.api import Blueprint
from portfolio.core.fields import Count
from portfolio.core.problems import Invalid, ProblemError
from portfolio.core.tables import Table
from portfolio.funding.on_day import GROUP_KEYS
from portfolio.history.checkpoints import current_signer
from portfolio.history.serving import answer_table, edition_of, reading
from portfolio.reports.funding_summary import funding_summary
from portfolio.reports.grouping import chosen_keys
from portfolio.reports.milestones import COUNTS, KEYS, milestone_report
from portfolio.reports.portfolio import portfolio_report
from portfolio.reports.schemas import (
    AppliedSchema,
    ApprovedSchema,
    FundingSummaryQuerySchema,
    FundingSummarySchema,
    MilestoneReportQuerySchema,
    MilestoneReportSchema,
    PaidOutSchema,
    PortfolioReportQuerySchema,
    PortfolioReportSchema,
    ToFlowSchema,
)

blp = Blueprint("reports", __name__, url_prefix="/v1/reports", description="Sums and counts, each with its lines.")


def _have_signed(answer: Response) -> Response:
    """A report is what people keep: the log it stands on is signed soon after."""
    if answer.status_code == 200:
        current_signer().ask()
    return answer


blp.after_request(_have_signed)

_SUMMARY_COLUMNS = {
    "applied": ("amount", "lines_count", "lines_without_amount", "lines_without_day"),
    "approved": ("amount", "exact", "lines_count", "lines_without_amount", "lines_without_day", "lines_not_exact"),
    "paid_out": ("amount", "lines_count", "lines_without_payments", "payments_known_until"),
    "to_flow": ("amount", "lapsed", "overpaid", "lines_count"),
}
_PARTS = {"applied": AppliedSchema, "approved": ApprovedSchema, "paid_out": PaidOutSchema, "to_flow": ToFlowSchema}
_SUMMARY_FIELDS = {
    f"{part}_{name}": _PARTS[part]().fields[name] for part, names in _SUMMARY_COLUMNS.items() for name in names
}
_MILESTONE_FIELDS = {name: Count() for name in ("year", "quarter", *COUNTS, "slipped_days")}


@blp.route("/funding-summary")
class FundingSummaryReport(MethodView):
    @blp.operation("getFundingSummary", download="report")
    @blp.arguments(FundingSummaryQuerySchema, location="query")
    @blp.response(200, FundingSummarySchema)
    def get(self, query: dict[str, Any]) -> Response:
        """Get the funding summary

        Applied, approved, paid out and still to flow on `valid_on`, as known at `known_at`, by any combination of
        keys. Every number links to exactly the records it sums; unknown is null and never counted as 0.
        """
        group_by = chosen_keys(query.get("group_by", []), GROUP_KEYS)
        form = _form(query)
        filters = _filters(query, GROUP_KEYS)
        with reading(query) as moment:
            body = funding_summary(moment, group_by, filters).body()
            if form == "json":
                return json_answer(body, edition_of(moment))
            columns = [*group_by, *_SUMMARY_FIELDS]
            rows = (
                {
                    **item["group"],
                    **{f"{p}_{name}": item[p][name] for p, names in _SUMMARY_COLUMNS.items() for name in names},
                }
                for item in body["items"]
            )
            table = Table("funding-summary", columns, {"year": Count(), **_SUMMARY_FIELDS}, rows)
            return answer_table(moment, table, form)


@blp.route("/milestones")
class MilestonesReport(MethodView):
    @blp.operation("getMilestoneReport", download="report")
    @blp.arguments(MilestoneReportQuerySchema, location="query")
    @blp.response(200, MilestoneReportSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """Get the milestone report

        Implementation milestones from 2020 on. What was planned counts in the quarter of the planned day, what was
        achieved in the quarter of the achievement; a null quarter is one of which only the year is known.
        """
        group_by = chosen_keys(query.get("group_by", ["quarter"]), KEYS)
        form = _form(query)
        with reading(query) as moment:
            report = milestone_report(moment, group_by, _filters(query, ("action_field", "ministry", "project")))
            body = report.body()
            if form == "json":
                return json_answer(body, edition_of(moment))
            columns = [*report.keys, *COUNTS, "slipped_days"]
            rows = (
                {
                    **item["group"],
                    **{name: item[name]["count"] for name in COUNTS},
                    "slipped_days": item["slipped"]["days"],
                }
                for item in body["items"]
            )
            return answer_table(moment, Table("milestone-report", columns, _MILESTONE_FIELDS, rows), form)


@blp.route("/portfolio")
class PortfolioOfProjects(MethodView):
    @blp.operation("getPortfolioReport", download="report")
    @blp.arguments(PortfolioReportQuerySchema, location="query")
    @blp.response(200, PortfolioReportSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """Get the portfolio report

        Kept projects per field and status on `valid_on`, what is unknown, how the number came about, and the
        official counts beside it. A download has one row per field and status.
        """
        form = _form(query)
        with reading(query) as moment:
            body = portfolio_report(moment, include_demo=query["include_demo"]).body()
            if form == "json":
                return json_answer(body, edition_of(moment))
            rows = (
                {"action_field": item["action_field"], "status": part["status"], "projects": part["count"]}
                for item in body["items"]
                for part in item["by_status"]
            )
            columns = ["action_field", "status", "projects"]
            return answer_table(moment, Table("portfolio-report", columns, {"projects": Count()}, rows), form)


def _filters(query: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    found = {name: query[name] for name in names if query.get(name)}
    return {**found, "include_demo": True} if query["include_demo"] else found


def _form(query: Mapping[str, Any]) -> str:
    form = query.get("format") or chosen_format(REPORT_FORMS)
    if form not in REPORT_FORMS:
        detail = f"Use one of {', '.join(REPORT_FORMS)}."
        raise Invalid(detail, errors=[ProblemError("not_in_list", detail, parameter="format")])
    return form
