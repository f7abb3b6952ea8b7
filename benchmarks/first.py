"""``make bench``: list, record, summary and PATCH beside a naive peer, in interleaved rounds of one run.

Both applications are called in this process, without a network, over SQLite files; only ratios mean anything.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from flask.testing import FlaskClient

from benchmarks.peers.naive import create_app as create_naive
from benchmarks.registers import prepare, settings_in
from portfolio.app import create_app, open_database

ROUNDS, CALLS = 9, 20
SLUG = "oepnv-initiative"


def _register(folder: Path) -> tuple[FlaskClient, FlaskClient, dict[str, str]]:
    """The register, its peer over a copy of the same database, and what a coordinator sends with a request."""
    settings = settings_in(folder, f"sqlite:///{folder}/register.sqlite")
    secret = prepare(settings)
    with sqlite3.connect(folder / "register.sqlite") as old, sqlite3.connect(folder / "naive.sqlite") as new:
        old.backup(new)
    register = create_app(settings, open_database(settings))
    peer = create_naive(f"sqlite:///{folder}/naive.sqlite")
    return register.test_client(), peer.test_client(), {"Authorization": f"Bearer {secret}"}


def _patches(register: FlaskClient, headers: dict[str, str], peer: FlaskClient) -> tuple[Callable[[int], int], ...]:
    some = json.loads(register.get("/v1/milestones?limit=1").data)["items"][0]
    path = f"/v1/milestones/{some['id']}"

    def ours(turn: int) -> int:
        tag = register.get(path, headers=headers).headers["ETag"]
        body = {"evidence": f"Runde {time.perf_counter_ns()} {turn}"}
        return register.patch(path, json=body, headers={**headers, "If-Match": tag}).status_code

    def theirs(turn: int) -> int:
        return peer.patch(path, json={"evidence": f"Runde {time.perf_counter_ns()} {turn}"}).status_code

    return ours, theirs


def _milliseconds(call: Callable[[int], int]) -> float:
    began = time.perf_counter()
    for turn in range(CALLS):
        assert call(turn) == 200
    return (time.perf_counter() - began) / CALLS * 1000


def main() -> None:
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        register, peer, headers = _register(Path(folder))

        def both(target: str, plain: str | None = None) -> tuple[Callable[[int], int], ...]:
            return lambda _: register.get(target).status_code, lambda _: peer.get(plain or target).status_code

        jobs: dict[str, tuple[Callable[[int], int], ...]] = {
            "list of 50": both("/v1/projects"),
            "list, past moment": both("/v1/projects?known_at=1", "/v1/projects"),
            "record": both(f"/v1/projects/{SLUG}"),
            "summary": both("/v1/reports/funding-summary?group_by=action_field,level,year"),
            "read and PATCH": _patches(register, headers, peer),
        }
        print(f"{'':20}{'register ms':>13}{'naive ms':>11}{'naive/register':>16}   (median of {ROUNDS} rounds)")
        for name, (ours, theirs) in jobs.items():
            rounds = [(_milliseconds(ours), _milliseconds(theirs)) for _ in range(ROUNDS)]
            mine, other = (statistics.median(column) for column in zip(*rounds, strict=True))
            print(f"{name:20}{mine:13.2f}{other:11.2f}{other / mine:16.2f}")


if __name__ == "__main__":
    main()
