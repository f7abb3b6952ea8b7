"""The tests' own PostgreSQL: it runs, it copies databases, and it leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from tests.postgres import create_database, drop_database, running_server

ROOT = Path(__file__).resolve().parent.parent

_KILLED = """
import os, signal
from tests.postgres import running_server
with running_server() as server:
    print(server.port, server.root, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _answers(port: int) -> bool:
    try:
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def test_it_is_postgresql_with_utf8(postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn) as connection:
        assert connection.info.server_version >= 140000
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)


def test_a_database_is_copied_with_its_rows_and_dropped(postgres_dsn: str) -> None:
    source = sa.create_engine(create_database(postgres_dsn, "copy_source"))
    with source.begin() as connection:
        connection.execute(sa.text("CREATE TABLE note AS SELECT 7 AS number"))
    source.dispose()
    copy = sa.create_engine(create_database(postgres_dsn, "copy_target", template="copy_source"))
    with copy.connect() as connection:
        assert connection.scalar(sa.text("SELECT number FROM note")) == 7
    drop_database(postgres_dsn, "copy_target")  # with the pool still open
    copy.dispose()
    drop_database(postgres_dsn, "copy_source")
    with psycopg.connect(postgres_dsn) as connection:
        assert connection.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'copy\\_%'").fetchone() == (0,)


def test_settings_reach_the_server_and_nothing_stays_behind() -> None:
    with running_server("max_connections=17") as server, psycopg.connect(server.dsn()) as connection:
        assert connection.execute("SHOW max_connections").fetchone() == ("17",)
    assert not _answers(server.port)
    assert not server.root.exists()


def test_a_setting_it_does_not_know_is_told() -> None:
    with pytest.raises(RuntimeError, match="no_such_setting"), running_server("no_such_setting=1"):
        pytest.fail("the server started")


def test_killed_tests_leave_no_server_and_no_folder() -> None:
    killed = subprocess.run([sys.executable, "-c", _KILLED], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    port, folder = killed.stdout.split(maxsplit=1)
    deadline = time.monotonic() + 20
    while (_answers(int(port)) or Path(folder.strip()).exists()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _answers(int(port))
    assert not Path(folder.strip()).exists()
