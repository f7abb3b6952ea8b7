"""The lists and records of projects, as they stood on a day and as the register knew them at a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from portfolio.access.guard import sees_internal
from portfolio.core.lists import Found, one_of
from portfolio.core.problems import NotFound
from portfolio.core.rows import Row
from portfolio.history.reading import Reading
from portfolio.history.searching import holding
from portfolio.history.serving import Listing
from portfolio.organisations.models import Organisation
from portfolio.projects.funded import funded_conditions
from portfolio.projects.held import ever_held
from portfolio.projects.models import (
    Assignment,
    Decision,
    DecisionEffect,
    FormerSlug,
    Project,
    ProjectRole,
    ProjectSearch,
    ProjectStatusChange,
)
from portfolio.projects.on_day import projects_on
from portfolio.projects.schemas import DecisionSchema, ProjectSchema
from portfolio.taxonomy.models import ActionField

_PROJECT = ProjectSchema()
_DECISION = DecisionSchema()
_REPEATED = [
    "action_field",
    "lead_ministry",
    "status",
    "theme_forum",
    "bucket",
    "status_basis",
    "list_confidence",
    "action_field_basis",
    "state_year",
]
INTERNAL = ("internal_note",)
DOWNLOAD = [
    "slug",
    "code",
    "title_de",
    "title_en",
    "title_known",
    "action_field",
    "action_field_basis",
    "lead_ministry",
    "status",
    "status_basis",
    "status_as_of",
    "status_as_of_precision",
    "bucket",
    "in_population",
    "theme_forum",
    "theme_forum_basis",
    "pillar",
    "proposal_number",
    "planned_start_on",
    "planned_end_on",
    "actual_start_on",
    "actual_end_on",
    "list_confidence",
    "summary_de",
    "summary_en",
    "source_notes",
    "demo",
    "version",
    "updated_at",
]


def project_filters(project: sa.Subquery, query: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    """The conditions that a query puts on projects of a day."""
    conditions: list[sa.ColumnElement[bool]] = []
    for name in _REPEATED:
        if query.get(name):
            conditions.append(one_of(project.c[name], query[name]))
    for name in ("title_known", "in_population"):
        if query.get(name) is not None:
            conditions.append(project.c[name].is_(query[name]))
    if query.get("updated_since"):
        conditions.append(project.c.updated_at >= query["updated_since"])
    if query.get("status_as_of_before"):
        # A state whose day nobody knows is at least as much in need of news as an old one.
        asked = query["status_as_of_before"]
        conditions.append(sa.or_(project.c.status_as_of < asked, project.c.status_as_of.is_(None)))
    if not query.get("include_demo"):
        conditions.append(project.c.demo.is_(False))
    return conditions


def project_conditions(moment: Reading, project: sa.Subquery, query: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    """Which projects of a day a query asks for: by themselves, by the words in them, and by what funds them."""
    conditions = [
        *ever_held(moment, query, "lead_ministry"),
        *project_filters(project, query),
        *funded_conditions(project.c.slug, moment, query),
    ]
    if query.get("q"):
        conditions.append(holding(moment, ProjectSearch, project, query["q"]))
    return conditions


def list_projects(moment: Reading, query: Mapping[str, Any]) -> Listing:
    """Projects by the filters of ``ProjectQuerySchema``."""
    project = projects_on(moment)
    as_of = project.c.status_as_of
    return Listing(
        name="projects",
        schema=ProjectSchema,
        statement=sa.select(project).where(*project_conditions(moment, project, query)),
        identity=project.c.id,
        sorts={
            "slug": project.c.slug,
            "title": project.c.title_sort,
            "code": project.c.code,
            "updated_at": project.c.updated_at,
            "status_as_of": project.c.status_as_of,
            "created_at": project.c.created_at,
        },
        default_sort="title",
        nullable=("code", "status_as_of"),
        # Equal to itself: SQLite learns from it that there is a change, and may look for that first.
        found={"status_as_of": Found(as_of, project.c.status_of, as_of == as_of, far=True)},
        present=present_project,
        internal=INTERNAL,
        columns=DOWNLOAD,
    )


def read_project(moment: Reading, slug: str) -> Row:
    """:raises NotFound: no project has this address at this moment."""
    rows = moment.rows(_project_at, slug=slug)
    if not rows:
        raise NotFound(f"There is no project {slug!r}.")
    return rows[0]


def _project_at(moment: Reading) -> sa.Select[Any]:
    project = projects_on(moment)
    return sa.select(project).where(project.c.slug == sa.bindparam("slug"))


def moved_to(moment: Reading, slug: str) -> str | None:
    """The address a project has now that had ``slug`` before."""
    former, project = moment.at(FormerSlug), moment.at(Project)
    statement = sa.select(project.c.slug).join(former, former.c.project_id == project.c.id)
    found: str | None = moment.session.scalar(statement.where(former.c.slug == slug))
    return found


def present_project(row: Row, view: str) -> dict[str, Any]:
    """A project as JSON; internal fields only where the caller may see them."""
    body: dict[str, Any] = _PROJECT.dump(row)
    if not sees_internal(view, row["owner"]):
        for name in INTERNAL:
            body.pop(name, None)
    return body


def assignments_of(moment: Reading, project_id: Any) -> Sequence[Row]:
    """A project's fields over time, oldest first."""
    assignment, field = moment.at(Assignment), moment.at(ActionField)
    statement = (
        sa.select(*assignment.c, field.c.code.label("action_field"))
        .join(field, field.c.id == assignment.c.action_field_id)
        .where(assignment.c.project_id == project_id)
        .order_by(assignment.c.from_on, assignment.c.id)
    )
    return moment.session.execute(statement).mappings().all()


def roles_of(moment: Reading, project_id: Any) -> Sequence[Row]:
    """The organisations' parts in a project, lead ministries first."""
    role, organisation = moment.at(ProjectRole), moment.at(Organisation)
    statement = (
        sa.select(*role.c, organisation.c.code.label("organisation"))
        .join(organisation, organisation.c.id == role.c.organisation_id)
        .where(role.c.project_id == project_id)
        .order_by(role.c.role, role.c.from_on.nulls_first(), role.c.id)
    )
    return moment.session.execute(statement).mappings().all()


def journal_of_day(moment: Reading, project_id: Any) -> Sequence[Row]:
    """A project's changes of status, oldest first."""
    change = moment.at(ProjectStatusChange)
    other = moment.at(Project, name="merged_into")
    statement = (
        sa.select(*change.c, change.c.decision_id.label("decision"), other.c.slug.label("merged_into"))
        .outerjoin(other, other.c.id == change.c.merged_into_id)
        .where(change.c.project_id == project_id)
        .order_by(change.c.seq)
    )
    return moment.session.execute(statement).mappings().all()


def list_decisions(moment: Reading, query: Mapping[str, Any]) -> Listing:
    """Decisions; their effects are on the record itself."""
    decision = moment.at(Decision)
    statement = sa.select(decision)
    if not query.get("include_demo"):
        statement = statement.where(decision.c.demo.is_(False))
    if query.get("from_"):
        statement = statement.where(decision.c.decided_on >= query["from_"])
    if query.get("to"):
        statement = statement.where(decision.c.decided_on <= query["to"])
    return Listing(
        name="decisions",
        schema=DecisionSchema,
        statement=statement,
        identity=decision.c.id,
        sorts={"decided_on": decision.c.decided_on, "updated_at": decision.c.updated_at},
        default_sort="decided_on",
        present=lambda row, _view: present_decision(row, ()),
        internal=(),
        columns=[
            "id",
            "kind",
            "authority",
            "decided_on",
            "decided_on_precision",
            "title_de",
            "title_en",
            "reason_de",
            "reason_en",
            "agreed_with",
            "source_url",
            "demo",
            "version",
            "updated_at",
        ],
    )


def read_decision(moment: Reading, decision_id: Any) -> dict[str, Any]:
    """A decision with its effects.

    :raises NotFound: no such decision at this moment.
    """
    decision, effect, project = moment.at(Decision), moment.at(DecisionEffect), moment.at(Project)
    row = moment.session.execute(sa.select(decision).where(decision.c.id == decision_id)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no decision {decision_id}.")
    effects = (
        sa.select(*effect.c, project.c.slug.label("project"))
        .join(project, project.c.id == effect.c.project_id)
        .where(effect.c.decision_id == decision_id)
        .order_by(effect.c.position)
    )
    return present_decision(row, moment.session.execute(effects).mappings().all())


def present_decision(row: Row, effects: Sequence[Row]) -> dict[str, Any]:
    body: dict[str, Any] = _DECISION.dump({**row, "effects": effects})
    return body
