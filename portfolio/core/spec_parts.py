"""What the document says of every operation alike: parts of addresses, headers, failures."""

from __future__ import annotations

from typing import Any

from portfolio.core.fields import SLUG_PATTERN, Name
from portfolio.core.problems import MIME, Problem, problem_kinds
from portfolio.core.reasons import REASON_HEADER
from portfolio.core.spec_reading import Json
from portfolio.core.writing import KEY_HEADER

ANY_SIZE = 2_000_000_000
"""A bound for what has none in practice: bytes of a file, numbers of a sequence."""
_ID = "0192f1c4-7a6b-7cc3-98c5-0242ac120002"
_UUID: Json = {"type": "string", "format": "uuid", "minLength": 36, "maxLength": 36}
_NAME: Json = {"type": "string", "minLength": 1, "maxLength": 80, "pattern": Name.PATTERN}
_SLUG: Json = {"type": "string", "minLength": 1, "maxLength": 80, "pattern": SLUG_PATTERN}


def _number(largest: int) -> Json:
    return {"type": "integer", "format": "int64", "minimum": 0, "maximum": largest}


PATH_PARAMETERS: dict[str, tuple[str, Any, Json]] = {
    "slug": ("Address of the project.", "oepnv-initiative", _SLUG),
    "code": ("Code of the record.", "mobility", _NAME),
    "number": ("Number of the theme forum, 1 to 20.", 13, _number(ANY_SIZE)),
    "name": ("Name of the codelist.", "project_status", _NAME),
    "decision_id": ("Id of the decision.", _ID, _UUID),
    "application_id": ("Id of the application.", _ID, _UUID),
    "award_id": ("Id of the award.", _ID, _UUID),
    "entry_id": ("Id of the ledger entry.", _ID, _UUID),
    "resource": ("Kind of record, as in its own address.", "projects", {}),
    "key": ("Key of the record, as in its own address.", "oepnv-initiative", _NAME),
    "revision": ("Number of the revision.", 1, _number(ANY_SIZE)),
    "key_id": ("Id of the API key.", _ID, _UUID),
    "import_id": ("Id of the import.", _ID, _UUID),
    "milestone_id": ("Id of the milestone.", _ID, _UUID),
}
"""What each part of an address is: its description, an example, its schema (empty: as the route has it)."""


def _header(text: str, example: str, *, required: bool = True, **schema: Any) -> Json:
    kind = {"type": "string", "maxLength": 300, **schema}
    return {"description": text, "required": required, "schema": kind, "example": example}


def _rate(text: str, example: str) -> Json:
    # A request that is refused before its sender is known has none.
    return _header(text, example, required=False, pattern=_DIGITS)


_DIGITS = r"^[0-9]{1,10}$"
HEADERS: dict[str, Json] = {
    "ETag": _header(
        "Version of what was answered; send it back as If-Match or If-None-Match.",
        '"3-0a1b2c3d4e"',
        pattern='^"[0-9A-Za-z-]{1,80}"$',
    ),
    "Register-Revision": _header("Revision of the register that the answer is true for.", "42", pattern=_DIGITS),
    "Head-Revision": _header(
        "Newest revision of the register; left out where the database does not answer.",
        "42",
        required=False,
        pattern=_DIGITS,
    ),
    "X-Request-Id": _header(
        "Id of the request: yours if you sent a plain word, else one of ours.", "a1", pattern="^[A-Za-z0-9._-]{1,64}$"
    ),
    "Location": _header(
        "Address of the record that was made.", "/v1/projects/oepnv-initiative", format="uri-reference"
    ),
    "RateLimit-Limit": _header(
        "Requests that this caller may make in a minute.", "600", required=False, pattern=_DIGITS
    ),
    "RateLimit-Remaining": _header("Requests left of them.", "599", required=False, pattern=_DIGITS),
    "RateLimit-Reset": _header(
        "Seconds until the minute ends, in which requests are counted.", "60", required=False, pattern=_DIGITS
    ),
    "Retry-After": _header("Seconds to wait before the next try.", "1", required=False, pattern=_DIGITS),
    "Idempotent-Replayed": _header(
        "`true` where the write was done before, and this is the answer that was given then.",
        "true",
        required=False,
        enum=["true"],
    ),
    "Link": _header(
        'The next page, as `next` says it (`rel="next"`), or where to read on.',
        '</v1/projects?cursor=WyI0>; rel="next"',
        required=False,
        maxLength=5000,
        pattern="^<",
    ),
    "Content-Disposition": _header(
        "Name of the file, for downloads.",
        'attachment; filename="projects.csv"',
        required=False,
        pattern="^attachment",
    ),
    "Access-Control-Allow-Origin": _header(
        "`*` for reads without credentials; the page's own origin where the operator has named it.",
        "*",
        required=False,
        pattern=r"^(\*|https?://.+)$",
    ),
}
RATES = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
IF_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the record as you read it; only its version counts.",
    "schema": {"type": "string", "maxLength": 100, "pattern": '^"[1-9][0-9]{0,8}-[0-9A-Za-z]{1,64}"$'},
    "example": '"3-0a1b2c3d4e"',
}
IF_NONE_MATCH: Json = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the copy that you hold; where it is still good, 304 comes without a body.",
    "schema": {"type": "string", "maxLength": 1000, "pattern": "^[!-~ ]*$"},
    "example": '"r42-0a1b2c3d4e"',
}
LANGUAGE: Json = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "Language of labels in files: German, or English where that is asked for.",
    "schema": {"type": "string", "maxLength": 200, "pattern": "^[!-~ ]*$"},
    "example": "de",
}
READ_HEADERS = (IF_NONE_MATCH, LANGUAGE)
"""Headers of reads; what is longer or of another form is refused."""
RETRY_KEY: Json = {
    "name": KEY_HEADER,
    "in": "header",
    "description": (
        "A random text of yours for this write (a UUID). Send the same one when you try again: nothing is done twice, "
        "the first answer comes back, marked `Idempotent-Replayed`. Kept for 7 days."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "example": "6f1c1f0e-52a3-4d4b-9a55-0f3f0f6f7a11",
}
CHANGE_REASON: Json = {
    "name": REASON_HEADER,
    "in": "header",
    "description": "Why the change is made, 1 to 500 characters as percent-encoded UTF-8; kept in the history, not "
    "public. Required for every removal and correction. Not beside a `reason` in the body.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 6000, "pattern": "^[!-~]+$"},
    "example": "Betrag%20laut%20%C3%84nderungsbescheid",
}
NAME_OF = {
    400: "BadRequest",
    401: "Unauthenticated",
    403: "Forbidden",
    404: "NotFound",
    406: "NotAcceptable",
    408: "RequestTimeout",
    409: "Conflict",
    410: "Gone",
    412: "StaleVersion",
    413: "ContentTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    428: "PreconditionRequired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "Unavailable",
}
"""The shared answer of each status of failure."""


def headers(*names: str) -> Json:
    """References to the shared headers of these names."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(names)}


def problem_answers() -> Json:
    """The shared answer of each status, with an example for each kind of problem that it can be."""
    plain: dict[int, type[Problem]] = {Problem.status: Problem}
    kinds: dict[int, list[type[Problem]]] = {}
    for kind in problem_kinds():
        kinds.setdefault(kind.status, []).append(kind)
        if kind.__base__ is Problem:
            plain[kind.status] = kind
    return {name: _problem_answer(plain[status], kinds[status]) for status, name in sorted(NAME_OF.items())}


def _problem_answer(plain: type[Problem], kinds: list[type[Problem]]) -> Json:
    assert plain.__doc__
    names = ["X-Request-Id", "Access-Control-Allow-Origin", *RATES]
    if plain.status in (409, 429, 503):
        names.append("Retry-After")
    if plain.status < 500:
        names.append("Idempotent-Replayed")
    shown = headers(*names)
    if plain.status < 500:
        shown["Register-Revision"] = {"$ref": "#/components/headers/Head-Revision"}
    return {
        "description": " ".join(plain.__doc__.split()),
        "headers": shown,
        "content": {
            MIME: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {kind.slug: _problem_example(kind) for kind in kinds},
            }
        },
    }


def _problem_example(kind: type[Problem]) -> Json:
    value = {
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": f"{kind.title}.",
        "request_id": _ID,
    }
    return {"summary": kind.title, "value": value}
