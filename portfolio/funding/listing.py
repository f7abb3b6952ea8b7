"""The lists and records of money; the conditions here are the ones that the reports' `lines` links name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import marshmallow as ma
import sqlalchemy as sa

from portfolio.access.guard import FULL_VIEW, PUBLIC_VIEW, sees_internal
from portfolio.core.lists import Found, one_of
from portfolio.core.problems import Invalid, NotFound, ProblemError
from portfolio.core.query_fields import NONE
from portfolio.core.rows import Row
from portfolio.funding.codelists import LEVEL
from portfolio.funding.models import (
    Application,
    ApplicationStatusChange,
    AwardStatusChange,
    FundingProgramme,
    FundingStatement,
)
from portfolio.funding.on_day import GROUP_KEYS, applications_on, awards_on, entries_on
from portfolio.funding.schemas import (
    ApplicationSchema,
    AwardSchema,
    FundingProgrammeSchema,
    LedgerEntrySchema,
    StatementSchema,
)
from portfolio.history.reading import Reading
from portfolio.history.serving import Listing
from portfolio.projects.models import Project

_PROGRAMME = FundingProgrammeSchema()
_APPLICATION = ApplicationSchema()
_AWARD = AwardSchema()
_ENTRY = LedgerEntrySchema()
_STATEMENT = StatementSchema()

_KEYS = [
    "project",
    "project_title",
    "action_field",
    "ministry",
    "level",
    "programme",
    "fund",
    "applicant",
    "recipient_text",
]
_INTERNAL = ("file_reference",)
_INTERNAL_OF_ENTRY = (*_INTERNAL, "document_reference", "comment")
_TAIL = ["year", "project_status", "application_status", "note", "source_url", "demo", "id", "version"]


def group_conditions(rows: sa.Subquery, query: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    """The conditions of the group keys and of the demonstration records."""
    found = [one_of(rows.c[name], query[name]) for name in GROUP_KEYS if query.get(name)]
    return found if query.get("include_demo") else [*found, rows.c.demo.is_(False)]


def _between(column: sa.ColumnElement[Any], query: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    found = []
    if query.get("from_"):
        found.append(column >= query["from_"])
    if query.get("to"):
        found.append(column <= query["to"])
    return found


def visible_drafts(rows: sa.Subquery, view: str) -> sa.ColumnElement[bool]:
    """Drafts are shown to the coordinator and to the ministry that leads the project."""
    if view == FULL_VIEW:
        return sa.true()
    submitted = rows.c.counts_from_on.is_not(None)
    if view == PUBLIC_VIEW:
        return submitted
    return sa.or_(submitted, rows.c.owner == view.removeprefix("own:"))


def application_conditions(rows: sa.Subquery, query: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    """Which applications a query asks for."""
    found = [*group_conditions(rows, query), *_between(rows.c.submitted_on, query)]
    if query.get("status"):
        found.append(one_of(rows.c.status, query["status"]))
    if query.get("submitted_to"):
        found.append(rows.c.counts_from_on <= query["submitted_to"])
    return [*found, *_amount_known(rows.c.requested_amount, query)]


def _amount_known(amount: sa.ColumnElement[Any], query: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    known = query.get("amount_known")
    return [] if known is None else [amount.is_not(None) if known else amount.is_(None)]


def award_conditions(rows: sa.Subquery, query: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    """Which awards a query asks for."""
    found = [*group_conditions(rows, query), *_between(rows.c.issued_on, query)]
    if query.get("status"):
        found.append(one_of(rows.c.status, query["status"]))
    if query.get("in_force_on"):
        day = query["in_force_on"]
        found.append(rows.c.counts_from_on <= day)
        found.append(sa.or_(rows.c.ended_on.is_(None), rows.c.ended_on > day))
    for name in ("payments_known", "open", "day_known"):
        if query.get(name) is not None:
            found.append(rows.c[name].is_(query[name]))
    if query.get("amount_qualifier"):
        found.append(one_of(rows.c.amount_qualifier, query["amount_qualifier"]))
    return [*found, *_amount_known(rows.c.amount, query)]


def entry_conditions(rows: sa.Subquery, query: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    """Which ledger entries a query asks for."""
    found = [*group_conditions(rows, query), *_between(rows.c.booked_on, query)]
    if query.get("award"):
        found.append(rows.c.award.in_([_uuid(text) for text in query["award"]]))
    if query.get("type"):
        found.append(rows.c.type.in_(query["type"]))
    if query.get("booked_to"):
        found.append(rows.c.booked_on <= query["booked_to"])
    if query.get("counts") is not None:
        found.append(rows.c.counts.is_(query["counts"]))
    return found


def funded_projects(moment: Reading, query: Mapping[str, Any]) -> sa.Select[Any]:
    """The slugs of projects with an application, drafts apart, of the levels and programmes that a query names.

    :raises Invalid: there is no such level.
    """
    application, project = moment.at(Application, name="funded"), moment.at(Project, name="funded_project")
    programme = moment.at(FundingProgramme, name="funded_by")
    conditions: list[sa.ColumnElement[bool]] = [application.c.counts_from_on.is_not(None)]
    for level in query.get("level") or ():
        if level not in (*LEVEL.codes, NONE):
            detail = f"Use any of {', '.join((*LEVEL.codes, NONE))}."
            raise Invalid(detail, errors=[ProblemError("not_in_list", detail, parameter="level")])
    for column, name in ((application.c.level, "level"), (programme.c.code, "programme")):
        if query.get(name):
            conditions.append(one_of(column, query[name]))
    joined = application.join(project, project.c.id == application.c.project_id)
    joined = joined.outerjoin(programme, programme.c.id == application.c.programme_id)
    return sa.select(project.c.slug).select_from(joined).where(*conditions)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        detail = f"{text!r} is not the id of an award."
        raise Invalid(detail, errors=[ProblemError("invalid_id", detail, parameter="award")]) from None


def _by_project(rows: sa.Subquery) -> dict[str, Found]:
    return {"project": Found(rows.c.project, rows.c.id, sa.true(), apart=True)}


def list_applications(moment: Reading, query: Mapping[str, Any], view: str) -> Listing:
    """Applications by the filters of ``ApplicationQuerySchema``."""
    rows = applications_on(moment)
    return Listing(
        name="applications",
        schema=ApplicationSchema,
        statement=sa.select(rows).where(visible_drafts(rows, view), *application_conditions(rows, query)),
        identity=rows.c.id,
        sorts={
            "submitted_on": rows.c.submitted_on,
            "counts_from_on": rows.c.counts_from_on,
            "requested_amount": rows.c.requested_amount,
            "project": rows.c.project,
            "updated_at": rows.c.updated_at,
        },
        default_sort="counts_from_on",
        # Only a draft has no day from which it counts, and the public sees none.
        nullable=("submitted_on", "requested_amount", *(() if view == PUBLIC_VIEW else ("counts_from_on",))),
        found=_by_project(rows),
        present=present_application,
        internal=_INTERNAL,
        columns=[
            *_KEYS,
            *["purpose", "file_reference", "requested_amount", "eligible_cost", "requested_rate", "submitted_on"],
            *["submitted_on_precision", "decided_on", "decided_on_precision", "counts_from_on", "status", "basis"],
            *_TAIL,
        ],
    )


def list_awards(moment: Reading, query: Mapping[str, Any]) -> Listing:
    """Awards by the filters of ``AwardQuerySchema``."""
    rows = awards_on(moment)
    return Listing(
        name="awards",
        schema=AwardSchema,
        statement=sa.select(rows).where(*award_conditions(rows, query)),
        identity=rows.c.id,
        sorts={
            "issued_on": rows.c.issued_on,
            "counts_from_on": rows.c.counts_from_on,
            "amount": rows.c.amount,
            "project": rows.c.project,
            "updated_at": rows.c.updated_at,
        },
        default_sort="counts_from_on",
        nullable=("issued_on", "amount"),
        found=_by_project(rows),
        present=present_award,
        internal=_INTERNAL,
        columns=[
            *_KEYS,
            *["purpose", "file_reference", "number", "issued_on", "issued_on_precision", "day_known", "counts_from_on"],
            *["final_on", "ended_on", "settled_on", "status", "in_force", "open", "amount", "amount_qualifier"],
            *["paid_out", "to_flow", "lapsed", "overpaid", "payments_known", "payments_known_until", "evidence"],
            *["basis", "application", "supersedes", "chain_id"],
            *_TAIL,
        ],
    )


def list_entries(moment: Reading, query: Mapping[str, Any]) -> Listing:
    """Ledger entries by the filters of ``LedgerEntryQuerySchema``."""
    rows = entries_on(moment)
    return Listing(
        name="ledger-entries",
        schema=LedgerEntrySchema,
        statement=sa.select(rows).where(*entry_conditions(rows, query)),
        identity=rows.c.id,
        sorts={"booked_on": rows.c.booked_on, "amount": rows.c.amount, "created_at": rows.c.created_at},
        default_sort="booked_on",
        present=present_entry,
        internal=_INTERNAL_OF_ENTRY,
        columns=[
            *_KEYS,
            *[
                "type",
                "booked_on",
                "value_on",
                "budget_year",
                "amount",
                "paid_out",
                "payer",
                "payee",
                "file_reference",
                "document_reference",
                "award",
            ],
            *["application", "reverses", "year", "project_status", "application_status"],
            *["source_url", "demo", "id", "version"],
        ],
    )


def list_programmes(moment: Reading, query: Mapping[str, Any]) -> Listing:
    """Funding programmes."""
    rows = moment.at(FundingProgramme)
    statement = sa.select(rows)
    if query.get("level"):
        statement = statement.where(rows.c.level.in_(query["level"]))
    if not query.get("include_demo"):
        statement = statement.where(rows.c.demo.is_(False))
    return Listing(
        name="funding-programmes",
        schema=FundingProgrammeSchema,
        statement=statement,
        identity=rows.c.id,
        sorts={"code": rows.c.code, "updated_at": rows.c.updated_at},
        default_sort="code",
        present=lambda row, _view: dict(_PROGRAMME.dump(row)),
        internal=(),
        columns=[
            "code",
            "title_de",
            "title_en",
            "level",
            "fund",
            "period_from_on",
            "period_to_on",
            "legal_basis",
            "relation",
            "source_url",
            "version",
        ],
    )


def list_statements(moment: Reading, query: Mapping[str, Any]) -> Listing:
    """Statements about money that are in no total."""
    rows, project = moment.at(FundingStatement), moment.at(Project)
    programme = moment.at(FundingProgramme)
    statement = (
        sa.select(*rows.c, project.c.slug.label("project"), programme.c.code.label("programme"))
        .join(project, project.c.id == rows.c.project_id)
        .outerjoin(programme, programme.c.id == rows.c.programme_id)
    )
    if query.get("project"):
        statement = statement.where(project.c.slug.in_(query["project"]))
    if query.get("level"):
        statement = statement.where(one_of(rows.c.level, query["level"]))
    if query.get("kind"):
        statement = statement.where(rows.c.kind.in_(query["kind"]))
    if not query.get("include_demo"):
        statement = statement.where(project.c.demo.is_(False))
    return Listing(
        name="funding-statements",
        schema=StatementSchema,
        statement=statement,
        identity=rows.c.id,
        sorts={"stated_on": rows.c.stated_on, "amount": rows.c.amount, "project": project.c.slug},
        default_sort="project",
        nullable=("stated_on", "amount"),
        found={"project": Found(project.c.slug, rows.c.id, sa.true(), apart=True)},
        present=lambda row, _view: dict(_STATEMENT.dump(row)),
        internal=(),
        columns=list(StatementSchema().fields),
    )


def read_programme(moment: Reading, code: str) -> dict[str, Any]:
    """:raises NotFound: no such programme at this moment."""
    rows = moment.at(FundingProgramme)
    row = moment.session.execute(sa.select(rows).where(rows.c.code == code)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no funding programme {code!r}.")
    return dict(_PROGRAMME.dump(row))


def read_application(moment: Reading, application_id: UUID, view: str) -> Row:
    """:raises NotFound: no such application at this moment, or a draft of somebody else."""
    rows = applications_on(moment)
    return _one(moment, sa.select(rows).where(rows.c.id == application_id, visible_drafts(rows, view)), "application")


def read_award(moment: Reading, award_id: UUID) -> Row:
    """:raises NotFound: no such award at this moment."""
    rows = awards_on(moment)
    return _one(moment, sa.select(rows).where(rows.c.id == award_id), "award")


def read_entry(moment: Reading, entry_id: UUID) -> Row:
    """:raises NotFound: no such entry at this moment."""
    rows = entries_on(moment)
    return _one(moment, sa.select(rows).where(rows.c.id == entry_id), "ledger entry")


def application_journal(moment: Reading, application_id: UUID) -> Sequence[Row]:
    """An application's changes of status, oldest first."""
    change = moment.at(ApplicationStatusChange)
    statement = sa.select(change).where(change.c.application_id == application_id).order_by(change.c.seq)
    return moment.session.execute(statement).mappings().all()


def award_journal(moment: Reading, award_id: UUID) -> Sequence[Row]:
    """An award's changes of status, oldest first."""
    change = moment.at(AwardStatusChange)
    statement = sa.select(change).where(change.c.award_id == award_id).order_by(change.c.seq)
    return moment.session.execute(statement).mappings().all()


def _presenter(schema: ma.Schema, internal: Sequence[str]) -> Callable[[Row, str], dict[str, Any]]:
    def present(row: Row, view: str) -> dict[str, Any]:
        body: dict[str, Any] = schema.dump(row)
        if not sees_internal(view, row["owner"]):
            for name in internal:
                body.pop(name, None)
        return body

    return present


present_application = _presenter(_APPLICATION, _INTERNAL)
present_award = _presenter(_AWARD, _INTERNAL)
present_entry = _presenter(_ENTRY, _INTERNAL_OF_ENTRY)


def _one(moment: Reading, statement: sa.Select[Any], what: str) -> Row:
    row = moment.session.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no such {what}.")
    return row
