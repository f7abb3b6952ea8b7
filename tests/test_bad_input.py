"""Bad input: a 4xx problem that says where, nothing written, and the next good request works (the twin rule)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from portfolio.core.db import Database
from tests.conftest import key_headers, make_app

GOOD: dict[str, Any] = {"slug": "zwilling", "title_de": "Zwilling", "proposed_on": "2026-03-02"}


def _revision(client: FlaskClient) -> str:
    return client.get("/v1/action-fields").headers["Register-Revision"]


BAD_PROJECTS: list[tuple[dict[str, Any], str]] = [
    ({"slug": "Groß"}, "#/slug"),
    ({"slug": "a" * 81}, "#/slug"),
    ({"slug": None}, "#/slug"),
    ({"slug": 5}, "#/slug"),
    ({"title_de": ""}, "#/title_de"),
    ({"title_de": "   "}, "#/title_de"),
    ({"title_de": "x" * 301}, "#/title_de"),
    ({"title_de": "a\u202eb"}, "#/title_de"),
    ({"title_de": "a\u0007b"}, "#/title_de"),
    ({"title_de": ["x"]}, "#/title_de"),
    ({"title_de": True}, "#/title_de"),
    ({"proposed_on": "20260302"}, "#/proposed_on"),
    ({"proposed_on": "2026-W10-1"}, "#/proposed_on"),
    ({"proposed_on": "2026-02-30"}, "#/proposed_on"),
    ({"proposed_on": "2099-01-01"}, "#/proposed_on"),
    ({"proposed_on": 20260302}, "#/proposed_on"),
    ({"pillar": "1"}, "#/pillar"),
    ({"pillar": 1.0}, "#/pillar"),
    ({"pillar": True}, "#/pillar"),
    ({"pillar": 3}, "#/pillar"),
    ({"pillar": 10**20}, "#/pillar"),
    ({"theme_forum": 21}, "#/theme_forum"),
    ({"title_aliases": "x"}, "#/title_aliases"),
    ({"title_aliases": [1]}, "#/title_aliases/0"),
    ({"sources": [{"url": "javascript:alert(1)", "title": "x"}]}, "#/sources/0/url"),
    ({"sources": [{"url": "https://a.example", "titel": "x"}]}, "#/sources/0"),
    ({"locations": [{"name": "Essen", "ags": 5}]}, "#/locations/0/ags"),
    ({"planned_start_on": "2026-05-01", "planned_end_on": "2026-04-30"}, "#/planned_end_on"),
    ({"status": "adopted"}, "#/status"),
    ({"version": 7}, "#/version"),
    ({"id": "0192f1c4-7a6b-7cc3-98c5-0242ac120002"}, "#/id"),
    ({"": 1}, "#/"),
]


@pytest.fixture
def writer(seeded: Database) -> tuple[FlaskClient, dict[str, str]]:
    return make_app(seeded).test_client(), key_headers(seeded, "coordinator")


def test_bodies_are_refused_with_a_pointer(writer: tuple[FlaskClient, dict[str, str]]) -> None:
    client, headers = writer
    before = _revision(client)
    for defect, pointer in BAD_PROJECTS:
        answer = client.post(
            "/v1/projects", data=json.dumps({**GOOD, **defect}), headers=headers, content_type="application/json"
        )
        assert answer.status_code == 422, (defect, answer.get_data(as_text=True))
        assert any(error["pointer"].startswith(pointer) for error in answer.json["errors"]), (defect, answer.json)
    assert _revision(client) == before
    assert client.post("/v1/projects", json=GOOD, headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b'{"slug":"a","slug":"b"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"slug":NaN}', "application/json", 400),
        (b'{"slug":"\\u0000"}', "application/json", 400),
        (b'{"slug":"\\ud800"}', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"{}", "application/merge-patch+json", 415),
        (b'{"a":"' + b"x" * 1_100_000 + b'"}', "application/json", 413),
    ],
)
def test_raw_bodies_are_refused(
    writer: tuple[FlaskClient, dict[str, str]], data: bytes, content_type: str, status: int
) -> None:
    client, headers = writer
    answer = client.post("/v1/projects", data=data, headers=headers, content_type=content_type)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("feild=mobility", "feild"),
        ("action_field=moblity", "action_field"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=201", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=1_0", "limit"),
        ("limit=１０", "limit"),
        ("limit=5&limit=6", "limit"),
        ("limit=", "limit"),
        ("sort=internal_note", "sort"),
        ("sort=--title", "sort"),
        ("cursor=x", "cursor"),
        ("cursor=" + "A" * 1999, "cursor"),
        ("cursor=W10", "cursor"),
        ("cursor=%F0%9F%98%80", "cursor"),
        ("count=1", "count"),
        ("title_known=yes", "title_known"),
        ("valid_on=20260101", "valid_on"),
        ("valid_on=2026-13-01", "valid_on"),
        ("known_at=-1", "known_at"),
        ("known_at=00", "known_at"),
        ("known_at=999999999999", "known_at"),
        ("known_at=2099-01-01", "known_at"),
        ("known_at=9999-12-31T23:59:59-14:00", "known_at"),
        ("known_at=2021-12-31T00:00:00", "known_at"),
        ("updated_since=2026-01-01", "updated_since"),
        ("q=%00", "q"),
        ("q=", "q"),
        ("theme_forum=21", "theme_forum"),
        ("format=ods", "format"),
        ("format=csv&limit=5", "limit"),
    ],
)
def test_queries_are_refused_with_the_parameter(client: FlaskClient, query: str, parameter: str) -> None:
    answer = client.get(f"/v1/projects?{query}")
    assert answer.status_code == 422, answer.get_data(as_text=True)[:300]
    assert answer.json["errors"][0]["parameter"] == parameter
    assert client.get("/v1/projects?limit=5&sort=-title&count=true").status_code == 200


class TestAddresses:
    def test_unknown_ones_are_problems(self, client: FlaskClient) -> None:
        for path in ("/nope", "/v1/projects/nope", "/v1/awards/nope", "/v1/theme-forums/99999999999999999999", "/v1/"):
            answer = client.get(path)
            assert answer.status_code == 404, path
            assert answer.mimetype == "application/problem+json"

    def test_wrong_methods_name_the_right_ones(self, client: FlaskClient) -> None:
        answer = client.delete("/v1/projects")
        assert (answer.status_code, answer.mimetype) == (405, "application/problem+json")
        assert "GET" in answer.headers["Allow"]

    def test_unknown_forms_are_not_acceptable(self, client: FlaskClient) -> None:
        assert client.get("/v1/projects", headers={"Accept": "image/png"}).status_code == 406
        assert client.get("/v1/projects", headers={"Accept": "text/csv"}).mimetype == "text/csv"
        assert client.get("/v1/projects", headers={"Accept": "text/html, */*;q=0.1"}).mimetype == "application/json"

    def test_an_unexpected_failure_says_nothing_of_itself(
        self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("secret")

        monkeypatch.setattr("portfolio.projects.routes.list_projects", fail)
        answer = client.get("/v1/projects")
        assert answer.status_code == 500
        assert answer.mimetype == "application/problem+json"
        assert "secret" not in answer.get_data(as_text=True)


class TestMoney:
    @pytest.mark.parametrize("amount", [1.0, 1, "1", "1.005", "-1.00", "1e2", "１.00", "10000000000000.00", " 1.00"])
    def test_has_one_form(self, writer: tuple[FlaskClient, dict[str, str]], amount: object) -> None:
        client, headers = writer
        body = {"level": "eu", "requested_amount": amount}
        path = "/v1/projects/ruhr-digital/applications"
        assert client.post(path, json=body, headers=headers).status_code == 422
        assert client.post(path, json={**body, "requested_amount": "1.00"}, headers=headers).status_code == 201
