"""A register that was filled for measuring is a register like any other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from benchmarks.filling import fill
from portfolio import verify
from portfolio.core.db import Database
from tests.history.auditing import Auditor, source_of

pytestmark = pytest.mark.postgresql_in_full


def test_its_history_holds_every_copy_and_verifies(client: FlaskClient, seeded: Database, tmp_path: Path) -> None:
    past = client.get("/v1/projects?known_at=1&count=true&limit=200").data
    seeded.dispose()
    assert fill(seeded.url.render_as_string(hide_password=False), 225) == 225
    now = client.get("/v1/projects?count=true&limit=1")
    assert (json.loads(now.data)["count"], now.headers["Register-Revision"]) == (225, "3")
    assert client.get("/v1/projects?known_at=1&count=true&limit=200").data == past
    copy = client.get("/v1/projects/oepnv-initiative-2?known_at=3").data
    assert json.loads(copy)["title_de"] == "ÖPNV-Initiative 2"
    auditor = Auditor(tmp_path / "auditor")
    source = source_of(seeded, tmp_path / "dump")
    report = verify.verify(source, auditor.key, [auditor.hold(auditor.note_of(source))])
    assert (report.findings, report.exit_code) == ([], 0), verify.as_text(report)


def test_a_register_that_is_large_enough_stays_as_it_is(client: FlaskClient, seeded: Database) -> None:
    seeded.dispose()
    assert fill(seeded.url.render_as_string(hide_password=False), 100) == 75
    assert client.get("/v1/projects?limit=1").headers["Register-Revision"] == "1"
