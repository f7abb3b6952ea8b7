"""What one caller may see of the recorded images: no drafts and no internals of others (DESIGN 6)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from portfolio.access.guard import FULL_VIEW, PUBLIC_VIEW, sees_internal
from portfolio.core.resources import Kind, Register
from portfolio.history.archive import Image, Step, Values, all_images, latest
from portfolio.history.reading import Reading

Owners = Callable[[Reading, Collection[str]], Mapping[str, str]]
"""Who owns each record of the register's owned table today; those without an owner are missing."""


@dataclass(frozen=True)
class Seen:
    """One step as the caller sees it; an image that is hidden is as if there were none."""

    kind: Kind
    entity_id: str
    before: Image | None
    after: Image | None
    rev: int
    version: int
    internals: bool

    @property
    def old(self) -> Values | None:
        return self.before.values if self.before else None

    @property
    def new(self) -> Values | None:
        return self.after.values if self.after else None

    @property
    def operation(self) -> str:
        if self.old is None:
            return "create"
        return "delete" if self.new is None else "update"


@dataclass(frozen=True)
class Sight:
    """The eyes of one caller at one moment."""

    moment: Reading
    view: str
    register: Register
    owners: Owners

    def see(self, steps: Sequence[Step]) -> list[Seen]:
        """The steps of which anything is to be seen, in their order."""
        seen = [
            Seen(
                self.register.kinds[step.entity],
                step.entity_id,
                step.before,
                step.after,
                step.images[-1].rev,
                step.images[-1].version,
                internals,
            )
            for step, internals in zip(steps, self._internals(steps), strict=True)
        ]
        hidden = self._hidden([one for one in seen if not one.internals])
        cleared = [replace(one, before=hidden(one, one.before), after=hidden(one, one.after)) for one in seen]
        return [one for one in cleared if one.old is not None or one.new is not None]

    def _internals(self, steps: Sequence[Step]) -> list[bool]:
        if self.view in (PUBLIC_VIEW, FULL_VIEW):
            return [self.view == FULL_VIEW] * len(steps)
        projects = self._owned(steps)
        owners = self.owners(self.moment, {found for found in projects if found is not None})
        return [found is not None and sees_internal(self.view, owners.get(found)) for found in projects]

    def _owned(self, steps: Sequence[Step]) -> list[str | None]:
        """The owned record that each step belongs to in the end."""
        return [
            next((entity_id for entity, entity_id, _ in line if entity == self.register.owned), None)
            for line in self.lines(steps)
        ]

    def lines(self, steps: Sequence[Step]) -> list[list[tuple[str, str, Values | None]]]:
        """Each step's record (table, id, values) and all it belongs to, walking up all of them level by level."""
        lines = [[(step.entity, step.entity_id, step.values)] for step in steps]
        walking = list(lines)
        while walking:
            upwards = [(line, parent) for line in walking if (parent := self._parent(*line[-1])) is not None]
            images = self._living({parent for _, parent in upwards})
            for line, parent in upwards:
                line.append((*parent, images.get(parent)))
            walking = [line for line, _ in upwards]
        return lines

    def _parent(self, entity: str, _entity_id: str, values: Values | None) -> tuple[str, str] | None:
        kind = self.register.kinds[entity]
        if kind.belongs_to is None or kind.parent is None or values is None:
            return None
        return kind.parent, values[kind.belongs_to]

    def _living(self, records: Collection[tuple[str, str]]) -> dict[tuple[str, str], Values | None]:
        found: dict[tuple[str, str], Values | None] = {}
        for entity in {entity for entity, _ in records}:
            ids = {entity_id for name, entity_id in records if name == entity}
            images = latest(self.moment.session, entity, ids, self.moment.revision, living=True)
            found.update({(entity, entity_id): image.values for entity_id, image in images.items()})
        return found

    def _hidden(self, seen: Sequence[Seen]) -> Callable[[Seen, Image | None], Image | None]:
        """A function that takes away the images of drafts, and of what belongs to a record that was one."""
        lives = self._lives_of_parents(seen)

        def clear(one: Seen, image: Image | None) -> Image | None:
            if one.internals or image is None or image.values is None:
                return image
            parent = self.register.kinds.get(one.kind.parent or "")
            if parent is not None and parent.draft and one.kind.belongs_to is not None:
                life = lives[parent.table.name].get(image.values[one.kind.belongs_to], [])
                then = next((earlier for earlier in reversed(life) if earlier.rev <= image.rev), None)
                if then is not None and _matches(parent, then.values):
                    return None
            return None if _matches(one.kind, image.values) else image

        return clear

    def _lives_of_parents(self, seen: Sequence[Seen]) -> dict[str, dict[str, list[Image]]]:
        wanted: dict[str, set[str]] = {}
        for one in seen:
            parent = self.register.kinds.get(one.kind.parent or "")
            if parent is not None and parent.draft and one.kind.belongs_to is not None:
                ids = wanted.setdefault(parent.table.name, set())
                ids |= {values[one.kind.belongs_to] for values in (one.old, one.new) if values is not None}
        session, revision = self.moment.session, self.moment.revision
        return {entity: all_images(session, entity, ids, revision) for entity, ids in wanted.items()}


def _matches(kind: Kind, values: Values | None) -> bool:
    return bool(kind.draft) and values is not None and all(values[name] == value for name, value in kind.draft.items())
