"""``python -m benchmarks.recording``: what recording adds to a write, on both engines.

The same PATCH and POST over the test client, with the recorder in place and without it, in interleaved rounds of one
run. Both do everything else: key, validation, precondition, retries, locked row, answer.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from flask.testing import FlaskClient

from benchmarks.findings import Finding, Part, grid
from benchmarks.stand import ENGINES, POSTGRESQL, REAL
from portfolio.access.service import create_key
from portfolio.app import create_app
from portfolio.core import migrate, sources
from portfolio.core.db import Database, Entity, WriteContext
from portfolio.core.settings import read_settings
from portfolio.exchange.seed import load_seed
from portfolio.history import log, recorder
from portfolio.history.changing import changed_columns, write_changes
from tests.postgres import create_database, running_server

ROUNDS, CALLS = 15, 30
PATH = "/v1/projects/oepnv-initiative"
_SYSTEM = WriteContext("act_system", "cli", "bench")
Writer = Callable[[str], float]
"""Milliseconds per write of one round of PATCH or POST."""


@contextmanager
def _urls(engines: Sequence[str]) -> Iterator[dict[str, tuple[str, str]]]:
    """Two databases per engine."""
    with ExitStack() as stack:
        folder, made = stack.enter_context(tempfile.TemporaryDirectory()), {}
        if "sqlite" in engines:
            made["sqlite"] = (f"sqlite:///{folder}/with.sqlite", f"sqlite:///{folder}/without.sqlite")
        if "postgresql" in engines:
            dsn = stack.enter_context(running_server(*POSTGRESQL)).dsn()
            made["postgresql"] = (create_database(dsn, "with"), create_database(dsn, "without"))
        yield made


def _writer(url: str, calls: int, *, records: bool) -> Writer:
    database = Database(url)
    migrate.upgrade(database)
    log.create_log(database, "portfolio.example/log")
    recording = Database(url)
    recorder.install(recording)
    load_seed(recording)
    with recording.transaction(_SYSTEM) as session:
        headers = {"Authorization": f"Bearer {create_key(session, role='coordinator', name='bench').secret}"}
    sa.event.listen(database.sessions, "before_flush", _number_versions)
    settings = replace(read_settings(), database_url=url, migration_url=url, checkpoint_dir=Path(tempfile.mkdtemp()))
    client = create_app(settings, recording if records else database).test_client()
    jobs = {"PATCH": _patches(client, headers, calls), "POST": _posts(client, headers, calls)}
    return lambda job: jobs[job]()


def _number_versions(session: Any, *_: Any) -> None:
    """What the recorder does beside recording, and every register must; in the same way where it has a quicker one."""
    changed = [row for row in session.dirty if isinstance(row, Entity) and changed_columns(row)]
    for row in (*(row for row in session.new if isinstance(row, Entity)), *changed):
        row.version = (row.version or 0) + 1
        row.updated_at = sources.now()
    for row in session.new:
        if isinstance(row, Entity):
            row.created_at = row.updated_at
    if changed and not session.new and not session.deleted:
        write_changes(session, changed)


def _patches(client: FlaskClient, headers: dict[str, str], calls: int) -> Callable[[], float]:
    tag = client.get(PATH).headers["ETag"]

    def round_() -> float:
        nonlocal tag
        began = time.perf_counter()
        for turn in range(calls):
            body = {"source_notes": f"Runde {began} {turn}"}
            answer = client.patch(PATH, json=body, headers={**headers, "If-Match": tag})
            assert answer.status_code == 200, answer.get_data(as_text=True)
            tag = answer.headers["ETag"]
        return (time.perf_counter() - began) / calls * 1000

    return round_


def _posts(client: FlaskClient, headers: dict[str, str], calls: int) -> Callable[[], float]:
    body = {"title_de": "Meilenstein", "title_en": "Milestone", "kind": "result", "baseline_on": "2027-03-31"}

    def round_() -> float:
        began = time.perf_counter()
        for _ in range(calls):
            own = {**headers, "Idempotency-Key": str(uuid4())}
            answer = client.post(f"{PATH}/milestones", json=body, headers=own)
            assert answer.status_code == 201, answer.get_data(as_text=True)
        return (time.perf_counter() - began) / calls * 1000

    return round_


def measure(engines: Sequence[str] = ENGINES, *, rounds: int = ROUNDS, calls: int = CALLS) -> Part:
    """Both writes on each engine."""
    part, rows = Part("Writes with history against without"), []
    with _urls(engines) as urls:
        for engine, (with_url, without_url) in urls.items():
            recorded, plain = _writer(with_url, calls, records=True), _writer(without_url, calls, records=False)
            for job in ("PATCH", "POST"):
                found = [(recorded(job), plain(job)) for _ in range(rounds + 1)][1:]
                mine, other = (statistics.median(column) for column in zip(*found, strict=True))
                rows.append([f"{engine}, {job}", f"{mine:.2f}", f"{other:.2f}", f"{other / mine:.2f}"])
                part.findings.append(Finding(f"{job} with history ÷ without", engine, REAL, other / mine))
    part.lines = grid(["", "recorded, ms", "not recorded, ms", "writes/s recorded ÷ not"], rows)
    return part


if __name__ == "__main__":
    print("\n".join(measure().lines))
