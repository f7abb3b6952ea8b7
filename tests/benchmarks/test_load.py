"""The load generator counts whole answers of 200 and stops at anything else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks import load
from tests.postgres import free_port


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str]]

    def do_GET(self) -> None:
        self.seen.append((self.path, ""))
        self._answer(500 if self.path == "/broken" else 200, b"x" * 300_000)

    def do_PATCH(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, self.headers["If-Match"]))
        self._answer(200, b"{}", f'"{len(self.seen)}"')

    def _answer(self, status: int, body: bytes, tag: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if tag:
            self.send_header("ETag", tag)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the tests look at what was seen."""


@pytest.fixture
def port() -> Iterator[int]:
    Answers.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Answers)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that has seen enough hangs up
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield int(server.server_address[1])
    server.shutdown()
    thread.join()
    server.server_close()


def test_reads_are_counted(port: int) -> None:
    found = load.read_with_sockets(port, ["/page"], 0.2, 3)
    assert found.requests == len(Answers.seen) > 3
    assert 0.2 <= found.seconds < 5


def test_another_status_stops_the_run(port: int) -> None:
    with pytest.raises(load.Failed, match="500"):
        load.read_with_sockets(port, ["/broken"], 0.2, 1)


def test_each_change_carries_the_tag_of_the_answer_before(port: int) -> None:
    found = load.patch(port, {"/one": '"first"'}, "secret", 0.2)
    tags = [tag for _, tag in Answers.seen]
    assert found.requests == len(tags) > 2
    assert tags == ['"first"', *(f'"{number}"' for number in range(1, len(tags)))]


def test_targets_are_asked_in_turn(port: int) -> None:
    load.read_with_sockets(port, ["/one", "/two"], 0.1, 1)
    assert [path for path, _ in Answers.seen[:4]] == ["/one", "/two", "/one", "/two"]


@pytest.mark.skipif(load.WRK is None, reason="wrk is not installed")
def test_wrk_asks_in_turn_too(port: int) -> None:
    found = load.read_with_wrk(port, ["/one", "/two"], 1, 2)
    asked = [path for path, _ in Answers.seen]
    assert found.requests > 3
    assert abs(asked.count("/one") - asked.count("/two")) <= 2
    with pytest.raises(load.Failed):
        load.read_with_wrk(port, ["/broken"], 1, 1)


def test_a_crowd_is_answered_once_each(port: int) -> None:
    assert load.once_each(port, "/page", 5) > 0
    assert len(Answers.seen) == 5


def test_changes_keep_their_rate(port: int) -> None:
    tags = {f"/{number}": '"0"' for number in range(4)}
    found = load.patch_at(port, tags, "secret", 40, 0.5)
    assert found.requests == len(Answers.seen)
    assert 10 <= found.requests <= 20
    assert {path for path, _ in Answers.seen} == set(tags)
    assert 0.5 <= found.seconds < 2


def test_a_server_that_is_too_slow_is_not_pressed(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Answers._answer

    def late(handler: Answers, status: int, body: bytes, tag: str | None = None) -> None:
        time.sleep(0.1)
        answer(handler, status, body, tag)

    monkeypatch.setattr(Answers, "_answer", late)
    found = load.patch_at(port, {"/one": '"0"'}, "secret", 1000, 0.3)
    assert 1 <= found.requests <= 5
