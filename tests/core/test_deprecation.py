"""What is deprecated says so in the document and in every answer, and ends on its day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask, jsonify
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from openapi_spec_validator import validate

from portfolio.app import create_app
from portfolio.core import api as strict
from portfolio.core import sources, spec
from portfolio.core.compatibility import compare
from portfolio.core.db import Database
from portfolio.core.deprecation import Deprecation
from portfolio.core.fields import StrictSchema, Text
from portfolio.core.query_fields import QueryText
from portfolio.core.spec_reading import resolved
from portfolio.core.vocabulary import Codelist
from tests.conftest import key_headers, settings_of
from tests.core.small_app import make_small_app

ENDING = Deprecation(since=date(2026, 1, 1), instead="listPaints", sunset=date(2027, 1, 31))
ENDLESS = Deprecation(since=date(2026, 7, 1), instead="makePaint")
LINK = '</docs/api-changes>; rel="deprecation"'


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    with sources.using(replace(sources.current(), clock=lambda: instant)):
        yield


def blueprint(of_get: Deprecation | None, of_post: Deprecation | None) -> strict.Blueprint:
    blp = strict.Blueprint("tins", __name__, url_prefix="/v1/tins", description="Tins of paint.")

    class TinSchema(StrictSchema):
        """A tin."""

        old = Text(max_length=9, metadata={"description": "Its old name; use `name`.", "deprecated": True})
        name = Text(max_length=9, metadata={"description": "Its name."})

    class TinQuerySchema(StrictSchema):
        """Which tins."""

        word = QueryText(metadata={"description": "Use `q` of listPaints.", "deprecated": True})

    @blp.route("")
    class Tins(MethodView):
        @blp.operation("listTins", deprecated=of_get)
        @blp.arguments(TinQuerySchema, location="query")
        @blp.response(200, TinSchema)
        def get(self, query: dict[str, Any]) -> ResponseReturnValue:
            """List tins

            All of them.
            """
            return jsonify(query), 200, {"Link": '</v1/tins?cursor=2>; rel="next"'}

        @blp.operation("makeTin", access="projects.create", body="json", deprecated=of_post)
        @blp.arguments(TinSchema)
        @blp.response(201, TinSchema)
        def post(self, values: dict[str, Any]) -> ResponseReturnValue:
            """Make a tin

            From what is sent.
            """
            return jsonify(values), 201

    return blp


@pytest.fixture
def old_app(colours: Codelist) -> Flask:
    return make_small_app(colours, blueprint(ENDING, ENDLESS))


@pytest.fixture
def tins(old_app: Flask) -> FlaskClient:
    return old_app.test_client()


@pytest.fixture
def document(old_app: Flask) -> dict[str, Any]:
    return spec.document(old_app.extensions["portfolio_api"])


class TestAnswers:
    def test_say_since_when_until_when_and_where_to_read_on(self, tins: FlaskClient) -> None:
        with at(datetime(2026, 6, 1, tzinfo=UTC)):
            answer = tins.get("/v1/tins")
        assert answer.status_code == 200
        assert answer.headers["Deprecation"] == "@1767222000"  # 2026-01-01 00:00 in Berlin
        assert answer.headers["Sunset"] == "Sun, 31 Jan 2027 23:00:00 GMT"
        assert answer.headers.getlist("Link") == ['</v1/tins?cursor=2>; rel="next"', LINK]

    def test_of_what_has_no_end_name_none(self, tins: FlaskClient) -> None:
        answer = tins.post("/v1/tins", json={"name": "Sky"})
        assert answer.status_code == 201
        assert answer.headers["Deprecation"] == "@1782856800"  # summer time
        assert "Sunset" not in answer.headers

    def test_that_refuse_say_it_too(self, tins: FlaskClient) -> None:
        answer = tins.post("/v1/tins", json={"nam": "Sky"})
        assert (answer.status_code, answer.headers["Link"]) == (422, LINK)
        assert "Deprecation" in answer.headers

    def test_of_others_say_nothing(self, tins: FlaskClient) -> None:
        for address in ("/v1/paints", "/page", "/v1/nothing"):
            assert not {"Deprecation", "Sunset", "Link"} & set(tins.get(address).headers.keys())

    def test_end_after_the_sunset_day_in_the_region(self, tins: FlaskClient) -> None:
        with at(datetime(2027, 1, 31, 22, 59, 59, tzinfo=UTC)):
            assert tins.get("/v1/tins").status_code == 200
        with at(datetime(2027, 1, 31, 23, 0, tzinfo=UTC)):
            answer = tins.get("/v1/tins")
        assert (answer.status_code, answer.mimetype) == (410, "application/problem+json")
        assert answer.json is not None
        assert answer.json["type"] == "/problems/gone"
        assert answer.json["detail"] == "listTins ended with 2027-01-31; use listPaints."
        assert answer.headers["Sunset"] == "Sun, 31 Jan 2027 23:00:00 GMT"


class TestDocument:
    def test_is_valid_and_says_it_in_words_and_for_programs(self, document: dict[str, Any]) -> None:
        validate(document)  # type: ignore[arg-type]
        tins = document["paths"]["/v1/tins"]["get"]
        assert tins["deprecated"] is True
        assert tins["x-deprecation"] == {"since": "2026-01-01", "sunset": "2027-01-31", "instead": "listPaints"}
        assert tins["description"] == (
            "All of them.\n\nDeprecated since 2026-01-01: use listPaints. "
            "It answers until 2027-01-31 (Europe/Berlin) and 410 from then on."
        )
        assert "deprecated" not in document["paths"]["/v1/paints"]["get"]

    def test_names_the_headers_and_the_end(self, document: dict[str, Any]) -> None:
        get, post = (document["paths"]["/v1/tins"][method]["responses"] for method in ("get", "post"))
        assert {"Deprecation", "Link", "Sunset"} <= set(get["200"]["headers"])
        assert get["410"] == {"$ref": "#/components/responses/Gone"}
        assert {"Deprecation", "Link"} <= set(post["201"]["headers"])
        assert not {"Sunset"} & set(post["201"]["headers"])
        assert "410" not in post

    def test_names_the_headers_of_failures_too(self, document: dict[str, Any]) -> None:
        for name in ("Gone", "Invalid", "Forbidden"):
            assert {"Deprecation", "Link"} <= set(document["components"]["responses"][name]["headers"])
        assert "Sunset" in document["components"]["responses"]["Gone"]["headers"]

    def test_has_nothing_of_it_where_nothing_is_deprecated(self, small_app: Flask) -> None:
        components = spec.document(small_app.extensions["portfolio_api"])["components"]
        assert "Gone" not in components["responses"]
        assert not {"Deprecation", "Sunset"} & set(components["headers"])

    def test_marks_fields_and_parameters(self, document: dict[str, Any]) -> None:
        fields = document["components"]["schemas"]["Tin"]["properties"]
        assert (fields["old"]["deprecated"], "deprecated" in fields["name"]) == (True, False)
        written = document["paths"]["/v1/tins"]["get"]["parameters"]
        words = [found for found in (resolved(document, one) for one in written) if found["name"] == "word"]
        assert [word["deprecated"] for word in words] == [True]

    def test_may_lose_the_operation_after_the_sunset_day_alone(
        self, document: dict[str, Any], colours: Codelist
    ) -> None:
        without = spec.document(make_small_app(colours, blueprint(None, None)).extensions["portfolio_api"])
        del without["paths"]["/v1/tins"]["get"]
        found = [
            {change.kind for change in compare(document, without, today=day) if change.where == "GET /v1/tins"}
            for day in (date(2027, 1, 31), date(2027, 2, 1))
        ]
        assert found == [{"operation-removed"}, {"operation-retired"}]

    def test_of_what_is_newly_deprecated_breaks_nobody(self, document: dict[str, Any], colours: Codelist) -> None:
        before = spec.document(make_small_app(colours, blueprint(None, None)).extensions["portfolio_api"])
        changes = compare(before, document)
        assert {change.level for change in changes} == {"additive", "editorial"}
        assert {change.kind for change in changes if change.level == "additive"} == {
            "deprecated", "header-added", "status-added",
        }  # fmt: skip


def test_a_sunset_leaves_a_year() -> None:
    assert Deprecation(date(2026, 1, 1), "it", date(2027, 1, 1)).sunset == date(2027, 1, 1)
    with pytest.raises(ValueError, match="365 days or more"):
        Deprecation(date(2026, 1, 1), "it", date(2026, 12, 31))


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestTheRegister:
    """The gate and the headers of the real application, which has nothing deprecated yet, with the tins beside."""

    @pytest.fixture
    def tins(self, database: Database) -> FlaskClient:
        app = create_app(settings_of(database), database)
        app.extensions["portfolio_api"].register_blueprint(blueprint(ENDING, ENDING))
        return app.test_client()

    def test_lets_web_pages_read_the_headers(self, tins: FlaskClient) -> None:
        with at(datetime(2026, 6, 1, tzinfo=UTC)):
            answer = tins.get("/v1/tins", headers={"Origin": "https://pages.example"})
        shown = set(answer.headers["Access-Control-Expose-Headers"].split(", "))
        assert {"Deprecation", "Link", "Sunset"} <= shown & set(answer.headers.keys())

    def test_says_after_the_sunset_day_that_it_is_over_before_it_asks_for_anything(
        self, tins: FlaskClient, database: Database
    ) -> None:
        auditor = key_headers(database, "auditor")
        with at(datetime(2027, 2, 1, 12, tzinfo=UTC)):
            assert tins.get("/v1/tins").status_code == 410
            assert tins.post("/v1/tins", json={}, headers=auditor).status_code == 410
            assert tins.post("/v1/tins", json={}, headers={"Authorization": "Bearer pk_wrong"}).status_code == 401

    def test_shows_the_page_that_the_answers_link_to(self, tins: FlaskClient) -> None:
        with tins.get("/docs/api-changes") as page:
            assert (page.status_code, page.mimetype) == (200, "text/plain")
            assert "# Changes of the API" in page.get_data(as_text=True)
