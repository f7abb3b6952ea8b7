"""The register under granian with other settings than `portfolio serve` takes; for benchmarks.serving alone."""

from __future__ import annotations

import argparse

from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.server import Server

from portfolio.core.settings import read_settings

TARGETS = {"rsgi": "portfolio.app:create_intake", "wsgi": "portfolio.app:create_served_app"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interface", choices=TARGETS, default="rsgi")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--blocking-threads", type=int, help="of the WSGI interface")
    parser.add_argument("--runtime-threads", type=int, default=1)
    parser.add_argument("--runtime-mode", choices=[one.value for one in RuntimeModes], default="auto")
    parser.add_argument("--backpressure", type=int, default=512)
    parser.add_argument("--backlog", type=int, default=1024)
    parser.add_argument("--loop", choices=[one.value for one in Loops], default="auto")
    given = parser.parse_args()
    settings = read_settings()
    Server(
        TARGETS[given.interface],
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces(given.interface),
        http=HTTPModes.http1,
        workers=given.workers,
        blocking_threads=given.blocking_threads,
        runtime_threads=given.runtime_threads,
        runtime_mode=RuntimeModes(given.runtime_mode),
        backpressure=given.backpressure,
        backlog=given.backlog,
        loop=Loops(given.loop),
        respawn_failed_workers=True,
        workers_kill_timeout=15,
        websockets=False,
        log_access=False,
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    main()
