"""Headers, methods, whole bodies: refused in the right words, and the same request without the defect works."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from flask.testing import FlaskClient

from portfolio.core.db import Database
from tests.access.world import World
from tests.hostile.soon import soon

pytestmark = pytest.mark.postgresql_in_full

Headers = dict[str, str]


@pytest.fixture
def world(seeded: Database) -> World:
    return World(seeded)


def _patch(world: World, path: str, headers: Headers, body: Any = None) -> Any:
    body = {"summary_en": "x"} if body is None else body
    with soon():
        return world.client.patch(path, json=body, headers={**world.coordinator, **headers})


def _head(world: World) -> str:
    return world.client.get("/v1/programme").headers["Register-Revision"]


class TestIfMatch:
    def test_takes_one_strong_tag_as_it_was_given(self, world: World) -> None:
        path = world.project()
        tag = world.etag(path)["If-Match"]
        number = tag.strip('"').partition("-")[0]
        before = _head(world)
        for bad in (
            "*", f"W/{tag}", tag.strip('"'), f"{tag}, {tag}", f'{tag}, "x"', f'"{number}"', f'"{number}-"', '""', '"', "x",
            f'"0{number}-abc"', f'"+{number}-abc"', f'"-{number}-abc"', f'"{number}.0-abc"', f'"{number}-a b"', f'"{number}-ä"',
            f'"{int(number) + 1}-abc"', '"0-abc"', '"99999999999999999999-abc"', f'" {number}-abc"', f'"{number}-{"a" * 9}" x',
            '"1-abc\\"', "\x7f", '"１-abc"',
        ):  # fmt: skip
            refused = _patch(world, path, {"If-Match": bad})
            assert (refused.status_code, refused.json.get("type")) == (412, "/problems/stale-version"), bad
        for missing in (
            {},
            {"If-Match": ""},
            {"If-Match": "  "},
            {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        ):
            assert _patch(world, path, missing).status_code == 428
        assert _head(world) == before
        assert _patch(world, path, {"If-Match": tag}).status_code == 200
        assert _patch(world, path, {"If-Match": tag}).status_code == 412  # it is older now


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestIfNoneMatch:
    @pytest.mark.parametrize("tag", ["x", '"', '""', "*", 'W/"x"', '"a", "b"', "," * 500, ""])
    def test_that_matches_nothing_is_answered(self, world: World, tag: str) -> None:
        answer = world.client.get("/v1/programme", headers={"If-None-Match": tag})
        assert answer.status_code == (304 if tag == "*" else 200)
        own = world.client.get("/v1/programme").headers["ETag"]
        for good in (own, f"W/{own}", f'"x", {own}'):
            assert world.client.get("/v1/programme", headers={"If-None-Match": good}).status_code == 304


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    ("name", "value"),
    [("If-None-Match", '"' + "a" * 5000 + '"'), ("If-None-Match", "\x7f"), ("Accept-Language", "de" * 101)],
)
def test_a_header_that_nobody_could_mean_is_refused(client: FlaskClient, name: str, value: str) -> None:
    answer = client.get("/v1/programme", headers={name: value})
    assert (answer.status_code, answer.json["type"]) == (400, "/problems/bad-request")
    assert name in answer.json["detail"]


class TestIdempotencyKey:
    @pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "a\tb", "schlüssel", "\x7f", "a\x00b"])
    def test_is_visible_ascii(self, world: World, key: str) -> None:
        body = {"slug": "neu", "title_de": "Neu", "proposed_on": "2026-03-02"}
        refused = world.client.post("/v1/projects", json=body, headers={**world.coordinator, "Idempotency-Key": key})
        assert (refused.status_code, refused.json["type"]) == (400, "/problems/idempotency-key-needed")
        good = {**world.coordinator, "Idempotency-Key": "x" * 255}
        assert world.client.post("/v1/projects", json=body, headers=good).status_code == 201

    def test_of_another_request_is_refused(self, world: World) -> None:
        sent = {**world.coordinator, "Idempotency-Key": "one"}
        body = {"slug": "neu", "title_de": "Neu", "proposed_on": "2026-03-02"}
        assert world.client.post("/v1/projects", json=body, headers=sent).status_code == 201
        for other in ({**body, "title_de": "Neu "}, {**body, "slug": "anders"}, {**body, "pillar": 1}):
            refused = world.client.post("/v1/projects", json=other, headers=sent)
            assert (refused.status_code, refused.json["type"]) == (422, "/problems/idempotency-key-reused")
        turned = dict(reversed(body.items()))
        assert world.client.post("/v1/projects", json=turned, headers=sent).headers["Idempotent-Replayed"] == "true"


class TestChangeReason:
    @pytest.mark.parametrize(
        "reason",
        [
            "",
            " ",
            "%",
            "%2",
            "%zz",
            "%FF",
            "%00",
            "%0A",
            "%E2%80%AE",
            "%ED%A0%80",
            "ä",
            "a" * 501,
            "%20" * 600,
            "%E2%80%8B",
            "\x7f",
        ],
    )
    def test_is_percent_encoded_text(self, world: World, reason: str) -> None:
        path = world.milestone()
        tag = world.etag(path)
        refused = world.client.delete(path, headers={**world.coordinator, **tag, "Change-Reason": reason})
        assert refused.status_code == 422
        assert refused.json["errors"][0]["parameter"] == "Change-Reason"
        good = {"Change-Reason": "L%C3%B6schung%20100%25%20%F0%9F%91%8D"}
        assert world.client.delete(path, headers={**world.coordinator, **tag, **good}).status_code == 204
        revision = world.client.get(f"/v1/revisions/{_head(world)}", headers=world.coordinator).json
        assert revision["reason"] == "Löschung 100% 👍"


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestAccept:
    @pytest.mark.parametrize(
        ("accept", "status"),
        [
            ("", 200), ("*/*", 200), ("application/json", 200), ("application/*", 200), ("text/csv", 200), ("text/html", 406),
            ("application/xml", 406), ("application/json;q=0", 406), ("x", 406), (";", 406), (",,,", 200), ("text/csv;q=nan", 200),
            ("a/b," * 500, 406), ("*/*;q=0.1, text/html", 200), ("application/json\x7f", 406), ("application/json; charset=utf-16", 406),
        ],
    )  # fmt: skip
    def test_chooses_a_form_or_none(self, client: FlaskClient, accept: str, status: int) -> None:
        answer = client.get(
            "/v1/projects?limit=1" if "csv" not in accept else "/v1/projects", headers={"Accept": accept}
        )
        assert answer.status_code == status, answer.get_data(as_text=True)[:200]

    @pytest.mark.parametrize("value", ["xx", "de;q=9", "*", ",", "-", "de-" * 500, "\x7f", "en;q=abc"])
    def test_languages_are_only_wishes(self, client: FlaskClient, value: str) -> None:
        assert client.get("/", headers={"Accept-Language": value}).status_code == 200


class TestBodies:
    PATH = "/v1/projects"
    GOOD = {"slug": "neu", "title_de": "Grüne Dächer", "proposed_on": "2026-03-02"}

    def _post(self, world: World, data: bytes, content_type: str | None = "application/json", **headers: str) -> Any:
        with soon(data[:100]):
            return world.client.post(
                self.PATH, data=data, content_type=content_type, headers={**world.coordinator, **headers}
            )

    def test_that_are_no_json_are_refused(self, world: World) -> None:
        text = json.dumps(self.GOOD)
        before = _head(world)
        for data in (
            b"", b" ", b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16"), text.encode("utf-32"), b"\xff", b"{", b"}", b'{"a"}',
            b"{'slug':1}", text.encode() + b"x", text.encode() * 2, text.encode() + b"\x00", b'{"a":01}', b'{"a":+1}', b'{"a":.5}',
            b'{"a":1.}', b'{"a":0x1}', b'{"a":1,}', b'{"a":"\n"}', b'{"a":"\x01"}', b'{"a":"\\x41"}', b'{"a":"\\u12"}', b'{"a":tru}',
            b'{"a":nan}', b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":1e400}', b'{"a":' + b"9" * 5000 + b"}", b'{"a":1e-99999}', b"//x\n{}",
            b'{"slug":"a","slug":"b"}', b'{"slug":"a","\\u0073lug":"b"}', b'{"x":{"a":1,"a":1}}', b"[" * 100_000, b'{"a":' * 50_000,
            b"[" * 33 + b"]" * 33, b'{"a":"' + b"\\" * 99_999, b'"' * 500_001, b'{"a":"\\u0000"}', b'{"\\u0000":1}', b'{"\\ud800":1}',
            b'{"a":"\\udc00\\ud800"}', b'{"a":\x00}', "{\u201ca\u201d:1}".encode(), b"--\n", b"<x/>", b"a=b", b"\x1f\x8b\x08",
        ):  # fmt: skip
            refused = self._post(world, data)
            assert (refused.status_code, refused.json["type"]) == (400, "/problems/not-json"), data[:60]
        for data in (b"null", b"true", b"5", b'"x"', b"[]", b"[{}]", b"[" * 32 + b"]" * 32):
            refused = self._post(world, data)
            assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "not_an_object"), data[:60]
        assert _head(world) == before
        assert self._post(world, text.encode()).status_code == 201

    def test_that_are_large_are_refused_at_the_limit(self, world: World) -> None:
        text = json.dumps(self.GOOD).encode()
        for size, status in ((1024 * 1024 + 1, 413), (5_000_000, 413), (1024 * 1024, 201)):
            assert self._post(world, text + b" " * (size - len(text))).status_code == status, size

    def test_with_very_many_faults_are_answered_soon_and_shortly(self, world: World) -> None:
        for data in (
            json.dumps({f"k{number}": 1 for number in range(60_000)}),
            json.dumps({**self.GOOD, "title_aliases": [1] * 200_000}),
            json.dumps({**self.GOOD, "sources": [{"x": 1}] * 60}),
            json.dumps({**self.GOOD, "title_de": "a\u0300" * 100_000}),
            json.dumps({**self.GOOD, "title_de": "\ufdfa" * 100_000}),
            json.dumps({**self.GOOD, "slug": "a-" * 200_000}),
            json.dumps({**self.GOOD, "slug": "x" * 900_000}),
        ):
            refused = self._post(world, data.encode())
            assert refused.status_code == 422
            assert len(refused.data) < 40_000
            assert len(refused.json["errors"]) <= 100

    @pytest.mark.parametrize("engine_name", ["sqlite"])
    @pytest.mark.parametrize(
        "content_type",
        [
            None, "", "text/plain", "text/json", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "json",
            "application/jsonx", "application/merge-patch+json", "application/json, text/plain", "*/*", "application/*", ";", "a/b/c",
        ],
    )  # fmt: skip
    def test_of_other_types_are_refused(self, world: World, content_type: str | None) -> None:
        refused = self._post(world, json.dumps(self.GOOD).encode(), content_type)
        assert (refused.status_code, refused.json["type"]) == (415, "/problems/unsupported-media-type")
        for good in ("application/json", "APPLICATION/JSON; charset=utf-8"):
            assert self._post(world, b"{}", good).status_code == 422

    def test_that_are_packed_are_refused(self, world: World) -> None:
        bomb = b" " * 10_000_000
        for data, coding in (
            (gzip.compress(bomb), "gzip"),
            (zlib.compress(bomb), "deflate"),
            (b"x", "br"),
            (b"x", "x, y"),
        ):
            assert self._post(world, data, **{"Content-Encoding": coding}).status_code == 415, coding
        assert self._post(world, json.dumps(self.GOOD).encode(), **{"Content-Encoding": "identity"}).status_code == 201

    def test_have_no_say_in_what_they_may_not_say(self, world: World) -> None:
        """Mass assignment: nothing that the register computes or decides can be set."""
        path = world.project()
        shown = world.client.get(path, headers=world.coordinator).json
        settable = {"slug", "title_de", "title_known"}
        for name, value in shown.items():
            body = {name: value}
            answer = _patch(world, path, world.etag(path), body)
            assert answer.status_code in (200, 422), name
            if answer.status_code == 422 and answer.json["errors"][0]["code"] == "unknown_field":
                assert name not in settable, name
        again = world.client.get(path, headers=world.coordinator).json
        assert {**again, "version": 0, "updated_at": ""} == {**shown, "version": 0, "updated_at": ""}
        for name in (
            "version",
            "created_at",
            "id",
            "status",
            "lead_ministry",
            "in_population",
            "demo",
            "action_field",
            "bucket",
        ):
            assert _patch(world, path, world.etag(path), {name: shown[name]}).status_code == 422, name


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    "headers",
    [
        {"X-HTTP-Method-Override": "DELETE"}, {"X-Method-Override": "PATCH"}, {"X-Original-URL": "/v1/api-keys"}, {"X-Rewrite-URL": "/x"},
        {"Range": "bytes=0-10"}, {"Range": "bytes=-1"}, {"Range": "x"}, {"Expect": "x"}, {"Cookie": "session=x; a=" + "b" * 4000},
        {"Forwarded": "for=1.2.3.4;host=evil.example"}, {"X-Forwarded-Proto": "javascript"}, {"X-Forwarded-Prefix": "/evil"},
        {"X-Request-Id": "a\x7fb"}, {"X-Request-Id": "x" * 65}, {"X-Request-Id": "<script>"}, {"Origin": "null"}, {"Origin": "\x7f"},
        {"If-Modified-Since": "x"}, {"If-Range": "x"}, {"TE": "trailers"}, {"Upgrade": "h2c"}, {"Referer": "javascript:x"},
        {"Traceparent": "x" * 500}, {"User-Agent": ""}, {"Date": "x"}, {"Content-Type": "x"}, {"Accept-Charset": "utf-7"},
        {"Accept-Encoding": "x;q=9"}, {"Connection": "Authorization"}, {"Via": "x" * 1000}, {"Max-Forwards": "-1"},
    ],
)  # fmt: skip
def test_headers_that_mean_nothing_change_nothing(client: FlaskClient, headers: Headers) -> None:
    plain = client.get("/v1/programme")
    answer = client.get("/v1/programme", headers=headers)
    assert (answer.status_code, answer.data) == (200, plain.data)
    assert "evil" not in str(answer.headers)
    assert answer.headers["X-Request-Id"] not in headers.values()
