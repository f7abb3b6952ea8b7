"""The files of the document, byte for byte the same everywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml


def render(found: dict[str, Any]) -> dict[str, str]:
    """The files of ``openapi/`` with their text."""
    return {
        "openapi.json": json.dumps(found, indent=2, ensure_ascii=False) + "\n",
        "openapi.yaml": yaml.dump(found, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110),
    }


class _Plain(yaml.SafeDumper):
    """Writes a value out each time it is used, instead of an anchor and aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write(found: dict[str, Any], folder: Path) -> list[Path]:
    """Write both files and return where."""
    folder.mkdir(exist_ok=True)
    written = []
    for name, text in render(found).items():
        (folder / name).write_text(text, encoding="utf-8")
        written.append(folder / name)
    return written


def drift(found: dict[str, Any], folder: Path) -> list[str]:
    """The files that say something else than the code."""
    return [
        name
        for name, text in render(found).items()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text
    ]
