"""How often one caller may ask; counted in each process for itself."""

from __future__ import annotations

import ipaddress
import math
import time
from dataclasses import dataclass

from flask import Flask, Response, current_app, g, request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from portfolio.core.logs import security_event
from portfolio.core.problems import TooManyRequests
from portfolio.core.settings import Rates

EXTENSION = "portfolio_rates"
_SITE = 64
"""The part of an IPv6 address that belongs to one customer; the rest is theirs to choose."""


@dataclass(frozen=True)
class Left:
    """What a caller has left."""

    limit: int
    remaining: int
    reset: int
    """Seconds until all of it is there again."""


class Limiter:
    """The counters of one process."""

    def __init__(self, rates: Rates) -> None:
        self._counters = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(rates.requests, namespace="requests")
        self._failures = RateLimitItemPerMinute(rates.failures, namespace="failures")

    def spend_request(self, caller: str) -> Left:
        """One request of ``caller``.

        :raises TooManyRequests: there were too many in the last minute.
        """
        return self._spend(self._requests, caller, "Requests")

    def spend_failure(self, address: str) -> None:
        """One sign-in from ``address`` with credentials that nobody here knows.

        :raises TooManyRequests: there were too many in the last minute.
        """
        self._spend(self._failures, address, "Sign-ins with unknown credentials")

    def _spend(self, item: RateLimitItem, caller: str, what: str) -> Left:
        allowed = self._counters.hit(item, caller)
        stats = self._counters.get_window_stats(item, caller)
        left = Left(item.amount, stats.remaining, max(1, math.ceil(stats.reset_time - time.time())))
        if allowed:
            return left
        security_event("rate_limited", what=item.namespace)
        raise TooManyRequests(
            f"{what} are limited to {item.amount} a minute; try again in {left.reset} s.",
            headers={"Retry-After": str(left.reset), **_headers(left)},
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
    given = request.remote_addr or ""
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
