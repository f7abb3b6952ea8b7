"""The first page: what the register holds, in plain words, every figure a link to the list that gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal, cast

import sqlalchemy as sa
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency
from flask import Blueprint, Response, render_template, request

from portfolio.core.answers import REVISION_HEADER
from portfolio.core.dates import REGION
from portfolio.history.reading import Reading
from portfolio.history.serving import reading
from portfolio.milestones.codelists import OUTCOME
from portfolio.projects.codelists import BUCKET
from portfolio.projects.listing import project_filters
from portfolio.projects.on_day import projects_on
from portfolio.reports.funding_summary import funding_summary
from portfolio.reports.grouping import lines_link
from portfolio.reports.milestones import milestone_report
from portfolio.reports.portfolio import portfolio_report
from portfolio.taxonomy.listing import list_action_fields
from portfolio.web.docs import secured
from portfolio.web.words import WORDS

Language = Literal["de", "en"]
blueprint = Blueprint("page", __name__, template_folder="templates")

_BUCKETS = ("done", "running", "checking", "not_started", "dropped", "not_known")
_MILESTONES = ("achieved", "partly_achieved", "overdue", "not_reported", "at_risk", "missed")


@blueprint.get("/")
def first_page() -> Response:
    """The page in German, or in English with ?lang=en or by Accept-Language."""
    language = _language()
    with reading({}) as moment:
        body = render_template("page.html", **_content(moment, language))
    answer = secured(Response(body))
    answer.headers["Content-Language"] = language
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers[REVISION_HEADER] = str(moment.revision)
    answer.vary.add("Accept-Language")
    return answer


def _language() -> Language:
    asked = request.args.get("lang")
    if asked in ("de", "en"):
        return cast(Language, asked)
    return cast(Language, request.accept_languages.best_match(["de", "en"]) or "de")


def _content(moment: Reading, language: Language) -> dict[str, Any]:
    words = WORDS[language]
    portfolio = portfolio_report(moment, include_demo=False).body()
    funding = funding_summary(moment, [], {}).body()["total"]
    milestones = milestone_report(moment, [], {}).body()["total"]
    return {
        "language": language,
        "other": "en" if language == "de" else "de",
        "words": words,
        "revision": moment.revision,
        "known_at": _instant(moment, language),
        "valid_on": _day(moment.valid_on, language),
        "total": portfolio["total"],
        "buckets": [(code, BUCKET.label(code, language)) for code in _BUCKETS],
        "fields": _fields(moment, portfolio["items"], language),
        "unassigned": _unassigned(portfolio, words),
        "completeness": portfolio["completeness"],
        "ages": _ages(moment),
        "numbers": _numbers(funding, words, language),
        "milestones": [(OUTCOME.label(code, language), milestones[code]) for code in _MILESTONES],
        "official": portfolio["official_counts"],
        "downloads": _downloads(moment),
    }


def _fields(moment: Reading, items: Sequence[Mapping[str, Any]], language: Language) -> list[dict[str, Any]]:
    listing = list_action_fields(moment)
    rows = {row["code"]: row for row in moment.session.execute(listing.statement).mappings()}
    return [
        {
            "short": rows[item["action_field"]][f"short_title_{language}"],
            "title": rows[item["action_field"]][f"title_{language}"],
            "count": item["count"],
            "lines": item["lines"],
            "buckets": {part["bucket"]: part for part in item["by_bucket"]},
        }
        for item in items
        if item["action_field"] is not None
    ]


def _unassigned(portfolio: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    part = portfolio["completeness"]["without_action_field"]
    text = words["unassigned"].format(count=part["count"], total=portfolio["total"]["count"])
    return {**part, "text": text}


def _ages(moment: Reading) -> list[dict[str, Any]]:
    """How old what is known of the kept projects is, by the year of their state."""
    project = projects_on(moment)
    statement = (
        sa.select(project.c.state_year, sa.func.count().label("count"))
        .where(project.c.in_population, *project_filters(project, {}))
        .group_by(project.c.state_year)
    )
    found = sorted(moment.session.execute(statement).mappings(), key=lambda row: -(row["state_year"] or 0))
    return [
        {
            "year": row["state_year"],
            "count": row["count"],
            "lines": lines_link("/v1/projects", moment, {"in_population": True, "state_year": row["state_year"]}),
        }
        for row in found
    ]


def _numbers(funding: Mapping[str, Any], words: Mapping[str, str], language: Language) -> list[dict[str, Any]]:
    """The five numbers, with what is unknown about each in words."""
    applied, approved, paid, flow = (funding[name] for name in ("applied", "approved", "paid_out", "to_flow"))
    return [
        {
            "name": words["applied"],
            "value": _money(applied["amount"], language) or words["amounts_unknown"],
            "lines": applied["lines"],
            "note": words["applied_note"].format(lines=applied["lines_count"], unknown=applied["lines_without_amount"]),
        },
        {
            "name": words["approved"],
            "value": _money(approved["amount"], language) or words["amounts_unknown"],
            "lines": approved["lines"],
            "note": words["approved_note"].format(
                lines=approved["lines_count"],
                exact=_money(approved["exact"], language),
                unknown=approved["lines_without_amount"],
            ),
        },
        {
            "name": words["paid_out"],
            "value": _money(paid["amount"], language) or words["payments_unknown"],
            "lines": paid["lines"],
            "note": words["paid_note"].format(unknown=paid["lines_without_payments"]),
        },
        {
            "name": words["to_flow"],
            "value": _money(flow["amount"], language) or words["payments_unknown"],
            "lines": flow["lines"],
            "note": words["flow_note"],
        },
    ]


def _downloads(moment: Reading) -> list[tuple[str, str]]:
    names = ("projects", "applications", "awards", "ledger-entries", "milestones", "funding-statements")
    return [(name, lines_link(f"/v1/{name}", moment, {"format": "csv"})) for name in names]


def _money(text: str | None, language: Language) -> str | None:
    if text is None:
        return None
    found: str = format_currency(Decimal(text), "EUR", locale=language)
    return found


def _day(day: date, language: Language) -> str:
    found: str = format_date(day, format="long", locale=language)
    return found


def _instant(moment: Reading, language: Language) -> str | None:
    if moment.known_at is None:
        return None
    found: str = format_datetime(moment.known_at.astimezone(REGION), format="long", locale=language)
    return found
