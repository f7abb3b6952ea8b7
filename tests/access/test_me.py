"""GET /v1/me: who the credentials stand for."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from portfolio.core.db import Database
from tests.conftest import key_headers


@pytest.mark.parametrize(
    ("role", "organisation", "permission", "scope"),
    [
        ("coordinator", None, "projects.create", "any"),
        ("editor", "MUNV", "projects.update", "own"),
        ("approver", "MUNV", "projects.update", "own"),
        ("auditor", None, None, None),
        ("admin", None, "api-keys.create", "any"),
    ],
)
def test_says_who_and_what(
    client: FlaskClient, seeded: Database, role: str, organisation: str | None, permission: str, scope: str
) -> None:
    answer = client.get("/v1/me", headers=key_headers(seeded, role, organisation))
    found = answer.json
    assert (found["role"], found["name"], found["via"]) == (role, "test", "key")
    assert (found["organisation"] or {}).get("code") == organisation
    permissions = {one["operation"]: one["scope"] for one in found["permissions"]}
    assert permissions.get(permission) == scope
    assert bool(permissions) is (permission is not None)
    assert answer.headers["Cache-Control"] == "no-store"


def test_is_for_who_is_signed_in(client: FlaskClient) -> None:
    refused = client.get("/v1/me")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="portfolio"')


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "bearer",
        "Token pk_x",
        "pk_x",
        "Bearer pk_x, Bearer pk_y",
        "Bearer " + "x" * 9000,
    ],
)
def test_credentials_that_are_sent_must_be_good(client: FlaskClient, seeded: Database, header: str) -> None:
    assert client.get("/v1/projects", headers={"Authorization": header}).status_code == 401
    good = key_headers(seeded, "auditor")["Authorization"]
    assert client.get("/v1/projects", headers={"Authorization": good}).status_code == 200
    assert client.get("/v1/projects", headers={"Authorization": good.replace("Bearer ", "BEARER  ")}).status_code == 200
