"""/docs, /openapi.json and /openapi.yaml, without any outside resource."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, current_app, render_template, request, send_from_directory

from portfolio.core import spec
from portfolio.core.api import Api
from portfolio.core.problems import problem_kinds

blueprint = Blueprint("docs", __name__, template_folder="templates", static_folder=None)

_SWAGGER = Path(flask_swagger_ui.__file__).parent / "dist"
_FILES = ("swagger-ui.css", "swagger-ui-bundle.js")


@blueprint.get("/docs")
def documentation() -> Response:
    """Swagger UI over /openapi.json."""
    return Response(render_template("docs.html"))


@blueprint.get("/docs/api-changes")
def api_changes() -> Response:
    """How the API changes; the answers of deprecated operations link here."""
    inside = Path(__file__).parent.parent / "_docs"
    folder = inside if inside.exists() else inside.parent.parent / "docs"
    # Plain text, which browsers show; they would save Markdown.
    return send_from_directory(folder, "api-changes.md", mimetype="text/plain", max_age=300)


@blueprint.get("/docs/<name>")
def documentation_file(name: str) -> Response:
    """The files of the documentation page."""
    folder = _SWAGGER if name in _FILES else Path(__file__).parent / "static"
    return send_from_directory(folder, name, max_age=86400)


@blueprint.get("/problems/<slug>")
def problem(slug: str) -> tuple[Response, int] | Response:
    """What a problem type means; its address is the ``type`` of the answer."""
    found = next((kind for kind in problem_kinds() if kind.slug == slug), None)
    page = Response(render_template("problem.html", kind=found, kinds=problem_kinds()))
    return page if found else (page, 404)


@blueprint.get("/openapi.json")
def openapi_json() -> Response:
    """The document as JSON."""
    return _document("openapi.json", "application/json")


@blueprint.get("/openapi.yaml")
def openapi_yaml() -> Response:
    """The document as YAML."""
    return _document("openapi.yaml", "application/yaml")


@lru_cache(maxsize=1)
def _rendered(api: Api) -> dict[str, str]:
    from portfolio.core.spec_files import render  # writes YAML, which takes long to load

    return render(spec.document(api))


def _document(name: str, mimetype: str) -> Response:
    text = _rendered(current_app.extensions["portfolio_api"])[name]
    answer = Response(text, mimetype=mimetype)
    answer.set_etag(hashlib.sha256(text.encode()).hexdigest()[:16])
    answer.headers["Cache-Control"] = "public, max-age=300"
    answer.make_conditional(request)
    return answer
