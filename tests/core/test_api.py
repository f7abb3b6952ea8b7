"""Requests have one reading; operations have a name, a description and a place at the gate."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from flask.views import MethodView

from portfolio.core import api as strict
from portfolio.core.api import MERGE_PATCH, Operation, component_name, operation_of
from portfolio.core.strict_json import LARGEST_BODY
from tests.core.small_app import PaintChangesSchema, PaintInputSchema

JSON = "application/json"
GOOD = b'{"title":"Sky"}'


class TestBody:
    @pytest.mark.parametrize(
        ("data", "content_type", "status", "slug"),
        [
            (GOOD, JSON, 201, None),
            (GOOD, "application/json; charset=utf-8", 201, None),
            (GOOD, "", 415, "unsupported-media-type"),
            (GOOD, "text/plain", 415, "unsupported-media-type"),
            (GOOD, MERGE_PATCH, 415, "unsupported-media-type"),
            (b"", JSON, 400, "not-json"),
            (b'{"title":"a","title":"b"}', JSON, 400, "not-json"),
            (b"[]", JSON, 422, "invalid"),
            (b"null", JSON, 422, "invalid"),
            (b'{"title":"Sky","x":1}', JSON, 422, "invalid"),
            (b'{"title":"Sky","price":12.5}', JSON, 422, "invalid"),
            (b" " * LARGEST_BODY + b"{}", JSON, 413, "content-too-large"),
        ],
    )
    def test_is_read_strictly(
        self, paints: FlaskClient, data: bytes, content_type: str, status: int, slug: str | None
    ) -> None:
        answer = paints.post("/v1/paints", data=data, content_type=content_type)
        assert answer.status_code == status, answer.text
        if slug:
            assert (answer.mimetype, answer.json["type"]) == ("application/problem+json", f"/problems/{slug}")

    def test_names_the_types_a_change_takes(self, paints: FlaskClient) -> None:
        answer = paints.patch("/v1/paints/a", data=GOOD, content_type="text/plain")
        assert answer.status_code == 415
        assert "application/merge-patch+json or application/json" in answer.json["detail"]
        for accepted in (JSON, MERGE_PATCH):
            assert paints.patch("/v1/paints/a", data=GOOD, content_type=accepted).status_code == 200

    def test_is_taken_uncompressed_only(self, paints: FlaskClient) -> None:
        send = {"data": GOOD, "content_type": JSON}
        assert paints.post("/v1/paints", **send, headers={"Content-Encoding": "gzip"}).status_code == 415
        assert paints.post("/v1/paints", **send, headers={"Content-Encoding": "identity"}).status_code == 201

    @pytest.mark.parametrize(("padding", "status"), [(1000, 201), (LARGEST_BODY, 413)])
    def test_without_a_length_is_refused_and_not_cut(self, paints: FlaskClient, padding: int, status: int) -> None:
        chunked = {
            "CONTENT_LENGTH": "",
            "wsgi.input_terminated": True,
            "wsgi.input": io.BytesIO(GOOD + b" " * padding),
        }
        answer = paints.post("/v1/paints", content_type=JSON, environ_overrides=chunked)
        assert answer.status_code == status


class TestQuery:
    @pytest.mark.parametrize(
        ("query", "parameter", "code"),
        [
            ("nope=1", "nope", "unknown_field"),
            ("Q=a", "Q", "unknown_field"),
            ("limit=1&limit=1", "limit", "duplicate_parameter"),
            ("limit=", "limit", "invalid_number"),
            ("limit=%EF%BC%91", "limit", "invalid_number"),
            ("q=", "q", "empty"),
            ("q=%00", "q", "forbidden_character"),
            ("q=%FF", "q", "not_utf8"),
            ("q=%ED%A0%80", "q", "not_utf8"),
            ("q=%C3%28", "q", "not_utf8"),
            ("q=a&%FF=b", "\ufffd", "not_utf8"),
            ("q=\xff", "q", "not_utf8"),
            ("full=yes", "full", "invalid_boolean"),
            ("colour=green", "colour", "not_in_list"),
            ("colour=red&colour=", "colour", "not_in_list"),
        ],
    )
    def test_is_refused_with_its_parameter(self, paints: FlaskClient, query: str, parameter: str, code: str) -> None:
        answer = paints.get("/v1/paints", environ_overrides={"QUERY_STRING": query})
        assert answer.status_code == 422, answer.text
        assert (answer.json["errors"][0]["parameter"], answer.json["errors"][0]["code"]) == (parameter, code)

    @pytest.mark.parametrize(
        ("query", "read"),
        [
            ("", {}),
            ("limit=200&full=false", {"limit": 200, "full": False}),
            ("colour=red&colour=none", {"colour": ["red", "none"]}),
            ("q=Br%C3%BCcke+1%25", {"q": "Brücke 1%"}),
            ("q=Br\xc3\xbccke", {"q": "Brücke"}),  # UTF-8 that was not percent-encoded
        ],
    )
    def test_is_read(self, paints: FlaskClient, query: str, read: dict[str, Any]) -> None:
        answer = paints.get("/v1/paints", environ_overrides={"QUERY_STRING": query})
        assert (answer.status_code, answer.json) == (200, read)

    def test_is_refused_where_none_is_taken(self, paints: FlaskClient) -> None:
        for query in ("dry_run=true", "%FF", "q=\xff"):
            found = {"QUERY_STRING": query}
            assert paints.post("/v1/paints", data=GOOD, content_type=JSON, environ_overrides=found).status_code == 422
            assert paints.delete("/v1/paints/a", environ_overrides=found).status_code == 422
        assert paints.delete("/v1/paints/a").status_code == 204

    def test_of_a_page_must_be_readable(self, paints: FlaskClient) -> None:
        assert paints.get("/page", environ_overrides={"QUERY_STRING": "lang=\xff"}).status_code == 422
        assert paints.get("/page?lang=de").text == "a page"


class TestAddress:
    @pytest.mark.parametrize("path", ["/v1/paints/", "/v1//paints", "//v1/paints", "/v1/paints/a/", "/v1/paints/a%00"])
    def test_has_one_form(self, paints: FlaskClient, path: str) -> None:
        answer = paints.delete(path)
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")

    def test_head_and_options(self, paints: FlaskClient) -> None:
        head = paints.head("/v1/paints")
        assert (head.status_code, head.data) == (200, b"")
        assert set(paints.options("/v1/paints").headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


class TestOperationOf:
    @pytest.mark.parametrize(
        ("method", "path", "operation"),
        [
            ("GET", "/v1/paints", Operation("listPaints")),
            ("HEAD", "/v1/paints", Operation("listPaints")),
            ("POST", "/v1/paints", Operation("makePaint", "paints.create", False, (JSON,), True)),
            ("PATCH", "/v1/paints/a", Operation("changePaint", "paints.update", True, (MERGE_PATCH, JSON))),
            ("DELETE", "/v1/paints/a", Operation("deletePaint", "paints.delete", True)),
            ("OPTIONS", "/v1/paints", None),
            ("GET", "/page", None),
            ("GET", "/nowhere", None),
        ],
    )
    def test_knows_what_a_request_is_for(
        self, small_app: Flask, method: str, path: str, operation: Operation | None
    ) -> None:
        with small_app.test_request_context(path, method=method):
            assert operation_of(request) == operation

    def test_knows_functions_too(self) -> None:
        blp = strict.Blueprint("one", __name__)

        @blp.route("/one")
        @blp.operation("getOne")
        @blp.response(200)
        def one() -> str:
            """Get one

            The only one.
            """
            return "1"

        app = _app_with(blp)
        with app.test_request_context("/one"):
            assert operation_of(request) == Operation("getOne")


class TestRegistering:
    def test_refuses_a_view_that_is_no_operation(self) -> None:
        blp = strict.Blueprint("open", __name__)

        @blp.route("/open")
        class Open(MethodView):
            @blp.response(200)
            def delete(self) -> str:
                """Delete everything

                Without a key.
                """
                return ""

        with pytest.raises(TypeError, match="DELETE /open lacks"):
            _app_with(blp)

    @pytest.mark.parametrize("text", [None, "", "Only a summary"])
    def test_refuses_an_operation_without_description(self, text: str | None) -> None:
        def view() -> str:
            return ""

        view.__doc__ = text
        mark: Callable[[Callable[[], str]], Any] = strict.Blueprint("bare", __name__).operation("getBare")
        with pytest.raises(TypeError, match="getBare needs a docstring"):
            mark(view)


class TestComponentName:
    def test_drops_the_word_schema(self) -> None:
        assert component_name(PaintInputSchema) == "PaintInput"
        assert component_name(PaintChangesSchema()) == "PaintChanges"

    @pytest.mark.parametrize("options", [{"partial": True}, {"only": ("title",)}, {"exclude": ("title",)}])
    def test_refuses_parts_without_a_name(self, options: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="PaintInputSchema"):
            component_name(PaintInputSchema(**options))


def _app_with(blueprint: strict.Blueprint) -> Flask:
    app = Flask(__name__)
    app.config.update(API_TITLE="Test", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    strict.Api(app).register_blueprint(blueprint)
    return app
