"""The OpenAPI document: completed from the operations' marks, written byte for byte the same everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from portfolio.core.answers import LIST_FORMS, REPORT_FORMS
from portfolio.core.answers import MIME as FORM_TYPES
from portfolio.core.api import Api, renamed_statuses
from portfolio.core.problems import MIME, Problem, problem_kinds
from portfolio.core.reasons import REASON_HEADER
from portfolio.core.writing import KEY_HEADER

PATH_PARAMETERS = {
    "slug": ("Address of the project.", "oepnv-initiative"),
    "code": ("Code of the record.", "mobility"),
    "number": ("Number of the theme forum, 1 to 20.", 13),
    "name": ("Name of the codelist.", "project_status"),
    "decision_id": ("Id of the decision.", "0192f1c4-7a6b-7cc3-98c5-0242ac120002"),
    "application_id": ("Id of the application.", "0192f1c4-7a6b-7cc3-98c5-0242ac120002"),
    "award_id": ("Id of the award.", "0192f1c4-7a6b-7cc3-98c5-0242ac120002"),
    "entry_id": ("Id of the ledger entry.", "0192f1c4-7a6b-7cc3-98c5-0242ac120002"),
    "resource": ("Kind of record, as in its own address.", "projects"),
    "key": ("Key of the record, as in its own address.", "oepnv-initiative"),
    "revision": ("Number of the revision.", 1),
    "key_id": ("Id of the API key.", "0192f1c4-7a6b-7cc3-98c5-0242ac120002"),
    "import_id": ("Id of the import.", "0192f1c4-7a6b-7cc3-98c5-0242ac120002"),
    "milestone_id": ("Id of the milestone.", "0192f1c4-7a6b-7cc3-98c5-0242ac120002"),
}
_METHODS = ("get", "post", "patch", "put", "delete")
_HEADERS = {
    "ETag": "Version of what was answered; send it back as If-Match or If-None-Match.",
    "Register-Revision": "Revision of the register that the answer is true for.",
    "X-Request-Id": "Id of the request: yours if you sent a plain word, else one of ours.",
    "Location": "Address of the record that was made.",
    "RateLimit-Limit": "Requests that this caller may make in a minute.",
    "RateLimit-Remaining": "Requests left of them.",
    "RateLimit-Reset": "Seconds until all of them are there again.",
    "Retry-After": "Seconds to wait before the next try.",
    "Idempotent-Replayed": "`true` where the write was done before, and this is the answer that was given then.",
}
_FORMS = {"list": LIST_FORMS, "report": REPORT_FORMS}
_DOWNLOADS = {
    "csv": "RFC 4180, UTF-8, one header row.",
    "xlsx": "A workbook: typed cells, and a sheet with the parameters, the revision and the control sums.",
    "jsonl": "One item of the list per line, as in `items`.",
}
_SOMETIMES = ("Idempotent-Replayed", "Retry-After")
_RATES = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the record as you read it; only its version counts.",
    "schema": {"type": "string", "maxLength": 100},
    "example": '"3-0a1b2c3d4e"',
}


_RETRY_KEY = {
    "name": KEY_HEADER,
    "in": "header",
    "description": (
        "A random text of yours for this write (a UUID). Send the same one when you try again: nothing is done twice, "
        "the first answer comes back, marked `Idempotent-Replayed`. Kept for 7 days."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "example": "6f1c1f0e-52a3-4d4b-9a55-0f3f0f6f7a11",
}
_CHANGE_REASON = {
    "name": REASON_HEADER,
    "in": "header",
    "description": "Why the change is made, 1 to 500 characters as percent-encoded UTF-8; kept in the history, not "
    "public. Required for every removal and correction. Not beside a `reason` in the body.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 6000},
    "example": "Betrag%20laut%20%C3%84nderungsbescheid",
}


def document(api: Api) -> dict[str, Any]:
    """The complete document of the running code."""
    found: dict[str, Any] = json.loads(renamed_statuses(json.dumps(api.described().to_dict(), ensure_ascii=False)))
    found["components"]["responses"] = {name: _problem_response(kind) for name, kind in _problems().items()}
    found["components"]["headers"] = {
        name: {
            "description": text,
            "required": name not in _SOMETIMES,
            "schema": {"type": "string", "maxLength": 300},
        }
        for name, text in _HEADERS.items()
    }
    found["components"]["schemas"].pop("PaginationMetadata", None)  # of flask-smorest's own paging, used nowhere
    for item in found["paths"].values():
        _describe_path(item.get("parameters", []))
    for path, method, operation in operations(found):
        _complete_body(operation, found["components"]["schemas"])
        _complete(path, method, operation)
    return found


def operations(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation of a document with its path and method."""
    for path, item in found["paths"].items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def render(found: dict[str, Any]) -> dict[str, str]:
    """The files of ``openapi/`` with their text."""
    return {
        "openapi.json": json.dumps(found, indent=2, ensure_ascii=False) + "\n",
        "openapi.yaml": yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=110),
    }


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


def _problems() -> dict[str, type[Problem]]:
    """The plain problem of each status; the finer ones share its response."""
    plain: dict[str, type[Problem]] = {}
    for kind in problem_kinds():
        if kind is Problem or kind.__base__ is Problem:
            plain["InternalError" if kind is Problem else kind.__name__] = kind
    return plain


_NAME_OF = {
    400: "BadRequest",
    401: "Unauthenticated",
    403: "Forbidden",
    404: "NotFound",
    406: "NotAcceptable",
    408: "RequestTimeout",
    409: "Conflict",
    412: "StaleVersion",
    413: "ContentTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    428: "PreconditionRequired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "Unavailable",
}


def _problem_response(kind: type[Problem]) -> dict[str, Any]:
    example = {
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": f"{kind.title}.",
        "request_id": "0192f1c4-7a6b-7cc3-98c5-0242ac120002",
    }
    assert kind.__doc__
    return {
        "description": " ".join(kind.__doc__.split()),
        "headers": _headers("X-Request-Id", *(("Retry-After",) if kind.status in (429, 503) else ())),
        "content": {MIME: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }


def _describe_path(parameters: list[dict[str, Any]]) -> None:
    """Say what each part of an address is; a test finds the ones that nothing here describes."""
    for parameter in parameters:
        if parameter["name"] in PATH_PARAMETERS:
            parameter["description"], parameter["example"] = PATH_PARAMETERS[parameter["name"]]
        if "enum" in parameter.get("schema", {}):
            parameter["schema"]["enum"].sort()  # werkzeug keeps them as a set


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    marks = operation.pop("x-portfolio")
    if marks["if_match"]:
        operation.setdefault("parameters", []).append(_IF_MATCH)
    if marks["writes"]:
        needs_reason = {"required": method == "delete"}
        operation.setdefault("parameters", []).append({**_RETRY_KEY, "required": marks["key_required"]})
        if marks["recorded"]:
            operation["parameters"].append({**_CHANGE_REASON, **needs_reason})
    answers = {code: answer for code, answer in operation["responses"].items() if code[0] in "23"}
    for code, answer in answers.items():
        _complete_answer(code, answer, marks)
    if method == "get":
        answers["304"] = {"description": "Unchanged since the version of If-None-Match.", "headers": _headers("ETag")}
    for status in _failures(path, method, operation, marks):
        answers[str(status)] = {"$ref": f"#/components/responses/{_NAME_OF[status]}"}
    operation["responses"] = dict(sorted(answers.items()))


def _complete_body(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Every media type that is taken, each with an example."""
    marks = operation["x-portfolio"]
    if not marks["body"]:
        return
    content = operation["requestBody"]["content"]
    (body,) = content.values()
    if "$ref" not in body["schema"]:
        return  # a form, described by its operation
    example = marks["request_example"] or _example_of(schemas[body["schema"]["$ref"].rsplit("/", 1)[1]])
    operation["requestBody"]["content"] = {media: {**body, "example": example} for media in sorted(marks["body"])}


def _example_of(schema: dict[str, Any]) -> dict[str, Any]:
    """A body made of the examples of its fields."""
    return {name: field["example"] for name, field in schema["properties"].items() if "example" in field}


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _complete_answer(code: str, answer: dict[str, Any], marks: dict[str, Any]) -> None:
    names = ["Register-Revision", "X-Request-Id", *_RATES]
    if code in ("200", "201"):
        names.append("ETag")
    if code == "201":
        names.append("Location")
    if marks["writes"]:
        names.append("Idempotent-Replayed")
    answer["headers"] = _headers(*sorted(names))
    content = answer.get("content", {})
    if "application/json" in content and marks["example"] is not None:
        content["application/json"]["example"] = marks["example"]
    if marks["files"] and code == "200":
        answer["content"] = {
            media: {"schema": {"type": "string", "description": text}} for media, text in marks["files"].items()
        }
    if marks["download"] and code == "200":
        for form in _FORMS[marks["download"]]:
            if form in _DOWNLOADS:
                media = FORM_TYPES[form].split(";")[0]
                content[media] = {"schema": {"type": "string", "description": _DOWNLOADS[form]}}


def _failures(path: str, method: str, operation: dict[str, Any], marks: dict[str, Any]) -> list[int]:
    found = [400, 401, 406, 422, 429, 500, 503]
    if "{" in path or "404" in operation["responses"]:
        found.append(404)
    if marks["has_role"]:
        found.append(403)
    if marks["writes"]:
        found.append(409)
    if marks["body"]:
        found += [408, 413, 415]
    if marks["if_match"]:
        found += [412, 428]
    if method == "delete":
        found.remove(406)
    return sorted(found)
