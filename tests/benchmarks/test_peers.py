"""The peers that need no package of their own answer as the register does; the others are held to it in each round."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import Client

from benchmarks import sameness
from benchmarks.agreement import require_equal
from benchmarks.filling import fill
from benchmarks.peers import finished, naive, revision
from benchmarks.stand import LIST, READS, RECORD, keep_answers
from portfolio.core.db import Database
from tests.conftest import make_app

pytestmark = [
    pytest.mark.large,
    pytest.mark.skipif(os.environ.get("SCALE") != "full", reason="of the benchmarks alone: SCALE=full make test"),
]


@pytest.fixture
def peers(
    client: FlaskClient, seeded: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Client]]:
    answers = tmp_path / "answers"
    answers.mkdir()
    keep_answers(lambda target: client.get(target).data, answers)
    monkeypatch.setenv("BENCH_ANSWERS", str(answers))
    url = seeded.url.render_as_string(hide_password=False)
    monkeypatch.setenv("BENCH_DATABASE_URL", url)
    plain, counted = naive.create_app(url), revision.create_app()
    yield {"naive": Client(plain), "revision": Client(counted), "finished": Client(finished.create_app())}
    plain.extensions["engine"].dispose()
    counted.driver.connection.close()


@pytest.mark.parametrize("job", READS)
def test_peers_answer_what_the_register_answers(client: FlaskClient, peers: dict[str, Client], job: str) -> None:
    target, compared = READS[job]
    answers = {name: compared(peer.get(target).data) for name, peer in peers.items()}
    require_equal(job, {"register": compared(client.get(target).data), **answers})


def test_the_naive_peer_changes_a_milestone(seeded: Database, peers: dict[str, Client]) -> None:
    client = make_app(seeded, cache_mib=0).test_client()  # the peers' writes are none that the register counts
    path = f"/v1/milestones/{json.loads(client.get('/v1/milestones?limit=1').data)['items'][0]['id']}"
    for name in ("naive", "revision"):
        assert peers[name].patch(path, json={"evidence": f"from {name}"}).status_code == 200
        stored = client.get(path).data
        assert json.loads(stored)["evidence"] == f"from {name}"
    answer = peers["naive"].patch(path, json={"evidence": "again"}).data
    assert sameness.of_milestone(answer) == sameness.of_milestone(client.get(path).data)
    assert peers["naive"].patch(path, json={"weight": "many"}).status_code == 422


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_difference_ends_the_run(client: FlaskClient) -> None:
    found = sameness.of_list(client.get(LIST).data)
    changed = [*found[:-1], {**found[-1], "bucket": "running?"}]
    with pytest.raises(SystemExit, match="running\\?"):
        require_equal("list", {"register": found, "other": changed})
    record = sameness.of_record(client.get(RECORD).data)
    with pytest.raises(SystemExit):
        require_equal("record", {"register": record, "other": {name: record[name] for name in list(record)[1:]}})


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_summary_is_compared_but_for_its_revision(client: FlaskClient) -> None:
    body = client.get(sameness.GROUPED).data
    later = body.replace(b"known_at=1", b"known_at=7").replace(b'"revision":1,', b'"revision":7,')
    assert later != body
    assert sameness.of_summary(later) == sameness.of_summary(body)
    other = body.replace(b"29149664.22", b"29149664.23")
    assert sameness.of_summary(other) != sameness.of_summary(body)


def test_a_filled_register_is_answered_alike(client: FlaskClient, seeded: Database) -> None:
    url = seeded.url.render_as_string(hide_password=False)
    before = json.loads(client.get("/v1/projects?count=true&limit=1").data)["count"]
    seeded.dispose()
    assert fill(url, 2 * before) == 2 * before
    assert json.loads(client.get("/v1/projects?count=true&limit=1").data)["count"] == 2 * before
    plain = naive.create_app(url)
    peer = plain.test_client()
    for job, (target, compared) in READS.items():
        found = {"register": compared(client.get(target).data), "naive": compared(peer.get(target).data)}
        require_equal(job, found)
    assert json.loads(client.get(sameness.GROUPED).data)["total"]["approved"]["exact"] == "36099328.44"
    plain.extensions["engine"].dispose()
