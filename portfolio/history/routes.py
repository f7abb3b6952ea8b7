"""/v1/revisions, /v1/changes and the history of every record that has an address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, current_app
from flask.views import MethodView

from portfolio.access.guard import current_view
from portfolio.core.answers import json_answer
from portfolio.core.api import Blueprint
from portfolio.core.db import current_database
from portfolio.core.lists import Order, Page
from portfolio.core.problems import Invalid, NotFound, ProblemError
from portfolio.core.records import page_of
from portfolio.core.resources import Register
from portfolio.history.archive import steps
from portfolio.history.entries import entries, feed_revisions, history_of, told
from portfolio.history.finding import find_record
from portfolio.history.history_schemas import (
    FeedQuerySchema,
    FeedSchema,
    HistoryItemSchema,
    HistoryQuerySchema,
    RevisionEntrySchema,
    RevisionSchema,
)
from portfolio.history.models import Change, Revision
from portfolio.history.reading import Reading
from portfolio.history.serving import answer_page, edition_of, known_at_of, reading
from portfolio.history.sight import Owners, Sight
from portfolio.history.telling import Teller
from portfolio.history.waiting import Waiters

EXTENSION = "portfolio_history"


@dataclass(frozen=True)
class History:
    """What the addresses of the history need to know of the rest of the house."""

    register: Register
    owners: Owners
    waiters: Waiters


def install(app: Flask, register: Register, owners: Owners, threads: int) -> Blueprint:
    """Put the register's records before the history, and give the addresses that show them."""
    # Half of the server's threads may wait for the next revision; the others answer.
    app.extensions[EXTENSION] = History(register, owners, Waiters(max(1, threads // 2)))
    return _blueprint(sorted(register.paths))


def current_history() -> History:
    """The history of the running application."""
    found = current_app.extensions[EXTENSION]
    assert isinstance(found, History)
    return found


def current_sight(moment: Reading) -> Sight:
    """What this caller may see at ``moment``."""
    history = current_history()
    return Sight(moment, current_view(), history.register, history.owners)


def teller_of(moment: Reading, revision: int | None = None) -> Teller:
    return Teller(moment.session, current_history().register, moment.revision if revision is None else revision)


def _blueprint(paths: Sequence[str]) -> Blueprint:
    blp = Blueprint("history", __name__, url_prefix="/v1", description="Who changed what, when and why.")

    @blp.route(f"/<any({', '.join(repr(path) for path in paths)}):resource>/<key>/history")
    class RecordHistory(MethodView):
        @blp.operation("getRecordHistory")
        @blp.arguments(HistoryQuerySchema, location="query")
        @blp.response(200, page_of(HistoryItemSchema))
        def get(self, query: dict[str, Any], resource: str, key: str) -> Response:
            """Get the history of a record

            Newest first: who, when, why, and field by field old and new, with the parts that belong to it. A deleted
            record keeps its history, also under an address it had before.
            """
            with reading(query) as moment:
                kind = current_history().register.paths[resource]
                sight = current_sight(moment)
                entity_id = find_record(sight, kind, key)
                statement = sa.select(Change.rev).where(
                    Change.entity == kind.table.name, Change.entity_id == entity_id, Change.rev <= moment.revision
                )
                return _newest_first(
                    moment,
                    query,
                    statement,
                    Change.__table__.c.rev,
                    lambda found: history_of(sight, teller_of(moment), kind, entity_id, found),
                )

    @blp.route("/revisions")
    class Revisions(MethodView):
        @blp.operation("listRevisions")
        @blp.arguments(HistoryQuerySchema, location="query")
        @blp.response(200, page_of(RevisionEntrySchema))
        def get(self, query: dict[str, Any]) -> Response:
            """List revisions

            Newest first. Each is one committed write with the records it touched.
            """
            with reading(query) as moment:
                sight = current_sight(moment)
                statement = sa.select(Revision.rev).where(Revision.rev <= moment.revision)
                return _newest_first(
                    moment,
                    query,
                    statement,
                    Revision.__table__.c.rev,
                    lambda found: told(sight, teller_of(moment), entries(sight, found)),
                )

    @blp.route("/revisions/<int:revision>")
    class RevisionByNumber(MethodView):
        @blp.operation("getRevision")
        @blp.arguments(HistoryQuerySchema, location="query")
        @blp.response(200, RevisionSchema)
        def get(self, query: dict[str, Any], revision: int) -> Response:
            """Get a revision

            Its place in the log and its changes, record by record and field by field, a page at a time.
            """
            with reading(query) as moment:
                if not 1 <= revision <= moment.revision:
                    raise NotFound(f"There is no revision {revision}; the newest is {moment.revision}.")
                sight = current_sight(moment)
                (entry,) = entries(sight, [revision])
                return answer_page(
                    moment,
                    query,
                    sa.select(Change.seq).where(Change.rev == revision),
                    order=Order("place", Change.__table__.c.seq, descending=False),
                    identity=Change.__table__.c.seq,
                    present=lambda page: _changes(sight, revision, [row["seq"] for row in page.rows]),
                    clocks=known_at_of(moment),
                    beside={**entry.facts(), **entry.proof()},
                )

    @blp.route("/changes")
    class Changes(MethodView):
        @blp.operation("followChanges")
        @blp.arguments(FeedQuerySchema, location="query")
        @blp.response(200, FeedSchema)
        def get(self, query: dict[str, Any]) -> Response:
            """Follow the changes

            All revisions after `since` in commit order, without a gap: keep `next_since` and ask again. With `wait`
            the answer comes as soon as there is one, or empty when the time is over.
            """
            _require_known(query.get("resource", []), paths)
            if query["wait"]:
                current_history().waiters.wait_beyond(current_database(), query["since"], query["wait"])
            with reading({}) as moment:
                answer = json_answer(_feed(moment, query), edition_of(moment))
            answer.headers["Cache-Control"] = "no-store"  # who follows the changes wants the newest ones
            return answer

    return blp


def _feed(moment: Reading, query: dict[str, Any]) -> dict[str, Any]:
    since, head = query["since"], moment.revision
    if since > head:
        detail = f"Revision {since} does not exist yet; the newest is {head}."
        raise Invalid(detail, errors=[ProblemError("future_revision", detail, parameter="since")])
    found = feed_revisions(moment.session, since, head, query["limit"])
    sight = current_sight(moment)
    items = told(sight, teller_of(moment), entries(sight, found))
    if query.get("resource"):
        items = [item for item in items if any(one["resource"] in query["resource"] for one in item["records"])]
    return {"items": items, "next_since": found[-1] if found else head, "head": head}


def _require_known(asked: Sequence[str], paths: Sequence[str]) -> None:
    for name in asked:
        if name not in paths:
            detail = f"{name!r} is no kind of record; use any of {', '.join(paths)}."
            raise Invalid(detail, errors=[ProblemError("not_in_list", detail, parameter="resource")])


def _newest_first(
    moment: Reading, query: dict[str, Any], statement: sa.Select[Any], rev: Any, present: Any
) -> Response:
    def shown(page: Page) -> Sequence[dict[str, Any]]:
        found: Sequence[dict[str, Any]] = present([row["rev"] for row in page.rows])
        return found

    return answer_page(
        moment,
        query,
        statement,
        order=Order("newest", rev, descending=True),
        identity=rev,
        present=shown,
        clocks=known_at_of(moment),
    )


def _changes(sight: Sight, revision: int, places: Sequence[int]) -> list[dict[str, Any]]:
    seen = sight.see(steps(sight.moment.session, Change.rev == revision, Change.seq.in_(places)))
    teller = teller_of(sight.moment, revision)
    told_of = zip(teller.records(seen), teller.differences(seen), strict=True)
    return [{**record, "changes": changes} for record, changes in told_of]
