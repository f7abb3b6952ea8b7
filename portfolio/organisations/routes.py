"""/v1/organisations: ministries and others, with their validity and successors."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.views import MethodView

from portfolio.access.guard import transaction
from portfolio.core.answers import required_version
from portfolio.core.api import Blueprint
from portfolio.core.records import page_of
from portfolio.history.reading import reading_of
from portfolio.history.schemas import ClockQuerySchema
from portfolio.history.serving import answer_list, answer_record, answer_written, reading
from portfolio.organisations.listing import list_organisations, read_organisation
from portfolio.organisations.schemas import (
    OrganisationChangesSchema,
    OrganisationInputSchema,
    OrganisationQuerySchema,
    OrganisationSchema,
)
from portfolio.organisations.service import (
    create_organisation,
    lock_organisation,
    record_succession,
    update_organisation,
)

blp = Blueprint(
    "organisations", __name__, url_prefix="/v1/organisations", description="Ministries and others, with successors."
)


@blp.route("")
class Organisations(MethodView):
    @blp.operation("listOrganisations", download="list")
    @blp.arguments(OrganisationQuerySchema, location="query")
    @blp.response(200, page_of(OrganisationSchema))
    def get(self, query: dict[str, Any]) -> Response:
        """List organisations

        Ministries, municipalities, universities and others, by name.
        """
        with reading(query) as moment:
            return answer_list(moment, list_organisations(moment, query), query)

    @blp.operation("createOrganisation", access="organisations.create", body="json")
    @blp.arguments(OrganisationInputSchema)
    @blp.response(201, OrganisationSchema)
    def post(self, values: Any) -> Response:
        """Record an organisation

        Under its published abbreviation, or a slug of its name.
        """
        with transaction("organisations.create") as session:
            organisation = create_organisation(session, values)
            moment = reading_of(session, is_last=True)
            body = read_organisation(moment, organisation.code)
        return answer_written(session, moment, body, status=201, location=f"/v1/organisations/{organisation.code}")


@blp.route("/<code>")
class OrganisationByCode(MethodView):
    @blp.operation("getOrganisation")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, OrganisationSchema)
    def get(self, query: dict[str, Any], code: str) -> Response:
        """Get an organisation

        With its validity, its successors and its predecessors.
        """
        with reading(query) as moment:
            return answer_record(moment, read_organisation(moment, code))

    @blp.operation(
        "updateOrganisation",
        access="organisations.update",
        if_match=True,
        body="patch",
    )
    @blp.arguments(OrganisationChangesSchema)
    @blp.response(200, OrganisationSchema)
    def patch(self, changes: Any, code: str) -> Response:
        """Change an organisation

        Names, validity, and who takes over; only the fields sent are touched.
        """
        successor = changes.pop("add_successor", None)
        with transaction("organisations.update") as session:
            organisation = lock_organisation(session, code)
            update_organisation(session, organisation, changes, seen_version=required_version())
            if successor is not None:
                record_succession(session, organisation, successor)
            moment = reading_of(session, is_last=True)
            body = read_organisation(moment, organisation.code)
        return answer_written(session, moment, body)
