"""``portfolio serve`` as a process: where it listens, and how many may be connected."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
from pathlib import Path

import pytest

from portfolio.core.db import Database
from tests.commands import run_command
from tests.faults.service import Service


def _run(words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return run_command(words, environment={**os.environ, **settings})


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_clients_that_keep_their_connection_shut_nobody_out(seeded: Database, tmp_path: Path) -> None:
    service = Service(seeded.url.render_as_string(hide_password=False), tmp_path / "server.log")
    service.start()
    with contextlib.ExitStack() as kept:
        kept.callback(service.kill)
        for _ in range(40):
            connection = kept.enter_context(
                contextlib.closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=5))
            )
            connection.request("GET", "/health/live")
            assert connection.getresponse().read() == b'{"status":"live"}'
        assert service.ask("GET", "/v1/programme").status == 200


class TestSettings:
    def test_stop_the_start_where_another_program_listens(self, tmp_path: Path) -> None:
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = str(other.getsockname()[1])
            ended = _run("run", PORTFOLIO_PORT=port, PORTFOLIO_DATA_DIR=str(tmp_path / "data"))
        assert (ended.returncode, ended.stdout) == (1, "")
        assert f"cannot listen on '127.0.0.1', port {port} (Address already in use)" in ended.stderr
        assert not (tmp_path / "data").exists()

    @pytest.mark.parametrize(
        ("name", "value", "sentence"),
        [
            ("HOST", "300.1.1.1", "cannot listen on '300.1.1.1'"),
            ("PORT", "99999", "Give a whole number from 1 to 65535."),
            ("PORT", "abc", "PORTFOLIO_PORT"),
            ("DATA_DIR", "/proc/nowhere", "/proc/nowhere: No such file or directory"),
            ("DATABASE_URL", "sqlite://", "PORTFOLIO_DATABASE_URL names no file"),
            ("DATABASE_URL", "postgresql://u@h:port/d", "PORTFOLIO_DATABASE_URL is not a database address"),
            ("DATABASE_URL", f"sqlite:///{__file__}", "is no database"),
        ],
    )
    def test_that_are_wrong_are_one_sentence(self, tmp_path: Path, name: str, value: str, sentence: str) -> None:
        settings = {"PORTFOLIO_DATA_DIR": str(tmp_path), "PORTFOLIO_PORT": "18999", f"PORTFOLIO_{name}": value}
        ended = _run("run", **settings)
        assert ended.returncode == 1
        assert sentence in ended.stderr
        assert "Traceback" not in ended.stderr
        assert len(ended.stderr.splitlines()) == 1

    @pytest.mark.parametrize("words", ["run", "serve"])
    def test_with_a_role_that_does_not_exist_stop_the_start(self, tmp_path: Path, words: str) -> None:
        oidc = {
            "PORTFOLIO_OIDC_ISSUER": "https://login.example",
            "PORTFOLIO_OIDC_AUDIENCE": "register",
            "PORTFOLIO_OIDC_ROLES": "staff=chief",
        }
        ended = _run(words, PORTFOLIO_DATA_DIR=str(tmp_path / "data"), PORTFOLIO_PORT="18999", **oidc)
        assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
        assert "maps 'staff' to 'chief', which is no role" in ended.stderr
        assert not (tmp_path / "data").exists()
