"""Applications, awards and entries as they stood on a day, each with every key the reports group by.

The report sums exactly these rows and the lists show exactly these rows, so that a cell equals its lines.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from portfolio.core.columns import EuroCents
from portfolio.core.db import Base
from portfolio.funding.models import (
    Application,
    ApplicationStatusChange,
    Award,
    AwardStatusChange,
    FundingProgramme,
    LedgerEntry,
)
from portfolio.history.reading import Reading
from portfolio.history.relation import Shape
from portfolio.organisations.models import Organisation
from portfolio.projects.on_day import projects_on

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
    own = [column for column in application.c if column.name not in ("status", "level", "project_id", "programme_id")]
    statement = sa.select(
        *own,
        *_application_keys(moment, application),
        _parts(moment)[_STATUS].c.to_status.label("status"),
        _year(application.c.submitted_on),
    )
    return statement.select_from(_sources(moment, application))


def awards_on(moment: Reading) -> sa.Subquery:
    """One row per award: its columns, the group keys, what was paid on its chain and what that leaves (EUR).

    ``paid_out``, ``to_flow``, ``lapsed`` and ``overpaid`` are null where payments were never reported or the amount
    is not known, and where the award is not in force on the day.
    """
    return moment.relation("award_on_day", _awards)


def _awards(moment: Shape) -> sa.Select[Any]:
    award, application = moment.at(Award), moment.at(Application)
    paid = _paid(moment)
    status = _status(moment, AwardStatusChange, "award_id")
    day = moment.valid_on
    in_force = sa.and_(award.c.counts_from_on <= day, sa.or_(award.c.ended_on.is_(None), award.c.ended_on > day))
    settled = sa.func.coalesce(award.c.settled_on <= day, sa.false())
    known = sa.and_(in_force, award.c.payments_known_until.is_not(None))
    paid_sum = sa.func.coalesce(paid.c.paid, 0)
    left = sa.type_coerce(award.c.amount, sa.BigInteger) - paid_sum
    own = [column for column in award.c if column.name not in ("status", "application_id")]
    statement = sa.select(
        *own,
        application.c.id.label("application"),
        application.c.recipient_text,
        application.c.file_reference,
        application.c.purpose,
        status.c.to_status.label("status"),
        *_application_keys(moment, application),
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
    joined = (
        _sources(moment, application)
        .join(award, award.c.application_id == application.c.id)
        .outerjoin(paid, paid.c.chain_id == award.c.chain_id)
        .outerjoin(status, status.c.award_id == award.c.id)
    )
    return statement.select_from(joined)


def entries_on(moment: Reading) -> sa.Subquery:
    """One row per ledger entry with the group keys; ``counts`` where it is part of the money paid out."""
    return moment.relation("entry_on_day", _entries)


def _entries(moment: Shape) -> sa.Select[Any]:
    entry, award, application = moment.at(LedgerEntry), moment.at(Award), moment.at(Application)
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
        *_application_keys(moment, application),
        _year(entry.c.booked_on),
        (sa.type_coerce(entry.c.paid_out, sa.BigInteger) != 0).label("counts"),
    )
    joined = (
        _sources(moment, application)
        .join(award, award.c.application_id == application.c.id)
        .join(entry, entry.c.award_id == award.c.id)
    )
    return statement.select_from(joined)


_PROJECT = "funding_project"
_PROGRAMME = "funding_programme_of_day"
_APPLICANT = "applicant_of_day"
_STATUS = "application_status_of_day"


def _sources(moment: Shape, application: sa.FromClause) -> Any:
    """The application with what its keys come from."""
    parts = _parts(moment)
    return (
        application.join(parts[_PROJECT], parts[_PROJECT].c.id == application.c.project_id)
        .outerjoin(parts[_PROGRAMME], parts[_PROGRAMME].c.id == application.c.programme_id)
        .outerjoin(parts[_APPLICANT], parts[_APPLICANT].c.id == application.c.applicant_id)
        .outerjoin(parts[_STATUS], parts[_STATUS].c.application_id == application.c.id)
    )


def _parts(moment: Shape) -> dict[str, sa.FromClause]:
    # One set of subqueries per reading: a statement names its parts and joins the same objects.
    found: dict[str, sa.FromClause] | None = moment.parts.get("funding")
    if found is None:
        found = moment.parts["funding"] = {
            _PROJECT: projects_on(moment),
            _PROGRAMME: moment.at(FundingProgramme),
            _APPLICANT: moment.at(Organisation, name="applicant"),
            _STATUS: _status(moment, ApplicationStatusChange, "application_id"),
        }
    return found


def _application_keys(moment: Shape, application: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    parts = _parts(moment)
    project = parts[_PROJECT]
    return [
        project.c.slug.label("project"),
        project.c.title_de.label("project_title"),
        project.c.action_field,
        project.c.lead_ministry.label("ministry"),
        project.c.lead_ministry,
        project.c.owner,
        project.c.status.label("project_status"),
        project.c.demo,
        parts[_PROGRAMME].c.code.label("programme"),
        parts[_PROGRAMME].c.fund,
        parts[_APPLICANT].c.code.label("applicant"),
        parts[_STATUS].c.to_status.label("application_status"),
        application.c.level,
    ]


def _status(moment: Shape, model: type[Base], owner: str) -> sa.Subquery:
    """The status of each record on the day: its last change that counts by then."""
    change = moment.at(model)
    last = (
        sa.select(change.c[owner], sa.func.max(change.c.seq).label("seq"))
        .where(change.c.holds_from_on <= moment.valid_on)
        .group_by(change.c[owner])
        .subquery(f"last_{owner}")
    )
    of_day = moment.at(model, name=f"of_day_{owner}")
    return (
        sa.select(of_day.c[owner], of_day.c.to_status)
        .join(last, sa.and_(last.c[owner] == of_day.c[owner], last.c.seq == of_day.c.seq))
        .subquery(f"status_{owner}")
    )


def _paid(moment: Shape) -> sa.Subquery:
    """What was paid on each chain up to the day, in cents."""
    entry = moment.at(LedgerEntry, name="paid_entry")
    total = sa.cast(sa.func.sum(sa.type_coerce(entry.c.paid_out, sa.BigInteger)), sa.BigInteger)
    return (
        sa.select(entry.c.chain_id, total.label("paid"))
        .where(entry.c.booked_on <= moment.valid_on)
        .group_by(entry.c.chain_id)
        .subquery("paid_of_chain")
    )


def _year(day: sa.ColumnElement[Any]) -> sa.Label[Any]:
    # PostgreSQL extracts a numeric, SQLite an integer.
    return sa.cast(sa.extract("year", day), sa.Integer).label("year")


def _not_below_zero(cents: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.case((cents < 0, 0), else_=cents)


def _cents(value: sa.ColumnElement[Any], name: str) -> sa.Label[Any]:
    return sa.type_coerce(sa.cast(value, sa.BigInteger), EuroCents).label(name)
