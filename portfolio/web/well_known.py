"""/.well-known/security.txt (RFC 9116) and /.well-known/api-catalog (RFC 9727)."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request

from portfolio.core import sources
from portfolio.core.answers import json_bytes
from portfolio.core.dates import start_of_month
from portfolio.core.problems import NotFound
from portfolio.core.settings import Disclosure, Settings

blueprint = Blueprint("well_known", __name__, url_prefix="/.well-known")

EXTENSION = "portfolio_well_known"
_CATALOG = "/.well-known/api-catalog"
_LINKSET = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
_MONTHS = 7
"""The text expires with the month that begins so many months after this one: six months ahead and more."""


def install(app: Flask, settings: Settings) -> None:
    """Serve them from ``app``, as the operator wants to be reached and called."""
    app.extensions[EXTENSION] = settings.disclosure, settings.public_url
    app.register_blueprint(blueprint)


@blueprint.get("/security.txt")
def security_txt() -> Response:
    """How to tell the operator of a weakness. Who names no contact has none: nothing is made up."""
    disclosure, public_url = _published()
    if not disclosure.contacts:
        raise NotFound("The operator of this register has not said whom to tell of a weakness.")
    text = "".join(f"{name}: {value}\n" for name, value in _fields(disclosure, public_url, sources.now().date()))
    return _kept(Response(text, content_type="text/plain; charset=utf-8"), seconds=86_400)


@blueprint.get("/api-catalog")
def api_catalog() -> Response:
    """Where the API is and what describes it, for programs that know only the host."""
    answer = Response(json_bytes({"linkset": _linkset(_published()[1])}), content_type=_LINKSET)
    answer.headers["Link"] = f'<{_CATALOG}>; rel="api-catalog"'
    return _kept(answer, seconds=300)


def _published() -> tuple[Disclosure, str]:
    disclosure, public_url = current_app.extensions[EXTENSION]
    assert isinstance(disclosure, Disclosure)
    return disclosure, str(public_url)


def _fields(disclosure: Disclosure, public_url: str, today: date) -> list[tuple[str, str]]:
    found = [("Contact", contact) for contact in disclosure.contacts]
    found.append(("Expires", f"{start_of_month(today, _MONTHS):%Y-%m-%dT%H:%M:%SZ}"))
    if disclosure.languages:
        found.append(("Preferred-Languages", ", ".join(disclosure.languages)))
    if public_url:
        found.append(("Canonical", f"{public_url}/.well-known/security.txt"))
    if disclosure.policy:
        found.append(("Policy", disclosure.policy))
    return found


def _linkset(base: str) -> list[dict[str, Any]]:
    """The links of the API. Without a public address they are relative to the catalog's own (RFC 9264, RFC 3986)."""

    def to(path: str, media: str) -> dict[str, str]:
        return {"href": f"{base}{path}", "type": media}

    return [
        {"anchor": f"{base}{_CATALOG}", "item": [to("/v1", "application/json")]},
        {
            "anchor": f"{base}/v1",
            "service-desc": [to("/openapi.json", "application/json"), to("/openapi.yaml", "application/yaml")],
            "service-doc": [to("/docs", "text/html")],
            "service-meta": [to("/v1/data-dictionary", "application/json")],
            "status": [to("/health/ready", "application/json")],
        },
    ]


def _kept(answer: Response, *, seconds: int) -> Response:
    answer.headers["Cache-Control"] = f"public, max-age={seconds}"
    answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest()[:16])
    answer.make_conditional(request)
    return answer
