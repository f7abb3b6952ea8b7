"""Loads what stands around the projects: fields, ministries, forums, programmes, the conference itself."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from portfolio.core.dates import parse_day
from portfolio.exchange.seed_ids import Labels
from portfolio.exchange.source_data import Record
from portfolio.funding.programmes import create_programme
from portfolio.organisations.service import create_organisation, lock_organisation, record_succession
from portfolio.projects.programme import record_programme
from portfolio.taxonomy.service import Moderator, create_action_field, create_theme_forum

PROGRAMME_CODE = "ruhr-konferenz"
_FUNDS = {"efre-regio-nrw": "EFRE", "esf-react-eu": "ESF"}


def load_reference(session: Session, reference: dict[str, Any], ids: Labels) -> None:
    """Everything that projects refer to, in the order of dependence."""
    _load_programme(session, reference, ids)
    for position, field in enumerate(reference["action_fields"], start=1):
        ids.label(f"action_field/{field['key']}")
        create_action_field(
            session,
            {
                "code": field["key"],
                "title_de": field["title_de"],
                "title_en": field["title_en"],
                "short_title_de": field["short_title_de"],
                "short_title_en": field["short_title_en"],
                "title_en_progress_report": field["title_en_progress_report_2020"],
                "position": position,
            },
        )
    _load_ministries(session, reference, ids)
    for forum in reference["theme_forums"]:
        _load_forum(session, forum, ids)
    for programme in reference["funding_programmes"]:
        ids.label(f"funding_programme/{programme['key']}")
        create_programme(
            session,
            {
                "code": programme["key"],
                "title_de": programme["name_de"],
                "title_en": programme["name_en"],
                "level": programme["level"],
                "fund": _FUNDS.get(programme["key"]),
                "relation": programme["relation"],
                "source_url": programme["source_url"],
            },
        )


def _load_programme(session: Session, reference: dict[str, Any], ids: Labels) -> None:
    ids.label(f"programme/{PROGRAMME_CODE}")
    amounts = [
        {**{name: value for name, value in amount.items() if name != "amount_eur"}, "amount": amount["amount_eur"]}
        for amount in reference["process_amounts"]
    ]
    record_programme(
        session,
        {
            "code": PROGRAMME_CODE,
            "name_de": "Ruhr-Konferenz",
            "name_en": "Ruhr Conference",
            "motto": "Chancenregion Ruhr",
            "goal_de": "Das Ruhrgebiet als Chancenregion weiterentwickeln, mit Projekten in fünf Handlungsfeldern.",
            "goal_en": "Develop the Ruhr area as a region of opportunities, with projects in five action fields.",
            "phases": reference["phases"],
            "pillars": reference["pillars"],
            "participation": reference["participation"],
            "events": reference["process_events"],
            "official_counts": reference["official_project_counts"],
            "amounts": amounts,
            "advisory_board": reference["advisory_board"],
            "responsible_offices": reference["responsible_offices"],
            "not_matched": reference["not_matched"],
        },
    )


def _load_ministries(session: Session, reference: dict[str, Any], ids: Labels) -> None:
    later = {ministry["abbr"]: ministry for ministry in reference["ministries_from_2022"]}
    for ministry in reference["ministries"]:
        since = later.pop(ministry["abbr"], None)
        _ministry(session, ministry, since, ids)
    for ministry in later.values():
        _ministry(session, ministry, ministry, ids)
    for succession in reference["ministry_successions"]:
        for successor in succession["to"]:
            ids.label(f"organisation_succession/{succession['from']}/{successor}")
            record_succession(
                session,
                lock_organisation(session, succession["from"]),
                {
                    "organisation": successor,
                    "happened_on": parse_day(succession["on"]),
                    "kind": succession["kind"],
                    "basis": succession["basis"],
                    "note": succession["note"],
                    "source_url": succession["source_url"],
                },
            )


def _ministry(session: Session, ministry: Record, since: Record | None, ids: Labels) -> None:
    ids.label(f"organisation/{ministry['abbr']}")
    create_organisation(
        session,
        {
            "code": ministry["abbr"],
            "name_de": ministry["name_de"],
            "name_en": ministry["name_en"],
            "kind": "ministry",
            "valid_from": parse_day(since["from"]) if since else None,
            "period_covered": ministry.get("period"),
            "source_url": since["source_url"] if since else None,
        },
    )


def _load_forum(session: Session, forum: Record, ids: Labels) -> None:
    ids.label(f"theme_forum/{forum['number']}")
    named = [(forum["moderator"], forum["moderator_office_de"])] if forum["moderator"] else []
    named += [(other["name"], other["role"]) for other in forum["co_moderators"]]
    moderators: list[Moderator] = [{"name": name, "office": office} for name, office in named]
    create_theme_forum(
        session,
        {
            "number": forum["number"],
            "number_basis": forum["number_basis"],
            "title_de": forum["title_de"],
            "title_en": forum["title_en"],
            "lead_ministry": forum["lead_ministry"],
            "moderators": moderators,
            "event_dates": forum["event_dates"],
            "proposals_stated": forum["proposals_stated"],
            "proposals_minimum": forum["proposals_minimum_by_numbering"],
            "note": forum["note"],
            "source_url": forum["source_url"],
        },
    )
