"""/v1/programme: the Ruhr-Konferenz itself, as the sources have it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from portfolio.core.db import Database
from portfolio.core.problems import AlreadyExists
from portfolio.projects.programme import ProgrammeValues, record_programme
from tests.conftest import SYSTEM, make_app

SOURCE = "https://www.ruhr-konferenz.nrw/umsetzen"
SMALL: ProgrammeValues = {
    "code": "ruhr-konferenz",
    "name_de": "Ruhr-Konferenz",
    "name_en": "Ruhr Conference",
    "motto": "Chancenregion Ruhr",
    "goal_de": "Ziel",
    "goal_en": "Goal",
    "phases": [
        {
            "key": "implementing",
            "title_de": "Umsetzen",
            "title_en": "Implementing",
            "start": "2020",
            "end": None,
            "source_url": SOURCE,
        }
    ],
    "pillars": [],
    "participation": {
        "theme_forums": 20,
        "events_more_than": 50,
        "event_participants_about": 4000,
        "citizens_online_about": 3600,
        "ideas_more_than": 300,
        "source_url": SOURCE,
    },
    "events": [{"date": "2020-08", "event_de": "Bericht", "event_en": "Report", "source_url": SOURCE}],
    "official_counts": [],
    "amounts": [
        {
            "date": "2020-07",
            "amount": "48.00",
            "qualifier": "exact",
            "meaning_de": "Geflossen",
            "meaning_en": "Paid",
            "source_url": SOURCE,
        }
    ],
    "advisory_board": [],
    "responsible_offices": [],
    "not_matched": [],
}


class TestRecordProgramme:
    def test_gives_each_day_its_precision(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            programme = record_programme(session, SMALL)
        phase = programme.phases[0]
        assert (phase["start"], phase["start_precision"], phase["end"], phase["end_precision"]) == (
            "2020",
            "year",
            None,
            None,
        )
        assert programme.events[0]["date_precision"] == "month"
        assert programme.amounts[0]["date_precision"] == "month"

    def test_refuses_a_second_one(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            record_programme(session, SMALL)
            with pytest.raises(AlreadyExists, match="exactly one"):
                record_programme(session, {**SMALL, "code": "other"})

    def test_refuses_a_day_in_another_form(self, database: Database) -> None:
        event = {**SMALL["events"][0], "date": "August 2020"}
        with (
            database.transaction(SYSTEM) as session,
            pytest.raises(ValueError, match="'August 2020' is not a day, month or year"),
        ):
            record_programme(session, {**SMALL, "events": [event]})

    def test_refuses_an_amount_in_another_form(self, database: Database) -> None:
        amount = {**SMALL["amounts"][0], "amount": "48"}
        with database.transaction(SYSTEM) as session, pytest.raises(ValueError, match="'48'"):
            record_programme(session, {**SMALL, "amounts": [amount]})

    def test_is_what_the_address_then_shows(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            record_programme(session, SMALL)
        body = make_app(database).test_client().get("/v1/programme").json
        assert body["amounts"] == [{**SMALL["amounts"][0], "date_precision": "month"}]
        assert body["participation"] == SMALL["participation"]


class TestGetProgramme:
    def test_tells_what_it_is(self, client: FlaskClient) -> None:
        body = client.get("/v1/programme").json
        assert (body["code"], body["name_de"], body["motto"], body["version"]) == (
            "ruhr-konferenz",
            "Ruhr-Konferenz",
            "Chancenregion Ruhr",
            1,
        )

    def test_has_three_phases_as_exact_as_known(self, client: FlaskClient) -> None:
        phases = client.get("/v1/programme").json["phases"]
        assert [
            (one["key"], one["start"], one["start_precision"], one["end"], one["end_precision"]) for one in phases
        ] == [
            ("listening", "2018-04", "month", "2019-07-15", "day"),
            ("deciding", "2019-07-15", "day", "2019-11-05", "day"),
            ("implementing", "2020", "year", None, None),
        ]

    def test_sets_the_official_counts_side_by_side(self, client: FlaskClient) -> None:
        counts = client.get("/v1/programme").json["official_counts"]
        names = ("as_of", "as_of_precision", "projects_total", "completed", "under_way", "under_review", "not_pursued")
        assert [tuple(count[name] for name in names) for count in counts] == [
            ("2019-09-09", "day", 75, None, None, None, None),
            ("2019-11-05", "day", 74, None, None, None, 1),
            ("2020-08", "month", 73, None, None, None, None),
            ("2021-12-07", "day", 73, 1, 55, 17, None),
            ("2022-12", "month", 73, 22, None, None, 13),
            ("2024-12", "month", 73, 42, 16, None, 15),
        ]
        assert [count["as_of"] for count in counts if count["proposals"]] == ["2019-09-09"]

    def test_gives_amounts_as_exact_text(self, client: FlaskClient) -> None:
        amounts = client.get("/v1/programme").json["amounts"]
        assert [(one["date"], one["amount"], one["qualifier"]) for one in amounts[:3]] == [
            ("2019-11-05", "60000000.00", "approximately"),
            ("2020-07", "60800000.00", "exact"),
            ("2020-07", "2900000.00", "approximately"),
        ]
        assert "48.00" in [one["amount"] for one in amounts]
        assert len(amounts) == 8

    def test_keeps_programme_wide_amounts_out_of_every_total(self, client: FlaskClient) -> None:
        wide = {Decimal(one["amount"]) for one in client.get("/v1/programme").json["amounts"]}
        lines = client.get("/v1/awards?limit=200").json["items"] + client.get("/v1/ledger-entries").json["items"]
        assert {Decimal(line["amount"]) for line in lines if line["amount"]} & wide == set()

    def test_names_a_source_for_every_figure_and_event(self, client: FlaskClient) -> None:
        body = client.get("/v1/programme").json
        parts = [body["participation"]]
        for name in (
            "phases", "pillars", "events", "official_counts", "amounts", "responsible_offices", "not_matched",
        ):  # fmt: skip
            assert body[name], name
            parts += body[name]
        assert [part for part in parts if not part["source_url"].startswith("https://")] == []
        assert len(body["events"]) == 13
        assert [member["name"] for member in body["advisory_board"]] == [
            "Arndt G. Kirchhoff",
            "Anja Weber",
            "Franz-Josef Overbeck",
        ]

    def test_looks_the_same_from_the_history(self, client: FlaskClient) -> None:
        now = client.get("/v1/programme")
        past = client.get(f"/v1/programme?known_at={now.headers['Register-Revision']}")
        assert past.get_data() == now.get_data()

    def test_is_404_as_long_as_it_is_not_loaded(self, client: FlaskClient, plain_client: FlaskClient) -> None:
        assert client.get("/v1/programme?known_at=0").status_code == 404
        answer = plain_client.get("/v1/programme")
        assert (answer.status_code, answer.json["type"]) == (404, "/problems/not-found")
        assert "portfolio seed" in answer.json["detail"]

    def test_is_read_only(self, client: FlaskClient, coordinator: dict[str, str]) -> None:
        for method in ("post", "put", "patch", "delete"):
            assert getattr(client, method)("/v1/programme", json={}, headers=coordinator).status_code == 405
