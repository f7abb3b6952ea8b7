"""/v1 and /v1/data-dictionary: what there is, where, and what every field means; read from the program itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from flask import Flask, Response, current_app
from flask.views import MethodView

from portfolio.core import spec
from portfolio.core.answers import LIST_FORMS, chosen_format, json_answer
from portfolio.core.api import Api, Blueprint, Operation, operation_at
from portfolio.core.records import items_of
from portfolio.core.search import search_terms, search_text
from portfolio.core.spec_reading import operations
from portfolio.core.tables import Table
from portfolio.history.routes import current_history
from portfolio.history.serving import answer_table, edition_of, reading
from portfolio.web import dictionary
from portfolio.web.schemas import FieldQuerySchema, FieldSchema, IndexSchema

blp = Blueprint("discovery", __name__, url_prefix="/v1", description="What there is, and what it means.")

_LINKS = {
    "document": "/openapi.json",
    "documentation": "/docs",
    "vocabularies": "/v1/vocabularies",
    "data_dictionary": "/v1/data-dictionary",
    "changes": "/v1/changes",
    "checkpoint": "/v1/log/checkpoint",
    "status": "/health/ready",
    "api_catalog": "/.well-known/api-catalog",
}
LINK_HEADER = ", ".join(
    (
        '</openapi.json>; rel="service-desc"; type="application/json"',
        '</openapi.yaml>; rel="service-desc"; type="application/yaml"',
        '</docs>; rel="service-doc"; type="text/html"',
        '</health/ready>; rel="status"; type="application/json"',
        '</.well-known/api-catalog>; rel="api-catalog"; type="application/linkset+json"',
    )
)


@blp.route("")
class Index(MethodView):
    @blp.operation("getIndex")
    @blp.response(200, IndexSchema)
    def get(self) -> Response:
        """Get the index

        Every address with what can be done there and in which forms, the newest revision, and where to read on. The
        same links stand in the `Link` header (RFC 8631).
        """
        with reading({}) as moment:
            body = {
                "title": current_app.config["API_TITLE"],
                "version": current_app.config["API_VERSION"],
                "revision": moment.revision,
                "links": _LINKS,
                "resources": _resources(_api()),
            }
            answer = json_answer(body, edition_of(moment))
        answer.headers["Link"] = LINK_HEADER
        return answer


@blp.route("/data-dictionary")
class DataDictionary(MethodView):
    @blp.operation("listFields", download="list")
    @blp.arguments(FieldQuerySchema, location="query")
    @blp.response(200, items_of(FieldSchema))
    def get(self, query: dict[str, Any]) -> Response:
        """List the fields of all records

        The data dictionary: of every field its meaning, unit, source and since when it is there, who sees it and
        whether it can be sent. It is not paged. Values that came with the first data are from public sources, which
        the records name; of a draft every field is internal. It changes with the program only, so the two clocks are
        taken as everywhere and change nothing.
        """
        form = query.get("format") or chosen_format(LIST_FORMS)
        with reading(query) as moment:
            items = _found(_fields(_api()), query)
            if form == "json":
                return json_answer({"items": items}, edition_of(moment))
            schema = FieldSchema()
            return answer_table(moment, Table("data-dictionary", list(schema.fields), schema.fields, items), form)


def _api() -> Api:
    found = current_app.extensions["portfolio_api"]
    assert isinstance(found, Api)
    return found


def _found(entries: Sequence[dict[str, Any]], query: Mapping[str, Any]) -> list[dict[str, Any]]:
    terms = search_terms(query.get("q", ""))
    return [
        entry
        for entry in entries
        if all(entry[name] in query[name] for name in ("record", "unit", "origin") if name in query)
        and all(term in _text(entry) for term in terms)
    ]


def _text(entry: Mapping[str, Any]) -> str:
    return search_text(entry["field"], entry["meaning"], entry["source"])


@lru_cache(maxsize=1)
def _fields(api: Api) -> list[dict[str, Any]]:
    operations = {operation.operation_id: operation for operation, _ in _operations(current_app)}
    return dictionary.dictionary(api, operations, current_history().register)


@lru_cache(maxsize=1)
def _resources(api: Api) -> list[dict[str, Any]]:
    titles = {operation.operation_id: title for operation, title in _operations(current_app)}
    paths: dict[str, list[dict[str, Any]]] = {}
    for path, method, described in operations(spec.document(api)):
        paths.setdefault(path, []).append({**described, "method": method.upper()})
    return [_resource(path, described, titles[described[0]["operationId"]]) for path, described in paths.items()]


def _resource(path: str, described: Sequence[Mapping[str, Any]], title: str) -> dict[str, Any]:
    reads = [one["responses"]["200"].get("content", {}) for one in described if one["method"] == "GET"]
    return {
        "title": title,
        "path": path,
        "templated": "{" in path,
        "tag": described[0]["tags"][0],
        "operations": [
            {
                "method": one["method"],
                "operation_id": one["operationId"],
                "summary": one["summary"],
                "public": {} in one["security"],
            }
            for one in described
        ],
        "formats": sorted({media for content in reads for media in content}),
    }


def _operations(app: Flask) -> Iterator[tuple[Operation, str]]:
    """Every operation with the title of its address: the name of its view in words."""
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            operation = operation_at(app, rule.endpoint, method)
            if operation is not None:
                name = app.view_functions[rule.endpoint].__name__
                yield operation, re.sub(r"(?<=[a-z])([A-Z])", lambda match: f" {match[1].lower()}", name)
