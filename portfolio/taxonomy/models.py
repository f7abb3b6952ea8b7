"""The five action fields, and the theme forums that proposed the projects."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from portfolio.core.columns import Document
from portfolio.core.db import Entity


class ActionField(Entity):
    """One of the five fields the cabinet placed the projects in (Handlungsfeld)."""

    __tablename__ = "action_field"
    code: Mapped[str] = mapped_column(unique=True)
    title_de: Mapped[str]
    title_en: Mapped[str]
    short_title_de: Mapped[str]
    short_title_en: Mapped[str]
    title_en_progress_report: Mapped[str | None]
    position: Mapped[int]


class ThemeForum(Entity):
    """One of the twenty forums that made the proposals (Themenforum)."""

    __tablename__ = "theme_forum"
    number: Mapped[int] = mapped_column(unique=True)
    number_basis: Mapped[str]
    title_de: Mapped[str | None]
    title_en: Mapped[str | None]
    lead_ministry: Mapped[str | None]
    """The organisation's code as published; organisations stand on the same floor and are not seen from here."""
    moderators: Mapped[Any] = mapped_column(Document)
    event_dates: Mapped[Any] = mapped_column(Document)
    proposals_stated: Mapped[int | None]
    proposals_minimum: Mapped[int | None]
    note: Mapped[str | None]
    source_url: Mapped[str | None]
