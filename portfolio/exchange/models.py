"""Files that were sent in, and what they would change."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from portfolio.core import sources
from portfolio.core.db import Base


class Import(Base):
    """A file sent in by one author (Import), with what was found in it; kept for a month at most."""

    __tablename__ = "import_file"
    not_audited = "a file on its way in is working material; what it changed is in the history as one revision"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=sources.new_id)
    actor_id: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime]
    filename: Mapped[str]
    kind: Mapped[str]
    sheet: Mapped[str | None]
    sha256: Mapped[str]
    file: Mapped[bytes] = mapped_column(sa.LargeBinary)
    reason: Mapped[str | None]
    state: Mapped[str]
    seen_revision: Mapped[int]
    """Revision of the register that the file was compared with."""
    based_on: Mapped[int | None]
    """Revision that the workbook was given out at."""
    rows: Mapped[bytes] = mapped_column(sa.LargeBinary)
    """What it asks for, as compressed JSON."""
    changes: Mapped[bytes] = mapped_column(sa.LargeBinary)
    """The same as it is shown."""
    result: Mapped[bytes] = mapped_column(sa.LargeBinary)
    """What else was found, as compressed JSON."""
    conflicts: Mapped[int]
    applied_at: Mapped[datetime | None]
    revision: Mapped[int | None]
    """Revision that it became; None while it is not applied, or where it changed nothing."""
