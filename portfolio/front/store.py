"""Finished answers, and whether they are still good: bounded in bytes, the least used goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import NamedTuple

from portfolio.core.logs import RequestLine
from portfolio.front.counters import NOTHING, Counters, Reader
from portfolio.front.encodings import WORTHWHILE, compressed

_OVERHEAD = 2000
"""Bytes that an entry takes beside its body, about."""
_LARGEST_SHARE = 8
_MOMENT = 0.1
_MOST_NAMES = 50
"""Ways of asking for one answer that are remembered."""
Header = tuple[str, str]
Name = Hashable
"""How somebody asked: everything of a request that could lead to another answer."""


class Lasts(Enum):
    """How long an answer is good, beside erasures, which end all."""

    REGISTER = "as long as nothing is written"
    TREE = "as long as nothing is written on its project or on what projects share"
    PAST = "for ever"


@dataclass(frozen=True)
class Key:
    """What an answer is for: two requests with one key get the same bytes."""

    path: str
    query: tuple[tuple[str, str], ...]
    forms: tuple[str | None, ...]
    language: str
    view: str
    """What the caller may see, and whether anybody signed in: that decides who may keep a copy."""
    today: date
    """In the region; what is true today may be false tomorrow, and who sees what as well."""


class Ready(NamedTuple):
    """What answers in one form have in common."""

    headers: tuple[Header, ...]
    unchanged: tuple[Header, ...]
    """Those of a 304."""
    body: bytes
    lines: dict[tuple[bool, bool], RequestLine]
    """For the log, by whether it was HEAD and whether it was a 304."""


@dataclass
class Kept:
    """One finished answer."""

    key: Key
    body: bytes
    headers: tuple[Header, ...]
    """As the operation gave them, before what every answer gets."""
    tag: str
    """The ETag without quotes."""
    lasts: Lasts
    revision: int
    """The newest revision when its snapshot began."""
    tree: str | None = None
    """The project whose changes end it."""
    named: str | None = None
    """The revision that it names; None: the newest one at which it is good."""
    route: str = ""
    """The address of its operation, for the log."""
    used: float = 0.0
    proven: int = 0
    """The newest revision at which it was found to be good."""
    front: tuple[Header, ...] | None = None
    """All headers that an anonymous caller gets and that are the same each time."""
    names: list[Name] = field(default_factory=list)
    made: dict[str, bytes] = field(default_factory=dict)
    """Its compressed forms; the body itself where that is no larger."""
    ready: dict[str | None, Ready] = field(default_factory=dict)
    """What a door has put together once, by encoding, and uses again."""

    def revision_header(self) -> str:
        return self.named or str(self.proven)

    @property
    def size(self) -> int:
        forms = sum(len(form) for form in self.made.values() if form is not self.body)
        return _OVERHEAD + len(self.body) + forms + len(self.names) * 200

    def form(self, encoding: str) -> bytes | None:
        """The body in ``encoding`` where that is worth it, and was made before."""
        found = self.made.get(encoding)
        return None if found is self.body else found

    def needs_making(self, encoding: str) -> bool:
        return len(self.body) > WORTHWHILE and encoding not in self.made


class Moment(NamedTuple):
    """How far the register is."""

    now: Counters
    generation: int
    """Of what is kept, as it was before the counters were read."""


class Store:
    """The answers of one process.

    :param reader: how it learns how far the register is.
    """

    def __init__(self, reader: Reader, limit: int) -> None:
        self.reader = reader
        self.limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._names: dict[Name, Kept] = {}
        self._bytes = 0
        self._known = Counters()
        self.generation = 0
        """Rises when all is let go of; what began before is not kept after."""

    @property
    def size(self) -> int:
        """Bytes in use."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._kept)

    def named(self, name: Name) -> Kept | None:
        """What was answered to exactly this; whether it is still good is another question."""
        return self._names.get(name)

    def at(self, key: Key) -> Kept | None:
        """What is kept under ``key``; whether it is still good is another question."""
        return self._kept.get(key)

    def now(self) -> Counters:
        """How far the register is.

        :raises CountersFailed: the database does not say.
        """
        known = self._known
        return known if self.reader.head() == known.head else self.all(None)

    def moment(self) -> Moment:
        """As :meth:`now`, for what is to be kept.

        :raises CountersFailed: the database does not say.
        """
        while True:
            generation = self.generation
            now = self.now()
            if generation == self.generation:
                return Moment(now, generation)

    def all(self, tree: str | None) -> Counters:
        """All counters.

        :raises CountersFailed: the database does not say.
        """
        floor = self._known
        return self.learn(floor, self.reader.all(floor.size, tree))

    @property
    def known(self) -> Counters:
        """The last counters that were read; take them before reading anew, and give both to :meth:`learn`."""
        return self._known

    def learn(self, floor: Counters, found: Counters) -> Counters:
        """Take note of ``found``, read after ``floor`` was. All is let go of where it does not go on from there."""
        if floor.size and not _follows(floor, found):
            self.clear()
        with self._lock:
            if found.head == self._known.head:
                self._known.trees.update(found.trees)
            elif found.size > self._known.size or self._known.head is NOTHING:
                self._known = found
        return found

    def is_good(self, kept: Kept, now: Counters) -> bool:
        """Whether ``kept`` shows what the register holds; ``now`` was read after it was asked for.

        :raises CountersFailed: the database does not say.
        """
        if kept.proven >= now.size:
            return True
        if kept.lasts is Lasts.REGISTER:
            return False
        if kept.lasts is Lasts.PAST or kept.tree in now.trees:
            return self.is_proven(kept, now)
        generation = self.generation
        return self.is_proven(kept, self.all(kept.tree)) and generation == self.generation

    def is_proven(self, kept: Kept, now: Counters) -> bool:
        """As :meth:`is_good`, where ``now`` says all."""
        if kept.proven >= now.size:
            return True
        if kept.lasts is Lasts.REGISTER:
            return False
        last = now.erased
        if kept.lasts is Lasts.TREE:
            last = max(now.shared, now.trees[kept.tree or ""])
        if last > kept.revision:
            return False
        kept.proven = max(kept.proven, now.size)
        return True

    def touch(self, kept: Kept, clock: float) -> None:
        """It was used, at ``clock`` seconds; what was used a moment ago stands at the end still, or nearly."""
        if clock - kept.used < _MOMENT:
            return
        kept.used = clock
        with self._lock:
            if kept.key in self._kept:
                self._kept.move_to_end(kept.key)

    def keep(self, kept: Kept, generation: int) -> bool:
        """Keep it, unless it is too large, or all was let go of since it was begun."""
        if kept.size > self.limit // _LARGEST_SHARE:
            return False
        with self._lock:
            if generation != self.generation:
                return False
            before = self._kept.pop(kept.key, None)
            if before is not None:
                self._drop(before)
            self._kept[kept.key] = kept
            self._bytes += kept.size
            self._shrink()
            return kept.key in self._kept

    def name(self, kept: Kept, name: Name) -> None:
        """Remember that ``name`` leads to it."""
        with self._lock:
            if self._kept.get(kept.key) is not kept or self._names.get(name) is kept:
                return
            if len(kept.names) >= _MOST_NAMES:
                self._forget(kept, kept.names[0])
            before = self._names.get(name)
            if before is not None:
                self._forget(before, name)
            self._bytes -= kept.size
            kept.names.append(name)
            self._names[name] = kept
            self._bytes += kept.size
            self._shrink()

    def compress(self, kept: Kept, encoding: str) -> bytes | None:
        """The body in ``encoding``, made once; None where it is not worth it."""
        if kept.needs_making(encoding):
            made = compressed(kept.body, encoding)
            with self._lock:
                held = self._kept.get(kept.key) is kept
                self._bytes -= kept.size if held else 0
                kept.made[encoding] = made if len(made) < len(kept.body) else kept.body
                self._bytes += kept.size if held else 0
                self._shrink()
        return kept.form(encoding)

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._kept.clear()
            self._names.clear()
            self._bytes = 0
            self._known = Counters()
            self.generation += 1

    def _shrink(self) -> None:
        while self._bytes > self.limit and self._kept:
            _, oldest = self._kept.popitem(last=False)
            self._drop(oldest)

    def _drop(self, kept: Kept) -> None:
        self._bytes -= kept.size
        for name in kept.names:
            self._names.pop(name, None)
        kept.names.clear()

    def _forget(self, kept: Kept, name: Name) -> None:
        self._bytes -= kept.size
        kept.names.remove(name)
        self._names.pop(name, None)
        self._bytes += kept.size


def _follows(before: Counters, now: Counters) -> bool:
    """Whether ``now`` is the same history, as it is or longer; a database that was put back may be another."""
    if now.head.epoch != before.head.epoch or now.size < before.size:
        return False
    return (now.head.leaf if now.size == before.size else now.leaf_before) == before.head.leaf
