"""How often one caller may ask."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portfolio.access.service import create_key, key_by_prefix, revoke_key
from portfolio.app import create_app
from portfolio.core.db import Database
from portfolio.core.settings import Rates
from tests.answer_checker import CheckedClient
from tests.conftest import SYSTEM, key_headers, settings_of

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])
UNKNOWN = {"Authorization": "Bearer pk_" + "A" * 43}


def app_of(database: Database, *, proxies: int = 0, requests: int = 5, failures: int = 3) -> Flask:
    settings = dataclasses.replace(
        settings_of(database), rates=Rates(requests=requests, failures=failures), trusted_proxies=proxies
    )
    app = create_app(settings, database)
    app.test_client_class = CheckedClient
    return app


@pytest.fixture
def client(seeded: Database) -> FlaskClient:
    return app_of(seeded).test_client()


def statuses(client: FlaskClient, count: int, path: str = "/v1/programme", **options: Any) -> list[int]:
    return [client.get(path, **options).status_code for _ in range(count)]


def from_address(address: str) -> dict[str, Any]:
    return {"environ_base": {"REMOTE_ADDR": address}}


def test_a_caller_that_asks_too_often_is_told_when_to_come_back(client: FlaskClient) -> None:
    left = [int(client.get("/v1/programme").headers["RateLimit-Remaining"]) for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    refused = client.get("/v1/programme")
    assert (refused.status_code, refused.json["type"]) == (429, "/problems/too-many-requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit-Limit"] == "5"
    assert refused.headers["RateLimit-Remaining"] == "0"


def test_each_caller_counts_alone(client: FlaskClient, seeded: Database) -> None:
    assert statuses(client, 6)[-1] == 429
    one, other = key_headers(seeded, "auditor"), key_headers(seeded, "auditor")
    assert statuses(client, 6, headers=one) == [200] * 5 + [429]
    assert statuses(client, 5, headers=other) == [200] * 5
    assert statuses(client, 5, **from_address("192.0.2.9")) == [200] * 5


def test_pages_and_wrong_addresses_count_too_and_probes_do_not(client: FlaskClient) -> None:
    assert statuses(client, 3, "/nix") == [404] * 3
    assert statuses(client, 3, "/docs") == [200, 200, 429]
    assert statuses(client, 9, "/health/live") == [200] * 9


def test_an_ipv6_site_is_one_caller(client: FlaskClient) -> None:
    for host in range(1, 6):
        assert statuses(client, 1, **from_address(f"2001:db8:0:1::{host:x}")) == [200]
    assert statuses(client, 1, **from_address("2001:db8:0:1:ffff::1")) == [429]
    assert statuses(client, 1, **from_address("2001:db8:0:2::1")) == [200]
    assert statuses(client, 5, **from_address("::ffff:192.0.2.1")) == [200] * 5
    assert statuses(client, 1, **from_address("192.0.2.1")) == [429]


class TestFailures:
    def test_are_limited_by_address(self, seeded: Database) -> None:
        client = app_of(seeded, requests=1000).test_client()
        assert statuses(client, 5, headers=UNKNOWN) == [401, 401, 401, 429, 429]
        assert statuses(client, 1, headers=UNKNOWN, **from_address("192.0.2.9")) == [401]

    def test_lock_no_good_key_out(self, seeded: Database) -> None:
        client = app_of(seeded, requests=1000).test_client()
        statuses(client, 9, headers=UNKNOWN)
        assert statuses(client, 5, headers=key_headers(seeded, "auditor")) == [200] * 5
        assert statuses(client, 5) == [200] * 5

    def test_are_none_where_nobody_guesses(self, seeded: Database) -> None:
        client = app_of(seeded, requests=1000).test_client()
        with seeded.transaction(SYSTEM) as session:
            made = create_key(session, role="auditor", name="x")
            revoke_key(session, key_by_prefix(session, made.key.prefix))
        revoked = {"Authorization": f"Bearer {made.secret}"}
        assert statuses(client, 9, headers=revoked) == [401] * 9
        assert [client.post("/v1/projects", json={}).status_code for _ in range(9)] == [401] * 9


class TestProxies:
    FORGED = {"X-Forwarded-For": "203.0.113.1"}

    def test_are_not_believed_unless_they_are_known(self, client: FlaskClient) -> None:
        for number in range(5):
            assert statuses(client, 1, headers={"X-Forwarded-For": f"203.0.113.{number}"}) == [200]
        assert statuses(client, 1, headers=self.FORGED) == [429]

    def test_that_are_known_say_who_asks(self, seeded: Database) -> None:
        client = app_of(seeded, proxies=1).test_client()
        assert statuses(client, 6, headers=self.FORGED) == [200] * 5 + [429]
        # What the client itself claims stands before what the proxy adds, and counts for nothing.
        claimed = {"X-Forwarded-For": "198.51.100.7, 203.0.113.1"}
        assert statuses(client, 1, headers=claimed) == [429]
        assert statuses(client, 1, headers={"X-Forwarded-For": "203.0.113.2"}) == [200]
