"""Milestones over HTTP: phases, forecasts, outcomes, and the report that counts them."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

Headers = dict[str, str]
PATH = "/v1/projects/ruhr-digital/milestones"


@pytest.fixture
def post(client: FlaskClient, coordinator: Headers) -> Any:
    def send(path: str, body: dict[str, Any], status: int = 201) -> Any:
        answer = client.post(path, json=body, headers=coordinator)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.json

    return send


def _plan(post: Any, day: str | None = "2026-03-01", **values: Any) -> str:
    return str(post(PATH, {"title_de": "Schritt", "kind": "result", "baseline_on": day, **values})["id"])


class TestPlan:
    def test_in_implementation_begins_in_2020(self, post: Any) -> None:
        body = {"title_de": "Früh", "kind": "start", "baseline_on": "2019-12-31", "phase": "implementing"}
        assert post(PATH, body, 422)["errors"][0]["pointer"] == "#/phase"
        assert post(PATH, {**body, "phase": "deciding"})["phase"] == "deciding"
        assert post(PATH, {**body, "baseline_on": "2020-01-01"})["phase"] == "implementing"

    def test_gets_the_next_code(self, post: Any) -> None:
        codes = [post(PATH, {"title_de": "S", "kind": "start", "baseline_on": "2026-03-01"})["code"] for _ in range(2)]
        assert codes == ["M02", "M03"]  # M01 is a presentation of 2019
        post(PATH, {"title_de": "S", "kind": "start", "code": "M02"}, 409)

    def test_stands_once_something_was_reported(self, post: Any, client: FlaskClient, coordinator: Headers) -> None:
        milestone = f"/v1/milestones/{_plan(post)}"

        def move(day: str) -> int:
            tag = client.get(milestone).headers["ETag"]
            return client.patch(
                milestone, json={"baseline_on": day}, headers={**coordinator, "If-Match": tag}
            ).status_code

        assert move("2026-04-01") == 200
        post(f"{milestone}/forecasts", {"reported_on": "2026-02-01", "forecast_on": "2026-05-01"})
        assert move("2026-06-01") == 409
        tag = client.get(milestone).headers["ETag"]
        headers = {**coordinator, "If-Match": tag, "Change-Reason": "Irrtum"}
        assert client.delete(milestone, headers=headers).status_code == 409


class TestForecast:
    def test_is_one_per_reporting_day(self, post: Any) -> None:
        milestone = _plan(post)
        body = {"reported_on": "2026-02-01", "forecast_on": "2026-05-01"}
        post(f"/v1/milestones/{milestone}/forecasts", body)
        assert post(f"/v1/milestones/{milestone}/forecasts", body, 409)["type"] == "/problems/already-exists"
        assert post(f"/v1/milestones/{milestone}/forecasts", {**body, "reported_on": "2099-01-01"}, 422)

    def test_ends_with_the_milestone(self, post: Any) -> None:
        milestone = _plan(post)
        post(f"/v1/milestones/{milestone}/transitions", {"to": "missed", "on": "2026-03-02"}, 200)
        body = {"reported_on": "2026-03-03", "forecast_on": "2026-05-01"}
        assert post(f"/v1/milestones/{milestone}/forecasts", body, 409)["type"] == "/problems/no-longer-scheduled"


class TestOutcome:
    def test_follows_the_day_and_what_was_told(self, post: Any, client: FlaskClient) -> None:
        milestone = _plan(post)
        path = f"/v1/milestones/{milestone}"
        post(f"{path}/forecasts", {"reported_on": "2026-02-01", "forecast_on": "2026-03-31"})
        post(f"{path}/forecasts", {"reported_on": "2026-03-15", "forecast_on": "2026-04-30"})
        post(f"{path}/transitions", {"to": "achieved", "on": "2026-05-02"}, 200)
        today = client.get(path).json
        assert (today["outcome"], today["slip_days"], today["achieved_on"]) == ("achieved", 62, "2026-05-02")

    def test_is_overdue_after_the_day_and_at_risk_before_it(self, post: Any, client: FlaskClient) -> None:
        late, risky = _plan(post, "2026-03-01"), _plan(post, "2027-03-01")
        post(f"/v1/milestones/{risky}/forecasts", {"reported_on": "2026-02-01", "forecast_on": "2027-03-02"})
        assert client.get(f"/v1/milestones/{late}").json["outcome"] == "overdue"
        found = client.get(f"/v1/milestones/{risky}").json
        assert (found["outcome"], found["slip_days"]) == ("at_risk", 1)

    def test_of_an_old_plan_nobody_spoke_of_is_not_called_overdue(self, client: FlaskClient) -> None:
        items = client.get("/v1/milestones?outcome=not_reported").json["items"]
        assert {item["basis"] for item in items} == {"documented"}
        assert client.get("/v1/reports/milestones").json["total"]["overdue"]["count"] == 0


class TestReport:
    @pytest.mark.parametrize("keys", ["quarter", "year,action_field", "ministry"])
    def test_every_count_equals_its_lines(self, demo_client: FlaskClient, keys: str) -> None:
        asked = f"group_by={keys}&" if keys else ""
        report = demo_client.get(f"/v1/reports/milestones?{asked}include_demo=true&valid_on=2024-06-30").json
        cells = [report["total"], *report["items"][:: max(1, len(report["items"]) // 4)]]
        for cell in cells:
            for name, part in cell.items():
                if name == "group":
                    continue
                page = demo_client.get(f"{part['lines']}&count=true&limit={200 if name == 'slipped' else 1}").json
                assert page["count"] == part["count"], part["lines"]
                if name == "slipped" and page["next"] is None:
                    assert sum(item["slip_days"] for item in page["items"]) == part["days"]
        for name in ("planned", "achieved", "overdue", "slipped"):
            assert sum(item[name]["count"] for item in report["items"]) == report["total"][name]["count"]
