"""/v1/ledger-entries and those of one award."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from portfolio.access.guard import current_view, require_own, transaction
from portfolio.core.api import Blueprint
from portfolio.core.reasons import require_reason_header
from portfolio.core.records import page_of
from portfolio.funding.awards import application_of, lock_award
from portfolio.funding.ledger import book
from portfolio.funding.lifecycle import CORRECTION
from portfolio.funding.listing import list_entries, present_entry, read_award, read_entry
from portfolio.funding.schemas import LedgerEntryInputSchema, LedgerEntryQuerySchema, LedgerEntrySchema
from portfolio.history.reading import reading_of
from portfolio.history.schemas import ClockQuerySchema
from portfolio.history.serving import answer_list, answer_record, answer_written, listed, reading
from portfolio.projects.service import lead_of

blp = Blueprint("ledger-entries", __name__, url_prefix="/v1", description="Dated amounts: added, never edited.")


@blp.route("/ledger-entries")
class LedgerEntries(MethodView):
    @blp.operation("listLedgerEntries", download="list")
    @blp.arguments(LedgerEntryQuerySchema, location="query")
    @blp.response(200, page_of(LedgerEntrySchema))
    def get(self, query: dict[str, Any]) -> Response:
        """List ledger entries

        Of all awards. Summing `paid_out` gives the money paid out.
        """
        with reading(query) as moment:
            return answer_list(moment, listed(moment, list_entries, query), query)


@blp.route("/ledger-entries/<uuid:entry_id>")
class LedgerEntryById(MethodView):
    @blp.operation("getLedgerEntry")
    @blp.arguments(ClockQuerySchema, location="query")
    @blp.response(200, LedgerEntrySchema)
    def get(self, query: dict[str, Any], entry_id: UUID) -> Response:
        """Get a ledger entry

        It never changes; a correction is another entry that names it.
        """
        with reading(query) as moment:
            return answer_record(moment, present_entry(read_entry(moment, entry_id), current_view()))


@blp.route("/awards/<uuid:award_id>/ledger-entries")
class AwardLedgerEntries(MethodView):
    @blp.operation("listAwardLedgerEntries", download="list")
    @blp.arguments(LedgerEntryQuerySchema, location="query")
    @blp.response(200, page_of(LedgerEntrySchema))
    def get(self, query: dict[str, Any], award_id: UUID) -> Response:
        """List an award's ledger entries

        The same list as /v1/ledger-entries, of one award.
        """
        with reading(query) as moment:
            award = read_award(moment, award_id)
            narrowed = {**query, "award": [str(award_id)], "include_demo": query["include_demo"] or award["demo"]}
            return answer_list(moment, listed(moment, list_entries, narrowed), query)

    @blp.operation("bookLedgerEntry", access="ledger-entries.create", body="json")
    @blp.arguments(LedgerEntryInputSchema)
    @blp.response(201, LedgerEntrySchema)
    def post(self, values: Any, award_id: UUID) -> Response:
        """Book an entry on an award

        No disbursement before the award is final, none above the award in force; a correction names what it
        reverses and says why in Change-Reason.
        """
        reverses = values.pop("reverses")
        if values["type"] == CORRECTION:
            require_reason_header("A correction")
        with transaction("ledger-entries.create") as session:
            award = lock_award(session, award_id)
            require_own("ledger-entries.create", lead_of(session, application_of(session, award).project_id))
            entry = book(session, award, values, reverses=reverses)
            moment = reading_of(session, is_last=True)
            body = present_entry(read_entry(moment, entry.id), current_view())
        return answer_written(session, moment, body, status=201, location=f"/v1/ledger-entries/{entry.id}")
