"""Readers beside writers: the feed misses nothing, and every total equals its lines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from portfolio.core.db import Database
from portfolio.funding.applications import create_application, transition_application
from portfolio.funding.awards import create_award, transition_award
from portfolio.funding.ledger import book
from portfolio.history.recorder import recorded
from portfolio.projects.service import find_project, lock_project, update_project
from tests.conftest import SYSTEM, make_app

SLUG = "ruhr-digital"


@contextmanager
def writing(workers: int, write: Callable[[int, int], None]) -> Iterator[threading.Event]:
    """Writers in the background until the block ends; a failure of one fails the test."""
    done, failures = threading.Event(), []

    def work(worker: int) -> None:
        turn = 0
        try:
            while not done.is_set():
                write(worker, turn)
                turn += 1
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(workers)]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert failures == []


@pytest.mark.large
def test_a_reader_of_the_feed_misses_nothing_under_eight_writers(seeded: Database, scale: bool) -> None:
    client = make_app(seeded).test_client()
    acknowledged: list[int] = []

    def write(worker: int, turn: int) -> None:
        with seeded.transaction(SYSTEM) as session:
            update_project(session, lock_project(session, SLUG), {"source_notes": f"{worker}/{turn}"})
        written = recorded(session)
        assert written is not None
        acknowledged.append(written.rev)
        time.sleep(0.005)

    found: list[int] = []

    def read(wait: int) -> int:
        since = found[-1] if found else 0
        page = client.get(f"/v1/changes?since={since}&limit=7&wait={wait}").json
        found.extend(item["revision"] for item in page["items"])
        assert page["next_since"] == (found[-1] if found else 0)
        return len(page["items"])

    until = time.monotonic() + (30 if scale else 2)
    with writing(8, write):
        while time.monotonic() < until:
            read(1)
    while read(0):
        pass
    assert found == list(range(1, len(found) + 1))
    assert sorted(acknowledged) == found[1:]
    assert len(acknowledged) > 20


def _grow(database: Database, worker: int, turn: int) -> None:
    """One more application, granted and partly paid."""
    day, amount = date(2025, 3, 3), Decimal(1000 + worker * 7 + turn) + Decimal("0.01")
    with database.transaction(SYSTEM) as session:
        project = find_project(session, SLUG)
        level = ("eu", "federal", "state")[turn % 3]
        application = create_application(session, project, {"level": level, "requested_amount": amount})
        for status in ("submitted", "under_review", "approved"):
            transition_application(session, application, status, day, None)
    with database.transaction(SYSTEM) as session:
        application = session.merge(application, load=True)
        award = create_award(session, application, {"issued_on": day, "amount": amount})
        transition_award(session, award, "final", day, None)
        transition_award(session, award, "active", day, None)
        book(session, award, {"type": "disbursement", "booked_on": day, "amount": amount / 2 // 1}, reverses=None)


def _sum_of(client: FlaskClient, path: str, name: str) -> tuple[Decimal, int]:
    total, count, following = Decimal(0), 0, f"{path}&limit=200"
    while following:
        page = client.get(following).json
        total += sum((Decimal(item[name]) for item in page["items"] if item[name] is not None), Decimal(0))
        count += len(page["items"])
        following = page["next"]
    return total, count


@pytest.mark.large
def test_every_total_equals_its_lines_while_others_write(seeded: Database, scale: bool) -> None:
    client = make_app(seeded).test_client()
    revisions: list[int] = []
    grown = [0, 0]

    def write(worker: int, _turn: int) -> None:
        """Write on, but not faster than reports are made: else their lines grow until one takes seconds."""
        if grown[worker] * 2 > len(revisions):
            time.sleep(0.005)
        else:
            _grow(seeded, worker, grown[worker])
            grown[worker] += 1

    with writing(2, write):
        for number in range(500 if scale else 12):
            body = client.get("/v1/reports/funding-summary?group_by=level").json
            revisions.append(body["revision"])
            cells: list[Any] = [body["total"], *body["items"]]
            cell = cells[number % len(cells)]
            for part, name in (("applied", "requested_amount"), ("approved", "amount"), ("paid_out", "paid_out")):
                amount, count = _sum_of(client, cell[part]["lines"], name)
                assert count == cell[part]["lines_count"], (part, cell[part]["lines"])
                assert amount == Decimal(cell[part]["amount"] or 0), (part, cell[part]["lines"])
    assert len(set(revisions)) > 3
