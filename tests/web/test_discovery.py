"""The data dictionary holds every field of the document, and the index every address."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import marshmallow as ma
import pytest
from flask import Flask
from flask.testing import FlaskClient

from portfolio.app import REGISTER
from portfolio.core import spec
from portfolio.core.fields import Code
from portfolio.core.provenance import EVERY
from portfolio.core.vocabulary import codelists
from portfolio.organisations.service import create_organisation
from tests.conftest import SYSTEM, make_app, open_register


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One register for all: what it holds makes no difference here."""
    database = open_register(f"sqlite:///{tmp_path_factory.mktemp('discovery')}/register.sqlite")
    with database.transaction(SYSTEM) as session:
        create_organisation(session, {"code": "VM", "name_de": "Ministerium für Verkehr", "kind": "ministry"})
    yield make_app(database)
    database.dispose()


@pytest.fixture(scope="module")
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    return spec.document(app.extensions["portfolio_api"])


@pytest.fixture(scope="module")
def entries(client: FlaskClient) -> dict[tuple[str, str], dict[str, Any]]:
    items = client.get("/v1/data-dictionary").json["items"]
    return {(item["record"], item["field"]): item for item in items}


Entries = dict[tuple[str, str], dict[str, Any]]


def declared(app: Flask) -> dict[tuple[str, str], ma.fields.Field[Any]]:
    """Every field as its schema declares it."""
    schemas = {name: key[0] for key, name in app.extensions["portfolio_api"].ma_plugin.converter.refs.items()}
    return {
        (name, field.data_key or attribute): field
        for name, schema in schemas.items()
        if name != "PaginationMetadata"
        for attribute, field in schema().fields.items()
    }


def codes_of(field: ma.fields.Field[Any]) -> tuple[str, ...]:
    if isinstance(field, Code):
        return field.codelist.codes
    return next((tuple(rule.choices) for rule in field.validators if isinstance(rule, ma.validate.OneOf)), ())


class TestListFields:
    def test_has_every_field_of_the_document(self, document: dict[str, Any], entries: Entries) -> None:
        schemas = document["components"]["schemas"]
        assert set(entries) == {
            (name, field) for name, found in schemas.items() for field in found.get("properties", ())
        }

    def test_says_of_each_what_it_is_and_where_from(self, entries: Entries) -> None:
        silent = [key for key, item in entries.items() if not (item["meaning"] and item["source"] and item["since"])]
        assert silent == []

    def test_amounts_are_eur_and_days_and_instants_and_shares_have_their_unit(
        self, app: Flask, entries: Entries
    ) -> None:
        units: dict[str, set[str]] = {}
        for (record, name), field in declared(app).items():
            item = entries[record, name]
            units.setdefault(type(field).__name__, set()).add(item["unit"])
            assert not name.endswith("_at") or item["unit"] == "instant", item
            assert not name.endswith("_on") or name == "based_on" or item["unit"] == "day", item
        assert units["Money"] == units["Total"] == {"eur"}
        assert units["RateField"] == {"ratio"}
        assert units["Day"] == {"day"}
        assert units["InstantField"] == {"instant"}
        assert units["PeriodText"] == {"period"}
        assert units["Code"] == {"code"}
        assert units["StrictBool"] == units["IdField"] == {"none"}

    def test_names_the_list_of_every_code(self, app: Flask, entries: Entries, client: FlaskClient) -> None:
        fields = declared(app)
        for key, item in entries.items():
            lists = [one.name for one in codelists() if one.codes == codes_of(fields[key])]
            assert item["codelist"] in ([f"/v1/vocabularies/{name}" for name in lists] or [None]), item
            assert (item["codelist"] is not None) == (item["unit"] == "code"), item
        assert client.get(entries["Award", "status"]["codelist"]).json["name"] == "award_status"

    def test_tells_what_is_not_public(self, entries: Entries) -> None:
        """The description that people read, and what the register hides, say the same."""
        said = {key for key, item in entries.items() if re.search("[Nn]ot public", item["meaning"])}
        assert said == {key for key, item in entries.items() if item["visibility"] == "internal"}
        hidden = {shown.name for kind in REGISTER.kinds.values() for shown in kind.shown if shown.internal}
        assert hidden <= {field for _, field in said}
        assert entries["ApiKey", "name"]["visibility"] == "admin"
        assert entries["Import", "filename"]["visibility"] == "sender"
        assert entries["Me", "role"]["visibility"] == "signed_in"

    @pytest.mark.parametrize(
        ("record", "field", "origin", "source"),
        [
            ("Award", "to_flow", "computed", "max(0, amount − paid_out)"),
            ("Applied", "amount", "computed", "Σ requested_amount"),
            ("PaidOut", "amount", "computed", "null where payments were never reported"),
            ("Population", "closing", "computed", "opening + admitted − removed − merged"),
            ("Project", "lead_ministry", "computed", "role lead_ministry holds on valid_on"),
            ("Milestone", "slip_days", "computed", "Days from baseline_on"),
            ("Application", "requested_amount", "recorded", "editor or approver on projects their organisation leads"),
            ("Decision", "title_de", "recorded", "Entered by coordinator."),
            ("Project", "version", "assigned", "Rises by one"),
            ("OfficialCount", "under_way", "published", "public sources"),
            ("Codelist", "codes", "fixed", "lists of the program"),
            ("FundingSummary", "valid_on", "echoed", "without it today"),
        ],
    )
    def test_names_rule_or_hand(self, entries: Entries, record: str, field: str, origin: str, source: str) -> None:
        assert (entries[record, field]["origin"], source in entries[record, field]["source"]) == (origin, True)

    @pytest.mark.parametrize(
        ("record", "field", "writable"),
        [
            ("Project", "title_de", "when_made_and_later"),
            ("Project", "title_known", "later"),
            ("Project", "status", "no"),
            ("Award", "amount", "when_made"),
            ("AwardChanges", "amount", "no"),
            ("ProjectTransitionInput", "to", "when_made"),
            ("Location", "name", "when_made_and_later"),
            ("ActionField", "title_de", "no"),
        ],
    )
    def test_says_what_can_be_sent(self, entries: Entries, record: str, field: str, writable: str) -> None:
        assert entries[record, field]["writable"] == writable

    def test_nothing_is_said_of_fields_that_are_gone(self, app: Flask, document: dict[str, Any]) -> None:
        said: dict[type[Any], set[str]] = {}
        there: dict[type[Any], set[str]] = {}
        for key, name in app.extensions["portfolio_api"].ma_plugin.converter.refs.items():
            for one in key[0].__mro__ if name != "PaginationMetadata" else ():
                said[one] = {found for found in vars(one).get("provenance", {}) if found != EVERY}
                there.setdefault(one, set()).update(
                    field.data_key or attribute for attribute, field in key[0]().fields.items()
                )
        assert {one.__name__: said[one] - there[one] for one in said if said[one] - there[one]} == {}
        assert sum(len(names) for names in said.values()) > 200

    def test_what_can_be_computed_cannot_be_sent(self, entries: Entries) -> None:
        wrong = [
            key
            for key, item in entries.items()
            if item["origin"] in ("computed", "published", "fixed", "echoed") and item["writable"] != "no"
        ]
        assert wrong == []

    def test_is_filtered(self, client: FlaskClient) -> None:
        def found(query: str) -> set[str]:
            items = client.get(f"/v1/data-dictionary?{query}").json["items"]
            return {f"{item['record']}.{item['field']}" for item in items}

        assert found("record=Applied&unit=eur") == {"Applied.amount"}
        assert found("record=Applied&record=Approved&unit=eur") == {
            "Applied.amount", "Approved.amount", "Approved.exact",
        }  # fmt: skip
        assert "Award.final_on" in found("q=bestandskraft")
        assert found("q=bestandskraft&origin=computed") == set()
        assert found("record=Gibtesnicht") == set()
        assert client.get("/v1/data-dictionary?unit=meter").status_code == 422

    @pytest.mark.parametrize("form", ["csv", "csv-de", "xlsx", "jsonl"])
    def test_is_a_download(self, client: FlaskClient, form: str, entries: Entries) -> None:
        answer = client.get(f"/v1/data-dictionary?format={form}")
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="data-dictionary.')
        if form == "csv":
            rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
            assert [(row["record"], row["field"]) for row in rows] == list(entries)
            assert rows[0]["source"] == entries[rows[0]["record"], rows[0]["field"]]["source"]

    def test_is_kept_until_it_changes(self, client: FlaskClient) -> None:
        tag = client.get("/v1/data-dictionary?record=Award").headers["ETag"]
        assert client.get("/v1/data-dictionary?record=Award", headers={"If-None-Match": tag}).status_code == 304


class TestGetIndex:
    def test_has_every_address_and_operation(self, client: FlaskClient, document: dict[str, Any]) -> None:
        body = client.get("/v1").json
        found = {(one["path"], do["method"].lower()) for one in body["resources"] for do in one["operations"]}
        assert found == {(path, method) for path, method, _ in spec.operations(document)}
        titles = {one["path"]: one["title"] for one in body["resources"]}
        assert titles["/v1/projects"] == "Projects"
        assert titles["/v1/reports/funding-summary"] == "Funding summary report"
        assert all(titles.values())

    def test_says_what_is_public_and_in_which_forms(self, client: FlaskClient) -> None:
        found = {one["path"]: one for one in client.get("/v1").json["resources"]}
        projects = found["/v1/projects"]
        assert [(do["method"], do["public"]) for do in projects["operations"]] == [("GET", True), ("POST", False)]
        assert "text/csv" in projects["formats"]
        assert found["/v1/log/key"]["formats"] == ["text/plain"]
        assert (found["/v1/projects/{slug}"]["templated"], projects["templated"]) == (True, False)

    def test_its_links_lead_somewhere(self, client: FlaskClient) -> None:
        answer = client.get("/v1")
        addresses = client.application.url_map.bind("localhost")
        assert all(addresses.match(path, "GET") for path in answer.json["links"].values())
        assert '</openapi.json>; rel="service-desc"' in answer.headers["Link"]
        assert '</docs>; rel="service-doc"' in answer.headers["Link"]

    def test_names_the_newest_revision(self, client: FlaskClient) -> None:
        answer = client.get("/v1")
        assert (answer.json["revision"], answer.headers["Register-Revision"]) == (1, "1")
        tag = answer.headers["ETag"]
        assert client.get("/v1", headers={"If-None-Match": tag}).status_code == 304
        assert client.get("/v1?x=1").status_code == 422

    def test_leaves_the_first_page_alone(self, client: FlaskClient) -> None:
        assert client.get("/").mimetype == "text/html"
        assert client.get("/v1/").status_code == 404
