"""/v1/vocabularies: every code the register shows, with labels."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from portfolio.core.vocabulary import codelists


def _enums(schema: Any) -> list[list[str]]:
    if isinstance(schema, list):
        return [found for value in schema for found in _enums(value)]
    if not isinstance(schema, dict):
        return []
    own = [schema["enum"]] if isinstance(schema.get("enum"), list) else []
    return own + [found for value in schema.values() for found in _enums(value)]


class TestListVocabularies:
    def test_gives_every_codelist_by_name_with_labels_in_both_languages(self, client: FlaskClient) -> None:
        items = client.get("/v1/vocabularies").json["items"]
        names = [item["name"] for item in items]
        assert names == sorted(names)
        assert {"action_field", "organisation_kind", "precision", "project_status"} <= set(names)
        for item in items:
            assert re.fullmatch(r"[a-z]+(_[a-z]+)*", item["name"])
            assert item["codes"], item["name"]
            for code in item["codes"]:
                assert code["label_de"].strip()
                assert code["label_en"].strip()

    def test_holds_every_code_that_the_document_names_for_a_field(self, client: FlaskClient) -> None:
        document = client.get("/openapi.json").json
        known = [set(codelist.codes) for codelist in codelists()]
        # The other closed lists of words are how something is asked for: an order, a form, a filter.
        words = ("Sort", "Format", "Filter", "Key", "Mode", "Sheet")
        schemas = {name: one for name, one in document["components"]["schemas"].items() if not name.endswith(words)}
        unknown = [enum for enum in _enums(schemas) if not any(set(enum) - {None, "none"} <= codes for codes in known)]
        assert unknown == []

    def test_has_an_etag_of_its_content_that_no_write_changes(
        self, client: FlaskClient, coordinator: dict[str, str]
    ) -> None:
        first = client.get("/v1/vocabularies")
        made = client.post(
            "/v1/organisations", json={"code": "X", "name_de": "X", "kind": "unknown"}, headers=coordinator
        )
        assert made.status_code == 201
        again = client.get("/v1/vocabularies", headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304

    def test_refuses_an_unknown_parameter(self, client: FlaskClient) -> None:
        answer = client.get("/v1/vocabularies?language=de")
        assert answer.status_code == 422
        assert answer.json["errors"][0]["parameter"] == "language"


class TestGetVocabulary:
    def test_gives_one_list_in_order(self, client: FlaskClient) -> None:
        body = client.get("/v1/vocabularies/precision").json
        assert [(code["code"], code["label_en"]) for code in body["codes"]] == [
            ("day", "day"),
            ("month", "month (the last day is stored)"),
            ("year", "year (the last day is stored)"),
        ]

    @pytest.mark.parametrize("name", ["colours", "%00", "PRECISION"])
    def test_is_404_for_a_list_there_is_not(self, client: FlaskClient, name: str) -> None:
        assert client.get(f"/v1/vocabularies/{name}").status_code == 404
