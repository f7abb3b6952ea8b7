"""A small application on core alone: how requests are read, without any domain."""

from __future__ import annotations

from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from flask.views import MethodView

from portfolio.core import api as strict
from portfolio.core import sunset
from portfolio.core.api import operation_of
from portfolio.core.fields import LongText, Money, StrictSchema, Text
from portfolio.core.problems import register_problem_handlers
from portfolio.core.query_fields import QueryBool, QueryCount, QueryText, query_codes
from portfolio.core.request_shape import check_request_shape
from portfolio.core.vocabulary import Codelist


class PaintInputSchema(StrictSchema):
    """A pot of paint."""

    title = Text(required=True, max_length=20, metadata={"description": "Its name.", "example": "Sky"})
    price = Money(positive=True, metadata={"description": "EUR.", "example": "12.50"})
    note = LongText(allow_none=True, metadata={"description": "Remark."})


class PaintChangesSchema(StrictSchema):
    """Changes of a pot of paint."""

    title = Text(max_length=20, metadata={"description": "Its name.", "example": "Sea"})


class PaintSchema(PaintInputSchema):
    """A pot of paint as shown."""


def make_small_app(colours: Codelist, *more: strict.Blueprint) -> Flask:
    """Two addresses under ``/v1/paints``, and a page at ``/page`` that is no operation."""
    app = Flask(__name__)
    sunset.install(app)
    strict.uses_flask(app)
    app.config.update(API_TITLE="Paints", API_VERSION="1", OPENAPI_VERSION="3.1.0", PROPAGATE_EXCEPTIONS=False)
    api = strict.Api(app)
    for blueprint in (_blueprint(colours), *more):
        api.register_blueprint(blueprint)
    register_problem_handlers(app)
    app.extensions["portfolio_api"] = api

    @app.before_request
    def check() -> None:
        operation = operation_of(request)
        if operation is not None:
            check_request_shape(operation)
            if operation.deprecated is not None:
                operation.deprecated.refuse_if_over(operation.operation_id)

    @app.get("/page")
    def page() -> str:
        return "a page"

    return app


def _blueprint(colours: Codelist) -> strict.Blueprint:
    blp = strict.Blueprint("paints", __name__, url_prefix="/v1/paints", description="Pots of paint.")

    class PaintQuerySchema(StrictSchema):
        """Which pots."""

        q = QueryText(metadata={"description": "Text."})
        limit = QueryCount(minimum=1, maximum=200, metadata={"description": "How many."})
        full = QueryBool(metadata={"description": "Whether full."})
        colour = query_codes(colours, "Colours.", nullable=True)

    @blp.route("")
    class Paints(MethodView):
        @blp.operation("listPaints")
        @blp.arguments(PaintQuerySchema, location="query")
        @blp.response(200, PaintSchema)
        def get(self, query: dict[str, Any]) -> ResponseReturnValue:
            """List pots

            All of them.
            """
            return jsonify(query)

        @blp.operation("makePaint", access="paints.create", body="json")
        @blp.arguments(PaintInputSchema)
        @blp.response(201, PaintSchema)
        def post(self, values: dict[str, Any]) -> ResponseReturnValue:
            """Make a pot

            From what is sent.
            """
            return jsonify({name: str(value) for name, value in values.items()}), 201

    @blp.route("/<name>")
    class Paint(MethodView):
        @blp.operation("changePaint", access="paints.update", if_match=True, body="patch")
        @blp.arguments(PaintChangesSchema)
        @blp.response(200, PaintSchema)
        def patch(self, changes: dict[str, Any], name: str) -> ResponseReturnValue:
            """Change a pot

            Only what is sent.
            """
            return jsonify(changes)

        @blp.operation("deletePaint", access="paints.delete", if_match=True)
        @blp.response(204)
        def delete(self, name: str) -> ResponseReturnValue:
            """Delete a pot

            For good.
            """
            return "", 204

    return blp
