"""What happened to a record, what a revision did, and the feed: complete for who may see it, no leak for others."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portfolio.app import REGISTER
from portfolio.core import spec
from portfolio.core.db import Base, Database
from portfolio.history.models import Redactable
from tests.conftest import make_app

Headers = dict[str, str]
PROJECT = "oepnv-initiative"
LEAD = "MUNV"


def write(client: FlaskClient, path: str, body: Any, headers: Headers, status: int = 201) -> Any:
    answer = client.post(path, json=body, headers=headers)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer


def change(client: FlaskClient, path: str, body: Any, headers: Headers) -> int:
    """PATCH and return the revision it became."""
    tag = client.get(path, headers=headers).headers["ETag"]
    answer = client.patch(path, json=body, headers={**headers, "If-Match": tag})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return int(answer.headers["Register-Revision"])


def history(client: FlaskClient, path: str, headers: Headers | None = None, query: str = "") -> list[Any]:
    answer = client.get(f"{path}/history{query}", headers=headers or {})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return list(answer.json["items"])


def fields(changes: list[Any]) -> dict[str, tuple[Any, Any]]:
    return {change["field"]: (change["old"], change["new"]) for change in changes}


class TestHistoryOfARecord:
    def test_says_who_when_why_and_field_by_field(self, client: FlaskClient, coordinator: Headers) -> None:
        path = f"/v1/projects/{PROJECT}"
        headers = {**coordinator, "Change-Reason": "Neuer%20Plan%20f%C3%BCr%202027"}
        change(client, path, {"planned_end_on": "2027-12-31", "theme_forum": 4, "internal_note": "Frau M."}, headers)
        newest, first = history(client, path, coordinator)
        assert (newest["revision"], newest["action"], newest["operation"]) == (2, "projects.update", "update")
        assert newest["reason"] == "Neuer Plan für 2027"
        assert newest["actor"].startswith("act_")
        assert newest["version"] == first["version"] + 1
        assert fields(newest["changes"]) == {
            "theme_forum": (13, 4),
            "planned_end_on": (None, "2027-12-31"),
            "internal_note": (None, "Frau M."),
        }
        assert (first["operation"], first["action"]) == ("create", "seed.load")
        assert fields(first["changes"])["slug"] == (None, PROJECT)

    def test_shows_the_public_neither_author_nor_internals(self, client: FlaskClient, coordinator: Headers) -> None:
        path = f"/v1/projects/{PROJECT}"
        change(client, path, {"internal_note": "Frau M."}, {**coordinator, "Change-Reason": "geheim"})
        newest = history(client, path)[0]
        assert newest["changes"] == []
        assert not {"actor", "reason"} & set(newest)
        for address in (f"{path}/history", "/v1/revisions", "/v1/revisions/2", "/v1/changes"):
            text = client.get(address).get_data(as_text=True)
            assert "Frau M." not in text
            assert "geheim" not in text
            assert '"act_' not in text

    def test_shows_the_lead_ministry_its_own(self, client: FlaskClient, coordinator: Headers, editor: Any) -> None:
        path = f"/v1/projects/{PROJECT}"
        change(client, path, {"internal_note": "Frau M."}, {**coordinator, "Change-Reason": "geheim"})
        mine, other = history(client, path, editor(LEAD))[0], history(client, path, editor("MWIKE"))[0]
        assert (fields(mine["changes"])["internal_note"], mine["reason"]) == ((None, "Frau M."), "geheim")
        assert (other["changes"], "reason" in other) == ([], False)

    def test_names_the_parts_that_raise_its_version(self, client: FlaskClient, coordinator: Headers) -> None:
        path = f"/v1/projects/{PROJECT}"
        body = {"action_field": "energy", "from_on": "2026-05-01", "basis": "published_source"}
        write(client, f"{path}/assignments", body, coordinator)
        newest = history(client, path)[0]
        assert (newest["action"], newest["changes"]) == ("projects.assign", [])
        ended, begun = sorted(newest["parts"], key=lambda part: str(part["operation"]), reverse=True)
        assert (ended["type"], fields(ended["changes"])) == ("assignment", {"to_on": (None, "2026-05-01")})
        assert fields(begun["changes"])["action_field"] == (None, "energy")
        assert fields(begun["changes"])["project"] == (None, PROJECT)

    def test_shows_money_as_text_and_names_by_their_keys(self, client: FlaskClient, coordinator: Headers) -> None:
        body = {"programme": "efre-regio-nrw", "applicant": "MWIKE", "requested_amount": "1250000.00"}
        made = write(client, f"/v1/projects/{PROJECT}/applications", body, coordinator)
        changes = fields(history(client, f"/v1/applications/{made.json['id']}", coordinator)[0]["changes"])
        assert changes["requested_amount"] == (None, "1250000.00")
        assert changes["programme"] == (None, "efre-regio-nrw")
        assert changes["applicant"] == (None, "MWIKE")
        assert changes["project"] == (None, PROJECT)

    def test_is_found_under_former_addresses(self, client: FlaskClient, coordinator: Headers) -> None:
        body = {"slug": "dach", "title_de": "Dach", "proposed_on": "2026-03-02"}
        write(client, "/v1/projects", body, coordinator)
        change(client, "/v1/projects/dach", {"slug": "dachgarten"}, coordinator)
        for slug in ("dach", "dachgarten"):
            assert [item["operation"] for item in history(client, f"/v1/projects/{slug}")][-2:] == ["update", "create"]
        assert history(client, "/v1/projects/dach", query="?known_at=2")[0]["operation"] == "create"
        assert client.get("/v1/projects/dach/history?known_at=1").status_code == 404

    def test_of_a_deletion_shows_what_was(self, client: FlaskClient, coordinator: Headers) -> None:
        body = {"slug": "dach", "title_de": "Dach", "proposed_on": "2026-03-02"}
        tag = write(client, "/v1/projects", body, coordinator).headers["ETag"]
        headers = {**coordinator, "If-Match": tag, "Change-Reason": "doppelt"}
        assert client.delete("/v1/projects/dach", headers=headers).status_code == 204
        newest = history(client, "/v1/projects/dach", coordinator)[0]
        assert (newest["operation"], newest["reason"], newest["version"]) == ("delete", "doppelt", 2)
        assert fields(newest["changes"])["title_de"] == ("Dach", None)
        assert [(part["type"], part["operation"]) for part in newest["parts"]] == [("status_change", "delete")]

    def test_is_paged_without_loss(self, client: FlaskClient, coordinator: Headers) -> None:
        for number in range(5):
            change(client, f"/v1/projects/{PROJECT}", {"source_notes": str(number)}, coordinator)
        found, path = [], f"/v1/projects/{PROJECT}/history?limit=2&known_at=6"
        while path:
            page = client.get(path).json
            found += [item["revision"] for item in page["items"]]
            path = page["next"]
            change(client, f"/v1/projects/{PROJECT}", {"source_notes": f"later {found}"}, coordinator)
        assert found == [6, 5, 4, 3, 2, 1]

    @pytest.mark.parametrize(
        "address",
        ["projects/rasmt", "organisations/MUNV", "action-fields/energy", "theme-forums/13", "programme/ruhr-konferenz"],
    )
    def test_is_there_for_every_kind(self, client: FlaskClient, address: str) -> None:
        assert history(client, f"/v1/{address}")[0]["operation"] == "create"

    @pytest.mark.parametrize("resource", ["decisions", "awards", "applications", "milestones", "funding-programmes"])
    def test_is_there_for_every_kind_with_an_id(self, client: FlaskClient, resource: str) -> None:
        record = client.get(f"/v1/{resource}?limit=1").json["items"][0]
        key = record["code"] if resource == "funding-programmes" else record["id"]
        assert history(client, f"/v1/{resource}/{key}")[0]["changes"]

    @pytest.mark.parametrize(
        "address", ["projects/nix", "awards/nix", "theme-forums/x", "theme-forums/99", "nix/rasmt"]
    )
    def test_of_what_never_was_is_not_found(self, client: FlaskClient, address: str) -> None:
        assert client.get(f"/v1/{address}/history").status_code == 404

    def test_shows_that_a_value_was_erased(self, client: FlaskClient, coordinator: Headers, seeded: Database) -> None:
        change(client, f"/v1/projects/{PROJECT}", {"internal_note": "Frau M."}, {**coordinator, "Change-Reason": "x"})
        with seeded.write_engine.begin() as connection:
            connection.execute(sa.delete(Redactable).where(Redactable.rev == 2))
        newest = history(client, f"/v1/projects/{PROJECT}", coordinator)[0]
        assert (fields(newest["changes"])["internal_note"], newest["reason"]) == ((None, "[gelöscht]"), "[gelöscht]")


class TestDrafts:
    @pytest.fixture
    def draft(self, client: FlaskClient, coordinator: Headers) -> str:
        body = {"level": "federal", "requested_amount": "4711.00", "file_reference": "AZ-1", "purpose": "Heimlich"}
        return str(write(client, f"/v1/projects/{PROJECT}/applications", body, coordinator).json["id"])

    def test_leak_nowhere(self, client: FlaskClient, editor: Any, coordinator: Headers, draft: str) -> None:
        change(client, f"/v1/applications/{draft}", {"requested_amount": "4712.00"}, coordinator)
        for headers in ({}, editor("MWIKE")):
            assert client.get(f"/v1/applications/{draft}/history", headers=headers).status_code == 404
            for address in ("/v1/changes?since=1", "/v1/revisions?limit=2", "/v1/revisions/2", "/v1/revisions/3"):
                text = client.get(address, headers=headers).get_data(as_text=True)
                for secret in (draft, "Heimlich", "4711", "AZ-1", "applications.", "changes_count"):
                    assert secret not in text, (address, secret)
            feed = client.get("/v1/changes?since=1", headers=headers).json
            assert [(item["revision"], item["records"]) for item in feed["items"]] == [(2, []), (3, [])]

    def test_are_shown_to_their_ministry(self, client: FlaskClient, editor: Any, draft: str) -> None:
        mine = editor(LEAD)
        assert fields(history(client, f"/v1/applications/{draft}", mine)[0]["changes"])["file_reference"] == (
            None,
            "AZ-1",
        )
        assert client.get("/v1/changes?since=1", headers=mine).json["items"][0]["changes_count"] == 2

    def test_begin_for_the_public_when_submitted(self, client: FlaskClient, coordinator: Headers, draft: str) -> None:
        body = {"to": "submitted", "on": "2026-05-04"}
        write(client, f"/v1/applications/{draft}/transitions", body, coordinator, 200)
        (only,) = history(client, f"/v1/applications/{draft}")
        assert (only["revision"], only["operation"], only["version"]) == (3, "create", 2)
        assert "file_reference" not in fields(only["changes"])
        assert [fields(part["changes"])["to_status"] for part in only["parts"]] == [(None, "submitted")]
        assert [item["operation"] for item in history(client, f"/v1/applications/{draft}", coordinator)] == [
            "update",
            "create",
        ]


class TestRevision:
    def test_shows_its_place_in_the_log_and_every_change(self, client: FlaskClient, coordinator: Headers) -> None:
        change(client, f"/v1/projects/{PROJECT}", {"source_notes": "neu"}, coordinator)
        first, second = client.get("/v1/revisions/1?limit=200").json, client.get("/v1/revisions/2").json
        assert second["previous_leaf"] == first["leaf"]
        assert (first["previous_leaf"], second["epoch"]) == ("0" * 64, 1)
        assert [(item["path"], fields(item["changes"])) for item in second["items"]] == [
            (f"/v1/projects/{PROJECT}", {"source_notes": (None, "neu")})
        ]
        found, path = 0, "/v1/revisions/1?limit=200"
        while path:
            page = client.get(path).json
            found, path = found + len(page["items"]), page["next"]
        assert found == first["changes_count"] > 1000
        assert client.get("/v1/revisions/3").status_code == 404
        assert client.get("/v1/revisions/2?known_at=1").status_code == 404

    def test_are_listed_newest_first(self, client: FlaskClient, coordinator: Headers) -> None:
        change(client, f"/v1/projects/{PROJECT}", {"source_notes": "neu"}, coordinator)
        page = client.get("/v1/revisions?limit=1").json
        assert [item["revision"] for item in page["items"]] == [2]
        assert [item["revision"] for item in client.get(page["next"]).json["items"]] == [1]
        assert client.get("/v1/revisions?known_at=0").json["items"] == []


class TestFeed:
    def test_goes_on_where_it_stopped(self, client: FlaskClient, coordinator: Headers) -> None:
        for number in range(3):
            change(client, f"/v1/projects/{PROJECT}", {"source_notes": str(number)}, coordinator)
        first = client.get("/v1/changes?limit=2").json
        assert ([item["revision"] for item in first["items"]], first["next_since"], first["head"]) == ([1, 2], 2, 4)
        rest = client.get("/v1/changes?since=2").json
        assert ([item["revision"] for item in rest["items"]], rest["next_since"]) == ([3, 4], 4)
        assert client.get("/v1/changes?since=4").json == {"items": [], "next_since": 4, "head": 4}

    def test_passes_over_other_kinds(self, client: FlaskClient, coordinator: Headers) -> None:
        change(client, f"/v1/projects/{PROJECT}", {"source_notes": "x"}, coordinator)
        assert client.get("/v1/changes?since=1&resource=awards").json == {"items": [], "next_since": 2, "head": 2}
        assert len(client.get("/v1/changes?since=1&resource=awards&resource=projects").json["items"]) == 1

    @pytest.mark.parametrize("query", ["since=9", "since=-1", "wait=31", "limit=0", "limit=201", "resource=nix"])
    def test_refuses(self, client: FlaskClient, query: str) -> None:
        answer = client.get(f"/v1/changes?{query}")
        assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (422, query.partition("=")[0])

    def test_waits_for_the_next_revision(self, seeded: Database, coordinator: Headers) -> None:
        app = make_app(seeded)
        found: list[Any] = []
        waiting = threading.Thread(
            target=lambda: found.append(app.test_client().get("/v1/changes?since=1&wait=20").json)
        )
        began = time.monotonic()
        waiting.start()
        time.sleep(0.3)
        assert found == []
        change(app.test_client(), f"/v1/projects/{PROJECT}", {"source_notes": "x"}, coordinator)
        waiting.join()
        assert time.monotonic() - began < 15
        assert [item["revision"] for item in found[0]["items"]] == [2]

    def test_answers_empty_when_the_time_is_over(self, client: FlaskClient) -> None:
        began = time.monotonic()
        assert client.get("/v1/changes?since=1&wait=1").json["items"] == []
        assert time.monotonic() - began >= 1

    def test_lets_only_half_of_the_threads_wait(self, seeded: Database) -> None:
        app = make_app(seeded)  # with four threads
        took: list[float] = []

        def wait() -> None:
            began = time.monotonic()
            app.test_client().get("/v1/changes?since=1&wait=3")
            took.append(time.monotonic() - began)

        app.test_client().get("/v1/changes")
        waiters = [threading.Thread(target=wait) for _ in range(5)]
        for waiter in waiters:
            waiter.start()
        for waiter in waiters:
            waiter.join()
        assert sum(seconds >= 3 for seconds in took) == 2


class TestRegister:
    def test_knows_every_audited_table(self) -> None:
        audited = {m.class_.__tablename__ for m in Base.registry.mappers if m.class_.not_audited is None}
        assert set(REGISTER.kinds) == audited

    @pytest.mark.parametrize("engine_name", ["sqlite"])
    def test_shows_fields_under_the_names_of_the_records(self, database: Database) -> None:
        schemas = spec.document(make_app(database).extensions["portfolio_api"])["components"]["schemas"]
        for kind in REGISTER.paths.values():
            described = set(schemas[kind.model.__name__]["properties"])
            assert {shown.name for shown in kind.shown if not shown.committed} <= described, kind.name
