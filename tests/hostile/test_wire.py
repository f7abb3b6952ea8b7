"""What is no proper HTTP, sent over a socket to a real server: refused or closed, and the server goes on."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from portfolio.core.db import Database
from tests.conftest import key_headers
from tests.faults.service import Service

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])
HOST = b"Host: localhost\r\n"
JSON = b"Content-Type: application/json\r\n"


@pytest.fixture
def service(seeded: Database, tmp_path: Path) -> Iterator[Service]:
    found = Service(
        seeded.url.render_as_string(hide_password=False), tmp_path / "server.log", PORTFOLIO_BODY_SECONDS="0.5"
    )
    found.start()
    yield found
    found.kill()


def say(service: Service, data: bytes) -> bytes:
    """What comes back until the server closes or falls silent."""
    found = b""
    with socket.create_connection(("127.0.0.1", service.port), timeout=3) as one, contextlib.suppress(OSError):
        one.sendall(data)
        one.settimeout(1.5)
        while chunk := one.recv(65536):
            found += chunk
    return found


def get(path: bytes, *headers: bytes, version: bytes = b"1.1") -> bytes:
    return b"GET " + path + b" HTTP/" + version + b"\r\n" + b"".join(headers) + b"Connection: close\r\n\r\n"


REFUSED = {
    "no request": b"\x00\x01\x02\xff\xfe\r\n\r\n",
    "words": b"hello there\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 200,
    "no version": b"GET /v1/programme\r\n\r\n",
    "another version": get(b"/v1/programme", HOST, version=b"9.9"),
    "a space in the address": get(b"/v1/pro gramme", HOST),
    "a control in the address": get(b"/v1/\x01", HOST),
    "nul in a header": get(b"/v1/programme", HOST, b"X-A: a\x00b\r\n"),
    "a bare carriage return in a header": get(b"/v1/programme", HOST, b"X-A: a\rX-B: b\r\n"),
    "a folded header": get(b"/v1/programme", HOST, b"X-A: a\r\n b\r\n"),
    "a space before the colon": get(b"/v1/programme", HOST, b"X-A : a\r\n"),
    "a header without a name": get(b"/v1/programme", HOST, b": a\r\n"),
    "very many headers": get(b"/v1/programme", HOST, b"".join(b"X-%d: a\r\n" % number for number in range(2000))),
    "a very long header": get(b"/v1/programme", HOST, b"X-A: " + b"a" * 1_000_000 + b"\r\n"),
    "a very long address": get(b"/v1/projects?q=" + b"a" * 200_000, HOST),
    "no host": get(b"/v1/programme"),
    "an empty host": get(b"/v1/programme", b"Host: \r\n"),
    "two hosts": get(b"/v1/programme", HOST, b"Host: evil.example\r\n"),
    "a foreign host": get(b"/v1/programme", b"Host: evil.example\r\n"),
    "a header beyond ascii": get(b"/v1/programme", HOST, b"X-A: \xff\r\n"),
    "two slashes": get(b"//v1/programme", HOST),
    "dots": get(b"/v1/../v1/programme", HOST),
    "a tunnel": b"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost:22\r\n\r\n",
    "a trace": b"TRACE / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
    "http 2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100,
}
POSTED = {
    "two lengths": b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "a length and chunks": b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/me HTTP/1.1\r\n\r\n",
    "chunks twice": b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "unknown coding": b"Transfer-Encoding: gzip\r\n\r\nxx",
    "odd chunked": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a negative length": b"Content-Length: -1\r\n\r\n{}",
    "a signed length": b"Content-Length: +2\r\n\r\n{}",
    "a hexadecimal length": b"Content-Length: 0x2\r\n\r\n{}",
    "an endless length": b"Content-Length: 99999999999999999999999999\r\n\r\n{}",
    "a wrong chunk size": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a huge chunk size": b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    "a body that ends early": b"Content-Length: 100\r\n\r\n{}",
    "chunks that never end": b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
}


def test_everything_else_goes_on(service: Service, seeded: Database) -> None:
    """One server takes them all, one after the other, and answers a good request after each."""
    authorization = key_headers(seeded, "coordinator")["Authorization"].encode()
    head = b"POST /v1/projects HTTP/1.1\r\n" + HOST + JSON + b"Idempotency-Key: a\r\nAuthorization: " + authorization
    cases = {**REFUSED, **{name: head + b"\r\n" + rest for name, rest in POSTED.items()}}
    wrong = []
    for name, data in cases.items():
        found = say(service, data)
        status = found.split(b" ", 2)[1:2]
        if found and not (status and status[0][:1] == b"4"):
            wrong.append((name, found[:120]))
        if b"HTTP/1.1 2" in found or b"HTTP/1.1 5" in found:
            wrong.append((name, found[:120]))
        assert service.ask("GET", "/v1/programme").status == 200, name
    assert wrong == []
    assert service.ask("GET", "/v1/projects?limit=1").headers["Register-Revision"] == "1"
    assert '"status":500' not in service.log.read_text()


def test_good_requests_are_taken(service: Service) -> None:
    """The twins: the same ways of sending without the defect."""
    for data in (
        get(b"/v1/programme", HOST),
        get(b"/v1/programme", HOST, version=b"1.0"),
        get(b"/v1/programme", b"host:localhost\r\n"),
        get(b"http://localhost/v1/programme", HOST),
        get(b"/v1/programme", HOST, b"X-A: " + b"a" * 4000 + b"\r\n"),
        get(b"/v1/projects?q=" + b"a" * 200, HOST),
        get(b"/v1/programme", HOST, b"".join(b"X-%d: a\r\n" % number for number in range(50))),
    ):
        assert say(service, data).startswith((b"HTTP/1.1 200 ", b"HTTP/1.0 200 ")), data[:80]


def test_requests_in_a_row_get_their_own_answers(service: Service) -> None:
    row = (
        b"GET /v1/programme HTTP/1.1\r\n"
        + HOST
        + b"\r\nGET /v1/nix HTTP/1.1\r\n"
        + HOST
        + b"\r\n"
        + get(b"/health/live", HOST)
    )
    found = say(service, row)
    assert [found.count(b"HTTP/1.1 %d " % status) for status in (200, 404)] == [2, 1]
