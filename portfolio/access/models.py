"""Who is asking: people behind pseudonyms, and the keys they hold."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.core import sources
from portfolio.core.db import Base

SYSTEM = "act_system"
SEED = "act_seed"


class Actor(Base):
    """A person or program behind a random pseudonym: the only place with names, so that they can be erased."""

    __tablename__ = "actor"
    not_audited = "names must be erasable; the history holds only the pseudonym"
    __table_args__ = (
        # One pseudonym per person; erased ones have an empty subject.
        sa.Index(
            "ix_actor_subject",
            "subject",
            unique=True,
            sqlite_where=sa.text("subject <> ''"),
            postgresql_where=sa.text("subject <> ''"),
        ),
    )
    actor_id: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    """``key:`` and the key's first characters, or ``oidc:`` and what the provider calls the person."""
    display_name: Mapped[str]
    erased_at: Mapped[datetime | None]


class ApiKey(Base):
    """A credential (API-Schlüssel): 256 random bits, of which only the SHA-256 is kept."""

    __tablename__ = "api_key"
    not_audited = "credentials are no content of the register; their use changes them without a revision"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=sources.new_id)
    prefix: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[bytes] = mapped_column(sa.LargeBinary)
    role: Mapped[str]
    organisation: Mapped[str | None]
    actor_id: Mapped[str] = mapped_column(sa.ForeignKey(Actor.actor_id, ondelete="RESTRICT"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
