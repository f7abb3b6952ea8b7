"""Two clocks everywhere: on every read, before the first revision, after a deletion, and the same bytes for ever."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from portfolio.core import sources, spec, spec_reading
from portfolio.core.db import Database
from portfolio.exchange.demo import load_demo
from portfolio.exchange.seed import load_seed
from portfolio.funding.applications import create_application, delete_application, transition_application
from portfolio.history import recorder
from portfolio.history.models import LogHead
from portfolio.milestones.service import create_milestone
from portfolio.projects.periods import assign_field
from portfolio.projects.service import find_project, update_project
from tests.conftest import SYSTEM, Ticking, make_app, open_register
from tests.postgres import create_database, drop_database

Headers = dict[str, str]
# Reads that are no state of the register at a moment, and why.
WITHOUT_KNOWN_AT = {
    "/v1": "what there is to ask, now",
    "/v1/api-keys": "credentials are no content of the register",
    "/v1/api-keys/{key_id}": "credentials are no content of the register",
    "/v1/me": "who asks is known only now",
    "/v1/me/to-do": "what waits, waits now",
    "/v1/workbook": "it is given out to be changed, and only the present can be",
    "/v1/imports": "files that were sent in are no content of the register",
    "/v1/imports/{import_id}": "files that were sent in are no content of the register",
    "/v1/imports/{import_id}/workbook": "files that were sent in are no content of the register",
    "/v1/changes": "a feed is followed by revision, with since",
    "/v1/diff": "it takes two moments, from and to",
    "/v1/log/checkpoint": "the newest signature; older ones are for who holds them",
    "/v1/log/key": "the key is no state of the register",
}
ADDRESSES = (
    "/v1/projects?limit=200",
    "/v1/projects?include_demo=true&format=csv",
    "/v1/projects/ruhr-digital?x",
    "/v1/projects/ruhr-digital/history?limit=20",
    "/v1/projects/ruhr-digital/assignments?x",
    "/v1/projects/ruhr-digital/transitions?x",
    "/v1/applications?include_demo=true&sort=-requested_amount",
    "/v1/applications?include_demo=true&format=csv-de",
    "/v1/awards?include_demo=true&limit=20",
    "/v1/awards?include_demo=true&format=csv",
    "/v1/ledger-entries?include_demo=true&limit=20",
    "/v1/milestones?limit=20&sort=-baseline_on",
    "/v1/organisations?q=ministerium",
    "/v1/decisions?x",
    "/v1/theme-forums?x",
    "/v1/programme?x",
    "/v1/revisions?limit=5",
    "/v1/reports/funding-summary?group_by=level,year&include_demo=true",
    "/v1/reports/funding-summary?group_by=ministry&format=csv",
    "/v1/reports/milestones?group_by=quarter,action_field&include_demo=true",
    "/v1/reports/portfolio?include_demo=true",
)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_every_read_takes_them(database: Database) -> None:
    document = spec.document(make_app(database).extensions["portfolio_api"])
    missing = set()
    for path, method, operation in spec_reading.operations(document):
        names = {parameter["name"] for parameter in spec_reading.parameters_of(document, path, method)}
        if method == "get" and "known_at" not in names:
            missing.add(path)
        answer = next(answer for code, answer in operation["responses"].items() if code[0] == "2")
        assert "Register-Revision" in answer["headers"], path
    assert missing == set(WITHOUT_KNOWN_AT)


class TestMoments:
    def test_before_the_first_revision_nothing_is_known(self, client: FlaskClient) -> None:
        for path in ("projects", "awards", "milestones", "organisations", "theme-forums", "revisions"):
            answer = client.get(f"/v1/{path}?known_at=0")
            assert (answer.json["items"], answer.headers["Register-Revision"]) == ([], "0"), path
        assert client.get("/v1/projects/rasmt?known_at=0").status_code == 404
        assert client.get("/v1/reports/portfolio?known_at=0").json["total"]["count"] == 0

    @pytest.mark.parametrize("path", ["projects", "projects/rasmt/history", "revisions", "reports/portfolio"])
    @pytest.mark.parametrize("moment", ["99", "2099-01-01", "2099-01-01T00:00:00Z", "gestern"])
    def test_of_the_future_are_refused(self, client: FlaskClient, path: str, moment: str) -> None:
        answer = client.get(f"/v1/{path}?known_at={moment}")
        assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (422, "known_at")

    def test_keep_what_was_deleted(self, client: FlaskClient, coordinator: Headers) -> None:
        body = {"slug": "dach", "title_de": "Dach", "proposed_on": "2026-03-02"}
        tag = client.post("/v1/projects", json=body, headers=coordinator).headers["ETag"]
        headers = {**coordinator, "If-Match": tag, "Change-Reason": "doppelt"}
        gone = client.delete("/v1/projects/dach", headers=headers)
        assert (gone.status_code, gone.headers["Register-Revision"]) == (204, "3")
        for path in ("", "/transitions", "/assignments", "/roles", "/milestones", "/applications"):
            assert client.get(f"/v1/projects/dach{path}?known_at=2").status_code == 200, path
            assert client.get(f"/v1/projects/dach{path}").status_code == 404, path
        assert client.get("/v1/projects?q=dach&known_at=2").json["items"][0]["slug"] == "dach"
        assert client.get("/v1/projects?q=dach").json["items"] == []

    def test_stand_on_unchanged_answers_too(self, client: FlaskClient) -> None:
        for path in ("/v1/projects/rasmt", "/v1/projects", "/v1/reports/portfolio", "/v1/projects/rasmt/history"):
            tag = client.get(path).headers["ETag"]
            answer = client.get(path, headers={"If-None-Match": tag})
            assert (answer.status_code, answer.headers["Register-Revision"]) == (304, "1"), path


def _write(database: Database, dice: random.Random) -> None:
    with database.transaction(SYSTEM) as session:
        project = find_project(session, "ruhr-digital")
        kind = dice.randrange(4)
        if kind == 0:
            update_project(session, project, {"source_notes": f"Stand {dice.random()}", "internal_note": "x"})
        elif kind == 1:
            values = {"level": "eu", "requested_amount": Decimal(dice.randint(1, 9_999_999)) / 100}
            application = create_application(session, project, values)  # type: ignore[arg-type]
            if dice.random() < 0.5:
                transition_application(session, application, "submitted", date(2026, 5, 4), None)
            elif dice.random() < 0.5:
                session.flush()
                delete_application(session, application)
                update_project(session, project, {"source_notes": "zurückgezogen"})
        elif kind == 2:
            title = f"Schritt {dice.random()}"
            create_milestone(session, project, {"title_de": title, "kind": "report", "baseline_on": date(2026, 9, 1)})
        else:
            field = dice.choice(["mobility", "economy", "energy"])
            assign_field(session, project, field, date(2026, 5, 1), decision_id=None, basis="published_source")


def _bytes(app: Flask, address: str) -> bytes:
    answer = app.test_client().get(address.replace("?x&", "?"))
    assert answer.status_code == 200, (address, answer.get_data(as_text=True)[:300])
    return answer.get_data()


def _fetched(url: str, pairs: int, revisions: int) -> dict[str, bytes]:
    """Fetch answers of known moments, write on, and prove that they are the same after all that and a restart."""
    database, dice, clock = open_register(url), random.Random(5), Ticking()
    saved: dict[str, bytes] = {}
    with sources.using(clock.sources()):
        load_seed(database)
        load_demo(database)
        app = make_app(database)
        while len(saved) < pairs:
            _write(database, dice)
            address = f"{ADDRESSES[len(saved) % len(ADDRESSES)]}&known_at={dice.randint(1, _size(database))}"
            if "/history" not in address and "/revisions" not in address:
                address += "&valid_on=2026-06-01"
            if address not in saved:
                saved[address] = _bytes(app, address)
        until = _size(database) + revisions
        while _size(database) < until:
            _write(database, dice)
        database.dispose()
        database = Database(url)  # as after a restart: nothing kept in memory
        recorder.install(database)
        app = make_app(database)
        for address, data in saved.items():
            assert _bytes(app, address) == data, address
    database.dispose()
    return saved


def _size(database: Database) -> int:
    with database.snapshot() as session:
        return session.scalars(sa.select(LogHead.size)).one()


@pytest.mark.large
def test_answers_of_a_moment_are_the_same_bytes_for_ever_and_on_both_engines(
    tmp_path: Path, postgres_dsn: str, scale: bool
) -> None:
    pairs, revisions = (200, 5000) if scale else (len(ADDRESSES), 100)
    name = "same_bytes"
    on_sqlite = _fetched(f"sqlite:///{tmp_path}/same.sqlite", pairs, revisions)
    on_postgresql = _fetched(create_database(postgres_dsn, name), pairs, revisions)
    drop_database(postgres_dsn, name)
    assert {address for address in on_sqlite if on_sqlite[address] != on_postgresql[address]} == set()
    assert list(on_sqlite) == list(on_postgresql)
