"""The recorded images, read as they were written: what a record looked like before and after each revision."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portfolio.history.models import ERASED, Change, Redactable

DELETED = '{"after":null%'
"""What the body of a deletion looks like, for LIKE."""
_CHUNK = 400
Item = TypeVar("Item")
Values = dict[str, Any]


@dataclass(frozen=True)
class Image:
    """One record after one revision; ``values`` is None once it is deleted."""

    rev: int
    seq: int
    body: str

    @cached_property
    def content(self) -> Values:
        found: Values = json.loads(self.body)
        return found

    @property
    def values(self) -> Values | None:
        found: Values | None = self.content["after"]
        return found

    @property
    def version(self) -> int:
        found: int = self.content["ver"]
        return found


@dataclass(frozen=True)
class Step:
    """What one revision, or a row of them, did to one record."""

    entity: str
    entity_id: str
    before: Image | None
    after: Image | None

    @property
    def images(self) -> list[Image]:
        return [image for image in (self.before, self.after) if image is not None]

    @property
    def values(self) -> Values | None:
        """What the record looked like after the step, or before it was deleted."""
        return next((image.values for image in reversed(self.images) if image.values is not None), None)


def steps(session: Session, *conditions: sa.ColumnElement[bool]) -> list[Step]:
    """The changes that meet ``conditions``, in the order of the log, each with the image before it."""
    before = aliased(Change)

    def earlier(column: Any) -> sa.ScalarSelect[Any]:
        same = sa.and_(before.entity == Change.entity, before.entity_id == Change.entity_id)
        return (
            sa.select(column)
            .where(same, before.rev < Change.rev)
            .order_by(before.rev.desc())
            .limit(1)
            .scalar_subquery()
        )

    statement = sa.select(
        Change.rev,
        Change.seq,
        Change.entity,
        Change.entity_id,
        Change.body,
        earlier(before.rev).label("before_rev"),
        earlier(before.seq).label("before_seq"),
        earlier(before.body).label("before_body"),
    ).where(*conditions)
    return [
        Step(
            row.entity,
            row.entity_id,
            None if row.before_rev is None else Image(row.before_rev, row.before_seq, row.before_body),
            Image(row.rev, row.seq, row.body),
        )
        for row in session.execute(statement.order_by(Change.rev, Change.seq))
    ]


def latest(
    session: Session, entity: str, ids: Collection[str], revision: int, *, living: bool = False
) -> dict[str, Image]:
    """The last image of each record up to ``revision``; with ``living`` the last one before it was deleted."""
    inner = aliased(Change)
    last = sa.select(sa.func.max(inner.rev)).where(
        inner.entity == Change.entity, inner.entity_id == Change.entity_id, inner.rev <= revision
    )
    if living:
        last = last.where(inner.body.not_like(DELETED))
    found: dict[str, Image] = {}
    for chunk in chunks(sorted(ids)):
        statement = sa.select(Change.entity_id, Change.rev, Change.seq, Change.body).where(
            Change.entity == entity, Change.entity_id.in_(chunk), Change.rev == last.scalar_subquery()
        )
        for row in session.execute(statement):
            found[row.entity_id] = Image(row.rev, row.seq, row.body)
    return found


def all_images(session: Session, entity: str, ids: Collection[str], revision: int) -> dict[str, list[Image]]:
    """Every image of each record up to ``revision``, oldest first."""
    found: dict[str, list[Image]] = {}
    for chunk in chunks(sorted(ids)):
        statement = sa.select(Change.entity_id, Change.rev, Change.seq, Change.body).where(
            Change.entity == entity, Change.entity_id.in_(chunk), Change.rev <= revision
        )
        for row in session.execute(statement.order_by(Change.rev)):
            found.setdefault(row.entity_id, []).append(Image(row.rev, row.seq, row.body))
    return found


def disclosed(session: Session, places: Collection[tuple[int, int]]) -> dict[tuple[int, int, str], str]:
    """The texts behind the commitments of ``places`` (revision, seq), by place and path; erased ones are missing."""
    found: dict[tuple[int, int, str], str] = {}
    for chunk in chunks(sorted(places)):
        place = sa.tuple_(Redactable.rev, Redactable.seq)
        statement = sa.select(Redactable.rev, Redactable.seq, Redactable.path, Redactable.value)
        for row in session.execute(statement.where(place.in_(chunk))):
            found[row.rev, row.seq, row.path] = json.loads(row.value)
    return found


def steps_between(session: Session, records: Sequence[tuple[str, str]], start: int, end: int) -> list[Step]:
    """What happened to each record (table, id) between two revisions, taken together, in the order given."""
    before, after = _states(session, records, start), _states(session, records, end)
    return [Step(*record, before.get(record), after.get(record)) for record in records]


def _states(session: Session, records: Sequence[tuple[str, str]], revision: int) -> dict[tuple[str, str], Image]:
    found = {}
    for entity in {entity for entity, _ in records}:
        ids = [entity_id for name, entity_id in records if name == entity]
        for entity_id, image in latest(session, entity, ids, revision).items():
            found[entity, entity_id] = image
    return found


def text_of(secrets: dict[tuple[int, int, str], str], rev: int, seq: int, path: str, committed: object) -> str | None:
    """The text of a commitment: null where nobody gave one, the word for erased where it is gone."""
    return None if committed is None else secrets.get((rev, seq, path), ERASED)


def chunks(items: Sequence[Item]) -> Iterator[list[Item]]:
    """``items`` in parts that fit into one statement's parameters."""
    rest = iter(items)
    while part := list(islice(rest, _CHUNK)):
        yield part
