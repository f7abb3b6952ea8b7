"""The documentation names tests and files that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::([\w.]+))?`")


@cache
def _names(path: Path) -> frozenset[str]:
    """The classes and tests of a file, as ``Class.test`` too."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{one.name}" for one in node.body if isinstance(one, ast.FunctionDef)}
    return frozenset(found)


def test_each_control_names_a_test_that_is_there() -> None:
    named = _TEST.findall((ROOT / "docs" / "security.md").read_text())
    assert len(named) > 40
    for path, name in named:
        assert (ROOT / path).is_file(), path
        assert not name or name in _names(ROOT / path), f"{path}::{name}"


def test_links_between_the_documents_lead_somewhere() -> None:
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
