"""Organisations as lists and records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from portfolio.core.lists import matches
from portfolio.core.problems import NotFound
from portfolio.history.reading import Reading
from portfolio.history.serving import Listing, Row
from portfolio.organisations.models import Organisation, Succession
from portfolio.organisations.schemas import OrganisationSchema

_SCHEMA = OrganisationSchema()


def list_organisations(moment: Reading, query: Mapping[str, Any]) -> Listing:
    """Organisations by the filters of ``OrganisationQuerySchema``."""
    organisation = moment.at(Organisation)
    statement = sa.select(organisation)
    if query.get("q"):
        statement = statement.where(matches(organisation.c.search_text, query["q"]))
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
    successors = _successors(moment)
    return Listing(
        name="organisations",
        statement=statement,
        identity=organisation.c.id,
        sorts={
            "name": organisation.c.name_sort,
            "code": organisation.c.code,
            "updated_at": organisation.c.updated_at,
        },
        default_sort="name",
        present=lambda row, _view: present_organisation(row, successors.get(row["id"], [])),
        columns=[
            "code",
            "name_de",
            "name_en",
            "kind",
            "valid_from",
            "valid_to",
            "period_covered",
            "successors",
            "source_url",
            "version",
        ],
    )


def read_organisation(moment: Reading, code: str) -> dict[str, Any]:
    """:raises NotFound: no such organisation at this moment."""
    organisation = moment.at(Organisation)
    row = moment.session.execute(sa.select(organisation).where(organisation.c.code == code)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no organisation {code!r}.")
    return present_organisation(row, _successors(moment).get(row["id"], []))


def present_organisation(row: Row, successors: Sequence[Row]) -> dict[str, Any]:
    body: dict[str, Any] = _SCHEMA.dump({**row, "successors": successors})
    return body


def _successors(moment: Reading) -> dict[Any, list[Row]]:
    """Who followed whom; a handful of rows in all."""
    succession = moment.at(Succession)
    successor = moment.at(Organisation, name="successor")
    statement = (
        sa.select(*succession.c, successor.c.code.label("organisation"))
        .join(successor, successor.c.id == succession.c.successor_id)
        .order_by(succession.c.happened_on, successor.c.code)
    )
    found: dict[Any, list[Row]] = {}
    for row in moment.session.execute(statement).mappings():
        found.setdefault(row["organisation_id"], []).append(row)
    return found
