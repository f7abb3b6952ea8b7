"""Sign-in through a real, certified OpenID provider that the tests start; skipped where Node is missing."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
import shutil
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from portfolio import verify
from portfolio.core.db import Database
from tests.access.issuing import AUDIENCE, app_of, bearer
from tests.faults.service import kill
from tests.history.auditing import source_of
from tests.postgres import free_port

FOLDER = Path(__file__).parent / "provider"
PROJECT = "/v1/projects/oepnv-initiative"  # led by MUNV
BACK = "http://127.0.0.1:9/back"

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (FOLDER / "node_modules").is_dir(),
    reason="needs Node.js: make node",
)


class Provider:
    """The provider as a process."""

    def __init__(self) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[str] | None = None

    def start(self, *, keys: str = "first", seconds: int = 60) -> None:
        self.process = subprocess.Popen(
            ["node", "provider.mjs", str(self.port), keys, str(seconds)],
            cwd=FOLDER,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # the `node` of .venv is a script that starts the real one: both must go
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def stop(self) -> None:
        if self.process is not None:
            kill(self.process)
            self.process.communicate()
            self.process = None

    def robot(self, name: str = "collector", audience: str = AUDIENCE) -> str:
        """An access token by client credentials."""
        data = {"grant_type": "client_credentials", "scope": "register", "resource": audience}
        answer = requests.post(f"{self.address}/token", data, auth=(name, "only-for-tests"), timeout=5)
        answer.raise_for_status()
        found: str = answer.json()["access_token"]
        return found

    def person(self, name: str = "eva") -> dict[str, Any]:
        """The tokens of somebody who signs in on the provider's pages (authorization code with PKCE)."""
        browser, verifier = requests.Session(), secrets.token_urlsafe(48)
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "client_id": "pages", "response_type": "code", "redirect_uri": BACK, "scope": "openid register",
            "code_challenge": digest, "code_challenge_method": "S256", "state": "s", "resource": AUDIENCE,
        }  # fmt: skip
        page = browser.get(f"{self.address}/auth", params=asked, timeout=5)
        while True:
            form = re.search(r'<form[^>]*action="([^"]+)"', page.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', page.text)
            assert form is not None and prompt is not None, page.text  # noqa: PT018
            data = {"prompt": prompt[1], "login": name, "password": "x"}
            place = urllib.parse.urljoin(self.address, html.unescape(form[1]))
            page = browser.post(place, data=data, allow_redirects=False, timeout=5)
            while page.is_redirect:
                place = urllib.parse.urljoin(self.address, page.headers["location"])
                if place.startswith(BACK):
                    return self._exchange(
                        urllib.parse.parse_qs(urllib.parse.urlsplit(place).query)["code"][0], verifier
                    )
                page = browser.get(place, allow_redirects=False, timeout=5)

    def _exchange(self, code: str, verifier: str) -> dict[str, Any]:
        data = {
            "grant_type": "authorization_code", "code": code, "client_id": "pages", "code_verifier": verifier,
            "redirect_uri": BACK, "resource": AUDIENCE,
        }  # fmt: skip
        answer = requests.post(f"{self.address}/token", data, timeout=5)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
def provider() -> Iterator[Provider]:
    found = Provider()
    found.start()
    yield found
    found.stop()


@pytest.fixture
def client(seeded: Database, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setattr("portfolio.access.jwks.COOLDOWN", 0.2)
    monkeypatch.setattr("portfolio.access.jwks._FIRST_COOLDOWN", 0.2)
    return app_of(seeded, provider.address).test_client()


def status(client: FlaskClient, token: str) -> int:
    return client.get("/v1/me", headers=bearer(token)).status_code


def test_a_person_changes_a_project_of_her_ministry(
    client: FlaskClient, provider: Provider, seeded: Database, tmp_path: Path
) -> None:
    token = provider.person("eva")["access_token"]
    me = client.get("/v1/me", headers=bearer(token)).json
    assert (me["role"], me["organisation"]["code"], me["name"]) == ("editor", "MUNV", "Eva Prüferin-Müller")
    etag = client.get(PROJECT, headers=bearer(token)).headers["ETag"]
    changed = client.patch(PROJECT, json={"summary_en": "New."}, headers={**bearer(token), "If-Match": etag})
    assert changed.status_code == 200
    revision = client.get(f"/v1/revisions/{changed.headers['Register-Revision']}", headers=bearer(token)).json
    assert (revision["actor"], revision["ministry"]) == (me["actor"], "MUNV")
    foreign = client.patch("/v1/projects/ruhr-digital", json={}, headers={**bearer(token), "If-Match": '"1-a"'})
    assert foreign.json["type"] == "/problems/not-your-project"
    report = verify.verify(source_of(seeded, tmp_path / "dump"), None, [])
    assert (report.findings, report.exit_code) == ([], 3), verify.as_text(report)  # whole, held against nothing


def test_a_program_reads_all_and_changes_nothing(client: FlaskClient, provider: Provider) -> None:
    token = provider.robot("collector")
    assert client.get("/v1/me", headers=bearer(token)).json["role"] == "auditor"
    refused = client.patch(PROJECT, json={}, headers={**bearer(token), "If-Match": '"1-a"'})
    assert refused.status_code == 403


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestTokens:
    def test_without_a_role_read_what_is_public(self, client: FlaskClient, provider: Provider) -> None:
        for token in (provider.robot("nobody"), provider.person("anton")["access_token"]):
            me = client.get("/v1/me", headers=bearer(token)).json
            assert (me["role"], me["permissions"]) == ("viewer", [])
            assert "names no role" in me["note"]

    def test_for_something_else_are_refused(self, client: FlaskClient, provider: Provider) -> None:
        tokens = provider.person("eva")
        assert status(client, tokens["id_token"]) == 401
        assert status(client, provider.robot(audience="https://other.example")) == 401
        assert status(client, tokens["access_token"][:-6] + "AAAAAA") == 401
        assert status(client, tokens["access_token"]) == 200

    def test_end(self, client: FlaskClient, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("portfolio.access.tokens.LEEWAY", 0)
        provider.stop()
        provider.start(seconds=2)
        token = provider.robot()
        assert status(client, token) == 200
        time.sleep(2.1)
        assert "expired" in client.get("/v1/me", headers=bearer(token)).json["detail"]


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestProvider:
    def test_may_change_its_keys(self, client: FlaskClient, provider: Provider) -> None:
        old = provider.robot()
        assert status(client, old) == 200
        provider.stop()
        provider.start(keys="second,third")
        time.sleep(0.3)
        assert status(client, provider.robot()) == 200
        assert status(client, old) == 401

    def test_may_be_away(self, client: FlaskClient, provider: Provider) -> None:
        token = provider.robot()
        assert status(client, token) == 200
        provider.stop()
        assert status(client, token) == 200

    def test_that_is_away_from_the_start_leaves_tokens_open(self, client: FlaskClient, provider: Provider) -> None:
        token = provider.robot()
        provider.stop()
        refused = client.get("/v1/me", headers=bearer(token))
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert client.get(PROJECT).status_code == 200
