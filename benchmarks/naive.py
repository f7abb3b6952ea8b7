"""The naive peer: flask-smorest, ORM objects, marshmallow dumps, offset pages; no history, no snapshot, no clocks."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
import sqlalchemy as sa
from flask import Flask
from flask.views import MethodView
from flask_smorest import Api, Blueprint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

PAGE = 50


class Base(DeclarativeBase):
    pass


class Project(Base):
    __tablename__ = "naive_project"
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str]
    title_de: Mapped[str]
    title_en: Mapped[str | None]
    summary_de: Mapped[str | None]
    summary_en: Mapped[str | None]
    action_field: Mapped[str | None]
    lead_ministry: Mapped[str | None]
    status: Mapped[str]
    source_notes: Mapped[str | None]


class Award(Base):
    __tablename__ = "naive_award"
    id: Mapped[int] = mapped_column(primary_key=True)
    action_field: Mapped[str | None]
    level: Mapped[str | None]
    year: Mapped[int | None]
    cents: Mapped[int]


class ProjectSchema(ma.Schema):
    id = ma.fields.Integer()
    slug = ma.fields.String()
    title_de = ma.fields.String()
    title_en = ma.fields.String()
    summary_de = ma.fields.String()
    summary_en = ma.fields.String()
    action_field = ma.fields.String()
    lead_ministry = ma.fields.String()
    status = ma.fields.String()
    source_notes = ma.fields.String(allow_none=True)


class SummarySchema(ma.Schema):
    action_field = ma.fields.String()
    level = ma.fields.String()
    year = ma.fields.Integer()
    total = ma.fields.Decimal(as_string=True)


def create_naive(url: str, projects: list[dict[str, Any]], awards: list[dict[str, Any]]) -> Flask:
    """The peer over its own copy of the same records."""
    engine = sa.create_engine(url)
    Base.metadata.create_all(engine)
    sessions = sessionmaker(engine)
    with sessions() as session:
        session.add_all([Project(**row) for row in projects] + [Award(**row) for row in awards])
        session.commit()
    app = Flask("naive")
    app.config.update(API_TITLE="n", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    blp = Blueprint("naive", "naive")

    @blp.route("/projects")
    class Projects(MethodView):
        @blp.response(200, ProjectSchema(many=True))
        def get(self) -> Any:
            with sessions() as session:
                session.scalar(sa.select(sa.func.count()).select_from(Project))
                return session.scalars(sa.select(Project).order_by(Project.title_de).limit(PAGE)).all()

    @blp.route("/projects/<slug>")
    class One(MethodView):
        @blp.response(200, ProjectSchema)
        def get(self, slug: str) -> Any:
            with sessions() as session:
                return session.scalars(sa.select(Project).where(Project.slug == slug)).one()

        @blp.arguments(ProjectSchema(partial=True))
        @blp.response(200, ProjectSchema)
        def patch(self, changes: dict[str, Any], slug: str) -> Any:
            with sessions() as session:
                found = session.scalars(sa.select(Project).where(Project.slug == slug)).one()
                for name, value in changes.items():
                    setattr(found, name, value)
                session.commit()
                session.refresh(found)
                return found

    @blp.route("/summary")
    class Summary(MethodView):
        @blp.response(200, SummarySchema(many=True))
        def get(self) -> Any:
            keys = (Award.action_field, Award.level, Award.year)
            with sessions() as session:
                return session.execute(
                    sa.select(*keys, (sa.func.sum(Award.cents) / 100).label("total")).group_by(*keys)
                ).all()

    Api(app).register_blueprint(blp)
    return app
