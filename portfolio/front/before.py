"""The door as WSGI: in front of the application for gunicorn and every other WSGI server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from portfolio.front.counters import CountersFailed
from portfolio.front.door import ASKS_MORE, Asked, Door, Given, Name
from portfolio.front.keeping import KEPT, MOMENT
from portfolio.front.store import Kept

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
# A WSGI server may state a length of 0 where there is no body; it is looked at apart.
_ASKS_MORE = frozenset(f"HTTP_{name.upper().replace('-', '_')}" for name in ASKS_MORE)


class KeptFirst:
    """``app``, and what is kept of it before it."""

    def __init__(self, app: Application, door: Door) -> None:
        self._app, self._door = app, door

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        began = time.perf_counter()
        name = self._name(environ)
        given = None if name is None else self._given(name, environ, began)
        if given is not None:
            status = HTTPStatus(given.status)
            start(f"{status.value} {status.phrase}", given.headers)
            return [given.body] if given.body else []
        parts = self._app(environ, start)
        kept = environ.get(KEPT)
        if name is not None and isinstance(kept, Kept) and kept.front is not None:
            self._door.store.name(kept, name)
        return parts

    def _name(self, environ: dict[str, Any]) -> Name | None:
        path = environ["PATH_INFO"]
        if not self._door.is_open(environ["REQUEST_METHOD"], path, environ.get("HTTP_ORIGIN")):
            return None
        if environ.get("SCRIPT_NAME") or environ.get("CONTENT_LENGTH") not in (None, "", "0"):
            return None
        if not _ASKS_MORE.isdisjoint(environ):
            return None
        return Name(
            environ.get("HTTP_HOST", ""),
            path,
            environ.get("QUERY_STRING", ""),
            environ.get("HTTP_ACCEPT"),
            environ.get("HTTP_ACCEPT_LANGUAGE"),
        )

    def _given(self, name: Name, environ: dict[str, Any], began: float) -> Given | None:
        if MOMENT in environ or self._door.kept(name) is None:
            return None
        try:
            moment = environ[MOMENT] = self._door.store.moment()
            kept = self._door.kept(name)  # reading on may have shown that nothing kept is good
            if kept is None or not self._door.store.is_good(kept, moment.now):
                return None
        except CountersFailed:
            return None
        asked = Asked(
            environ["REQUEST_METHOD"] == "HEAD",
            environ.get("HTTP_ACCEPT_ENCODING", ""),
            environ.get("HTTP_IF_NONE_MATCH", ""),
            self._door.address(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR")),
            environ.get("HTTP_X_REQUEST_ID", ""),
        )
        return self._door.given(kept, asked, began)
