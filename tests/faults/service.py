"""The register as a process of its own, which a test may kill."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from tests.answer_checker import check_live
from tests.postgres import free_port


class Answer(NamedTuple):
    """What the service said."""

    status: int
    data: bytes
    headers: http.client.HTTPMessage

    @property
    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def revision(self) -> int:
        return int(self.headers["Register-Revision"])


class Service:
    """The register as its own process group."""

    def __init__(self, url: str, log: Path, **settings: str) -> None:
        self.port = free_port()
        own = {"PORTFOLIO_DATABASE_URL": url, "PORTFOLIO_PORT": str(self.port)}
        self.environment = {**os.environ, **own, **settings}
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portfolio", "serve"],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if self.ask("GET", "/health/ready").status == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(self.log.read_text()[-1000:])

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
        timeout: float = 5,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            found = Answer(answer.status, answer.read(), answer.headers)
        finally:
            connection.close()
        check_live(method, path, found.status, dict(found.headers.items()), found.data)
        return found

    def kill(self) -> None:
        if self.process is not None:
            kill(self.process)


def kill(process: subprocess.Popen[Any]) -> None:
    """kill -9 of the whole group that ``process`` leads."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
