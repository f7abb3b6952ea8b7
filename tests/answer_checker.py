"""Every answer of every test must be what the document says: status, type, headers, body."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from flask.testing import FlaskClient
from jsonschema_rs import Draft202012Validator
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from portfolio.core import spec

_CONVERTER = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")


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
    """Compares answers with one document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._validators: dict[str, Draft202012Validator] = {}

    def check(self, client: FlaskClient, answer: TestResponse) -> None:
        """Raise AssertionError where ``answer`` differs from the document."""
        method = answer.request.method
        operation, path = self._operation(client, method, answer.request.path)
        if operation is None or answer.status_code in (304, 308, 405):
            return
        place = f"{method} {path} {answer.status_code}"
        documented = operation["responses"].get(str(answer.status_code))
        assert documented is not None, f"{place} is not in the document: {answer.get_data(as_text=True)[:300]}"
        if "$ref" in documented:
            documented = self.document["components"]["responses"][documented["$ref"].rsplit("/", 1)[1]]
        for name in documented.get("headers", {}):
            if self.document["components"]["headers"][name]["required"]:
                assert name in answer.headers, f"{place} lacks the header {name}"
        content = documented.get("content", {})
        if not content or method == "HEAD":
            return
        assert answer.mimetype in content, f"{place} is {answer.mimetype}, the document has {list(content)}"
        if answer.mimetype.endswith("json"):
            self._check(place, content[answer.mimetype]["schema"], json.loads(answer.get_data()))

    def _operation(self, client: FlaskClient, method: str, path: str) -> tuple[dict[str, Any] | None, str]:
        try:
            rule, _ = client.application.url_map.bind("localhost").match(path, method, return_rule=True)
        except HTTPException:
            return None, ""
        template = _CONVERTER.sub(r"{\1}", rule.rule)
        name = "get" if method == "HEAD" else method.lower()
        found: dict[str, Any] | None = self.document["paths"].get(template, {}).get(name)
        return found, template

    def _check(self, place: str, schema: dict[str, Any], body: Any) -> None:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = {**schema, "components": self.document["components"]}  # what its references point into
            self._validators[key] = Draft202012Validator(whole, validate_formats=True)
        error = next(self._validators[key].iter_errors(body), None)
        assert error is None, f"{place}: {error.instance_path} {error.message}"
