"""How routes read and answer: one snapshot, the clocks of the query, the caller's view."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import marshmallow as ma
import sqlalchemy as sa
from flask import Flask, Response, g, request
from sqlalchemy.orm import Session

from portfolio.access.guard import current_view, sees_internal, view_in_words
from portfolio.core.answers import LIST_FORMS, REVISION_HEADER, Edition, chosen_format, json_answer, record_answer
from portfolio.core.api import operation_of
from portfolio.core.cells import cells
from portfolio.core.db import current_database
from portfolio.core.downloads import download_answer
from portfolio.core.finished_rows import RawRows, finished_rows
from portfolio.core.lists import Found, Order, Page, chosen_order, fetch_page, stream_all, stream_raw
from portfolio.core.problems import Invalid, ProblemError
from portfolio.core.rows import Row
from portfolio.core.tables import Table
from portfolio.history.reading import Kept, Reading, head_in, open_reading
from portfolio.history.recorder import recorded
from portfolio.history.waiting import head_of

_OWNER = "owner"
_PAGING = ("cursor", "limit", "count", "format", "valid_on", "known_at")
_NO_FILTERS = (*_PAGING, "sort", "include_demo")


@dataclass(frozen=True)
class Listing:
    """A list as its package defines it: what to select, in which orders, and what a row looks like outside."""

    name: str
    statement: sa.Select[Any]
    identity: sa.ColumnElement[Any]
    sorts: Mapping[str, sa.ColumnElement[Any]]
    default_sort: str
    present: Callable[[Row, str], dict[str, Any]]
    """From a row and the caller's view to JSON."""
    schema: type[ma.Schema]
    """Of what a row looks like outside."""
    columns: Sequence[str]
    """Of the download, in order."""
    told_by_row: bool = True
    """Whether a row alone tells how it is shown."""
    internal: Collection[str] | None = None
    """What is shown only to those who see the internals of the row's `owner`, where `present` else gives what the
    schema dumps; None where it does more."""
    kept: dict[Hashable, RawRows] = field(default_factory=dict, compare=False)
    """The statements of its pages; of a past moment they are asked with the values of each reading."""
    nullable: Collection[str] = ()
    """The sort keys that may be null."""
    found: Mapping[str, Found] = field(default_factory=dict)
    """Where an index finds the rows, for sort keys that are no columns of the listed table."""


def install(app: Flask) -> None:
    """Name the revision on every answer of the register's own addresses, refusals too."""
    app.after_request(_name_revision)


@contextmanager
def reading(query: Mapping[str, Any]) -> Iterator[Reading]:
    """The snapshot that answers this request, with the clocks of its query."""
    filtered = any(value for name, value in query.items() if name not in _NO_FILTERS)
    opening = open_reading(current_database(), query.get("known_at"), query.get("valid_on"), filtered=filtered)
    with opening as opened:
        g.revision = opened.revision
        g.readings = g.get("readings", 0) + 1  # what is put together from two snapshots is of no one revision
        yield opened


def edition_of(moment: Reading, form: str = "json") -> Edition:
    return Edition(
        revision=moment.revision,
        valid_on=moment.valid_on,
        known_at=moment.revision if moment.is_past else None,
        view=current_view(),
        form=form,
        at=moment.known_at,
    )


def answer_record(moment: Reading, body: Mapping[str, Any]) -> Response:
    """One record as read; ``body`` carries its version."""
    return record_answer(body, body["version"], edition_of(moment))


def answer_written(
    session: Session, moment: Reading, body: Mapping[str, Any], *, status: int = 200, location: str | None = None
) -> Response:
    """The record a finished transaction left, under the revision it became."""
    written = recorded(session)
    revision = head_in(session) if written is None else written.rev
    edition = Edition(revision, moment.valid_on, None, current_view())
    return record_answer(body, body["version"], edition, status=status, location=location)


def answer_list(moment: Reading, listing: Listing, query: Mapping[str, Any]) -> Response:
    """A page as JSON, or the whole list as a download."""
    form = query.get("format") or chosen_format(LIST_FORMS)
    view, sort = current_view(), query.get("sort", "")
    if form != "json":
        _refuse_paging()
        return answer_table(moment, table_of_list(moment, listing, sort, view), form)
    return answer_page(
        moment,
        query,
        listing.statement,
        order=_order(listing, sort),
        identity=listing.identity,
        present=lambda page: _shown(listing, page, view),
        clocks=_clocks(moment),
        kept=listing.kept,
    )


def table_of_list(moment: Reading, listing: Listing, sort: str, view: str) -> Table:
    """A whole list as a table; nothing of it is asked for before it is wanted.

    :param sort: "" for the list's own order.
    """
    order, fields = _order(listing, sort), listing.schema().fields

    def rows() -> Iterator[dict[str, Any]]:
        found = stream_all(
            moment.session, listing.statement, order=order, identity=listing.identity, values=moment.values
        )
        for row in found:
            yield listing.present(row, view)

    def cells_of(german: bool) -> Iterator[Sequence[str]]:
        hidden = [name for name in listing.internal or () if name in listing.columns]
        wanted = {*listing.columns, *([_OWNER] if hidden else [])}
        shape, batches = stream_raw(
            moment.session, listing.statement, wanted, order=order, identity=listing.identity, values=moment.values
        )
        sees = partial(sees_internal, view)
        return cells(batches, shape, listing.columns, fields, german=german, hidden=hidden, owner=_OWNER, sees=sees)

    return Table(listing.name, listing.columns, fields, rows(), None if listing.internal is None else cells_of)


def _order(listing: Listing, sort: str) -> Order:
    return chosen_order(sort or listing.default_sort, listing.sorts, listing.nullable, listing.found)


def _shown(listing: Listing, page: Page, view: str) -> Sequence[Any]:
    def present(row: Row) -> dict[str, Any]:
        return listing.present(row, view)

    if page.shape is None or not listing.told_by_row:
        return [present(row) for row in page.rows]
    return finished_rows((listing.name, view), page.shape, page.found, present)


_listings: Kept[Listing] = Kept(50)


def listed(moment: Reading, build: Callable[..., Listing], query: Mapping[str, Any], *beside: Hashable) -> Listing:
    """The list that ``build`` describes for this query, described once where it is one of this day.

    A search is described anew: what it finds may be written into its statement.
    """
    day = moment.asked_on
    if moment.valid_on != day or query.get("q"):
        return build(moment, query, *beside)
    filters = ((name, tuple(value) if isinstance(value, list) else value) for name, value in query.items())
    asked = frozenset(one for one in filters if one[0] not in _PAGING)
    key = (build, moment.dialect_name, day, asked, *beside)
    return _listings.of(moment, key, lambda made_of: build(made_of, query, *beside))


def answer_table(moment: Reading, table: Table, form: str) -> Response:
    """A whole list or report as a download."""
    return download_answer(table, edition_of(moment, form), view_in_words(current_view()))


def answer_page(
    moment: Reading,
    query: Mapping[str, Any],
    statement: sa.Select[Any],
    *,
    order: Order,
    identity: sa.ColumnElement[Any],
    present: Callable[[Page], Sequence[Any]],
    clocks: Sequence[tuple[str, str]],
    beside: Mapping[str, Any] = MappingProxyType({}),
    kept: dict[Hashable, RawRows] | None = None,
) -> Response:
    """One page of ``statement`` as JSON.

    :param present: from all rows of the page to what is shown; it may leave some out.
    :param kept: see :func:`portfolio.core.lists.fetch_page`.
    :param clocks: the clocks as resolved, which the next page is asked for with.
    :param beside: what stands beside the items.
    """
    page = fetch_page(
        moment.session,
        statement,
        order=order,
        identity=identity,
        limit=query["limit"],
        cursor=query.get("cursor"),
        question=_question(clocks, current_view()),
        count=query.get("count", False),
        kept=kept,
        values=moment.values,
    )
    following = None if page.next is None else _next_path(clocks, page.next)
    body: dict[str, Any] = {**beside, "items": present(page), "next": following}
    if page.count is not None:
        body |= {"count": page.count.number, "count_is_exact": page.count.is_exact}
    return json_answer(body, edition_of(moment), next_page=following)


def known_at_of(moment: Reading) -> list[tuple[str, str]]:
    """The one clock of an answer that depends on no day."""
    return [("known_at", str(moment.revision))] if moment.is_past else []


def _filters(clocks: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    taken = {*_PAGING, *(name for name, _ in clocks)}
    return [(name, value) for name, value in request.args.items(multi=True) if name not in taken]


def _clocks(moment: Reading) -> list[tuple[str, str]]:
    """The clocks as resolved, so that the pages of one walk answer for one day and one moment."""
    return [("valid_on", moment.valid_on.isoformat()), *known_at_of(moment)]


def _question(clocks: Sequence[tuple[str, str]], view: str) -> str:
    return urlencode([("path", request.path), *sorted(_filters(clocks)), *clocks, ("view", view)])


def _next_path(clocks: Sequence[tuple[str, str]], cursor: str) -> str:
    limit = [("limit", request.args["limit"])] if "limit" in request.args else []
    return f"{request.path}?{urlencode([*_filters(clocks), *clocks, *limit, ('cursor', cursor)])}"


def _refuse_paging() -> None:
    for name in ("limit", "cursor", "count"):
        if name in request.args:
            detail = f"A download is the whole list; leave {name} out."
            raise Invalid(detail, errors=[ProblemError(parameter=name, code="not_for_downloads", detail=detail)])


def answer_items(moment: Reading, items: Sequence[Mapping[str, Any]]) -> Response:
    """A short list that belongs to one record and is never paged."""
    return json_answer({"items": items}, edition_of(moment))


def _name_revision(answer: Response) -> Response:
    # A failure of ours is not asked further: the database that would know is what failed.
    if REVISION_HEADER not in answer.headers and answer.status_code < 500 and operation_of(request) is not None:
        with suppress(sa.exc.SQLAlchemyError):  # the refusal itself needs no database
            answer.headers[REVISION_HEADER] = str(g.revision if "revision" in g else head_of(current_database()))
    return answer
