"""Which record a key meant, also one that is deleted or has another address now."""

from __future__ import annotations

import json
from uuid import UUID

import sqlalchemy as sa

from portfolio.core.problems import NotFound
from portfolio.core.resources import Kind
from portfolio.history.archive import all_images, steps
from portfolio.history.canonical import canonical
from portfolio.history.models import Change
from portfolio.history.sight import Sight


def find_record(sight: Sight, kind: Kind, key: str) -> str:
    """The id of the record with this key; where several had it, the living one, else the last.

    :raises NotFound: no record has or had it, or the caller may not see any image of it.
    """
    session, revision = sight.moment.session, sight.moment.revision
    value = _recorded(kind, key)
    ids = [] if value is None else [str(value)] if kind.key == "id" else _ids(sight, kind, value)
    images = all_images(session, kind.table.name, ids, revision)
    living = [one for one in ids if one in images and (images[one][-1].values or {}).get(kind.key) == value]
    for entity_id in [*living, *(one for one in ids if one in images)]:
        record = sa.and_(Change.entity == kind.table.name, Change.entity_id == entity_id)
        if sight.see(steps(session, record, Change.rev <= revision)):
            return entity_id
    raise NotFound(f"There is no {kind.name.replace('_', ' ')} {key!r} here.")


def _recorded(kind: Kind, key: str) -> str | int | None:
    """The key as it is recorded; None where no key can look like this."""
    python_type = kind.table.columns[kind.key].type.python_type
    if python_type is int:
        return int(key) if key.isascii() and key.isdecimal() and len(key) < 10 else None
    if python_type is UUID:
        try:
            return str(UUID(key)) if str(UUID(key)) == key.lower() else None
        except ValueError:
            return None
    return key


def _ids(sight: Sight, kind: Kind, value: str | int) -> list[str]:
    """The ids of all records that ever had this key, the last one first."""
    written = f'"{kind.key}":{canonical(value).decode()}'
    statement = (
        sa.select(Change.entity_id, Change.body)
        .where(
            Change.entity == kind.table.name,
            Change.rev <= sight.moment.revision,
            Change.body.contains(written, autoescape=True),
        )
        .order_by(Change.rev.desc())
    )
    found = sight.moment.session.execute(statement)
    return list(dict.fromkeys(row.entity_id for row in found if json.loads(row.body)["after"].get(kind.key) == value))
