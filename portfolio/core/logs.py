"""What the register writes down about its own running: JSON, one line per event, never a secret and never a body."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any

import orjson
import structlog
from flask import Flask, Response, g, has_request_context, request

from portfolio.core import sources
from portfolio.core.dates import format_instant
from portfolio.core.problems import request_id

_REQUESTS = logging.getLogger("portfolio.request")
_SECURITY = logging.getLogger("portfolio.security")
_FILE_MODE = 0o600
_BEHIND = 0.2
"""Seconds that a line may wait."""
_MANY, _TOO_MANY = 200, 10_000
"""Lines (of 300 bytes) that are written at once, and that wait where standard error takes none."""


def _at(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {"at": format_instant(sources.now()), **event}


def _text(event: dict[str, Any], **_: Any) -> str:
    # JSON escapes every control character, so no value can begin a line of its own.
    return orjson.dumps(event, default=str).decode("utf-8", "replace")


_LINE: tuple[Any, ...] = (structlog.stdlib.add_log_level, _at, structlog.processors.JSONRenderer(serializer=_text))


def _logger_of(logger: logging.Logger, name: str) -> Any:
    return structlog.wrap_logger(
        logger,
        processors=[structlog.stdlib.filter_by_level, *_LINE],
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
        log=name,
    )


class _Lines:
    """Lines that are written a moment later, many at once, by a thread of their own."""

    def __init__(self) -> None:
        self.in_place = False
        """Whether lines go out this way at all: only where the log is standard error, as it is for who serves."""
        self._lock = threading.Lock()
        self._some, self._many = threading.Event(), threading.Event()
        self._waiting: deque[str] = deque()
        self._runs = False
        if hasattr(os, "register_at_fork"):  # Windows knows no fork
            os.register_at_fork(after_in_child=self._forked)

    def add(self, line: str) -> None:
        self._waiting.append(line)
        if not self._some.is_set():
            self._begin()
            self._some.set()
        count = len(self._waiting)
        if count >= _MANY:
            self._many.set()
            if count >= _TOO_MANY:
                self.flush()  # nobody takes the lines away: whoever makes them waits

    def write(self, line: str) -> None:
        """Write a line at once, behind those that are waiting; nobody has to be woken for it."""
        self._waiting.append(line)
        self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        with self._lock:
            self._many.clear()
            lines = "".join([self._waiting.popleft() for _ in range(len(self._waiting))])
            with suppress(OSError, ValueError):  # a log that cannot be written is no failure of a request
                sys.stderr.write(lines)
                sys.stderr.flush()

    def _begin(self) -> None:
        with self._lock:
            if self._runs:
                return
            self._runs = True
        atexit.register(self.flush)
        threading.Thread(target=self._run, name="request-log", daemon=True).start()

    def _forked(self) -> None:
        """A thread does not survive a fork, and a lock may have been held."""
        self._lock, self._runs = threading.Lock(), False
        self._waiting.clear()

    def _run(self) -> None:
        while True:
            self._some.wait()
            self._many.wait(_BEHIND)
            self._some.clear()
            self.flush()


_lines = _Lines()
_requests, _security = _logger_of(_REQUESTS, "request"), _logger_of(_SECURITY, "security")


def configure(security_log: Path | None) -> None:
    """Write JSON lines on standard error from now on, other libraries' too; once per process that serves.

    :param security_log: the file that denials and sign-ins go to; it may be moved away by whoever rotates logs.
    """
    logging.raiseExceptions = False  # a log that cannot be written is no failure of a request
    plain = logging.StreamHandler(sys.stderr)
    plain.setFormatter(logging.Formatter("%(message)s"))
    foreign = logging.StreamHandler(sys.stderr)
    foreign.setFormatter(formatter())
    root = logging.getLogger()
    root.handlers[:] = [foreign]
    root.setLevel(logging.WARNING)
    for logger, handler in ((_REQUESTS, plain), (_SECURITY, _security_handler(security_log) or plain)):
        logger.handlers[:] = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False
    _lines.in_place = True


def configure_security(security_log: Path | None) -> None:
    """Let a command write to the security log too, where that is a file of its own."""
    handler = _security_handler(security_log)
    if handler is not None:
        _SECURITY.handlers[:] = [handler]
        _SECURITY.setLevel(logging.INFO)
        _SECURITY.propagate = False


def formatter() -> logging.Formatter:
    """JSON for records of the standard library's logging; tracebacks stand in one field."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            _at,
            structlog.processors.format_exc_info,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(serializer=_text),
        ],
    )


class _Kept(WatchedFileHandler):
    """A file that may be moved away; where it cannot be opened anew, lines are lost and requests are not."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):
            super().emit(record)


def _security_handler(path: Path | None) -> logging.Handler | None:
    if path is None:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(_FILE_MODE)
    handler = _Kept(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


def install(app: Flask) -> None:
    """Write one line per request of ``app``."""
    app.before_request(_begin)
    app.after_request(_end)


def log_request(named: str, method: str, status: int, **facts: str | int | float | None) -> None:
    """One line for one answered request."""
    if not _lines.in_place:
        _requests.info("request", request_id=named, method=method[:20], **facts, status=status)
        return
    begun = {"at": format_instant(sources.now()), "log": "request", "request_id": named, "method": method[:20]}
    _lines.write(f"{_text({**begun, **facts, 'status': status, 'event': 'request', 'level': 'info'})}\n")


@dataclass(frozen=True)
class RequestLine:
    """The line of an answer that is given often: what is the same each time is put together once.

    It must not take longer to write down than to give.
    """

    method: str
    route: str
    status: int
    size: int

    @cached_property
    def _parts(self) -> tuple[str, str]:
        before = {"method": self.method, "route": self.route, "actor": None, "role": None}
        after = {"bytes": self.size, "status": self.status, "event": "request", "level": "info"}
        return _text(before)[1:-1], _text(after)[1:]

    def write(self, named: str, revision: str, ms: float) -> None:
        """:param named: the request's id and the revision: plain words."""
        if not _lines.in_place:
            facts = {"route": self.route, "actor": None, "role": None, "revision": revision, "ms": ms}
            log_request(named, self.method, self.status, **facts, bytes=self.size)
            return
        at = sources.now().isoformat(timespec="microseconds")[:26]  # as format_instant, in a fraction of the time
        before, after = self._parts
        _lines.add(
            f'{{"at":"{at}Z","log":"request","request_id":"{named}",{before},"revision":"{revision}","ms":{ms},{after}\n'
        )


def security_event(event: str, **facts: str | int | None) -> None:
    """One line of the security log: who was let in or turned away, and why.

    :param event: a stable name such as ``sign_in_failed``.
    """
    if not _SECURITY.isEnabledFor(logging.INFO):
        return
    if has_request_context():
        rule = request.url_rule
        facts |= {
            "request_id": request_id(),
            "address": request.remote_addr,
            "method": request.method[:20],
            "route": None if rule is None else rule.rule,
        }
    _security.info(event, **facts)


def announce(event: str, **facts: str | int | None) -> None:
    """A line of the security log that is written once the request has done what it says."""
    g.announced = (event, facts)


def _begin() -> None:
    g.began = time.perf_counter()


def _end(answer: Response) -> Response:
    if "announced" in g and answer.status_code < 400:
        event, facts = g.announced
        security_event(event, **facts)
    if not _REQUESTS.isEnabledFor(logging.INFO):
        return answer
    author = g.get("author")
    rule = request.url_rule
    log_request(
        answer.headers.get("X-Request-Id", ""),
        request.method,
        answer.status_code,
        # The rule and not the address: keys may be secrets of drafts, and queries hold what people searched for.
        route=None if rule is None else rule.rule,
        actor=None if author is None else author.actor_id,
        role=None if author is None else author.role,
        revision=answer.headers.get("Register-Revision"),
        ms=round((time.perf_counter() - g.get("began", time.perf_counter())) * 1000, 1),
        bytes=_length(answer),
    )
    return answer


def _length(answer: Response) -> int | None:
    """Bytes of the body, without gathering one that is sent in pieces."""
    if answer.content_length is None and answer.is_sequence:
        return answer.calculate_content_length()
    return answer.content_length
