"""What waits for somebody: stale states, overdue milestones, awards without payments, conflicts left from imports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from portfolio.access.guard import FULL_VIEW
from portfolio.access.service import Author
from portfolio.core.rows import Row
from portfolio.core.vocabulary import Language
from portfolio.exchange.imports import left_conflicts
from portfolio.funding.on_day import awards_on
from portfolio.history.reading import Reading
from portfolio.milestones.on_day import milestones_on
from portfolio.projects.on_day import projects_on

STALE_AFTER = timedelta(days=182)
"""Half a year: the programme is reported on twice a year."""
_OPEN = ("running", "checking", "not_known")
_LATE = ("overdue", "not_reported")
Item = dict[str, Any]


def stale_before(moment: Reading) -> date:
    """The first day a status may be of without counting as stale."""
    return moment.valid_on - STALE_AFTER


def to_do(moment: Reading, author: Author, view: str) -> list[Item]:
    """What waits for ``author``: for an organisation on the projects it leads, for the coordinator on all of them.

    Who changes no projects has none to see to. Demonstration projects are left out, except for whoever leads one.
    """
    if author.role not in ("editor", "approver", "coordinator"):
        return []
    items = [*_states(moment, view), *_milestones(moment, view), *_awards(moment, view)]
    items.sort(
        key=lambda item: (item["project_title"], item["project"], item["kind"], str(item["since"]), item["path"])
    )
    return [*_conflicts(moment, author.actor_id), *items]


def _mine(rows: sa.FromClause, view: str) -> sa.ColumnElement[bool]:
    return rows.c.demo.is_(False) if view == FULL_VIEW else rows.c.owner == view.removeprefix("own:")


def _states(moment: Reading, view: str) -> Iterator[Item]:
    rows = projects_on(moment)
    stale = sa.or_(rows.c.status_as_of < stale_before(moment), rows.c.status_as_of.is_(None))
    statement = sa.select(rows).where(_mine(rows, view), rows.c.bucket.in_(_OPEN), stale)
    for row in moment.session.execute(statement).mappings():
        as_of = row["status_as_of"]
        if as_of is None:
            said = ("Stand unbekannt; neuen Status melden.", "State unknown; report the status.")
        else:
            said = (f"Status ist vom {as_of:%d.%m.%Y}; neuen Stand melden.", f"Status is of {as_of}; report anew.")
        yield _item(
            "status_stale", row["slug"], row["title_de"], row["owner"], f"/v1/projects/{row['slug']}", as_of, said
        )


def _milestones(moment: Reading, view: str) -> Iterator[Item]:
    rows = milestones_on(moment)
    statement = sa.select(rows).where(_mine(rows, view), rows.c.outcome.in_(_LATE), rows.c.reportable.is_(True))
    for row in moment.session.execute(statement).mappings():
        planned = row["baseline_on"]
        said = (
            f"Meilenstein {row['code']} war für {planned:%d.%m.%Y} geplant; erreicht, verfehlt oder neue Prognose?",
            f"Milestone {row['code']} was planned for {planned}; achieved, missed, or a new forecast?",
        )
        yield _item("milestone_overdue", *_of(row), f"/v1/milestones/{row['id']}", planned, said)


def _awards(moment: Reading, view: str) -> Iterator[Item]:
    rows = awards_on(moment)
    statement = sa.select(rows).where(_mine(rows, view), rows.c.open.is_(True), rows.c.payments_known.is_(False))
    for row in moment.session.execute(statement).mappings():
        said = (
            "Zu dieser Bewilligung wurde nie eine Zahlung gemeldet; buchen, oder „Zahlungen bekannt bis“ füllen.",
            "No payment was ever reported on this award; book them, or fill in “Payments known until”.",
        )
        yield _item("payments_not_reported", *_of(row), f"/v1/awards/{row['id']}", row["counts_from_on"], said)


def _conflicts(moment: Reading, actor_id: str) -> Iterator[Item]:
    for kept in left_conflicts(moment, actor_id):
        said = (
            f"{kept.conflicts} Zeilen von {kept.filename or 'CSV'} hat inzwischen jemand anders geändert; ansehen.",
            f"{kept.conflicts} rows of {kept.filename or 'CSV'} were changed by somebody else meanwhile; look at them.",
        )
        yield _item("import_conflict", None, None, None, f"/v1/imports/{kept.id}", kept.created_at.date(), said)


def _of(row: Row) -> tuple[str, str, str | None]:
    return row["project"], row["project_title"], row["owner"]


def _item(
    kind: str,
    project: str | None,
    title: str | None,
    ministry: str | None,
    path: str,
    since: date | None,
    said: tuple[str, str],
) -> Item:
    return {
        "kind": kind,
        "project": project,
        "project_title": title,
        "ministry": ministry,
        "path": path,
        "since": None if since is None else since.isoformat(),
        "detail_de": said[0],
        "detail_en": said[1],
    }


def as_line(item: Item, language: Language) -> str:
    """One item as a line of the workbook's first sheet."""
    detail = item["detail_de"] if language == "de" else item["detail_en"]
    return f"{item['project_title']}: {detail}" if item["project_title"] else str(detail)
