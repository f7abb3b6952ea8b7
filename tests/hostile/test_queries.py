"""Query parameters: every one of every read with every defect of its kind, and the same read without it."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from portfolio.core import spec, spec_reading
from tests.access.world import CALLS
from tests.hostile.soon import soon

pytestmark = pytest.mark.postgresql_in_full

ANYWHERE = ("%FF", "%C3", "%00", "%ED%A0%80", "a%00b")
"""No text at all, in any parameter."""
TEXTS = ("", "%20", "%0A", "a%07b", "a%E2%80%AEb", "%EF%BF%BE")
DAYS = (
    "20200101",
    "2020-W01-1",
    "2020-02-30",
    "2020-1-1",
    "1999-12-31",
    "2101-01-01",
    "%EF%BC%92020-01-01",
    "2020-01-01T00:00:00Z",
    "today",
    "",
)
MOMENTS = (
    "-1",
    "%2B1",
    "1.0",
    "1e3",
    "01",
    "99999999",
    "99999999999999999999",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00%2B14:00",
    "2090-01-01",
    "2090-01-01T00:00:00Z",
    "2020-01-01T00:00:00",
    "2020-02-30",
    "%EF%BC%91",
    "now",
    "head",
    "",
    "1%20",
    "0x1",
    "NaN",
)
NUMBERS = (
    "-1",
    "%2B1",
    "1.0",
    "1e2",
    "01",
    "1_0",
    "%EF%BC%91",
    "%D9%A1",
    "%201",
    "1%20",
    "99999999999999999999",
    "",
    "x",
    "NaN",
    "0x1",
    "null",
)
TRUTHS = ("True", "TRUE", "yes", "on", "1", "0", "", "true%20", "none")
CODES = ("nonsense", "", "NONE", "null", "%25", "*", "'%20OR%201=1--", "a,b", "[]")
CURSORS = (
    "x",
    "W10",
    "bnVsbA",
    "e30",
    "W251bGwsbnVsbCxudWxsXQ",
    "%3D%3D%3D%3D",
    "A" * 1999,
    "A" * 3000,
    "W1tbW1tbW1tbW10",
    "../x",
    "WyJ4IiwxLDJd",
    "4pyT",
)
SORTS = (
    "id;",
    "internal_note",
    "version",
    "__class__",
    "title%20desc",
    "--title",
    "-",
    "title,status",
    "1",
    "(select%201)",
    "TITLE",
    "title%00",
    "",
)
FORMS = ("xml", "CSV", "csv,json", "../csv", "json%0A", "")
LISTS = ("[]", "%5B%5D")


def _defects(name: str, schema: dict[str, Any]) -> tuple[str, ...]:
    kind = schema.get("items", schema)
    if name == "known_at":
        return MOMENTS
    if name == "cursor":
        return CURSORS
    if name == "sort":
        return SORTS
    if name == "format":
        return FORMS
    if kind.get("format") == "date":
        return DAYS
    if kind.get("type") == "integer":
        return NUMBERS
    if kind.get("type") == "boolean":
        return TRUTHS
    if "$ref" in kind:  # the shared lists of words
        return CODES
    return TEXTS


@pytest.fixture
def reads(client: FlaskClient) -> list[tuple[str, list[dict[str, Any]]]]:
    """Every public read with its parameters, as the document has them."""
    document = spec.document(client.application.extensions["portfolio_api"])
    found = []
    for line, build in CALLS.items():
        method, path = line.split(" ")
        template = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)
        is_for_all = not any(part in path for part in ("/me", "/api-keys", "/imports"))
        if method == "GET" and "{" not in template and is_for_all:
            parameters = spec_reading.parameters_of(document, template, "get")
            # The address of a call that needs no record.
            found.append((build(None).path, [one for one in parameters if one["in"] == "query"]))  # type: ignore[arg-type]
    return found


def _ask(client: FlaskClient, address: str) -> Any:
    with soon(address):
        return client.get(address)


def _joined(path: str, query: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{query}"


@pytest.mark.large
def test_every_parameter_with_every_defect(
    client: FlaskClient, reads: list[tuple[str, list[dict[str, Any]]]], step: int
) -> None:
    wrong, count = [], 0
    for path, parameters in reads:
        assert _ask(client, path).status_code in (200, 404), path  # no key of the log here
        for parameter in parameters:
            name = parameter["name"]
            given = path.split("?")[0] if f"{name}=" in path else path
            for value in (*_defects(name, parameter["schema"]), *ANYWHERE)[::step]:
                answer = _ask(client, _joined(given, f"{name}={value}"))
                count += 1
                named = [error.get("parameter", "") for error in (answer.json or {}).get("errors", [])]
                if answer.status_code != 422 or name not in named:
                    wrong.append((path, name, value[:60], answer.status_code, answer.get_data(as_text=True)[:160]))
            for spelled in (name.upper(), f"{name}[]", f"{name}%5B0%5D", f"%20{name}", f"{name}%00", f"{name}.")[
                ::step
            ]:
                count += 1
                if _ask(client, _joined(path, f"{spelled}=1")).status_code != 422:
                    wrong.append((path, spelled, "1"))
            if parameter["schema"].get("type") != "array" and "example" in parameter["schema"]:
                example = quote(str(parameter["schema"]["example"]).lower())
                count += 1
                if _ask(client, _joined(given, f"{name}={example}&{name}={example}")).status_code != 422:
                    wrong.append((path, name, "twice"))
        for query in (
            "feild=x",
            "x",
            "=",
            "=1",
            "%00=1",
            "%FF=1",
            "a=1;b=2",
            "limit=5;sort=title",
            "?",
            "&&a&&",
            "_=1",
        ):
            count += 1
            if _ask(client, _joined(path, query)).status_code != 422:
                wrong.append((path, query, ""))
    assert wrong == [], f"{len(wrong)} of {count}"
    assert count > 3000 // step


def test_the_same_with_a_good_value_is_accepted(
    client: FlaskClient, reads: list[tuple[str, list[dict[str, Any]]]]
) -> None:
    wrong = []
    for path, parameters in reads:
        for parameter in parameters:
            name, schema = parameter["name"], parameter["schema"]
            if name == "cursor":
                continue
            kind = schema.get("items", schema)
            value = {"known_at": "1", "sort": None}.get(name, schema.get("example", kind.get("example")))
            if path.startswith("/v1/diff") and name in ("from", "to"):
                value = {"from": "0", "to": "1"}[name]
            if value is None:
                continue
            given = path.split("?")[0] if f"{name}=" in path else path
            if name == "to":
                given = "/v1/diff?from=0"
            for one in value if isinstance(value, list) else [value]:
                answer = _ask(
                    client, _joined(given, f"{name}={quote(str(one).lower() if isinstance(one, bool) else str(one))}")
                )
                if answer.status_code not in (200, 404):
                    wrong.append((path, name, one, answer.status_code, answer.get_data(as_text=True)[:160]))
    assert wrong == []


class TestCursors:
    @pytest.fixture
    def page(self, client: FlaskClient) -> str:
        found: str = client.get("/v1/projects?limit=2").json["next"]
        return found

    def test_are_good_as_they_were_given(self, client: FlaskClient, page: str) -> None:
        assert client.get(page).status_code == 200
        assert client.get(page.replace("limit=2", "limit=7")).status_code == 200

    def test_are_of_one_question(self, client: FlaskClient, page: str) -> None:
        cursor = page.rpartition("cursor=")[2]
        for path in (
            "/v1/projects?sort=-title", "/v1/projects?action_field=mobility", "/v1/projects?valid_on=2020-01-01",
            "/v1/projects?known_at=1&valid_on=2020-01-01", "/v1/milestones", "/v1/awards", "/v1/organisations", "/v1/revisions",
        ):  # fmt: skip
            assert client.get(_joined(path, f"cursor={cursor}")).status_code == 422, path

    def test_are_not_made_by_hand(self, client: FlaskClient, page: str) -> None:
        good = page.rpartition("cursor=")[2]
        for bad in (
            good[:-1],
            good[:-4],
            good + "A",
            good + "====",
            good[1:],
            good.swapcase(),
            good * 2,
            good[:20] + "!" + good[20:],
        ):
            found = client.get(page.replace(good, bad))
            assert found.status_code in (200, 422), bad
            if found.status_code == 200:  # bits that base64 does not look at
                assert found.data == client.get(page).data

    def test_hold_values_of_the_kind_that_is_sorted_by(self, demo_client: FlaskClient) -> None:
        cursor = demo_client.get("/v1/revisions?limit=1").json["next"].rpartition("cursor=")[2]
        key = json.loads(base64.urlsafe_b64decode(cursor + "=="))[0]
        for value in ("x", "", None, 1.5, True, [], {}, 2**63, -(2**63), "1", "2026-01-01"):
            for parts in ([key, value, 1], [key, 1, value], [key, value], [key, 1, 1, value], {"a": value}, value):
                bad = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")
                assert demo_client.get(f"/v1/revisions?limit=1&cursor={bad}").status_code in (200, 422), parts


class TestSearch:
    @pytest.mark.parametrize("text", ["%", "_", "\\", "%%%", "a%", "' OR 1=1 --", "\\%", "*", '"', "a_b", "(", "[a-z]"])
    def test_takes_every_sign_for_itself(self, client: FlaskClient, text: str) -> None:
        """A wildcard that works as one would find everything."""
        answer = _ask(client, f"/v1/projects?q={quote(text)}&count=true")
        assert answer.status_code == 200
        everything = client.get("/v1/projects?count=true").json["count"]
        assert answer.json["count"] < everything or text in ('"', "(", "*"), text

    def test_is_quick_whatever_is_asked(self, client: FlaskClient) -> None:
        for text in ("a " * 99, "%" * 200, "ä" * 100, "a" * 200, "\\" * 200):
            assert _ask(client, f"/v1/projects?q={quote(text)}").status_code in (200, 422)


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestAddresses:
    @pytest.mark.parametrize(
        "path",
        [
            "/v1//projects", "/v1/projects/", "/v1/./projects", "/v1/../v1/projects", "/V1/projects", "/v1/Projects",
            "/v1/projects;x=1", "/v1/projects%2F", "/v1/projects%00", "/v1/projects/%2e%2e", "/v1/projects/..%2f..%2fetc", "/v1/projects/%0A",
            "/v1/projects/oepnv-initiative%00", "/v1/projects/oepnv-initiative/", "/v1/projects/OEPNV-INITIATIVE", "/v1/projects/%FF",
            "/v1/projects/" + "x" * 3000, "/v1/projects/' OR 1=1 --", "/v1/projects/%", "/v1/projects/%25", "/v1/projects/{slug}",
            "/v1/milestones/x", "/v1/milestones/0192F1C4-7A6B-7CC3-98C5-0242AC120002", "/v1/milestones/0192f1c47a6b7cc398c50242ac120002",
            "/v1/milestones/00000000-0000-0000-0000-000000000000", "/v1/theme-forums/0", "/v1/theme-forums/99999999999999999999999",
            "/v1/theme-forums/-1", "/v1/theme-forums/1.0", "/v1/theme-forums/１", "/v1/theme-forums/013", "/v1/revisions/01", "/v1/revisions/0", "/v1/revisions/99999999999999999999999",
            "/v1/revisions/-1", "/v1/nothing/x/history", "/v1/projects/x/history", "/v1/projects/oepnv-initiative/history/x",
            "/v1/applications/0192f1c4-7a6b-7cc3-98c5-0242ac120002/history", "/v1/milestones/x/history", "/v1/action-fields/%E2%80%AE",
            "/v1/vocabularies/__class__", "/v1/", "/v2", "/v1/data-dictionary/Award", "/.well-known/", "/v2/projects", "/.git/config", "/static/x", "/openapi.json/",
            "/docs/..%2fapp.py",
        ],
    )  # fmt: skip
    def test_of_nothing_are_not_found(self, client: FlaskClient, path: str) -> None:
        answer = _ask(client, path)
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"
