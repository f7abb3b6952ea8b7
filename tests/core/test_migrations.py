"""Migrations: up, down, up on both engines, no drift, safe when two start at once."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

import portfolio.app  # noqa: F401  (all models, so that drift is seen)
from portfolio.core import migrate
from portfolio.core.db import Database
from tests.commands import run_command


def test_up_down_up_without_drift(empty_url: str) -> None:
    database = Database(empty_url)
    migrate.upgrade(database)
    assert migrate.drift(database) == []
    migrate.downgrade(database)
    assert set(sa.inspect(database.engine).get_table_names()) <= {"alembic_version"}
    migrate.upgrade(database)
    assert migrate.drift(database) == []
    assert migrate.current(database) == migrate.newest()
    database.dispose()


def test_two_that_start_at_once_both_succeed(empty_url: str) -> None:
    failures: list[BaseException] = []

    def upgrade() -> None:
        database = Database(empty_url)
        try:
            migrate.upgrade(database)
        except BaseException as error:
            failures.append(error)
        finally:
            database.dispose()

    both = [threading.Thread(target=upgrade) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert failures == []


def test_serving_an_old_schema_stops_with_a_sentence(empty_url: str) -> None:
    ended = run_command("serve", environment={"PORTFOLIO_DATABASE_URL": empty_url, "PATH": "/usr/bin:/bin"})
    assert ended.returncode == 1
    assert "portfolio db upgrade" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_schema_of_a_newer_program_is_left_alone(empty_url: str) -> None:
    database = Database(empty_url)
    migrate.upgrade(database)
    with database.write_engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0999_later'"))
    for step in (migrate.upgrade, migrate.require_newest):
        with pytest.raises(migrate.SchemaMismatch, match="0999_later, newer than this program's"):
            step(database)
    database.dispose()


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("PORTFOLIO_DATABASE_URL", "mysql://x", "sqlite and postgresql"),
        ("PORTFOLIO_DATABASE_URL", "nonsense", "database address"),
        ("PORTFOLIO_PORT", "eighty", "PORTFOLIO_PORT"),
        ("PORTFOLIO_PORT", "70000", "PORTFOLIO_PORT"),
        ("PORTFOLIO_LOG_ORIGIN", "two words", "PORTFOLIO_LOG_ORIGIN"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_a_sentence(name: str, value: str, word: str) -> None:
    ended = run_command("serve", environment={name: value, "PATH": "/usr/bin:/bin"})
    assert ended.returncode == 1
    assert word in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_application_role_may_only_add_to_the_log(postgres_dsn: str) -> None:
    import psycopg

    from portfolio.cli.database import upgrade_database
    from portfolio.core.settings import read_settings
    from portfolio.exchange.seed import load_seed
    from portfolio.history import recorder
    from tests.postgres import create_database, drop_database

    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("CREATE ROLE register_app LOGIN")
    owner = create_database(postgres_dsn, "granted")
    role = owner.replace("postgres@", "register_app@")
    upgrade_database(replace(read_settings(), database_url=role, migration_url=owner, log_origin="portfolio.test/log"))
    database = Database(role)
    recorder.install(database)
    migrate.require_newest(database)
    assert load_seed(database).changed
    for statement in ("UPDATE revision SET rev = rev", "DELETE FROM change", "TRUNCATE change", "DROP TABLE change"):
        refused = pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner")
        with refused, database.write_engine.begin() as connection:
            connection.execute(sa.text(statement))
    database.dispose()
    drop_database(postgres_dsn, "granted")


def test_the_newest_migration_is_the_last_of_the_chain() -> None:
    folder = Path(migrate.__file__).parents[2] / "migrations"
    chain = ScriptDirectory(str(folder))
    assert migrate.newest() == chain.get_current_head()


_OPEN_TOGETHER = """
import sys, time
from portfolio.core.db import Database
from tests.commands import run_command
folder, begin = sys.argv[1], float(sys.argv[2])
for number in range(40):
    time.sleep(max(0, begin + number * 0.05 - time.time()))
    database = Database(f"sqlite:///{folder}/{number}.sqlite")
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    database.dispose()
"""


def test_processes_that_open_a_new_file_together_all_succeed(tmp_path: Path) -> None:
    # Switching to WAL is refused at once while another process does the same; no timeout of SQLite covers it.
    command = [sys.executable, "-c", _OPEN_TOGETHER, str(tmp_path), str(time.time() + 2)]
    together = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(6)]
    assert [process.communicate()[1] for process in together] == [""] * 6
