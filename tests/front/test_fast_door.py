"""The door on the event loop: kept answers without a thread, one computation for many, and the application in doubt."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask

from portfolio.app import create_app
from portfolio.core.db import Database
from portfolio.core.settings import Rates
from portfolio.front.counters import PostgresReader, reader_of
from portfolio.front.door import door_of
from portfolio.front.intake import Intake
from portfolio.front.keeping import keeper_of
from portfolio.front.loop_counters import InGroups, LoopCounters, loop_counters
from portfolio.projects.models import Project
from tests.conftest import SYSTEM, settings_of

PROJECT, LIST = "/v1/projects/ruhr-digital", "/v1/projects"
CLIENTS = 50


class Fields:
    """Headers as granian hands them over: what is no ASCII is left out of the values."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields = fields

    def items(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self._fields if value.isascii()]

    def keys(self) -> list[str]:
        return list(dict(self._fields))

    def get_all(self, name: str) -> list[str]:
        return [value for one, value in self.items() if one == name]

    def get(self, name: str) -> str | None:
        return next(iter(self.get_all(name)), None)


class Request:
    """One request and what was answered: scope and protocol of RSGI in one."""

    http_version, scheme, server = "1.1", "http", "127.0.0.1:8000"

    def __init__(self, address: str, *fields: tuple[str, str], method: str = "GET", client: str = "127.0.0.1") -> None:
        self.method, self.client = method, f"{client}:55555"
        self.path, _, self.query_string = address.partition("?")
        self.headers = Fields([("host", "localhost"), *fields])
        self.status = 0
        self.answered: dict[str, str] = {}
        self.body = b""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.answered, self.body = status, dict(headers), body


class Served(NamedTuple):
    """An intake over an application that counts."""

    intake: Intake
    app: Flask
    computed: list[str]
    counters: LoopCounters


def served(database: Database, slow: float = 0.0, **changes: Any) -> Served:
    app = create_app(dataclasses.replace(settings_of(database), **changes), database)
    computed: list[str] = []
    for endpoint, view in list(app.view_functions.items()):
        app.view_functions[endpoint] = _counted(view, endpoint, computed, slow)
    door = door_of(app, changes.get("trusted_proxies", 0))
    assert door is not None
    counters = loop_counters(database, door.store)
    intake = Intake(app, threads=4, seconds=5, stop=lambda: None, door=door, counters=counters)
    return Served(intake, app, computed, counters)


def _counted(view: Callable[..., Any], endpoint: str, computed: list[str], slow: float) -> Callable[..., Any]:
    def counted(**arguments: Any) -> Any:
        computed.append(endpoint)
        time.sleep(slow)
        return view(**arguments)

    counted.__dict__.update(view.__dict__)
    return counted


def run(register: Served, story: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        if isinstance(register.counters, InGroups):
            await ask(register, "/v1/nothing")  # connects
            await ask(register, PROJECT)
            await ask(register, PROJECT)
            for _ in range(100):
                if register.counters.is_connected:
                    break
                await asyncio.sleep(0.02)
            register.computed.clear()
        try:
            await story()
        finally:
            register.intake.__rsgi_del__(asyncio.get_running_loop())

    asyncio.run(whole())


async def ask(register: Served, address: str, *fields: tuple[str, str], **options: Any) -> Request:
    request = Request(address, *fields, **options)
    await register.intake.__rsgi__(request, request)
    return request


def write(database: Database, title: str) -> None:
    with database.transaction(SYSTEM) as session:
        session.scalars(sa.select(Project).where(Project.slug == "ruhr-digital")).one().title_en = title


class TestHits:
    def test_are_what_the_application_answers(self, seeded: Database) -> None:
        register = served(seeded)

        async def story() -> None:
            first = await ask(register, LIST)
            again = await ask(register, LIST)
            assert len(register.computed) == 1
            for name in ("x-request-id", "ratelimit-remaining", "ratelimit-reset", "date"):
                first.answered.pop(name), again.answered.pop(name, None)
            assert (again.status, again.answered, again.body) == (200, first.answered, first.body)
            head = await ask(register, LIST, method="HEAD")
            assert (head.status, head.body, head.answered["content-length"]) == (200, b"", str(len(first.body)))
            held = ("if-none-match", first.answered["etag"])
            for asked in ((held,), (held, ("accept-encoding", "br"))):
                unchanged = await ask(register, LIST, *asked)
                assert (unchanged.status, unchanged.body) == (304, b"")
            small = await ask(register, LIST, ("accept-encoding", "zstd"))
            assert small.answered["content-encoding"] == "zstd"
            assert len(small.body) < len(first.body)
            assert len(register.computed) == 1

        run(register, story)

    def test_are_for_the_very_letters_of_a_question(self, seeded: Database) -> None:
        register = served(seeded)

        async def story() -> None:
            # Bytes that are no ASCII come as text; taken one by one the first two letters are those of the second word.
            for question, count in (("Brachfl\u00e4chen", 1), ("Brachfl\u00c3\u00a4chen", 0), ("Brachfl%C3%A4chen", 1)):
                for _ in range(2):
                    answer = await ask(register, f"{LIST}?q={question}&count=true")
                    assert (answer.status, json.loads(answer.body)["count"]) == (200, count), question

        run(register, story)

    def test_show_what_was_just_written(self, seeded: Database) -> None:
        register = served(seeded)

        async def story() -> None:
            for number in range(5):
                write(seeded, f"Title {number}")
                for _ in range(2):
                    answer = await ask(register, PROJECT)
                    assert json.loads(answer.body)["title_en"] == f"Title {number}"
            assert len(register.computed) == 5

        run(register, story)

    def test_leave_to_the_application_what_may_be_answered_otherwise(self, seeded: Database) -> None:
        register = served(seeded)

        async def story() -> None:
            await ask(register, PROJECT)
            register.computed.clear()
            expected = {
                ("authorization", "Bearer pk_nonsense"): 401,
                ("host", "evil.example"): 400,
                ("x-odd", "ä"): 400,
                ("if-none-match", "a" * 1001): 400,
                ("if-match", '"other"'): 412,
                ("cookie", "a=b"): 200,
            }
            for field, status in expected.items():
                assert (await ask(register, PROJECT, field)).status == status, field
            assert (await ask(register, f"{PROJECT}?x=1")).status == 422

        run(register, story)

    def test_are_counted_by_the_address_that_the_proxies_name(self, seeded: Database) -> None:
        register = served(seeded, trusted_proxies=1, rates=Rates(requests=6))

        async def story() -> None:
            statuses = []
            for number in range(8):
                forwarded = ("x-forwarded-for", f"198.51.100.{number}, 203.0.113.1")
                statuses.append((await ask(register, PROJECT, forwarded)).status)
            assert statuses == [200] * 6 + [429] * 2
            other = await ask(register, PROJECT, ("x-forwarded-for", "203.0.113.2"))
            assert (other.status, other.answered["ratelimit-remaining"]) == (200, "5")

        run(register, story)


class TestOneComputation:
    def test_is_enough_for_all_who_ask_at_once(self, seeded: Database) -> None:
        register = served(seeded, slow=0.1)

        async def story() -> None:
            answers = await asyncio.gather(*[ask(register, f"{LIST}?limit=7") for _ in range(CLIENTS)])
            assert len(register.computed) == 1
            assert {answer.status for answer in answers} == {200}
            assert len({answer.body for answer in answers}) == 1
            assert len({answer.answered["x-request-id"] for answer in answers}) == CLIENTS

        run(register, story)

    def test_does_not_ask_again_how_far_the_register_is(
        self, seeded: Database, engine_name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        register = served(seeded)
        keeper = keeper_of(register.app)
        assert keeper is not None
        reader, asked = keeper.store.reader, Counter[str]()

        def counted(name: str) -> Callable[..., Any]:
            read = getattr(reader, name)

            def counting(*values: Any) -> Any:
                asked[name] += 1
                return read(*values)

            return counting

        async def story() -> None:
            await ask(register, LIST)
            write(seeded, "Changed")
            register.computed.clear()
            for name in ("head", "all"):
                monkeypatch.setattr(reader, name, counted(name))
            await ask(register, LIST)
            assert len(register.computed) == 1
            # On PostgreSQL the loop has a connection of its own, and what it was told is enough.
            assert asked == ({"head": 1, "all": 1} if engine_name == "sqlite" else {})

        run(register, story)

    def test_that_began_before_a_write_is_no_answer_after_it(self, seeded: Database) -> None:
        register = served(seeded, slow=0.0)
        read = threading.Event()
        view = register.app.view_functions["projects.ProjectBySlug"]

        def lingering(**arguments: Any) -> Any:
            answer = view(**arguments)
            if not read.is_set():
                read.set()
                time.sleep(0.3)  # the data is read, the answer is not given yet
            return answer

        lingering.__dict__.update(view.__dict__)

        async def story() -> None:
            await ask(register, LIST)
            register.app.view_functions["projects.ProjectBySlug"] = lingering
            first = asyncio.ensure_future(ask(register, f"{PROJECT}?valid_on=2026-01-01"))
            await asyncio.get_running_loop().run_in_executor(None, read.wait, 5)
            await asyncio.get_running_loop().run_in_executor(None, write, seeded, "After")
            late = await asyncio.gather(*[ask(register, f"{PROJECT}?valid_on=2026-01-01") for _ in range(5)])
            assert {json.loads(answer.body)["title_en"] for answer in late} == {"After"}
            assert json.loads((await first).body)["title_en"] != "After"

        run(register, story)

    def test_that_fails_lets_the_others_try(self, seeded: Database) -> None:
        register = served(seeded, slow=0.05)

        async def story() -> None:
            answers = await asyncio.gather(*[ask(register, "/v1/projects/nobody") for _ in range(4)])
            assert {answer.status for answer in answers} == {404}
            assert len(register.computed) == 4

        run(register, story)


def test_a_request_that_cannot_be_handed_over_is_answered_all_the_same(
    seeded: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = served(seeded)

    def broken(*_: Any) -> Any:
        raise ValueError

    monkeypatch.setattr("portfolio.front.intake.environ_of", broken)

    async def story() -> None:
        answer = await ask(register, LIST)
        assert (answer.status, answer.answered["content-type"]) == (500, "application/problem+json")

    asyncio.run(story())


class TestPostgresql:
    pytestmark = pytest.mark.parametrize("engine_name", ["postgresql"])

    def test_that_goes_away_is_asked_by_the_application_and_reached_again(self, seeded: Database) -> None:
        register = served(seeded)

        async def story() -> None:
            counters = register.counters
            assert isinstance(counters, InGroups)
            assert counters.is_connected
            await ask(register, PROJECT)
            register.computed.clear()
            await ask(register, PROJECT)
            assert register.computed == []
            with seeded.engine.connect() as connection:
                others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                connection.execute(sa.text(f"{others} AND pid <> pg_backend_pid()"))
            answers = await asyncio.gather(*[ask(register, PROJECT) for _ in range(5)])
            assert {answer.status for answer in answers} <= {200, 503}
            assert not counters.is_connected or register.computed
            for _ in range(200):
                await ask(register, PROJECT)
                if counters.is_connected:
                    break
                await asyncio.sleep(0.02)
            register.computed.clear()
            await ask(register, PROJECT)
            await ask(register, PROJECT)
            assert len(register.computed) <= 1

        run(register, story)

    def test_is_asked_once_for_many(self, seeded: Database) -> None:
        register = served(seeded)

        async def story() -> None:
            counters = register.counters
            assert isinstance(counters, InGroups)
            paths = (LIST, PROJECT, "/v1/action-fields")
            for path in paths:
                await ask(register, path)
            before = counters.statements
            await asyncio.gather(*[ask(register, path) for path in paths * 20])
            assert counters.statements - before == 1
            first = asyncio.create_task(ask(register, LIST))
            while counters.statements - before == 1:
                await asyncio.sleep(0)
            # Whoever comes once a statement is under way waits for the next.
            await asyncio.gather(first, *[ask(register, path) for path in paths * 20])
            assert counters.statements - before == 3

        run(register, story)

    def test_plans_once_what_it_is_asked_again_and_again(self, seeded: Database) -> None:
        reader = reader_of(seeded)
        assert isinstance(reader, PostgresReader)
        with seeded.snapshot() as session:
            tree = str(session.scalars(sa.select(Project.id).limit(1)).one())
        for _ in range(8):
            assert tree in reader.all(0, tree).trees
        plans = "SELECT sum(generic_plans) > 0, sum(custom_plans) FROM pg_prepared_statements"
        assert reader.run(plans, ()) == [(True, 0)]


def test_fifty_threads_of_a_wsgi_server_compute_once(seeded: Database) -> None:
    register = served(seeded, slow=0.2)
    gate = threading.Barrier(CLIENTS)
    bodies: list[bytes] = []

    def work() -> None:
        client = register.app.test_client()
        gate.wait()
        answer = client.get(f"{LIST}?limit=7")
        assert answer.status_code == 200
        bodies.append(answer.data)

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bodies) == CLIENTS
    assert len(set(bodies)) == 1
    assert len(register.computed) == 1
