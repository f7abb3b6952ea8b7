"""The names the register answers to."""

from __future__ import annotations

import dataclasses

import pytest
from flask.testing import FlaskClient

from portfolio.app import create_app
from portfolio.core.db import Database
from tests.conftest import settings_of

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])


@pytest.fixture
def client(database: Database) -> FlaskClient:
    settings = dataclasses.replace(
        settings_of(database), host="192.0.2.5", trusted_hosts=("register.example", ".land.example")
    )
    return create_app(settings, database).test_client()


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:1", "[::1]", "[::1]:8000", "192.0.2.5",
        "register.example", "register.example:443", "Register.Example.", "a.land.example", "a.b.land.example",
    ],
)  # fmt: skip
def test_known_names_are_answered(client: FlaskClient, host: str) -> None:
    assert client.get("/v1/vocabularies", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "land.example", "xland.example", "register.example.evil.example", "a.register.example",
        "localhost,evil.example", "localhost evil", "localhost:port", "localhost:", "localhost:999999", "", "/",
        "localhost/", "user@localhost", "192.0.2.6", "[::2]", "::1", "127.0.0.1.evil.example", "локальный",
    ],
)  # fmt: skip
def test_other_names_are_refused(client: FlaskClient, host: str) -> None:
    for path in ("/v1/vocabularies", "/", "/nix"):
        refused = client.get(path, headers={"Host": host})
        assert (refused.status_code, refused.json["type"]) == (400, "/problems/unknown-host"), path
    assert client.get("/health/live", headers={"Host": host}).status_code == 200


def test_forwarded_names_are_not_believed(client: FlaskClient) -> None:
    assert client.get("/v1/vocabularies", headers={"X-Forwarded-Host": "evil.example"}).status_code == 200
    both = {"Host": "evil.example", "X-Forwarded-Host": "localhost", "Forwarded": "host=localhost"}
    assert client.get("/v1/vocabularies", headers=both).status_code == 400
