"""Slow clients keep a server's connections, and the count of lost answers tells whole ones from halves."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from benchmarks import nuisances, stand
from benchmarks.nuisances import NUISANCES, beset
from benchmarks.servers import KINDS, Running
from tests.postgres import free_port


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", free_port()), backlog=200) as found:
        found.settimeout(5)
        yield found


@pytest.mark.parametrize(("name", "said"), [(name, b"GET" if "bodies" not in name else b"POST") for name in NUISANCES])
def test_each_kind_comes_in_its_number_and_stays(listener: socket.socket, name: str, said: bytes) -> None:
    server = Running(KINDS[0], "", listener.getsockname()[1], None, None)  # type: ignore[arg-type]
    came = []
    with beset(server, name, "secret"):
        for _ in range(NUISANCES[name][0]):
            came.append(listener.accept()[0])
        first = came[0].recv(10_000)
        assert first.startswith(said)
        time.sleep(2 * nuisances._PACE)
        if "readers" not in name:
            assert 0 < len(came[0].recv(10_000)) < 100
        assert b"\r\n\r\n" not in first if "headers" in name else b"\r\n\r\n" in first
    for one in came:
        one.close()


@pytest.mark.parametrize(
    ("sent", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbod", False),
        (b"HTTP/1.1 503 Unavailable\r\nContent-Length: 4\r\n\r\nbody", False),
        (b"HTTP/1.1 200 OK\r\n", False),
        (b"", False),
    ],
)
def test_half_an_answer_is_a_lost_one(sent: bytes, whole: bool) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        sender = threading.Thread(target=_send_and_leave, args=(theirs, sent))
        sender.start()
        assert nuisances._whole_answer(ours) == whole
        sender.join()


def _send_and_leave(connection: socket.socket, sent: bytes) -> None:
    with connection:
        connection.sendall(sent)


def test_a_size_that_finds_no_room_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert stand.fits(1)
    assert not stand.fits(10**15)
    assert "are left out" in capsys.readouterr().out
