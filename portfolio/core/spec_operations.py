"""Each operation of the document, completed from the marks that its view carries."""

from __future__ import annotations

from portfolio.core.answers import LIST_FORMS, REPORT_FORMS
from portfolio.core.answers import MIME as FORM_TYPES
from portfolio.core.spec_parts import (
    ANY_SIZE,
    CHANGE_REASON,
    IF_MATCH,
    IF_NONE_MATCH,
    LANGUAGE,
    NAME_OF,
    PATH_PARAMETERS,
    RATES,
    RETRY_KEY,
    headers,
)
from portfolio.core.spec_reading import Json

_FORMS = {"list": LIST_FORMS, "report": REPORT_FORMS}
_ALWAYS = ("Register-Revision", "X-Request-Id", "Access-Control-Allow-Origin", *RATES)
_DOWNLOADS = {
    "csv": "RFC 4180, UTF-8, one header row.",
    "xlsx": "A workbook: typed cells, and a sheet with the parameters, the revision and the control sums.",
    "jsonl": "One item of the list per line, as in `items`.",
}
_BEGINS = {"text/csv": r"^[^\r\n]+\r\n", "application/jsonl": r"^(\{|$)"}
"""How a text begins: CSV with its header row, JSONL with an item, if there is one."""


def describe_path(parameters: list[Json]) -> None:
    """Say what each part of an address is; a test finds the ones that nothing here describes."""
    for parameter in parameters:
        if parameter["name"] in PATH_PARAMETERS:
            description, example, schema = PATH_PARAMETERS[parameter["name"]]
            parameter["description"], parameter["example"] = description, example
            parameter["schema"] = {**schema} if schema else parameter["schema"]
        if "enum" in parameter.get("schema", {}):
            parameter["schema"]["enum"].sort()  # werkzeug keeps them as a set


def complete(path: str, method: str, operation: Json, schemas: Json, example: Json) -> None:
    """Everything about one operation that its schemas alone do not say.

    :param example: its ``request`` and its ``answer``, as far as there are any.
    """
    marks = operation.pop("x-portfolio")
    _complete_body(operation, marks, schemas, example)
    parameters = [*operation.get("parameters", []), *_header_parameters(method, marks)]
    if parameters:
        operation["parameters"] = parameters
    answers = {code: answer for code, answer in operation["responses"].items() if code[0] in "23"}
    for code, answer in answers.items():
        if code[0] == "3":
            answer["headers"] = headers(*_ALWAYS, "Location")
            continue
        if "answer" in example and "application/json" in answer.get("content", {}):
            answer["content"]["application/json"]["example"] = example["answer"]
        _complete_answer(code, answer, marks, method)
    if method == "get":
        unchanged = "Unchanged since the version of If-None-Match."
        answers["304"] = {"description": unchanged, "headers": answers["200"]["headers"]}
    for status in _failures(path, method, operation, marks):
        answers[str(status)] = {"$ref": f"#/components/responses/{NAME_OF[status]}"}
    operation["responses"] = dict(sorted(answers.items()))


def _header_parameters(method: str, marks: Json) -> list[Json]:
    found = []
    if method == "get":
        found.append(IF_NONE_MATCH)
    if marks["download"] or marks["files"]:
        found.append(LANGUAGE)
    if marks["if_match"]:
        found.append(IF_MATCH)
    if marks["writes"]:
        found.append({**RETRY_KEY, "required": marks["key_required"]})
    if marks["writes"] and marks["recorded"]:
        found.append({**CHANGE_REASON, "required": method == "delete"})
    return found


def _complete_body(operation: Json, marks: Json, schemas: Json, example: Json) -> None:
    """Every media type that is taken, each with an example."""
    if not marks["body"]:
        return
    operation["requestBody"]["required"] = True
    content = operation["requestBody"]["content"]
    (body,) = content.values()
    if "$ref" not in body["schema"]:
        return  # a form, described by its operation
    sent = example.get("request") or _example_of(schemas[body["schema"]["$ref"].rsplit("/", 1)[1]])
    operation["requestBody"]["content"] = {media: {**body, "example": sent} for media in sorted(marks["body"])}


def _example_of(schema: Json) -> Json:
    """A body made of the examples of its fields."""
    return {name: field["example"] for name, field in schema["properties"].items() if "example" in field}


def _complete_answer(code: str, answer: Json, marks: Json, method: str) -> None:
    content = answer.get("content", {})
    if marks["files"] and code == "200":
        answer["content"] = {media: _file(media, text) for media, text in marks["files"].items()}
    if marks["download"] and code == "200":
        for form in _FORMS[marks["download"]]:
            if form in _DOWNLOADS:
                media = FORM_TYPES[form].split(";")[0]
                content[media] = _file(media, _DOWNLOADS[form])
        if "application/jsonl" in content:
            content["application/jsonl"]["schema"]["x-items"] = _item_of(content["application/json"]["schema"])
    names = [*_ALWAYS]
    names += ["ETag"] if code in ("200", "201") else []
    names += ["Location"] if code == "201" else []
    names += ["Link"] if method == "get" else []
    names += ["Content-Disposition"] if marks["download"] or marks["files"] else []
    names += ["Idempotent-Replayed"] if marks["writes"] else []
    answer["headers"] = headers(*names)


def _item_of(page: Json) -> str:
    """Name of the schema of the items of a page."""
    return str(page["$ref"].rpartition("/")[2].removesuffix("Page").removesuffix("Items"))


def _file(media: str, description: str) -> Json:
    # Without a format a generated client would decode a workbook as text.
    kind = {"pattern": _BEGINS[media]} if media in _BEGINS else {"format": "binary"}
    return {"schema": {"type": "string", **kind, "description": description, "maxLength": ANY_SIZE}}


def _failures(path: str, method: str, operation: Json, marks: Json) -> list[int]:
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
