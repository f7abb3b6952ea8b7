"""Applications, awards and entries as they stood on a day, each with every key the reports group by.

The report sums exactly these rows and the lists show exactly these rows, so that a cell equals its lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from portfolio.core.columns import EuroCents
from portfolio.funding.models import (
    Application,
    ApplicationStatusChange,
    Award,
    AwardStatusChange,
    FundingProgramme,
    LedgerEntry,
)
from portfolio.history.reading import Reading
from portfolio.history.relation import Part, Shape, joined_with, last_of, value_of
from portfolio.organisations.models import Organisation
from portfolio.projects.on_day import ProjectParts, project_parts

GROUP_KEYS = (
    "action_field",
    "level",
    "fund",
    "programme",
    "ministry",
    "project",
    "applicant",
    "year",
    "project_status",
    "application_status",
)


def applications_on(moment: Reading) -> sa.Subquery:
    """One row per application, drafts included: its columns, the group keys, ``lead_ministry`` and ``demo``."""
    return moment.relation("application_on_day", _applications)


def _applications(moment: Shape) -> sa.Select[Any]:
    application = moment.at(Application)
    sources = _sources(moment, application)
    own = [column for column in application.c if column.name not in ("status", "level", "project_id", "programme_id")]
    statement = sa.select(
        *own,
        *_application_keys(application, sources),
        sources.status[0].c.to_status.label("status"),
        _year(application.c.submitted_on),
    )
    return statement.select_from(_joined(application, application, sources))


def awards_on(moment: Reading) -> sa.Subquery:
    """One row per award: its columns, the group keys, what was paid on its chain and what that leaves (EUR).

    ``paid_out``, ``to_flow``, ``lapsed`` and ``overpaid`` are null where payments were never reported or the amount
    is not known, and where the award is not in force on the day.
    """
    return moment.relation("award_on_day", _awards)


def _awards(moment: Shape) -> sa.Select[Any]:
    award, application = moment.at(Award), moment.at(Application)
    sources = _sources(moment, application)
    status, counts = last_of(
        moment, AwardStatusChange, "award_id", award.c.id, by="holds_from_on", rises="seq", name="award_status"
    )
    day = moment.valid_on
    in_force = sa.and_(award.c.counts_from_on <= day, sa.or_(award.c.ended_on.is_(None), award.c.ended_on > day))
    settled = sa.func.coalesce(award.c.settled_on <= day, sa.false())
    known = sa.and_(in_force, award.c.payments_known_until.is_not(None))
    paid, payments = _paid(moment, award)
    paid_sum = sa.func.coalesce(paid, 0)
    left = sa.type_coerce(award.c.amount, sa.BigInteger) - paid_sum
    own = [column for column in award.c if column.name not in ("status", "application_id")]
    statement = sa.select(
        *own,
        application.c.id.label("application"),
        application.c.recipient_text,
        application.c.file_reference,
        application.c.purpose,
        status.c.to_status.label("status"),
        *_application_keys(application, sources),
        _year(award.c.issued_on),
        award.c.supersedes_id.label("supersedes"),
        award.c.issued_on.is_not(None).label("day_known"),
        in_force.label("in_force"),
        sa.and_(in_force, sa.not_(settled)).label("open"),
        award.c.payments_known_until.is_not(None).label("payments_known"),
        _cents(sa.case((known, paid_sum)), "paid_out"),
        _cents(sa.case((sa.and_(known, sa.not_(settled)), _not_below_zero(left))), "to_flow"),
        _cents(sa.case((sa.and_(known, settled), _not_below_zero(left))), "lapsed"),
        _cents(sa.case((known, _not_below_zero(-left))), "overpaid"),
    )
    joined = award.join(application, application.c.id == award.c.application_id)
    return statement.select_from(_joined(joined, application, sources, (status, counts), *payments))


def entries_on(moment: Reading) -> sa.Subquery:
    """One row per ledger entry with the group keys; ``counts`` where it is part of the money paid out."""
    return moment.relation("entry_on_day", _entries)


def _entries(moment: Shape) -> sa.Select[Any]:
    entry, award, application = moment.at(LedgerEntry), moment.at(Award), moment.at(Application)
    sources = _sources(moment, application)
    own = [column for column in entry.c if column.name != "award_id"]
    statement = sa.select(
        *own,
        award.c.id.label("award"),
        entry.c.reverses_id.label("reverses"),
        award.c.payments_known_until,
        application.c.id.label("application"),
        application.c.recipient_text,
        application.c.file_reference,
        award.c.source_url,
        *_application_keys(application, sources),
        _year(entry.c.booked_on),
        (sa.type_coerce(entry.c.paid_out, sa.BigInteger) != 0).label("counts"),
    )
    joined = entry.join(award, award.c.id == entry.c.award_id)
    joined = joined.join(application, application.c.id == award.c.application_id)
    return statement.select_from(_joined(joined, application, sources))


@dataclass(frozen=True)
class _Sources:
    """Where the keys of an application come from."""

    project: ProjectParts
    programme: sa.FromClause
    applicant: sa.FromClause
    status: Part


def _sources(moment: Shape, application: sa.FromClause) -> _Sources:
    model, of = ApplicationStatusChange, application.c.id
    return _Sources(
        project_parts(moment),
        moment.at(FundingProgramme),
        moment.at(Organisation, name="applicant"),
        last_of(moment, model, "application_id", of, by="holds_from_on", rises="seq", name="application_status_of_day"),
    )


def _joined(rows: Any, application: sa.FromClause, sources: _Sources, *parts: Part) -> Any:
    """``rows``, which hold applications, with ``parts`` and with where the keys come from."""
    project, programme, applicant = sources.project.project, sources.programme, sources.applicant
    return joined_with(
        rows.join(project, project.c.id == application.c.project_id),
        [
            (programme, programme.c.id == application.c.programme_id),
            (applicant, applicant.c.id == application.c.applicant_id),
            sources.status,
            *parts,
            *sources.project.parts,
        ],
    )


def _application_keys(application: sa.FromClause, sources: _Sources) -> list[sa.ColumnElement[Any]]:
    of_project = sources.project.columns
    return [
        of_project["slug"].label("project"),
        of_project["title_de"].label("project_title"),
        of_project["action_field"].label("action_field"),
        of_project["lead_ministry"].label("ministry"),
        of_project["lead_ministry"].label("lead_ministry"),
        of_project["owner"].label("owner"),
        of_project["status"].label("project_status"),
        of_project["demo"],
        sources.programme.c.code.label("programme"),
        sources.programme.c.fund,
        sources.applicant.c.code.label("applicant"),
        sources.status[0].c.to_status.label("application_status"),
        application.c.level,
    ]


def _paid(moment: Shape, award: sa.FromClause) -> tuple[sa.ColumnElement[int], list[Part]]:
    """What was paid on an award's chain up to the day, in cents."""
    entry = moment.at(LedgerEntry, name="paid_entry")
    total = sa.cast(sa.func.sum(sa.type_coerce(entry.c.paid_out, sa.BigInteger)), sa.BigInteger)
    booked = entry.c.booked_on <= moment.valid_on
    return value_of(moment, total, entry.c.chain_id, award.c.chain_id, booked, name="paid_of_chain")


def _year(day: sa.ColumnElement[Any]) -> sa.Label[Any]:
    # PostgreSQL extracts a numeric, SQLite an integer.
    return sa.cast(sa.extract("year", day), sa.Integer).label("year")


def _not_below_zero(cents: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.case((cents < 0, 0), else_=cents)


def _cents(value: sa.ColumnElement[Any], name: str) -> sa.Label[Any]:
    return sa.type_coerce(sa.cast(value, sa.BigInteger), EuroCents).label(name)
