"""Gives kept answers to callers without credentials, before the application sees the request."""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from flask import Flask
from werkzeug.http import parse_list_header

from portfolio.access.rates import EXTENSION as RATES
from portfolio.access.rates import Limiter, site_of
from portfolio.core import sources
from portfolio.core.api import operation_at
from portfolio.core.dates import REGION, end_of_day, today
from portfolio.core.logs import RequestLine
from portfolio.core.problems import REQUEST_ID
from portfolio.front.encodings import chosen_encoding, is_held, tag_of
from portfolio.front.keeping import Keeper, keeper_of
from portfolio.front.lasting import NEVER_KEPT
from portfolio.front.store import Header, Kept, Ready

ASKS_MORE = frozenset(
    {"authorization", "cookie", "content-length", "transfer-encoding", "change-reason"}
    | {"if-match", "if-unmodified-since", "if-range", "range"}
)
"""Headers, in small letters, that make a request one for the application."""
_LONGEST_CONDITION = 1000
_PLAIN = re.compile(r"[!-~ ]*")
_PREFIX = "/v1/"
# Headers of a body, which an answer without one leaves out (RFC 9110, 15.4.5).
_OF_THE_BODY = frozenset({"content-type", "content-length", "content-encoding", "content-language"})


class Name(NamedTuple):
    """All of a request that leads to one answer or another, beside what the caller may see."""

    host: str
    path: str
    query: str
    accept: str | None
    language: str | None


class Asked(NamedTuple):
    """What else counts of a request."""

    is_head: bool
    encodings: str
    """``Accept-Encoding``."""
    held: str
    """``If-None-Match``."""
    address: str
    """Of the caller, as far as the proxies are believed."""
    request_id: str


class Given(NamedTuple):
    """A finished answer."""

    status: int
    headers: list[Header]
    body: bytes


class Door:
    """What is common to the doors of all servers.

    :param proxies: how many proxies add to ``X-Forwarded-For``.
    """

    def __init__(self, app: Flask, keeper: Keeper, proxies: int) -> None:
        limiter = app.extensions[RATES]
        assert isinstance(limiter, Limiter)
        self._limiter, self._proxies = limiter, proxies
        self._origins = keeper.origins
        self._closed = frozenset(_paths(app))
        self._calendar = _Calendar()
        self._process, self._numbers = "", itertools.count(1)
        self.store = keeper.store

    def is_open(self, method: str, path: str, origin: str | None) -> bool:
        """Whether a request may be answered here at all."""
        return (
            (method == "GET" or method == "HEAD")
            and path.startswith(_PREFIX)
            and path not in self._closed
            and origin not in self._origins
        )

    def kept(self, name: Name) -> Kept | None:
        """What was answered to exactly this, today; whether it is still good is another question."""
        found = self.store.named(name)
        return (
            found
            if found is not None and found.front is not None and found.key.today == self._calendar.today()
            else None
        )

    def address(self, peer: str, forwarded: str | None) -> str:
        """Who asks: the peer, or whom the proxies name that are believed."""
        if not self._proxies or not forwarded:
            return peer
        values = _listed(forwarded)
        return values[-self._proxies] if len(values) >= self._proxies else peer

    def given(self, kept: Kept, asked: Asked, began: float) -> Given | None:
        """The answer, counted and logged; None where the application has to refuse it."""
        held = asked.held
        if held and (len(held) > _LONGEST_CONDITION or not _PLAIN.fullmatch(held)):
            return None
        left = self._limiter.try_request(_caller(asked.address))
        if left is None:
            return None
        encodings = asked.encodings
        encoding = chosen_encoding(encodings) if encodings else None
        ready = kept.ready.get(encoding)
        if ready is None:
            ready = self._ready(kept, encoding)
        named = asked.request_id
        if not named or not REQUEST_ID.fullmatch(named):
            named = self._new_id()
        revision = kept.revision_header()
        own = (
            ("register-revision", revision),
            ("x-request-id", named),
            _limit(left.limit),
            ("ratelimit-remaining", str(left.remaining)),
            ("ratelimit-reset", str(left.reset)),
        )
        self.store.touch(kept, began)
        unchanged = bool(held) and is_held(held, kept.tag)
        took = round((time.perf_counter() - began) * 1000, 1)
        ready.lines[asked.is_head, unchanged].write(named, revision, took)
        if unchanged:
            return Given(304, [*ready.unchanged, *own], b"")
        return Given(200, [*ready.headers, *own], b"" if asked.is_head else ready.body)

    def _new_id(self) -> str:
        """A name for a request that has none: one of this process, and never given twice."""
        if not self._process:
            self._process = os.urandom(8).hex()  # when the first one is asked for, which is after every fork
        return f"{self._process}-{next(self._numbers)}"

    def needs_making(self, kept: Kept, encodings: str) -> bool:
        """Whether the form that this caller takes was never made yet; that takes its time."""
        encoding = chosen_encoding(encodings)
        return encoding is not None and kept.needs_making(encoding)

    def _ready(self, kept: Kept, encoding: str | None) -> Ready:
        body = kept.body
        made = None if encoding is None else self.store.compress(kept, encoding)
        headers = [(name.lower(), value) for name, value in kept.front or ()]
        if made is not None and encoding is not None:
            body = made
            headers.append(("content-encoding", encoding))
        tag = tag_of(kept.tag, encoding if made is not None else None)
        headers.append(("etag", f'"{tag}"'))
        unchanged = tuple(header for header in headers if header[0] not in _OF_THE_BODY)
        lines = {
            (is_head, is_held): RequestLine(
                "HEAD" if is_head else "GET", kept.route, 304 if is_held else 200, len(body)
            )
            for is_head in (False, True)
            for is_held in (False, True)
        }
        ready = Ready((*headers, ("content-length", str(len(body)))), unchanged, body, lines)
        kept.ready[encoding] = ready
        return ready


class _Calendar:
    """Today in the region, without asking the time zone each time."""

    def __init__(self) -> None:
        self._day: date | None = None
        self._begins = self._ends = datetime.max.replace(tzinfo=REGION)

    def today(self) -> date:
        now = sources.now()
        if self._day is None or not self._begins <= now < self._ends:
            self._day = today()
            self._begins, self._ends = now, end_of_day(self._day)
        return self._day


def door_of(app: Flask, proxies: int) -> Door | None:
    """The door of ``app``; None where nothing is kept."""
    keeper = keeper_of(app)
    return None if keeper is None else Door(app, keeper, proxies)


@lru_cache(maxsize=4096)
def _listed(forwarded: str) -> list[str]:
    return parse_list_header(forwarded)  # as ProxyFix does it


@lru_cache(maxsize=4096)
def _caller(address: str) -> str:
    return f"address {site_of(address)}"


@lru_cache(maxsize=4)
def _limit(most: int) -> Header:
    return "ratelimit-limit", str(most)


def _paths(app: Flask) -> Iterable[str]:
    """The addresses of operations that are never kept."""
    for rule in app.url_map.iter_rules():
        operation = operation_at(app, rule.endpoint, "GET") if "GET" in (rule.methods or ()) else None
        if operation is not None and operation.operation_id in NEVER_KEPT:
            yield rule.rule
