"""What one request costs inside the process: statements, CPU of the application, time in the database.

The application is called as a server calls it, without a network. What it sends to the database is written down, and
sent again by the bare driver: that is the time in the database, rows fetched. CPU of PostgreSQL is not in the first.
"""

from __future__ import annotations

import base64
import json
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from benchmarks.findings import Finding, Part, grid, spaced
from benchmarks.stand import LIST, RECORD, Stand
from portfolio.app import create_app, open_database
from portfolio.core.db import Database
from portfolio.projects.models import Project

DEEP = "page at 90 %"
_ENOUGH = 0.5
"""Seconds over which a request is repeated."""
_LONG = 2.0
"""Seconds of a request that is not repeated."""
Sent = list[tuple[str, Any]]


def measure(stand: Stand, *, past: bool) -> Part:
    """Each read, on one thread.

    :param past: whether past moments are among them.
    """
    part = Part("One request")
    database = open_database(stand.settings)
    app = create_app(replace(stand.settings, cache_mib=0), database)  # each answer is computed
    newest = stand.register.revision(LIST)
    targets = {job: target for job, (target, _) in stand.reads.items()} | {DEEP: _deep(app, database)}
    if past:
        targets |= {"list, past": f"{LIST}?known_at={newest}", "record, past": f"{RECORD}?known_at={newest}"}
    rows = []
    for job, target in targets.items():
        call = _caller(app, target)
        wall, cpu = time.perf_counter(), time.process_time()
        with _written_down(database) as sent:
            status = call()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if status != 200:
            rows.append([job, f"answers {status}", "–", "–", "–"])
            continue
        if wall < _LONG:
            wall, cpu = _repeated(call)
        database_time = _resent(stand, sent)
        rows.append([job, str(len(sent)), spaced(cpu * 1e6), f"{database_time * 1000:.3f}", spaced(wall * 1000)])
        part.findings.append(Finding(f"{job}, statements", stand.engine, stand.projects, len(sent)))
        part.findings.append(Finding(f"{job}, ms in the database", stand.engine, stand.projects, database_time * 1000))
    database.dispose()
    part.lines = grid(["", "statements", "CPU µs", "in the database, ms", "ms"], rows)
    return part


def _caller(app: Flask, target: str) -> Callable[[], int]:
    path, _, query = target.partition("?")
    environ = EnvironBuilder(path=path, query_string=query).get_environ()

    def call() -> int:
        answer, status, _ = run_wsgi_app(app.wsgi_app, dict(environ))
        for _ in answer:
            pass
        if hasattr(answer, "close"):
            answer.close()
        return int(status[:3])

    return call


def _repeated(call: Callable[[], int]) -> tuple[float, float]:
    """Seconds of one call: by the clock (the median), and of CPU (the mean)."""
    walls: list[float] = []
    end, cpu = time.perf_counter() + _ENOUGH, time.process_time()
    while not walls or time.perf_counter() < end:
        began = time.perf_counter()
        call()
        walls.append(time.perf_counter() - began)
    return statistics.median(walls), (time.process_time() - cpu) / len(walls)


@contextmanager
def _written_down(database: Database) -> Iterator[Sent]:
    """The statements of a block, with their values; BEGIN and what the driver sends by itself are not among them."""
    sent: Sent = []

    def keep(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            sent.append((statement, values))

    sa.event.listen(database.engine, "before_cursor_execute", keep)
    try:
        yield sent
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", keep)


def _resent(stand: Stand, sent: Sent) -> float:
    """Seconds of the same statements by the driver alone, in one read-only transaction."""
    if stand.engine == "postgresql":
        with psycopg.connect(stand.url.replace("+psycopg", ""), options="-c jit=off -c timezone=UTC") as connection:
            connection.read_only = True
            return _times(lambda: [connection.execute(*one).fetchall() for one in sent if _reads(one[0])])
    with closing(sqlite3.connect(stand.url.removeprefix("sqlite:///"))) as file:
        return _times(lambda: [file.execute(*one).fetchall() for one in sent])


def _reads(statement: str) -> bool:
    return statement.lstrip().upper().startswith(("SELECT", "WITH"))


def _times(call: Callable[[], object]) -> float:
    found: list[float] = []
    end = time.perf_counter() + _ENOUGH / 2
    while not found or (time.perf_counter() < end and len(found) < 200):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def _deep(app: Flask, database: Database) -> str:
    """The page that begins behind nine tenths of all projects: the first page's cursor, moved there."""
    first = app.test_client().get(f"{LIST}?limit=50")
    cursor = json.loads(first.data)["next"].partition("cursor=")[2].partition("&")[0]
    key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[0]
    with database.snapshot() as session:
        count = session.scalar(sa.select(sa.func.count()).select_from(Project)) or 0
        place = sa.select(Project.title_sort, Project.id).order_by(Project.title_sort, Project.id)
        title, identifier = session.execute(place.offset(count * 9 // 10).limit(1)).one()
    parts = json.dumps([key, title, str(identifier)], separators=(",", ":")).encode()
    return f"{LIST}?limit=50&cursor={base64.urlsafe_b64encode(parts).decode().rstrip('=')}"
