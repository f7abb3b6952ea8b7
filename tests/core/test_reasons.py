"""Why a write was made: read from one header, refused when it cannot be read, required where the rules say."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from portfolio.core import spec, spec_reading

Headers = dict[str, str]
PROJECT = "/v1/projects/oepnv-initiative"


def reason_of(client: FlaskClient, headers: Headers) -> str | None:
    found: str | None = client.get("/v1/revisions?limit=1", headers=headers).json["items"][0]["reason"]
    return found


def refused(answer: Any, place: str) -> str:
    assert answer.status_code == 422, answer.get_data(as_text=True)
    (error,) = answer.json["errors"]
    assert place in (error.get("parameter"), error.get("pointer"))
    return str(error["code"])


class TestHeader:
    def test_is_kept_with_the_revision(self, client: FlaskClient, coordinator: Headers) -> None:
        body = {"kind": "cabinet_decision", "authority": "Landesregierung", "decided_on": "2026-03-02", "title_de": "x"}
        for reason in ("Prüfvermerk vom 2.3. (100 %)", "x" * 500):
            headers = {**coordinator, "Change-Reason": quote(reason)}
            assert client.post("/v1/decisions", json=body, headers=headers).status_code == 201
            assert reason_of(client, coordinator) == reason
        assert client.post("/v1/decisions", json=body, headers=coordinator).status_code == 201
        assert reason_of(client, coordinator) is None

    @pytest.mark.parametrize(
        ("header", "code"),
        [
            ("100 %", "not_percent_encoded"),
            ("Gr\xfcnde", "not_percent_encoded"),
            ("%FF", "not_utf8"),
            ("%20", "empty"),
            ("", "empty"),
            ("x" * 501, "too_long"),
            ("a%0Ab", "forbidden_character"),
        ],
    )
    def test_is_refused(self, client: FlaskClient, coordinator: Headers, header: str, code: str) -> None:
        body = {"slug": "dach", "title_de": "Dach", "proposed_on": "2026-03-02"}
        answer = client.post("/v1/projects", json=body, headers={**coordinator, "Change-Reason": header})
        assert refused(answer, "Change-Reason") == code
        assert client.get("/v1/projects/dach").status_code == 404

    @pytest.mark.parametrize("engine_name", ["sqlite"])
    def test_is_documented_on_every_write_that_makes_a_revision(self, client: FlaskClient) -> None:
        document = spec.document(client.application.extensions["portfolio_api"])
        for path, method, _ in spec_reading.operations(document):
            named = {one["name"]: one for one in spec_reading.parameters_of(document, path, method)}
            assert ("Change-Reason" in named) == (method != "get" and "/api-keys" not in path)
            if method == "delete":
                assert named["Change-Reason"]["required"] is True


class TestTransition:
    def test_takes_it_in_the_body_or_in_the_header(self, client: FlaskClient, coordinator: Headers) -> None:
        path = f"{PROJECT}/transitions"
        body = {"to": "suspended", "on": "2026-05-04"}
        both = client.post(path, json={**body, "reason": "a"}, headers={**coordinator, "Change-Reason": "b"})
        assert refused(both, "Change-Reason") == "two_reasons"
        assert client.post(path, json=body, headers={**coordinator, "Change-Reason": "Pr%C3%BCfung"}).status_code == 200
        assert reason_of(client, coordinator) == "Prüfung"
        assert client.get(path, headers=coordinator).json["items"][-1]["reason"] == "Prüfung"
        before = client.get(PROJECT, headers=coordinator).json
        back = {"to": _suspended_from(client, path), "on": "2026-05-05", "reason": "erledigt"}
        assert client.post(path, json=back, headers=coordinator).status_code == 200
        assert reason_of(client, coordinator) == "erledigt"
        assert before["status"] == "suspended"


def _suspended_from(client: FlaskClient, path: str) -> str:
    return str(client.get(path).json["items"][-1]["from_status"])


class TestRequired:
    def test_for_removals_of_a_project(self, client: FlaskClient, coordinator: Headers) -> None:
        path = f"{PROJECT}/transitions"
        for status in ("not_pursued", "transferred_out", "merged"):
            answer = client.post(path, json={"to": status, "on": "2026-05-04"}, headers=coordinator)
            assert refused(answer, "#/reason") == "reason_required"
            assert answer.json["type"] == "/problems/reason-required"
        body = {"to": "not_pursued", "on": "2026-05-04", "reason": "Träger insolvent"}
        assert client.post(path, json=body, headers=coordinator).status_code == 200

    def test_for_a_reopening_unless_the_decision_gives_one(self, client: FlaskClient, coordinator: Headers) -> None:
        path = f"{PROJECT}/transitions"
        drop = {"to": "not_pursued", "on": "2026-05-04", "reason": "Träger insolvent"}
        assert client.post(path, json=drop, headers=coordinator).status_code == 200
        decision = {"kind": "cabinet_decision", "authority": "x", "decided_on": "2026-05-05", "title_de": "x"}

        def decide(**more: Any) -> Any:
            return client.post("/v1/decisions", json={**decision, **more}, headers=coordinator).json["id"]

        body = {"to": "adopted", "on": "2026-05-06"}
        silent = client.post(path, json={**body, "decision": decide()}, headers=coordinator)
        assert refused(silent, "#/reason") == "reason_required"
        reasoned = {**body, "decision": decide(reason_de="Neuer Träger")}
        assert client.post(path, json=reasoned, headers=coordinator).status_code == 200

    def test_for_deleting(self, client: FlaskClient, coordinator: Headers) -> None:
        body = {"slug": "dach", "title_de": "Dach", "proposed_on": "2026-03-02"}
        tag = client.post("/v1/projects", json=body, headers=coordinator).headers["ETag"]
        headers = {**coordinator, "If-Match": tag}
        assert refused(client.delete("/v1/projects/dach", headers=headers), "Change-Reason") == "reason_required"
        assert client.get("/v1/projects/dach").status_code == 200

    def test_for_what_ends_money_and_milestones(self, client: FlaskClient, coordinator: Headers) -> None:
        made = client.post(f"{PROJECT}/applications", json={"level": "federal"}, headers=coordinator).json["id"]
        withdrawn = {"to": "withdrawn", "on": "2026-05-04"}
        answer = client.post(f"/v1/applications/{made}/transitions", json=withdrawn, headers=coordinator)
        assert refused(answer, "#/reason") == "reason_required"
        award = client.get("/v1/awards?limit=1").json["items"][0]["id"]
        answer = client.post(
            f"/v1/awards/{award}/transitions", json={"to": "revoked", "on": "2026-05-04"}, headers=coordinator
        )
        assert refused(answer, "#/reason") == "reason_required"
        correction = {"type": "correction", "booked_on": "2026-05-04", "reverses": award}
        answer = client.post(f"/v1/awards/{award}/ledger-entries", json=correction, headers=coordinator)
        assert refused(answer, "Change-Reason") == "reason_required"
        body = {"title_de": "Start", "kind": "start", "baseline_on": "2026-05-01"}
        milestone = client.post(f"{PROJECT}/milestones", json=body, headers=coordinator).json["id"]
        cancelled = {"to": "cancelled", "on": "2026-05-04"}
        answer = client.post(f"/v1/milestones/{milestone}/transitions", json=cancelled, headers=coordinator)
        assert refused(answer, "#/reason") == "reason_required"
