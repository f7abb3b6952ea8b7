"""The Litestar peer: SQL text on the driver, rows to msgspec's bytes; no ORM, no schema of the answer, no history.

PostgreSQL through a small pool of asynchronous connections; SQLite through one, which answers within the event loop.
"""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import psycopg
from litestar import Litestar, Response, get, patch

from benchmarks.peers import statements
from benchmarks.peers.summary import report

URL = os.environ.get("BENCH_DATABASE_URL", "sqlite:///")
SQLITE = URL.startswith("sqlite")
_CONNECTIONS = 8
_RETURNED = """id version created_at updated_at code title_de title_en kind phase baseline_on baseline_on_precision
achieved_on achieved_on_precision season status evidence weight reportable basis source_url"""
_FLAGS = (*statements.BOOLEANS, "reportable")


class Changes(msgspec.Struct, forbid_unknown_fields=True):
    title_de: Annotated[str, msgspec.Meta(max_length=300)] | msgspec.UnsetType = msgspec.UNSET
    title_en: Annotated[str, msgspec.Meta(max_length=300)] | msgspec.UnsetType | None = msgspec.UNSET
    evidence: Annotated[str, msgspec.Meta(max_length=1000)] | msgspec.UnsetType | None = msgspec.UNSET
    weight: Annotated[int, msgspec.Meta(ge=1, le=100)] | msgspec.UnsetType = msgspec.UNSET


class Rows:
    """Rows of a statement, on either engine."""

    def __init__(self) -> None:
        self.free: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()
        self.file: Any = None

    @asynccontextmanager
    async def opened(self, _app: Litestar) -> AsyncIterator[None]:
        if SQLITE:
            self.file = sqlite3.connect(URL.removeprefix("sqlite:///"), isolation_level=None)
        else:
            dsn = URL.replace("+psycopg", "")
            for _ in range(_CONNECTIONS):
                made = await psycopg.AsyncConnection.connect(dsn, autocommit=True, options="-c timezone=UTC")
                self.free.put_nowait(made)
        yield

    async def of(self, statement: str, **values: Any) -> tuple[list[str], Sequence[Any]]:
        if SQLITE:
            cursor = self.file.execute(statement, values)
            return [column[0] for column in cursor.description], cursor.fetchall()
        connection = await self.free.get()
        try:
            found = await connection.execute(re.sub(r":(\w+)", r"%(\1)s", statement), values)
            return [column.name for column in found.description or ()], await found.fetchall()
        finally:
            self.free.put_nowait(connection)

    async def dicts(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        names, rows = await self.of(statement, **values)
        return [_ready(dict(zip(names, row, strict=True))) for row in rows]


def _ready(row: dict[str, Any]) -> dict[str, Any]:
    """SQLite knows no booleans, and documents are JSON already."""
    for name in statements.DOCUMENTS:
        if name in row:
            row[name] = msgspec.Raw(row[name].encode())
    if SQLITE:
        row.update({name: bool(row[name]) for name in _FLAGS if name in row})
    return row


def _json(body: Any) -> Response[bytes]:
    return Response(msgspec.json.encode(body), media_type="application/json")


ROWS = Rows()


@get("/v1/projects")
async def projects() -> Response[bytes]:
    return _json({"items": await ROWS.dicts(statements.LIST)})


@get("/v1/projects/{slug:str}")
async def project(slug: str) -> Response[bytes]:
    return _json((await ROWS.dicts(statements.RECORD, slug=slug))[0])


@get("/v1/reports/funding-summary")
async def summary() -> Response[bytes]:
    return _json(report(*[(await ROWS.of(one))[1] for one in statements.SUMMARY]))


@patch("/v1/milestones/{milestone_id:uuid}")
async def change(milestone_id: UUID, data: Changes) -> Response[bytes]:
    now = datetime.now(UTC)
    values = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not msgspec.UNSET}
    values["updated_at"] = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if SQLITE else now
    assigned = ", ".join(f"{name} = :{name}" for name in values)
    statement = f"UPDATE milestone SET version = version + 1, {assigned} WHERE id = :id"
    returned = f"{statement} RETURNING {', '.join(_RETURNED.split())}"
    return _json((await ROWS.dicts(returned, id=str(milestone_id), **values))[0])


def create_app() -> Litestar:
    """The peer over a database of the register."""
    return Litestar([projects, project, summary, change], lifespan=[ROWS.opened], openapi_config=None)
