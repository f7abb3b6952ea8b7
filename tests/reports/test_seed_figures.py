"""The figures that the real data must give (DOMAIN 5a)."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient


class TestPortfolioReport:
    def test_keeps_74_of_75_and_says_what_is_unknown(self, client: FlaskClient) -> None:
        report = client.get("/v1/reports/portfolio").json
        assert report["total"]["count"] == 74
        assert {item["action_field"]: item["count"] for item in report["items"]} == {
            "mobility": 6,
            "economy": 11,
            "diversity": 23,
            "energy": 5,
            "education": 10,
            None: 19,
        }
        assert report["population"] == {
            "opening_on": "2019-09-09",
            "opening": 75,
            "admitted": 0,
            "removed": 1,
            "merged": 0,
            "closing": 74,
        }
        counts = {name: part["count"] for name, part in report["completeness"].items()}
        assert (counts["named"], counts["unnamed"], counts["assumed"]) == (55, 19, 3)
        official = {found["as_of"]: found["projects_total"] for found in report["official_counts"]}
        assert official["2019-11-05"] == 74
        assert official["2020-08"] == 73

    def test_before_the_decision_all_75_are_in(self, client: FlaskClient) -> None:
        report = client.get("/v1/reports/portfolio?valid_on=2019-10-31").json
        assert report["total"]["count"] == 75

    def test_every_count_equals_its_lines(self, client: FlaskClient) -> None:
        report = client.get("/v1/reports/portfolio").json
        parts = [*report["items"], report["total"], *report["completeness"].values()]
        for item in [*report["items"], report["total"]]:
            parts += [*item["by_status"], *item["by_bucket"]]
        for part in parts:
            assert client.get(part["lines"] + "&count=true&limit=1").json["count"] == part["count"], part["lines"]


class TestFundingSummary:
    def test_gives_the_published_awards_and_no_payments(self, client: FlaskClient) -> None:
        total = client.get("/v1/reports/funding-summary").json["total"]
        assert total["approved"]["amount"] == "29149664.22"
        assert total["approved"]["exact"] == "18049664.22"
        assert total["approved"]["lines_count"] - total["approved"]["lines_without_amount"] == 11
        assert total["paid_out"]["amount"] is None
        assert total["to_flow"]["amount"] is None

    def test_shows_eu_and_federal_also_when_empty(self, client: FlaskClient) -> None:
        items = client.get("/v1/reports/funding-summary?group_by=level").json["items"]
        levels = {item["group"]["level"]: item["approved"]["amount"] for item in items}
        assert levels["eu"] == "134698.00"
        assert levels["federal"] == "0.00"


class TestProjectsOfMinistry:
    @pytest.mark.parametrize(("day", "statuses"), [("2019-10-31", ["proposed"] * 6)])
    def test_has_six_proposals_before_the_decision(self, client: FlaskClient, day: str, statuses: list[str]) -> None:
        items = client.get(f"/v1/projects?lead_ministry=MHKBG&valid_on={day}").json["items"]
        assert [item["status"] for item in items] == statuses

    def test_has_five_adopted_and_one_taken_out_after_it(self, client: FlaskClient) -> None:
        items = client.get("/v1/projects?lead_ministry=MHKBG&valid_on=2019-11-06").json["items"]
        statuses = {item["slug"]: item["status"] for item in items}
        assert statuses.pop("kommunale-kredithilfe") == "transferred_out"
        assert list(statuses.values()) == ["adopted"] * 5
        journal = client.get("/v1/projects/kommunale-kredithilfe/transitions").json["items"]
        decision = client.get(f"/v1/decisions/{journal[-1]['decision']}").json
        assert decision["decided_on"] == "2019-11-05"
        assert "Gleichwertige Lebensverhältnisse" in decision["reason_de"]
        assert "Kommunen" in decision["agreed_with"]


class TestSearch:
    @pytest.mark.parametrize(
        ("question", "slug"),
        [
            ("brachflaechen", "revitalisierung-brachflaechen"),
            ("Brachflächen", "revitalisierung-brachflaechen"),
            ("oepnv", "oepnv-initiative"),
            ("opnv", "oepnv-initiative"),
            ("fussball", "ruhr-fussball"),
            ("FUẞBALL", "ruhr-fussball"),
        ],
    )
    def test_finds_umlauts_either_way(self, client: FlaskClient, question: str, slug: str) -> None:
        assert [item["slug"] for item in client.get("/v1/projects", query_string={"q": question}).json["items"]] == [
            slug
        ]

    def test_takes_wildcards_as_text(self, client: FlaskClient) -> None:
        assert client.get("/v1/projects?q=%25").json["items"] == []
