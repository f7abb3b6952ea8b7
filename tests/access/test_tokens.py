"""Access tokens: every one that is not exactly right opens nothing, and what is right says who writes."""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from flask.testing import FlaskClient
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, RSAKey

from portfolio.access.models import Actor
from portfolio.access.service import erase_actor
from portfolio.core.db import Database
from portfolio.core.settings import SettingsError, read_settings
from tests.access.issuing import Issuer, an_issuer, app_of, bearer, part
from tests.conftest import SYSTEM, make_app

PROJECT = "/v1/projects/oepnv-initiative"  # led by MUNV


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with an_issuer() as found:
        yield found


@pytest.fixture
def app(seeded: Database, issuer: Issuer) -> Flask:
    return app_of(seeded, issuer.address)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def engine_name() -> str:
    """The engine matters where a test says so."""
    return "sqlite"


def me(client: FlaskClient, token: str) -> Any:
    answer = client.get("/v1/me", headers=bearer(token))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.json


def refusal(client: FlaskClient, token: str) -> str:
    """Why a token is not taken; reading what is public fails with it too."""
    answer = client.get(PROJECT, headers=bearer(token))
    assert answer.status_code == 401, answer.get_data(as_text=True)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="portfolio", error="invalid_token"'
    found: str = answer.json["detail"]
    return found


@pytest.mark.parametrize("kid", ["ec", "rsa"])
def test_a_good_token_opens_what_its_role_may(client: FlaskClient, issuer: Issuer, kid: str) -> None:
    token = issuer.token(kid=kid)
    found = me(client, token)
    assert (found["role"], found["organisation"]["code"], found["via"]) == ("editor", "MUNV", "jwt")
    assert (found["name"], found["note"]) == ("Eva Prüferin", None)
    etag = client.get(PROJECT, headers=bearer(token)).headers["ETag"]
    changed = client.patch(PROJECT, json={"summary_en": "New."}, headers={**bearer(token), "If-Match": etag})
    assert changed.status_code == 200
    revision = client.get(f"/v1/revisions/{changed.headers['Register-Revision']}", headers=bearer(token)).json
    assert revision["actor"] == found["actor"]
    assert revision["ministry"] == "MUNV"


BAD_CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({"iss": "https://evil.example"}, "iss"),
    ({"iss": None}, "iss"),
    ({"iss": ["https://evil.example"]}, "iss"),
    ({"aud": "https://other.example"}, "aud"),
    ({"aud": None}, "aud"),
    ({"aud": []}, "aud"),
    ({"aud": {"https://register.example/v1": 1}}, "aud"),
    ({"exp": None}, "exp"),
    ({"exp": "9999999999"}, "exp"),
    ({"exp": True}, "exp"),
    ({"exp": 1e300}, "exp"),
    ({"exp": -1}, "exp"),
    ({"exp": 1_700_000_000}, "exp"),
    ({"iat": None}, "iat"),
    ({"iat": "now"}, "iat"),
    ({"iat": 4_000_000_000, "exp": 4_100_000_000}, "iat"),
    ({"nbf": 4_000_000_000}, "nbf"),
    ({"nbf": "later"}, "nbf"),
    ({"sub": None}, "sub"),
    ({"sub": ""}, "sub"),
    ({"sub": 5}, "sub"),
    ({"sub": "a\nb"}, "sub"),
    ({"sub": "x" * 256}, "sub"),
]


def test_claims_that_are_wrong_are_refused(client: FlaskClient, issuer: Issuer) -> None:
    for changes, named in BAD_CLAIMS:
        assert f"({named}" in refusal(client, issuer.token(issuer.claims(**changes))), changes
    me(client, issuer.token())


def test_headers_that_are_wrong_are_refused(client: FlaskClient, issuer: Issuer) -> None:
    stranger = ECKey.generate_key("P-256")
    own = {"jwk": stranger.as_dict(private=False)}
    for header, key in (
        ({"typ": "JWT"}, None),
        ({"typ": None}, None),
        ({"typ": 5}, None),
        ({"kid": None}, None),
        ({"kid": 5}, None),
        ({"kid": "unknown"}, None),
        ({"kid": "rsa"}, None),
        ({"crit": ["exp"]}, None),
        ({"b64": False}, None),
        ({"alg": "ES384"}, None),
        ({"alg": ["ES256"]}, None),
        ({}, stranger),
        (own, stranger),
        ({"jku": "http://127.0.0.1:9/keys"}, stranger),
        ({"x5u": "http://127.0.0.1:9/cert"}, stranger),
    ):
        assert refusal(client, issuer.token(header=header, key=key)), header
    for kept in (own, {"jku": "http://127.0.0.1:9/"}, {"typ": "application/AT+JWT"}):
        me(client, issuer.token(header=kept))  # the twin: the same headers under the right key
    assert not any("9" in path for path in issuer.asked)


def test_signatures_that_are_wrong_are_refused(client: FlaskClient, issuer: Issuer) -> None:
    good = issuer.token()
    head, body, signature = good.split(".")
    other = part(json.dumps(issuer.claims(groups=["register-lead"])))
    none = part(json.dumps({"alg": "none", "typ": "at+jwt", "kid": "ec"}))
    symmetric = part(json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": "rsa"}))
    public = issuer.keys["rsa"].as_pem(private=False)
    forged = part(hmac.new(public, f"{symmetric}.{body}".encode(), sha256).digest())
    for token in (
        f"{head}.{other}.{signature}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}.{part(bytes(64))}",
        f"{head}.{body}.A",
        f"{none}.{body}.",
        f"{none}.{body}.{signature}",
        f"{symmetric}.{body}.{forged}",
        f"{head}.{body}",
        f"{head}.{body}.{signature}.{signature}",
        f"{head}.{body}.{signature}=",
        f"{head} .{body}.{signature}",
        "a.b.c",
        "..",
        "x",
        good + "A" * 8192,
    ):
        assert refusal(client, token), token[:80]
    me(client, good)


def test_json_with_two_meanings_is_refused(client: FlaskClient, issuer: Issuer) -> None:
    text = json.dumps(issuer.claims())
    for claims in (
        text[:-1] + ', "groups": ["register-lead"]}',
        text.replace('"exp"', '"sub": "x", "exp"'),
        "[]",
        "null",
        "[" * 100_000,
        text.replace("Eva", "\\ud800"),
        text + " x",
        "{",
    ):
        data = claims.encode()[:5000]
        assert "cannot be read" in refusal(client, issuer.token(data)), claims[:60]


def test_clocks_may_differ_by_half_a_minute(client: FlaskClient, issuer: Issuer) -> None:
    now = int(time.time())
    me(client, issuer.token(issuer.claims(exp=now - 20)))
    me(client, issuer.token(issuer.claims(iat=now + 20, nbf=now + 20)))
    assert "expired" in refusal(client, issuer.token(issuer.claims(exp=now - 31)))
    assert "future" in refusal(client, issuer.token(issuer.claims(iat=now + 40)))
    me(client, issuer.token(issuer.claims(exp=now + 300, aud=["x", "https://register.example/v1"])))


class TestRoles:
    @pytest.mark.parametrize(
        ("groups", "role"),
        [
            (["register-editor"], "editor"),
            ("register-editor", "editor"),
            ("openid register-audit", "auditor"),
            (["staff", "register-lead"], "coordinator"),
            (["register-audit", "register-editor"], "editor"),
            (["editor"], "viewer"),
            ([], "viewer"),
            (None, "viewer"),
            (5, "viewer"),
            ([["register-editor"], {"register-editor": 1}], "viewer"),
        ],
    )
    def test_come_from_the_claim(self, client: FlaskClient, issuer: Issuer, groups: Any, role: str) -> None:
        found = me(client, issuer.token(issuer.claims(groups=groups)))
        assert found["role"] == role
        several = isinstance(groups, list) and len([one for one in groups if str(one).startswith("register")]) > 1
        assert (found["note"] is None) == (role != "viewer" and not several)

    @pytest.mark.parametrize(
        ("settings", "claims"),
        [
            ({"role_claim": "realm_access.roles"}, {"realm_access": {"roles": ["register-editor"]}}),
            ({"role_claim": "https://example/roles"}, {"https://example/roles": ["register-editor"]}),
            ({"role_claim": "scope"}, {"scope": "openid register-editor"}),
            ({"roles": {}}, {"groups": ["editor"]}),
            ({"organisation_claim": "org.code"}, {"org": {"code": "MUNV"}, "organisation": None}),
        ],
    )
    def test_and_organisations_come_from_where_the_settings_say(
        self, seeded: Database, issuer: Issuer, settings: dict[str, Any], claims: dict[str, Any]
    ) -> None:
        client = app_of(seeded, issuer.address, **settings).test_client()
        found = me(client, issuer.token(issuer.claims(**claims)))
        assert (found["role"], found["organisation"]["code"]) == ("editor", "MUNV")

    @pytest.mark.parametrize("organisation", [None, "NOWHERE", 5, ["MUNV"], "MU\nNV"])
    def test_of_one_organisation_need_one_that_is_known(
        self, client: FlaskClient, issuer: Issuer, organisation: Any
    ) -> None:
        token = issuer.token(issuer.claims(organisation=organisation))
        found = me(client, token)
        assert (found["role"], found["organisation"]) == ("viewer", None)
        assert "makes you editor but names" in found["note"]
        assert client.get(PROJECT, headers=bearer(token)).json.keys() == client.get(PROJECT).json.keys()
        refused = client.patch(PROJECT, json={}, headers={**bearer(token), "If-Match": '"1-a"'})
        assert (refused.status_code, refused.json["detail"]) == (403, found["note"])


class TestPeople:
    @pytest.fixture(params=["sqlite", "postgresql"])
    def engine_name(self, request: pytest.FixtureRequest) -> str:
        found: str = request.param
        return found

    def test_have_one_pseudonym_each(self, client: FlaskClient, issuer: Issuer, seeded: Database) -> None:
        first = me(client, issuer.token())
        again = me(client, issuer.token(issuer.claims(name="Eva Müller\r\n[x]" + "y" * 400)))
        other = me(client, issuer.token(issuer.claims(sub="adam", name=None)))
        assert first["actor"] == again["actor"] != other["actor"]
        assert again["name"] == ("Eva Müller[x]" + "y" * 400)[:200]
        assert other["name"] == "adam"
        assert first["actor"] not in ("", "eva")

    def test_who_were_erased_are_somebody_new(self, client: FlaskClient, issuer: Issuer, seeded: Database) -> None:
        before = me(client, issuer.token())["actor"]
        with seeded.transaction(SYSTEM) as session:
            erase_actor(session, before)
        assert me(client, issuer.token())["actor"] != before

    def test_who_come_twice_at_once_are_one(self, app: Flask, issuer: Issuer, seeded: Database) -> None:
        token, found, start = issuer.token(), [], threading.Barrier(6)

        def come() -> None:
            start.wait()
            found.append(app.test_client().get("/v1/me", headers=bearer(token)))

        threads = [threading.Thread(target=come) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [one.status_code for one in found] == [200] * 6
        assert len({one.json["actor"] for one in found}) == 1
        with seeded.snapshot() as session:
            subjects = session.scalars(sa.select(Actor.subject).where(Actor.subject.startswith("oidc:"))).all()
        assert subjects == [f"oidc:{issuer.address} eva"]

    def test_are_logged_once_a_minute(
        self, client: FlaskClient, issuer: Issuer, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO", "portfolio.security")
        found = me(client, issuer.token(issuer.claims(sub="gast")))
        me(client, issuer.token(issuer.claims(sub="gast")))
        lines = [json.loads(record.message) for record in caplog.records if record.name == "portfolio.security"]
        used = [line for line in lines if line["event"] == "token_used" and line["actor"] == found["actor"]]
        assert [(line["log"], line["route"]) for line in used] == [("security", "/v1/me")]

    def test_make_no_revision_by_coming(self, client: FlaskClient, issuer: Issuer) -> None:
        before = client.get(PROJECT).headers["Register-Revision"]
        me(client, issuer.token(issuer.claims(sub="neu")))
        assert client.get(PROJECT).headers["Register-Revision"] == before


def test_keys_of_a_wrong_kind_are_passed_over(seeded: Database) -> None:
    with an_issuer() as issuer:
        with pytest.warns(SecurityWarning):
            small = RSAKey.import_key(rsa.generate_private_key(65537, 1024))
        wrong = [
            {**OctKey.generate_key(256).as_dict(), "kid": "oct"},
            {**small.as_dict(private=False), "kid": "small"},
            {**ECKey.generate_key("P-384").as_dict(private=False), "kid": "p384"},
            {**issuer.keys["rsa"].as_dict(private=False), "kid": "enc", "use": "enc"},
            {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
            {"kty": "EC", "kid": "half", "crv": "P-256", "x": "AA"},
            issuer.keys["ec"].as_dict(private=False),
            "text",
            {"kid": "empty"},
        ]
        issuer.listed = [*wrong, {**issuer.keys["ec"].as_dict(private=False), "kid": "ec"}]
        client = app_of(seeded, issuer.address).test_client()
        me(client, issuer.token())
        for kid, key in (("small", small), ("enc", issuer.keys["rsa"]), ("oct", None), ("p384", None)):
            assert "none of the provider's" in refusal(client, issuer.token(header={"kid": kid}, key=key))


def test_without_a_provider_tokens_open_nothing(seeded: Database, issuer: Issuer) -> None:
    assert "unknown" in refusal(make_app(seeded).test_client(), issuer.token())


class TestSettings:
    GOOD = {
        "OIDC_ISSUER": "https://login.example/realms/land",
        "OIDC_AUDIENCE": "register",
        "OIDC_ALGORITHMS": "RS256",
        "OIDC_ROLE_CLAIM": "realm_access.roles",
        "OIDC_ROLES": "a=editor, b=auditor",
    }

    def _set(self, monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"PORTFOLIO_{name}", value)

    def test_are_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert read_settings().oidc is None
        self._set(monkeypatch, self.GOOD)
        found = read_settings().oidc
        assert found is not None
        assert (found.issuer, found.audience, found.algorithms) == (
            "https://login.example/realms/land", "register", ("RS256",),
        )  # fmt: skip
        assert (found.role_claim, found.roles) == ("realm_access.roles", {"a": "editor", "b": "auditor"})

    @pytest.mark.parametrize(
        ("name", "value", "sentence"),
        [
            ("OIDC_ISSUER", "login.example", "PORTFOLIO_OIDC_ISSUER"),
            ("OIDC_ISSUER", "http://login.example", "http only if local"),
            ("OIDC_AUDIENCE", "", "PORTFOLIO_OIDC_AUDIENCE is missing"),
            ("OIDC_ALGORITHMS", "HS256", "RS256 or ES256"),
            ("OIDC_ALGORITHMS", "none", "RS256 or ES256"),
            ("OIDC_ROLES", "editor", "PORTFOLIO_OIDC_ROLES is a list"),
            ("OIDC_ROLES", "a=", "PORTFOLIO_OIDC_ROLES is a list"),
        ],
    )
    def test_that_are_wrong_are_one_sentence(
        self, monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
    ) -> None:
        self._set(monkeypatch, {**self.GOOD, name: value})
        with pytest.raises(SettingsError, match=sentence):
            read_settings()

    def test_with_an_unknown_role_stop_the_start(self, seeded: Database) -> None:
        with pytest.raises(SettingsError, match="'chief', which is no role"):
            app_of(seeded, "https://login.example", roles={"a": "chief"})
