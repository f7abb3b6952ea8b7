"""Projects over HTTP: versions, ownership, pages, naming, removal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from portfolio.core.db import Database
from tests.conftest import make_app

Headers = dict[str, str]


def _create(client: FlaskClient, headers: Headers, slug: str = "dach") -> Any:
    answer = client.post(
        "/v1/projects",
        json={"slug": slug, "title_de": "Grünes Dach", "proposed_on": "2026-03-02", "internal_note": "geheim"},
        headers=headers,
    )
    assert answer.status_code == 201
    return answer


class TestPatch:
    def test_needs_the_version_that_was_read(self, client: FlaskClient, coordinator: Headers) -> None:
        made = _create(client, coordinator)
        tag = made.headers["ETag"]
        for header, status in (
            ({}, 428),
            ({"If-Match": "*"}, 412),
            ({"If-Match": f"W/{tag}"}, 412),
            ({"If-Match": '"9-abc"'}, 412),
            ({"If-Match": f'{tag}, "2-x"'}, 412),
        ):
            answer = client.patch("/v1/projects/dach", json={"title_de": "X"}, headers={**coordinator, **header})
            assert answer.status_code == status, header
        changed = client.patch("/v1/projects/dach", json={"title_de": "Neu"}, headers={**coordinator, "If-Match": tag})
        assert (changed.status_code, changed.json["title_de"], changed.json["version"]) == (200, "Neu", 2)
        stale = client.patch("/v1/projects/dach", json={"title_de": "X"}, headers={**coordinator, "If-Match": tag})
        assert stale.status_code == 412

    def test_touches_only_what_is_sent(self, client: FlaskClient, coordinator: Headers) -> None:
        tag = _create(client, coordinator).headers["ETag"]
        headers = {**coordinator, "If-Match": tag, "Content-Type": "application/merge-patch+json"}
        answer = client.patch("/v1/projects/dach", data='{"title_en":"Green roof"}', headers=headers)
        assert (answer.json["title_de"], answer.json["title_en"]) == ("Grünes Dach", "Green roof")


class TestReading:
    def test_answers_304_for_the_same_bytes_only(self, client: FlaskClient, coordinator: Headers) -> None:
        first = client.get("/v1/projects/rasmt")
        assert client.get("/v1/projects/rasmt", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
        other = client.get("/v1/projects/rasmt?valid_on=2019-10-31", headers={"If-None-Match": first.headers["ETag"]})
        assert other.status_code == 200
        pages = client.get("/v1/projects")
        assert client.get("/v1/projects", headers={"If-None-Match": pages.headers["ETag"]}).status_code == 304
        _create(client, coordinator)
        assert client.get("/v1/projects", headers={"If-None-Match": pages.headers["ETag"]}).status_code == 200

    def test_hides_what_is_not_public(
        self, client: FlaskClient, coordinator: Headers, editor: Callable[[str], Headers]
    ) -> None:
        _create(client, coordinator)
        assert client.get("/v1/projects/dach", headers=coordinator).json["internal_note"] == "geheim"
        assert "internal_note" not in client.get("/v1/projects/dach").json
        assert "internal_note" not in client.get("/v1/projects/dach", headers=editor("MUNV")).json
        assert "geheim" not in client.get("/v1/projects?format=csv").get_data(as_text=True)

    def test_passes_the_lead_to_the_one_successor(self, client: FlaskClient) -> None:
        assert client.get("/v1/projects/oepnv-initiative?valid_on=2022-06-28").json["lead_ministry"] == "VM"
        assert client.get("/v1/projects/oepnv-initiative?valid_on=2022-06-29").json["lead_ministry"] == "MUNV"
        split = client.get("/v1/projects/klimaresiliente-region").json
        assert (split["lead_ministry"], split["lead_successor_undetermined"]) == ("MULNV", True)


class TestPages:
    @pytest.mark.parametrize("sort", ["title", "-title", "code", "-code", "updated_at", "-status_as_of", "slug"])
    def test_walk_through_everything_once(self, client: FlaskClient, sort: str) -> None:
        seen, path = [], f"/v1/projects?limit=7&sort={sort}"
        while path:
            page = client.get(path).json
            seen += [item["slug"] for item in page["items"]]
            path = page["next"]
            assert path is None or path.startswith("/v1/")
        whole = client.get(f"/v1/projects?limit=200&sort={sort}").json["items"]
        assert seen == [item["slug"] for item in whole]
        assert len(set(seen)) == 75

    def test_put_nulls_last_either_way(self, client: FlaskClient) -> None:
        for sort in ("code", "-code"):
            codes = [item["code"] for item in client.get(f"/v1/projects?limit=200&sort={sort}").json["items"]]
            known = [code for code in codes if code is not None]
            assert codes == known + [None] * (len(codes) - len(known))
            assert known == sorted(known, reverse=sort.startswith("-"))

    def test_refuse_a_cursor_of_another_list(self, client: FlaskClient) -> None:
        cursor = client.get("/v1/projects?limit=5").json["next"].split("cursor=")[1]
        assert client.get(f"/v1/projects?limit=5&action_field=energy&cursor={cursor}").status_code == 422


class TestOwnership:
    def test_keeps_editors_to_the_projects_they_lead_today(
        self, client: FlaskClient, editor: Callable[[str], Headers]
    ) -> None:
        body = {"to": "in_implementation", "on": "2026-03-02"}
        foreign = client.post("/v1/projects/ruhr-digital/transitions", json=body, headers=editor("MUNV"))
        assert (foreign.status_code, foreign.json["type"]) == (403, "/problems/not-your-project")
        past = client.post("/v1/projects/ruhr-digital/transitions", json=body, headers=editor("MWIDE"))
        assert past.status_code == 403  # led it until 2022
        own = client.post("/v1/projects/ruhr-digital/transitions", json=body, headers=editor("MWIKE"))
        assert own.status_code == 200

    def test_leaves_the_population_to_the_coordinator(
        self, client: FlaskClient, editor: Callable[[str], Headers]
    ) -> None:
        body = {"slug": "neu", "title_de": "Neu", "proposed_on": "2026-03-02"}
        assert client.post("/v1/projects", json=body, headers=editor("MUNV")).status_code == 403
        assert client.post("/v1/projects", json=body).status_code == 401

    def test_refuses_a_bad_key_also_for_reading(self, client: FlaskClient) -> None:
        for value in ("Bearer pk_falsch", "Bearer", "Basic abc", "Bearer \u00fc"):
            answer = client.get("/v1/projects", headers={"Authorization": value})
            assert answer.status_code == 401
            assert "WWW-Authenticate" in answer.headers


class TestNaming:
    def test_sends_the_old_address_on(self, client: FlaskClient, coordinator: Headers) -> None:
        slug = "nicht-ermittelt-07"
        project = f"/v1/projects/{slug}"
        tag = client.get(project).headers["ETag"]
        change = {
            "slug": "haus-des-sports",
            "title_de": "Haus des Sports",
            "title_known": True,
            "sources": [{"url": "https://land.example/haus", "title": "Haus"}],
        }
        early = client.patch(project, json=change, headers={**coordinator, "If-Match": tag})
        assert (early.status_code, early.json["type"]) == (409, "/problems/not-ready-to-be-named")
        client.post(
            f"{project}/assignments",
            json={"action_field": "diversity", "from_on": "2019-11-05", "basis": "published_source"},
            headers=coordinator,
        )
        led = client.post(
            f"{project}/roles",
            json={"organisation": "StK", "role": "lead_ministry", "from_on": "2019-11-05", "basis": "published_source"},
            headers=coordinator,
        )
        named = client.patch(project, json=change, headers={**coordinator, "If-Match": led.headers["ETag"]})
        assert named.status_code == 200, named.get_data(as_text=True)
        moved = client.get(project)
        assert (moved.status_code, moved.headers["Location"]) == (308, "/v1/projects/haus-des-sports")
        for part in (
            "",
            "/transitions",
            "/assignments",
            "/roles",
            "/milestones",
            "/applications",
            "/funding-statements",
        ):
            sent_on = client.get(f"{project}{part}?valid_on=2020-01-01")
            target = f"/v1/projects/haus-des-sports{part}?valid_on=2020-01-01"
            assert (sent_on.status_code, sent_on.headers["Location"]) == (308, target)
            assert client.get(target).status_code == 200
        assert client.get(f"{project}?known_at=1").json["title_known"] is False
        assert client.get("/v1/reports/portfolio").json["completeness"]["unnamed"]["count"] == 18
        taken = client.post(
            "/v1/projects", json={"slug": slug, "title_de": "X", "proposed_on": "2026-03-02"}, headers=coordinator
        )
        assert taken.status_code == 409


class TestAssignment:
    def test_ends_the_open_one_and_replaces_the_same_day(self, client: FlaskClient, coordinator: Headers) -> None:
        path = "/v1/projects/rasmt/assignments"
        for field, day in (("energy", "2026-01-01"), ("economy", "2026-01-01"), ("mobility", "2026-02-01")):
            body = {"action_field": field, "from_on": day, "basis": "published_source"}
            assert client.post(path, json=body, headers=coordinator).status_code == 201
        periods = [(a["action_field"], a["from_on"], a["to_on"]) for a in client.get(path).json["items"]]
        assert periods == [
            ("education", "2019-11-05", "2026-01-01"),
            ("economy", "2026-01-01", "2026-02-01"),
            ("mobility", "2026-02-01", None),
        ]
        early = {"action_field": "energy", "from_on": "2025-01-01", "basis": "published_source"}
        assert client.post(path, json=early, headers=coordinator).json["type"] == "/problems/period-overlap"
        assert client.get("/v1/projects/rasmt?valid_on=2026-01-15").json["action_field"] == "economy"


class TestDelete:
    def test_takes_back_a_mistake_and_remembers_it(self, client: FlaskClient, coordinator: Headers) -> None:
        tag = _create(client, coordinator).headers["ETag"]
        gone = client.delete("/v1/projects/dach", headers={**coordinator, "If-Match": tag, "Change-Reason": "Irrtum"})
        assert gone.status_code == 204
        assert client.get("/v1/projects/dach").status_code == 404
        before = int(gone.headers["Register-Revision"]) - 1
        assert client.get(f"/v1/projects/dach?known_at={before}").status_code == 200

    def test_takes_former_addresses_back_too(self, client: FlaskClient, coordinator: Headers) -> None:
        tag = _create(client, coordinator).headers["ETag"]
        moved = client.patch("/v1/projects/dach", json={"slug": "haus"}, headers={**coordinator, "If-Match": tag})
        tag = {"If-Match": moved.headers["ETag"], "Change-Reason": "Irrtum"}
        assert client.delete("/v1/projects/haus", headers={**coordinator, **tag}).status_code == 204
        assert client.get("/v1/projects/dach").status_code == 404
        assert _create(client, coordinator).status_code == 201

    def test_refuses_what_was_more_than_a_proposal(self, client: FlaskClient, coordinator: Headers) -> None:
        tag = client.get("/v1/projects/rasmt").headers["ETag"]
        answer = client.delete(
            "/v1/projects/rasmt", headers={**coordinator, "If-Match": tag, "Change-Reason": "Irrtum"}
        )
        assert (answer.status_code, answer.json["type"]) == (409, "/problems/not-a-draft")

    def test_refuses_while_records_hang_on_it(self, client: FlaskClient, coordinator: Headers) -> None:
        _create(client, coordinator)
        client.post(
            "/v1/projects/dach/milestones",
            json={"title_de": "Start", "kind": "start", "baseline_on": "2026-05-01"},
            headers=coordinator,
        )
        tag = client.get("/v1/projects/dach").headers["ETag"]
        answer = client.delete("/v1/projects/dach", headers={**coordinator, "If-Match": tag, "Change-Reason": "Irrtum"})
        assert (answer.status_code, answer.json["type"]) == (409, "/problems/has-dependants")
        assert client.get("/v1/projects/dach").status_code == 200


def test_parallel_changes_with_one_tag_have_one_winner(seeded: Database, coordinator: Headers) -> None:
    from concurrent.futures import ThreadPoolExecutor

    app = make_app(seeded)
    for turn in range(10):
        tag = app.test_client().get("/v1/projects/rasmt", headers=coordinator).headers["ETag"]

        def change(number: int, tag: str = tag, turn: int = turn) -> int:
            headers = {**coordinator, "If-Match": tag}
            return (
                app.test_client()
                .patch("/v1/projects/rasmt", json={"source_notes": f"{turn}/{number}"}, headers=headers)
                .status_code
            )

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(change, range(2))) == [200, 412]
