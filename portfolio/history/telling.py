"""Steps told in public words: which record, what happened to it, field by field old and new."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from portfolio.core.resources import Kind, Register, Shown
from portfolio.history.archive import Image, disclosed, latest, text_of
from portfolio.history.sight import Seen

Keys = dict[tuple[str, str], Any]


@dataclass(frozen=True)
class Teller:
    """Tells what was seen, with the keys that records had at one revision."""

    session: Session
    register: Register
    revision: int
    _keys: Keys = field(default_factory=dict)

    def records(self, seen: Sequence[Seen]) -> list[dict[str, Any]]:
        """Each record with what happened to it."""
        homes = self._homes(seen)
        return [
            {
                "resource": self.register.home_of(one.kind).path,
                "type": one.kind.name,
                "id": one.entity_id,
                "path": self._path(*home),
                "operation": one.operation,
                "version": one.version,
            }
            for one, home in zip(seen, homes, strict=True)
        ]

    def differences(self, seen: Sequence[Seen]) -> list[list[dict[str, Any]]]:
        """Of each step the fields that differ: ``{"field", "old", "new"}``, in the order of the record."""
        self._learn(_named_by(one, shown) for one in seen for shown in _fields(one) if shown.target)
        places = {(image.rev, image.seq) for one in seen if one.internals for image in (one.before, one.after) if image}
        secrets = disclosed(self.session, places)
        return [self._differences(one, secrets) for one in seen]

    def _differences(self, one: Seen, secrets: dict[tuple[int, int, str], str]) -> list[dict[str, Any]]:
        def value(image: Image | None, shown: Shown) -> Any:
            if image is None or image.values is None:
                return None
            found = image.values.get(shown.column)  # a column that came later is not in older images
            if shown.committed:
                return text_of(secrets, image.rev, image.seq, f"/{shown.column}", found)
            return self._keys.get((shown.target, found), found) if shown.target and found else found

        found = []
        for shown in _fields(one):
            old, new = value(one.before, shown), value(one.after, shown)
            if old != new:
                found.append({"field": shown.name, "old": old, "new": new})
        return found

    def _learn(self, named: Iterable[tuple[str, Iterable[str]]]) -> None:
        """Look up the keys of the records that are named, once each."""
        wanted: dict[str, set[str]] = {}
        for entity, ids in named:
            if self.register.kinds[entity].key != "id":
                wanted.setdefault(entity, set()).update(one for one in ids if (entity, one) not in self._keys)
        for entity, unknown in wanted.items():
            kind = self.register.kinds[entity]
            for entity_id, image in latest(self.session, entity, unknown, self.revision, living=True).items():
                assert image.values is not None
                self._keys[entity, entity_id] = image.values[kind.key]

    def _homes(self, seen: Sequence[Seen]) -> list[tuple[Kind, str]]:
        """The record with an address of its own that each step is shown with."""
        homes = []
        for one in seen:
            kind, values = one.kind, one.new or one.old
            if kind.path is None and kind.belongs_to is not None and values is not None:
                homes.append((self.register.home_of(kind), str(values[kind.belongs_to])))
            else:
                homes.append((kind, one.entity_id))
        self._learn((kind.table.name, [entity_id]) for kind, entity_id in homes)
        return homes

    def _path(self, kind: Kind, entity_id: str) -> str:
        if kind.single:
            return f"/v1/{kind.path}"
        return f"/v1/{kind.path}/{self._keys.get((kind.table.name, entity_id), entity_id)}"


def _fields(one: Seen) -> list[Shown]:
    return [shown for shown in one.kind.shown if one.internals or not shown.internal]


def _named_by(one: Seen, shown: Shown) -> tuple[str, list[str]]:
    assert shown.target is not None
    values = [values[shown.column] for values in (one.old, one.new) if values is not None]
    return shown.target, [value for value in values if value is not None]
