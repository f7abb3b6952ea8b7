"""The counters on an event loop: SQLite in place, PostgreSQL without ever waiting for it, one statement for many."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from psycopg import pq

from portfolio.core.db import Database
from portfolio.front.counters import ALL_OF_MANY, Counters, CountersFailed, conninfo_of, counters_of
from portfolio.front.store import Kept, Store

logger = logging.getLogger("portfolio.front")
_NAME = b"kept"
_PATIENCE = 1.0
_PAUSE = 1.0
Asker = tuple["asyncio.Future[Counters]", "str | None"]


class LoopCounters(Protocol):
    """Reads the counters for requests on one event loop."""

    in_place: bool
    """Whether the store may be asked itself, because that takes no time."""

    async def judge(self, kept: Kept | None) -> tuple[bool, Counters]:
        """Whether ``kept`` is good, and the counters that say so, by a statement that begins after this call.

        :raises CountersFailed: the database does not say, or not soon enough.
        """

    def close(self) -> None:
        """Let go of the connection."""


class InPlace:
    """SQLite: a statement takes microseconds, any detour would take longer."""

    in_place = True

    def __init__(self, store: Store) -> None:
        self._store = store

    async def judge(self, kept: Kept | None) -> tuple[bool, Counters]:
        now = self._store.now()
        return kept is not None and self._store.is_good(kept, now), now

    def close(self) -> None:
        """The connections are the store's."""


class InGroups:
    """PostgreSQL: one statement at a time, and whoever comes meanwhile waits for the next one.

    A statement that began before a request came proves nothing about what was written in between.
    """

    in_place = False

    def __init__(self, store: Store, conninfo: str) -> None:
        self._store, self._conninfo = store, conninfo.encode()
        self._connection: pq.abc.PGconn | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._asked: list[Asker] = []
        self._waiting: list[Asker] = []
        self._floor = Counters()
        self._trees: list[str] = []
        self._is_about_to = False
        self._timer: asyncio.TimerHandle | None = None
        self._socket = -1
        self._found: Counters | None = None
        self.statements = 0
        """How often the database was asked."""
        self._loop: asyncio.AbstractEventLoop

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def judge(self, kept: Kept | None) -> tuple[bool, Counters]:
        generation = self._store.generation
        now = await self._read_for(kept)
        good = kept is not None and self._store.is_proven(kept, now) and generation == self._store.generation
        return good, now

    async def _read_for(self, kept: Kept | None) -> Counters:
        if self._connection is None:
            if self._connecting is None:
                self._loop = asyncio.get_running_loop()
                self._connecting = self._loop.create_task(self._connect())
            raise CountersFailed("There is no connection yet.")
        answer: asyncio.Future[Counters] = self._loop.create_future()
        self._waiting.append((answer, None if kept is None else kept.tree))
        if not self._asked:
            self._ask_soon()
        return await answer

    def close(self) -> None:
        if self._connection is not None:
            self._fail("The register ends.")
        if self._connecting is not None:
            self._connecting.cancel()

    async def _connect(self) -> None:
        made: pq.abc.PGconn | None = None
        is_said = False
        while made is None:
            try:
                made = await self._loop.run_in_executor(None, self._connected)
            except Exception as error:  # whatever it is: the application answers, and says what is wrong
                if not is_said:
                    logger.warning("The counters cannot be read beside the requests: %s", error)
                is_said = True
                await asyncio.sleep(_PAUSE)
        self._connection, self._connecting = made, None
        self._socket = made.socket  # a connection that is lost does not tell it any more
        self._loop.add_reader(self._socket, self._readable)

    def _connected(self) -> pq.abc.PGconn:
        made = pq.PGconn.connect(self._conninfo)
        if made.status != pq.ConnStatus.OK:
            said = made.get_error_message()
            made.finish()
            raise CountersFailed(said)
        prepared = made.prepare(_NAME, ALL_OF_MANY.encode())
        if prepared.status != pq.ExecStatus.COMMAND_OK:
            said = prepared.get_error_message()
            made.finish()
            raise CountersFailed(said)
        made.nonblocking = 1
        return made

    def _ask_soon(self) -> None:
        """Once what has come in already is looked at: it shares the statement."""
        if not self._is_about_to:
            self._is_about_to = True
            self._loop.call_soon(self._ask)

    def _ask(self) -> None:
        self._is_about_to = False
        if self._connection is None or not self._waiting:
            return  # it broke meanwhile, and everybody was told
        self._asked, self._waiting = self._waiting, []
        self._floor = self._store.known
        self._trees = sorted({tree for _, tree in self._asked if tree is not None})
        self.statements += 1
        try:
            values = [str(self._floor.size).encode(), f"{{{','.join(self._trees)}}}".encode()]
            self._connection.send_query_prepared(_NAME, values)
            self._connection.flush()  # a statement of this size goes out whole
        except Exception as error:
            self._fail(str(error))
            return
        self._timer = self._loop.call_later(_PATIENCE, self._fail, "It takes too long.")

    def _readable(self) -> None:
        assert self._connection is not None
        try:
            self._connection.consume_input()
            while not self._connection.is_busy():
                result = self._connection.get_result()
                if result is None:
                    break  # the end of the statement; the next one may go out
                self._found = self._read(result)
            else:
                return
        except Exception as error:
            self._fail(str(error))
            return
        found, self._found = self._found, None
        if found is not None:
            self._answer(found)

    def _read(self, result: pq.abc.PGresult) -> Counters:
        if result.status != pq.ExecStatus.TUPLES_OK or result.ntuples != 1:
            raise CountersFailed("The counters cannot be read.")
        size, epoch, leaf, shared, erased, before, listed = (result.get_value(0, column) for column in range(7))
        assert size is not None
        assert epoch is not None
        facts = (int(size), int(epoch), _bytes(leaf), int(shared or 0), int(erased or 0), _bytes(before))
        return counters_of((*facts, None if listed is None else bytes(listed).decode()), self._trees)

    def _answer(self, found: Counters) -> None:
        if self._timer is not None:
            self._timer.cancel()
        asked, self._asked = self._asked, []
        now = self._store.learn(self._floor, found)
        for future, _ in asked:
            if not future.done():  # who asked may have gone away
                future.set_result(now)
        if self._waiting:
            self._ask_soon()

    def _fail(self, why: str) -> None:
        """Nobody is told anything by this connection any more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._connection is not None:
            self._loop.remove_reader(self._socket)
            self._connection.finish()
            self._connection = None
        everybody = [*self._asked, *self._waiting]
        self._asked, self._waiting = [], []
        for future, _ in everybody:
            if not future.done():
                future.set_exception(CountersFailed(why))


def _bytes(value: bytes | None) -> bytes | None:
    return None if value is None else bytes.fromhex(value.decode().removeprefix("\\x"))


def loop_counters(database: Database, store: Store) -> LoopCounters:
    """What reads the counters of ``database`` on an event loop."""
    return InPlace(store) if database.is_sqlite else InGroups(store, conninfo_of(database))
