"""Eight write and eight read a served register: no answer is stale, mixed or somebody else's.

Each answer names a revision that was not older than the newest acknowledged one when it was asked for, nor newer than
the newest when it came, and its content is what the history says of that revision.
"""

from __future__ import annotations

import dataclasses
import gzip
import http.client
import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import brotli
import pytest
import sqlalchemy as sa
import zstandard
from flask.testing import FlaskClient

from portfolio.app import create_app
from portfolio.core.db import Database
from portfolio.history.models import LogHead
from tests.conftest import key_headers, settings_of
from tests.faults.service import Service

AT_ONCE = 8
SLUGS = ("ruhr-digital", "oepnv-initiative", "innovation-ruhr-2030")
READS = [
    *(f"/v1/projects/{slug}{part}" for slug in SLUGS for part in ("", "/roles", "/milestones")),
    "/v1/projects?limit=5&sort=-updated_at",
    "/v1/milestones?limit=5&sort=-updated_at",
    "/v1/reports/funding-summary?group_by=action_field",
    "/v1/reports/portfolio",
    "/v1/organisations?limit=5",
]
ENCODINGS = ("", "gzip", "br", "zstd", "gzip;q=0.5, br")
SECRET = "nur für uns"
Headers = dict[str, str]


class Seen(NamedTuple):
    """What one answer said."""

    path: str
    caller: str
    revision: int
    body: bytes


class Traffic:
    """Everybody at once, for a while."""

    def __init__(self, service: Service, database: Database, callers: dict[str, Headers]) -> None:
        self.service, self.database, self.callers = service, database, callers
        self.acknowledged, self.over = 0, threading.Event()
        self.seen: list[Seen] = []
        self.faults: list[str] = []
        self.counts = {"read": 0, "written": 0, "unchanged": 0}
        self._lock = threading.Lock()

    def run(self, seconds: float) -> None:
        """For so long, and on a busy machine until there is enough to judge by."""
        work: list[Callable[[int, http.client.HTTPConnection], None]] = [self._write, self._read]
        threads = [
            threading.Thread(target=self._guarded, args=(one, number)) for one in work for number in range(AT_ONCE)
        ]
        for thread in threads:
            thread.start()
        until = time.monotonic() + seconds
        while (time.monotonic() < until or not self._is_enough()) and not self.over.wait(0.05):
            assert time.monotonic() < until + 30
        self.over.set()
        for thread in threads:
            thread.join()

    def _is_enough(self) -> bool:
        return self.counts["written"] >= 10 and self.counts["read"] >= 100

    def _guarded(self, work: Callable[[int, http.client.HTTPConnection], None], number: int) -> None:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=10)) as connection:
                work(number, connection)
        except BaseException as error:
            self.faults.append(f"{work.__name__} {number}: {error!r}")
            self.over.set()

    def _write(self, number: int, connection: http.client.HTTPConnection) -> None:
        path = f"/v1/projects/{SLUGS[number % len(SLUGS)]}"
        for count in itertools.count():
            if self.over.is_set():
                return
            headers = {**self.callers["coordinator"], "Content-Type": "application/json"}
            tag = _ask(connection, "GET", path, headers)[1]["etag"]
            body = {"title_en": f"{number} {count}", "internal_note": f"{SECRET} {number} {count}"}
            status, answered, _ = _ask(connection, "PATCH", path, {**headers, "If-Match": tag}, json.dumps(body))
            if status == 412:
                continue
            assert status == 200, status
            with self._lock:
                self.acknowledged = max(self.acknowledged, int(answered["register-revision"]))
                self.counts["written"] += 1

    def _read(self, number: int, connection: http.client.HTTPConnection) -> None:
        chance, last, held = random.Random(number), 0, dict[tuple[str, str], tuple[str, bytes]]()
        while not self.over.is_set():
            path, caller = chance.choice(READS), chance.choice(list(self.callers))
            headers = {**self.callers[caller], "Accept-Encoding": chance.choice(ENCODINGS)}
            tag, body = held.get((path, caller), ("", b""))
            if tag and chance.random() < 0.5:
                headers["If-None-Match"] = tag
            floor = self.acknowledged
            status, answered, data = _ask(connection, "HEAD" if chance.random() < 0.1 else "GET", path, headers)
            revision = int(answered["register-revision"])
            assert status in (200, 304), (status, data)
            assert floor <= revision, f"stale: {path} at {revision}, {floor} was acknowledged before"
            assert last <= revision, f"back: {path} at {revision} after {last}"
            assert revision <= self._head(), f"ahead: {path} at {revision}"
            last = revision
            if status == 304:
                data = body
            elif data:
                data = _decoded(answered.get("content-encoding"), data)
                held[path, caller] = (answered["etag"], data)
            with self._lock:
                self.counts["read"] += 1
                self.counts["unchanged"] += status == 304
                if data:
                    self.seen.append(Seen(path, caller, revision, data))

    def _head(self) -> int:
        with self.database.engine.connect() as connection:
            return connection.execute(sa.select(LogHead.size)).scalar_one()


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, headers: Headers, body: str | None = None
) -> tuple[int, Headers, bytes]:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    data = answer.read()
    return answer.status, {name.lower(): value for name, value in answer.headers.items()}, data


def _decoded(encoding: str | None, data: bytes) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(data)
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().decompress(data)
    return bytes(brotli.decompress(data)) if encoding == "br" else data


def _timeless(value: Any) -> Any:
    """``value`` without what names the moment it was asked for."""
    if isinstance(value, dict):
        return {name: _timeless(one) for name, one in value.items() if name not in ("next", "lines", "known_at")}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


def _replayed(client: FlaskClient, seen: Seen, headers: Headers) -> bytes:
    mark = "&" if "?" in seen.path else "?"
    answer = client.get(f"{seen.path}{mark}known_at={seen.revision}", headers=headers)
    assert answer.status_code == 200, answer.json
    return answer.data


@pytest.fixture
def traffic(seeded: Database, tmp_path: Path) -> Iterator[Traffic]:
    with seeded.snapshot() as session:
        lead = session.scalar(
            sa.text(
                "SELECT o.code FROM organisation o JOIN project_role r ON r.organisation_id = o.id JOIN project p "
                "ON p.id = r.project_id WHERE p.slug = 'ruhr-digital' AND r.role = 'lead_ministry' AND r.to_on IS NULL"
            )
        )
    callers = {
        "public": {},
        "coordinator": key_headers(seeded, "coordinator"),
        "editor": key_headers(seeded, "editor", str(lead)),
    }
    service = Service(
        seeded.url.render_as_string(hide_password=False),
        tmp_path / "server.log",
        PORTFOLIO_RATE_REQUESTS="100000000",
    )
    service.start()
    yield Traffic(service, seeded, callers)
    service.kill()


@pytest.mark.large
def test_readers_see_exactly_what_writers_have_written(traffic: Traffic, seeded: Database, scale: bool) -> None:
    traffic.run(30 if scale else 1)
    assert traffic.faults == []
    assert traffic.counts["unchanged"] or not scale
    for seen in traffic.seen:
        is_secret = SECRET.encode() in seen.body
        assert not (is_secret and seen.caller == "public"), seen
    assert any(SECRET.encode() in seen.body for seen in traffic.seen if seen.caller == "coordinator")
    app = create_app(dataclasses.replace(settings_of(seeded), cache_mib=0), seeded)
    client = app.test_client()
    distinct = {(seen.path, seen.caller, seen.revision): seen for seen in traffic.seen}
    for one in traffic.seen:  # two answers for one moment are the same one
        assert distinct[one.path, one.caller, one.revision].body == one.body, one[:3]
    chosen = random.Random(0).sample(sorted(distinct.values()), min(len(distinct), 1500 if scale else 40))
    for seen in chosen:
        again = _replayed(client, seen, traffic.callers[seen.caller])
        assert _timeless(json.loads(again)) == _timeless(json.loads(seen.body)), seen[:3]
