"""``make bench``: list, record, summary and PATCH beside a naive peer, in interleaved rounds of one run.

Both applications are called in this process, without a network, over SQLite files; only ratios mean anything.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from flask.testing import FlaskClient

from benchmarks.naive import create_naive
from portfolio.access.service import create_key
from portfolio.app import create_app, open_database
from portfolio.cli.database import upgrade_database
from portfolio.core.db import WriteContext
from portfolio.core.settings import read_settings
from portfolio.exchange.seed import load_seed

ROUNDS, CALLS = 9, 20
SLUG = "oepnv-initiative"


def _register(folder: str) -> tuple[FlaskClient, dict[str, str]]:
    url = f"sqlite:///{folder}/register.sqlite"
    held = Path(folder, "checkpoints")
    settings = replace(read_settings(), database_url=url, migration_url=url, checkpoint_dir=held)
    upgrade_database(settings)
    database = open_database(settings)
    app = create_app(settings, database)
    load_seed(database)
    with database.transaction(WriteContext("act_system", "cli", "key.create")) as session:
        secret = create_key(session, role="coordinator", name="bench").secret
    return app.test_client(), {"Authorization": f"Bearer {secret}"}


def _peer(folder: str, register: FlaskClient) -> FlaskClient:
    names = "slug title_de title_en summary_de summary_en action_field lead_ministry status source_notes".split()
    projects = [{name: item[name] for name in names} for item in register.get("/v1/projects?limit=200").json["items"]]
    awards = [
        {
            "action_field": item["action_field"],
            "level": item["level"],
            "year": item["year"],
            "cents": int(item["amount"].replace(".", "")) if item["amount"] else 0,
        }
        for item in register.get("/v1/awards?limit=200").json["items"]
    ]
    return create_naive(f"sqlite:///{folder}/naive.sqlite", projects, awards).test_client()


def _patches(register: FlaskClient, headers: dict[str, str], peer: FlaskClient) -> tuple[Callable[[int], int], ...]:
    def ours(turn: int) -> int:
        tag = register.get(f"/v1/projects/{SLUG}", headers=headers).headers["ETag"]
        body = {"source_notes": f"Runde {time.perf_counter_ns()} {turn}"}
        return register.patch(f"/v1/projects/{SLUG}", json=body, headers={**headers, "If-Match": tag}).status_code

    def theirs(turn: int) -> int:
        peer.get(f"/projects/{SLUG}")
        body = {"source_notes": f"Runde {time.perf_counter_ns()} {turn}"}
        return peer.patch(f"/projects/{SLUG}", json=body).status_code

    return ours, theirs


def _milliseconds(call: Callable[[int], int]) -> float:
    began = time.perf_counter()
    for turn in range(CALLS):
        assert call(turn) == 200
    return (time.perf_counter() - began) / CALLS * 1000


def main() -> None:
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        register, headers = _register(folder)
        peer = _peer(folder, register)
        summary = "/v1/reports/funding-summary?group_by=action_field,level,year"
        jobs: dict[str, tuple[Callable[[int], int], ...]] = {
            "list of 50": (
                lambda _: register.get("/v1/projects").status_code,
                lambda _: peer.get("/projects").status_code,
            ),
            "list, past moment": (
                lambda _: register.get("/v1/projects?known_at=1").status_code,
                lambda _: peer.get("/projects").status_code,
            ),
            "record": (
                lambda _: register.get(f"/v1/projects/{SLUG}").status_code,
                lambda _: peer.get(f"/projects/{SLUG}").status_code,
            ),
            "summary": (lambda _: register.get(summary).status_code, lambda _: peer.get("/summary").status_code),
            "read and PATCH": _patches(register, headers, peer),
        }
        print(f"{'':20}{'register ms':>13}{'naive ms':>11}{'naive/register':>16}   (median of {ROUNDS} rounds)")
        for name, (ours, theirs) in jobs.items():
            rounds = [(_milliseconds(ours), _milliseconds(theirs)) for _ in range(ROUNDS)]
            mine, other = (statistics.median(column) for column in zip(*rounds, strict=True))
            print(f"{name:20}{mine:13.2f}{other:11.2f}{other / mine:16.2f}")


if __name__ == "__main__":
    main()
