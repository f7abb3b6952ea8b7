"""Requests over connections that stay open: how many a server answers in a slice of time, each of them with 200.

``wrk`` sends the reads where it is installed; else, and for every PATCH (each carries the ETag of the answer before),
plain sockets do.
"""

from __future__ import annotations

import itertools
import json
import re
import selectors
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import uuid4

WRK = shutil.which("wrk")
_PATIENCE = 300
_COUNTED = re.compile(r"(\d+) requests in ([\d.]+)(ms|s|m)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_IN_TURN = """local targets, turn, made = {%s}, 0, {}
init = function() for at, target in ipairs(targets) do made[at] = wrk.format("GET", target) end end
request = function() turn = turn %% #made + 1; return made[turn] end
"""
_ETAG = re.compile(rb"\r\netag: ([^\r]+)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


class Failed(Exception):
    """A server did not answer as it should."""


@dataclass(frozen=True)
class Slice:
    """What one server did in one slice."""

    requests: int
    seconds: float


def read_with_wrk(port: int, targets: Sequence[str], seconds: float, connections: int) -> Slice:
    """:param seconds: whole ones; wrk knows no others."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_IN_TURN % ", ".join(f'"{target}"' for target in targets))
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", f"--timeout={_PATIENCE}s"]
        command += ["-s", script.name] if len(targets) > 1 else []
        command.append(f"http://127.0.0.1:{port}{targets[0]}")
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    counted = _COUNTED.search(said)
    if counted is None or "Non-2xx" in said or "Socket errors" in said:
        raise Failed(f"{targets[0]} on port {port}: {said}")
    return Slice(int(counted[1]), float(counted[2]) * _UNITS[counted[3]])


def read_with_sockets(
    port: int, targets: Sequence[str], seconds: float, connections: int, *, patience: float = _PATIENCE
) -> Slice:
    """:param patience: seconds in which something must come."""
    sent = itertools.cycle([f"GET {one} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode() for one in targets])
    return _exchange(port, seconds, [lambda _: next(sent)] * connections, patience)


def read(port: int, targets: Sequence[str], seconds: float, connections: int, *, wrk: bool) -> Slice:
    """Ask for ``targets`` in turn, again and again."""
    return (read_with_wrk if wrk else read_with_sockets)(port, targets, seconds, connections)


def once_each(port: int, target: str, connections: int) -> float:
    """Seconds until so many connections, which all ask at once, have their one answer."""
    sent = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    return _exchange(port, 0.0, [lambda _: sent] * connections).seconds


def patch(port: int, tags: dict[str, str], secret: str, seconds: float) -> Slice:
    """Change each milestone of ``tags`` (its path and ETag) over a connection of its own."""
    return _exchange(port, seconds, [_Changes(port, path, tag, secret).next for path, tag in tags.items()])


def patch_at(port: int, tags: dict[str, str], secret: str, rate: float, seconds: float) -> Slice:
    """Change the milestones of ``tags`` in turn, so many times a second; late where the server is, never faster."""
    with ExitStack() as stack:
        idle = [stack.enter_context(_Connection(port, _Changes(port, *one, secret).next)) for one in tags.items()]
        ready = stack.enter_context(selectors.DefaultSelector())
        for one in idle:
            ready.register(one.socket, selectors.EVENT_READ, one)
        began, sent, answered = time.perf_counter(), 0, 0
        planned = round(rate * seconds)
        while answered < sent or sent < planned:
            now = time.perf_counter() - began
            if now > seconds:
                planned = sent
            elif idle and sent < planned and sent / rate <= now:
                idle.pop(0).send()
                sent += 1
                continue
            wait = sent / rate - now if idle and sent < planned else _PATIENCE
            events = ready.select(max(min(wait, seconds), 0.0001))
            for key, _ in events:
                if key.data.take():
                    answered += 1
                    idle.append(key.data)
        return Slice(answered, max(time.perf_counter() - began, seconds))


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


def _exchange(
    port: int, seconds: float, requests: list[Callable[[bytes | None], bytes]], patience: float = _PATIENCE
) -> Slice:
    with ExitStack() as stack:
        connections = [stack.enter_context(_Connection(port, one)) for one in requests]
        ready = stack.enter_context(selectors.DefaultSelector())
        for one in connections:
            ready.register(one.socket, selectors.EVENT_READ, one)
        return _until(time.perf_counter() + seconds, connections, ready, patience)


def _until(end: float, connections: list[_Connection], ready: selectors.BaseSelector, patience: float) -> Slice:
    """Send and take until ``end``; what is under way then is still waited for."""
    answered, waiting, began = 0, len(connections), time.perf_counter()
    for one in connections:
        one.send()
    while waiting:
        events = ready.select(patience)
        if not events:
            raise Failed(f"Nothing came for {patience:g} seconds.")
        for key, _ in events:
            if key.data.take():
                answered += 1
                if time.perf_counter() < end:
                    key.data.send()
                else:
                    waiting -= 1
    return Slice(answered, time.perf_counter() - began)
