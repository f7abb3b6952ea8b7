"""Requests over connections that stay open: how many a server answers in a slice of time, each of them with 200.

``wrk`` sends the reads where it is installed; else, and for every PATCH (each carries the ETag of the answer before),
plain sockets do.
"""

from __future__ import annotations

import json
import re
import selectors
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import uuid4

WRK = shutil.which("wrk")
_PATIENCE = 60
_COUNTED = re.compile(r"(\d+) requests in ([\d.]+)(ms|s|m)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_ETAG = re.compile(rb"\r\netag: ([^\r]+)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


class Failed(Exception):
    """A server did not answer as it should."""


@dataclass(frozen=True)
class Slice:
    """What one server did in one slice."""

    requests: int
    seconds: float


def read_with_wrk(port: int, target: str, seconds: int, connections: int) -> Slice:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={_PATIENCE}s"]
    command.append(f"http://127.0.0.1:{port}{target}")
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    counted = _COUNTED.search(said)
    if counted is None or "Non-2xx" in said or "Socket errors" in said:
        raise Failed(f"{target} on port {port}: {said}")
    return Slice(int(counted[1]), float(counted[2]) * _UNITS[counted[3]])


def read_with_sockets(port: int, target: str, seconds: float, connections: int) -> Slice:
    sent = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    return _exchange(port, seconds, [lambda _: sent] * connections)


def read(port: int, target: str, seconds: int, connections: int, *, wrk: bool) -> Slice:
    """Ask for ``target`` again and again."""
    return (read_with_wrk if wrk else read_with_sockets)(port, target, seconds, connections)


def patch(port: int, tags: dict[str, str], secret: str, seconds: float) -> Slice:
    """Change each milestone of ``tags`` (its path and ETag) over a connection of its own."""
    return _exchange(port, seconds, [_Changes(port, path, tag, secret).next for path, tag in tags.items()])


class _Changes:
    """One change after the other of one milestone."""

    def __init__(self, port: int, path: str, tag: str, secret: str) -> None:
        self.tag = tag
        self.start = f"PATCH {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {secret}\r\n"
        self.start += "Content-Type: application/merge-patch+json\r\n"

    def next(self, head: bytes | None) -> bytes:
        if head is not None and (found := _ETAG.search(head)):
            self.tag = found[1].decode()
        body = json.dumps({"evidence": f"Runde {time.perf_counter_ns()}"}).encode()
        own = f"If-Match: {self.tag}\r\nIdempotency-Key: {uuid4()}\r\nContent-Length: {len(body)}\r\n\r\n"
        return self.start.encode() + own.encode() + body


class _Connection:
    """One request at a time over one socket."""

    def __init__(self, port: int, following: Callable[[bytes | None], bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.following = following
        self.head: bytes | None = None
        self.received = bytearray()

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self) -> None:
        self.received.clear()
        self.socket.sendall(self.following(self.head))

    def take(self) -> bool:
        """Read what is there; whether the answer is complete."""
        found = self.socket.recv(262_144)
        if not found:
            raise Failed("A server closed a connection.")
        self.received += found
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return False
        self.head = bytes(self.received[:end])
        length = _LENGTH.search(self.head)
        if not self.head.startswith(b"HTTP/1.1 200") or length is None:
            raise Failed(bytes(self.received[:1000]).decode(errors="replace"))
        return len(self.received) >= end + 4 + int(length[1])


def _exchange(port: int, seconds: float, requests: list[Callable[[bytes | None], bytes]]) -> Slice:
    with ExitStack() as stack:
        connections = [stack.enter_context(_Connection(port, one)) for one in requests]
        ready = stack.enter_context(selectors.DefaultSelector())
        for one in connections:
            ready.register(one.socket, selectors.EVENT_READ, one)
        return _until(time.perf_counter() + seconds, connections, ready)


def _until(end: float, connections: list[_Connection], ready: selectors.BaseSelector) -> Slice:
    """Send and take until ``end``; what is under way then is still waited for."""
    answered, waiting, began = 0, len(connections), time.perf_counter()
    for one in connections:
        one.send()
    while waiting:
        events = ready.select(_PATIENCE)
        if not events:
            raise Failed(f"Nothing came for {_PATIENCE} seconds.")
        for key, _ in events:
            if key.data.take():
                answered += 1
                if time.perf_counter() < end:
                    key.data.send()
                else:
                    waiting -= 1
    return Slice(answered, time.perf_counter() - began)
