"""Kept answers: given again where nothing they show has changed, and only to those who may see them."""

from __future__ import annotations

import dataclasses
import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import brotli
import pytest
import sqlalchemy as sa
import zstandard
from flask import Flask
from werkzeug.test import TestResponse

from portfolio.app import create_app
from portfolio.core import sources
from portfolio.core.dates import today
from portfolio.core.db import Database, WriteContext
from portfolio.front.counters import Counters, CountersFailed
from portfolio.front.keeping import keeper_of
from portfolio.front.store import Store
from portfolio.history.recorder import ERASE
from portfolio.projects.models import Project
from tests.answer_checker import CheckedClient
from tests.conftest import SYSTEM, key_headers, make_app, settings_of

PROJECT, LIST, SUMMARY = "/v1/projects/ruhr-digital", "/v1/projects?limit=3", "/v1/reports/funding-summary"
TODAY = "2026-03-02"
ENCODINGS = {
    "gzip": "gzip",
    "gzip, br": "br",
    "gzip, br, zstd": "zstd",
    "gzip;q=1, br;q=0.5": "gzip",
    "*": "zstd",
    "zstd;q=0, *;q=0.1": "br",
    "identity, gzip;q=0.5": None,
    "gzip;q=2": None,
    "deflate": None,
    "": None,
}
OF_ONE_REQUEST = {"X-Request-Id", "Ratelimit-Remaining", "Ratelimit-Reset", "Date", "Register-Revision"}
Headers = dict[str, str]


class Counting:
    """A client that knows how often the application itself was asked."""

    def __init__(self, app: Flask) -> None:
        self.app, self.client, self.computed = app, app.test_client(), 0
        keeper = keeper_of(app)
        assert keeper is not None
        self.store: Store = keeper.store
        for endpoint, view in list(app.view_functions.items()):
            app.view_functions[endpoint] = self._counted(view)

    def _counted(self, view: Callable[..., Any]) -> Callable[..., Any]:
        def counted(**arguments: Any) -> Any:
            self.computed += 1
            return view(**arguments)

        counted.__dict__.update(view.__dict__)
        return counted

    def get(self, path: str, headers: Headers | None = None, method: str = "GET") -> TestResponse:
        return self.client.open(path, method=method, headers=headers)

    @contextmanager
    def computes(self, times: int) -> Iterator[None]:
        before = self.computed
        yield
        assert self.computed - before == times

    def patch(self, path: str, body: dict[str, Any], headers: Headers) -> TestResponse:
        tag = self.get(path, headers).headers["ETag"]
        answer = self.client.patch(path, json=body, headers={**headers, "If-Match": tag})
        assert answer.status_code == 200, answer.json
        return answer


@pytest.fixture
def counting(seeded: Database) -> Counting:
    return Counting(make_app(seeded))


@pytest.fixture
def signed_in(seeded: Database) -> Headers:
    return key_headers(seeded, "coordinator")


def _content(answer: TestResponse) -> tuple[int, list[tuple[str, str]], bytes]:
    """An answer without what differs from request to request."""
    headers = [(name.lower(), value) for name, value in answer.headers if name.title() not in OF_ONE_REQUEST]
    return answer.status_code, sorted(headers), answer.data


@pytest.mark.postgresql_in_full
class TestHits:
    def test_are_what_the_application_answers(self, counting: Counting) -> None:
        for path in (PROJECT, LIST, SUMMARY, "/v1/action-fields", "/v1/projects?format=csv"):
            first = counting.get(path)
            with counting.computes(0):
                again = counting.get(path)
            assert _content(again) == _content(first), path
            assert again.headers["Register-Revision"] == first.headers["Register-Revision"]
            assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
            assert int(again.headers["RateLimit-Remaining"]) == int(first.headers["RateLimit-Remaining"]) - 1

    def test_answer_head_and_conditions(self, counting: Counting) -> None:
        first = counting.get(PROJECT)
        tag = first.headers["ETag"]
        with counting.computes(0):
            head = counting.get(PROJECT, method="HEAD")
            assert (head.status_code, head.data) == (200, b"")
            assert head.headers["Content-Length"] == str(len(first.data))
            for held in (tag, f"W/{tag}", "*", f'"x", {tag}', f'{tag[:-1]}br"'):
                answer = counting.get(PROJECT, {"If-None-Match": held})
                assert (answer.status_code, answer.data) == (304, b""), held
                assert answer.headers["ETag"] == tag
                assert "Content-Type" not in answer.headers
                assert answer.headers["Cache-Control"] == "public, max-age=60"
            assert counting.get(PROJECT, {"If-None-Match": '"3-0000000000"'}).status_code == 200
        assert counting.get(PROJECT, {"If-None-Match": '"' + "a" * 1001 + '"'}).status_code == 400

    def test_echo_a_plain_request_id_and_replace_another(self, counting: Counting) -> None:
        counting.get(PROJECT)
        with counting.computes(0):
            assert counting.get(PROJECT, {"X-Request-Id": "mine-1"}).headers["X-Request-Id"] == "mine-1"
            named = {counting.get(PROJECT, {"X-Request-Id": "no good"}).headers["X-Request-Id"] for _ in range(3)}
        assert len(named) == 3
        assert "no good" not in named

    def test_are_not_made_of_refusals(self, counting: Counting) -> None:
        for path in ("/v1/projects/nobody", "/v1/projects?limit=0", "/v1/changes?since=0", "/v1/log/key"):
            with counting.computes(2):
                assert {counting.get(path).status_code for _ in range(2)} & {200, 404, 422}

    @pytest.mark.parametrize(
        ("name", "value"), [("Set-Cookie", "a=b"), ("Cache-Control", "no-store"), ("Cache-Control", "private")]
    )
    def test_are_not_made_of_what_is_for_one_caller(self, seeded: Database, name: str, value: str) -> None:
        app = make_app(seeded)
        app.test_client_class = None
        view = app.view_functions["projects.Projects"]

        def personal(**arguments: Any) -> Any:
            answer = view(**arguments)
            answer.headers[name] = value
            return answer

        personal.__dict__.update(view.__dict__)
        app.view_functions["projects.Projects"] = personal
        counting = Counting(app)
        with counting.computes(2):
            assert [counting.get(LIST).headers[name] for _ in range(2)] == [value] * 2
        assert len(counting.store) == 0

    def test_are_not_made_of_two_snapshots(self, counting: Counting) -> None:
        view = counting.app.view_functions["projects.Projects"]

        def twice(**arguments: Any) -> Any:
            view(**arguments)
            return view(**arguments)

        twice.__dict__.update(view.__dict__)
        counting.app.view_functions["projects.Projects"] = twice
        with counting.computes(4):
            assert [counting.get(LIST).status_code for _ in range(2)] == [200] * 2

    def test_serve_other_ways_of_asking_for_the_same(self, counting: Counting) -> None:
        first = counting.get(LIST)
        with counting.computes(0):
            for headers in ({"Accept": "application/json"}, {"Accept": "*/*"}, {"Accept-Language": "de, en;q=0.5"}):
                assert counting.get(LIST, headers).data == first.data
            assert counting.get("/v1/projects?limit=%33").data == first.data
        with counting.computes(1):
            assert counting.get(LIST[:12], {"Accept": "text/csv"}).mimetype == "text/csv"

    def test_check_the_host_and_the_query_all_the_same(self, counting: Counting) -> None:
        assert counting.get(PROJECT).status_code == 200
        assert counting.client.get(PROJECT, base_url="http://evil.example").status_code == 400
        assert counting.get(f"{PROJECT}?x=1").status_code == 422
        assert counting.get("/v1/projects?q=%EF%BF%BD").status_code == 200
        assert counting.get("/v1/projects?q=%FF").status_code == 422


class TestWrites:
    def test_make_lists_and_the_projects_own_pages_stale_and_no_others(
        self, counting: Counting, signed_in: Headers
    ) -> None:
        other = "/v1/projects/oepnv-initiative"
        before = {path: counting.get(path) for path in (PROJECT, f"{PROJECT}/roles", LIST, SUMMARY, other)}
        written = counting.patch(PROJECT, {"title_en": "Anew"}, signed_in)
        revision = int(written.headers["Register-Revision"])
        with counting.computes(4):
            assert counting.get(PROJECT).json["title_en"] == "Anew"
            for path in (f"{PROJECT}/roles", LIST, SUMMARY):
                assert counting.get(path).headers["Register-Revision"] == str(revision)
        with counting.computes(0):
            kept = counting.get(other)
        assert kept.headers["Register-Revision"] == str(revision)  # it never falls for anybody
        assert (kept.data, kept.headers["ETag"]) == (before[other].data, before[other].headers["ETag"])

    def test_on_what_projects_share_make_all_pages_stale(self, counting: Counting, signed_in: Headers) -> None:
        lead = counting.get(PROJECT).json["lead_ministry"]
        counting.patch(f"/v1/organisations/{lead}", {"name_en": "Other name"}, signed_in)
        with counting.computes(1):
            counting.get(PROJECT)

    def test_leave_the_past_alone(self, counting: Counting, signed_in: Headers) -> None:
        path = f"{PROJECT}?known_at=1"
        first = counting.get(path)
        counting.patch(PROJECT, {"title_en": "Anew"}, signed_in)
        with counting.computes(0):
            again = counting.get(path)
        assert (again.data, again.headers["Register-Revision"]) == (first.data, "1")

    def test_are_seen_at_a_moment_that_is_not_over(self, counting: Counting, signed_in: Headers) -> None:
        path = f"{PROJECT}?known_at={today()}"
        first = counting.get(path)
        counting.patch(PROJECT, {"title_en": "Anew"}, signed_in)
        assert counting.get(path).json["title_en"] == "Anew"
        assert counting.get(path).headers["ETag"] != first.headers["ETag"]

    def test_that_erase_make_even_the_past_stale(self, counting: Counting, seeded: Database) -> None:
        path = f"{PROJECT}?known_at=1"
        counting.get(path)
        with seeded.transaction(WriteContext(actor_id="act_system", via="cli", action=ERASE)):
            pass
        with counting.computes(1):
            counting.get(path)

    def test_of_a_condition_take_the_tag_of_any_form(self, counting: Counting, signed_in: Headers) -> None:
        answer = counting.get(PROJECT, {**signed_in, "Accept-Encoding": "gzip"})
        assert answer.headers["ETag"].endswith('gzip"')
        changed = counting.client.patch(
            PROJECT, json={"title_en": "x"}, headers={**signed_in, "If-Match": answer.headers["ETag"]}
        )
        assert changed.status_code == 200


@pytest.mark.postgresql_in_full
class TestViews:
    def test_are_kept_apart(self, counting: Counting, seeded: Database, signed_in: Headers) -> None:
        counting.patch(PROJECT, {"internal_note": "geheim"}, signed_in)
        lead = counting.get(PROJECT).json["lead_ministry"]
        callers: dict[str, Headers | None] = {
            "coordinator": signed_in,
            "own": key_headers(seeded, "editor", lead),
            "other": key_headers(seeded, "editor", "MAGS" if lead != "MAGS" else "MUNV"),
            "viewer": key_headers(seeded, "admin"),
            "public": None,
        }
        for _ in range(3):
            for name, headers in callers.items():
                answer = counting.get(PROJECT, headers)
                assert ("internal_note" in answer.json) == (name in ("coordinator", "own")), name
                control = "public, max-age=60" if headers is None else "private, no-cache"
                assert answer.headers["Cache-Control"] == control
                assert answer.headers.get("Access-Control-Allow-Origin") == ("*" if headers is None else None)
        with counting.computes(0):
            for headers in callers.values():
                counting.get(PROJECT, headers)

    def test_of_a_revoked_key_are_not_given(self, counting: Counting, seeded: Database, signed_in: Headers) -> None:
        counting.get(PROJECT, signed_in)
        with seeded.aside() as session:
            session.execute(sa.text("UPDATE api_key SET revoked_at = created_at"))
        assert counting.get(PROJECT, signed_in).status_code == 401

    def test_of_origins_that_may_send_credentials_are_not_mixed_up(self, seeded: Database) -> None:
        settings = dataclasses.replace(settings_of(seeded), cors_origins=("https://pages.example.org",))
        app = create_app(settings, seeded)
        app.test_client_class = CheckedClient
        client = app.test_client()
        for _ in range(2):
            for origin in ("https://pages.example.org", "https://other.example.org"):
                answer = client.get(PROJECT, headers={"Origin": origin})
                allowed = answer.headers["Access-Control-Allow-Origin"]
                assert allowed == ("*" if "other" in origin else origin)
                assert "Origin" in answer.headers["Vary"]


@pytest.mark.postgresql_in_full
class TestForms:
    def test_follow_the_client(self, counting: Counting) -> None:
        plain = counting.get(LIST)
        for accepted, encoding in ENCODINGS.items():
            for _ in range(2):
                answer = counting.get(LIST, {"Accept-Encoding": accepted})
                assert answer.headers.get("Content-Encoding") == encoding, accepted
                assert "Accept-Encoding" in answer.headers["Vary"]
                assert _decoded(answer) == plain.data
                assert (answer.headers["ETag"] == plain.headers["ETag"]) == (encoding is None)
                assert answer.headers["Content-Length"] == str(len(answer.data))
            held = {"If-None-Match": plain.headers["ETag"], "Accept-Encoding": accepted}
            assert counting.get(LIST, held).status_code == 304

    def test_are_not_made_of_little(self, counting: Counting) -> None:
        answer = counting.get("/v1/action-fields/digital?known_at=1", {"Accept-Encoding": "gzip"})
        assert len(answer.data) < 1024
        assert "Content-Encoding" not in answer.headers


def _decoded(answer: TestResponse) -> bytes:
    readers: dict[str | None, Callable[[bytes], bytes]] = {
        None: bytes,
        "gzip": gzip.decompress,
        "br": brotli.decompress,
        "zstd": lambda data: zstandard.ZstdDecompressor().decompress(data),
    }
    return readers[answer.headers.get("Content-Encoding")](answer.data)


class TestDoubt:
    def test_about_the_counters_asks_the_application(
        self, counting: Counting, monkeypatch: pytest.MonkeyPatch, signed_in: Headers
    ) -> None:
        counting.get(PROJECT)

        def fails() -> Counters:
            raise CountersFailed("away")

        monkeypatch.setattr(counting.store.reader, "head", fails)
        with counting.computes(4):
            assert {counting.get(PROJECT, headers).status_code for headers in (None, signed_in) * 2} == {200}

    def test_about_the_database_lets_go_of_everything(self, counting: Counting, seeded: Database) -> None:
        size = int(counting.get(PROJECT).headers["Register-Revision"])
        counting.get(f"{PROJECT}?known_at=1")
        with seeded.aside() as session:
            session.execute(sa.text("UPDATE log_head SET size = size - 1"))
        with counting.computes(2):
            counting.get(PROJECT)
            counting.get(LIST)
        with seeded.aside() as session:
            session.execute(sa.text("UPDATE log_head SET size = :size").bindparams(size=size))
        with counting.computes(1):
            counting.get(f"{PROJECT}?known_at=1")

    def test_about_a_history_that_grew_again_lets_go_too(self, counting: Counting, seeded: Database) -> None:
        counting.get(PROJECT)
        with seeded.aside() as session:
            session.execute(sa.text("UPDATE log_head SET last_leaf = :leaf").bindparams(leaf=b"another"))
        counting.get(LIST)
        assert len(counting.store) == 1

    def test_about_the_day_ends_at_midnight(self, counting: Counting) -> None:
        clocks = [datetime(2026, 6, 1, 21, 59, 59, tzinfo=UTC), datetime(2026, 6, 1, 22, 0, 1, tzinfo=UTC)]
        days = []
        for clock in clocks:
            for computed in (1, 0):
                with (
                    sources.using(dataclasses.replace(sources.current(), clock=lambda clock=clock: clock)),
                    counting.computes(computed),
                ):
                    days.append(counting.get(LIST).json["next"].partition("valid_on=")[2][:10])
        assert days == ["2026-06-01"] * 2 + ["2026-06-02"] * 2


@pytest.mark.postgresql_in_full
class TestBound:
    def test_holds_and_the_least_used_goes_first(self, counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("portfolio.front.store._MOMENT", 0.0)
        counting.store.limit = 400_000
        for number in range(2, 29):
            counting.get(f"/v1/projects?limit={number}")
            assert counting.store.size <= 400_000
            counting.get("/v1/projects?limit=1", {"Accept-Encoding": "gzip"})
        assert 3 < len(counting.store) < 27
        with counting.computes(0):
            counting.get("/v1/projects?limit=1")
        with counting.computes(1):
            counting.get("/v1/projects?limit=2")

    def test_of_nothing_keeps_nothing(self, seeded: Database) -> None:
        app = create_app(dataclasses.replace(settings_of(seeded), cache_mib=0), seeded)
        assert keeper_of(app) is None
        assert app.test_client().get(PROJECT).status_code == 200

    def test_leaves_out_what_is_large(self, counting: Counting) -> None:
        counting.store.limit = 50_000
        with counting.computes(2):
            assert counting.get("/v1/projects?limit=200").data == counting.get("/v1/projects?limit=200").data


def test_a_write_by_the_way_is_seen_at_once(counting: Counting, seeded: Database) -> None:
    """Whichever process writes: the counters are in the database."""
    counting.get(LIST)
    with seeded.transaction(SYSTEM) as session:
        session.scalars(sa.select(Project).where(Project.slug == "ruhr-digital")).one().summary_de = "Neu"
    assert counting.get(PROJECT).json["summary_de"] == "Neu"
