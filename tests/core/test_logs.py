"""The log of a running server: JSON, one line per event, and nothing in it that should not be."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Response
from werkzeug.test import EnvironBuilder, run_wsgi_app

from portfolio.core import downloads, logs
from portfolio.core.db import Database
from tests.conftest import key_headers, make_app
from tests.faults.service import Service

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])
PROJECT = "/v1/projects/oepnv-initiative"  # led by MUNV
Lines = list[dict[str, Any]]


@pytest.fixture
def security_log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "security.log"


@pytest.fixture
def service(seeded: Database, tmp_path: Path, security_log: Path) -> Iterator[Service]:
    found = Service(
        seeded.url.render_as_string(hide_password=False),
        tmp_path / "server.log",
        PORTFOLIO_SECURITY_LOG=str(security_log),
    )
    found.start()
    yield found
    found.kill()


def lines(path: Path) -> Lines:
    """Every line after what is said to whoever starts the server; one that is no JSON object fails the test."""
    said = (b"Serving on", b"portfolio: ")
    found = [json.loads(line) for line in path.read_bytes().splitlines() if not line.startswith(said)]
    assert all(isinstance(line, dict) and line["at"].endswith("Z") for line in found)
    return found


def requests(path: Path) -> Lines:
    return [line for line in lines(path) if line.get("log") == "request" and line["route"] != "/health/ready"]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_says_of_each_request_who_what_and_how_long(service: Service, seeded: Database) -> None:
    headers = key_headers(seeded, "editor", "MUNV")
    me = service.ask("GET", "/v1/me", None, headers).json
    service.ask("GET", f"{PROJECT}?valid_on=2020-01-01", None, {"X-Request-Id": "mine-1"})
    service.ask("GET", "/nix")
    until(lambda: len(requests(service.log)) == 3)
    signed_in, public, nowhere = requests(service.log)
    assert (signed_in["actor"], signed_in["role"], signed_in["route"]) == (me["actor"], "editor", "/v1/me")
    assert (public["request_id"], public["route"], public["status"]) == ("mine-1", "/v1/projects/<slug>", 200)
    assert (public["actor"], public["revision"], public["method"]) == (None, "1", "GET")
    assert 0 < public["ms"] < 5000
    assert public["bytes"] > 500
    assert (nowhere["route"], nowhere["status"]) == (None, 404)


def test_holds_no_secret_and_no_line_of_somebody_else(service: Service, seeded: Database, security_log: Path) -> None:
    coordinator = key_headers(seeded, "coordinator")
    etag = service.ask("GET", PROJECT, None, coordinator).headers["ETag"]
    note = {"internal_note": "geheime Notiz", "summary_de": "Text des Antrags"}
    assert service.ask("PATCH", PROJECT, note, {**coordinator, "If-Match": etag}).status == 200
    evil = '{"log":"security","event":"forged"}'
    for raw in (
        f"GET /v1/projects?q=gesucht%0A{evil.replace(' ', '')} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        f"GET /%0A{evil.encode().hex()} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {evil}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: {evil}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {evil}\r\n\r\n",
        "GET /v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer pk_geheimerSchluessel0123456789\r\n\r\n",
        "GET /v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic Z2VoZWltZXMgV29ydA==\r\n\r\n",
        "GET /v1/me HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n",
        "X" * 300 + " /v1/me HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /v1/projects HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", service.port), timeout=5) as one:
            one.sendall(raw.encode())
            one.recv(100)
    before = len(requests(service.log))
    service.ask("GET", "/v1/programme")
    until(lambda: len(requests(service.log)) > before)
    written = service.log.read_text() + security_log.read_text()
    secret = coordinator["Authorization"].removeprefix("Bearer ")
    for text in (secret, secret[12:], "geheime Notiz", "Text des Antrags", "geheimerSchluessel", "Z2VoZWlt", "gesucht"):
        assert text not in written, text
    assert not [line for line in lines(service.log) + lines(security_log) if line["event"] == "forged"]
    assert "1.2.3.4" not in written


def test_the_security_log_tells_who_was_turned_away(service: Service, seeded: Database, security_log: Path) -> None:
    editor, admin = key_headers(seeded, "editor", "MUNV"), key_headers(seeded, "admin")
    me = service.ask("GET", "/v1/me", None, editor).json["actor"]
    service.ask("PATCH", "/v1/projects/ruhr-digital", {}, {**editor, "If-Match": '"1-a"'})
    service.ask("POST", "/v1/organisations", {}, {**editor, "Idempotency-Key": "a"})
    service.ask("GET", "/v1/me", None, {"Authorization": "Bearer pk_unbekannt"})
    service.ask("GET", "/v1/me", None, {"Host": "evil.example"})
    body = {"role": "auditor", "name": "A. Prüfer"}
    made = service.ask("POST", "/v1/api-keys", body, {**admin, "Idempotency-Key": "b"}).json
    service.ask("POST", "/v1/api-keys", body, {**admin, "Idempotency-Key": "b"})
    service.ask("POST", f"/v1/api-keys/{made['id']}/transitions", {"to": "revoked"}, admin)
    found = [line for line in lines(security_log) if line["event"] != "key_used"]
    assert [(line["event"], line.get("why")) for line in found] == [
        ("denied", "owner"),
        ("denied", "role"),
        ("sign_in_failed", "UnknownCredentials"),
        ("host_refused", None),
        ("key_created", None),
        ("key_revoked", None),
    ]
    assert found[0]["actor"] == me
    assert found[4]["key"] == found[5]["key"] == made["prefix"]
    assert all(line["log"] == "security" and line["address"] == "127.0.0.1" for line in found)
    assert "A. Prüfer" not in security_log.read_text()
    used = [line for line in lines(security_log) if line["event"] == "key_used"]
    assert len(used) == 2  # once a minute for each key
    assert security_log.stat().st_mode & 0o777 == 0o600
    assert not [line for line in lines(service.log) if line.get("log") == "security"]


def test_the_security_log_may_be_moved_away_or_lost(service: Service, security_log: Path) -> None:
    unknown = {"Authorization": "Bearer pk_unbekannt"}
    service.ask("GET", "/v1/me", None, unknown)
    moved = security_log.with_suffix(".1")
    security_log.rename(moved)
    service.ask("GET", "/v1/me", None, unknown)
    assert (len(lines(moved)), len(lines(security_log))) == (1, 1)
    moved.unlink()
    security_log.unlink()
    security_log.parent.rmdir()
    security_log.parent.write_text("no folder")
    assert service.ask("GET", "/v1/me", None, unknown).status == 401


def test_an_unexpected_failure_is_one_line(service: Service, seeded: Database) -> None:
    headers = key_headers(seeded, "auditor")
    with seeded.write_engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE milestone_forecast")
        connection.exec_driver_sql("ALTER TABLE milestone RENAME TO gone")
    answer = service.ask("GET", "/v1/milestones", None, headers)
    assert answer.status == 500
    assert b"Traceback" not in answer.data
    assert b"SELECT" not in answer.data
    (failure,) = [line for line in lines(service.log) if "Unexpected failure" in line["event"]]
    assert "Traceback" in failure["exception"]
    assert answer.json["request_id"] in failure["event"]


@pytest.fixture
def _loggers_as_before() -> Iterator[None]:
    names = (None, "portfolio.request", "portfolio.security")
    before = [(logging.getLogger(name), logging.getLogger(name).__dict__.copy()) for name in names]
    handlers, raising = [one.handlers[:] for one, _ in before], logging.raiseExceptions
    yield
    for (logger, state), kept in zip(before, handlers, strict=True):
        logger.__dict__.update(state)
        logger.handlers[:] = kept
        logger._cache.clear()  # type: ignore[attr-defined]
    logging.raiseExceptions = raising


@pytest.mark.usefixtures("_loggers_as_before")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_log_fails_no_request(seeded: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_app(seeded).test_client()
    with open("/dev/full", "w", buffering=1) as full:
        monkeypatch.setattr("sys.stderr", full)
        logs.configure(None)
        assert client.get("/v1/programme").status_code == 200
        assert client.get("/v1/me", headers={"Authorization": "Bearer pk_unbekannt"}).status_code == 401
        with contextlib.suppress(OSError):
            full.close()


def test_the_server_stops_in_order(service: Service) -> None:
    """Whoever waits for changes is answered, and the server need not be killed."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.request("GET", "/v1/changes?since=1&wait=30")
    time.sleep(0.5)
    assert service.process is not None
    began = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    assert connection.getresponse().status == 200
    connection.close()
    assert service.process.wait(10) == 0
    assert time.monotonic() - began < 5
    assert not [line for line in lines(service.log) if "Killing" in line["event"]]


def test_a_download_in_pieces_is_not_gathered_for_its_line(
    seeded: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Any] = []
    caplog.set_level(logging.INFO, logger="portfolio.request")
    monkeypatch.setattr(logs, "log_request", lambda *_, **facts: told.append(facts["bytes"]))
    monkeypatch.setattr(downloads, "_KEPT_IN_MEMORY", 0)
    monkeypatch.setattr(Response, "make_sequence", lambda _: pytest.fail("all of it is held at once"))
    environ = EnvironBuilder(path="/v1/projects", query_string="format=csv").get_environ()
    pieces, status, _ = run_wsgi_app(make_app(seeded).wsgi_app, environ)
    assert (status, told) == ("200 OK", [sum(map(len, pieces))])
