"""A server whose every answer is large: ``python -m tests.front.large PORT``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.server import Server

from portfolio.front.intake import Intake

PIECE = bytes(range(256)) * 256
COUNT = 1000
SIZE = COUNT * len(PIECE)


def large(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    """64 MB, a piece at a time."""
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(SIZE))])
    return (PIECE for _ in range(COUNT))


def make_intake() -> Intake:
    return Intake(large, threads=2, seconds=5, stop=lambda: None)


if __name__ == "__main__":
    Server(
        "tests.front.large:make_intake",
        factory=True,
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        websockets=False,
        log_access=False,
    ).serve()
