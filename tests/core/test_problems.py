"""Every failure is answered as problem+json, and says what to do without saying what is inside."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask, abort, redirect
from flask.testing import FlaskClient
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.wrappers import Response

from portfolio.core.problems import (
    Conflict,
    HasDependants,
    Invalid,
    NotFound,
    Problem,
    ProblemError,
    from_messages,
    problem_kinds,
    register_problem_handlers,
    request_id,
)


class RateCeilingExceeded(Conflict):
    """Raised by these tests only."""

    slug = "test-rate-ceiling-exceeded"
    title = "Too much"


def client_failing_with(error: BaseException) -> FlaskClient:
    """A client of an application whose one address raises ``error``."""
    app = Flask(__name__)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    register_problem_handlers(app)

    @app.route("/", methods=["GET", "DELETE"])
    def fail() -> str:
        raise error

    return app.test_client()


def postgres_error(kind: type[sa.exc.DBAPIError], state: str, message: str = "secret") -> sa.exc.DBAPIError:
    original = type("Refused", (psycopg.Error,), {"sqlstate": state})(message)
    return kind("SELECT secret", {}, original)


def sqlite_error(statement: str) -> sa.exc.SQLAlchemyError:
    """What SQLAlchemy raises when a real SQLite refuses ``statement``."""
    engine = sa.create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            for line in (
                "PRAGMA foreign_keys=ON",
                "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT UNIQUE, size INTEGER CHECK (size < 10))",
                "CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id REFERENCES parent ON DELETE RESTRICT)",
                "INSERT INTO parent VALUES (1, 'a', 1)",
                "INSERT INTO child VALUES (1, 1)",
                "CREATE TABLE log (rev INTEGER)",
                "CREATE TRIGGER kept BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'log is insert-only'); END",
                "INSERT INTO log VALUES (1)",
            ):
                connection.exec_driver_sql(line)
            try:
                connection.exec_driver_sql(statement)
            except sa.exc.SQLAlchemyError as error:
                return error
    finally:
        engine.dispose()
    raise AssertionError(f"SQLite took {statement}")


class TestOwnProblems:
    def test_are_rfc_9457(self) -> None:
        error = RateCeilingExceeded(
            "At most 0.9000.",
            errors=[ProblemError("too_high", "Lower it.", pointer="#/rate")],
            headers={"Retry-After": "3"},
            allowed=["a"],
        )
        answer = client_failing_with(error).get("/", headers={"X-Request-Id": "abc.1-2_3"})
        assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
        assert answer.json == {
            "type": "/problems/test-rate-ceiling-exceeded",
            "title": "Too much",
            "status": 409,
            "detail": "At most 0.9000.",
            "request_id": "abc.1-2_3",
            "errors": [{"code": "too_high", "detail": "Lower it.", "pointer": "#/rate"}],
            "allowed": ["a"],
        }
        assert answer.headers["Retry-After"] == "3"
        assert answer.headers["Cache-Control"] == "no-store"

    def test_show_at_most_a_hundred_faults(self) -> None:
        errors = [ProblemError("x", "y", pointer=f"#/{number}") for number in range(5000)]
        answer = client_failing_with(Invalid("Many.", errors=errors)).get("/")
        assert len(answer.json["errors"]) == 100

    def test_have_slugs_of_their_own_and_a_description(self) -> None:
        kinds = problem_kinds()
        assert {HasDependants, NotFound, Problem} <= set(kinds)
        for kind in kinds:
            assert kind.slug == kind.slug.lower().strip("-"), kind
            assert kind.__doc__, kind


class TestHttpErrors:
    @pytest.fixture
    def client(self) -> FlaskClient:
        app = Flask(__name__)
        app.config["PROPAGATE_EXCEPTIONS"] = False
        register_problem_handlers(app)

        @app.get("/abort/<int:status>")
        def stop(status: int) -> str:
            abort(status)

        @app.get("/moved")
        def moved() -> Response:
            return redirect("/new", 308)

        @app.get("/stopped")
        def stopped() -> str:
            abort(redirect("/new", 308))

        return app.test_client()

    @pytest.mark.parametrize(
        ("status", "shown"),
        [(400, 400), (401, 401), (403, 403), (404, 404), (406, 406), (412, 412), (413, 413), (415, 415), (422, 422),
         (428, 428), (503, 503), (500, 500), (414, 400), (416, 400), (418, 400), (501, 500)],
    )  # fmt: skip
    def test_become_problems_of_a_documented_status(self, client: FlaskClient, status: int, shown: int) -> None:
        answer = client.get(f"/abort/{status}")
        assert (answer.status_code, answer.json["status"]) == (shown, shown)
        assert answer.mimetype == "application/problem+json"

    def test_unknown_address(self, client: FlaskClient) -> None:
        answer = client.get("/nowhere")
        assert (answer.status_code, answer.json["type"]) == (404, "/problems/not-found")
        assert "/nowhere" in answer.json["detail"]

    def test_wrong_method_names_the_right_ones(self, client: FlaskClient) -> None:
        answer = client.post("/moved")
        assert (answer.status_code, answer.json["type"]) == (405, "/problems/method-not-allowed")
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}

    def test_redirects_are_left_alone(self, client: FlaskClient) -> None:
        for path in ("/moved", "/stopped"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["Location"]) == (308, "/new")


class TestUnexpected:
    def test_is_logged_with_its_trace_and_not_told(self, caplog: pytest.LogCaptureFixture) -> None:
        answer = client_failing_with(RuntimeError("secret")).get("/", headers={"X-Request-Id": "r1"})
        assert (answer.status_code, answer.json["type"]) == (500, "/problems/internal-error")
        assert "secret" not in answer.get_data(as_text=True)
        (record,) = caplog.records
        assert (record.levelno, record.exc_info is not None) == (logging.ERROR, True)
        assert "r1" in record.getMessage()

    def test_overflow_is_the_callers(self) -> None:
        assert client_failing_with(OverflowError("too large")).get("/").status_code == 422


class TestDatabase:
    """The last fence: what reaches the database although it should not have."""

    @pytest.mark.parametrize(
        ("method", "statement", "status", "slug"),
        [
            ("DELETE", "DELETE FROM parent", 409, "has-dependants"),
            ("GET", "INSERT INTO child VALUES (2, 99)", 409, "conflict"),
            ("GET", "INSERT INTO parent VALUES (2, 'a', 1)", 409, "already-exists"),
            ("GET", "INSERT INTO parent VALUES (1, 'b', 1)", 409, "already-exists"),
            ("GET", "INSERT INTO parent VALUES (2, 'b', 99)", 409, "conflict"),
            ("DELETE", "DELETE FROM log", 500, "internal-error"),
            ("GET", "SELECT secret FROM nowhere", 500, "internal-error"),
        ],
    )
    def test_sqlite(self, method: str, statement: str, status: int, slug: str) -> None:
        answer = client_failing_with(sqlite_error(statement)).open("/", method=method)
        assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{slug}")
        assert "secret" not in answer.get_data(as_text=True)

    def test_sqlite_busy(self) -> None:
        original = sqlite3.OperationalError("database is locked")
        original.sqlite_errorname = "SQLITE_BUSY"
        answer = client_failing_with(sa.exc.OperationalError("x", {}, original)).get("/")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")

    @pytest.mark.parametrize(
        ("method", "kind", "state", "status", "slug"),
        [
            ("DELETE", sa.exc.IntegrityError, "23503", 409, "has-dependants"),
            ("DELETE", sa.exc.IntegrityError, "23001", 409, "has-dependants"),
            ("GET", sa.exc.IntegrityError, "23503", 409, "conflict"),
            ("GET", sa.exc.IntegrityError, "23505", 409, "already-exists"),
            ("GET", sa.exc.IntegrityError, "23514", 409, "conflict"),
            ("GET", sa.exc.DataError, "22003", 422, "invalid"),
            ("GET", sa.exc.DataError, "22P05", 422, "invalid"),
            ("GET", sa.exc.OperationalError, "57P01", 503, "unavailable"),
            ("GET", sa.exc.OperationalError, "", 503, "unavailable"),
            ("GET", sa.exc.OperationalError, "53100", 503, "unavailable"),
            ("GET", sa.exc.DBAPIError, "55P03", 503, "unavailable"),
            ("GET", sa.exc.DBAPIError, "40001", 503, "unavailable"),
            ("GET", sa.exc.InternalError, "25006", 503, "unavailable"),
            ("GET", sa.exc.InternalError, "25P03", 503, "unavailable"),
            ("GET", sa.exc.ProgrammingError, "42P01", 500, "internal-error"),
        ],
    )
    def test_postgresql(self, method: str, kind: type[sa.exc.DBAPIError], state: str, status: int, slug: str) -> None:
        answer = client_failing_with(postgres_error(kind, state)).open("/", method=method)
        assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{slug}")
        assert ("Retry-After" in answer.headers) == (status == 503)
        assert "secret" not in answer.get_data(as_text=True)

    def test_a_change_of_the_history_is_our_fault(self) -> None:
        error = postgres_error(sa.exc.IntegrityError, "23001", "revision is insert-only")
        assert client_failing_with(error).delete("/").status_code == 500

    def test_no_connection_in_time(self) -> None:
        answer = client_failing_with(sa.exc.TimeoutError("QueuePool limit")).get("/")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")

    def test_a_version_that_went_away(self) -> None:
        answer = client_failing_with(StaleDataError("0 rows")).get("/")
        assert (answer.status_code, answer.json["type"]) == (412, "/problems/stale-version")


class TestRequestId:
    @pytest.fixture
    def client(self) -> Iterator[FlaskClient]:
        app = Flask(__name__)
        register_problem_handlers(app)
        app.get("/")(request_id)
        with app.test_client() as client:
            yield client

    @pytest.mark.parametrize("given", ["a", "0192f1c4-7a6b", "A.b_C-9", "x" * 64])
    def test_keeps_a_plain_word(self, client: FlaskClient, given: str) -> None:
        answer = client.get("/", headers={"X-Request-Id": given})
        assert (answer.text, answer.headers["X-Request-Id"]) == (given, given)

    @pytest.mark.parametrize("given", ["", "x" * 65, "a b", "ä", "<script>", "a;b", "a/b"])
    def test_replaces_anything_else(self, client: FlaskClient, given: str) -> None:
        answer = client.get("/", headers={"X-Request-Id": given})
        assert answer.text != given
        assert answer.text == answer.headers["X-Request-Id"]
        assert len(answer.text) == 36

    def test_is_new_each_time(self, client: FlaskClient) -> None:
        assert client.get("/").text != client.get("/").text


class TestFromMessages:
    @pytest.mark.parametrize(
        ("messages", "expected"),
        [
            ({"json": {"a": [("c", "d")]}}, {"pointer": "#/a", "code": "c", "detail": "d"}),
            ({"json": {"a": {0: {"b": [("c", "d")]}}}}, {"pointer": "#/a/0/b"}),
            ({"json": {"_schema": [("c", "d")]}}, {"pointer": "#"}),
            ({"json": {"x" * 5000: ["Unknown field."]}}, {"pointer": "#/" + "x" * 80, "code": "unknown_field"}),
            ({"query": {"a": {1: [("c", "d")]}}}, {"parameter": "a", "pointer": None}),
            ({"json": {"a": ["Odd."]}}, {"code": "invalid", "detail": "Odd."}),
        ],
    )
    def test_flattens(self, messages: dict[str, Any], expected: dict[str, Any]) -> None:
        (error,) = from_messages(messages)
        assert {name: getattr(error, name) for name in expected} == expected
