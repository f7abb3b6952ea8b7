"""The document is complete, valid, and the same bytes each time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from portfolio.core import spec, spec_files
from portfolio.core.api import renamed_statuses
from portfolio.core.fields import LINE_PATTERN
from portfolio.core.spec_reading import parameters_of, resolved
from portfolio.core.vocabulary import Codelist
from tests.core.small_app import make_small_app


@pytest.fixture
def document(small_app: Flask) -> dict[str, Any]:
    return spec.document(small_app.extensions["portfolio_api"])


def responses(document: dict[str, Any], path: str, method: str) -> list[str]:
    return list(document["paths"][path][method]["responses"])


def required_headers(document: dict[str, Any], path: str, method: str) -> dict[str, bool]:
    parameters = parameters_of(document, path, method)
    return {found["name"]: found["required"] for found in parameters if found["in"] == "header"}


class TestDocument:
    def test_is_valid(self, document: dict[str, Any]) -> None:
        validate(document)  # type: ignore[arg-type]
        assert document["openapi"] == "3.1.0"

    def test_names_every_failure_an_operation_can_have(self, document: dict[str, Any]) -> None:
        assert responses(document, "/v1/paints", "get") == [
            "200", "304", "400", "401", "406", "422", "429", "500", "503",
        ]  # fmt: skip
        assert responses(document, "/v1/paints", "post") == [
            "201", "400", "401", "403", "406", "408", "409", "413", "415", "422", "429", "500", "503",
        ]  # fmt: skip
        assert responses(document, "/v1/paints/{name}", "patch") == [
            "200", "400", "401", "403", "404", "406", "408", "409", "412", "413", "415", "422", "428", "429",
            "500", "503",
        ]  # fmt: skip
        assert responses(document, "/v1/paints/{name}", "delete") == [
            "204", "400", "401", "403", "404", "409", "412", "422", "428", "429", "500", "503",
        ]  # fmt: skip

    def test_failures_are_problems_with_examples(self, document: dict[str, Any]) -> None:
        problem = document["components"]["schemas"]["Problem"]
        assert problem["required"] == ["detail", "request_id", "status", "title", "type"]
        for response in document["components"]["responses"].values():
            (content,) = response["content"].values()
            assert list(response["content"]) == ["application/problem+json"]
            for example in content["examples"].values():
                assert set(problem["required"]) <= set(example["value"])
        conflicts = document["components"]["responses"]["Conflict"]["content"]["application/problem+json"]["examples"]
        assert {"conflict", "already-exists", "has-dependants"} <= set(conflicts)

    def test_says_who_may_call(self, document: dict[str, Any]) -> None:
        assert document["paths"]["/v1/paints"]["get"]["security"] == [{}, {"apiKey": []}, {"accessToken": []}]
        assert document["paths"]["/v1/paints"]["post"]["security"] == [{"apiKey": []}, {"accessToken": []}]

    def test_asks_for_headers_where_they_are_needed(self, document: dict[str, Any]) -> None:
        optional = {"Idempotency-Key": False, "Change-Reason": False}
        assert required_headers(document, "/v1/paints/{name}", "patch") == {"If-Match": True, **optional}
        assert required_headers(document, "/v1/paints", "post") == {**optional, "Idempotency-Key": True}
        assert required_headers(document, "/v1/paints", "get") == {"If-None-Match": False}

    def test_names_the_headers_of_answers(self, document: dict[str, Any]) -> None:
        made = document["paths"]["/v1/paints"]["post"]["responses"]["201"]["headers"]
        rates = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]
        assert list(made) == [
            "Access-Control-Allow-Origin", "ETag", "Idempotent-Replayed", "Location", *rates, "Register-Revision",
            "X-Request-Id",
        ]  # fmt: skip
        assert set(made) < set(document["components"]["headers"])

    def test_shows_every_type_a_change_may_have(self, document: dict[str, Any]) -> None:
        content = document["paths"]["/v1/paints/{name}"]["patch"]["requestBody"]["content"]
        assert list(content) == ["application/json", "application/merge-patch+json"]
        assert {json.dumps(media) for media in content.values()} == {
            '{"schema": {"$ref": "#/components/schemas/PaintChanges"}, "example": {"title": "Sea"}}'
        }

    def test_examples_of_bodies_fit_their_schemas(self, document: dict[str, Any]) -> None:
        content = document["paths"]["/v1/paints"]["post"]["requestBody"]["content"]["application/json"]
        assert content["example"] == {"title": "Sky", "price": "12.50"}
        Draft202012Validator(document["components"]["schemas"]["PaintInput"]).validate(content["example"])

    def test_describes_fields_as_they_are_read(self, document: dict[str, Any]) -> None:
        paint = document["components"]["schemas"]["PaintInput"]
        assert paint["additionalProperties"] is False
        assert paint["required"] == ["title"]
        assert paint["properties"]["title"] == {
            "type": "string", "minLength": 1, "maxLength": 20, "pattern": LINE_PATTERN, "description": "Its name.",
            "example": "Sky",
        }  # fmt: skip
        assert paint["properties"]["note"]["type"] == ["string", "null"]
        parameters = {p["name"]: p for p in parameters_of(document, "/v1/paints", "get")}
        colour = parameters["colour"]["schema"]["items"]
        assert resolved(document, colour)["enum"] == ["red", "blue", "none"]
        assert (parameters["colour"]["style"], parameters["colour"]["explode"]) == ("form", True)
        assert parameters["limit"]["schema"]["maximum"] == 200


class TestFiles:
    def test_are_the_same_bytes_each_time(self, small_app: Flask, colours: Codelist) -> None:
        first = spec_files.render(spec.document(small_app.extensions["portfolio_api"]))
        again = spec_files.render(spec.document(small_app.extensions["portfolio_api"]))
        other = spec_files.render(spec.document(make_small_app(colours).extensions["portfolio_api"]))
        assert first == again == other

    def test_say_the_same(self, document: dict[str, Any]) -> None:
        files = spec_files.render(document)
        assert json.loads(files["openapi.json"]) == yaml.safe_load(files["openapi.yaml"]) == document

    def test_drift_is_found(self, document: dict[str, Any], tmp_path: Path) -> None:
        assert spec_files.drift(document, tmp_path) == ["openapi.json", "openapi.yaml"]
        assert [path.name for path in spec_files.write(document, tmp_path)] == ["openapi.json", "openapi.yaml"]
        assert spec_files.drift(document, tmp_path) == []
        (tmp_path / "openapi.yaml").write_text("{}", encoding="utf-8")
        assert spec_files.drift(document, tmp_path) == ["openapi.yaml"]

    def test_name_statuses_alike_on_every_python(self) -> None:
        old = '{"$ref": "#/components/responses/UNPROCESSABLE_ENTITY"}'
        new = '{"$ref": "#/components/responses/UNPROCESSABLE_CONTENT"}'
        assert {renamed_statuses(old), renamed_statuses(new)} == {new}
