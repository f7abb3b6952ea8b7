"""Every request of the task pages is sent to a register with the real projects, and answers what the page shows."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from portfolio.core.db import Database
from tests.docs.fragments import fault_of_answer, fault_of_json, fault_of_text
from tests.docs.shell import NotUnderstood, Shell
from tests.faults.service import Service

ROOT = Path(__file__).resolve().parent.parent.parent
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = {"first-hour": "seed", "update-projects": "demo", "audit": "seed", "subscribe": "seed", "operating": ""}
"""The pages, and what is in the register when the reader begins; nothing at all where the page makes it."""

Copies = Callable[[str], AbstractContextManager[Database]]


class Desk:
    """A reader's machine: a folder of its own, and a register that can be started."""

    def __init__(self, folder: Path, url: str) -> None:
        settings = {"PORTFOLIO_DATA_DIR": str(folder / "data"), "PORTFOLIO_CHECKPOINT_SECONDS": "0.2"}
        self.service = Service(url, folder / "service.log", **settings)
        self.shell = Shell(
            f"http://127.0.0.1:{self.service.port}",
            folder,
            {**settings, "PORTFOLIO_DATABASE_URL": url},
            self.service.start,
        )
        shutil.copy(ROOT / "portfolio" / "verify.py", folder)


@pytest.fixture
def desk(page: str, engine_name: str, scale: bool, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    if engine_name == "postgresql" and not scale:
        pytest.skip("The pages are read on the embedded database; on both with SCALE=full.")
    copies: Copies = request.getfixturevalue("copies")
    if not PAGES[page]:
        found = Desk(tmp_path, request.getfixturevalue("empty_url"))
        yield found
    else:
        with copies(PAGES[page]) as database:
            url = database.url.render_as_string(hide_password=False)
            database.dispose()
            found = Desk(tmp_path, url)
            found.shell.run("portfolio log key create")
            found.service.start()
            yield found
    found.service.kill()


@pytest.mark.parametrize("page", PAGES)
def test_what_the_page_says_is_what_happens(desk: Desk, page: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    shown = 0
    blocks = _BLOCK.findall(text)
    for at, (language, block) in enumerate(blocks):
        if language == "sh":
            desk.shell.answer = None
            desk.shell.run(block)
            follows = blocks[at + 1][0] if at + 1 < len(blocks) else ""
            answer = desk.shell.answer
            assert follows == "http" or answer is None or answer.ok, (block, answer.status_code, answer.text)
        else:
            fault = _fault(desk.shell, language, block)
            assert fault is None, f"{page}.md: {blocks[at - 1][1]}\n{fault}"
            shown += 1
    assert desk.shell.requests >= 5
    assert shown >= 5


def _fault(shell: Shell, language: str, block: str) -> str | None:
    if language == "json":
        return fault_of_json(json.loads(block), json.loads(shell.output))
    if language == "text":
        return fault_of_text(block, shell.output.decode())
    if language == "http":
        answer = shell.answer
        assert answer is not None, block
        return fault_of_answer(block, answer.status_code, answer.headers, answer.content)
    raise NotUnderstood(f"a block of {language!r}")


def test_every_page_is_one_of_these() -> None:
    """A page with commands that no test sends would rot."""
    for path in (ROOT / "docs").glob("*.md"):
        commands = re.search(r"^```sh$", path.read_text(encoding="utf-8"), re.MULTILINE)
        # The commands for Excel are tests/exchange/test_excel_docs.py's.
        assert commands is None or path.stem in (*PAGES, "excel"), path.name
