"""Money: programmes, applications, awards in chains, booked entries, and what sources say beside them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portfolio.core.columns import CommittedText, Document, PlainText, Rate
from portfolio.core.dates import Precision
from portfolio.core.db import Entity
from portfolio.core.lifecycle import REPORTED, StatusChange
from portfolio.organisations.models import Organisation
from portfolio.projects.models import Project


class FundingProgramme(Entity):
    """A source of money with its rules (Förderprogramm)."""

    __tablename__ = "funding_programme"
    __table_args__ = (sa.Index(None, "updated_at", "id"),)
    code: Mapped[str] = mapped_column(PlainText, unique=True)
    title_de: Mapped[str]
    title_en: Mapped[str | None]
    level: Mapped[str]
    fund: Mapped[str | None]
    period_from_on: Mapped[date | None]
    period_to_on: Mapped[date | None]
    legal_basis: Mapped[str | None]
    parameters: Mapped[Any] = mapped_column(Document)
    relation: Mapped[str | None]
    source_url: Mapped[str | None]
    demo: Mapped[bool] = mapped_column(default=False)


class Application(Entity):
    """Money asked for (Förderantrag).

    ``counts_from_on`` is the day from which the sums count it: the submission, else the award that proves it, else
    the project's admission; null for a draft. Amounts in EUR; a null amount is unknown, never zero.
    """

    __tablename__ = "application"
    __table_args__ = (
        sa.Index(None, "project_id", "id"),
        sa.Index(None, "submitted_on", "id"),
        sa.Index(None, "counts_from_on", "id"),
        sa.Index(None, "requested_amount", "id"),
        sa.Index(None, "updated_at", "id"),
    )
    project_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Project.id, ondelete="RESTRICT"))
    programme_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey(FundingProgramme.id, ondelete="RESTRICT"), index=True
    )
    level: Mapped[str | None]
    applicant_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey(Organisation.id, ondelete="RESTRICT"), index=True)
    recipient_text: Mapped[str | None]
    purpose: Mapped[str | None]
    file_reference: Mapped[str | None]
    requested_amount: Mapped[Decimal | None]
    eligible_cost: Mapped[Decimal | None]
    requested_rate: Mapped[Decimal | None] = mapped_column(Rate)
    submitted_on: Mapped[date | None]
    submitted_on_precision: Mapped[str] = mapped_column(default=Precision.DAY)
    decided_on: Mapped[date | None]
    decided_on_precision: Mapped[str] = mapped_column(default=Precision.DAY)
    counts_from_on: Mapped[date | None]
    status: Mapped[str]
    reason: Mapped[str | None] = mapped_column(CommittedText)
    basis: Mapped[str] = mapped_column(default=REPORTED)
    note: Mapped[str | None]
    source_url: Mapped[str | None]


class ApplicationStatusChange(StatusChange):
    """One entry of an application's journal."""

    __tablename__ = "application_status_change"
    __table_args__ = (sa.UniqueConstraint("application_id", "seq"),)
    application_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Application.id, ondelete="RESTRICT"))
    _application: Mapped[Application] = relationship(lazy="raise")
    """Never asked: it puts the application before its entries where many of both are written together."""


class Award(Entity):
    """Money granted (Bewilligung); an amendment (Änderungsbescheid) is a new award that supersedes.

    An award and its amendments are one chain (``chain_id`` is the first one's id). It is in force from
    ``counts_from_on`` until ``ended_on`` (exclusive; superseded or revoked). Amounts in EUR, null where unknown.
    """

    __tablename__ = "award"
    __table_args__ = (
        sa.UniqueConstraint("supersedes_id"),
        sa.Index(None, "issued_on", "id"),
        sa.Index(None, "counts_from_on", "id"),
        sa.Index(None, "amount", "id"),
        sa.Index(None, "updated_at", "id"),
    )
    application_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Application.id, ondelete="RESTRICT"), index=True)
    chain_id: Mapped[UUID] = mapped_column(index=True)
    number: Mapped[str | None]
    issued_on: Mapped[date | None]
    issued_on_precision: Mapped[str] = mapped_column(default=Precision.DAY)
    counts_from_on: Mapped[date]
    final_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    settled_on: Mapped[date | None]
    amount: Mapped[Decimal | None]
    amount_qualifier: Mapped[str | None]
    rate: Mapped[Decimal | None] = mapped_column(Rate)
    approval_from_on: Mapped[date | None]
    approval_from_on_precision: Mapped[str] = mapped_column(default=Precision.DAY)
    approval_to_on: Mapped[date | None]
    approval_to_on_precision: Mapped[str] = mapped_column(default=Precision.DAY)
    evidence: Mapped[str]
    payments_known_until: Mapped[date | None]
    supersedes_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("award.id", ondelete="RESTRICT"))
    status: Mapped[str]
    basis: Mapped[str] = mapped_column(default=REPORTED)
    note: Mapped[str | None]
    source_url: Mapped[str | None]


class AwardStatusChange(StatusChange):
    """One entry of an award's journal."""

    __tablename__ = "award_status_change"
    __table_args__ = (sa.UniqueConstraint("award_id", "seq"),)
    award_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Award.id, ondelete="RESTRICT"))


class LedgerEntry(Entity):
    """One dated amount of an award chain (Buchung). Added, never edited: a correction is a new entry that reverses.

    ``amount`` is what the document says, above zero. ``paid_out`` is what the entry adds to the money paid out:
    plus for a disbursement, minus for a repayment, the opposite of the reversed entry for a correction, else zero.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        sa.UniqueConstraint("reverses_id"),
        sa.CheckConstraint("amount > 0", name="amount_positive"),
        sa.Index(None, "booked_on", "id"),
        sa.Index(None, "amount", "id"),
        sa.Index(None, "created_at", "id"),
        {"info": {"insert_only": True, "erasable": ("comment", "version", "updated_at")}},
    )
    append_only: ClassVar[bool] = True
    award_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Award.id, ondelete="RESTRICT"), index=True)
    chain_id: Mapped[UUID] = mapped_column(index=True)
    type: Mapped[str]
    amount: Mapped[Decimal]
    paid_out: Mapped[Decimal]
    booked_on: Mapped[date]
    value_on: Mapped[date | None]
    budget_year: Mapped[int | None]
    payer: Mapped[str | None]
    payee: Mapped[str | None]
    document_reference: Mapped[str | None]
    reverses_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("ledger_entry.id", ondelete="RESTRICT"))
    comment: Mapped[str | None] = mapped_column(CommittedText)


class FundingStatement(Entity):
    """What a source says about money that is no grant or cannot be summed (Angabe); never in a total."""

    __tablename__ = "funding_statement"
    __table_args__ = (
        sa.Index(None, "project_id", "id"),
        sa.Index(None, "stated_on", "id"),
        sa.Index(None, "amount", "id"),
    )
    project_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Project.id, ondelete="RESTRICT"))
    kind: Mapped[str]
    level: Mapped[str | None]
    programme_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey(FundingProgramme.id, ondelete="RESTRICT"), index=True
    )
    amount: Mapped[Decimal | None]
    qualifier: Mapped[str | None]
    scope: Mapped[str | None]
    total_cost: Mapped[Decimal | None]
    stated_on: Mapped[date | None]
    stated_on_precision: Mapped[str] = mapped_column(default=Precision.DAY)
    period_from_on: Mapped[date | None]
    period_from_on_precision: Mapped[str] = mapped_column(default=Precision.DAY)
    period_to_on: Mapped[date | None]
    period_to_on_precision: Mapped[str] = mapped_column(default=Precision.DAY)
    recipient_text: Mapped[str | None]
    note: Mapped[str | None]
    source_url: Mapped[str | None]
