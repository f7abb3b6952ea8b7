"""The portfolio itself: projects, what field and ministry they belong to, and the decisions about them."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.core.columns import CommittedText, Document, PlainText, SortKey
from portfolio.core.dates import Precision
from portfolio.core.db import Entity
from portfolio.core.lifecycle import StatusChange
from portfolio.core.searching import SearchText, trigram_index
from portfolio.organisations.models import Organisation
from portfolio.taxonomy.models import ActionField, ThemeForum


class Programme(Entity):
    """The Ruhr-Konferenz itself (Programm): what it is, its phases, and the official figures beside ours."""

    __tablename__ = "programme"
    code: Mapped[str] = mapped_column(unique=True)
    name_de: Mapped[str]
    name_en: Mapped[str]
    motto: Mapped[str]
    goal_de: Mapped[str]
    goal_en: Mapped[str]
    phases: Mapped[Any] = mapped_column(Document)
    pillars: Mapped[Any] = mapped_column(Document)
    participation: Mapped[Any] = mapped_column(Document)
    events: Mapped[Any] = mapped_column(Document)
    official_counts: Mapped[Any] = mapped_column(Document)
    amounts: Mapped[Any] = mapped_column(Document)
    advisory_board: Mapped[Any] = mapped_column(Document)
    responsible_offices: Mapped[Any] = mapped_column(Document)
    not_matched: Mapped[Any] = mapped_column(Document)


class Project(Entity):
    """One project of the programme (Projekt); ``status`` is the latest, the journal tells the status of any day."""

    __tablename__ = "project"
    __table_args__ = (
        sa.Index(None, "title_sort", "id"),
        sa.Index(None, "code", "id"),
        sa.Index(None, "updated_at", "id"),
        sa.Index(None, "created_at", "id"),
    )
    heads_tree = True
    slug: Mapped[str] = mapped_column(PlainText, unique=True)
    code: Mapped[str | None] = mapped_column(PlainText, unique=True)
    code_basis: Mapped[str | None]
    proposal_number: Mapped[int | None]
    title_de: Mapped[str]
    title_en: Mapped[str | None]
    title_known: Mapped[bool]
    title_aliases: Mapped[Any] = mapped_column(Document)
    title_sort: Mapped[str] = mapped_column(SortKey)
    search_text: Mapped[str]
    summary_de: Mapped[str | None]
    summary_en: Mapped[str | None]
    summary_basis: Mapped[str | None]
    pillar: Mapped[int]
    theme_forum_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey(ThemeForum.id, ondelete="RESTRICT"), index=True)
    theme_forum_basis: Mapped[str | None]
    status: Mapped[str]
    planned_start_on: Mapped[date | None]
    planned_end_on: Mapped[date | None]
    actual_start_on: Mapped[date | None]
    actual_end_on: Mapped[date | None]
    locations: Mapped[Any] = mapped_column(Document)
    list_confidence: Mapped[str | None]
    components: Mapped[Any] = mapped_column(Document)
    sources: Mapped[Any] = mapped_column(Document)
    source_notes: Mapped[str | None]
    internal_note: Mapped[str | None] = mapped_column(CommittedText)
    demo: Mapped[bool] = mapped_column(default=False)


class ProjectSearch(SearchText):
    """What a search for projects looks through: titles and aliases."""

    __tablename__ = "project_search"
    __table_args__ = (trigram_index(),)
    of = Project
    made_of = ("search_text",)
    record_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Project.id, ondelete="CASCADE"), unique=True)


class FormerSlug(Entity):
    """An address a project had before it was named; requests for it are sent on."""

    __tablename__ = "project_former_slug"
    slug: Mapped[str] = mapped_column(unique=True)
    project_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Project.id, ondelete="RESTRICT"), index=True)


class Decision(Entity):
    """A dated act of cabinet, ministry, authority or parliament (Beschluss)."""

    __tablename__ = "decision"
    __table_args__ = (sa.Index(None, "decided_on", "id"), sa.Index(None, "updated_at", "id"))
    kind: Mapped[str]
    authority: Mapped[str]
    decided_on: Mapped[date]
    decided_on_precision: Mapped[str] = mapped_column(default=Precision.DAY)
    title_de: Mapped[str]
    title_en: Mapped[str | None]
    reason_de: Mapped[str | None]
    reason_en: Mapped[str | None]
    agreed_with: Mapped[str | None]
    source_url: Mapped[str | None]
    demo: Mapped[bool] = mapped_column(default=False)


class DecisionEffect(Entity):
    """What a decision does to one project: admit, remove, merge, split, reassign, rename."""

    __tablename__ = "decision_effect"
    __table_args__ = (sa.UniqueConstraint("decision_id", "position"),)
    decision_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Decision.id, ondelete="RESTRICT"))
    position: Mapped[int]
    project_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Project.id, ondelete="RESTRICT"), index=True)
    effect: Mapped[str]
    from_value: Mapped[str | None]
    to_value: Mapped[str | None]
    basis: Mapped[str | None]
    source_url: Mapped[str | None]


class Assignment(Entity):
    """A project's action field over a period (Zuordnung); ``to_on`` is exclusive, null while it holds."""

    __tablename__ = "assignment"
    __table_args__ = (
        sa.UniqueConstraint("project_id", "from_on"),
        sa.CheckConstraint("to_on IS NULL OR from_on < to_on", name="period"),
    )
    project_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Project.id, ondelete="RESTRICT"))
    action_field_id: Mapped[UUID] = mapped_column(sa.ForeignKey(ActionField.id, ondelete="RESTRICT"), index=True)
    from_on: Mapped[date]
    to_on: Mapped[date | None]
    decision_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey(Decision.id, ondelete="RESTRICT"), index=True)
    basis: Mapped[str]
    source_url: Mapped[str | None]


class ProjectRole(Entity):
    """An organisation's part in a project over a period (Zuständigkeit); a null ``from_on`` is not known."""

    __tablename__ = "project_role"
    __table_args__ = (
        sa.CheckConstraint("to_on IS NULL OR from_on < to_on", name="period"),
        sa.Index(None, "project_id", "role"),
        sa.Index(None, "organisation_id", "role"),
    )
    project_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Project.id, ondelete="RESTRICT"))
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Organisation.id, ondelete="RESTRICT"))
    role: Mapped[str]
    from_on: Mapped[date | None]
    to_on: Mapped[date | None]
    decision_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey(Decision.id, ondelete="RESTRICT"), index=True)
    basis: Mapped[str]
    note: Mapped[str | None]


class ProjectStatusChange(StatusChange):
    """One entry of a project's journal."""

    __tablename__ = "project_status_change"
    __table_args__ = (sa.UniqueConstraint("project_id", "seq"), sa.Index(None, "changed_on", "project_id"))
    project_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Project.id, ondelete="RESTRICT"))
    decision_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey(Decision.id, ondelete="RESTRICT"), index=True)
    merged_into_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey(Project.id, ondelete="RESTRICT"), index=True)
