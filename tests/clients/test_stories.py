"""The clients of ``examples/``: generated without a warning, compiled strictly, their stories told on both engines."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portfolio.core.db import Database
from tests.clients.example import ROOT, TOOLS, Example
from tests.conftest import key_headers
from tests.faults.service import Service

STEPS = 10
"""What each story tells: list, all pages, record, conditional GET, create, conflict, transition, sum, past, CSV."""
needs_tools = pytest.mark.skipif(
    not (TOOLS / "openapi-python-client").exists() or not (ROOT / "examples/typescript/node_modules").is_dir(),
    reason="needs Node.js and the generators: make node",
)


@pytest.fixture(scope="module", params=["typescript", "python"])
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Example:
    """An example beside the document as the code writes it now."""
    house = tmp_path_factory.mktemp("house")
    write = [sys.executable, "-m", "portfolio", "openapi", "write", "--folder", house / "openapi"]
    subprocess.run(write, cwd=ROOT, env={**os.environ, "PORTFOLIO_DATA_DIR": str(house / "data")}, check=True)
    return Example(request.param, house)


@pytest.fixture(scope="module")
def generated(example: Example) -> Example:
    """The example with its client, which was generated without a warning."""
    made = example.run(example.generate)
    assert made.returncode == 0, made.stdout
    assert not re.search("⚠|warning", made.stdout, re.IGNORECASE), made.stdout
    return example


def tell(example: Example, database: Database, folder: Path) -> subprocess.CompletedProcess[str]:
    """The story of ``example``, told to a server over ``database`` by a coordinator."""
    key = key_headers(database, "coordinator")["Authorization"].removeprefix("Bearer ")
    service = Service(database.url.render_as_string(hide_password=False), folder / "server.log")
    service.start()
    try:
        address = f"http://127.0.0.1:{service.port}"
        return example.run(example.story, PORTFOLIO_URL=address, PORTFOLIO_KEY=key)
    finally:
        service.kill()


@needs_tools
def test_the_client_compiles_under_the_strictest_settings(generated: Example) -> None:
    checked = generated.run(generated.check)
    assert checked.returncode == 0, checked.stdout


@needs_tools
def test_the_story_holds(generated: Example, seeded: Database, tmp_path: Path) -> None:
    told = tell(generated, seeded, tmp_path)
    assert told.returncode == 0, told.stdout
    assert re.findall(r"^(\d+)\. ", told.stdout, re.MULTILINE) == [str(step + 1) for step in range(STEPS)]
    assert told.stdout.endswith("\nEverything holds.\n")


@needs_tools
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_claim_that_does_not_hold_ends_the_story_with_a_failure(
    generated: Example, database: Database, tmp_path: Path
) -> None:
    """A register with nothing in it: already the first page is not what the story says."""
    told = tell(generated, database, tmp_path)
    assert told.returncode == 1
    assert "This does not hold: a page holds no more than was asked for" in told.stdout


def test_the_example_pins_what_is_tested() -> None:
    pins = re.findall(r"^(\S+)==(\S+)$", (ROOT / "examples/python/requirements.txt").read_text(), re.MULTILINE)
    tested = (ROOT / "requirements-ci.lock").read_text()
    assert {name for name, _ in pins} >= {"openapi-python-client", "httpx", "attrs", "mypy"}
    assert [name for name, version in pins if f"\n{name}=={version} " not in tested] == []


@pytest.mark.parametrize("folder", ["examples/typescript", "tests/access/provider"])
def test_a_package_lock_names_no_registry(folder: str) -> None:
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    assert len(packages) > 10
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
