"""The command ``portfolio`` as an operator types it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portfolio.core.db import Database
from tests.commands import run_command


def _run(database: Database, *words: str) -> subprocess.CompletedProcess[str]:
    url = database.url.render_as_string(hide_password=False)
    return run_command(*words, environment={**os.environ, "PORTFOLIO_DATABASE_URL": url})


def test_it_can_be_called_as_a_module() -> None:
    ended = subprocess.run([sys.executable, "-m", "portfolio", "--help"], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == run_command("--help").stdout.replace("Usage: portfolio", "Usage: python -m portfolio")


class TestKeys:
    def test_are_made_shown_once_listed_and_revoked(self, seeded: Database) -> None:
        made = _run(seeded, "key", "create", "--role", "editor", "--organisation", "MUNV", "--name", "Referat 1")
        assert made.stdout.startswith("editor key: pk_")
        secret = made.stdout.split()[-1]
        listed = _run(seeded, "key", "list").stdout
        assert "MUNV" in listed
        assert "good" in listed
        assert secret not in listed
        assert "is revoked" in _run(seeded, "key", "revoke", secret[:11]).stdout
        assert "revoked" in _run(seeded, "key", "list").stdout

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (("--role", "editor", "--name", "x"), "The role editor is for one organisation"),
            (("--role", "editor", "--organisation", "XYZ", "--name", "x"), "no organisation 'XYZ'"),
            (("--role", "king", "--name", "x"), "king"),
        ],
    )
    def test_that_make_no_sense_are_refused(self, seeded: Database, words: tuple[str, ...], sentence: str) -> None:
        ended = _run(seeded, "key", "create", *words)
        assert ended.returncode != 0
        assert sentence in ended.stderr
        assert "Traceback" not in ended.stderr


class TestData:
    @pytest.mark.postgresql_in_full
    def test_is_loaded_once_and_says_so(self, database: Database) -> None:
        early = _run(database, "demo")
        assert (early.returncode, "portfolio seed" in early.stderr) == (1, True)
        assert "Loaded 75 projects as revision 1." in _run(database, "seed").stdout
        assert "Nothing to do" in _run(database, "seed").stdout
        assert "Loaded 30 demonstration projects as revision 2." in _run(database, "demo").stdout
        assert "Nothing to do" in _run(database, "demo").stdout
        assert "equals the models" in _run(database, "db", "check").stdout


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestLog:
    def test_is_signed_once_by_a_key_that_is_made_once(self, database: Database, tmp_path: Path) -> None:
        keyless = _run(database, "log", "checkpoint")
        assert (keyless.returncode, "portfolio log key create" in keyless.stderr) == (1, True)
        made = _run(database, "log", "key", "create")
        public = (tmp_path / "data" / "log.pub").read_text()
        assert made.stdout.startswith(public)
        assert (tmp_path / "data" / "log.key").read_text() not in made.stdout
        assert "never overwritten" in _run(database, "log", "key", "create").stderr
        assert "the log is empty" in _run(database, "log", "checkpoint").stderr
        _run(database, "seed")
        signed = _run(database, "log", "checkpoint").stdout
        assert signed.startswith("Signed 1 revisions at ")
        assert _run(database, "log", "checkpoint").stdout.startswith("Nothing new: signed already are 1 revisions")
        note = (tmp_path / "data" / "checkpoints" / "1.txt").read_text()
        assert note.startswith("portfolio.test/log\n1\n")
        root = f"root {note.splitlines()[2]}"
        assert root in signed
        assert root in _run(database, "verify").stdout


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestDocument:
    def test_is_written_and_checked(self, database: Database, tmp_path: Path) -> None:
        folder = str(tmp_path / "openapi")
        assert _run(database, "openapi", "write", "--folder", folder).returncode == 0
        assert _run(database, "openapi", "check", "--folder", folder).returncode == 0
        (tmp_path / "openapi" / "openapi.json").write_text("{}")
        ended = _run(database, "openapi", "check", "--folder", folder)
        assert (ended.returncode, "openapi.json differ" in ended.stderr) == (1, True)

    @pytest.mark.parametrize(
        "words",
        [
            (), ("serve",), ("run",), ("seed",), ("demo",), ("db",), ("key",), ("key", "create"), ("openapi",),
            ("log",), ("log", "key"), ("log", "checkpoint"), ("log", "dump"), ("verify",), ("privacy",),
            ("privacy", "erase"),
        ],
    )  # fmt: skip
    def test_every_command_explains_itself(self, database: Database, words: tuple[str, ...]) -> None:
        ended = _run(database, *words, "--help")
        assert ended.returncode == 0
        assert len(ended.stdout) > 80
