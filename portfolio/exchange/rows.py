"""The rows of each sheet at a moment: the same relations and the same visibility as the lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from portfolio.access.guard import sees_internal
from portfolio.core.rows import Row
from portfolio.exchange import sheets
from portfolio.exchange.columns import JsonValue
from portfolio.exchange.sheets import Sheet
from portfolio.funding.listing import present_application, present_award, present_entry, visible_drafts
from portfolio.funding.on_day import applications_on, awards_on, entries_on
from portfolio.history.reading import Reading
from portfolio.milestones.listing import present_milestone
from portfolio.milestones.models import MilestoneForecast
from portfolio.milestones.on_day import milestones_on
from portfolio.projects.listing import present_project, project_conditions
from portfolio.projects.on_day import projects_on

Record = dict[str, JsonValue]
"""A row by the names of its columns, as JSON."""
_CHUNK = 2000
_CHUNK_OF_IDS = 8000
"""How many are asked for at once: a statement takes only so many values, and each asks the whole relation."""
_MANY = 50
"""Projects or records from which on a question counts as one about many."""
_FORECAST = sheets.ForecastRowSchema()


def chosen_projects(moment: Reading, query: Mapping[str, Any]) -> list[str]:
    """The slugs of the projects that the filters of the project list choose, by title."""
    project = projects_on(moment)
    conditions = project_conditions(moment, project, query)
    if query.get("project"):
        conditions.append(project.c.slug.in_(query["project"]))
    found = moment.session.execute(sa.select(project.c.slug, project.c.title_sort).where(*conditions))
    return [row.slug for row in sorted(found, key=lambda row: (row.title_sort, row.slug))]


def rows_of_projects(sheet: Sheet, moment: Reading, view: str, slugs: Sequence[str]) -> Iterator[Record]:
    """A sheet's rows of some projects, in their order, and within one as a person expects it."""
    if len(slugs) > _MANY:
        _plan_for_many(moment)
    place = {slug: number for number, slug in enumerate(slugs)}
    owner = "slug" if sheet is sheets.PROJECTS else "project"
    for start in range(0, len(slugs), _CHUNK):
        chunk = slugs[start : start + _CHUNK]
        found = _select(sheet, moment, view, owner, chunk)
        yield from sorted(found, key=lambda row: (place[str(row[owner])], *_order(sheet, row)))


def rows_with_ids(sheet: Sheet, moment: Reading, view: str, ids: Sequence[UUID]) -> dict[str, Record]:
    """A sheet's rows by id, as far as the view shows them."""
    if len(ids) > _MANY:
        _plan_for_many(moment)
    found: dict[str, Record] = {}
    for start in range(0, len(ids), _CHUNK_OF_IDS):
        rows = _select(sheet, moment, view, "id", ids[start : start + _CHUNK_OF_IDS])
        found.update((str(row["id"]), row) for row in rows)
    return found


def _order(sheet: Sheet, row: Record) -> tuple[str, ...]:
    days = {
        sheets.AWARDS.key: ("issued_on",),
        sheets.PAYMENTS.key: ("booked_on",),
        sheets.MILESTONES.key: ("code",),
        sheets.FORECASTS.key: ("milestone_code", "reported_on"),
    }
    return (*(str(row.get(name) or "") for name in days.get(sheet.key, ())), str(row["id"]))


_Present = Callable[[Row, str], dict[str, Any]]


def _plan_for_many(moment: Reading) -> None:
    """Many rows are joined as wholes. PostgreSQL takes tables that were just filled for tiny, and goes row by row."""
    if moment.dialect_name == "postgresql":
        moment.session.execute(sa.text("SET LOCAL enable_nestloop = off"))


def _select(sheet: Sheet, moment: Reading, view: str, name: str, values: Sequence[Any]) -> list[Record]:
    """The rows whose column ``name`` has one of ``values``."""
    rows, conditions, present = _source(sheet, moment, view)
    statement = sa.select(rows).where(rows.c[name].in_(values), *conditions)
    names = list(sheet.by_name)
    return [_only(present(row, view), names) for row in moment.session.execute(statement).mappings()]


def _only(body: Mapping[str, Any], names: Sequence[str]) -> Record:
    return {name: body[name] for name in names if name in body}


def _source(sheet: Sheet, moment: Reading, view: str) -> tuple[sa.FromClause, list[sa.ColumnElement[bool]], _Present]:
    if sheet is sheets.PROJECTS:
        return projects_on(moment), [], present_project
    if sheet is sheets.APPLICATIONS:
        rows = applications_on(moment)
        return rows, [visible_drafts(rows, view)], present_application
    if sheet is sheets.AWARDS:
        return awards_on(moment), [], present_award
    if sheet is sheets.PAYMENTS:
        return entries_on(moment), [], present_entry
    if sheet is sheets.MILESTONES:
        return milestones_on(moment), [], lambda row, _view: present_milestone(row)
    return _forecasts_on(moment), [], _present_forecast


def _forecasts_on(moment: Reading) -> sa.Subquery:
    forecast, milestone = moment.at(MilestoneForecast), milestones_on(moment)
    return (
        sa.select(
            *forecast.c,
            milestone.c.project,
            milestone.c.owner,
            milestone.c.code.label("milestone_code"),
            milestone.c.title_de.label("milestone_title"),
        )
        .join(milestone, milestone.c.id == forecast.c.milestone_id)
        .subquery("forecasts_on")
    )


def _present_forecast(row: Row, view: str) -> dict[str, Any]:
    body: dict[str, Any] = _FORECAST.dump({**row, "milestone": row["milestone_id"]})
    if not sees_internal(view, row["owner"]):
        body.pop("comment")
    return body
