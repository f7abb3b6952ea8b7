"""Every answer of every test must be what the document says: status, type, headers, body."""

from __future__ import annotations

import gzip
import json
import re
import uuid
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import brotli
import zstandard
from flask.testing import FlaskClient
from jsonschema_rs import Draft202012Validator
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from portfolio.core import spec
from portfolio.core.spec_parts import RATES
from portfolio.core.spec_reading import Json, operations, reachable, resolved

_DOCUMENT = Path(__file__).resolve().parent.parent / "openapi" / "openapi.json"
_CONVERTER = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
_PLAIN_HEADERS = {
    "access-control-expose-headers", "cache-control", "connection", "content-encoding", "content-language",
    "content-length", "content-security-policy", "content-type", "cross-origin-resource-policy", "date",
    "referrer-policy", "server", "transfer-encoding", "vary", "www-authenticate", "x-content-type-options",
}  # fmt: skip
"""What HTTP and browsers know by themselves; every other header of an answer must stand in the document."""

_DECODED: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
}


class CheckedClient(FlaskClient):
    """A client that fails the test when an answer is not in the document.

    Every POST gets a fresh Idempotency-Key unless it has one; an empty one leaves the header out.
    """

    checker: AnswerChecker | None = None

    def open(self, *args: Any, **options: Any) -> TestResponse:
        if options.get("method") == "POST":
            headers = Headers(options.get("headers"))
            headers.setdefault("Idempotency-Key", str(uuid.uuid4()))
            if not headers["Idempotency-Key"]:
                del headers["Idempotency-Key"]
            options["headers"] = headers
        answer = super().open(*args, **options)
        if CheckedClient.checker is None:
            CheckedClient.checker = AnswerChecker(spec.document(self.application.extensions["portfolio_api"]))
        CheckedClient.checker.check(self, answer)
        return answer


class AnswerChecker:
    """Compares answers with one document.

    Clients must bear fields that a later version adds, so the document leaves answers open; here they are closed.
    """

    def __init__(self, document: Json) -> None:
        self.document: Json = json.loads(json.dumps(document))
        self._operations = {(path, method): operation for path, method, operation in operations(self.document)}
        for schema in self.document["components"]["schemas"].values():
            if "properties" in schema and schema is not self.document["components"]["schemas"].get("Problem"):
                schema["additionalProperties"] = False
        self._validators: dict[str, Draft202012Validator] = {}

    def check(self, client: FlaskClient, answer: TestResponse) -> None:
        """Raise AssertionError where ``answer`` differs from the document."""
        method = "GET" if answer.request.method == "HEAD" else answer.request.method
        path = _template(client, method, answer.request.path)
        operation = self._operations.get((path, method.lower()))
        if operation is not None:
            decoded = _DECODED[answer.headers.get("Content-Encoding", "identity")]
            body = None if answer.request.method == "HEAD" else decoded(answer.get_data())
            self.check_parts(operation, answer.status_code, answer.headers, answer.mimetype, body)

    def check_parts(
        self, operation: Json, status: int, headers: Mapping[str, str], media: str, body: bytes | None
    ) -> None:
        """Raise AssertionError where an answer of ``operation`` is not as documented.

        :param body: decoded; None where none was asked for (HEAD).
        """
        place = f"{operation['operationId']} {status}"
        documented = operation["responses"].get(str(status))
        assert documented is not None, f"{place} is not in the document: {(body or b'')[:300]!r}"
        documented = resolved(self.document, documented)
        self._check_headers(place, documented["headers"], headers, good=status < 300)
        content = documented.get("content", {})
        if not content:
            assert not body, f"{place} has no body in the document: {body!r}"
        elif body is not None:
            assert media in content, f"{place} is {media}, the document has {list(content)}"
            self._check_body(place, content[media]["schema"], media, body)

    def _check_headers(self, place: str, documented: Json, headers: Mapping[str, str], *, good: bool) -> None:
        given = {name.lower(): value for name, value in headers.items()}
        for name, reference in documented.items():
            header, value = resolved(self.document, reference), given.get(name.lower())
            assert value is not None or not (header["required"] or (good and name in RATES)), f"{place} lacks {name}"
            if value is not None:
                self.check_value(f"{place} {name}", header["schema"], value)
        unknown = set(given) - {name.lower() for name in documented} - _PLAIN_HEADERS
        assert not unknown, f"{place} has headers that are not in the document: {unknown}"

    def _check_body(self, place: str, schema: Json, media: str, body: bytes) -> None:
        if media == "application/jsonl":
            item = self.document["components"]["schemas"][schema["x-items"]]
            for line in body.splitlines():
                self.check_value(place, item, json.loads(line))
        elif media.endswith("json"):
            self.check_value(place, schema, json.loads(body))
        elif media.startswith("text/"):
            self.check_value(place, schema, body.decode("utf-8"))
        else:
            assert body[:2] == b"PK", f"{place} is no workbook"

    def check_value(self, place: str, schema: Json, value: Any) -> None:
        """Raise AssertionError where ``value`` does not fit ``schema``."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            schemas = self.document["components"]["schemas"]
            needed = {name: schemas[name] for name in sorted(reachable(schemas, schema))}
            whole = {**schema, "components": {"schemas": needed}}  # what its references point into
            self._validators[key] = Draft202012Validator(whole, validate_formats=True)
        error = next(self._validators[key].iter_errors(value), None)
        assert error is None, f"{place}: {error.instance_path} {error.message}"


def check_live(method: str, address: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise AssertionError where an answer of a running server differs from the document in the repository."""
    checker, templates = _of_the_repository()
    path = unquote(address.partition("?")[0])
    for pattern, operations_at in templates:
        operation = operations_at.get("get" if method == "HEAD" else method.lower())
        if operation is not None and pattern.fullmatch(path):
            given = {name.lower(): value for name, value in headers.items()}
            media = given.get("content-type", "").partition(";")[0]
            checker.check_parts(operation, status, given, media, None if method == "HEAD" else body)
            return


@cache
def _of_the_repository() -> tuple[AnswerChecker, list[tuple[re.Pattern[str], Json]]]:
    document: Json = json.loads(_DOCUMENT.read_text(encoding="utf-8"))
    # A plain word before a part of an address: /v1/projects/{slug}/history is one of the last.
    paths = sorted(document["paths"], key=lambda path: [part.startswith("{") for part in path.split("/")])
    return AnswerChecker(document), [(_pattern(path), document["paths"][path]) for path in paths]


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path)))


def _template(client: FlaskClient, method: str, path: str) -> str:
    """The path as the document has it; empty for an address or a method that there is not."""
    try:
        rule, _ = client.application.url_map.bind("localhost").match(path, method, return_rule=True)
    except HTTPException:
        return ""
    return _CONVERTER.sub(r"{\1}", rule.rule)
