"""The FastAPI peer: Pydantic models, the asynchronous ORM, no history; every answer loads its parts beforehand."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from benchmarks.peers import statements, tables
from benchmarks.peers.fastapi_models import Changes, Milestone, Project, Projects, Summary
from benchmarks.peers.summary import report


def create_app() -> FastAPI:
    """The peer over a database of the register."""
    url = os.environ["BENCH_DATABASE_URL"].replace("sqlite://", "sqlite+aiosqlite://")
    sessions = async_sessionmaker(create_async_engine(url), expire_on_commit=False)
    app = FastAPI()

    @app.get("/v1/projects", response_model=Projects)
    async def projects() -> Any:
        async with sessions() as session:
            return {"items": (await session.scalars(tables.page().options(*tables.loaded()))).all()}

    @app.get("/v1/projects/{slug}", response_model=Project)
    async def project(slug: str) -> Any:
        statement = sa.select(tables.Project).filter_by(slug=slug).options(*tables.loaded())
        async with sessions() as session:
            return (await session.scalars(statement)).one()

    @app.get("/v1/reports/funding-summary", response_model=Summary)
    async def summary() -> Any:
        async with sessions() as session:
            return report(*[(await session.execute(sa.text(one))).all() for one in statements.SUMMARY])

    @app.patch("/v1/milestones/{milestone_id}", response_model=Milestone)
    async def change(milestone_id: UUID, changes: Changes) -> Any:
        async with sessions() as session:
            found = await session.get_one(tables.Milestone, milestone_id)
            for name, value in {**changes.model_dump(exclude_unset=True), "updated_at": datetime.now(UTC)}.items():
                setattr(found, name, value)
            found.version += 1
            await session.commit()
            return found

    return app
