"""Revisions as their readers see them: who wrote, when and why, and what the caller may see of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.access.guard import FULL_VIEW, PUBLIC_VIEW
from portfolio.core.resources import Kind
from portfolio.history.archive import DELETED, Step, chunks, disclosed, steps, text_of
from portfolio.history.models import Change, Revision
from portfolio.history.recorder import HEADER_SEQ
from portfolio.history.sight import Seen, Sight
from portfolio.history.telling import Teller

Header = dict[str, Any]
LARGEST_FEED = 5000
"""The most changes that one answer of the feed takes in, unless a single revision has more."""


@dataclass(frozen=True)
class Entry:
    """One revision with what is seen of it."""

    header: Header
    leaf: bytes
    seen: list[Seen]
    reason: str | None
    internals: bool

    def facts(self) -> dict[str, Any]:
        """Who, when, why. What a caller may not see is left out, also the action of a write that is hidden whole."""
        found = {"revision": self.header["rev"], "at": self.header["at"]}
        if self.seen or self.header["n"] == 0:
            found |= {"action": self.header["action"], "ministry": self.header["ministry"]}
        if self.internals:
            found |= {"actor": self.header["actor"], "reason": self.reason}
        return found

    def proof(self) -> dict[str, Any]:
        """What ties the revision into the log."""
        found = {
            "epoch": self.header["epoch"],
            "schema": self.header["schema"],
            "leaf": self.leaf.hex(),
            "changes_root": self.header["changes"],
            "previous_leaf": self.header["prev"],
        }
        return found | {"changes_count": len(self.seen)} if len(self.seen) == self.header["n"] else found


def entries(sight: Sight, revisions: Sequence[int]) -> list[Entry]:
    """The revisions of these numbers, in the order given."""
    seen = _seen(sight, revisions)
    return _entries(sight, revisions, seen, seen)


def headers(session: Session, revisions: Sequence[int]) -> dict[int, tuple[Header, bytes]]:
    """Header and leaf of each revision, by number."""
    found = {}
    for chunk in chunks(revisions):
        for row in session.execute(
            sa.select(Revision.rev, Revision.header, Revision.leaf).where(Revision.rev.in_(chunk))
        ):
            found[row.rev] = (json.loads(row.header), row.leaf)
    return found


def told(sight: Sight, teller: Teller, found: Sequence[Entry]) -> list[dict[str, Any]]:
    """Revisions with the records they touched, for lists and the feed."""
    records = iter(teller.records([one for entry in found for one in entry.seen]))
    return [{**entry.facts(), **entry.proof(), "records": [next(records) for _ in entry.seen]} for entry in found]


def history_of(
    sight: Sight, teller: Teller, kind: Kind, entity_id: str, revisions: Sequence[int]
) -> list[dict[str, Any]]:
    """What each revision did to one record and to its parts; those that show nothing of it are left out."""
    own = sight.see(_own_steps(sight, kind, entity_id, revisions))
    parts = sight.see(_part_steps(sight, kind, entity_id, revisions))
    differences = iter(teller.differences([*own, *parts]))
    of_own = {one.rev: (one, next(differences)) for one in own}
    of_parts: dict[int, list[dict[str, Any]]] = {}
    for one in parts:
        of_parts.setdefault(one.rev, []).append({**_part(one), "changes": next(differences)})
    shown = {rev: [of_own[rev][0]] for rev in revisions if rev in of_own}
    one_organisation = sight.view not in (PUBLIC_VIEW, FULL_VIEW)
    found = _entries(sight, list(shown), shown, _seen(sight, list(shown)) if one_organisation else shown)
    return [
        {
            **entry.facts(),
            "operation": entry.seen[0].operation,
            "version": entry.seen[0].version,
            "changes": of_own[entry.header["rev"]][1],
            "parts": of_parts.get(entry.header["rev"], []),
        }
        for entry in found
    ]


def feed_revisions(session: Session, since: int, head: int, limit: int) -> list[int]:
    """The revisions after ``since``, as many as one answer takes in; never a gap."""
    found = headers(session, range(since + 1, min(since + limit, head) + 1))
    taken: list[int] = []
    total = 0
    for rev in sorted(found):
        total += found[rev][0]["n"]
        if taken and total > LARGEST_FEED:
            break
        taken.append(rev)
    return taken


def _seen(sight: Sight, revisions: Sequence[int]) -> dict[int, list[Seen]]:
    """All that is seen of each revision."""
    seen: dict[int, list[Seen]] = {}
    for chunk in chunks(revisions):
        for one in sight.see(steps(sight.moment.session, Change.rev.in_(chunk))):
            seen.setdefault(one.rev, []).append(one)
    return seen


def _entries(
    sight: Sight, revisions: Sequence[int], seen: dict[int, list[Seen]], whole: dict[int, list[Seen]]
) -> list[Entry]:
    """:param whole: all that is seen of a revision, which decides who sees its author; ``seen`` is what is told."""
    session = sight.moment.session
    found = headers(session, revisions)
    internals = {rev: _sees_author(sight, found[rev][0], whole.get(rev, [])) for rev in revisions}
    secrets = disclosed(session, {(rev, HEADER_SEQ) for rev in revisions if internals[rev]})
    return [
        Entry(
            found[rev][0],
            found[rev][1],
            seen.get(rev, []),
            text_of(secrets, rev, HEADER_SEQ, "/reason", found[rev][0]["reason"]),
            internals[rev],
        )
        for rev in revisions
    ]


def _sees_author(sight: Sight, header: Header, seen: Sequence[Seen]) -> bool:
    """Author and reason are for those who see the internals of everything the revision touched, hidden drafts too."""
    if sight.view == FULL_VIEW:
        return True
    return bool(seen) and len(seen) == header["n"] and all(one.internals for one in seen)


def _own_steps(sight: Sight, kind: Kind, entity_id: str, revisions: Sequence[int]) -> list[Step]:
    record = sa.and_(Change.entity == kind.table.name, Change.entity_id == entity_id)
    return [step for chunk in chunks(revisions) for step in steps(sight.moment.session, record, Change.rev.in_(chunk))]


def _part_steps(sight: Sight, kind: Kind, entity_id: str, revisions: Sequence[int]) -> list[Step]:
    parts = {part.table.name: part.belongs_to for part in sight.register.parts_of(kind)}
    # Whatever names the record, and deletions, whose images name nothing: what they belonged to is looked up.
    names = sa.or_(Change.body.contains(entity_id), Change.body.like(DELETED))
    found = []
    for chunk in chunks(revisions):
        for step in steps(sight.moment.session, Change.rev.in_(chunk), Change.entity.in_(parts), names):
            values, column = step.values, parts[step.entity]
            if values is not None and column is not None and values[column] == entity_id:
                found.append(step)
    return found


def _part(one: Seen) -> dict[str, Any]:
    return {"type": one.kind.name, "id": one.entity_id, "operation": one.operation, "version": one.version}
