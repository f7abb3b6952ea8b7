"""Downloads equal the page: every list and report, in every form, on both engines, now and then."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portfolio.core import sources, spec, spec_reading
from portfolio.core.answers import LIST_FORMS, REPORT_FORMS
from portfolio.core.db import Database
from portfolio.exchange.seed import load_seed
from tests.conftest import Ticking, key_headers, make_app, open_register
from tests.postgres import create_database, drop_database
from tests.workbooks import Row, about, parts, rows_of, sheets

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
REPORTS = {
    "/v1/reports/funding-summary": ("funding-summary", "group_by=level,year&include_demo=true"),
    "/v1/reports/milestones": ("milestone-report", "group_by=quarter,action_field&include_demo=true"),
    "/v1/reports/portfolio": ("portfolio-report", "include_demo=true"),
}
PARENTS = {"application_id": "/v1/applications", "award_id": "/v1/awards"}
SAME = ("projects", "applications", "awards", "milestones", "funding-statements", "organisations", "decisions")
FIXED = "valid_on=2026-03-31"


def described(client: FlaskClient, media: str) -> list[str]:
    """The addresses that the document gives in ``media``."""
    document = spec.document(client.application.extensions["portfolio_api"])
    return [
        path
        for path, method, operation in spec_reading.operations(document)
        if method == "get" and media in operation["responses"]["200"].get("content", {})
    ]


def lists(client: FlaskClient) -> Iterator[str]:
    """Every list there is, with records in it."""
    for template in described(client, "application/jsonl"):
        path = template
        if "{slug}" in path:
            parent = f"/v1/{template.rpartition('/')[2]}?include_demo=true"
            path = path.replace("{slug}", client.get(parent).json["items"][0]["project"])
        for name, parent in PARENTS.items():
            if name in path:
                query = "open=true&payments_known=true" if name == "award_id" else "application_status=approved"
                items = client.get(f"{parent}?include_demo=true&{query}").json["items"]
                path = path.replace(f"{{{name}}}", items[0]["id"])
        names = {p["name"] for p in _parameters(client, template)}
        yield f"{path}?include_demo=true&{FIXED}" if "include_demo" in names else f"{path}?{FIXED}"


def _parameters(client: FlaskClient, template: str) -> list[dict[str, Any]]:
    document = spec.document(client.application.extensions["portfolio_api"])
    return spec_reading.parameters_of(document, template, "get")


def pages(client: FlaskClient, path: str) -> tuple[list[Row], bytes]:
    """The items of all pages of a list, and all bytes of them."""
    items: list[Row] = []
    data = b""
    following: str | None = path if "/data-dictionary" in path else f"{path}&limit=200"  # that one has no pages
    while following is not None:
        answer = client.get(following)
        assert answer.status_code == 200, answer.text
        data += answer.data
        items += answer.json["items"]
        following = answer.json.get("next")
    return items, data


def get(client: FlaskClient, path: str, form: str, **headers: str) -> TestResponse:
    answer = client.get(f"{path}&format={form}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Length"] == str(len(answer.data))
    return answer


def csv_rows(data: bytes, form: str) -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbf") == (form == "csv-de")
    text = data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if form == "csv-de" else ","))


def check_csv(rows: list[dict[str, str]], items: list[Row], form: str) -> None:
    for row, item in zip(rows, items, strict=True):
        for name, cell in row.items():
            value = item.get(name)
            if isinstance(value, list | dict):
                assert json.loads(cell) == value
            elif isinstance(value, bool):
                assert cell == str(value).lower()
            elif cell.replace(",", ".") != str(value):
                assert cell.removeprefix("'") == ("" if value is None else str(value)), (name, form)


def check_workbook(rows: list[Row], items: list[Row]) -> None:
    for row, item in zip(rows, items, strict=True):
        for name, cell in row.items():
            value = item.get(name)
            assert _equal(cell, value), (name, cell, value)


def _equal(cell: Any, value: Any) -> bool:
    """Whether a typed cell says what JSON says."""
    if isinstance(value, list | dict):
        return bool(json.loads(cell) == value)
    if isinstance(cell, datetime):
        if len(value) == 10:
            return cell.date() == date.fromisoformat(value)
        # A workbook keeps milliseconds.
        return abs(cell - datetime.fromisoformat(value).replace(tzinfo=None)).total_seconds() < 0.002
    if isinstance(cell, int | float) and isinstance(value, str):
        return Decimal(str(cell)) == Decimal(value) and "." in value
    return type(cell) is type(value) and bool(cell == value)


def check_sums(data: bytes, items: list[Row]) -> int:
    """Every control sum is the exact sum of the column, as stated and as a formula; how many there are."""
    lines = about(data)
    at = next((number for number, line in enumerate(lines) if line[:1] == ("Kontrollsumme",)), len(lines))
    for name, count, *sums in lines[at + 1 :]:
        amounts = [Decimal(item[name]) for item in items if item.get(name) is not None]
        assert count == len(amounts), name
        assert [Decimal(str(found)) for found in sums] == ([sum(amounts)] * 2 if amounts else []), name
    return len(lines[at + 1 :])


def test_every_list_in_every_form(demo_client: FlaskClient) -> None:
    found = list(lists(demo_client))
    assert len(found) >= 15
    names: dict[str, set[str]] = {}
    for path in found:
        items, data = pages(demo_client, path)
        assert items, path
        for form in LIST_FORMS[1:]:
            answer = get(demo_client, path, form)
            saved = answer.headers["Content-Disposition"].removeprefix('attachment; filename="').removesuffix('"')
            assert saved.endswith(f".{form.removesuffix('-de')}")
            names.setdefault(saved, set()).add(path)
            if form == "jsonl":
                assert [json.loads(line) for line in answer.data.splitlines()] == items
                assert all(line in data for line in answer.data.splitlines())
            elif form == "xlsx":
                check_workbook(rows_of(answer.data), items)
                check_sums(answer.data, items)
            else:
                check_csv(csv_rows(answer.data, form), items, form)
    assert not {name for name in names if name.startswith(tuple(name for name, _ in REPORTS.values()))}


def test_every_report_in_every_form(demo_client: FlaskClient) -> None:
    reports = set(described(demo_client, XLSX)) - set(described(demo_client, "application/jsonl"))
    assert {path for path in reports if "workbook" not in path} == set(REPORTS)
    for address, (name, query) in REPORTS.items():
        path = f"{address}?{query}&{FIXED}"
        body = demo_client.get(path).json
        items = list(_flat(name, body))
        assert items
        for form in REPORT_FORMS[1:]:
            answer = get(demo_client, path, form)
            ending = form.removesuffix("-de")
            assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.{ending}"'
            if form == "xlsx":
                check_workbook(rows_of(answer.data), items)
                assert check_sums(answer.data, items) == (7 if name == "funding-summary" else 0)
            else:
                check_csv(csv_rows(answer.data, form), items, form)
        assert demo_client.get(f"{path}&format=jsonl").status_code == 422
        assert demo_client.get(path, headers={"Accept": "application/jsonl"}).status_code == 406


def _flat(name: str, body: Any) -> Iterator[Row]:
    for item in body["items"]:
        if name == "portfolio-report":
            for part in item["by_status"]:
                yield {"action_field": item["action_field"], "status": part["status"], "projects": part["count"]}
            continue
        row = dict(item["group"])
        for part, numbers in item.items():
            if name == "milestone-report" and part != "group":
                row |= {part: numbers["count"], **({"slipped_days": numbers["days"]} if part == "slipped" else {})}
            elif part != "group":
                row |= {f"{part}_{key}": value for key, value in numbers.items()}
        yield row


def test_the_totals_of_a_report_are_its_control_sums(demo_client: FlaskClient) -> None:
    path = f"/v1/reports/funding-summary?group_by=project,level&include_demo=true&{FIXED}"
    total = demo_client.get(path).json["total"]
    stated = {line[0]: Decimal(str(line[2])) for line in about(get(demo_client, path, "xlsx").data)[-7:]}
    for part, name in (("applied", "amount"), ("approved", "amount"), ("approved", "exact"), ("paid_out", "amount")):
        assert stated[f"{part}_{name}"] == Decimal(total[part][name]) > 0


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_cells_have_the_types_of_their_columns(demo_client: FlaskClient) -> None:
    path = f"/v1/awards?include_demo=true&payments_known=true&sort=-amount&{FIXED}"
    for language, day in (("de-AT, en;q=0.5", "dd.mm.yyyy"), ("en-GB", "yyyy-mm-dd"), ("fr", "dd.mm.yyyy")):
        answer = get(demo_client, path, "xlsx", **{"Accept-Language": language})
        assert "Accept-Language" in answer.headers["Vary"]
        sheet, second = sheets(answer.data)
        german = language != "en-GB"
        assert (sheet.title, second.title) == (("Daten", "Angaben") if german else ("Data", "About"))
        assert answer.headers["Content-Language"] == ("de" if german else "en")
        header = {cell.value: number for number, cell in enumerate(sheet[1])}
        assert all(cell.font.bold for cell in sheet[1])
        assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", sheet.dimensions)
        cells = [sheet[2][header[name]] for name in ("issued_on", "amount", "year", "in_force", "project")]
        assert [cell.data_type for cell in cells] == ["d", "n", "n", "b", "s"]
        assert [cell.number_format for cell in cells[:3]] == [day, "#,##0.00", "0"]
    rates = get(demo_client, f"/v1/applications?include_demo=true&{FIXED}", "xlsx")
    sheet = sheets(rates.data)[0]
    column = [cell.value for cell in sheet[1]].index("requested_rate")
    assert {row[column].number_format for row in sheet.iter_rows(min_row=2) if row[column].value} <= {"0.00%"}


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_second_sheet_says_what_it_is(with_demo: Database) -> None:
    client = make_app(with_demo).test_client()
    head = int(client.get("/v1/programme").headers["Register-Revision"])
    query = "level=eu&level=federal&include_demo=true"
    answer = client.get(f"/v1/applications?{query}&format=xlsx&known_at={head}&{FIXED}&sort=-requested_amount")
    lines = about(answer.data)
    at = datetime.fromisoformat(client.get(f"/v1/revisions/{head}").json["at"]).replace(tzinfo=None)
    assert lines[:8] == [
        ("Inhalt", "applications"),
        ("Adresse", "/v1/applications"),
        ("Parameter", "format", "xlsx"),
        ("Parameter", "include_demo", "true"),
        ("Parameter", "known_at", str(head)),
        ("Parameter", "level", "eu"),
        ("Parameter", "level", "federal"),
        ("Parameter", "sort", "-requested_amount"),
    ]
    said = {line[0]: line[1] for line in lines[8:] if line}
    assert said["Stand am (valid_on)"] == datetime(2026, 3, 31)  # noqa: DTZ001
    assert said["Kenntnisstand (known_at)"] == f"Revision {head}"
    assert said["Revision"] == head
    assert abs(said["Zeitpunkt der Revision (UTC)"] - at).total_seconds() < 0.001
    assert said["Sicht"] == "öffentlich"
    assert said["Zeilen"] == len(rows_of(answer.data)) > 0
    formula = sheets(answer.data, formulas=True)[1].cell(len(lines) - 1, 4).value
    assert formula == f"=ROUND(SUM('Daten'!$L$2:$L${said['Zeilen'] + 1}),2)"
    for role, organisation, word in (
        ("coordinator", None, "vollständig"),
        ("editor", "MUNV", "MUNV"),
        ("admin", None, "öffentlich"),
    ):
        headers = key_headers(with_demo, role, organisation)
        view = dict(line[:2] for line in about(client.get("/v1/projects?format=xlsx", headers=headers).data) if line)
        assert word in view["Sicht"]


def test_the_past_is_downloaded_as_it_was(with_demo: Database) -> None:
    client, headers = make_app(with_demo).test_client(), key_headers(with_demo, "coordinator")
    head = int(client.get("/v1/programme").headers["Register-Revision"])
    path = f"/v1/projects?include_demo=true&known_at={head}&{FIXED}"
    before = {form: get(client, path, form).data for form in LIST_FORMS}
    etag = client.get("/v1/projects/ruhr-digital").headers["ETag"]
    changed = client.patch(
        "/v1/projects/ruhr-digital", json={"summary_de": "Später gesagt"}, headers={**headers, "If-Match": etag}
    )
    assert changed.status_code == 200
    assert {form: get(client, path, form).data for form in LIST_FORMS} == before
    now = f"/v1/projects?include_demo=true&{FIXED}"
    assert "Später gesagt" in parts(get(client, now, "xlsx").data)
    assert "Später gesagt" in get(client, now, "jsonl").text


def test_what_is_unchanged_is_not_sent_again(demo_client: FlaskClient) -> None:
    path = f"/v1/awards?include_demo=true&{FIXED}"
    tags = set()
    for form in LIST_FORMS[1:]:
        first, second = get(demo_client, path, form), get(demo_client, path, form)
        assert (first.data, first.headers["ETag"]) == (second.data, second.headers["ETag"])
        tags.add(first.headers["ETag"])
        unchanged = demo_client.get(f"{path}&format={form}", headers={"If-None-Match": first.headers["ETag"]})
        assert (unchanged.status_code, unchanged.data) == (304, b"")
        assert unchanged.headers["Vary"] == first.headers["Vary"]
        head = demo_client.head(f"{path}&format={form}")
        assert (head.status_code, head.data) == (200, b"")
        for name in ("ETag", "Content-Length", "Content-Type", "Content-Disposition"):
            assert head.headers[name] == first.headers[name]
    english = get(demo_client, path, "xlsx", **{"Accept-Language": "en"}).headers["ETag"]
    assert len({*tags, english}) == 5


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_forms_are_chosen_by_accept_too(demo_client: FlaskClient) -> None:
    for accept, mimetype in ((XLSX, XLSX), ("application/jsonl", "application/jsonl"), ("*/*", "application/json")):
        assert demo_client.get("/v1/projects", headers={"Accept": accept}).mimetype == mimetype
    for path, form in itertools.product(("/v1/projects", *REPORTS), ("xls", "XLSX", "ods", "pdf")):
        refused = demo_client.get(f"{path}?format={form}")
        assert (refused.status_code, refused.json["errors"][0]["parameter"]) == (422, "format")
    for form in LIST_FORMS[1:]:
        assert demo_client.get(f"/v1/projects?format={form}&limit=5").status_code == 422


def test_both_engines_give_the_same_bytes(postgres_dsn: str, tmp_path: Path) -> None:
    name = f"register_{os.getpid()}_downloads"
    found = []
    for url in (f"sqlite:///{tmp_path / 'register.sqlite'}", create_database(postgres_dsn, name)):
        with sources.using(Ticking().sources()):
            database = open_register(url)
            load_seed(database)
        client = make_app(database).test_client()
        answers = [get(client, f"/v1/{name}?{FIXED}", form) for name in SAME for form in LIST_FORMS[1:]]
        answers += [
            get(client, f"{path}?{query}&{FIXED}", form)
            for path, (_, query) in REPORTS.items()
            for form in REPORT_FORMS[1:]
        ]
        found.append([(answer.request.path, answer.headers["ETag"], answer.data) for answer in answers])
        database.dispose()
    drop_database(postgres_dsn, name)
    assert len(found[0]) == 4 * len(SAME) + 3 * len(REPORTS)
    assert found[0] == found[1]
