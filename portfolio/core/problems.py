"""Everything that can go wrong, and the one place that turns it into ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import orjson
import sqlalchemy as sa
from flask import Flask, Response, g, request
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from portfolio.core import sources

logger = logging.getLogger("portfolio.problems")

MIME = "application/problem+json"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MOST_ERRORS = 100
_NOT_SHOWN = re.compile(r"[\x00-\x1F\x7F-\x9F\u2028-\u202E\u2066-\u2069\uD800-\uDFFF\uFFFE\uFFFF]")
_RETRY = {"Retry-After": "1"}


@dataclass(frozen=True)
class ProblemError:
    """One fault in the input: where it is, a stable code, and a sentence that says what to do."""

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None


class Problem(Exception):
    """Base of every answerable failure; ``slug`` becomes the stable ``type``."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong here"

    def __init__(
        self,
        detail: str,
        *,
        errors: Iterable[ProblemError] = (),
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.extra = extra


class BadRequest(Problem):
    """The request cannot be read."""

    status, slug, title = 400, "bad-request", "The request cannot be read"


class Unauthenticated(Problem):
    """Nobody is signed in, or the key is not good."""

    status, slug, title = 401, "unauthenticated", "A valid key is needed"


class Forbidden(Problem):
    """The caller is known but may not do this."""

    status, slug, title = 403, "forbidden", "Not allowed for this caller"


class NotFound(Problem):
    """The thing addressed does not exist for this caller."""

    status, slug, title = 404, "not-found", "There is nothing at this address"


class MethodNotAllowed(Problem):
    """The address exists but not with this method."""

    status, slug, title = 405, "method-not-allowed", "The address does not take this method"


class NotAcceptable(Problem):
    """None of the forms the caller accepts is offered."""

    status, slug, title = 406, "not-acceptable", "None of the accepted formats is offered"


class RequestTimeout(Problem):
    """The body did not arrive in time."""

    status, slug, title = 408, "request-timeout", "The request did not arrive in time"


class Conflict(Problem):
    """Well-formed, but not possible in the present state."""

    status, slug, title = 409, "conflict", "Not possible in the present state"


class AlreadyExists(Conflict):
    """A record with the same key exists."""

    slug, title = "already-exists", "There is such a record already"


class HasDependants(Conflict):
    """Other records hang on the one to be deleted."""

    slug, title = "has-dependants", "Other records depend on this one"


class Gone(Problem):
    """What was deprecated has come to its end; the detail names what to use instead."""

    status, slug, title = 410, "gone", "This operation has come to its end"


class StaleVersion(Problem):
    """Somebody else was faster."""

    status, slug, title = 412, "stale-version", "Changed by someone else since you read it"


class ContentTooLarge(Problem):
    """The body is larger than allowed."""

    status, slug, title = 413, "content-too-large", "The body is too large"


class UnsupportedMediaType(Problem):
    """The body is of a type that is not taken here."""

    status, slug, title = 415, "unsupported-media-type", "This type of body is not taken here"


class Invalid(Problem):
    """Wrong whatever is stored: schema, query, or a value that cannot be."""

    status, slug, title = 422, "invalid", "Something in the request is not valid"


class PreconditionRequired(Problem):
    """``If-Match`` is missing."""

    status, slug, title = 428, "precondition-required", "If-Match is required"


class TooManyRequests(Problem):
    """The caller asks more often than is good for the others."""

    status, slug, title = 429, "too-many-requests", "Too many requests"


class Unavailable(Problem):
    """The database does not answer now; the request may be sent again."""

    status, slug, title = 503, "unavailable", "Not available at the moment"


_BY_STATUS: dict[int, type[Problem]] = {
    kind.status: kind
    for kind in (
        BadRequest, Unauthenticated, Forbidden, NotFound, MethodNotAllowed, NotAcceptable,
        RequestTimeout, Conflict, Gone, StaleVersion, ContentTooLarge, UnsupportedMediaType, Invalid,
        PreconditionRequired, TooManyRequests, Unavailable,
    )
}  # fmt: skip


def problem_kinds() -> list[type[Problem]]:
    """Every kind of problem there is, by slug, for the documentation."""

    def below(kind: type[Problem]) -> Iterator[type[Problem]]:
        yield kind
        for child in kind.__subclasses__():
            yield from below(child)

    # A kind without a slug of its own is told apart in the code only; a test may have made some for itself.
    ours = (kind for kind in below(Problem) if "slug" in vars(kind) and kind.__module__.startswith("portfolio."))
    return sorted(ours, key=lambda kind: kind.slug)


def request_id() -> str:
    """The id of this request: the caller's where it is a plain word, else one of ours."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if REQUEST_ID.fullmatch(given) else str(sources.new_id())
    found: str = g.request_id
    return found


def _printable(text: str) -> str:
    """``text`` without characters that a screen or a log would obey instead of showing."""
    return _NOT_SHOWN.sub("\N{REPLACEMENT CHARACTER}", text)


def problem_body(problem: Problem, request_id: str) -> bytes:
    """What is said about one problem."""
    body: dict[str, Any] = {
        "type": f"/problems/{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": _printable(problem.detail),
        "request_id": request_id,
    }
    shown = problem.errors[:_MOST_ERRORS]  # a body of 1 MiB can hold 100 000 faults
    if shown:
        body["errors"] = [_shown(error) for error in shown]
    body.update(problem.extra)
    return orjson.dumps(body)


def _shown(error: ProblemError) -> dict[str, str]:
    found = {name: value for name, value in asdict(error).items() if value is not None}
    return {**found, "detail": _printable(error.detail)}


def problem_answer(problem: Problem) -> Response:
    """The finished answer for one problem."""
    answer = Response(problem_body(problem, request_id()), problem.status, content_type=MIME)
    answer.headers["Cache-Control"] = "no-store"
    for name, value in problem.headers.items():
        answer.headers[name] = value
    return answer


def register_problem_handlers(app: Flask) -> None:
    """Answer every failure of ``app`` as a problem, and echo the request id on every answer."""
    app.register_error_handler(Problem, problem_answer)
    app.register_error_handler(HTTPException, _http_answer)
    app.register_error_handler(sa.exc.SQLAlchemyError, _database_answer)
    app.register_error_handler(StaleDataError, _stale_answer)
    app.register_error_handler(OverflowError, _overflow_answer)
    app.register_error_handler(Exception, _unexpected_answer)
    app.after_request(_echo_request_id)


def from_messages(messages: Mapping[str, Any]) -> list[ProblemError]:
    """marshmallow's nested messages, by location, as a flat list with JSON pointers or parameter names."""
    return [error for location, found in messages.items() for error in _flat(found, location, "")]


def _flat(messages: Any, location: str, path: str) -> list[ProblemError]:
    if isinstance(messages, list):
        return [_one(message, location, path) for message in messages]
    found: list[ProblemError] = []
    for name, inner in messages.items():
        step = str(name)[:80].replace("~", "~0").replace("/", "~1")
        found += _flat(inner, location, path if name == "_schema" else f"{path}/{step}")
    return found


def _one(message: Any, location: str, path: str) -> ProblemError:
    code, detail = message if isinstance(message, tuple) else _said(str(message))
    if location == "query":
        return ProblemError(code, detail, parameter=path.split("/")[1] if path else None)
    return ProblemError(code, detail, pointer=f"#{path}")


# What marshmallow says by itself, with our code and our sentence; None keeps its own.
_SENTENCES: tuple[tuple[re.Pattern[str], str, str | None], ...] = (
    (re.compile(r"^Missing data"), "required", "This is required; send it."),
    (re.compile(r"^Unknown field"), "unknown_field", "There is nothing of this name here; /docs says what is taken."),
    (re.compile(r"may not be null"), "null", "Null is not allowed here; send a value."),
    (re.compile(r"^Invalid input type"), "not_an_object", "Send a JSON object here."),
    (re.compile(r"^Not a valid list"), "not_a_list", "Send a list here."),
    (re.compile(r"^Must be one of"), "not_in_list", None),
    (re.compile(r"^(Longer than|Shorter than|Length must)"), "length", None),
)


def _said(message: str) -> tuple[str, str]:
    """Code and sentence for one of marshmallow's own messages."""
    for pattern, code, sentence in _SENTENCES:
        if pattern.search(message):
            return code, sentence or message
    return "invalid", message


def _http_answer(error: HTTPException) -> Response | HTTPException:
    code = error.code or 500
    if code < 400 or error.response is not None:
        return error
    data = getattr(error, "data", None) or {}
    messages = data.get("messages")
    kind = _BY_STATUS.get(code, BadRequest if code < 500 else Problem)
    if messages:
        problem: Problem = Invalid(_first_detail(errors := from_messages(messages)), errors=errors)
    elif code == 404:
        problem = NotFound(f"There is nothing at {request.path}; /docs lists what there is.")
    elif code == 405:
        allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        problem = MethodNotAllowed(f"{request.path} takes {allowed}, not {request.method}.")
    elif code == 413:
        problem = ContentTooLarge("The body is larger than 1 MiB; send less at once.")
    else:
        problem = kind(error.description or error.name)
    answer = problem_answer(problem)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    return answer


def _first_detail(errors: list[ProblemError]) -> str:
    if not errors:
        return "Something in the request is not valid."
    first = errors[0]
    where = first.parameter or first.pointer
    more = f" ({len(errors)} faults in all)" if len(errors) > 1 else ""
    return f"{where}: {first.detail}{more}" if where else f"{first.detail}{more}"


def _stale_answer(_error: StaleDataError) -> Response:
    return problem_answer(StaleVersion("Someone else changed the record at the same moment; read it again."))


def _overflow_answer(error: OverflowError) -> Response:
    # A number that a schema should have refused: the caller is told, and so are we.
    logger.warning("A number was too large in request %s", request_id(), exc_info=error)
    return problem_answer(Invalid("A number in the request is too large."))


def _unexpected_answer(error: Exception) -> Response:
    logger.exception("Unexpected failure in request %s", request_id(), exc_info=error)
    return problem_answer(Problem("This is our fault, not yours; report it with the request id."))


def _database_answer(error: sa.exc.SQLAlchemyError) -> Response:
    """The last fence: what the database refused, as the problem it stands for."""
    problem = _database_problem(error)
    if problem is None:
        return _unexpected_answer(error)
    original = getattr(error, "orig", None)
    reason = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None) or "no code"
    logger.warning("Database refused request %s: %s, %s", request_id(), type(error).__name__, reason)
    return problem_answer(problem)


def _database_problem(error: sa.exc.SQLAlchemyError) -> Problem | None:
    original = getattr(error, "orig", None)
    state = getattr(original, "sqlstate", None) or ""
    name = getattr(original, "sqlite_errorname", None) or ""
    if isinstance(error, sa.exc.IntegrityError):
        return _integrity_problem(state, name, str(original))
    if isinstance(error, sa.exc.DataError) or state.startswith("22"):
        return Invalid("The database cannot hold a value of this request.")
    if name == "SQLITE_ERROR":
        return None  # a statement or table that is wrong: our fault, and trying again would not help
    if isinstance(error, sa.exc.TimeoutError | sa.exc.OperationalError | sa.exc.InterfaceError):
        return Unavailable("The database is busy or away; send the request again in a moment.", headers=_RETRY)
    # A server that became a standby says that it cannot do this "during recovery".
    if state in ("55P03", "57014", "40001", "40P01", "25006", "25P03") or (
        state == "0A000" and "recovery" in str(original)
    ):
        return Unavailable("The database is busy; send the request again in a moment.", headers=_RETRY)
    return None


def _integrity_problem(state: str, name: str, message: str) -> Problem | None:
    if "insert-only" in message:
        return None  # no request may lead to a change of the history
    if state in ("23503", "23001") or name in ("SQLITE_CONSTRAINT_FOREIGNKEY", "SQLITE_CONSTRAINT_TRIGGER"):
        if request.method == "DELETE":
            return HasDependants("Other records hang on this one; delete or move them first.")
        return Conflict("The request names a record that does not exist any more; read again.")
    if state == "23505" or name in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
        return AlreadyExists("There is already a record with this key; read it, or choose another key.")
    return Conflict("The request contradicts a rule of the database.")


def _echo_request_id(answer: Response) -> Response:
    answer.headers["X-Request-Id"] = request_id()
    return answer
