"""Clients that nobody wants: slow with headers, with bodies, with taking an answer; and what ends servers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.synchronize import Event

from benchmarks.servers import LOAD_CORE, Running, pin

_PACE = 0.2
"""Seconds between two signs of life."""
_BODY = 100_000
Begin = Callable[[socket.socket, int, str], None]
Go = Callable[[socket.socket], None]


def _begin_headers(one: socket.socket, port: int, _secret: str) -> None:
    one.sendall(f"GET /v1/projects HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n".encode())


def _one_more_header(one: socket.socket) -> None:
    one.sendall(b"X-Slow: 1\r\n")


def _begin_body(one: socket.socket, port: int, secret: str) -> None:
    head = f"POST /v1/projects HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {secret}\r\n"
    head += f"Idempotency-Key: {os.getpid()}-{one.fileno()}\r\nContent-Type: application/json\r\n"
    one.sendall(f"{head}Content-Length: {_BODY}\r\n\r\n{{".encode())


def _one_more_byte(one: socket.socket) -> None:
    one.sendall(b" ")


def _begin_reading(one: socket.socket, port: int, _secret: str) -> None:
    one.sendall(f"GET /v1/projects?limit=200 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode() * 4)


def _take_a_little(one: socket.socket) -> None:
    one.recv(512)


NUISANCES: dict[str, tuple[int, Begin, Go]] = {
    "100 slow headers": (100, _begin_headers, _one_more_header),
    "8 slow bodies": (8, _begin_body, _one_more_byte),
    "8 slow readers": (8, _begin_reading, _take_a_little),
}


@contextmanager
def beset(server: Running, name: str, secret: str) -> Iterator[None]:
    """Many slow clients of one kind, in a process of their own, while the block runs."""
    context = multiprocessing.get_context("fork")
    there, stop = context.Event(), context.Event()
    process = context.Process(target=_pester, args=(name, server.port, secret, there, stop))
    process.start()
    there.wait(10)
    try:
        yield
    finally:
        stop.set()
        process.join(5)
        if process.is_alive():
            process.kill()


def _pester(name: str, port: int, secret: str, there: Event, stop: Event) -> None:
    pin(LOAD_CORE)
    count, begin, go = NUISANCES[name]
    clients = [_connected(port, begin, secret) for _ in range(count)]
    there.set()
    while not stop.wait(_PACE):
        for place, one in enumerate(clients):
            try:
                go(one)
            except OSError:  # shown the door, so it comes again
                one.close()
                with suppress(OSError):
                    clients[place] = _connected(port, begin, secret)


def _connected(port: int, begin: Begin, secret: str) -> socket.socket:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.settimeout(0.05)
    with suppress(OSError):
        one.connect(("127.0.0.1", port))
        begin(one, port, secret)
    return one


def seconds_without(server: Running, workers: list[int], target: str) -> float | None:
    """How long nobody answers after one of the worker processes is killed; None where it stays so."""
    os.kill(workers[0], signal.SIGKILL)
    began = time.monotonic()
    good = 0
    while time.monotonic() - began < 15:
        try:
            server.body(target)
        except (OSError, RuntimeError):
            good = 0
            time.sleep(0.01)
            continue
        good += 1
        if good == 20:
            return max(time.monotonic() - began, 0.0)
    return None


def lost_at_the_end(server: Running, target: str, connections: int) -> tuple[int, float, int | None]:
    """Of so many requests under way at SIGTERM: those without a whole answer; seconds until the end; exit code."""
    sent = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 20)) for _ in range(connections)
        ]
        for one in clients:
            one.sendall(sent)
            _whole_answer(one)  # so that each is known to the server, and open
        for one in clients:
            one.sendall(sent)
        time.sleep(0.003)
        server.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        lost = sum(not _whole_answer(one) for one in clients)
    with suppress(Exception):
        server.process.wait(25)
    return lost, time.monotonic() - began, server.process.poll()


def _whole_answer(one: socket.socket) -> bool:
    received = bytearray()
    with suppress(OSError):
        while piece := one.recv(262_144):
            received += piece
            head, found, body = bytes(received).partition(b"\r\n\r\n")
            length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":-1")
            if found and len(body) >= int(length.partition(b":")[2]) >= 0:
                return head.startswith(b"HTTP/1.1 200")
    return False
