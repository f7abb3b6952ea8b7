"""flask-smorest made strict: one reading of every request, one description of every operation."""

from __future__ import annotations

import http
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, Literal, TypeVar, cast
from urllib.parse import unquote, unquote_to_bytes

import marshmallow as ma
from apispec import APISpec
from flask import Flask, Request, current_app, request
from flask_smorest import Api as SmorestApi
from flask_smorest import Blueprint as SmorestBlueprint
from flask_smorest.utils import prepare_response
from webargs.flaskparser import FlaskParser
from werkzeug.routing import IntegerConverter

from portfolio.core import strict_json
from portfolio.core.deprecation import Deprecation
from portfolio.core.problem_schemas import ProblemSchema
from portfolio.core.problems import (
    ContentTooLarge,
    Invalid,
    NotFound,
    ProblemError,
    from_messages,
)
from portfolio.core.strict_json import LARGEST_BODY

View = TypeVar("View", bound=Callable[..., Any])
Decorated = TypeVar("Decorated")

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
FORM = "multipart/form-data"
MOST_ITEMS = 1_000_000
"""A bound for lists that have none of their own: what one answer can hold."""
_MOST_FIELDS = 1000
_OPERATION = "_portfolio_operation"
# Python 3.13 renamed these; the document uses the new names everywhere.
_NEW_NAMES = {
    413: "CONTENT_TOO_LARGE",
    414: "URI_TOO_LONG",
    416: "RANGE_NOT_SATISFIABLE",
    422: "UNPROCESSABLE_CONTENT",
}


@dataclass(frozen=True)
class Operation:
    """What the gate must know of an operation before it runs."""

    operation_id: str
    access: str | None = None
    """The operation's line in the policy table; None: anybody may read."""
    if_match: bool = False
    body: tuple[str, ...] = ()
    """The media types taken; empty: no body."""
    key_required: bool = False
    """Whether an Idempotency-Key must be sent; every other write may have one."""
    signed_in: bool = False
    """Whether anybody who is signed in may call it, and nobody else."""
    recorded: bool = True
    """Whether what it writes becomes a revision, with a reason if there is one."""
    largest: int = LARGEST_BODY
    """Bytes of a body that are taken."""
    deprecated: Deprecation | None = None


class StrictParser(FlaskParser):
    """Reads bodies and queries for webargs, which would use ``json.loads`` and pass over repeated parameters."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": ma.RAISE, "json": ma.RAISE}

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        data = req.get_data(cache=True)
        if len(data) >= LARGEST_BODY and req.content_length != len(data):
            # werkzeug cuts a body without a true length at the limit instead of refusing it.
            raise ContentTooLarge("The body is larger than 1 MiB; send less at once.")
        value = strict_json.loads(data)
        if not isinstance(value, dict):
            detail = "Send one JSON object."
            raise Invalid(detail, errors=[ProblemError("not_an_object", detail, pointer="#")])
        if len(value) > _MOST_FIELDS:  # before each of them becomes a fault of its own
            detail = f"No body here has {len(value)} fields; send those that /docs names."
            raise Invalid(detail, errors=[ProblemError("too_many_fields", detail, pointer="#")])
        return value

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        _require_readable_query(req)
        lists = {field.data_key or name for name, field in schema.fields.items() if isinstance(field, ma.fields.List)}
        found: dict[str, Any] = {}
        errors = []
        for name, values in req.args.lists():
            if name not in lists and len(values) > 1:
                detail = "Send this parameter once."
                errors.append(ProblemError("duplicate_parameter", detail, parameter=name[:80]))
            found[name] = values if name in lists else values[0]
        if errors:
            raise Invalid(f"{errors[0].parameter}: {errors[0].detail}", errors=errors)
        return found

    def handle_error(
        self, error: ma.ValidationError, req: Any, schema: Any, *, error_status_code: Any, error_headers: Any
    ) -> Any:
        messages = error.messages if isinstance(error.messages, dict) else {"json": error.messages}
        errors = from_messages(messages)
        first = errors[0]
        more = f" ({len(errors)} faults in all)" if len(errors) > 1 else ""
        raise Invalid(f"{first.parameter or first.pointer}: {first.detail}{more}", errors=errors) from None


def operation_of(req: Request) -> Operation | None:
    """The operation a request is for; None for pages, files and unknown addresses."""
    if req.endpoint is None:
        return None
    return operation_at(current_app, req.endpoint, req.method)


def operation_at(app: Flask, endpoint: str, method: str) -> Operation | None:
    """The operation behind an endpoint; None for pages."""
    return _operation_behind(app.view_functions[endpoint], method)


@lru_cache(maxsize=1024)
def _operation_behind(view: Callable[..., Any], method: str) -> Operation | None:
    view_class = getattr(view, "view_class", None)
    name = "get" if method == "HEAD" else method.lower()
    function = getattr(view_class, name, None) if view_class else view
    operation = getattr(function, _OPERATION, None)
    assert operation is None or isinstance(operation, Operation)
    return operation


def _require_readable_query(req: Request) -> None:
    """:raises Invalid: bytes that are not UTF-8; werkzeug would pass them on as ``%FF`` or fail."""
    for pair in req.query_string.split(b"&"):
        try:
            pair.decode()
            unquote_to_bytes(pair).decode()
        except UnicodeDecodeError:
            name = unquote(pair.partition(b"=")[0].decode(errors="replace"), errors="replace")[:80]
            detail = "This is not UTF-8; percent-encode the UTF-8 form of the text."
            raise Invalid(f"{name}: {detail}", errors=[ProblemError("not_utf8", detail, parameter=name)]) from None


def _without_query(view: View) -> View:
    """``view``, refusing every parameter: it takes none, and one that is passed over would look obeyed."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        _require_readable_query(request)
        detail = "This operation takes no parameters; leave it out."
        errors = [ProblemError("unknown_field", detail, parameter=name[:80]) for name in request.args]
        if errors:
            raise Invalid(f"{errors[0].parameter}: {detail}", errors=errors)
        return view(*args, **kwargs)

    return cast(View, checked)


class Blueprint(SmorestBlueprint):
    """A blueprint whose operations are all named, described and guarded."""

    ARGUMENTS_PARSER = StrictParser()

    # flask-smorest has no types; these say what its decorators give back.
    def route(self, rule: str, **options: Any) -> Callable[[Decorated], Decorated]:
        found: Callable[[Decorated], Decorated] = super().route(rule, **options)
        return found

    def arguments(self, schema: Any, **options: Any) -> Callable[[View], View]:
        # A class would be made into an object for each request.
        given = schema() if isinstance(schema, type) else schema
        found: Callable[[View], View] = super().arguments(given, **options)
        return found

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Callable[[View], View]:
        found: Callable[[View], View] = super().response(status_code, schema, **options)
        return found

    def alt_response(self, status_code: int, response: Any = None, **options: Any) -> Callable[[View], View]:
        found: Callable[[View], View] = super().alt_response(status_code, response, **options)
        return found

    def operation(
        self,
        operation_id: str,
        *,
        access: str | None = None,
        if_match: bool = False,
        body: str | None = None,
        key_required: bool | None = None,
        signed_in: bool = False,
        recorded: bool = True,
        largest: int = LARGEST_BODY,
        download: Literal["list", "report"] | None = None,
        files: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
        deprecated: Deprecation | None = None,
    ) -> Callable[[View], View]:
        """Name an operation and say what it takes; the outermost decorator of a view.

        :param access: its line in the policy table; None for what needs no role.
        :param signed_in: for everybody with good credentials; without ``access``.
        :param body: ``json``, ``patch``, or ``form`` for a file with fields beside it.
        :param largest: bytes of a body that are taken.
        :param download: whole lists and reports can be had in other forms than JSON.
        :param files: media types of an answer that is a file, each with what it holds.
        :param key_required: by default for every POST but a change of status, which fails when done twice.
        :param deprecated: since when it should not be used, what to use instead, and the last day on which it answers.
        """
        media = {None: (), "json": (JSON,), "patch": (MERGE_PATCH, JSON), "form": (FORM,)}[body]

        def mark(view: View) -> View:
            doubles = view.__name__ == "post" and not (access or "").endswith(".transition")
            needs_key = doubles if key_required is None else key_required
            found = Operation(
                operation_id, access, if_match, media, needs_key, signed_in, recorded, largest, deprecated
            )
            writes = access is not None and view.__name__ != "get"
            if len((view.__doc__ or "").strip().split("\n\n")) < 2:
                raise TypeError(f"{operation_id} needs a docstring: a summary line, a blank line, a description.")
            if not _takes_query(view):
                view = _without_query(view)
            marks = deprecated.marks() if deprecated else {}
            doc: dict[str, Any] = {"operationId": operation_id, **(extra or {}), **marks}
            credentials: list[dict[str, Any]] = [{"apiKey": []}, {"accessToken": []}]
            doc["security"] = credentials if access or signed_in else [{}, *credentials]
            doc["x-portfolio"] = {
                "download": download,
                "files": files or {},
                "if_match": if_match,
                "key_required": found.key_required,
                "writes": writes,
                "recorded": recorded,
                "has_role": access is not None,
                "signed_in": signed_in,
                "body": media,
            }
            marked: View = self.doc(**doc)(view)
            setattr(marked, _OPERATION, found)
            return marked

        return mark


def _takes_query(view: Callable[..., Any]) -> bool:
    described = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", [])
    return any(parameter["in"] == "query" for parameter in described)


def _openapi_of(_converter: Any, field: Any, *, ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    if isinstance(field, ma.fields.List):
        return {} if "maxItems" in ret else {"maxItems": MOST_ITEMS}
    describe = getattr(field, "openapi", None)
    if describe is None:
        return {}
    found: dict[str, Any] = describe()
    unit = getattr(field, "unit_word", "")
    if unit and unit not in ret.get("description", unit):
        found["description"] = f"{ret['description']} {field.unit_sentence}"
    if field.allow_none and "type" in found:
        found["type"] = [found["type"], "null"]
        if "enum" in found:
            found["enum"].append(None)
    return found


def component_name(schema: Any) -> str:
    """``ProjectInputSchema`` → ``ProjectInput``; a partial schema must have a class of its own."""
    found = schema if isinstance(schema, type) else type(schema)
    if not isinstance(schema, type) and (schema.partial or schema.only or schema.exclude):
        raise ValueError(f"{found.__name__} is used in part; give the part a class of its own.")
    return found.__name__.removesuffix("Schema")


class Api(SmorestApi):
    """The document of the register: problem+json errors, exact types, the same bytes on every Python."""

    ERROR_SCHEMA = ProblemSchema
    examples_file: Path | None = None
    """JSON, by operation: what is sent (``request``) and what is answered (``answer``)."""

    def _init_spec(self, **options: Any) -> None:
        self._undescribed: list[tuple[SmorestBlueprint, str]] = []
        self._describing = threading.Lock()
        self._is_described = False
        super()._init_spec(**options)
        assert self.ma_plugin is not None
        self.ma_plugin.converter.add_attribute_function(_openapi_of)
        self.ma_plugin.converter.schema_name_resolver = component_name

    def register_blueprint(self, blp: SmorestBlueprint, **options: Any) -> None:
        """Take a blueprint in; it is described when the document is asked for.

        :raises TypeError: one of its views is not an operation; the gate would let everybody call it.
        """
        name = options.get("name", blp.name)
        self._app.extensions["flask-smorest"]["blp_name_to_api"][name] = self
        self._app.register_blueprint(blp, **options)
        self._undescribed.append((blp, name))
        for rule in self._app.url_map.iter_rules():
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"} if rule.endpoint.startswith(f"{name}.") else ():
                if operation_at(self._app, rule.endpoint, method) is None:
                    raise TypeError(f"{method} {rule.rule} lacks @blp.operation(...).")

    def described(self) -> APISpec:
        """The document as flask-smorest makes it. Most of the time of a start would go into it, so it waits."""
        found: APISpec = self.spec
        with self._describing:
            if not self._is_described:
                self._describe()
                self._is_described = True
        return found

    def _describe(self) -> None:
        self._describe_responses()
        for blp, name in self._undescribed:
            blp.register_views_in_doc(self, self._app, self.spec, name=name, parameters=None)
            self.spec.tag({"name": name, "description": blp.description})
        if "Problem" not in self.spec.components.schemas:
            self.spec.components.schema("Problem", schema=ProblemSchema)

    def _register_responses(self) -> None:
        """Nothing yet: see :meth:`described`."""

    def _describe_responses(self) -> None:
        for status in http.HTTPStatus:
            described: dict[str, Any] = {"description": _phrase(status)}
            if status >= 400:
                described["schema"] = self.ERROR_SCHEMA
            prepare_response(described, self.spec, "application/problem+json")
            self.spec.components.response(status.name, described, lazy=True)
        described = {"description": "Any other failure", "schema": self.ERROR_SCHEMA}
        prepare_response(described, self.spec, "application/problem+json")
        self.spec.components.response("DEFAULT_ERROR", described, lazy=True)


def _phrase(status: http.HTTPStatus) -> str:
    return _NEW_NAMES.get(status.value, status.phrase).replace("_", " ").capitalize()


def renamed_statuses(text: str) -> str:
    """Component names that do not depend on the Python version."""
    for status, name in _NEW_NAMES.items():
        old = http.HTTPStatus(status).name
        text = text.replace(f'"{old}"', f'"{name}"').replace(f'responses/{old}"', f'responses/{name}"')
    return text


class PlainInteger(IntegerConverter):
    """A number in an address, in its one form: Flask's own takes leading zeros and the digits of every script."""

    regex = "(?:0|[1-9][0-9]{0,17})"


def uses_flask(app: Flask) -> None:
    """Settings of Flask itself that strictness needs; before any route."""
    app.url_map.converters["int"] = PlainInteger
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    # No rule ends in a slash, so a slash too many is a plain 404: one thing, one address, no redirect.
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.before_request(_check_address)
    app.before_request(_check_page_query)


def _check_address() -> None:
    # werkzeug takes any number of slashes at the beginning for one.
    if request.environ["PATH_INFO"].startswith("//"):
        raise NotFound("There is nothing at this address; it begins with more than one slash.")


def _check_page_query() -> None:
    """Operations check their query in their turn, after the key; pages have no turn of their own."""
    if request.endpoint is not None and operation_of(request) is None:
        _require_readable_query(request)
