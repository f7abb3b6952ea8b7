"""What every test stands on: both engines, a loaded register, and a client that fails on undocumented answers."""

from __future__ import annotations

import gc
import math
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import marshmallow as ma
import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from portfolio.access.service import create_key
from portfolio.app import create_app
from portfolio.core import migrate
from portfolio.core.db import Database, WriteContext
from portfolio.core.fields import StrictSchema
from portfolio.core.settings import Rates, Settings
from portfolio.core.sources import Sources
from portfolio.exchange.demo import load_demo
from portfolio.exchange.seed import load_seed
from portfolio.history import log, recorder
from tests.answer_checker import CheckedClient
from tests.in_memory import memory_folder
from tests.postgres import create_database, drop_database, running_server

ENGINES = ("sqlite", "postgresql")
ORIGIN = "portfolio.test/log"
SYSTEM = WriteContext(actor_id="act_system", via="cli", action="test")


def pytest_configure() -> None:
    """Have the folders of the tests in memory."""
    if folder := memory_folder():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder))
        tempfile.tempdir = str(folder)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to the CI run what SQLite tells as well; and have it run all that takes a count in full."""
    for item in items:
        if "scale" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.large)
        engine = getattr(item, "callspec", None) and item.callspec.params.get("engine_name")  # type: ignore[attr-defined]
        if engine == "postgresql" and item.get_closest_marker("postgresql_in_full"):
            item.add_marker(pytest.mark.large)
            if os.environ.get("SCALE") != "full":
                item.add_marker(pytest.mark.skip(reason="SQLite tells the same; SCALE=full runs it on PostgreSQL too"))


def pytest_collection_finish() -> None:
    """What stands after the collection stays to the end: it need not be looked through with every full one."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def scale() -> bool:
    """Whether the large counts run in full (``SCALE=full``, in CI)."""
    return os.environ.get("SCALE") == "full"


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    """A real PostgreSQL server, one per test process; PORTFOLIO_TEST_PG_URL names another."""
    given = os.environ.get("PORTFOLIO_TEST_PG_URL")
    if given:
        yield given
        return
    with running_server() as server:
        yield server.dsn()


@pytest.fixture(autouse=True)
def _own_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Commands and servers that a test starts keep keys and checkpoints apart from everybody else's."""
    monkeypatch.setenv("PORTFOLIO_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture(scope="session", autouse=True)
def _dumps_are_those_of_marshmallow() -> Iterator[None]:
    """What tests let the register show: the plan of a dump gives the same values in the same order.

    Of each schema the first few hundred in each process, all of them with SCALE=full; marshmallow takes several times
    as long.
    """
    fast = StrictSchema.dump
    seen: Counter[type[StrictSchema]] = Counter()

    def checked(self: StrictSchema, obj: Any, *, many: bool | None = None) -> Any:
        found = fast(self, obj, many=many)
        seen[type(self)] += 1
        if seen[type(self)] > _MOST_COMPARED:
            return found
        assert orjson.dumps(found) == orjson.dumps(ma.Schema.dump(self, obj, many=many))
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(StrictSchema, "dump", checked)
        yield


@pytest.fixture(scope="session", autouse=True)
def _addresses_are_compiled_once() -> Iterator[None]:
    """The applications of a process have the same addresses; to compile them is most of what making one costs."""
    compile_anew = Rule._compile_builder
    compiled: dict[Any, Callable[..., tuple[str, str]]] = {}

    def compiled_once(self: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        # What comes out takes the rule as its argument; only defaults would be built into it.
        key = (tuple(self._trace), append_unknown)
        if self.defaults or key not in compiled:
            compiled[key] = compile_anew(self, append_unknown)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Rule, "_compile_builder", compiled_once)
        yield


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


_MOST_COMPARED = math.inf if os.environ.get("SCALE") == "full" else 300
_numbers = iter(range(10**9))


def _fresh_url(engine: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    if engine == "sqlite":
        yield f"sqlite:///{folder}/register-{next(_numbers)}.sqlite"
        return
    dsn = request.getfixturevalue("postgres_dsn")
    name = f"register_{os.getpid()}_{next(_numbers)}"
    yield create_database(dsn, name)
    drop_database(dsn, name)


@pytest.fixture
def empty_url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table, on each engine."""
    yield from _fresh_url(engine_name, request, tmp_path)


def open_register(url: str) -> Database:
    """A migrated, recording database at ``url``."""
    database = Database(url)
    migrate.upgrade(database)
    log.create_log(database, ORIGIN)
    recorder.install(database)
    return database


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path | str]:
    """Loaded databases to copy from, made once per process and engine."""
    return {"folder": tmp_path_factory.mktemp("templates")}


def _load(url: str, what: str) -> None:
    """Make what is at ``url`` the register ``what``: nothing for plain, plain for seed, seed for demo."""
    database = open_register(url) if what == "plain" else _database(url)
    if what == "seed":
        load_seed(database)
    if what == "demo":
        load_demo(database)
    database.dispose()


def _copy(
    what: str, engine: str, request: pytest.FixtureRequest, templates: dict[str, Path | str], folder: Path
) -> Iterator[str]:
    """The address of a copy of a loaded register."""
    template = _template(what, engine, request, templates)
    if isinstance(template, Path):
        target = folder / f"register-{next(_numbers)}.sqlite"
        shutil.copy(template, target)
        yield f"sqlite:///{target}"
        return
    dsn = request.getfixturevalue("postgres_dsn")
    name = f"register_{os.getpid()}_{next(_numbers)}"
    yield create_database(dsn, name, template)
    drop_database(dsn, name)


def _template(what: str, engine: str, request: pytest.FixtureRequest, templates: dict[str, Path | str]) -> Path | str:
    """The file or the name of a loaded register, made when it is first asked for."""
    key = f"{what}-{engine}"
    if key not in templates:
        below = {"seed": "plain", "demo": "seed"}.get(what)
        source = below and _template(below, engine, request, templates)
        if engine == "sqlite":
            target = Path(templates["folder"]) / f"{key}.sqlite"
            if source:
                shutil.copy(source, target)
            _load(f"sqlite:///{target}", what)
            templates[key] = target
        else:
            name = f"template_{what}_{os.getpid()}"
            _load(create_database(request.getfixturevalue("postgres_dsn"), name, source and str(source)), what)
            templates[key] = name
    return templates[key]


def _database(url: str) -> Database:
    database = Database(url)
    recorder.install(database)
    migrate.require_newest(database)
    return database


@pytest.fixture
def database(
    engine_name: str, request: pytest.FixtureRequest, templates: dict[str, Path | str], tmp_path: Path
) -> Iterator[Database]:
    """A register with nothing in it, on each engine."""
    for url in _copy("plain", engine_name, request, templates, tmp_path):
        found = _database(url)
        yield found
        found.dispose()


@pytest.fixture
def seeded(
    engine_name: str, request: pytest.FixtureRequest, templates: dict[str, Path | str], tmp_path: Path
) -> Iterator[Database]:
    """A register with the real projects, on each engine."""
    for url in _copy("seed", engine_name, request, templates, tmp_path):
        found = _database(url)
        yield found
        found.dispose()


@pytest.fixture
def with_demo(
    engine_name: str, request: pytest.FixtureRequest, templates: dict[str, Path | str], tmp_path: Path
) -> Iterator[Database]:
    """A register with the real and the made-up projects, on each engine."""
    for url in _copy("demo", engine_name, request, templates, tmp_path):
        found = _database(url)
        yield found
        found.dispose()


@pytest.fixture
def copies(
    engine_name: str, request: pytest.FixtureRequest, templates: dict[str, Path | str], tmp_path: Path
) -> Callable[[str], AbstractContextManager[Database]]:
    """Opens one more register (plain, seed or demo) as often as asked, on each engine."""

    @contextmanager
    def opened(what: str) -> Iterator[Database]:
        for url in _copy(what, engine_name, request, templates, tmp_path):
            found = _database(url)
            try:
                yield found
            finally:
                found.dispose()

    return opened


@contextmanager
def clearing(database: Database) -> Iterator[Callable[[], None]]:
    """What makes ``database`` again what it is now; the application over it, and what it has compiled, can stay."""
    database.dispose()
    name, blank = str(database.url.database), f"{database.url.database}_blank"
    dsn = database.url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    if database.is_sqlite:
        shutil.copy(name, blank)
    else:
        create_database(dsn, blank, name)

    def clear() -> None:
        database.dispose()
        if database.is_sqlite:
            shutil.copy(blank, name)
        else:
            drop_database(dsn, name)
            create_database(dsn, name, blank)

    yield clear
    if not database.is_sqlite:
        drop_database(dsn, blank)


def settings_of(database: Database) -> Settings:
    url = database.url.render_as_string(hide_password=False)
    nowhere = Path("no-such-folder")
    return Settings(
        database_url=url,
        migration_url=url,
        data_dir=nowhere,
        host="127.0.0.1",
        port=0,
        log_origin=ORIGIN,
        threads=4,
        statement_timeout_ms=30_000,
        log_key=nowhere / "log.key",
        checkpoint_dir=nowhere / "held",
        checkpoint_seconds=60,
        rates=Rates(requests=10_000_000, failures=10_000_000),
    )


def make_app(database: Database, *, cache_mib: int = 64) -> Flask:
    """The application over a database; its clients check every answer against the document.

    :param cache_mib: 0 where each answer is to be computed.
    """
    app = create_app(replace(settings_of(database), cache_mib=cache_mib), database)
    app.test_client_class = CheckedClient
    return app


@pytest.fixture
def app(seeded: Database) -> Flask:
    return make_app(seeded)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the register with the real projects."""
    return app.test_client()


@pytest.fixture
def plain_client(database: Database) -> FlaskClient:
    """A client of an empty register."""
    return make_app(database).test_client()


@pytest.fixture
def demo_client(with_demo: Database) -> FlaskClient:
    """A client of the register with real and made-up projects."""
    return make_app(with_demo).test_client()


def key_headers(database: Database, role: str, organisation: str | None = None) -> dict[str, str]:
    """Headers of a fresh key."""
    with database.transaction(SYSTEM) as session:
        made = create_key(session, role=role, name="test", organisation=organisation)
    return {"Authorization": f"Bearer {made.secret}"}


@pytest.fixture
def coordinator(seeded: Database) -> dict[str, str]:
    """Headers of a coordinator of the register with the real projects."""
    return key_headers(seeded, "coordinator")


@pytest.fixture
def editor(seeded: Database) -> Callable[[str], dict[str, str]]:
    """Headers of an editor of the named ministry."""
    return lambda organisation: key_headers(seeded, "editor", organisation)


class Ticking:
    """A clock, ids and random bytes that are the same in every run."""

    def __init__(self, start: datetime = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)) -> None:
        self.instant, self.number = start, 0

    def sources(self) -> Sources:
        return Sources(clock=self._now, new_id=self._next_id, random_bytes=self._bytes)

    def _now(self) -> datetime:
        self.instant += timedelta(milliseconds=1)
        return self.instant

    def _next_id(self) -> UUID:
        self.number += 1
        return UUID(int=self.number)

    def _bytes(self, count: int) -> bytes:
        self.number += 1
        return self.number.to_bytes(count, "little")  # a key is found by its first characters
