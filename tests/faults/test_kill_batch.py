"""kill -9 of a large batch: the register holds nothing of it or all of it, and running it again completes it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa

from portfolio import verify
from portfolio.core.db import Base, Database
from portfolio.exchange.models import Import
from tests.exchange.office import Book
from tests.faults.service import kill
from tests.history.auditing import source_of

KILLS = 2
FULL_KILLS = 50
KILLS_IN_A_ROW = 5
"""On one register at most, each over what the one before has left, until it is run to its end."""
Copies = Callable[[str], AbstractContextManager[Database]]
Rows = dict[str, int]


class Batch:
    """One command over one register, as a process that may be killed."""

    def __init__(self, command: str, database: Database) -> None:
        self.database = database
        url = database.url.render_as_string(hide_password=False)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "portfolio", *command.split(" ")],
            env={**os.environ, "PORTFOLIO_DATABASE_URL": url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.label = self.process.stdout.readline()  # said when the work begins, after a second of imports
        self.began = time.monotonic()

    def complete(self) -> str:
        """What it says when nobody kills it."""
        said = self.process.communicate(timeout=60)[0]
        assert self.process.returncode == 0, (self.label, said)
        return said

    def kill(self, seconds: float) -> str | None:
        """What it had said when it was killed after ``seconds`` of work; None where it was faster."""
        time.sleep(seconds)
        was_running = self.process.poll() is None
        kill(self.process)
        said = self.process.communicate()[0]
        return said if was_running else None


def _rows(database: Database) -> Rows:
    """How many rows each table has; a file that was sent in is kept when it was tried, before it is applied."""
    _await_end_of_others(database)
    with database.snapshot() as session:
        count = sa.func.count()
        tables = [table for table in Base.metadata.sorted_tables if table is not Import.__table__]
        return {table.name: session.scalar(sa.select(count).select_from(table)) or 0 for table in tables}


def _await_end_of_others(database: Database) -> None:
    """PostgreSQL notices that a client was killed when it has run the statement, or the commit, under way."""
    others = sa.text("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
    deadline = time.monotonic() + 60
    while not database.is_sqlite:
        database.dispose()  # its own idle connections are no others
        with database.engine.connect() as connection:
            if connection.execute(others).first() is None:
                return
        assert time.monotonic() < deadline, "A killed client still has its connection after a minute."
        time.sleep(0.01)


def _check_verified(database: Database, folder: Path) -> None:
    report = verify.verify(source_of(database, Path(tempfile.mkdtemp(dir=folder))))
    assert (report.findings, report.exit_code) == ([], verify.UNANCHORED), verify.as_text(report)


@pytest.mark.large
@pytest.mark.parametrize(
    ("command", "begin", "end"),
    [
        ("seed", "plain", "seed"),
        pytest.param("demo", "seed", "demo", marks=pytest.mark.postgresql_in_full),  # the other one tells of the engine
    ],
)
def test_a_killed_batch_is_all_there_or_not_at_all(
    command: str, begin: str, end: str, copies: Copies, scale: bool, tmp_path: Path
) -> None:
    with copies(begin) as database, copies(end) as loaded:
        before, after = _rows(database), _rows(loaded)
    dice, seconds, kills, halfway = random.Random(command), 0.5, 0, 0
    wanted = (FULL_KILLS if scale else KILLS) // 2
    while kills < wanted:
        with copies(begin) as database:
            found = before
            for _ in range(min(KILLS_IN_A_ROW, wanted - kills)):
                # Every other time towards its end, where it commits.
                said = Batch(command, database).kill(seconds * dice.uniform(0.85 * (kills % 2), 1.0))
                kills += said is not None
                if said is None:
                    seconds *= 0.9  # measured when the machine was slower; else it might be too late each time
                found = _rows(database)
                assert found in (before, after)
                assert found == after or (said is not None and "Loaded" not in said)
                halfway += found == before
                if found == after:
                    break
            again = Batch(command, database)
            assert ("Nothing to do" if found == after else "Loaded") in again.complete()
            seconds = time.monotonic() - again.began if found == before else seconds
            assert _rows(database) == after
            _check_verified(database, tmp_path)
    assert halfway > 0


@pytest.mark.large
def test_a_killed_import_is_all_there_or_not_at_all(copies: Copies, scale: bool, tmp_path: Path) -> None:
    file = tmp_path / "workbook.xlsx"
    with copies("seed") as database:
        Batch(f"export {file}", database).complete()
        book = Book(file.read_bytes())
        slugs = [row[0] for row in book.sheet("Projekte").iter_rows(min_row=2, values_only=True)]
        for number in range(300):
            values = {"Projekt": slugs[number % len(slugs)], "Titel (deutsch)": f"M {number}", "Art": "result"}
            book.add("Meilensteine", **values)
        file.write_bytes(book.saved())
        before = _rows(database)
        Batch(f"import {file} --apply", database).complete()
        after = _rows(database)
        assert after["milestone"] == before["milestone"] + 300
    dice, seconds, kills, found_both = random.Random("import"), 0.8, 0, set()
    while kills < (FULL_KILLS // 2 if scale else 1) or False not in found_both:
        with copies("seed") as database:
            import_ = Batch(f"import {file} --apply", database)
            said = import_.kill(seconds * dice.uniform(0.4, 1.1))
            kills += said is not None
            found = _rows(database)
            assert found in (before, after)
            assert found == after or said is None or "Applied" not in said
            found_both.add(found == after)
            _check_verified(database, tmp_path)
            if said is None:
                seconds *= 0.8
