"""schemathesis with all its checks against a running server with the real projects, once for each role.

Run it with ``python dev.py contract``; it needs what requirements-ci.lock holds beside the tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from portfolio.core.db import Database
from portfolio.exchange.seed import load_seed
from tests.conftest import key_headers, open_register
from tests.faults.service import Service

ROLES: tuple[tuple[str, str | None], ...] = (
    ("anonymous", None),
    ("editor", "MUNV"),
    ("coordinator", None),
    ("auditor", None),
    ("admin", None),
)
SECONDS = 40
"""For each role; the whole stays under four minutes."""
PATIENCE = 45
"""Seconds for one answer; `GET /v1/changes` may wait thirty before it begins."""
CONFIG = Path(__file__).with_name("schemathesis.toml")


def main() -> int:
    """The number of roles for which something was found."""
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PORTFOLIO_DATA_DIR"] = folder
        url = f"sqlite:///{folder}/register.sqlite"
        database = open_register(url)
        load_seed(database)
        rates = {f"PORTFOLIO_RATE_{name}": "100000000" for name in ("REQUESTS", "FAILURES")}
        service = Service(url, Path(folder, "server.log"), **rates)
        service.start()
        try:
            for role, organisation in ROLES:
                print(f"== schemathesis as {role}", flush=True)
                if _run(service, role, _headers(database, role, organisation)):
                    failed.append(role)
        finally:
            service.kill()
            database.dispose()
        if '"status":500' in Path(folder, "server.log").read_text():
            failed.append("a failure of the server")
    print("== schemathesis found nothing" if not failed else f"== schemathesis found something: {', '.join(failed)}")
    return len(failed)


def _headers(database: Database, role: str, organisation: str | None) -> list[str]:
    if role == "anonymous":
        return []
    found = key_headers(database, role, organisation)
    return [option for name, value in found.items() for option in ("-H", f"{name}: {value}")]


def _run(service: Service, role: str, headers: list[str]) -> int:
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG), "run"]
    address = f"http://127.0.0.1:{service.port}/openapi.json"
    options = ["--checks", "all", "--no-color", "--request-timeout", str(PATIENCE), "--max-time", str(SECONDS)]
    phases = "coverage" if role in ("auditor", "admin") else "examples,coverage,fuzzing"
    return subprocess.run([*command, address, *options, "--phases", phases, *headers, *sys.argv[1:]]).returncode


if __name__ == "__main__":
    sys.exit(main())
