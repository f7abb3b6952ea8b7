"""Whether all servers answer the same; what is compared stands in :mod:`benchmarks.sameness`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from benchmarks import sameness
from benchmarks.servers import OURS, REGISTER, REVISION, Running
from benchmarks.stand import Stand
from portfolio.core.columns import Identifier

PATCH = "PATCH"


def require_same(stand: Stand, milestone: str) -> None:
    """Every server answers what the register answers.

    :raises SystemExit: one does not.
    """
    servers = list(stand.servers.values())
    for job, (target, compared) in stand.reads.items():
        require_equal(job, {one.kind.name: compared(one.body(target)) for one in servers})
    found = {}
    for server in servers:
        if server.kind.writes:
            body = changed(server, milestone, stand.secret)
            if server.kind.name != REVISION:  # which reads nothing back
                found[server.kind.name] = {**sameness.of_milestone(body), "evidence": None}
    require_equal(PATCH, found)


def tag_of(server: Running, path: str) -> str:
    """The ETag of a milestone; the peers have none and ask for none."""
    return server.get(path)[0] if server.kind.name in OURS else '"0"'


def changed(server: Running, path: str, secret: str) -> bytes:
    """What a server answers to a change of a milestone, which is committed.

    :raises SystemExit: it is not in the database, or not in the answer.
    """
    evidence = f"Abgleich {time.time_ns()}"
    headers = {"If_Match": tag_of(server, path), "Authorization": f"Bearer {secret}"}
    headers["Content_Type"] = "application/merge-patch+json"
    answer = server.get(path, "PATCH", json.dumps({"evidence": evidence}).encode(), **headers)[1]
    table = sa.table("milestone", sa.column("evidence"), sa.column("id", Identifier))
    engine = sa.create_engine(server.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        stored = connection.scalar(sa.select(table.c.evidence).where(table.c.id == UUID(path.rpartition("/")[2])))
    if stored != evidence or json.loads(answer)["evidence"] != evidence:
        raise SystemExit(f"{server.kind.name} did not take the change: {stored!r}, {answer!r}")
    return answer


def require_equal(job: str, found: Mapping[str, Any]) -> None:
    """:raises SystemExit: one of the answers is not that of the register; says where they part."""
    ours = found[REGISTER]
    for name, theirs in found.items():
        if theirs != ours:
            first = next((pair for pair in _pairs(ours, theirs) if pair[0] != pair[1]), (ours, theirs))
            raise SystemExit(f"{job}: {name} answers differently. Register: {first[0]}\n{name}: {first[1]}")


def _pairs(ours: Any, theirs: Any) -> Iterator[tuple[Any, Any]]:
    """The parts of two answers beside each other, so that a difference can be shown."""
    keys = range(min(len(ours), len(theirs))) if isinstance(ours, list) else [key for key in ours if key in theirs]
    for key in keys:
        yield ours[key], theirs[key]
