"""How an operation goes: said in one place, and from there in the document and in its answers (decision 17)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response
from werkzeug.http import http_date

from portfolio.core.dates import end_of_day, today
from portfolio.core.problems import Gone

CHANGES = "/docs/api-changes"
SHORTEST = timedelta(days=365)
"""From the deprecation to the sunset: a client is built once and looked at once a year."""
_GONE = "Gone"
_ANSWERS = "#/components/responses/"
_HEADERS = {
    "Deprecation": "Since when this should not be used any more, as seconds since 1970 behind an `@` (RFC 9745).",
    "Sunset": "From when on this answers 410, as an HTTP date (RFC 8594).",
    "Link": f"Where changes of the API are described: `{CHANGES}`, of the relation `deprecation`.",
}


@dataclass(frozen=True)
class Deprecation:
    """What becomes of an operation.

    :raises ValueError: the sunset lies less than :data:`SHORTEST` after the deprecation.
    """

    since: date
    """The first day, Europe/Berlin, on which it should not be used any more; may lie ahead."""
    instead: str
    """What to use, in the words after "use": ``listProjects with status``."""
    sunset: date | None = None
    """The last day on which it answers; None: no end is planned."""

    def __post_init__(self) -> None:
        if self.sunset is not None and self.sunset < self.since + SHORTEST:
            raise ValueError(f"A sunset lies {SHORTEST.days} days or more after the deprecation of {self.since}.")

    @property
    def is_over(self) -> bool:
        """Whether the sunset day is past."""
        return self.sunset is not None and self.sunset < today()

    def refuse_if_over(self, operation_id: str) -> None:
        """:raises Gone: the sunset day is past."""
        if self.is_over:
            raise Gone(f"{operation_id} ended with {self.sunset}; use {self.instead}.")

    def tell(self, answer: Response) -> None:
        """Put the headers on an answer of the operation."""
        start = end_of_day(self.since - timedelta(days=1))
        answer.headers["Deprecation"] = f"@{int(start.timestamp())}"
        if self.sunset is not None:
            answer.headers["Sunset"] = http_date(end_of_day(self.sunset))
        answer.headers.add("Link", f'<{CHANGES}>; rel="deprecation"')

    def marks(self) -> dict[str, Any]:
        """What stands at the operation in the document, for programs."""
        days = {"since": str(self.since), **({"sunset": str(self.sunset)} if self.sunset else {})}
        return {"deprecated": True, "x-deprecation": {**days, "instead": self.instead}}


def describe_deprecations(document: dict[str, Any]) -> None:
    """Complete the deprecated operations of ``document``: in words, with the headers and the 410 that follow."""
    found = [
        operation
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and "x-deprecation" in operation
    ]
    names = {name for operation in found for name in _header_names(operation["x-deprecation"])}
    components = document["components"]
    if "Sunset" not in names:
        components["responses"].pop(_GONE, None)  # nothing refers to it
    # Link may stand there already, for other relations.
    components["headers"] = {**{name: _header(name) for name in sorted(names)}, **components["headers"]}
    for operation in found:
        _describe(operation, operation["x-deprecation"], components["responses"])


def _header(name: str) -> dict[str, Any]:
    """Not required: answers that operations share have it where one of the operations is deprecated."""
    return {"description": _HEADERS[name], "required": False, "schema": {"type": "string", "maxLength": 1000}}


def _header_names(marks: dict[str, str]) -> tuple[str, ...]:
    return ("Deprecation", "Link", "Sunset") if "sunset" in marks else ("Deprecation", "Link")


def _describe(operation: dict[str, Any], marks: dict[str, str], shared: dict[str, Any]) -> None:
    end = f" It answers until {marks['sunset']} (Europe/Berlin) and 410 from then on." if "sunset" in marks else ""
    sentence = f"Deprecated since {marks['since']}: use {marks['instead']}.{end}"
    operation["description"] = f"{operation.get('description', '').rstrip()}\n\n{sentence}".lstrip()
    answers = dict(operation["responses"])
    if "sunset" in marks:
        answers["410"] = {"$ref": f"{_ANSWERS}{_GONE}"}
    operation["responses"] = dict(sorted(answers.items()))
    told = {name: {"$ref": f"#/components/headers/{name}"} for name in _header_names(marks)}
    for code, answer in operation["responses"].items():
        # New dictionaries: those that stand here may belong to other operations too.
        if "$ref" not in answer:
            operation["responses"][code] = _with_headers(answer, told)
        else:
            name = answer["$ref"].removeprefix(_ANSWERS)
            shared[name] = _with_headers(shared[name], told)


def _with_headers(answer: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "headers": {**answer.get("headers", {}), **told}}
