"""Money over HTTP: what is refused, with the twin that is accepted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

Headers = dict[str, str]
PROJECT = "/v1/projects/ruhr-digital"


@dataclass
class Money:
    """A client that writes applications, awards and entries of one project."""

    client: FlaskClient
    headers: Headers

    def post(self, path: str, body: dict[str, Any], status: int = 201) -> Any:
        reason = {"Change-Reason": "Fehlbuchung"} if body.get("type") == "correction" else {}
        answer = self.client.post(path, json=body, headers={**self.headers, **reason})
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json

    def application(self, **values: Any) -> str:
        body = {"level": "federal", "requested_amount": "1000.00", **values}
        return str(self.post(f"{PROJECT}/applications", body)["id"])

    def approved(self, **values: Any) -> str:
        application = self.application(**values)
        for status, day in (("submitted", "2025-01-10"), ("under_review", "2025-01-11"), ("approved", "2025-02-01")):
            self.post(f"/v1/applications/{application}/transitions", {"to": status, "on": day}, 200)
        return application

    def award(self, application: str, amount: str | None = "1000.00", day: str = "2025-02-02", **values: Any) -> str:
        body = {"issued_on": day, "amount": amount, **values}
        return str(self.post(f"/v1/applications/{application}/awards", body)["id"])

    def move(self, award: str, *steps: tuple[str, str]) -> None:
        for status, day in steps:
            body = {"to": status, "on": day, "reason": "Auflage verfehlt" if status == "revoked" else None}
            self.post(f"/v1/awards/{award}/transitions", body, 200)

    def book(self, award: str, kind: str, amount: str | None, day: str, status: int = 201, **values: Any) -> Any:
        body = {"type": kind, "booked_on": day, **values}
        return self.post(
            f"/v1/awards/{award}/ledger-entries", body if amount is None else {**body, "amount": amount}, status
        )

    def read(self, award: str) -> Any:
        return self.client.get(f"/v1/awards/{award}").json

    def claims(self, award: str) -> list[str]:
        items = self.client.get(f"/v1/ledger-entries?award={award}&type=recovery_claim").json["items"]
        return [item["amount"] for item in items]


@pytest.fixture
def money(client: FlaskClient, coordinator: Headers) -> Money:
    return Money(client, coordinator)


class TestApplication:
    def test_is_downloaded_with_the_decimal_comma_of_german_excel(self, money: Money, client: FlaskClient) -> None:
        money.application(requested_rate="0.8500", requested_amount="1234.50")
        path = "/v1/applications?project=ruhr-digital&format=csv-de"
        line = client.get(path, headers=money.headers).get_data(as_text=True).splitlines()[1]
        assert ";1234,50;;0,8500;" in line

    def test_is_a_draft_that_only_its_ministry_sees(
        self, money: Money, client: FlaskClient, editor: Callable[[str], Headers]
    ) -> None:
        application = money.application(file_reference="AZ 1")
        path = f"/v1/applications/{application}"
        assert client.get(path).status_code == 404
        assert client.get(path, headers=editor("MUNV")).status_code == 404
        assert client.get(path, headers=editor("MWIKE")).json["file_reference"] == "AZ 1"
        public = client.get("/v1/applications?limit=200").json["items"]
        assert application not in [item["id"] for item in public]

    def test_takes_the_level_of_its_programme(self, money: Money) -> None:
        body = {"programme": "efre-regio-nrw", "level": "federal"}
        refused = money.post(f"{PROJECT}/applications", body, 422)
        assert refused["errors"][0]["pointer"] == "#/level"
        taken = money.post(f"{PROJECT}/applications", {"programme": "efre-regio-nrw"})
        assert (taken["level"], taken["fund"]) == ("eu", "EFRE")

    def test_is_deleted_as_a_draft_only(self, money: Money, client: FlaskClient) -> None:
        draft, approved = money.application(), money.approved()
        for application, status in ((draft, 204), (approved, 409)):
            path = f"/v1/applications/{application}"
            tag = client.get(path, headers=money.headers).headers["ETag"]
            headers = {**money.headers, "If-Match": tag, "Change-Reason": "Irrtum"}
            assert client.delete(path, headers=headers).status_code == status

    def test_says_how_much_before_it_is_submitted(self, money: Money) -> None:
        application = money.application(requested_amount=None)
        transition = {"to": "submitted", "on": "2025-01-10"}
        assert (
            money.post(f"/v1/applications/{application}/transitions", transition, 422)["errors"][0]["code"]
            == "amount_missing"
        )

    def test_says_how_much_as_long_as_it_stands(self, money: Money, client: FlaskClient) -> None:
        for application, status in ((money.application(), 200), (money.approved(), 422)):
            path = f"/v1/applications/{application}"
            headers = {**money.headers, "If-Match": client.get(path, headers=money.headers).headers["ETag"]}
            assert client.patch(path, json={"requested_amount": None}, headers=headers).status_code == status

    def test_asks_for_no_more_than_the_cost(self, money: Money) -> None:
        body = {"level": "eu", "requested_amount": "2.00", "eligible_cost": "1.00"}
        assert money.post(f"{PROJECT}/applications", body, 422)["errors"][0]["code"] == "above_cost"


class TestAward:
    def test_needs_an_approved_application(self, money: Money) -> None:
        application = money.application()
        body = {"issued_on": "2025-02-02", "amount": "1.00"}
        assert (
            money.post(f"/v1/applications/{application}/awards", body, 409)["type"]
            == "/problems/application-not-granted"
        )

    def test_above_what_was_applied_for_needs_a_reason(self, money: Money, client: FlaskClient) -> None:
        application = money.approved(requested_amount="1000.00")
        path = f"/v1/applications/{application}/awards"
        first = money.award(application, "600.00")
        money.award(application, "400.00")  # both together are what was asked for
        above = {"issued_on": "2025-03-01", "amount": "600.01", "supersedes": first}
        assert money.post(path, above, 422)["type"] == "/problems/reason-required"
        assert client.get(path).json["items"][0]["in_force"] is True  # nothing was written
        assert client.post(path, json=above, headers={**money.headers, "Change-Reason": "Nachtrag"}).status_code == 201

    def test_is_not_before_the_submission(self, money: Money) -> None:
        application = money.approved()
        body = {"issued_on": "2025-01-09", "amount": "1.00"}
        assert money.post(f"/v1/applications/{application}/awards", body, 422)["errors"][0]["pointer"] == "#/issued_on"

    def test_is_amended_by_a_new_one_only(self, money: Money, client: FlaskClient) -> None:
        award = money.award(money.approved())
        tag = client.get(f"/v1/awards/{award}").headers["ETag"]
        headers = {**money.headers, "If-Match": tag}
        fixed = client.patch(f"/v1/awards/{award}", json={"amount": "2.00"}, headers=headers)
        assert (fixed.status_code, fixed.json["type"]) == (409, "/problems/amend-by-a-new-award")
        described = client.patch(f"/v1/awards/{award}", json={"number": "B 7"}, headers=headers)
        assert described.json["number"] == "B 7"

    def test_amended_below_what_was_paid_opens_a_recovery_claim(self, money: Money) -> None:
        application = money.approved()
        award = money.award(application)
        money.move(award, ("final", "2025-03-02"))
        money.book(award, "disbursement", "900.00", "2025-03-03")
        lower = money.award(application, "600.00", "2025-04-01", supersedes=award)
        assert money.claims(lower) == ["300.00"]
        assert money.read(lower)["overpaid"] == "300.00"
        again = {"issued_on": "2025-04-02", "amount": "1.00", "supersedes": award}
        assert money.post(f"/v1/applications/{application}/awards", again, 409)["type"] == "/problems/award-superseded"
        refused = money.book(award, "repayment", "1.00", "2025-04-02", 409)
        assert lower in refused["detail"]

    def test_revoked_opens_a_recovery_claim_and_leaves_the_sums(self, money: Money, client: FlaskClient) -> None:
        award = money.award(money.approved())
        money.move(award, ("final", "2025-03-02"))
        money.book(award, "disbursement", "900.00", "2025-03-03")
        money.move(award, ("revoked", "2025-05-01"))
        assert money.claims(award) == ["900.00"]
        for day, in_force in (("2025-04-30", True), ("2025-05-01", False)):
            assert client.get(f"/v1/awards/{award}?valid_on={day}").json["in_force"] is in_force

    def test_settled_leaves_what_lapsed(self, money: Money) -> None:
        award = money.award(money.approved())
        money.move(award, ("final", "2025-03-02"))
        money.book(award, "disbursement", "900.00", "2025-03-03")
        assert money.read(award)["to_flow"] == "100.00"
        money.move(award, ("active", "2025-03-04"), ("proof_due", "2025-06-01"), ("settled", "2025-07-01"))
        settled = money.read(award)
        assert (settled["to_flow"], settled["lapsed"], settled["open"]) == (None, "100.00", False)

    def test_says_nothing_more_was_paid(self, money: Money, client: FlaskClient) -> None:
        award = money.award(money.approved())
        assert money.read(award)["paid_out"] is None
        for body, status in (
            ({"payments_known_until": "2099-01-01"}, 422),
            ({"payments_known_until": "2025-06-30"}, 200),
            ({"payments_known_until": "2025-05-31"}, 422),
        ):
            tag = client.get(f"/v1/awards/{award}").headers["ETag"]
            answer = client.patch(f"/v1/awards/{award}", json=body, headers={**money.headers, "If-Match": tag})
            assert answer.status_code == status, body
        assert (money.read(award)["paid_out"], money.read(award)["to_flow"]) == ("0.00", "1000.00")


class TestLedger:
    def test_pays_only_on_a_final_award(self, money: Money) -> None:
        award = money.award(money.approved())
        assert money.book(award, "disbursement", "1.00", "2025-03-03", 409)["type"] == "/problems/award-not-final"
        money.move(award, ("final", "2025-03-02"))
        assert money.book(award, "disbursement", "1.00", "2025-03-01", 409)["type"] == "/problems/award-not-final"
        money.book(award, "disbursement", "1.00", "2025-03-02")

    def test_pays_no_more_than_the_award_and_takes_no_more_back(self, money: Money) -> None:
        award = money.award(money.approved())
        money.move(award, ("final", "2025-03-02"))
        assert money.book(award, "disbursement", "1000.01", "2025-03-03", 409)["type"] == "/problems/above-award"
        money.book(award, "disbursement", "1000.00", "2025-03-03")
        assert money.book(award, "repayment", "1000.01", "2025-03-04", 409)["type"] == "/problems/below-zero"
        money.book(award, "repayment", "400.00", "2025-03-04")
        assert (money.read(award)["paid_out"], money.read(award)["to_flow"]) == ("600.00", "400.00")

    def test_corrects_by_reversing_once(self, money: Money) -> None:
        award = money.award(money.approved())
        money.move(award, ("final", "2025-03-02"))
        wrong = money.book(award, "disbursement", "300.00", "2025-03-03")["id"]
        assert money.book(award, "correction", None, "2025-03-04", 422)["errors"][0]["pointer"] == "#/reverses"
        assert (
            money.book(award, "correction", "299.00", "2025-03-04", 422, reverses=wrong)["errors"][0]["pointer"]
            == "#/amount"
        )
        entry = money.book(award, "correction", None, "2025-03-04", reverses=wrong)
        assert (entry["amount"], entry["paid_out"], entry["reverses"]) == ("300.00", "-300.00", wrong)
        money.book(award, "correction", None, "2025-03-05", 409, reverses=wrong)
        assert (
            money.book(award, "correction", None, "2025-03-05", 409, reverses=entry["id"])["type"]
            == "/problems/not-reversible"
        )

    def test_counts_only_what_flows(self, money: Money) -> None:
        award = money.award(money.approved())
        for kind in ("commitment", "expenditure", "pass_through", "recovery_claim"):
            assert money.book(award, kind, "500.00", "2025-03-03")["paid_out"] == "0.00"
        assert money.read(award)["payments_known"] is False

    def test_is_never_changed_or_removed(self, money: Money, client: FlaskClient) -> None:
        award = money.award(money.approved())
        entry = money.book(award, "commitment", "500.00", "2025-03-03")["id"]
        for method in (client.patch, client.delete, client.put):
            answer = method(f"/v1/ledger-entries/{entry}", headers={**money.headers, "If-Match": '"1-a"'})
            assert answer.status_code == 405
