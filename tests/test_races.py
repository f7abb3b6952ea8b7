"""Two at once: one wins, the other is told; no change is lost, no limit is passed, no key is taken twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portfolio.core.db import Database
from tests.conftest import key_headers, make_app

ROUNDS = 8
FULL_ROUNDS = 250
"""Of each of four kinds of record: 1 000 in all."""
TODAY = "2026-03-02"
Headers = dict[str, str]
Call = Callable[[FlaskClient], TestResponse]


class Races:
    """Sends requests at the same moment, each in a thread of its own."""

    def __init__(self, app: Flask, headers: Headers) -> None:
        self.app, self.headers = app, headers
        self.client = app.test_client()

    def at_once(self, *calls: Call) -> list[TestResponse]:
        gate = threading.Barrier(len(calls))
        answers: list[TestResponse] = []

        def run(call: Call) -> None:
            client = self.app.test_client()
            gate.wait()
            answers.append(call(client))

        threads = [threading.Thread(target=run, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answers) == len(calls)
        return answers

    def post(self, path: str, body: dict[str, Any], status: int = 201) -> TestResponse:
        answer = self.client.post(path, json=body, headers=self.headers)
        assert answer.status_code == status, answer.json
        return answer

    def posting(self, path: str, body: dict[str, Any]) -> Call:
        return lambda client: client.post(path, json=body, headers=self.headers)

    def patching(self, path: str, body: dict[str, Any], tag: str) -> Call:
        return lambda client: client.patch(path, json=body, headers={**self.headers, "If-Match": tag})

    def award(self, amount: str) -> str:
        """The address of a final award of ``amount``."""
        made = self.post("/v1/projects/ruhr-digital/applications", {"level": "eu", "requested_amount": amount})
        path = made.headers["Location"]
        for to in ("submitted", "under_review", "approved"):
            self.post(f"{path}/transitions", {"to": to, "on": TODAY}, 200)
        award = self.post(f"{path}/awards", {"issued_on": TODAY, "amount": amount}).headers["Location"]
        self.post(f"{award}/transitions", {"to": "final", "on": TODAY}, 200)
        return award


@pytest.fixture
def races(seeded: Database) -> Races:
    found = Races(make_app(seeded), key_headers(seeded, "coordinator"))
    # The first write compiles its statements; on a busy machine the second would wait too long for it.
    found.post("/v1/projects", {"slug": "vorlauf", "title_de": "Vorlauf", "proposed_on": TODAY})
    return found


def _statuses(answers: list[TestResponse]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


class TestPatch:
    @pytest.mark.large
    def test_of_two_with_one_tag_exactly_one_wins(self, races: Races, scale: bool) -> None:
        milestone = races.post(
            "/v1/projects/ruhr-digital/milestones",
            {"title_de": "Start", "kind": "opening", "baseline_on": "2027-01-01"},
        ).headers["Location"]
        application = races.post("/v1/projects/ruhr-digital/applications", {"level": "eu"}).headers["Location"]
        for path, field in (
            ("/v1/projects/ruhr-digital", "summary_de"),
            ("/v1/organisations/MUNV", "name_en"),
            (milestone, "title_de"),
            (application, "purpose"),
        ):
            tag = races.client.get(path, headers=races.headers).headers["ETag"]
            for number in range(FULL_ROUNDS if scale else ROUNDS):
                first, second = f"A {number}", f"B {number}"
                answers = races.at_once(
                    races.patching(path, {field: first}, tag), races.patching(path, {field: second}, tag)
                )
                assert _statuses(answers) == [200, 412], (path, number)
                won = next(answer for answer in answers if answer.status_code == 200)
                kept = races.client.get(path, headers=races.headers)
                assert (kept.json[field], kept.headers["ETag"]) == (won.json[field], won.headers["ETag"])
                tag = won.headers["ETag"]

    def test_and_removal_with_one_tag(self, races: Races) -> None:
        made = races.post("/v1/projects/ruhr-digital/applications", {"level": "eu"})
        path, tag = made.headers["Location"], made.headers["ETag"]
        ask = {**races.headers, "If-Match": tag, "Change-Reason": "doppelt"}
        answers = races.at_once(
            races.patching(path, {"purpose": "x"}, tag), lambda client: client.delete(path, headers=ask)
        )
        assert _statuses(answers) in ([200, 412], [204, 404])


class TestWhoLeads:
    def test_is_asked_again_after_a_wait(self, races: Races, seeded: Database) -> None:
        if seeded.is_sqlite:
            pytest.skip("With one writer, who waits has not begun.")
        milestone = races.post(
            "/v1/projects/ruhr-digital/milestones",
            {"title_de": "Start", "kind": "opening", "baseline_on": "2027-01-01"},
        )
        path, lead = milestone.headers["Location"], milestone.json["ministry"]
        new = "MUNV" if lead != "MUNV" else "MKW"
        mine = {**key_headers(seeded, "editor", lead), "If-Match": milestone.headers["ETag"]}
        answers: list[TestResponse] = []
        waiting = threading.Thread(
            target=lambda: answers.append(races.app.test_client().patch(path, json={"title_de": "x"}, headers=mine))
        )
        with seeded.write_engine.begin() as other:
            held = sa.text("SELECT 1 FROM milestone WHERE id = CAST(:id AS uuid) FOR UPDATE")
            other.execute(held, {"id": milestone.json["id"]})
            waiting.start()
            blocked = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not other.scalar(blocked):
                time.sleep(0.01)
            role = {"role": "lead_ministry", "from_on": TODAY, "basis": "published_source"}
            races.post("/v1/projects/ruhr-digital/roles", {**role, "organisation": new})
        waiting.join()
        assert answers[0].status_code == 403, answers[0].json
        assert races.client.get(path).json["title_de"] == "Start"


class TestTransitions:
    def test_of_two_the_second_finds_the_status_changed(self, races: Races) -> None:
        for slug in ("ruhr-digital", "oepnv-initiative"):
            status = races.client.get(f"/v1/projects/{slug}").json["status"]
            to = "suspended" if status == "in_implementation" else "in_implementation"
            call = races.posting(f"/v1/projects/{slug}/transitions", {"to": to, "on": TODAY, "reason": "x"})
            answers = races.at_once(call, call)
            assert _statuses(answers) == [200, 409], (slug, status, [answer.json for answer in answers])


class TestLimits:
    def test_of_an_award_hold_when_many_book_at_once(self, races: Races) -> None:
        award = races.award("100.00")
        booking = {"type": "disbursement", "amount": "30.00", "booked_on": TODAY}
        answers = races.at_once(*[races.posting(f"{award}/ledger-entries", booking)] * 6)
        assert _statuses(answers) == [201, 201, 201, 409, 409, 409]
        assert races.client.get(award).json["paid_out"] == "90.00"

    def test_of_a_chain_hold_when_it_is_amended_meanwhile(self, races: Races) -> None:
        """Either the booking sees the lower award and is refused, or the amendment sees the payment and claims it."""
        award = races.award("100.00")
        application = races.client.get(award).json["application"]
        amendment = {"issued_on": TODAY, "amount": "40.00", "supersedes": award.rsplit("/", 1)[1]}
        booking = {"type": "disbursement", "amount": "90.00", "booked_on": TODAY}
        answers = races.at_once(
            races.posting(f"/v1/applications/{application}/awards", amendment),
            races.posting(f"{award}/ledger-entries", booking),
        )
        assert _statuses(answers) in ([201, 201], [201, 409])
        entries = races.client.get("/v1/ledger-entries?limit=200&include_demo=true").json["items"]
        mine = sorted((e["type"], e["amount"]) for e in entries if e["award"] in _chain(races, application))
        both = _statuses(answers) == [201, 201]
        assert mine == ([("disbursement", "90.00"), ("recovery_claim", "50.00")] if both else [])

    def test_only_one_amendment_follows_an_award(self, races: Races) -> None:
        award = races.award("100.00")
        application = races.client.get(award).json["application"]
        amendment = {"issued_on": TODAY, "amount": "80.00", "supersedes": award.rsplit("/", 1)[1]}
        call = races.posting(f"/v1/applications/{application}/awards", amendment)
        assert _statuses(races.at_once(call, call, call)) == [201, 409, 409]


def _chain(races: Races, application: str) -> list[str]:
    return [award["id"] for award in races.client.get(f"/v1/applications/{application}/awards").json["items"]]


class TestKeys:
    def test_are_taken_once(self, races: Races) -> None:
        bodies: list[tuple[str, dict[str, Any]]] = [
            ("/v1/projects", {"slug": "wettlauf", "title_de": "Wettlauf", "proposed_on": TODAY}),
            ("/v1/organisations", {"code": "WL", "name_de": "Wettlauf", "kind": "association"}),
            ("/v1/funding-programmes", {"code": "wettlauf", "title_de": "Wettlauf", "level": "eu"}),
            ("/v1/projects/ruhr-digital/milestones", {"code": "W1", "title_de": "Wettlauf", "kind": "opening"}),
        ]
        for path, body in bodies:
            call = races.posting(path, body)
            answers = races.at_once(call, call, call)
            assert _statuses(answers) == [201, 409, 409], (path, [answer.json for answer in answers])

    def test_that_are_derived_do_not_collide(self, races: Races) -> None:
        call = races.posting("/v1/projects/ruhr-digital/milestones", {"title_de": "Wettlauf", "kind": "opening"})
        answers = races.at_once(call, call, call)
        assert _statuses(answers) == [201, 201, 201]
        assert len({answer.json["code"] for answer in answers}) == 3
