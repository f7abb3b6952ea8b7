"""What can be done with a project: make it, change it, remove a mistake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, TypedDict
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core.dates import today
from portfolio.core.db import table_of
from portfolio.core.journal import refuse_future
from portfolio.core.lifecycle import REPORTED
from portfolio.core.problems import Conflict, Invalid, NotFound, ProblemError, StaleVersion
from portfolio.core.search import search_text, sort_key
from portfolio.organisations.models import Organisation
from portfolio.projects.lifecycle import ADOPTED, PROPOSED
from portfolio.projects.models import Assignment, FormerSlug, Project, ProjectRole, ProjectStatusChange
from portfolio.projects.on_day import LEAD, OPENING_ON, holds
from portfolio.taxonomy.models import ThemeForum

UNNAMED_TITLE = "Projekt, Bezeichnung nicht ermittelt"
"""How the title of a kept project begins whose name no source gives."""


class SlugTaken(Conflict):
    """Another project has or had this address."""

    slug = "slug-taken"
    title = "This address belongs to another project"


class OpeningStockClosed(Conflict):
    """The proposals of the opening stock are those of the published data; every later one is admitted by a decision."""

    slug = "opening-stock-closed"
    title = "The opening stock is closed"


class NotADraft(Conflict):
    """Only a proposal that never entered the population may be deleted."""

    slug = "not-a-draft"
    title = "Only a draft or a mistake can be deleted"


class NotNamedYet(Conflict):
    """A project can be named once its field, its lead ministry and a source are in place."""

    slug = "not-ready-to-be-named"
    title = "Field, lead ministry and source come first"


class ProjectChanges(TypedDict, total=False):
    """The fields of a project that can be written; an absent key leaves the field alone."""

    slug: str
    code: str | None
    code_basis: str | None
    proposal_number: int | None
    title_de: str
    title_en: str | None
    title_known: bool
    title_aliases: list[str]
    summary_de: str | None
    summary_en: str | None
    summary_basis: str | None
    pillar: int
    theme_forum: int | None
    theme_forum_basis: str | None
    planned_start_on: date | None
    planned_end_on: date | None
    actual_start_on: date | None
    actual_end_on: date | None
    locations: list[dict[str, Any]]
    list_confidence: str | None
    components: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    source_notes: str | None
    internal_note: str | None


def find_project(session: Session, slug: str) -> Project:
    """The project at an address, also a former one.

    :raises NotFound: nobody has or had this address.
    """
    project = session.scalar(sa.select(Project).where(Project.slug == slug))
    if project is None:
        former = sa.select(FormerSlug.project_id).where(FormerSlug.slug == slug).scalar_subquery()
        project = session.scalar(sa.select(Project).where(Project.id == former))
    if project is None:
        raise NotFound(f"There is no project {slug!r}.")
    return project


def named_project(session: Session, slug: str, pointer: str) -> Project:
    """The project that a body names at ``pointer``.

    :raises Invalid: nobody has or had this address.
    """
    try:
        return find_project(session, slug)
    except NotFound as error:
        fault = ProblemError("not_found", error.detail, pointer=pointer)
        raise Invalid(error.detail, errors=[fault]) from None


def lock_project(session: Session, slug: str) -> Project:
    """The project with its row locked, so that nobody changes it meanwhile."""
    project = find_project(session, slug)
    session.refresh(project, with_for_update=True)
    return project


_ROLE, _ORGANISATION = table_of(ProjectRole), table_of(Organisation)


def lead_statement(project: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Code of the organisation that leads ``project`` on the bound ``day``; inside another statement or by itself."""
    return (
        sa.select(_ORGANISATION.c.code)
        .join(_ROLE, _ROLE.c.organisation_id == _ORGANISATION.c.id)
        .where(
            _ROLE.c.project_id == project,
            _ROLE.c.role == LEAD,
            holds(_ROLE.c.from_on, _ROLE.c.to_on, sa.bindparam("day", type_=sa.Date)),
        )
    )


_LEAD = lead_statement(sa.bindparam("project", type_=_ROLE.c.project_id.type))


def lead_of(session: Session, project_id: UUID, day: date | None = None) -> str | None:
    """Code of the organisation that leads the project on ``day`` (today)."""
    found: str | None = session.scalar(_LEAD, {"project": project_id, "day": day or today()})
    return found


def require_version(project: Project, seen_version: int) -> None:
    """:raises StaleVersion: somebody else changed the row since the caller read it."""
    if project.version != seen_version:
        raise StaleVersion(f"The record is at version {project.version}, you read {seen_version}; read it again.")


def create_project(
    session: Session,
    values: ProjectChanges,
    *,
    proposed_on: date,
    basis: str = REPORTED,
    source_url: str | None = None,
    demo: bool = False,
) -> Project:
    """Make a proposal: a project in status ``proposed`` from ``proposed_on`` on, which is not in the future.

    :raises SlugTaken: the slug is or was another project's.
    :raises OpeningStockClosed: a reported proposal would enter the opening stock, without a decision (DOMAIN rule 1).
    """
    refuse_future(proposed_on, name="proposed_on")
    if proposed_on <= OPENING_ON and basis == REPORTED:
        raise OpeningStockClosed(
            f"The 75 proposals of {OPENING_ON} are the opening stock, which is complete; propose a project after that "
            "day, and let a decision admit it."
        )
    _require_free_slug(session, values["slug"])
    project = Project(
        title_known=True,
        title_aliases=[],
        pillar=1,
        locations=[],
        components=[],
        sources=[],
        status=PROPOSED,
        demo=demo,
    )
    _apply(session, project, values)
    session.add(project)
    session.flush()
    session.add(
        ProjectStatusChange(
            project_id=project.id,
            seq=1,
            to_status=PROPOSED,
            changed_on=proposed_on,
            holds_from_on=proposed_on,
            basis=basis,
            source_url=source_url,
        )
    )
    session.flush()
    return project


def update_project(session: Session, project: Project, changes: ProjectChanges) -> Project:
    """Apply ``changes`` to a locked project.

    :raises SlugTaken: the new slug is or was another project's.
    :raises NotNamedYet: ``title_known`` before field, lead ministry and source.
    """
    if changes.get("title_known") and not project.title_known:
        _require_nameable(session, project, changes)
    if "slug" in changes and changes["slug"] != project.slug:
        _move(session, project, changes)
    _apply(session, project, changes)
    session.flush()
    return project


def delete_project(session: Session, project: Project) -> None:
    """Remove a proposal made by mistake; it stays visible in the past.

    :raises NotADraft: it was admitted, or belongs to the opening stock.
    :raises Conflict: records hang on it.
    """
    journal = journal_of(session, project)
    if len(journal) > 1 or journal[0].holds_from_on <= OPENING_ON:
        raise NotADraft(
            f"{project.slug} has been more than a proposal; use a transition (not_pursued, transferred_out, merged)."
        )
    session.delete(journal[0])
    for former in session.scalars(sa.select(FormerSlug).where(FormerSlug.project_id == project.id)).all():
        session.delete(former)
    session.flush()
    session.delete(project)
    session.flush()


def journal_of(session: Session, project: Project) -> Sequence[ProjectStatusChange]:
    """The project's changes of status, oldest first."""
    statement = sa.select(ProjectStatusChange).where(ProjectStatusChange.project_id == project.id)
    return session.scalars(statement.order_by(ProjectStatusChange.seq)).all()


def assignment_on(session: Session, project: Project, day: date) -> Assignment | None:
    """The assignment that holds on ``day``."""
    table = Assignment.__table__.c
    statement = sa.select(Assignment).where(Assignment.project_id == project.id, holds(table.from_on, table.to_on, day))
    return session.scalar(statement)


def admission_of(session: Session, project: Project) -> date:
    """The day a project was admitted: from it counts what has no day of its own (DOMAIN 5)."""
    statement = sa.select(sa.func.min(ProjectStatusChange.holds_from_on)).where(
        ProjectStatusChange.project_id == project.id, ProjectStatusChange.to_status == ADOPTED
    )
    return session.scalar(statement) or today()


def _apply(session: Session, project: Project, changes: ProjectChanges) -> None:
    for name, value in changes.items():
        if name == "theme_forum":
            project.theme_forum_id = _forum_id(session, value)
        else:
            setattr(project, name, value)
    _require_order(project)
    project.title_sort = sort_key(project.title_de)
    project.search_text = search_text(project.title_de, project.title_en or "", *project.title_aliases)


def _forum_id(session: Session, number: object) -> Any:
    if number is None:
        return None
    found = session.scalar(sa.select(ThemeForum.id).where(ThemeForum.number == number))
    if found is None:
        detail = f"There is no theme forum {number}; /v1/theme-forums lists them."
        raise Invalid(detail, errors=[ProblemError(pointer="#/theme_forum", code="not_found", detail=detail)])
    return found


def _require_order(project: Project) -> None:
    for start, end in (("planned_start_on", "planned_end_on"), ("actual_start_on", "actual_end_on")):
        first, last = getattr(project, start), getattr(project, end)
        if first is not None and last is not None and first > last:
            detail = f"{start} ({first}) lies after {end} ({last})."
            raise Invalid(detail, errors=[ProblemError(pointer=f"#/{end}", code="ends_before_start", detail=detail)])


def _require_free_slug(session: Session, slug: str, project: Project | None = None) -> None:
    mine = project.id if project else None
    owner = session.scalar(sa.select(Project.id).where(Project.slug == slug))
    former = session.scalar(sa.select(FormerSlug.project_id).where(FormerSlug.slug == slug))
    if owner is not None or former not in (None, mine):
        raise SlugTaken(f"{slug!r} is or was the address of another project; choose another one.")


def _move(session: Session, project: Project, changes: ProjectChanges) -> None:
    """Give a project another address; the old one leads to the new one from now on."""
    _require_free_slug(session, changes["slug"], project)
    if session.scalar(sa.select(FormerSlug.id).where(FormerSlug.slug == project.slug)) is None:
        session.add(FormerSlug(slug=project.slug, project_id=project.id))
        session.flush()


def _require_nameable(session: Session, project: Project, changes: ProjectChanges) -> None:
    missing = [
        what
        for what, there in (
            ("an action field", assignment_on(session, project, today()) is not None),
            ("a lead ministry", lead_of(session, project.id) is not None),
            ("a source", bool(changes.get("sources", project.sources))),
            ("a title", not changes.get("title_de", project.title_de).startswith(UNNAMED_TITLE)),
        )
        if not there
    ]
    if missing:
        raise NotNamedYet(f"{project.slug} still lacks {', '.join(missing)}; add it first.")
