"""How often one caller may ask; counted in each process for itself."""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from functools import lru_cache
from typing import NamedTuple

from flask import Flask, Response, current_app, g, request

from portfolio.core.logs import security_event
from portfolio.core.problems import TooManyRequests
from portfolio.core.settings import Rates

EXTENSION = "portfolio_rates"
_SECONDS = 60
_SITE = 64
"""The part of an IPv6 address that belongs to one customer; the rest is theirs to choose."""


class Left(NamedTuple):
    """What a caller has left."""

    limit: int
    remaining: int
    reset: int
    """Seconds until the minute ends."""


class Window:
    """How often each caller asked in the last minute: all of this one, and as much of the one before as overlaps."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._minute = 0
        self._now: dict[str, int] = {}
        self._before: dict[str, int] = {}

    def spend(self, caller: str) -> Left | None:
        """What is left after one more; None where that would be too many, and is not counted."""
        clock = time.monotonic() / _SECONDS
        minute = int(clock)
        part = clock - minute
        with self._lock:
            if minute != self._minute:
                # Callers of earlier minutes are forgotten with them, so that memory is bounded by two minutes.
                self._before = self._now if minute == self._minute + 1 else {}
                self._now, self._minute = {}, minute
            spent = self._now.get(caller, 0)
            before = self._before.get(caller)
            weighted = spent + 1 if before is None else spent + 1 + before * (1 - part)
            if weighted > self.most:
                return None
            self._now[caller] = spent + 1
        return Left(self.most, int(self.most - weighted), self.reset(part))

    def exhausted(self) -> Left:
        """What is said to a caller who spent too much."""
        clock = time.monotonic() / _SECONDS
        return Left(self.most, 0, self.reset(clock - int(clock)))

    @staticmethod
    def reset(part: float) -> int:
        return max(1, math.ceil((1 - part) * _SECONDS))


class Limiter:
    """The counters of one process."""

    def __init__(self, rates: Rates) -> None:
        self._requests, self._failures = Window(rates.requests), Window(rates.failures)

    def try_request(self, caller: str) -> Left | None:
        """One request of ``caller``; None where there were too many in the last minute."""
        return self._requests.spend(caller)

    def spend_request(self, caller: str) -> Left:
        """One request of ``caller``.

        :raises TooManyRequests: there were too many in the last minute.
        """
        return self._spend(self._requests, caller, "requests", "Requests")

    def spend_failure(self, address: str) -> None:
        """One sign-in from ``address`` with credentials that nobody here knows.

        :raises TooManyRequests: there were too many in the last minute.
        """
        self._spend(self._failures, address, "failures", "Sign-ins with unknown credentials")

    def _spend(self, window: Window, caller: str, name: str, what: str) -> Left:
        left = window.spend(caller)
        if left is not None:
            return left
        refused = window.exhausted()
        security_event("rate_limited", what=name)
        raise TooManyRequests(
            f"{what} are limited to {window.most} a minute; try again in {refused.reset} s.",
            headers={"Retry-After": str(refused.reset), **_headers(refused)},
        )


def install(app: Flask, rates: Rates) -> None:
    """Count the requests of ``app``, and say on each answer what is left."""
    app.extensions[EXTENSION] = Limiter(rates)
    app.after_request(_say)


def current_limiter() -> Limiter:
    """The one of the running application."""
    found = current_app.extensions[EXTENSION]
    assert isinstance(found, Limiter)
    return found


def address() -> str:
    """Where the request comes from, as far as one caller reaches: an IPv4 address or an IPv6 site."""
    return site_of(request.remote_addr or "")


@lru_cache(maxsize=4096)
def site_of(given: str) -> str:
    """The caller behind an address: an IPv4 address or an IPv6 site."""
    try:
        found = ipaddress.ip_address(given.partition("%")[0])
    except ValueError:
        return given
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, _SITE), strict=False))
    return str(found)


def _say(answer: Response) -> Response:
    left = g.get("rate")
    if isinstance(left, Left):
        for name, value in _headers(left).items():
            answer.headers.setdefault(name, value)
    return answer


def _headers(left: Left) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(left.limit),
        "RateLimit-Remaining": str(left.remaining),
        "RateLimit-Reset": str(left.reset),
    }
