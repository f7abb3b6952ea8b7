"""``portfolio openapi compare`` and ``release`` as a colleague runs them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portfolio.cli.openapi import openapi
from portfolio.core.version import VERSION
from tests.core.paint_document import Node, paints, schema

ROOT = Path(__file__).parents[2]
CODE = "portfolio.cli.openapi._document"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(openapi, [str(word) for word in words])


def versioned(version: str, change: Callable[[Node], object] = lambda _: None) -> Node:
    found = paints()
    change(found)
    found["info"]["version"] = version
    return found


def dull(document: Node) -> None:
    del schema(document, "Paint")["properties"]["note"]


def glossy(document: Node) -> None:
    schema(document, "Paint")["properties"]["gloss"] = {"type": "string"}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with a released document, and sections for some versions."""
    (tmp_path / "released.json").write_text(json.dumps(versioned("1.0.0")))
    (tmp_path / "changes.md").write_text("# Changes\n\n## 2.0.0 (2027-01-01)\n\n## 1.1.0\n\n## 1.0.0 (2026-11-25)\n")
    return tmp_path


@pytest.fixture
def compared(house: Path) -> Callable[[Node], Result]:
    def compared(new: Node) -> Result:
        (house / "new.json").write_text(json.dumps(new))
        return run("compare", house / "released.json", house / "new.json", "--changes", house / "changes.md")

    return compared


class TestCompare:
    def test_the_code_may_follow_what_was_released(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(ROOT)
        found = run("compare")
        assert found.exit_code == 0, found.output
        assert f"Version {VERSION} may follow the released " in found.output

    def test_refuses_a_breaking_change_and_says_what_to_do(self, compared: Callable[[Node], Result]) -> None:
        found = compared(versioned("1.1.0", dull))
        assert found.exit_code == 1
        assert found.stdout.splitlines() == [
            "Breaking (1): a client that works with the released document may fail.",
            "  schema Paint: note",
            "    The property is gone. Clients that read it find nothing. [property-removed]",
        ]
        assert found.stderr == (
            "Error: A breaking change since 1.0.0 needs version 2.0.0 or higher; this document is 1.1.0. "
            "Keep the old beside the new and mark it deprecated (docs/api-changes.md), or take the step in "
            "portfolio/core/version.py.\n"
        )

    def test_takes_it_with_the_step(self, compared: Callable[[Node], Result]) -> None:
        found = compared(versioned("2.0.0", dull))
        assert (found.exit_code, found.stdout.splitlines()[-1]) == (0, "Version 2.0.0 may follow the released 1.0.0.")

    def test_asks_for_a_minor_step_where_there_is_more(self, compared: Callable[[Node], Result]) -> None:
        assert compared(versioned("1.1.0", glossy)).exit_code == 0
        found = compared(versioned("1.0.0", glossy))
        assert found.exit_code == 1
        assert "needs version 1.1.0 or higher; this document is 1.0.0. Take the step in" in found.stderr

    def test_counts_words_and_names_them_if_asked(self, house: Path, compared: Callable[[Node], Result]) -> None:
        words = versioned("1.0.0", lambda d: schema(d, "Paint").update(description="A pot."))
        found = compared(words)
        assert (found.exit_code, "schema Paint" in found.stdout) == (0, False)
        assert found.stdout.startswith("Editorial (1)")
        named = run(
            "compare", house / "released.json", house / "new.json", "--changes", house / "changes.md", "--words"
        )
        assert "schema Paint\n    Other words: description." in named.stdout

    def test_asks_for_a_section(self, compared: Callable[[Node], Result]) -> None:
        found = compared(versioned("1.10.0"))
        assert found.exit_code == 1
        assert "changes.md has no section for 1.10.0: write one, `## 1.10.0 (its day)`." in found.stderr

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("{", "is not JSON"),
            ("[]", "is not an OpenAPI document"),
            (json.dumps(versioned("one")), "The version 'one' is not of the form 1.2.3."),
            (json.dumps({**versioned("1.0.0"), "components": {}}), "leads nowhere"),
        ],
    )
    def test_says_what_it_cannot_read(self, house: Path, text: str, sentence: str) -> None:
        (house / "new.json").write_text(text)
        found = run("compare", house / "released.json", house / "new.json", "--changes", house / "changes.md")
        assert (found.exit_code, sentence in found.stderr) == (1, True), found.stderr

    def test_says_what_is_missing(self, tmp_path: Path) -> None:
        found = run("compare", "--folder", tmp_path)
        assert "released.json. `portfolio openapi release` writes the first." in found.stderr


class TestRelease:
    def released(self, house: Path, document: Node, monkeypatch: pytest.MonkeyPatch) -> Result:
        monkeypatch.setattr(CODE, lambda: deepcopy(document))
        return run("release", "--folder", house, "--changes", house / "changes.md")

    def test_keeps_the_document_of_the_code(self, house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        new = versioned("1.1.0", glossy)
        found = self.released(house, new, monkeypatch)
        assert (found.exit_code, "version 1.1.0 is released" in found.stdout) == (0, True), found.output
        assert json.loads((house / "released.json").read_text()) == new

    def test_keeps_the_first_one(self, house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (house / "released.json").unlink()
        assert self.released(house, versioned("3.0.0"), monkeypatch).exit_code == 1
        assert not (house / "released.json").exists()
        assert self.released(house, versioned("1.0.0"), monkeypatch).exit_code == 0
        assert json.loads((house / "released.json").read_text()) == versioned("1.0.0")

    def test_is_refused_where_the_comparison_refuses(self, house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        before = (house / "released.json").read_bytes()
        assert self.released(house, versioned("1.1.0", dull), monkeypatch).exit_code == 1
        assert (house / "released.json").read_bytes() == before


def test_the_version_has_its_section() -> None:
    assert re.search(rf"^## {re.escape(VERSION)}( \(|$)", (ROOT / "docs" / "api-changes.md").read_text(), re.MULTILINE)
