"""Keeps finished answers of the application, and gives them again where nothing they show has changed."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass

from flask import Flask, Response, current_app, g, request

from portfolio.access.guard import current_view
from portfolio.core.answers import LIST_FORMS, REPORT_FORMS, REVISION_HEADER, asked_language, chosen_format
from portfolio.core.api import Operation, operation_of
from portfolio.core.bounded import fitted
from portfolio.core.dates import today
from portfolio.core.db import current_database
from portfolio.core.problems import NotAcceptable
from portfolio.front.counters import CountersFailed
from portfolio.front.encodings import chosen_encoding, is_held, tag_of
from portfolio.front.flights import Flight, Flights
from portfolio.front.lasting import NEVER_KEPT, tree_question
from portfolio.front.store import Header, Kept, Key, Lasts, Moment, Store

KEPT = "portfolio.kept"
"""In the environment of a request: what is kept of its answer."""
MOMENT = "portfolio.moment"
"""In the environment of a request: how far the register is, if a door read that and knew no answer."""
EXTENSION = "portfolio_kept"
_PATIENCE = 10.0
"""Seconds that a request waits for somebody else's computation of the same."""
_TRIES = 3
_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}")
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_READING = ("GET", "HEAD")
# What werkzeug would answer in another way; hardly anybody sends it with a read.
_ELSEWISE = ("If-Match", "If-Unmodified-Since", "If-Range", "Range")
_KEPT_CONTROL = ("public, max-age=60", "private, no-cache")
OF_ONE_REQUEST = frozenset(
    {"content-length", "date", "etag", "register-revision", "x-request-id", "retry-after"}
    | {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"}
)
"""Headers, in small letters, that differ from answer to answer of the same content."""


@dataclass
class _Begun:
    """A request whose answer may be kept."""

    operation: Operation
    key: Key
    moment: Moment
    flight: Flight
    """Its own computation, for which others may wait."""


class Keeper:
    """What one application keeps.

    :param origins: web pages that may send credentials; answers to them differ.
    """

    def __init__(self, store: Store, origins: tuple[str, ...]) -> None:
        self.store, self.origins = store, frozenset(origins)
        self.flights = Flights()


def prepare(app: Flask, keeper: Keeper) -> None:
    """Finish what is kept; before all that puts headers on an answer, so that it comes after."""
    app.extensions[EXTENSION] = keeper
    app.after_request(_finish)
    app.teardown_request(_let_go)


def install(app: Flask) -> None:
    """Look for a kept answer, once the gate has let a request in; and keep what is not there yet."""
    app.before_request(_look)
    app.after_request(_keep)


def keeper_of(app: Flask) -> Keeper | None:
    """The one of ``app``; None where nothing is kept."""
    found = app.extensions.get(EXTENSION)
    assert found is None or isinstance(found, Keeper)
    return found


def _keeper() -> Keeper:
    found = keeper_of(current_app)
    assert found is not None
    return found


def _look() -> Response | None:
    operation = operation_of(request)
    if operation is None or request.method not in _READING or operation.operation_id in NEVER_KEPT:
        return None
    if operation.access is not None or operation.signed_in or any(name in request.headers for name in _ELSEWISE):
        return None
    keeper = _keeper()
    key = _key()
    if _UNREADABLE in f"{key.path}{key.query}":
        return None  # bytes that are no UTF-8 are refused further on, and must not pass for this character
    try:
        kept = _found(keeper, key) or _begin(keeper, operation, key)
    except CountersFailed:
        return None  # the database is asked for the answer itself, and says what is wrong with it
    if kept is None:
        return None
    g.kept = kept
    return _answer(kept)


def _key() -> Key:
    view = current_view()
    return Key(
        request.path,
        tuple(request.args.items(multi=True)),
        (_form(LIST_FORMS), _form(REPORT_FORMS)),
        asked_language(),
        f"{view} signed in" if "Authorization" in request.headers else view,
        today(),
    )


def _form(forms: tuple[str, ...]) -> str | None:
    try:
        return chosen_format(forms)
    except NotAcceptable:
        return None


def _found(keeper: Keeper, key: Key) -> Kept | None:
    """What is kept and good."""
    if keeper.store.at(key) is None:
        return None
    now = _moment(keeper).now
    kept = keeper.store.at(key)
    if kept is None or not keeper.store.is_good(kept, now):
        return None
    keeper.store.touch(kept, time.perf_counter())
    return kept


def _begin(keeper: Keeper, operation: Operation, key: Key) -> Kept | None:
    """What somebody else finds meanwhile; None where this request is to find it."""
    moment = _moment(keeper)
    for _ in range(_TRIES):
        flight, leads = keeper.flights.join(key)
        if leads:
            # A conditional request must not keep an answer without its content: the condition is looked at in the end.
            g.if_none_match = request.environ.pop("HTTP_IF_NONE_MATCH", None)
            g.begun = _Begun(operation, key, moment, flight)
            return None
        kept = flight.wait(_PATIENCE)
        if kept is None:
            return None  # it failed, or is not kept; everybody tries for himself
        if kept.proven >= moment.now.size:
            return kept  # whatever was written before this request came is in it
    return None


def _moment(keeper: Keeper) -> Moment:
    """How far the register is, read since the request came in."""
    found = request.environ.get(MOMENT)
    return found if isinstance(found, Moment) else keeper.store.moment()


def _answer(kept: Kept) -> Response:
    answer = Response(kept.body, 200, list(kept.headers))
    answer.set_etag(kept.tag)
    answer.headers[REVISION_HEADER] = kept.revision_header()
    return answer


def _keep(answer: Response) -> Response:
    """Keep what the operation answered, before it gets the headers that every answer has."""
    begun = g.get("begun")
    if begun is None:
        return answer
    kept = None
    if _may_be_kept(answer):
        kept = _made(begun, answer)
        if kept is not None and not _keeper().store.keep(kept, begun.moment.generation):
            kept = None
    if kept is not None:
        g.kept = kept
    _keeper().flights.land(begun.flight, kept)
    return answer


def _may_be_kept(answer: Response) -> bool:
    """A whole answer from one snapshot, which its operation lets others keep for a while."""
    return (
        answer.status_code == 200
        and g.get("readings") == 1
        and answer.is_sequence
        and answer.headers.get("Cache-Control") in _KEPT_CONTROL
        and "Set-Cookie" not in answer.headers
        and answer.get_etag()[0] is not None
    )


def _made(begun: _Begun, answer: Response) -> Kept | None:
    """What is kept of ``answer``."""
    lasts, seen, tree = Lasts.REGISTER, int(g.revision), None
    if "known_at" in request.args:
        # A moment is past for good where something was recorded after it. The newest revision may still be it.
        is_fixed = _NUMBER.fullmatch(request.args["known_at"]) or int(g.revision) < begun.moment.now.size
        lasts, seen = (Lasts.PAST if is_fixed else Lasts.REGISTER), begun.moment.now.size
    else:
        tree = _tree(begun.operation)
        lasts = Lasts.REGISTER if tree is None else Lasts.TREE
    answer.vary.add("Accept-Encoding")
    return Kept(
        key=begun.key,
        body=fitted(answer.get_data()),
        headers=_lasting_headers(answer),
        tag=str(answer.get_etag()[0]),
        lasts=lasts,
        revision=seen,
        tree=tree,
        named=None if lasts is Lasts.TREE else answer.headers[REVISION_HEADER],
        route="" if request.url_rule is None else request.url_rule.rule,
        proven=seen,
    )


def _lasting_headers(answer: Response) -> tuple[Header, ...]:
    return tuple((name, value) for name, value in answer.headers if name.lower() not in OF_ONE_REQUEST)


def _tree(operation: Operation) -> str | None:
    database = current_database()
    question = tree_question(operation.operation_id, database.engine.dialect)
    if question is None:
        return None
    statement, name = question
    with suppress(CountersFailed):
        return _keeper().store.reader.value(statement, str((request.view_args or {})[name]))
    return None


def _finish(answer: Response) -> Response:
    """The form and the status that this caller gets of what is kept."""
    kept: Kept | None = g.get("kept")
    if kept is None:
        return _conditional(answer)
    if "Authorization" not in request.headers and request.headers.get("Origin") not in _keeper().origins:
        kept.front = _lasting_headers(answer)
    request.environ[KEPT] = kept
    held = g.get("if_none_match") or request.headers.get("If-None-Match", "")
    encoding = chosen_encoding(request.headers.get("Accept-Encoding", ""))
    if encoding is not None and _keeper().store.compress(kept, encoding) is None:
        encoding = None
    if encoding is not None:
        answer.set_data(kept.made[encoding])
        answer.headers["Content-Encoding"] = encoding
        answer.set_etag(tag_of(kept.tag, encoding))
    if is_held(held, kept.tag):
        answer.status_code = 304
    return answer


def _conditional(answer: Response) -> Response:
    """The condition of a request whose answer could not be kept after all."""
    tag = answer.get_etag()[0]
    if tag is not None and answer.status_code == 200 and is_held(g.get("if_none_match") or "", tag):
        answer.status_code = 304
    return answer


def _let_go(_error: BaseException | None) -> None:
    """Nobody waits for a computation that failed on its way."""
    begun = g.get("begun")
    if begun is not None:
        _keeper().flights.land(begun.flight, None)
