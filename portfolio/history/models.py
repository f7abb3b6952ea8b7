"""The tables of the history: one revision per committed transaction, with the complete images it left."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.core.columns import Identifier
from portfolio.core.db import Base

_LOG = "it is the history itself"
ERASED = "[gelöscht]"


class LogHead(Base):
    """The end of the log, one row. Its lock is what puts commits in order without a gap."""

    __tablename__ = "log_head"
    __table_args__ = (sa.CheckConstraint("one = 1", name="one_row"),)
    not_audited = _LOG
    one: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    origin: Mapped[str] = mapped_column(sa.Text)
    epoch: Mapped[int] = mapped_column(sa.Integer)
    size: Mapped[int] = mapped_column(sa.BigInteger)
    frontier: Mapped[bytes] = mapped_column(sa.LargeBinary)
    last_leaf: Mapped[bytes] = mapped_column(sa.LargeBinary)
    last_at: Mapped[str] = mapped_column(sa.Text)


class Revision(Base):
    """One committed write (Revision); ``header`` is the canonical text that ``leaf`` hashes (HISTORY 3.2)."""

    __tablename__ = "revision"
    __table_args__ = (sa.CheckConstraint("rev >= 1", name="counts_from_one"), {"info": {"insert_only": True}})
    not_audited = _LOG
    rev: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False
    )
    header: Mapped[str] = mapped_column(sa.Text)
    leaf: Mapped[bytes] = mapped_column(sa.LargeBinary)


class Change(Base):
    """The complete image of one record after a revision; ``body`` is the canonical text as hashed."""

    __tablename__ = "change"
    not_audited = _LOG
    rev: Mapped[int] = mapped_column(
        sa.BigInteger, sa.ForeignKey(Revision.rev, ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    seq: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    entity: Mapped[str] = mapped_column(sa.Text)
    entity_id: Mapped[str] = mapped_column(sa.Text)
    body: Mapped[str] = mapped_column(sa.Text)

    __table_args__ = (
        sa.Index("ix_change_entity", entity, entity_id, rev.desc()),
        {"info": {"insert_only": True}},
    )


class Redactable(Base):
    """The value behind a commitment, with its salt: the only copy beside the record, so it can be erased.

    ``seq`` is the change's place in the revision, -1 for the header; ``value`` is canonical JSON.
    """

    __tablename__ = "redactable"
    not_audited = "its rows may be erased; what they said is proven by the commitment in the history"
    rev: Mapped[int] = mapped_column(
        sa.BigInteger, sa.ForeignKey(Revision.rev, ondelete="RESTRICT"), primary_key=True, autoincrement=False
    )
    seq: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    path: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    salt: Mapped[bytes] = mapped_column(sa.LargeBinary)
    value: Mapped[str] = mapped_column(sa.Text)


class Checkpoint(Base):
    """A signed head of the log (C2SP signed note), as it was handed out; the files outside are the evidence."""

    __tablename__ = "checkpoint"
    __table_args__ = ({"info": {"insert_only": True}},)
    not_audited = _LOG
    size: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False
    )
    note: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[str] = mapped_column(sa.Text)


class Idempotency(Base):
    """The stored answer of a write, under the key its sender gave it, so that sending it again changes nothing.

    The answer's columns are null until the transaction that made the row knows them; nobody else ever sees that.
    """

    __tablename__ = "idempotency"
    not_audited = "it holds answers, which are kept for a week only; what was written is in the history"
    scope: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(sa.LargeBinary, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(sa.LargeBinary)
    status: Mapped[int | None] = mapped_column(sa.Integer)
    headers: Mapped[str | None] = mapped_column(sa.Text)
    body: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    rev: Mapped[int | None] = mapped_column(sa.BigInteger)
    created_at: Mapped[str] = mapped_column(sa.Text, index=True)


class TreeRevision(Base):
    """The last revision that touched a project or what hangs on it."""

    __tablename__ = "tree_revision"
    not_audited = "it counts what the history holds, so that an answer's age is told without asking the history"
    project_id: Mapped[UUID] = mapped_column(Identifier, primary_key=True)
    rev: Mapped[int] = mapped_column(sa.BigInteger)


class AreaRevision(Base):
    """The last revision that touched a package's records that belong to no project; ``erasure`` for erasures."""

    __tablename__ = "area_revision"
    not_audited = "it counts what the history holds, so that an answer's age is told without asking the history"
    area: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    rev: Mapped[int] = mapped_column(sa.BigInteger)
