"""Milestones: what was to happen, what happened, and what was forecast in between."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portfolio.core.columns import CommittedText
from portfolio.core.dates import Precision
from portfolio.core.db import Entity
from portfolio.core.lifecycle import REPORTED, StatusChange
from portfolio.core.search import search_text
from portfolio.core.searching import SearchText, trigram_index
from portfolio.projects.models import Project


class Milestone(Entity):
    """A dated step of a project (Meilenstein); ``status`` is the latest, the journal tells that of any day."""

    __tablename__ = "milestone"
    __table_args__ = (
        sa.UniqueConstraint("project_id", "code"),
        sa.Index(None, "project_id", "id"),
        sa.Index(None, "baseline_on", "id"),
        sa.Index(None, "achieved_on", "id"),
        sa.Index(None, "updated_at", "id"),
    )
    project_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Project.id, ondelete="RESTRICT"))
    code: Mapped[str]
    title_de: Mapped[str]
    title_en: Mapped[str | None]
    kind: Mapped[str]
    phase: Mapped[str]
    baseline_on: Mapped[date | None]
    baseline_on_precision: Mapped[str] = mapped_column(default=Precision.DAY)
    achieved_on: Mapped[date | None]
    achieved_on_precision: Mapped[str] = mapped_column(default=Precision.DAY)
    season: Mapped[str | None]
    status: Mapped[str]
    evidence: Mapped[str | None]
    weight: Mapped[int] = mapped_column(default=1)
    reportable: Mapped[bool]
    basis: Mapped[str] = mapped_column(default=REPORTED)
    source_url: Mapped[str | None]


class MilestoneSearch(SearchText):
    """What a search for milestones looks through: their titles."""

    __tablename__ = "milestone_search"
    __table_args__ = (trigram_index(),)
    of = Milestone
    made_of = ("title_de", "title_en")
    record_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Milestone.id, ondelete="CASCADE"), unique=True)

    @staticmethod
    def text_of(record: Any) -> str:
        return search_text(record.title_de, record.title_en or "")


class MilestoneStatusChange(StatusChange):
    """One entry of a milestone's journal."""

    __tablename__ = "milestone_status_change"
    __table_args__ = (sa.UniqueConstraint("milestone_id", "seq"),)
    milestone_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Milestone.id, ondelete="RESTRICT"))
    _milestone: Mapped[Milestone] = relationship(lazy="raise")
    """Never asked: it puts the milestone before its entries where many of both are written together."""


class MilestoneForecast(Entity):
    """When a milestone is expected, as told on one reporting day (Prognose). Added, never edited."""

    __tablename__ = "milestone_forecast"
    __table_args__ = (
        sa.UniqueConstraint("milestone_id", "reported_on"),
        {"info": {"insert_only": True, "erasable": ("comment", "version", "updated_at")}},
    )
    append_only: ClassVar[bool] = True
    milestone_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Milestone.id, ondelete="RESTRICT"))
    reported_on: Mapped[date]
    forecast_on: Mapped[date]
    comment: Mapped[str | None] = mapped_column(CommittedText)
