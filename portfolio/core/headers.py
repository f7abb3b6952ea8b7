"""The headers that every answer carries: what browsers may do with it, and which web pages may read it."""

from __future__ import annotations

from flask import Flask, Response, request

_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_DATA = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_EVERYWHERE = (
    ("Cache-Control", "no-cache"),  # where nothing else was said
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
# Pictures and data are there to be shown elsewhere; pages are not.
_OF_DATA = (*_EVERYWHERE, ("Content-Security-Policy", _DATA), ("Cross-Origin-Resource-Policy", "cross-origin"))
_OF_PAGES = (
    *_EVERYWHERE,
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("Content-Security-Policy", _PAGE),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_WITHOUT_BODY = (204, 308)
_READING = ("GET", "HEAD")
_SENT = (
    "Accept, Accept-Language, Authorization, Change-Reason, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
    "X-Request-Id"
)
_SENT_BY_ANYBODY = "Accept, Accept-Language, If-None-Match, X-Request-Id"
_SHOWN = (
    "Content-Disposition, Deprecation, ETag, Idempotent-Replayed, Link, Location, RateLimit-Limit, "
    "RateLimit-Remaining, RateLimit-Reset, Register-Revision, Retry-After, Sunset, WWW-Authenticate, X-Request-Id"
)
_PREFLIGHT_SECONDS = "600"


def install(app: Flask, origins: tuple[str, ...]) -> None:
    """Put them on the answers of ``app``.

    :param origins: web pages that may send credentials and change records; every page may read what is public.
    """

    def finish(answer: Response) -> Response:
        if request.method == "OPTIONS" and answer.status_code == 200:
            answer.status_code = 204
        if answer.status_code in _WITHOUT_BODY:
            answer.headers.pop("Content-Type", None)
        _protect(answer)
        if answer.mimetype != "text/html":
            _share(answer, origins)
        return answer

    app.after_request(finish)


def _protect(answer: Response) -> None:
    given = {name.lower() for name, _ in answer.headers}
    for name, value in _OF_PAGES if answer.mimetype == "text/html" else _OF_DATA:
        if name.lower() not in given:
            answer.headers.add(name, value)


def _share(answer: Response, origins: tuple[str, ...]) -> None:
    """CORS (Fetch standard): anybody's page may read without credentials, the named ones may do all."""
    origin = request.headers.get("Origin")
    if origins:
        answer.vary.add("Origin")
    asked = request.headers.get("Access-Control-Request-Method") if request.method == "OPTIONS" else None
    method = asked or request.method
    if origin in origins:
        answer.headers["Access-Control-Allow-Origin"] = origin
        allowed, sent = _allowed(answer), _SENT
    elif method in _READING and "Authorization" not in request.headers:
        answer.headers["Access-Control-Allow-Origin"] = "*"
        allowed, sent = ", ".join(_READING), _SENT_BY_ANYBODY
    else:
        return
    if asked is None:
        answer.headers["Access-Control-Expose-Headers"] = _SHOWN
    elif answer.status_code == 204:
        answer.headers["Access-Control-Allow-Methods"] = allowed
        answer.headers["Access-Control-Allow-Headers"] = sent
        answer.headers["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS


def _allowed(answer: Response) -> str:
    return ", ".join(sorted(set(answer.allow) - {"OPTIONS"}))
