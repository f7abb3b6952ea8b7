"""The OpenAPI document: completed from the operations' marks, written byte for byte the same everywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from portfolio.core.api import Api, renamed_statuses
from portfolio.core.deprecation import describe_deprecations
from portfolio.core.spec_links import link_operations
from portfolio.core.spec_names import complete_answers, name_words, share_parameters
from portfolio.core.spec_operations import complete, describe_path
from portfolio.core.spec_parts import HEADERS, problem_answers
from portfolio.core.spec_reading import operations


def document(api: Api) -> dict[str, Any]:
    """The complete document of the running code."""
    found: dict[str, Any] = json.loads(renamed_statuses(json.dumps(api.described().to_dict(), ensure_ascii=False)))
    components = found["components"]
    components["responses"] = problem_answers()
    components["headers"] = HEADERS
    components["schemas"].pop("PaginationMetadata", None)  # of flask-smorest's own paging, used nowhere
    examples = json.loads(api.examples_file.read_text(encoding="utf-8")) if api.examples_file else {}
    for item in found["paths"].values():
        describe_path(item.get("parameters", []))
    for path, method, operation in operations(found):
        complete(path, method, operation, components["schemas"], examples.get(operation["operationId"], {}))
    complete_answers(found)
    name_words(found)
    share_parameters(found)
    link_operations(found)
    describe_deprecations(found)
    return found


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
