"""What the register writes down about its own running: JSON, one line per event, never a secret and never a body."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import MutableMapping
from contextlib import suppress
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
    _requests.info("request", request_id=named, method=method[:20], **facts, status=status)


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
    with suppress(RuntimeError):  # a streamed answer has no length yet
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
            bytes=answer.calculate_content_length(),
        )
    return answer
