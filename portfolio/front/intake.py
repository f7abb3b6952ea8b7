"""Takes requests from the server: a body is read before a thread is taken, so that slow senders hold nobody up.

A large answer is put into a file before it goes out, so that slow readers hold neither a thread nor memory.
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from tempfile import NamedTemporaryFile
from types import MappingProxyType
from typing import Any, Protocol

from portfolio.core import sources
from portfolio.core.logs import log_request
from portfolio.core.problems import (
    MIME,
    REQUEST_ID,
    BadRequest,
    ContentTooLarge,
    Problem,
    RequestTimeout,
    Unavailable,
    problem_body,
)
from portfolio.core.strict_json import LARGEST_BODY
from portfolio.front.door import Door, Given
from portfolio.front.fast import FastDoor
from portfolio.front.keeping import MOMENT
from portfolio.front.loop_counters import LoopCounters
from portfolio.front.store import Moment

logger = logging.getLogger("portfolio.front")
Headers = list[tuple[str, str]]
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
PATIENCE = 5.0
"""Seconds that a request waits for a thread; the database may be slow, or away."""
LARGEST_IN_MEMORY = 1 << 20
"""Bytes of an answer that are handed over as they are; a larger one is handed over as a file."""
_OPENED_WITHIN = 30.0
"""Seconds after which the server has surely opened such a file; it opens it at once, and says nothing of it."""
_PROBES = 2
_LARGE_AT_ONCE = 8
_UPLOAD_PATIENCE = 6
"""How much longer than another body a file may take."""
_OURS = {"x-content-type-options": "nosniff", "cache-control": "no-store", "connection": "close"}


class Scope(Protocol):
    """A request as the server hands it over (RSGI)."""

    method: str
    path: str
    query_string: str
    http_version: str
    scheme: str
    server: str
    client: str
    headers: Any


@dataclass(frozen=True)
class Answer:
    """A finished answer."""

    status: int
    headers: Headers
    body: bytes | str
    """The bytes, or the path of a file that holds them."""


class Intake:
    """The register as granian serves it: bodies on the event loop, the work in a few threads.

    :param seconds: how long a client may take to send its body.
    :param stop: called when the server is told to end, before it waits for the requests it has begun.
    :param uploads: paths that take larger bodies than others, each with how many bytes.
    :param door: gives what is kept, with ``counters`` that tell whether it is good.
    """

    def __init__(
        self,
        app: Application,
        *,
        threads: int,
        seconds: float,
        stop: Callable[[], None],
        uploads: Mapping[str, int] = MappingProxyType({}),
        door: Door | None = None,
        counters: LoopCounters | None = None,
    ) -> None:
        self._uploads = uploads
        self._large = 0
        self._app, self._seconds, self._stop = app, seconds, stop
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="work")
        # Whoever watches the register is answered even while all threads wait for the database.
        self._probes = ThreadPoolExecutor(_PROBES, thread_name_prefix="probe")
        self._files: set[str] = set()
        self._fast = None if door is None or counters is None else FastDoor(door, counters, self._threads)

    def __rsgi_init__(self, _loop: asyncio.AbstractEventLoop) -> None:
        """In the main thread of the worker, once the server listens for signals."""
        for number in (signal.SIGTERM, signal.SIGINT):
            # The loop is woken by the signal itself, whatever this function does: granian's own handling goes on.
            signal.signal(number, lambda *_: self._stop())
            signal.siginterrupt(number, False)

    def __rsgi_del__(self, _loop: asyncio.AbstractEventLoop) -> None:
        """When the worker ends."""
        if self._fast is not None:
            self._fast.close()
        for path in self._files:
            _remove(path)

    async def __rsgi__(self, scope: Scope, protocol: Any) -> None:
        """Answer one request."""
        found = None if self._fast is None else await self._fast.answer(scope)
        if isinstance(found, Given):
            protocol.response_bytes(found.status, found.headers, found.body)
            return
        try:
            answer = await self._answer(scope, protocol, None if found is None else found.moment)
        finally:
            if found is not None:
                found.land()
        if answer is None:
            return  # nobody is left to be answered, and half a body must not count as a whole one
        if isinstance(answer.body, bytes):
            protocol.response_bytes(answer.status, answer.headers, answer.body)
            return
        # Not response_stream: what is given to it waits in memory, however slowly the client reads.
        protocol.response_file(answer.status, answer.headers, answer.body)
        self._files.add(answer.body)
        asyncio.get_running_loop().call_later(_OPENED_WITHIN, self._forget, answer.body)

    async def _answer(self, scope: Scope, protocol: Any, moment: Moment | None) -> Answer | None:
        """What the application says, which need not read ``moment`` again; None where the client is gone."""
        try:
            body = await self._body(scope, protocol)
        except ConnectionError:
            return None
        except Problem as problem:
            return _refusal(scope, problem)
        pool = self._probes if scope.path.startswith("/health/") else self._threads
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(pool, self._work, scope, body, moment, time.monotonic())

    def _forget(self, path: str) -> None:
        self._files.discard(path)
        _remove(path)

    async def _body(self, scope: Scope, protocol: Any) -> bytes:
        """The whole body.

        :raises ContentTooLarge: more than its address takes.
        :raises Unavailable: too many large ones at once.
        :raises RequestTimeout: it takes too long.
        :raises BadRequest: a header that cannot be read.
        :raises ConnectionError: the client is gone before its end.
        """
        stated = _stated_length(scope)
        limit = self._uploads.get(scope.path, LARGEST_BODY)
        if stated is not None and stated > limit:
            raise _too_large(limit)
        if stated is None and scope.headers.get("transfer-encoding") is None:
            return b""
        seconds = self._seconds if limit == LARGEST_BODY else self._seconds * _UPLOAD_PATIENCE
        try:
            async with asyncio.timeout(seconds):
                body = await self._received(protocol, limit)
        except TimeoutError:
            raise RequestTimeout(f"The body did not arrive within {seconds:g} s; send it at once.") from None
        if stated is not None and len(body) != stated:
            raise ConnectionError("the body ends early")
        return body

    async def _received(self, protocol: Any, limit: int) -> bytes:
        """All that is sent. Only so many large bodies are kept at once, however slowly they come in."""
        chunks: list[bytes] = []
        size = 0
        is_large = False
        try:
            async for chunk in protocol:
                chunks.append(bytes(chunk))
                size += len(chunk)
                if size > limit:
                    raise _too_large(limit)
                if size > LARGEST_BODY and not is_large:
                    if self._large >= _LARGE_AT_ONCE:
                        detail = "Other large files are being sent in; send yours again in a moment."
                        raise Unavailable(detail, headers={"Retry-After": "5"})
                    is_large = True
                    self._large += 1
        finally:
            self._large -= is_large
        return b"".join(chunks)

    def _work(self, scope: Scope, body: bytes, moment: Moment | None, since: float) -> Answer:
        if time.monotonic() - since > PATIENCE:
            return _refusal(
                scope, Unavailable("The register is busy; send the request again.", headers={"Retry-After": "2"})
            )
        said: list[tuple[int, Headers]] = []

        def start_response(status: str, headers: Headers, _failure: Any = None) -> None:
            said.append((int(status[:3]), [(name.lower(), value) for name, value in headers]))

        try:
            environ = environ_of(scope, body)
            if moment is not None:
                environ[MOMENT] = moment
            parts = self._app(environ, start_response)
            try:
                data = _collected(iter(parts))
            finally:
                if hasattr(parts, "close"):
                    parts.close()
        except Exception:
            logger.exception("A request failed outside of the application")
            return _refusal(scope, Problem("This is our fault, not yours; report it with the request id."))
        status, headers = said[-1]
        return Answer(status, headers, data)


def _collected(parts: Iterator[bytes]) -> bytes | str:
    """All of ``parts``, or the path of a file that holds them."""
    data = b"".join(_beginning(parts))
    if len(data) <= LARGEST_IN_MEMORY:
        return data
    with NamedTemporaryFile(prefix="portfolio-answer-", delete=False) as file:
        try:
            file.write(data)
            file.writelines(parts)
        except BaseException:
            _remove(file.name)
            raise
    return file.name


def _beginning(parts: Iterator[bytes]) -> Iterator[bytes]:
    """All of ``parts``, or as many as are more than what is kept in memory."""
    size = 0
    for part in parts:
        yield part
        size += len(part)
        if size > LARGEST_IN_MEMORY:
            return


def _remove(path: str) -> None:
    # Windows lets nobody remove a file that is being sent.
    with suppress(OSError):
        os.unlink(path)


def environ_of(scope: Scope, body: bytes) -> dict[str, Any]:
    """A request as WSGI (PEP 3333) describes it."""
    host, _, port = scope.server.rpartition(":")
    found: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name in scope.headers.keys():  # noqa: SIM118 (no mapping)
        values = ",".join(scope.headers.get_all(name))
        if name == "content-type":
            found["CONTENT_TYPE"] = values
        elif name not in ("content-length", "transfer-encoding") and "_" not in name:
            # A name with an underscore would pass for one with a hyphen.
            found["HTTP_" + name.upper().replace("-", "_")] = values
    return found


def _too_large(limit: int) -> ContentTooLarge:
    return ContentTooLarge(f"The body is larger than {limit // 1024**2} MiB; send less at once.")


def _stated_length(scope: Scope) -> int | None:
    for name in scope.headers.keys():  # noqa: SIM118
        if not scope.headers.get_all(name):
            raise BadRequest(f"The header {name} holds other characters than ASCII; percent-encode them.")
    stated = scope.headers.get_all("content-length")
    if not stated:
        return None
    if len(stated) > 1 or not re.fullmatch(r"[0-9]{1,18}", stated[0]):
        raise BadRequest("The header Content-Length is one whole number.")
    return int(stated[0])


def _refusal(scope: Scope, problem: Problem) -> Answer:
    """What is answered without asking the application."""
    given = scope.headers.get("x-request-id") or ""
    request_id = given if REQUEST_ID.fullmatch(given) else str(sources.new_id())
    log_request(request_id, scope.method, problem.status, route=None, actor=None, role=None)
    headers = {"content-type": MIME, "x-request-id": request_id, **_OURS}
    headers |= {name.lower(): value for name, value in problem.headers.items()}
    return Answer(problem.status, list(headers.items()), problem_body(problem, request_id))
