"""``python -m benchmarks.recording``: what recording adds to a write, on both engines.

The same PATCH over the test client, with the recorder in place and without it, in interleaved rounds of one run. Both
do everything else: key, validation, precondition, locked row, answer. A share of a write is what people wait for.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from portfolio.access.service import create_key
from portfolio.app import create_app
from portfolio.core import migrate
from portfolio.core.db import Database, WriteContext
from portfolio.core.settings import read_settings
from portfolio.exchange.seed import load_seed
from portfolio.history import log, recorder
from tests.postgres import create_database, running_server

ROUNDS, CALLS = 15, 30
PATH = "/v1/projects/oepnv-initiative"
_SYSTEM = WriteContext("act_system", "cli", "bench")


@contextmanager
def _urls() -> Iterator[dict[str, tuple[str, str]]]:
    """Two databases per engine; PostgreSQL keeps its promises to the disk, as in production."""
    with tempfile.TemporaryDirectory() as folder, running_server("fsync=on", "synchronous_commit=on") as server:
        postgresql = [create_database(server.dsn(), name) for name in ("with", "without")]
        sqlite = [f"sqlite:///{folder}/{name}.sqlite" for name in ("with", "without")]
        yield {"SQLite": (sqlite[0], sqlite[1]), "PostgreSQL": (postgresql[0], postgresql[1])}


def _writer(url: str, *, records: bool) -> Callable[[], float]:
    """Milliseconds per write of one round."""
    database = Database(url)
    migrate.upgrade(database)
    log.create_log(database, "portfolio.example/log")
    recording = Database(url)
    recorder.install(recording)
    load_seed(recording)
    with recording.transaction(_SYSTEM) as session:
        headers = {"Authorization": f"Bearer {create_key(session, role='coordinator', name='bench').secret}"}
    settings = replace(read_settings(), database_url=url, migration_url=url, checkpoint_dir=Path(tempfile.mkdtemp()))
    client = create_app(settings, recording if records else database).test_client()
    tag = client.get(PATH).headers["ETag"]

    def round_() -> float:
        nonlocal tag
        began = time.perf_counter()
        for turn in range(CALLS):
            body = {"source_notes": f"Runde {began} {turn}"}
            answer = client.patch(PATH, json=body, headers={**headers, "If-Match": tag})
            assert answer.status_code == 200, answer.get_data(as_text=True)
            tag = answer.headers["ETag"]
        return (time.perf_counter() - began) / CALLS * 1000

    return round_


def main() -> None:
    print(
        f"{'PATCH of a project':20}{'recorded ms':>13}{'not ms':>9}{'recording is':>14}   (median of {ROUNDS} rounds)"
    )
    with _urls() as urls:
        for engine, (with_url, without_url) in urls.items():
            recorded, plain = _writer(with_url, records=True), _writer(without_url, records=False)
            rounds = [(recorded(), plain()) for _ in range(ROUNDS)]
            mine, other = (statistics.median(column) for column in zip(*rounds, strict=True))
            print(f"{engine:20}{mine:13.2f}{other:9.2f}{1 - other / mine:13.0%} of the write")


if __name__ == "__main__":
    main()
