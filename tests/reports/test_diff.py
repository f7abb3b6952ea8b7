"""What changed between two moments: the records that differ, and totals that add up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

Headers = dict[str, str]
PROJECT = "/v1/projects/oepnv-initiative"


@pytest.fixture
def told(client: FlaskClient, coordinator: Headers) -> FlaskClient:
    """A register that learnt of a change, an application (draft, then submitted), and a project that came and went."""

    def post(path: str, body: Any) -> Any:
        answer = client.post(path, json=body, headers=coordinator)
        assert answer.status_code in (200, 201), answer.get_data(as_text=True)
        return answer

    tag = client.get(PROJECT, headers=coordinator).headers["ETag"]
    client.patch(PROJECT, json={"source_notes": "neu"}, headers={**coordinator, "If-Match": tag})
    body = {"level": "federal", "requested_amount": "250000.00"}
    made = post(f"{PROJECT}/applications", body).json["id"]
    post(f"/v1/applications/{made}/transitions", {"to": "submitted", "on": "2026-05-04"})
    gone = post("/v1/projects", {"slug": "dach", "title_de": "Dach", "proposed_on": "2026-03-02"})
    headers = {**coordinator, "If-Match": gone.headers["ETag"], "Change-Reason": "doppelt"}
    assert client.delete("/v1/projects/dach", headers=headers).status_code == 204
    return client


def diff(client: FlaskClient, query: str, headers: Headers | None = None) -> Any:
    answer = client.get(f"/v1/diff?{query}", headers=headers or {})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.json


def items(body: Any) -> list[tuple[str, str, list[str]]]:
    return [(one["type"], one["change"], [change["field"] for change in one["changes"]]) for one in body["items"]]


class TestDiff:
    def test_names_what_differs_and_what_it_did_to_the_totals(self, told: FlaskClient) -> None:
        body = diff(told, "from=1")
        assert (body["from"]["revision"], body["to"]["revision"]) == (1, 6)
        found = items(body)
        assert [(kind, change) for kind, change, _ in found] == [
            ("application", "added"),
            ("status_change", "added"),
            ("project", "changed"),
        ]
        assert found[2][2] == ["source_notes"]
        applied = body["totals"]["funding"]["applied"]
        assert applied == {"from": None, "to": "250000.00", "difference": None}
        assert body["totals"]["funding"]["applied_lines"] == {"from": 18, "to": 19, "difference": 1}
        assert body["totals"]["portfolio"]["projects"] == {"from": 74, "to": 74, "difference": 0}

    def test_from_nothing_shows_everything(self, told: FlaskClient) -> None:
        body = diff(told, "from=0&to=1&limit=200")
        assert body["totals"]["portfolio"]["projects"]["difference"] == 74
        approved = body["totals"]["funding"]["approved"]
        assert Decimal(approved["to"]) - Decimal(approved["from"]) == Decimal(approved["difference"]) > 0
        found, path = 0, "/v1/diff?from=0&to=1&limit=200"
        while path:
            page = told.get(path).json
            assert all(one["change"] == "added" for one in page["items"])
            found, path = found + len(page["items"]), page["next"]
        assert found == told.get("/v1/revisions/1").json["changes_count"]

    def test_backwards_of_a_deletion_says_removed(self, told: FlaskClient, coordinator: Headers) -> None:
        body = diff(told, "from=5&to=6")
        assert [(kind, change) for kind, change, _ in items(body)] == [
            ("project", "removed"),
            ("status_change", "removed"),
        ]

    def test_shows_no_draft_and_no_internals(self, told: FlaskClient, coordinator: Headers) -> None:
        assert items(diff(told, "from=2&to=3")) == []
        assert [kind for kind, _, _ in items(diff(told, "from=2&to=3", coordinator))] == [
            "application",
            "status_change",
        ]

    def test_equals_itself_later(self, told: FlaskClient, coordinator: Headers) -> None:
        address = "/v1/diff?from=1&to=4&valid_on=2026-06-01"
        before = told.get(address).get_data()
        tag = told.get(PROJECT).headers["ETag"]
        headers = {**coordinator, "If-Match": tag}
        assert told.patch(PROJECT, json={"source_notes": "noch neuer"}, headers=headers).status_code == 200
        assert told.get(address).get_data() == before

    @pytest.mark.parametrize(
        ("query", "parameter"),
        [("", "from"), ("from=9", "from"), ("from=1&to=9", "to"), ("from=x", "from"), ("from=1&to=0", "from")],
    )
    def test_refuses(self, client: FlaskClient, query: str, parameter: str) -> None:
        answer = client.get(f"/v1/diff?{query}")
        assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (422, parameter)


def test_leaves_demonstration_records_out(demo_client: FlaskClient) -> None:
    shown, hidden = (diff(demo_client, f"from=1&include_demo={flag}&limit=1") for flag in ("true", "false"))
    assert (len(shown["items"]), hidden["items"]) == (1, [])
    assert hidden["totals"]["portfolio"]["projects"]["difference"] == 0
    assert shown["totals"]["portfolio"]["projects"]["difference"] > 0
