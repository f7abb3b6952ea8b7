"""What ``portfolio openapi compare`` and ``release`` say: the changes by level, and whether the version allows them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from portfolio.core.api_changes import LEVELS, Change, refusal
from portfolio.core.compatibility import compare
from portfolio.core.dates import today

RELEASED = "released.json"
_MEANING = {
    "breaking": "a client that works with the released document may fail",
    "additive": "there is more than before; clients go on working",
    "editorial": "nothing that a program sees",
}
_WAY_OUT = {
    True: "Keep the old beside the new and mark it deprecated (docs/api-changes.md), or take the step in "
    "portfolio/core/version.py.",
    False: "Take the step in portfolio/core/version.py.",
}


def read_document(path: Path) -> dict[str, Any]:
    """The OpenAPI document in a file.

    :raises click.ClickException: there is none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        hint = " `portfolio openapi release` writes the first." if path.name == RELEASED else ""
        raise click.ClickException(f"There is no {path}.{hint}") from None
    except ValueError as error:
        raise click.ClickException(f"{path} is not JSON: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("info"), dict):
        raise click.ClickException(f"{path} is not an OpenAPI document.")
    return found


def report(old: dict[str, Any], new: dict[str, Any], sections: Path, *, all_words: bool = False) -> None:
    """Print what differs.

    :param sections: the file with a section for each version.
    :param all_words: name the editorial changes too, not their number alone.
    :raises click.ClickException: the version may not follow, or has no section.
    """
    released, version = old["info"]["version"], new["info"]["version"]
    try:
        changes = compare(old, new, today=today())
        refused = refusal(changes, released, version)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    for line in _lines(changes, all_words=all_words):
        click.echo(line)
    if refused:
        breaks = any(change.level == "breaking" for change in changes)
        raise click.ClickException(f"{refused} {_WAY_OUT[breaks]}")
    require_section(version, sections)
    click.echo(f"Version {version} may follow the released {released}.")


def require_section(version: str, sections: Path) -> None:
    """:raises click.ClickException: front-end developers cannot read in ``sections`` what ``version`` brings."""
    text = sections.read_text(encoding="utf-8") if sections.exists() else ""
    if not re.search(rf"^## {re.escape(version)}(?: |$)", text, re.MULTILINE):
        raise click.ClickException(f"{sections} has no section for {version}: write one, `## {version} (its day)`.")


def _lines(changes: list[Change], *, all_words: bool) -> Iterator[str]:
    if not changes:
        yield "Nothing differs."
    for level in LEVELS:
        found = [change for change in changes if change.level == level]
        if not found:
            continue
        yield f"{level.capitalize()} ({len(found)}): {_MEANING[level]}."
        if level == "editorial" and not all_words:
            yield "  --words names them."
            continue
        for where, there in groupby(found, key=lambda change: change.where):
            yield f"  {where}"
            yield from (f"    {change.what} [{change.kind}]" for change in there)
