"""The door on the event loop: a kept answer without a thread, and one computation for all who wait for the same."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Executor
from typing import Any, Protocol

from portfolio.front.counters import CountersFailed
from portfolio.front.door import ASKS_MORE, Asked, Door, Given, Name
from portfolio.front.loop_counters import LoopCounters
from portfolio.front.store import Kept, Moment

_PATIENCE = 5.0
"""Seconds that a request waits for somebody else's computation."""
_TRIES = 3


class Scope(Protocol):
    """A request as the server hands it over (RSGI)."""

    method: str
    path: str
    query_string: str
    client: str
    headers: Any


class Lead:
    """This request is the first of its kind: it computes, and says when it has.

    :param moment: how far the register is, if that was read since it came in.
    """

    def __init__(self, fast: FastDoor, name: Name, moment: Moment | None) -> None:
        self._fast, self._name, self.moment = fast, name, moment
        self.over: asyncio.Future[Kept | None] = asyncio.get_running_loop().create_future()

    def land(self) -> None:
        """It is over, whatever came of it."""
        self._fast.flights.pop(self._name, None)
        if not self.over.done():
            self.over.set_result(self._fast.door.kept(self._name))


class FastDoor:
    """Answers on the event loop what is kept.

    :param threads: where what takes its time is done.
    """

    def __init__(self, door: Door, counters: LoopCounters, threads: Executor) -> None:
        self.door, self._counters, self._threads = door, counters, threads
        self._store, self._in_place = door.store, counters.in_place
        self.flights: dict[Name, Lead] = {}

    def close(self) -> None:
        self._counters.close()

    async def answer(self, scope: Scope) -> Given | Lead | None:
        """A finished answer; or the duty to compute it; None where the application has to be asked without more ado."""
        began = time.perf_counter()
        found = self._request(scope)
        if found is None:
            return None
        name, sent = found
        moment: Moment | None = None
        try:
            for _ in range(_TRIES):
                generation = self._store.generation
                kept = self.door.kept(name)
                if kept is not None:
                    if self._in_place:
                        now = self._store.now()
                        good = self._store.is_good(kept, now)
                    else:
                        good, now = await self._counters.judge(kept)
                    if good and not self.door.needs_making(kept, sent.get("accept-encoding", "")):
                        return self._given_now(scope, kept, sent, began)  # the way of most, without a detour
                    if good:
                        return await self._given(scope, kept, sent, began)
                    moment = Moment(now, generation)
                flight = self.flights.get(name)
                if flight is None:
                    made = self.flights[name] = Lead(self, name, moment)
                    return made
                if moment is None:
                    moment = Moment((await self._counters.judge(None))[1], generation)
                async with asyncio.timeout(_PATIENCE):
                    kept = await asyncio.shield(flight.over)
                if kept is None:
                    return None  # it failed, or is not kept; everybody tries for himself
                if kept.proven >= moment.now.size:
                    return await self._given(scope, kept, sent, began)  # all that was written before this came is in it
        except (CountersFailed, TimeoutError):
            return None
        return None

    def _request(self, scope: Scope) -> tuple[Name, dict[str, str]] | None:
        """What was asked, and the headers; None for what is not answered here."""
        path = scope.path
        if not path.startswith("/v1/"):
            return None
        listed, names = scope.headers.items(), scope.headers.keys()
        sent = dict(listed)
        # Neither what is sent twice nor what holds other characters than ASCII is seen whole here.
        if not len(sent) == len(listed) == len(names) or not ASKS_MORE.isdisjoint(names):
            return None
        if not self.door.is_open(scope.method, path, sent.get("origin")):
            return None
        query = scope.query_string
        if not (path.isascii() and query.isascii()):  # as the application, which names what is kept, is told them
            path, query = path.encode().decode("latin-1"), query.encode().decode("latin-1")
        name = Name(sent.get("host", ""), path, query, sent.get("accept"), sent.get("accept-language"))
        return name, sent

    def _given_now(self, scope: Scope, kept: Kept, sent: dict[str, str], began: float) -> Given | None:
        get = sent.get
        address = self.door.address(scope.client.rpartition(":")[0].strip("[]"), get("x-forwarded-for"))
        asked = Asked(
            scope.method == "HEAD",
            get("accept-encoding", ""),
            get("if-none-match", ""),
            address,
            get("x-request-id", ""),
        )
        return self.door.given(kept, asked, began)

    async def _given(self, scope: Scope, kept: Kept, sent: dict[str, str], began: float) -> Given | None:
        """As above; beside the loop where the form this caller takes has to be made first."""
        if not self.door.needs_making(kept, sent.get("accept-encoding", "")):
            return self._given_now(scope, kept, sent, began)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._given_now, scope, kept, sent, began)
