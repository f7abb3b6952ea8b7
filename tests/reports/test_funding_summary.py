"""The five numbers over HTTP: unknown is not zero, one total for every grouping, lines that name their sources."""

from __future__ import annotations

import csv
import io
from typing import Any

from tests.funding.test_rules import Money, money

__all__ = ["money"]

SUMMARY = "/v1/reports/funding-summary?project=ruhr-digital&level=federal"


def _report(money: Money, keys: str = "") -> Any:
    return money.client.get(f"{SUMMARY}&group_by={keys}" if keys else SUMMARY).json


def _plain(numbers: Any) -> Any:
    return {part: {name: value for name, value in found.items() if name != "lines"} for part, found in numbers.items()}


def _flow(report: Any) -> tuple[Any, ...]:
    paid, flow = report["total"]["paid_out"], report["total"]["to_flow"]
    return paid["amount"], paid["payments_known_until"], paid["lines_without_payments"], flow["amount"]


class TestTotal:
    def test_is_the_same_for_every_grouping(self, money: Money) -> None:
        one, other = money.award(money.approved()), money.award(money.approved())
        assert _flow(_report(money)) == (None, None, 2, None)
        tag = money.client.get(f"/v1/awards/{one}").headers["ETag"]
        told = {"payments_known_until": "2025-06-30"}
        money.client.patch(f"/v1/awards/{one}", json=told, headers={**money.headers, "If-Match": tag})
        self._compare(money, ("0.00", "2025-06-30", 1, "1000.00"))
        money.move(other, ("final", "2026-01-02"))
        money.book(other, "disbursement", "250.00", "2026-01-03")
        self._compare(money, ("250.00", "2025-06-30", 0, "1750.00"))

    def _compare(self, money: Money, flow: tuple[Any, ...]) -> None:
        plain = _report(money)
        assert _flow(plain) == flow
        for keys in ("year", "year,level", "project,year,action_field", "application_status", "fund,ministry"):
            report = _report(money, keys)
            assert _plain(report["total"]) == _plain(plain["total"]), keys
            assert report["total"]["to_flow"]["lines"] == plain["total"]["to_flow"]["lines"]
            if "year" in keys:
                assert {item["to_flow"]["amount"] for item in report["items"]} == {None}


class TestLines:
    def test_name_project_recipient_file_reference_days_and_source(self, money: Money) -> None:
        application = money.approved(file_reference="AZ 7", recipient_text="Stadt Essen")
        award = money.award(application, source_url="https://land.example/bescheid")
        money.move(award, ("final", "2025-03-02"))
        money.book(award, "disbursement", "250.00", "2025-03-03", document_reference="B 1")
        total = _report(money)["total"]
        shown = {"project": "ruhr-digital", "recipient_text": "Stadt Essen", "file_reference": "AZ 7"}
        noticed = {"source_url": "https://land.example/bescheid"}
        for part, more in (
            ("applied", {"submitted_on": "2025-01-10", "submitted_on_precision": "day"}),
            (
                "approved",
                {"issued_on": "2025-02-02", "issued_on_precision": "day", "amount_qualifier": "exact"} | noticed,
            ),
            ("paid_out", {"booked_on": "2025-03-03", "document_reference": "B 1"} | noticed),
        ):
            row = self._download(money, total[part]["lines"], money.headers)
            assert {name: row[name] for name in shown | more} == shown | more
            assert self._download(money, total[part]["lines"], {})["file_reference"] == ""

    def _download(self, money: Money, lines: str, headers: dict[str, str]) -> dict[str, str]:
        text = money.client.get(f"{lines}&format=csv", headers=headers).get_data(as_text=True)
        (row,) = csv.DictReader(io.StringIO(text))
        return row
