"""Accounting under faults: clients that note what they send and what they were told, held against the log.

Every write carries a marker of its own, in the text of the project that it creates or changes, and as its key for
retries. A write without an answer is unknown until its client has sent it again.
"""

from __future__ import annotations

import http.client
import itertools
import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from portfolio.core.db import Database
from portfolio.history.models import Change
from tests.faults.service import Answer, Service

MARK = "mark-"
"""What every marker begins with."""
_DAY = "2026-03-02"
_CREATED, _CHANGED, _STALE = 201, 200, 412


@dataclass
class Write:
    """One write, noted before it is sent."""

    method: str
    path: str
    body: dict[str, str]
    if_match: str | None = None
    answer: Answer | None = None

    @property
    def marker(self) -> str:
        return self.body["summary_de"]

    @property
    def is_done(self) -> bool:
        return self.answer is not None and self.answer.status in (_CREATED, _CHANGED)

    @property
    def told(self) -> Answer:
        assert self.answer is not None, self
        return self.answer


@dataclass(frozen=True)
class Read:
    """What a client was shown of one project."""

    project: str
    revision: int
    version: int
    marker: str


class Client:
    """Creates projects, and changes its own and those that all clients share."""

    def __init__(self, service: Service, headers: dict[str, str], name: str) -> None:
        self.service, self.headers, self.name = service, headers, name
        self.writes: list[Write] = []
        self.reads: list[Read] = []
        self._numbers = itertools.count()
        self._reached = 0
        """The newest revision it was shown or told of: nothing older may follow."""

    def work(self, shared: list[str]) -> None:
        """Write and read until the service is gone."""
        try:
            for number in itertools.count():
                own = self.create()
                if not self.writes[-1].is_done:
                    time.sleep(0.05)  # the database is away, or the answer was lost
                    continue
                for path in (own, shared[number % len(shared)]):
                    self.change(path)
        except (OSError, http.client.HTTPException):
            return

    def create(self) -> str:
        """A new project; its address."""
        marker = self._marker()
        self._send(Write("POST", "/v1/projects", _project(marker)))
        return f"/v1/projects/{marker}"

    def change(self, path: str) -> None:
        """Read a project and write what was read, unless somebody else was faster."""
        answer = self.service.ask("GET", path, headers=self.headers)
        assert answer.status == 200 or answer.status >= 500, answer
        if answer.status == 200:
            assert answer.revision >= self._reached, (self.name, path)
            self._reached = answer.revision
            shown = answer.json
            self.reads.append(Read(shown["id"], answer.revision, shown["version"], shown["summary_de"]))
            self._send(Write("PATCH", path, {"summary_de": self._marker()}, answer.headers["ETag"]))

    def settle(self) -> None:
        """Send again, with its key, what is unknown; what was answered last is answered in the same words."""
        for write in [write for write in self.writes if write.answer is None]:
            self._ask(write)
            assert write.answer is not None, f"{write} is still unknown: {self.service.log.read_text()[-1000:]}"
        for write in self.writes[-3:]:
            before = write.told
            self._ask(write)
            assert (write.told.status, write.told.data) == (before.status, before.data)
            assert write.told.headers["Register-Revision"] == before.headers["Register-Revision"]
            assert write.told.headers["Idempotent-Replayed"] == "true"

    def _marker(self) -> str:
        return f"{MARK}{self.name}-{next(self._numbers)}"

    def _send(self, write: Write) -> None:
        self.writes.append(write)
        self._ask(write)

    def _ask(self, write: Write) -> None:
        headers = {**self.headers, "Idempotency-Key": write.marker}
        if write.if_match is not None:
            headers["If-Match"] = write.if_match
        answer = self.service.ask(write.method, write.path, write.body, headers)
        if answer.status >= 500:
            return  # nobody knows
        assert answer.status in (_CREATED, _CHANGED, _STALE), (write, answer)
        write.answer = answer
        if write.is_done:
            self._reached = max(self._reached, answer.revision)


def _project(marker: str) -> dict[str, str]:
    return {"slug": marker, "title_de": marker, "proposed_on": _DAY, "summary_de": marker}


def check(database: Database, clients: Iterable[Client]) -> None:
    """Hold what the clients were told against the log (TRAPS, accounting under faults, a to d and f)."""
    images = _images(database)
    writes = [write for client in clients for write in client.writes]
    done = [write for write in writes if write.is_done]
    assert {write.method for write in done} == {"POST", "PATCH"}
    for write in done:
        told = write.told.json
        image = images[told["id"]][write.told.revision]
        assert (image["ver"], image["after"]["summary_de"]) == (told["version"], write.marker), write
        assert told["summary_de"] == write.marker
    # Every write that was done is there once; no other one is, neither a refused one nor one nobody was told of.
    markers = Counter(image["after"]["summary_de"] for of_one in images.values() for image in of_one.values())
    mine = Counter({marker: count for marker, count in markers.items() if (marker or "").startswith(MARK)})
    assert mine == Counter(write.marker for write in done)
    _check_chains(done)
    for client in clients:
        for read in client.reads:
            image = images[read.project][max(rev for rev in images[read.project] if rev <= read.revision)]
            assert (image["ver"], image["after"]["summary_de"]) == (read.version, read.marker), read


def _check_chains(done: list[Write]) -> None:
    """Each write of a project follows the one whose ETag it sent: none has overwritten what it had not seen."""
    chains: dict[str, list[Write]] = {}
    for write in sorted(done, key=lambda write: write.told.revision):
        chains.setdefault(write.told.json["id"], []).append(write)
    for chain in chains.values():
        assert [write.told.json["version"] for write in chain] == list(range(1, len(chain) + 1))
        assert chain[0].method == "POST"
        for before, after in itertools.pairwise(chain):
            assert after.if_match == before.told.headers["ETag"], (before, after)


def _images(database: Database) -> dict[str, dict[int, dict[str, Any]]]:
    """Every image of every project in the log: by id, then by revision."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    with database.snapshot() as session:
        for rev, body in session.execute(sa.select(Change.rev, Change.body).where(Change.entity == "project")):
            image = json.loads(body)
            found.setdefault(image["id"], {})[rev] = image
    return found
