"""The naive peer: flask-smorest, ORM objects, marshmallow dumps, offset pages; no history, no snapshot, no clocks.

A page is counted and its collections are loaded together; a record's parts are loaded one by one, when asked for.
"""

from __future__ import annotations

# mypy: disallow-untyped-decorators=False
# (flask_smorest has no types)
import os
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Flask
from flask.views import MethodView
from flask_smorest import Api, Blueprint
from sqlalchemy.orm import sessionmaker

from benchmarks.peers import statements
from benchmarks.peers.naive_schemas import (
    MilestoneChangesSchema,
    MilestoneSchema,
    ProjectSchema,
    SummarySchema,
    items_of,
)
from benchmarks.peers.summary import report
from benchmarks.peers.tables import Milestone, Project, loaded, page


def create_app(url: str | None = None) -> Flask:
    """The peer over a database of the register."""
    engine = sa.create_engine(url or os.environ["BENCH_DATABASE_URL"])
    sessions = sessionmaker(engine)
    app = Flask("naive")
    app.extensions["engine"] = engine
    app.config.update(API_TITLE="naive", API_VERSION="v1", OPENAPI_VERSION="3.1.0", PROPAGATE_EXCEPTIONS=False)
    blp = Blueprint("naive", "naive", url_prefix="/v1")

    @blp.route("/projects")
    class Projects(MethodView):
        @blp.response(200, items_of(ProjectSchema))
        def get(self) -> Any:
            with sessions() as session:
                session.scalar(sa.select(sa.func.count()).select_from(page().limit(None).subquery()))
                return {"items": session.scalars(page().options(*loaded())).all()}

    @blp.route("/projects/<slug>")
    class One(MethodView):
        def get(self, slug: str) -> Any:
            with sessions() as session:
                found = session.scalars(sa.select(Project).filter_by(slug=slug)).one()
                return ProjectSchema().dump(found)  # inside the session: the parts are loaded while it dumps

    @blp.route("/reports/funding-summary")
    class Summary(MethodView):
        @blp.response(200, SummarySchema)
        def get(self) -> Any:
            with sessions() as session:
                return report(*[session.execute(sa.text(one)).all() for one in statements.SUMMARY])

    @blp.route("/milestones/<uuid:milestone_id>")
    class MilestoneById(MethodView):
        @blp.arguments(MilestoneChangesSchema)
        @blp.response(200, MilestoneSchema)
        def patch(self, changes: dict[str, Any], milestone_id: UUID) -> Any:
            with sessions(expire_on_commit=False) as session:
                found = session.get_one(Milestone, milestone_id)
                for name, value in {**changes, "updated_at": datetime.now(UTC)}.items():
                    setattr(found, name, value)
                found.version += 1
                session.commit()
                return found

    Api(app).register_blueprint(blp)
    return app
