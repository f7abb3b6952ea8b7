"""Organisations as lists and records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa

from portfolio.core.problems import NotFound
from portfolio.core.rows import Row
from portfolio.history.reading import Reading
from portfolio.history.searching import holding
from portfolio.history.serving import Listing
from portfolio.organisations.models import Organisation, OrganisationSearch, Succession
from portfolio.organisations.schemas import OrganisationSchema

_SCHEMA = OrganisationSchema()


@dataclass(frozen=True)
class Successions:
    """Who followed whom: the remits that went on from an organisation and those that came to it, by its id."""

    onward: dict[Any, list[Row]] = field(default_factory=dict)
    inward: dict[Any, list[Row]] = field(default_factory=dict)


def list_organisations(moment: Reading, query: Mapping[str, Any]) -> Listing:
    """Organisations by the filters of ``OrganisationQuerySchema``."""
    organisation = moment.at(Organisation)
    statement = sa.select(organisation)
    if query.get("q"):
        statement = statement.where(holding(moment, OrganisationSearch, organisation, query["q"]))
    if query.get("kind"):
        statement = statement.where(organisation.c.kind.in_(query["kind"]))
    if query.get("valid") is not None:
        day = moment.valid_on
        exists = sa.and_(
            sa.or_(organisation.c.valid_from.is_(None), organisation.c.valid_from <= day),
            sa.or_(organisation.c.valid_to.is_(None), organisation.c.valid_to > day),
        )
        statement = statement.where(exists if query["valid"] else sa.not_(exists))
    if not query.get("include_demo"):
        statement = statement.where(organisation.c.demo.is_(False))
    successions = _successions(moment)
    return Listing(
        name="organisations",
        schema=OrganisationSchema,
        statement=statement,
        identity=organisation.c.id,
        sorts={
            "name": organisation.c.name_sort,
            "code": organisation.c.code,
            "updated_at": organisation.c.updated_at,
        },
        default_sort="name",
        present=lambda row, _view: present_organisation(row, successions),
        told_by_row=False,
        columns=[
            "code",
            "name_de",
            "name_en",
            "kind",
            "valid_from",
            "valid_to",
            "period_covered",
            "successors",
            "predecessors",
            "source_url",
            "demo",
            "id",
            "version",
            "updated_at",
        ],
    )


def read_organisation(moment: Reading, code: str) -> dict[str, Any]:
    """:raises NotFound: no such organisation at this moment."""
    organisation = moment.at(Organisation)
    row = moment.session.execute(sa.select(organisation).where(organisation.c.code == code)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no organisation {code!r}.")
    return present_organisation(row, _successions(moment))


def present_organisation(row: Row, successions: Successions) -> dict[str, Any]:
    onward, inward = successions.onward.get(row["id"], []), successions.inward.get(row["id"], [])
    predecessors = [{**succession, "organisation": succession["predecessor"]} for succession in inward]
    body: dict[str, Any] = _SCHEMA.dump({**row, "successors": onward, "predecessors": predecessors})
    return body


def _successions(moment: Reading) -> Successions:
    """All of them in one statement; a handful of rows."""
    succession = moment.at(Succession)
    successor = moment.at(Organisation, name="successor")
    predecessor = moment.at(Organisation, name="predecessor")
    statement = (
        sa.select(*succession.c, successor.c.code.label("organisation"), predecessor.c.code.label("predecessor"))
        .join(successor, successor.c.id == succession.c.successor_id)
        .join(predecessor, predecessor.c.id == succession.c.organisation_id)
    )
    found = Successions()
    # Sorted here: the engines do not agree on the order of text unless each column says so.
    for row in sorted(moment.session.execute(statement).mappings(), key=_by_day_and_codes):
        found.onward.setdefault(row["organisation_id"], []).append(row)
        found.inward.setdefault(row["successor_id"], []).append(row)
    return found


def _by_day_and_codes(succession: Row) -> tuple[date, str, str]:
    return succession["happened_on"], succession["organisation"], succession["predecessor"]
