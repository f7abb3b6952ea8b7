"""The OpenAPI document: completed from the operations' marks."""

from __future__ import annotations

import json
from typing import Any

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
