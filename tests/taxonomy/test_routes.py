"""/v1/action-fields and /v1/theme-forums over the real data."""

from __future__ import annotations

import csv
import io

import pytest
from flask.testing import FlaskClient


class TestListActionFields:
    def test_gives_the_five_in_their_official_order(self, client: FlaskClient) -> None:
        body = client.get("/v1/action-fields?count=true").json
        assert [(item["position"], item["code"], item["short_title_de"]) for item in body["items"]] == [
            (1, "mobility", "Mobilität"),
            (2, "economy", "Wirtschaft und Arbeit"),
            (3, "diversity", "Vielfalt und Zusammenhalt"),
            (4, "energy", "Energie und Umwelt"),
            (5, "education", "Bildung und Forschung"),
        ]
        assert (body["next"], body["count"]) == (None, 5)

    def test_walks_in_pages_by_code_downwards(self, client: FlaskClient) -> None:
        path, found, pages = "/v1/action-fields?sort=-code&limit=2", [], 0
        while path:
            body = client.get(path).json
            found += [item["code"] for item in body["items"]]
            path, pages = body["next"], pages + 1
        assert found == ["mobility", "energy", "education", "economy", "diversity"]
        assert pages == 3

    def test_refuses_a_sort_key_that_is_not_allowed(self, client: FlaskClient) -> None:
        answer = client.get("/v1/action-fields?sort=version")
        assert answer.status_code == 422
        assert answer.json["errors"][0]["parameter"] == "sort"

    def test_was_empty_before_the_register_knew_anything(self, client: FlaskClient) -> None:
        assert client.get("/v1/action-fields?known_at=0").json == {"items": [], "next": None}

    def test_downloads_what_the_page_shows(self, client: FlaskClient) -> None:
        answer = client.get("/v1/action-fields?format=csv")
        rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
        assert [row["title_de"] for row in rows] == [
            item["title_de"] for item in client.get("/v1/action-fields").json["items"]
        ]
        shown = client.get("/v1/action-fields/mobility").json
        assert set(shown) - set(rows[0]) == {"created_at"}


class TestGetActionField:
    def test_shows_both_titles(self, client: FlaskClient) -> None:
        body = client.get("/v1/action-fields/energy").json
        assert (body["title_de"], body["short_title_en"], body["version"]) == (
            "Sichere Energie – gesunde Umwelt",
            "Energy and Environment",
            1,
        )

    def test_is_304_for_who_has_it(self, client: FlaskClient) -> None:
        first = client.get("/v1/action-fields/energy")
        again = client.get("/v1/action-fields/energy", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.get_data()) == (304, b"")

    @pytest.mark.parametrize("code", ["sport", "%00", "%ED%A0%80", "%27", "Mobility"])
    def test_is_404_for_a_code_there_is_not(self, client: FlaskClient, code: str) -> None:
        answer = client.get(f"/v1/action-fields/{code}")
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"

    def test_is_404_at_a_moment_before_it_was_recorded(self, client: FlaskClient) -> None:
        assert client.get("/v1/action-fields/energy?known_at=0").status_code == 404

    def test_cannot_be_written(self, client: FlaskClient, coordinator: dict[str, str]) -> None:
        for method in ("post", "patch", "put", "delete"):
            answer = getattr(client, method)("/v1/action-fields/energy", json={}, headers=coordinator)
            assert answer.status_code == 405
            assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


class TestListThemeForums:
    def test_gives_the_twenty_by_number(self, client: FlaskClient) -> None:
        items = client.get("/v1/theme-forums").json["items"]
        assert [item["number"] for item in items] == list(range(1, 21))

    def test_keeps_what_is_unknown_unknown(self, client: FlaskClient) -> None:
        body = client.get("/v1/theme-forums/17").json
        assert {name: body[name] for name in ("number_basis", "title_de", "lead_ministry", "moderators")} == {
            "number_basis": "inferred",
            "title_de": None,
            "lead_ministry": None,
            "moderators": [],
        }

    def test_downloads_moderators_and_days(self, client: FlaskClient) -> None:
        answer = client.get("/v1/theme-forums?format=csv")
        row = next(row for row in csv.DictReader(io.StringIO(answer.get_data(as_text=True))) if row["number"] == "13")
        assert row["event_dates"] == '["2019-01-21","2019-07-08"]'
        assert '"Hendrik Wüst"' in row["moderators"]


class TestGetThemeForum:
    def test_names_ministry_moderators_and_days(self, client: FlaskClient) -> None:
        body = client.get("/v1/theme-forums/19").json
        assert (body["title_de"], body["lead_ministry"], body["proposals_stated"]) == (
            "Das Ruhrgebiet in Bewegung",
            "StK",
            7,
        )
        assert [moderator["name"] for moderator in body["moderators"]] == [
            "Andrea Milz",
            "Christian Kullmann",
            "Christoph Metzelder",
        ]
        assert body["event_dates"] == ["2019-03-15"]

    def test_looks_the_same_from_the_history(self, client: FlaskClient) -> None:
        now = client.get("/v1/theme-forums/13")
        revision = now.headers["Register-Revision"]
        assert client.get(f"/v1/theme-forums/13?known_at={revision}").get_data() == now.get_data()

    @pytest.mark.parametrize("number", ["0", "21", "-1", "1.5", "x", "9" * 30])
    def test_is_404_for_a_number_there_is_not(self, client: FlaskClient, number: str) -> None:
        assert client.get(f"/v1/theme-forums/{number}").status_code == 404
