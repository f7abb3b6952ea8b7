"""What every answer carries: who may keep it, what browsers may do with it, which web pages may read it."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Mapping

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portfolio.app import create_app
from portfolio.core.db import Database
from tests.conftest import key_headers, make_app, settings_of

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])
Headers = Mapping[str, str]
PAGES = ("https://pages.example", "https://land.example")
PROJECT = "/v1/projects/oepnv-initiative"
READS = (
    "/v1/projects", "/v1/projects?format=csv", "/v1/projects?format=csv-de", PROJECT,
    f"{PROJECT}/history", f"{PROJECT}/transitions", f"{PROJECT}?known_at=1&valid_on=2020-01-01", "/v1/revisions",
    "/v1/revisions/1", "/v1/diff?from=0&to=1", "/v1/reports/funding-summary?group_by=level", "/v1/reports/portfolio",
    "/v1/reports/milestones", "/v1/vocabularies", "/v1/action-fields", "/v1/awards?format=csv", "/v1/programme",
)  # fmt: skip


@pytest.fixture
def client(seeded: Database) -> FlaskClient:
    settings = dataclasses.replace(settings_of(seeded), cors_origins=PAGES)
    return create_app(settings, seeded).test_client()


def vary(answer: TestResponse) -> set[str]:
    return {name.strip() for name in answer.headers.get("Vary", "").split(",")}


class TestKeeping:
    def test_public_answers_are_for_everybody_for_a_minute(self, client: FlaskClient) -> None:
        for path in READS:
            answer = client.get(path)
            assert answer.headers["Cache-Control"] == "public, max-age=60", path
            assert {"Accept", "Authorization"} <= vary(answer), path
            unchanged = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
            assert unchanged.status_code == 304
            for name in ("Cache-Control", "Vary", "ETag"):
                assert unchanged.headers[name] == answer.headers[name], path
            head = client.head(path)
            assert (head.headers["ETag"], head.data) == (answer.headers["ETag"], b"")

    @pytest.mark.parametrize("role", ["admin", "auditor", "coordinator"])
    def test_answers_to_credentials_are_for_their_receiver(
        self, client: FlaskClient, seeded: Database, role: str
    ) -> None:
        headers = key_headers(seeded, role)
        for path in READS:
            answer = client.get(path, headers=headers)
            assert answer.headers["Cache-Control"] == "private, no-cache", path
            assert "Authorization" in vary(answer), path

    def test_refusals_and_what_follows_the_moment_are_kept_by_nobody(self, client: FlaskClient) -> None:
        for path in ("/v1/projects?x=1", "/v1/projects/nix", "/nix", "/v1/me", "/v1/changes?since=0", "/health/live"):
            assert client.get(path).headers["Cache-Control"] == "no-store", path
        assert client.post("/v1/projects").headers["Cache-Control"] == "no-store"

    def test_pages_are_asked_for_again(self, client: FlaskClient) -> None:
        page = client.get("/")
        assert page.headers["Cache-Control"] == "public, no-cache"
        assert "Accept-Language" in vary(page)

    def test_no_cache_mixes_callers_up(self, client: FlaskClient, seeded: Database) -> None:
        """A cache after RFC 9111 in front of several callers: each sees what it would see without."""
        callers = [{}, key_headers(seeded, "coordinator"), key_headers(seeded, "editor", "MUNV")]
        etag = client.get(PROJECT, headers=callers[1]).headers["ETag"]
        changes = {"internal_note": "nicht für alle"}
        assert client.patch(PROJECT, json=changes, headers={**callers[1], "If-Match": etag}).status_code == 200
        shared, dice = SharedCache(client), random.Random(4)
        seen: set[bytes] = set()
        for path, accept in itertools.product(READS, ("application/json", "text/csv", "*/*")):
            for caller in dice.sample(callers * 2, 4):
                headers = {**caller, "Accept": accept}
                direct, kept = client.get(path, headers=headers), shared.get(path, headers)
                assert kept == (direct.status_code, direct.data), (path, accept)
                seen.add(kept[1])
        assert shared.hits > 10
        assert any("nicht für alle".encode() in body for body in seen)


class SharedCache:
    """The least that a shared cache does: it keeps what it may and tells answers apart by Vary."""

    def __init__(self, client: FlaskClient) -> None:
        self._client, self.hits = client, 0
        self._kept: dict[str, list[tuple[dict[str, str | None], tuple[int, bytes]]]] = {}

    def get(self, path: str, headers: Headers) -> tuple[int, bytes]:
        for asked, answer in self._kept.get(path, []):
            if all(headers.get(name) == value for name, value in asked.items()):
                self.hits += 1
                return answer
        fresh = self._client.get(path, headers=dict(headers))
        found = (fresh.status_code, fresh.data)
        said = fresh.headers["Cache-Control"]
        if fresh.status_code == 200 and "public" in said and "max-age" in said:
            named = {name: headers.get(name) for name in vary(fresh)}
            self._kept.setdefault(path, []).append((named, found))
        return found


class TestBrowsers:
    @pytest.mark.parametrize("path", ["/", "/?lang=en", "/docs", "/problems/invalid", "/problems/nix"])
    def test_run_nothing_foreign_on_a_page(self, client: FlaskClient, path: str) -> None:
        page = client.get(path)
        assert page.mimetype == "text/html"
        policy = dict(
            part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";") if part.strip()
        )
        assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
        assert {policy[name] for name in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
        assert "unsafe" not in str(policy)
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert page.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        text = page.get_data(as_text=True)
        assert "<script>" not in text
        assert " style=" not in text
        assert " onclick=" not in text

    @pytest.mark.parametrize("path", [*READS, "/nix", "/openapi.json", "/health/live", "/docs/swagger-ui.css"])
    def test_take_data_for_data(self, client: FlaskClient, path: str) -> None:
        answer = client.get(path, buffered=True)
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"

    def test_get_only_the_files_of_the_documentation(self, client: FlaskClient) -> None:
        assert client.get("/docs/swagger-ui.css", buffered=True).status_code == 200
        for name in (
            "../app.py",
            "..%2Fapp.py",
            "%2e%2e/docs.py",
            "/etc/passwd",
            "swagger-ui.css/..",
            "index.html",
            "..",
        ):
            assert client.get(f"/docs/{name}").status_code in (404, 405), name

    def test_save_downloads_under_a_plain_name(self, client: FlaskClient) -> None:
        saved = client.get("/v1/projects?format=csv").headers["Content-Disposition"]
        assert saved == 'attachment; filename="projects.csv"'


class TestOtherPages:
    def test_may_read_what_is_public(self, client: FlaskClient) -> None:
        for origin in ("https://anybody.example", "null", *PAGES):
            answer = client.get(PROJECT, headers={"Origin": origin})
            allowed = answer.headers["Access-Control-Allow-Origin"]
            assert allowed == (origin if origin in PAGES else "*")
            assert {"ETag", "Register-Revision"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))
            assert "Access-Control-Allow-Credentials" not in answer.headers
            assert "Origin" in vary(answer)

    def test_may_not_use_credentials_unless_they_are_known(self, client: FlaskClient, seeded: Database) -> None:
        headers = key_headers(seeded, "auditor")
        for origin in ("https://anybody.example", "null", "https://pages.example.evil.example", "http://pages.example"):
            assert (
                "Access-Control-Allow-Origin" not in client.get(PROJECT, headers={**headers, "Origin": origin}).headers
            )
        known = client.get(PROJECT, headers={**headers, "Origin": PAGES[0]})
        assert known.headers["Access-Control-Allow-Origin"] == PAGES[0]

    @pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
    def test_may_not_change_anything_unless_they_are_known(self, client: FlaskClient, method: str) -> None:
        path = "/v1/projects" if method == "POST" else PROJECT
        asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization, if-match"}
        refused = client.options(path, headers={**asked, "Origin": "https://anybody.example"})
        assert not [name for name in refused.headers.keys() if name.startswith("Access-Control-Allow")]  # noqa: SIM118
        known = client.options(path, headers={**asked, "Origin": PAGES[1]})
        assert known.status_code == 204
        assert method in known.headers["Access-Control-Allow-Methods"].split(", ")
        sent = known.headers["Access-Control-Allow-Headers"].lower().split(", ")
        assert {"authorization", "if-match", "idempotency-key", "change-reason", "content-type"} <= set(sent)
        assert known.headers["Access-Control-Max-Age"] == "600"

    def test_ask_before_they_send_credentials(self, client: FlaskClient) -> None:
        asked = {"Access-Control-Request-Method": "GET", "Origin": "https://anybody.example"}
        answer = client.options(PROJECT, headers={**asked, "Access-Control-Request-Headers": "authorization"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "authorization" not in answer.headers["Access-Control-Allow-Headers"].lower()

    def test_without_names_no_page_is_trusted(self, seeded: Database) -> None:
        client = make_app(seeded).test_client()
        answer = client.get(PROJECT, headers={"Origin": PAGES[0]})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Origin" not in vary(answer)

    def test_ask_about_nothing_where_there_is_nothing(self, client: FlaskClient) -> None:
        asked = {"Access-Control-Request-Method": "GET", "Origin": PAGES[0]}
        assert client.options("/nix", headers=asked).status_code == 404


def test_other_methods_are_refused(client: FlaskClient) -> None:
    for method in ("TRACE", "PUT", "PROPFIND", "X"):
        refused = client.open(PROJECT, method=method)
        assert refused.status_code == 405, method
        assert refused.mimetype == "application/problem+json"
        assert "GET" in refused.headers["Allow"]
