"""Every answer of the register names the revision it is true for, refusals and replays too."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from portfolio.core.db import Database

NAME = "Register-Revision"
Headers = dict[str, str]
NEW = {"slug": "neu", "title_de": "Neu", "proposed_on": "2026-03-02"}


class TestRefusal:
    @pytest.mark.parametrize(
        ("path", "status", "revision"),
        [
            ("/v1/projects/gibt-es-nicht", 404, "1"),
            ("/v1/projects/oepnv-initiative?known_at=0", 404, "0"),
            ("/v1/projects?known_at=9", 422, "1"),
            ("/v1/projects?colour=red", 422, "1"),
            ("/v1/revisions/2", 404, "1"),
            ("/v1/log/checkpoint", 404, "1"),
        ],
    )
    def test_of_a_read_names_what_was_read(self, client: FlaskClient, path: str, status: int, revision: str) -> None:
        answer = client.get(path)
        assert (answer.status_code, answer.headers[NAME]) == (status, revision)

    def test_of_a_write_names_the_head(self, client: FlaskClient, coordinator: Headers) -> None:
        assert client.post("/v1/projects", json=NEW).headers[NAME] == "1"
        headers: dict[str, Any] = {**coordinator, "Idempotency-Key": "a"}
        taken = {**NEW, "slug": "oepnv-initiative"}
        refused = client.post("/v1/projects", json=taken, headers=headers)
        assert (refused.status_code, refused.headers[NAME]) == (409, "1")
        assert client.post("/v1/projects", json=NEW, headers=coordinator).headers[NAME] == "2"
        again = client.post("/v1/projects", json=taken, headers=headers)
        assert (again.status_code, again.headers["Idempotent-Replayed"], again.headers[NAME]) == (409, "true", "1")

    def test_at_an_address_that_is_not_the_registers_names_none(self, client: FlaskClient) -> None:
        assert NAME not in client.get("/v2/projects").headers


def test_a_failure_of_ours_does_not_ask_the_database_again(
    client: FlaskClient, seeded: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise RuntimeError("away")

    monkeypatch.setattr("portfolio.history.serving.open_reading", away)
    monkeypatch.setattr("portfolio.history.serving.head_of", away)
    answer = client.get("/v1/projects")
    assert (answer.status_code, NAME in answer.headers) == (500, False)
