"""/.well-known: whom to tell of a weakness, and where the API is; nothing is made up."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from portfolio.app import create_app
from portfolio.core import sources
from portfolio.core.dates import parse_instant
from portfolio.core.db import Database
from portfolio.core.settings import Disclosure, SettingsError, read_settings
from tests.answer_checker import CheckedClient
from tests.conftest import Ticking, settings_of

on_sqlite = pytest.mark.parametrize("engine_name", ["sqlite"])
TOLD = Disclosure(("mailto:sicherheit@register.example", "https://register.example/melden"), "", ("de", "en"))


def client_of(database: Database, disclosure: Disclosure, public_url: str = "") -> FlaskClient:
    settings = dataclasses.replace(settings_of(database), disclosure=disclosure, public_url=public_url)
    app = create_app(settings, database)
    app.test_client_class = CheckedClient
    return app.test_client()


@on_sqlite
class TestSecurityTxt:
    def test_is_missing_where_nobody_named_a_contact(self, plain_client: FlaskClient) -> None:
        answer = plain_client.get("/.well-known/security.txt")
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
        assert answer.json["detail"] == "The operator of this register has not said whom to tell of a weakness."

    def test_says_what_the_operator_said(self, database: Database) -> None:
        policy = "https://register.example/regeln"
        client = client_of(database, dataclasses.replace(TOLD, policy=policy), "https://register.example")
        with sources.using(Ticking(datetime(2026, 11, 25, tzinfo=UTC)).sources()):
            answer = client.get("/.well-known/security.txt")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.get_data(as_text=True) == (
            "Contact: mailto:sicherheit@register.example\n"
            "Contact: https://register.example/melden\n"
            "Expires: 2027-06-01T00:00:00Z\n"
            "Preferred-Languages: de, en\n"
            "Canonical: https://register.example/.well-known/security.txt\n"
            "Policy: https://register.example/regeln\n"
        )

    def test_leaves_out_what_he_did_not_say(self, database: Database) -> None:
        text = (
            client_of(database, Disclosure(TOLD.contacts[:1])).get("/.well-known/security.txt").get_data(as_text=True)
        )
        assert [line.partition(":")[0] for line in text.splitlines()] == ["Contact", "Expires"]

    def test_expires_within_a_year_and_changes_once_a_month(self, database: Database) -> None:
        client = client_of(database, TOLD)
        seen = set()
        for days in range(0, 800, 5):
            now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days)
            with sources.using(Ticking(now).sources()):
                lines = client.get("/.well-known/security.txt").get_data(as_text=True).splitlines()
            expires = parse_instant(next(line for line in lines if line.startswith("Expires"))[9:])
            assert timedelta(days=150) < expires - now < timedelta(days=365)
            seen.add((now.year, now.month, expires))
        assert len(seen) == 27  # one for each month

    def test_is_kept_and_read_by_every_page(self, database: Database) -> None:
        client = client_of(database, TOLD)
        answer = client.get("/.well-known/security.txt", headers={"Origin": "https://anywhere.example"})
        assert answer.headers["Cache-Control"] == "public, max-age=86400"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        tag = answer.headers["ETag"]
        assert client.get("/.well-known/security.txt", headers={"If-None-Match": tag}).status_code == 304


@on_sqlite
class TestApiCatalog:
    def test_is_a_linkset_of_the_profile(self, plain_client: FlaskClient) -> None:
        answer = plain_client.get("/.well-known/api-catalog", headers={"Origin": "https://anywhere.example"})
        assert answer.headers["Content-Type"] == (
            'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
        )
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        catalog, api = answer.json["linkset"]
        assert catalog["item"] == [{"href": "/v1", "type": "application/json"}]
        assert set(api) == {"anchor", "service-desc", "service-doc", "service-meta", "status"}

    def test_its_links_lead_to_what_they_say(self, plain_client: FlaskClient) -> None:
        for entry in plain_client.get("/.well-known/api-catalog").json["linkset"]:
            assert plain_client.get(entry["anchor"]).status_code == 200
            for links in (value for name, value in entry.items() if name != "anchor"):
                for link in links:
                    answer = plain_client.get(link["href"])
                    assert (answer.status_code, answer.mimetype) == (200, link["type"])

    def test_answers_head_with_the_link_to_itself(self, plain_client: FlaskClient) -> None:
        answer = plain_client.head("/.well-known/api-catalog")
        assert (answer.status_code, answer.data) == (200, b"")
        assert answer.headers["Link"] == '</.well-known/api-catalog>; rel="api-catalog"'

    def test_names_the_public_address_where_it_was_told(self, database: Database) -> None:
        client = client_of(database, Disclosure(), "https://register.example")
        _, api = client.get("/.well-known/api-catalog").json["linkset"]
        assert api["anchor"] == "https://register.example/v1"
        assert api["service-desc"][0]["href"] == "https://register.example/openapi.json"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTFOLIO_SECURITY_CONTACT", "sicherheit@register.example"),
        ("PORTFOLIO_SECURITY_CONTACT", "mailto:a@b.example\nPolicy: x"),
        ("PORTFOLIO_SECURITY_POLICY", "http://register.example"),
        ("PORTFOLIO_SECURITY_LANGUAGES", "deutsch"),
        ("PORTFOLIO_PUBLIC_URL", "https://register.example/"),
    ],
)
def test_a_wrong_setting_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        read_settings()
