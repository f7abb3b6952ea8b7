"""The first page: what the register holds, in plain words, every figure a link to the list that gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast

import sqlalchemy as sa
from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_currency
from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from portfolio.core.answers import REVISION_HEADER, asked_language
from portfolio.core.dates import REGION, parse_period
from portfolio.core.vocabulary import Language
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
from portfolio.web.words import WORDS

blueprint = Blueprint("page", __name__, template_folder="templates")

_BUCKETS = ("done", "running", "checking", "not_started", "dropped", "not_known")
_LOCALE = {"de": "de_DE", "en": "en_GB"}
_MILESTONES = ("achieved", "partly_achieved", "overdue", "not_reported", "at_risk", "missed")


@blueprint.get("/")
def first_page() -> Response:
    """The page in German, or in English with ?lang=en or by Accept-Language."""
    language = _language()
    with reading({}) as moment:
        body = render_template("page.html", **_content(moment, language))
    answer = Response(body)
    answer.headers["Content-Language"] = language
    answer.headers["Cache-Control"] = "public, no-cache"
    answer.headers[REVISION_HEADER] = str(moment.revision)
    answer.vary.add("Accept-Language")
    return answer


def _language() -> Language:
    asked = request.args.get("lang")
    if asked in ("de", "en"):
        return cast(Language, asked)
    return asked_language()


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
        "total": {**portfolio["total"], "buckets": _by_bucket(portfolio["total"])},
        "buckets": [(code, BUCKET.label(code, language)) for code in _BUCKETS],
        "fields": _fields(moment, portfolio["items"], words, language),
        "unassigned": _unassigned(portfolio, words),
        "completeness": portfolio["completeness"],
        "ages": _ages(moment),
        "numbers": _numbers(funding, words, language),
        "milestones": [(OUTCOME.label(code, language), milestones[code]) for code in _MILESTONES],
        "official": _official(portfolio["official_counts"], language),
        "programme": lines_link("/v1/programme", moment, {}),
        "downloads": _downloads(moment, words, language),
    }


def _fields(
    moment: Reading, items: Sequence[Mapping[str, Any]], words: Mapping[str, str], language: Language
) -> list[dict[str, Any]]:
    """A row for every field, and one for the projects that are in none yet."""
    listing = list_action_fields(moment)
    rows = {row["code"]: row for row in moment.session.execute(listing.statement).mappings()}
    titles = {code: (row[f"short_title_{language}"], row[f"title_{language}"]) for code, row in rows.items()}
    titles[None] = (words["no_field"], "")
    return [
        {
            "short": titles[item["action_field"]][0],
            "title": titles[item["action_field"]][1],
            "count": item["count"],
            "lines": item["lines"],
            "buckets": _by_bucket(item),
        }
        for item in items
    ]


def _by_bucket(item: Mapping[str, Any]) -> dict[str, Any]:
    return {part["bucket"]: part for part in item["by_bucket"]}


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
    """The sums of money, with what is unknown about each in words."""
    applied, approved, paid, flow = (funding[name] for name in ("applied", "approved", "paid_out", "to_flow"))
    notes = {
        "applied": _note(
            words["applied_note"],
            lines=(applied["lines"], applied["lines_count"]),
            unknown=(f"{applied['lines']}&amount_known=false", applied["lines_without_amount"]),
        ),
        "approved": _note(
            words["approved_note"],
            lines=(approved["lines"], approved["lines_count"]),
            exact=(f"{approved['lines']}&amount_qualifier=exact", _money(approved["exact"], language)),
            unknown=(f"{approved['lines']}&amount_known=false", approved["lines_without_amount"]),
        ),
        "paid_out": _note(
            words["paid_note"],
            unknown=(f"{approved['lines']}&payments_known=false", paid["lines_without_payments"]),
        ),
        "to_flow": Markup(words["flow_note"]),
    }
    unknown = {"applied": "amounts_unknown", "approved": "amounts_unknown"}
    return [
        {
            "name": words[name],
            "value": _money(cell["amount"], language) or words[unknown.get(name, "payments_unknown")],
            "lines": cell["lines"],
            "note": notes[name],
        }
        for name, cell in (("applied", applied), ("approved", approved), ("paid_out", paid), ("to_flow", flow))
    ]


def _note(sentence: str, **figures: tuple[str, Any]) -> Markup:
    """``sentence`` with every figure a link to its list; a sum is text already, a count a number."""
    link = Markup('<a class="{}" href="{}">{}</a>')
    linked = {
        name: link.format("figure" if isinstance(shown, int) else "sum", address, shown)
        for name, (address, shown) in figures.items()
    }
    return Markup(sentence).format(**linked)


def _official(counts: Sequence[Mapping[str, Any]], language: Language) -> list[dict[str, Any]]:
    """The official counts with their days as a reader of the language writes them."""
    return [{**count, "day": _period(count["as_of"], language)} for count in counts]


def _downloads(moment: Reading, words: Mapping[str, str], language: Language) -> list[tuple[str, str]]:
    """Every list and report as a file; in German as German Excel opens it."""
    form = {"format": "csv-de" if language == "de" else "csv"}
    names = ("projects", "applications", "awards", "ledger-entries", "milestones", "funding-statements")
    paths = [*names, "reports/portfolio", "reports/funding-summary", "reports/milestones"]
    return [(words[f"file:{path}"], lines_link(f"/v1/{path}", moment, form)) for path in paths]


def _money(text: str | None, language: Language) -> str | None:
    if text is None:
        return None
    found: str = format_currency(Decimal(text), "EUR", locale=_LOCALE[language])
    return found


def _day(day: date, language: Language) -> str:
    found: str = format_date(day, format="long", locale=_LOCALE[language])
    return found


def _period(text: str, language: Language) -> str:
    """A day, month or year, as precise as the source gives it."""
    last, precision = parse_period(text)
    if precision == "day":
        return _day(last, language)
    found: str = format_skeleton("yMMMM" if precision == "month" else "y", last, locale=_LOCALE[language])
    return found


def _instant(moment: Reading, language: Language) -> str | None:
    if moment.known_at is None:
        return None
    found: str = format_datetime(moment.known_at.astimezone(REGION), format="long", locale=_LOCALE[language])
    return found
