"""Pages cost the same however many records there are: every order has its index, first page or deep one."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from portfolio.access.guard import FULL_VIEW
from portfolio.core.columns import image_of
from portfolio.core.db import Database
from portfolio.core.lists import SORT_ID, SORT_VALUE, Order, Page, _fingerprint, chosen_order, fetch_page, stream_all
from portfolio.funding.listing import list_applications, list_awards, list_entries, list_statements
from portfolio.history.reading import Reading, open_reading
from portfolio.history.serving import Listing
from portfolio.milestones.listing import list_milestones
from portfolio.organisations.listing import list_organisations
from portfolio.projects.listing import list_decisions, list_projects
from tests.conftest import make_app
from tests.many import COPIED, multiply

_ALL = {"include_demo": True}
LISTS: dict[str, Callable[[Reading], Listing]] = {
    "project": lambda moment: list_projects(moment, _ALL),
    "application": lambda moment: list_applications(moment, _ALL, FULL_VIEW),
    "award": lambda moment: list_awards(moment, _ALL),
    "ledger_entry": lambda moment: list_entries(moment, _ALL),
    "funding_statement": lambda moment: list_statements(moment, _ALL),
    "milestone": lambda moment: list_milestones(moment, _ALL),
    "decision": lambda moment: list_decisions(moment, _ALL),
    "organisation": lambda moment: list_organisations(moment, _ALL),
}
"""The lists that grow, by the table whose rows they show."""
_SEARCHED: dict[str, Callable[[Reading, Any], Listing]] = {"project": list_projects, "milestone": list_milestones}
_UNKNOWN, _COMMON = {"q": "nirgendsda"}, {"q": "ruhr"}
"""A word that no record holds, and one that every twentieth does."""
_ASKED: dict[str, list[dict[str, Any]]] = {
    "project": [_UNKNOWN, _COMMON, {"lead_ministry": ["demo-stadt"]}, {"action_field": ["no-such-field"]}],
    "milestone": [_UNKNOWN, _COMMON, {"ministry": ["demo-stadt"]}],
}
"""Beside the words, what no project ever was of."""
_STORED = {
    "title": ("project", "title_sort"),
    "name": ("organisation", "name_sort"),
    "project": ("project", "slug"),
    "status_as_of": ("project_status_change", "changed_on"),
}
"""Where a sort key is stored, if not under its own name in the table of the list."""
_NOT_FLAT = {("project", "status_as_of"), ("project", "-status_as_of")}
"""By the day of the state: changes that others followed are passed over one by one, however many they are."""


def _orders(listing: Listing) -> Iterator[Order]:
    for key in listing.sorts:
        for sort in (key, f"-{key}"):
            yield chosen_order(sort, listing.sorts, listing.nullable, listing.found)


def _page(moment: Reading, listing: Listing, order: Order, cursor: str | None = None, limit: int = 50) -> Page:
    return fetch_page(
        moment.session, listing.statement, order=order, identity=listing.identity, limit=limit, cursor=cursor
    )


@pytest.mark.postgresql_in_full
class TestWalking:
    """All pages of every list in every order, on the real and the made-up records."""

    def test_gives_what_sorting_everything_gives(self, with_demo: Database) -> None:
        with open_reading(with_demo) as moment:
            for name, make in LISTS.items():
                listing = make(moment)
                rows = moment.session.execute(listing.statement.add_columns(listing.identity.label(SORT_ID))).mappings()
                everything = [dict(row) for row in rows]
                assert everything, name
                for order in _orders(listing):
                    walked = _walk(moment, listing, order)
                    assert walked == _sorted(moment, listing, order), (name, order.name, order.descending)
                    streamed = stream_all(moment.session, listing.statement, order=order, identity=listing.identity)
                    assert walked == [row[SORT_ID] for row in streamed]
                    assert sorted(walked) == sorted(row[SORT_ID] for row in everything)

    def test_is_the_same_at_a_past_moment(self, with_demo: Database) -> None:
        with open_reading(with_demo) as now, open_reading(with_demo, known_at=str(now.revision)) as past:
            for make in LISTS.values():
                listing, before = make(now), make(past)
                for order, same in zip(_orders(listing), _orders(before), strict=True):
                    if order.found and not order.found.apart:
                        assert _walk(now, listing, order, 100) == _walk(past, before, same, 100)


def _walk(moment: Reading, listing: Listing, order: Order, limit: int = 9) -> list[Any]:
    found, cursor = [], None
    while True:
        page = _page(moment, listing, order, cursor, limit)
        found += [row[SORT_ID] for row in page.rows]
        cursor = page.next
        if cursor is None:
            return found


def _sorted(moment: Reading, listing: Listing, order: Order) -> list[Any]:
    columns = listing.statement.add_columns(order.column.label(SORT_VALUE), listing.identity.label(SORT_ID))
    rows = [(row[SORT_VALUE], row[SORT_ID]) for row in moment.session.execute(columns).mappings()]
    known = sorted((row for row in rows if row[0] is not None), reverse=order.descending)
    blank = sorted((row[1] for row in rows if row[0] is None), reverse=order.descending)
    return [row[1] for row in known] + blank


@dataclass(frozen=True)
class Work:
    """What a page took: how often SQLite stepped, or how many blocks PostgreSQL looked at; and the plans."""

    amount: int
    plans: str


Place = tuple[str, str, bool]
"""A list, an order, and whether the page is a deep one."""


class TestCost:
    """A page of any list in any order, at the beginning and nine tenths down."""

    def test_does_not_grow(self, copies: Callable[[str], Any], scale: bool) -> None:
        with copies("demo") as small, copies("demo") as large:
            multiply(small, 10)
            # 200 000 projects, of which every eighth carries milestones and money.
            multiply(large, 240 if scale else 20, bare=7 if scale else 0)
            before, after = _works(small), _works(large)
            searches = _searches(large)
        newest = after["project", "-status_as_of", False].plans
        assert not _faults(newest, scale), newest
        for place, work in after.items():
            if place[:2] in _NOT_FLAT:
                continue
            assert not _faults(work.plans, scale), (place, _faults(work.plans, scale), work.plans)
            # Behind nine tenths of a small list there is no whole page; its dearest one tells what a page costs.
            page = max(
                work.amount
                for (name, sort, _), work in before.items()
                if name == place[0] and (name, sort) not in _NOT_FLAT
            )
            # Where seven of eight projects are bare, a list by project asks an index of each and passes it over.
            passed = 30 if scale and place[1].endswith("project") else 1
            assert work.amount <= max(2 * page * passed, 1000), (place, page, work.plans)
        for name, sort, asked, work in searches:
            page = max(one.amount for (of, by, _), one in before.items() if of == name and (of, by) not in _NOT_FLAT)
            assert work.amount <= (20 * page if asked == _COMMON else 1000), (name, sort, asked, page, work.plans)
            if asked == _UNKNOWN:
                assert not scale or re.search("VIRTUAL TABLE INDEX|_search_search_text", work.plans), work.plans


class TestCount:
    def test_is_exact_up_to_a_thousand_and_says_so_beyond(self, copies: Callable[[str], Any]) -> None:
        with copies("demo") as register:
            multiply(register, 12)
            client = make_app(register).test_client()
            many = client.get("/v1/milestones?count=true&limit=1").json
            assert (many["count"], many["count_is_exact"]) == (1000, False)
            few = client.get("/v1/projects?count=true&limit=1").json
            assert (few["count"], few["count_is_exact"]) == (75 * 13, True)
            whole = client.get("/v1/organisations?count=true&limit=200").json
            assert (whole["count"], whole["count_is_exact"]) == (len(whole["items"]), True)
            assert "count_is_exact" not in client.get("/v1/projects?limit=1").json


def _works(database: Database) -> dict[Place, Work]:
    found = {}
    with open_reading(database) as moment:
        for name, make in LISTS.items():
            listing = make(moment)
            for order in _orders(listing):
                for deep in (False, True):
                    cursor = _deep(moment, name, order, listing) if deep else None
                    sort = f"{'-' if order.descending else ''}{order.name}"
                    found[name, sort, deep] = _work(
                        database, moment, lambda at=cursor, by=order, of=listing: _page(moment, of, by, at)
                    )
    return found


def _searches(database: Database) -> list[tuple[str, str, dict[str, Any], Work]]:
    """The first page in every order of all that is asked of a list."""
    found = []
    with open_reading(database) as moment:
        for name, search in _SEARCHED.items():
            for asked in _ASKED[name]:
                listing = search(moment, {**_ALL, **asked})
                for order in _orders(listing):
                    if asked == _COMMON and order.name != listing.default_sort:
                        continue  # copies are alike: in other orders all that hold the word stand together
                    sort = f"{'-' if order.descending else ''}{order.name}"

                    def run(by: str = sort, of: Any = search, query: Any = asked) -> Page:
                        found_by = of(moment, {**_ALL, **query})
                        chosen = chosen_order(by, found_by.sorts, found_by.nullable, found_by.found)
                        return _page(moment, found_by, chosen)

                    found.append((name, sort, asked, _work(database, moment, run)))
    return found


def _deep(moment: Reading, name: str, order: Order, listing: Listing) -> str:
    """A cursor behind nine tenths of the rows that have a value."""
    table, column = _STORED.get(order.name, (name, order.name))
    column = order.name if name == "organisation" and order.name == "code" else column
    stored = sa.table(table, sa.column(column, order.column.type)).c[column]
    number = moment.session.scalar(sa.select(sa.func.count(stored))) or 0
    direction = stored.desc() if order.descending else stored.asc()
    behind = sa.select(stored).where(stored.is_not(None)).order_by(direction).offset(number * 9 // 10).limit(1)
    value = image_of(order.column.type, moment.session.scalar(behind))
    parts = [_fingerprint(order, ""), value, "88888888-8888-8888-8888-888888888888"]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _work(database: Database, moment: Reading, run: Callable[[], Page]) -> Work:
    connection = moment.session.connection()
    with sent(database) as statements:
        steps = _steps(connection, run) if database.is_sqlite else 0
        if not database.is_sqlite:
            run()
    plans = "\n".join(_plan(connection, *statement) for statement in statements if not statement[0].startswith("SET"))
    blocks = sum(int(number) for number in re.findall(r"^Limit.*\n  Buffers: shared hit=(\d+)", plans, re.MULTILINE))
    return Work(steps if database.is_sqlite else blocks, plans)


def _steps(connection: sa.Connection, run: Callable[[], Page]) -> int:
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 100
        return 0

    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(count, 100)
    try:
        run()
    finally:
        driver.set_progress_handler(None, 0)
    return steps


def _plan(connection: sa.Connection, statement: str, parameters: Any) -> str:
    how = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) "
    return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(how + statement, parameters))


def _faults(plans: str, scale: bool) -> list[str]:
    """What reads a table that grows from end to end, or prepares all of it for one page."""
    tables = "|".join(COPIED)
    faults = [rf"SCAN (?:{tables})(?!\w)(?! USING)", "FOR ORDER BY", "AUTOMATIC", "BLOOM"]
    if scale:  # PostgreSQL rightly reads a table of a thousand rows as a whole
        faults.append(rf"Seq Scan on (?:{tables})\b")
    return re.findall("|".join(faults), plans)


@contextmanager
def sent(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """The statements sent meanwhile."""
    seen: list[tuple[str, Any]] = []

    def see(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", see)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", see)
