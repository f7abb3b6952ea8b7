"""dev.py makes its environment once, mends a broken one, and the two requirement files agree."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import dev as script

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with dev.py and nothing to install."""
    shutil.copy(ROOT / "dev.py", tmp_path)
    for name in ("requirements.lock", "requirements-dev.lock"):
        (tmp_path / name).write_text("# nothing\n")
    return tmp_path


def dev(house: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "dev.py", *arguments]
    return subprocess.run(command, cwd=house, capture_output=True, text=True, timeout=120)


def test_an_environment_is_made_once_and_a_broken_one_anew(house: Path) -> None:
    python, stray = house / ".venv/bin/python", house / ".venv/stray"
    first = dev(house, "prepare")
    assert (first.returncode, "installing" in first.stderr) == (0, True), first.stderr
    assert dev(house, "prepare").stderr == ""
    stray.touch()
    python.unlink()
    assert "installing" in dev(house, "prepare").stderr
    assert python.exists()
    assert not stray.exists()


def test_an_environment_that_was_not_finished_is_made_anew(house: Path) -> None:
    (house / ".venv/bin").mkdir(parents=True)
    (house / ".venv/bin/python").write_text("half of a file")
    assert dev(house, "prepare").returncode == 0
    assert subprocess.run([house / ".venv/bin/python", "-c", ""]).returncode == 0


def test_a_failed_installation_says_so_and_is_not_taken_for_done(house: Path) -> None:
    (house / "requirements-dev.lock").write_text("./no-such-package\n")
    for _ in range(2):
        failed = dev(house, "prepare")
        assert (failed.returncode, failed.stderr.splitlines()[-1]) == (
            1,
            "dev.py: the installation failed; is a package index reachable?",
        )


def test_an_unknown_command_shows_what_there_is(house: Path) -> None:
    shown = dev(house, "no-such-command")
    assert shown.returncode == 1
    assert "python3 dev.py run" in shown.stderr
    assert not (house / ".venv").exists()


def test_only_what_a_command_needs_is_installed() -> None:
    assert {name for name, level in script.LEVELS.items() if level == script.SERVING} == {"run", "cli"}
    assert {name for name, level in script.LEVELS.items() if level == script.PROBING} == {"fuzz", "contract", "node"}
    assert {name for name, level in script.LEVELS.items() if level == script.MEASURING} == {"bench"}


def test_what_is_installed_in_the_environment_is_found_first(capfd: pytest.CaptureFixture[str]) -> None:
    command = (sys.executable, "-c", "import os; print(os.environ['PATH'].split(os.pathsep)[0])")
    assert script.run(*command) == 0
    assert capfd.readouterr().out == f"{script.PYTHON.parent}\n"


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+(?:\[[a-z,]+\])?)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))


def test_what_is_tested_is_what_runs() -> None:
    served, tested = pins("requirements.lock"), pins("requirements-dev.lock")
    assert len(served) > 20
    assert {name: tested.get(name) for name in served} == served


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_requirement_file_names_no_address_and_hashes_everything(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"://|^\s*--(?:index|extra-index|find-links)", text, re.MULTILINE)
    blocks = re.split(r"^(?=\S+==)", text, flags=re.MULTILINE)[1:]
    assert [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block] == []
