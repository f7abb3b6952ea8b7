"""/v1/organisations over the real data."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portfolio.core.db import Database
from tests.conftest import key_headers

NEW = {"code": "EGLV", "name_de": "Emschergenossenschaft und Lippeverband", "kind": "association"}


def _codes(client: FlaskClient, query: str) -> list[str]:
    answer = client.get(f"/v1/organisations?limit=200&{query}")
    assert answer.status_code == 200, answer.json
    return [item["code"] for item in answer.json["items"]]


def _patch(client: FlaskClient, code: str, body: Any, headers: dict[str, str], tag: str | None = None) -> Any:
    tag = tag or client.get(f"/v1/organisations/{code}").headers["ETag"]
    return client.patch(f"/v1/organisations/{code}", json=body, headers={**headers, "If-Match": tag})


class TestListOrganisations:
    def test_sorts_names_as_a_dictionary_does(self, client: FlaskClient) -> None:
        names = [item["name_de"] for item in client.get("/v1/organisations?kind=ministry").json["items"]]
        assert names[0].startswith("Minister für Bundes- und Europaangelegenheiten, Internationales sowie Medien")
        assert names[-1] == "Staatskanzlei des Landes Nordrhein-Westfalen"
        assert len(names) == 19

    def test_pages_through_all_without_loss(self, client: FlaskClient) -> None:
        path, found = "/v1/organisations?limit=7&count=true", []
        while path:
            body = client.get(path).json
            found += [item["code"] for item in body["items"]]
            path = body["next"]
        assert len(found) == len(set(found)) == client.get("/v1/organisations?count=true").json["count"]
        assert found == _codes(client, "")

    @pytest.mark.parametrize(
        ("question", "code"),
        [
            ("mhkbg", "MHKBG"),
            ("Gleichstellung Bau", "MHKBG"),
            ("fuer verkehr nordrhein", "VM"),
            ("für Verkehr", "VM"),
            ("fur verkehr", "VM"),
            ("staatskanzlei", "StK"),
            ("State Chancellery", "StK"),
        ],
    )
    def test_finds_codes_and_names_with_umlauts_either_way(self, client: FlaskClient, question: str, code: str) -> None:
        found = client.get("/v1/organisations", query_string={"q": question}).json["items"]
        assert code in [item["code"] for item in found]

    def test_takes_wildcards_as_text(self, client: FlaskClient) -> None:
        assert _codes(client, "q=%25%25") == []

    def test_knows_which_exist_on_a_day(self, client: FlaskClient) -> None:
        kinds = "kind=ministry"
        before = set(_codes(client, f"{kinds}&valid=true&valid_on=2022-06-28"))
        after = set(_codes(client, f"{kinds}&valid=true&valid_on=2022-06-29"))
        assert before - after == {"MWIDE", "VM", "MULNV", "MKFFI", "MHKBG", "MBEI"}
        assert after - before == {"MWIKE", "MUNV", "MLV", "MKJFGFI", "MHKBD", "MBEIM"}
        assert set(_codes(client, f"{kinds}&valid=false&valid_on=2022-06-29")) == before - after
        assert set(_codes(client, f"{kinds}&valid=false&valid_on=2022-06-28")) == after - before

    def test_combines_kinds_with_or(self, client: FlaskClient) -> None:
        both = _codes(client, "kind=university&kind=ministry")
        assert sorted(both) == sorted(_codes(client, "kind=university") + _codes(client, "kind=ministry"))
        assert _codes(client, "kind=university")

    @pytest.mark.parametrize(
        "query", ["kind=office", "valid=1", "valid=true&valid=true", "q=", "q=%00", "sort=id", "colour=red"]
    )
    def test_refuses_what_it_does_not_know(self, client: FlaskClient, query: str) -> None:
        answer = client.get(f"/v1/organisations?{query}")
        assert answer.status_code == 422
        assert answer.json["errors"][0]["parameter"] == query.split("=", maxsplit=1)[0]

    def test_downloads_successors_and_predecessors(self, client: FlaskClient) -> None:
        answer = client.get("/v1/organisations?kind=ministry&format=csv&sort=code")
        rows = {row["code"]: row for row in csv.DictReader(io.StringIO(answer.get_data(as_text=True)))}
        assert len(rows) == 19
        assert '"organisation":"MUNV"' in rows["VM"]["successors"]
        assert '"organisation":"MULNV"' in rows["MUNV"]["predecessors"]
        assert rows["VM"]["valid_to"] == "2022-06-29"
        shown = client.get("/v1/organisations/VM").json
        assert set(shown) - set(rows["VM"]) == {"created_at"}

    def test_leaves_made_up_ones_out_unless_asked(self, demo_client: FlaskClient) -> None:
        real = _codes(demo_client, "")
        assert "demo-ressort" not in real
        assert set(_codes(demo_client, "include_demo=true")) - set(real) == {
            "demo-ressort",
            "demo-hochschule",
            "demo-stadt",
        }

    def test_takes_as_many_statements_for_many_as_for_one(self, client: FlaskClient, seeded: Database) -> None:
        counted: list[str] = []
        sa.event.listen(
            seeded.engine, "before_cursor_execute", lambda _c, _cur, statement, *_: counted.append(statement)
        )
        client.get("/v1/organisations?limit=1")
        one = len(counted)
        client.get("/v1/organisations?limit=100")
        assert len(counted) == 2 * one

    def test_looks_the_same_from_the_history(self, client: FlaskClient) -> None:
        now = client.get("/v1/organisations?limit=200")
        past = client.get(f"/v1/organisations?limit=200&known_at={now.headers['Register-Revision']}")
        assert past.get_data() == now.get_data()


class TestGetOrganisation:
    def test_shows_its_end_and_who_took_over(self, client: FlaskClient) -> None:
        body = client.get("/v1/organisations/MHKBG").json
        assert (body["valid_from"], body["valid_to"], body["kind"], body["demo"]) == (
            None,
            "2022-06-29",
            "ministry",
            False,
        )
        successor = body["successors"][0]
        assert {name: successor[name] for name in ("organisation", "happened_on", "kind", "basis")} == {
            "organisation": "MHKBD",
            "happened_on": "2022-06-29",
            "kind": "renamed",
            "basis": "derived_from_the_names_of_the_remits",
        }
        assert successor["note"].startswith("Gender equality went to MKJFGFI")
        assert body["predecessors"] == []

    def test_shows_whom_it_took_over_from(self, client: FlaskClient) -> None:
        body = client.get("/v1/organisations/MUNV").json
        assert [(one["organisation"], one["kind"]) for one in body["predecessors"]] == [
            ("MULNV", "split"),
            ("VM", "merged"),
        ]
        assert (body["successors"], body["valid_from"], body["valid_to"]) == ([], "2022-06-29", None)

    def test_shows_all_successors_of_a_split_one(self, client: FlaskClient) -> None:
        successors = client.get("/v1/organisations/MULNV").json["successors"]
        assert [one["organisation"] for one in successors] == ["MLV", "MUNV"]

    @pytest.mark.parametrize("code", ["XYZ", "vm", "%00", "VM%0A", "VM'--", "a" * 500])
    def test_is_404_for_a_code_there_is_not(self, client: FlaskClient, code: str) -> None:
        answer = client.get(f"/v1/organisations/{code}")
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"


class TestCreateOrganisation:
    def test_answers_with_its_address_and_tag(self, client: FlaskClient, coordinator: dict[str, str]) -> None:
        answer = client.post("/v1/organisations", json=NEW, headers=coordinator)
        assert answer.status_code == 201
        assert answer.headers["Location"] == "/v1/organisations/EGLV"
        read = client.get(answer.headers["Location"], headers=coordinator)
        assert read.get_data() == answer.get_data()
        assert read.headers["ETag"] == answer.headers["ETag"]
        assert {name: read.json[name] for name in ("version", "name_en", "valid_from", "successors", "demo")} == {
            "version": 1,
            "name_en": None,
            "valid_from": None,
            "successors": [],
            "demo": False,
        }

    def test_is_one_revision_that_the_past_does_not_know(
        self, client: FlaskClient, coordinator: dict[str, str]
    ) -> None:
        before = int(client.get("/v1/organisations").headers["Register-Revision"])
        answer = client.post("/v1/organisations", json=NEW, headers=coordinator)
        assert int(answer.headers["Register-Revision"]) == before + 1
        assert client.get(f"/v1/organisations/EGLV?known_at={before}").status_code == 404
        assert client.get(f"/v1/organisations/EGLV?known_at={before + 1}").json == answer.json

    def test_refuses_a_code_twice(self, client: FlaskClient, coordinator: dict[str, str]) -> None:
        answer = client.post("/v1/organisations", json={**NEW, "code": "VM"}, headers=coordinator)
        assert (answer.status_code, answer.json["type"]) == (409, "/problems/already-exists")

    @pytest.mark.parametrize(
        ("changes", "pointer", "code"),
        [
            ({"code": None}, "#/code", "null"),
            ({"code": "a b"}, "#/code", "invalid_name"),
            ({"code": "../x"}, "#/code", "invalid_name"),
            ({"code": 7}, "#/code", "invalid_name"),
            ({"name_de": "  "}, "#/name_de", "empty"),
            ({"name_de": "a\u0007"}, "#/name_de", "forbidden_character"),
            ({"name_de": "x" * 301}, "#/name_de", "too_long"),
            ({"kind": "office"}, "#/kind", "not_in_list"),
            ({"valid_from": "20220629"}, "#/valid_from", "invalid_day"),
            ({"valid_from": "2022-06-29", "valid_to": "2022-06-29"}, "#/valid_to", "ends_before_start"),
            ({"source_url": "javascript:alert(1)"}, "#/source_url", "invalid_url"),
            ({"demo": True}, "#/demo", "unknown_field"),
            ({"version": 9}, "#/version", "unknown_field"),
        ],
    )
    def test_refuses_bad_values_and_writes_nothing(
        self, client: FlaskClient, coordinator: dict[str, str], changes: dict[str, Any], pointer: str, code: str
    ) -> None:
        before = client.get("/v1/organisations").headers["Register-Revision"]
        answer = client.post("/v1/organisations", json={**NEW, **changes}, headers=coordinator)
        assert answer.status_code == 422
        assert (answer.json["errors"][0]["pointer"], answer.json["errors"][0]["code"]) == (pointer, code)
        assert client.get("/v1/organisations").headers["Register-Revision"] == before

    def test_is_for_coordinators(self, client: FlaskClient, editor: Callable[[str], dict[str, str]]) -> None:
        assert client.post("/v1/organisations", json=NEW).status_code == 401
        assert client.post("/v1/organisations", json=NEW, headers=editor("MHKBD")).status_code == 403


class TestUpdateOrganisation:
    def test_touches_only_what_is_sent(self, client: FlaskClient, coordinator: dict[str, str]) -> None:
        before = client.get("/v1/organisations/IM").json
        answer = _patch(client, "IM", {"name_en": "Ministry of the Interior"}, coordinator)
        assert answer.status_code == 200
        changed = {name for name, value in answer.json.items() if value != before[name]}
        assert changed == {"name_en", "version", "updated_at"}
        assert answer.json["version"] == before["version"] + 1

    def test_takes_null_where_nothing_is_known_and_only_there(
        self, client: FlaskClient, coordinator: dict[str, str]
    ) -> None:
        assert _patch(client, "MUNV", {"name_en": None, "valid_from": None}, coordinator).json["valid_from"] is None
        refused = _patch(client, "MUNV", {"name_de": None}, coordinator)
        assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "null")

    def test_finds_the_new_name(self, client: FlaskClient, coordinator: dict[str, str]) -> None:
        _patch(client, "IM", {"name_de": "Öffentliche Sicherheit"}, coordinator)
        assert _codes(client, "q=oeffentliche+sicherheit") == ["IM"]

    def test_checks_validity_against_what_is_stored(self, client: FlaskClient, coordinator: dict[str, str]) -> None:
        answer = _patch(client, "VM", {"valid_from": "2023-01-01"}, coordinator)
        assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "ends_before_start")

    def test_keeps_the_code(self, client: FlaskClient, coordinator: dict[str, str]) -> None:
        answer = _patch(client, "VM", {"code": "VM2"}, coordinator)
        assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "unknown_field")

    def test_needs_the_version_that_was_read(self, client: FlaskClient, coordinator: dict[str, str]) -> None:
        stale = client.get("/v1/organisations/IM").headers["ETag"]
        assert client.patch("/v1/organisations/IM", json={"name_en": "a"}, headers=coordinator).status_code == 428
        assert _patch(client, "IM", {"name_en": "a"}, coordinator, stale).status_code == 200
        assert _patch(client, "IM", {"name_en": "b"}, coordinator, stale).status_code == 412
        for tag in ("*", f"W/{stale}"):
            assert _patch(client, "IM", {"name_en": "b"}, coordinator, tag).status_code == 412
        assert client.get("/v1/organisations/IM").json["name_en"] == "a"

    def test_an_empty_change_is_no_revision(self, client: FlaskClient, coordinator: dict[str, str]) -> None:
        before = client.get("/v1/organisations/IM")
        answer = _patch(client, "IM", {}, coordinator)
        assert (answer.status_code, answer.json) == (200, before.json)
        assert answer.headers["Register-Revision"] == before.headers["Register-Revision"]

    def test_is_404_before_any_other_check_of_the_record(
        self, client: FlaskClient, coordinator: dict[str, str]
    ) -> None:
        assert _patch(client, "XYZ", {}, coordinator, '"9-abc"').status_code == 404

    def test_is_for_coordinators(self, client: FlaskClient, editor: Callable[[str], dict[str, str]]) -> None:
        assert _patch(client, "MHKBD", {"name_en": "x"}, {}).status_code == 401
        assert _patch(client, "MHKBD", {"name_en": "x"}, editor("MHKBD")).status_code == 403


class TestAddSuccessor:
    def test_ends_the_old_one_and_shows_on_both(self, client: FlaskClient, coordinator: dict[str, str]) -> None:
        client.post(
            "/v1/organisations",
            json={"code": "MD", "name_de": "Digitalministerium", "kind": "ministry", "valid_from": "2026-01-01"},
            headers=coordinator,
        )
        successor = {"organisation": "MD", "happened_on": "2026-01-01", "kind": "renamed"}
        before = client.get("/v1/organisations/MHKBD")
        answer = _patch(client, "MHKBD", {"add_successor": successor}, coordinator)
        assert answer.status_code == 200
        assert (answer.json["valid_to"], answer.json["version"]) == ("2026-01-01", before.json["version"] + 1)
        assert answer.json["successors"] == [{**successor, "basis": None, "note": None, "source_url": None}]
        predecessors = client.get("/v1/organisations/MD").json["predecessors"]
        assert predecessors == [{**answer.json["successors"][0], "organisation": "MHKBD"}]
        known_before = f"known_at={before.headers['Register-Revision']}"
        assert client.get(f"/v1/organisations/MHKBD?{known_before}").json == before.json

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"organisation": "XYZ"}, 422, "not_found"),
            ({"organisation": "VM"}, 422, "not_found"),
            ({"happened_on": "2022-06-28"}, 422, "before_start"),
            ({"kind": "sold"}, 422, "not_in_list"),
            ({"colour": "red"}, 422, "unknown_field"),
            ({}, 409, None),
        ],
    )
    def test_refuses_impossible_ones_and_writes_nothing(
        self, client: FlaskClient, coordinator: dict[str, str], changes: dict[str, str], status: int, code: str | None
    ) -> None:
        before = client.get("/v1/organisations/VM")
        successor = {"organisation": "MUNV", "happened_on": "2022-06-29", "kind": "merged", **changes}
        answer = _patch(client, "VM", {"name_en": "Changed", "add_successor": successor}, coordinator)
        assert answer.status_code == status
        if code:
            assert answer.json["errors"][0]["code"] == code
            assert answer.json["errors"][0]["pointer"].startswith("#/add_successor/")
        again = client.get("/v1/organisations/VM")
        assert (again.get_data(), again.headers["ETag"]) == (before.get_data(), before.headers["ETag"])


class TestEmptyRegister:
    def test_takes_its_first_organisation(self, plain_client: FlaskClient, database: Database) -> None:
        assert plain_client.get("/v1/organisations").json == {"items": [], "next": None}
        made = plain_client.post("/v1/organisations", json=NEW, headers=key_headers(database, "coordinator"))
        assert made.status_code == 201
        assert _codes(plain_client, "") == ["EGLV"]
