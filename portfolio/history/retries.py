"""Writes that may be sent again: the answer is kept with its effect, in one transaction (TRAPS 4.1)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import wraps
from typing import Any

import sqlalchemy as sa
from flask import Flask, Request, Response, g, make_response, request
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from portfolio.access.guard import current_author
from portfolio.access.policy import is_for_any_record
from portfolio.core import sources, strict_json
from portfolio.core.answers import REVISION_HEADER, OnceAnswer
from portfolio.core.api import FORM, JSON, MERGE_PATCH, Operation, operation_of
from portfolio.core.dates import format_instant
from portfolio.core.db import Database, WriteContext, current_database, table_of
from portfolio.core.engines import LOCK_MILLISECONDS
from portfolio.core.problems import Conflict, Invalid, NotFound, Problem, problem_answer
from portfolio.core.reasons import REASON_HEADER
from portfolio.core.sending import Fixed
from portfolio.core.writing import retry_key
from portfolio.history.canonical import canonical
from portfolio.history.inscribing import KeptAnswer, keep_answer
from portfolio.history.models import Idempotency, LogHead
from portfolio.history.recorder import prepare, recorded, write_prepared

REPLAYED_HEADER = "Idempotent-Replayed"
KEPT_FOR = timedelta(days=7)
_KEPT_REFUSALS = (404, 409, 412, 422)
_ATTEMPTS = 3
_ROLLED_BACK = ("40001", "40P01")  # serialization failure, deadlock
_LOCK_NOT_AVAILABLE = "55P03"
_MOST_PURGED = 1000
_TWIN_MILLISECONDS = "2000"
_PURGES = 1
"""How many of 256 writes clear away what has expired."""
_View = Callable[..., Any]


class KeyReused(Invalid):
    """The key belongs to another request: other body, address, parameters, If-Match or Change-Reason."""

    slug = "idempotency-key-reused"
    title = "This key was used for another request"


class StillRunning(Conflict):
    """The first request with this key is not finished yet."""

    slug = "idempotency-key-in-use"
    title = "The first request with this key is still running"


class Replayed(Exception):
    """The write was done before; ``answer`` is what was said then."""

    def __init__(self, answer: Response) -> None:
        super().__init__("answered before")
        self.answer = answer


@dataclass(frozen=True)
class RetryKey:
    """A caller's key, with what it stands for."""

    scope: str
    key_hash: bytes
    fingerprint: bytes


def install(app: Flask) -> None:
    """Let every operation that writes keep its answer; once all blueprints are in place."""
    for endpoint, view in app.view_functions.items():
        if hasattr(view, "view_class"):
            app.view_functions[endpoint] = _retryable(view)


def _retryable(view: _View) -> _View:
    @wraps(view)
    def answered(**arguments: Any) -> Any:
        operation = operation_of(request)
        if operation is None or operation.access is None:
            return view(**arguments)
        for _ in range(_ATTEMPTS - 1):
            try:
                return _attempt(view, operation, arguments)
            except sa.exc.DBAPIError as error:
                # The database says that nothing of this transaction remains: it can be run again as a whole.
                if _sqlstate(error) not in _ROLLED_BACK:
                    raise
        return _attempt(view, operation, arguments)

    return answered


def _attempt(view: _View, operation: Operation, arguments: dict[str, Any]) -> Response:
    g.writing = writing = _Write(current_database(), operation)
    try:
        with writing.stack:
            answer = make_response(view(**arguments))
            writing.keep(answer)
    except Replayed as found:
        return found.answer
    except Problem as problem:
        if writing.key is None or writing.context is None or problem.status not in _KEPT_REFUSALS:
            raise
        return _keep_refusal(writing.context, writing.key, problem)
    return answer


class _Write:
    """The write of one request; see :class:`portfolio.core.writing.Writing`."""

    def __init__(self, database: Database, operation: Operation) -> None:
        self._database, self._operation = database, operation
        self._session: Session | None = None
        self._before: Response | None = None
        self.stack = ExitStack()
        """Holds the transaction, which commits when all is well at its end."""
        self.key: RetryKey | None = None
        self.context: WriteContext | None = None
        """Set once the effect has begun: what goes wrong from then on is about the effect."""

    @contextmanager
    def transaction(self, context: WriteContext) -> Iterator[Session]:
        assert self._session is None, "one request is one revision"
        self.key = _key_of(request, self._operation)
        self._session = session = self.stack.enter_context(self._database.transaction(context))
        if self.key is not None:
            self._before = _claim(session.connection(), self.key)
        if self._before is None:
            self.context = context
        elif self._is_for_any_record():
            raise Replayed(self._before)
        try:
            yield session
        except NotFound:
            # The record is gone, and with it the proof that the author may see it; these two answers show nothing.
            if self._before is not None and self._before.status_code in (204, 404):
                raise Replayed(self._before) from None
            raise
        self.allowed()
        prepare(session)

    def allowed(self) -> None:
        if self._before is not None:
            raise Replayed(self._before)

    def keep(self, answer: Response) -> None:
        """Store the finished answer in the transaction of its effect, and with it the revision if there is one."""
        if self.key is None or self._session is None:
            return
        kept = _answer_to_keep(self.key, answer)
        if not write_prepared(self._session, kept):
            done = recorded(self._session)
            at = done.at if done else format_instant(sources.now())
            keep_answer(self._session.connection(), kept, done.rev if done else None, at)
        _purge_at_times(self._session.connection(), self.key)

    def _is_for_any_record(self) -> bool:
        assert self._operation.access is not None
        return is_for_any_record(current_author().role, self._operation.access)


def _keep_refusal(context: WriteContext, key: RetryKey, problem: Problem) -> Response:
    """Store a refusal on its own: its transaction is rolled back. A twin that was faster meanwhile has the say."""
    answer = problem_answer(problem)
    try:
        with current_database().transaction(context) as session:
            before = _claim(session.connection(), key)
            if before is not None:
                raise Replayed(before)
            answer.headers[REVISION_HEADER] = str(session.execute(sa.select(LogHead.size)).scalar_one())
            keep_answer(session.connection(), _answer_to_keep(key, answer), None, format_instant(sources.now()))
            _purge_at_times(session.connection(), key)
    except Replayed as found:
        return found.answer
    return answer


# Statements that every write sends are put together once.
_KEPT = table_of(Idempotency)
_IS = (_KEPT.c.scope == sa.bindparam("of_scope"), _KEPT.c.key_hash == sa.bindparam("of_key"))
_FIND = sa.select(_KEPT).where(*_IS)
_CLAIMED = ("scope", "key_hash", "fingerprint", "created_at")
_FILLED_LATER = ("status", "headers", "body", "rev")


def _taken_over(insert: Any) -> Any:
    """``insert`` of a key; one that has expired is taken over."""
    return insert.on_conflict_do_update(
        index_elements=[_KEPT.c.scope, _KEPT.c.key_hash],
        set_={name: insert.excluded[name] for name in (*_CLAIMED, *_FILLED_LATER)},
        where=_KEPT.c.created_at < sa.bindparam("expired"),
    ).returning(_KEPT.c.scope)


def _claiming() -> Any:
    return _taken_over(sqlite.insert(_KEPT).values({name: sa.bindparam(name) for name in _CLAIMED}))


def _claiming_patiently() -> Any:
    """The same for PostgreSQL, which waits for a twin: shortly, and for other rows with its usual patience again."""
    values = sa.select(*(sa.bindparam(name, type_=_KEPT.c[name].type) for name in _CLAIMED))
    hurried = values.where(sa.func.set_config("lock_timeout", _TWIN_MILLISECONDS, True) != "")
    claimed = _taken_over(postgresql.insert(_KEPT).from_select(_CLAIMED, hurried))
    return claimed.returning(sa.func.set_config("lock_timeout", str(LOCK_MILLISECONDS), True))


_CLAIMS = {"postgresql": Fixed(_claiming_patiently()), "sqlite": Fixed(_claiming())}


def _claim(connection: Connection, key: RetryKey) -> Response | None:
    """Take the key for this transaction; the kept answer where it was taken before.

    PostgreSQL waits here for a twin that is still running, SQLite has waited at BEGIN.

    :raises StillRunning: the twin takes longer than two seconds.
    :raises KeyReused: it was taken for another request.
    """
    now = sources.now()
    values = {
        "scope": key.scope,
        "key_hash": key.key_hash,
        "fingerprint": key.fingerprint,
        "created_at": format_instant(now),
        "expired": format_instant(now - KEPT_FOR),
    }
    try:
        taken = _CLAIMS[connection.dialect.name].rows(connection, values)
    except sa.exc.DBAPIError as error:
        if _sqlstate(error) != _LOCK_NOT_AVAILABLE:
            raise
        raise StillRunning(
            "The first request with this key is still running; send it again in a second.",
            headers={"Retry-After": "1"},
        ) from None
    return _kept(connection, key) if not taken else None


def _kept(connection: Connection, key: RetryKey) -> Response:
    row = connection.execute(_FIND, {"of_scope": key.scope, "of_key": key.key_hash}).one()
    if row.fingerprint != key.fingerprint:
        raise KeyReused(
            "This key was used with another body, address, parameter, If-Match or Change-Reason; make a new key."
        )
    answer = Response(row.body, row.status, [(name, value) for name, value in json.loads(row.headers)])
    answer.headers[REPLAYED_HEADER] = "true"
    return answer


def _answer_to_keep(key: RetryKey, answer: Response) -> KeptAnswer:
    return KeptAnswer(
        scope=key.scope,
        key_hash=key.key_hash,
        status=answer.status_code,
        headers=json.dumps(list(answer.headers)),
        body=answer.kept if isinstance(answer, OnceAnswer) else answer.get_data(),
    )


def _purge_at_times(connection: Connection, key: RetryKey) -> None:
    if key.key_hash[0] < _PURGES:
        _purge(connection)


def _purge(connection: Connection) -> None:
    oldest = format_instant(sources.now() - KEPT_FOR)
    # Rows that another transaction holds are left to a later purge: waiting for them here could be a deadlock.
    expired = (
        sa.select(Idempotency.scope, Idempotency.key_hash)
        .where(Idempotency.created_at < oldest)
        .order_by(Idempotency.created_at)
        .limit(_MOST_PURGED)
        .with_for_update(skip_locked=True)
    )
    names = sa.tuple_(Idempotency.scope, Idempotency.key_hash)
    connection.execute(sa.delete(Idempotency).where(names.in_(expired)))


def _key_of(req: Request, operation: Operation) -> RetryKey | None:
    given = retry_key(req, required=operation.key_required)
    if given is None:
        return None
    assert req.url_rule is not None
    scope = f"{current_author().actor_id} {req.method} {req.url_rule.rule}"
    return RetryKey(scope, hashlib.sha256(given.encode()).digest(), _fingerprint(req, operation))


def _fingerprint(req: Request, operation: Operation) -> bytes:
    """SHA-256 of what the request means: key order, spaces and the order of parameters do not count."""
    meaning = {
        "path": req.path,
        "query": sorted([name, value] for name, value in req.args.items(multi=True)),
        "if_match": req.headers.get("If-Match", "").strip(),
        "reason": req.headers.get(REASON_HEADER, ""),
        "body": _meaning(req) if operation.body else None,
    }
    return hashlib.sha256(canonical(meaning)).digest()


def _meaning(req: Request) -> Any:
    data = req.get_data(cache=True)
    if req.mimetype == FORM:
        # The boundary between the parts is made up anew each time.
        files = [[name, file.filename or "", _hashed(file)] for name, file in req.files.items(multi=True)]
        return [sorted([name, value] for name, value in req.form.items(multi=True)), sorted(files)]
    return _marked(strict_json.loads(data)) if req.mimetype in (JSON, MERGE_PATCH) else hashlib.sha256(data).hexdigest()


def _hashed(file: FileStorage) -> str:
    found = hashlib.sha256(file.stream.read()).hexdigest()
    file.stream.seek(0)
    return found


def _marked(value: Any) -> Any:
    """``value`` for the canonical form, which knows only doubles: numbers are exact text, marked as numbers."""
    if isinstance(value, dict):
        return {name: _marked(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_marked(member) for member in value]
    if isinstance(value, str):
        return f"s{value}"
    return value if value is None or isinstance(value, bool) else f"n{Decimal(value).normalize()}"


def _sqlstate(error: sa.exc.DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""
