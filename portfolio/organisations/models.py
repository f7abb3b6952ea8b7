"""Ministries and others: names and remits change, so each has a validity and successors."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.core.columns import PlainText, SortKey
from portfolio.core.db import Entity
from portfolio.core.searching import SearchText, trigram_index


class Organisation(Entity):
    """A ministry, municipality, university, company, association or authority (Organisation)."""

    __tablename__ = "organisation"
    __table_args__ = (
        sa.CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name="valid_period"),
        sa.Index(None, "name_sort", "id"),
        sa.Index(None, "updated_at", "id"),
    )
    code: Mapped[str] = mapped_column(PlainText, unique=True)
    name_de: Mapped[str]
    name_en: Mapped[str | None]
    name_sort: Mapped[str] = mapped_column(SortKey)
    search_text: Mapped[str]
    kind: Mapped[str]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    """Exclusive; null while the organisation exists."""
    period_covered: Mapped[str | None]
    """What the sources cover, as published; no end of validity."""
    source_url: Mapped[str | None]
    demo: Mapped[bool] = mapped_column(default=False)


class OrganisationSearch(SearchText):
    """What a search for organisations looks through: code and names."""

    __tablename__ = "organisation_search"
    __table_args__ = (trigram_index(),)
    of = Organisation
    made_of = ("search_text",)
    record_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Organisation.id, ondelete="CASCADE"), unique=True)


class Succession(Entity):
    """One organisation's remit going to another on a day (Rechtsnachfolge)."""

    __tablename__ = "organisation_succession"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "successor_id"),)
    organisation_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Organisation.id, ondelete="RESTRICT"), index=True)
    successor_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Organisation.id, ondelete="RESTRICT"), index=True)
    happened_on: Mapped[date]
    kind: Mapped[str]
    basis: Mapped[str | None]
    note: Mapped[str | None]
    source_url: Mapped[str | None]
