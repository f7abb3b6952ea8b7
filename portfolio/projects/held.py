"""Whether a query names a field at all, and a ministry that ever led a project: else a list walks past all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from portfolio.core.query_fields import NONE
from portfolio.history.reading import Reading
from portfolio.organisations.models import Organisation
from portfolio.projects.models import ProjectRole
from portfolio.projects.on_day import LEAD
from portfolio.taxonomy.models import ActionField


def ever_held(moment: Reading, query: Mapping[str, Any], ministry: str) -> list[sa.ColumnElement[bool]]:
    """What must hold once for a query to find anything, whatever its day; an engine asks that before the first row.

    :param ministry: what the query calls the lead ministry.
    """
    if moment.looks_back:  # which is put together as a whole
        return []
    one = sa.literal_column("1", sa.Integer)
    role, organisation = moment.at(ProjectRole), moment.at(Organisation)
    field = moment.at(ActionField)
    led: sa.Select[Any] = (
        sa.select(one)
        .select_from(organisation.join(role, role.c.organisation_id == organisation.c.id))
        .where(role.c.role == LEAD)
    )
    named: sa.Select[Any] = sa.select(one).select_from(field)  # a field that is none; the others all have projects
    return [
        rows.where(code.in_(query[name])).exists()
        for name, code, rows in ((ministry, organisation.c.code, led), ("action_field", field.c.code, named))
        if query.get(name) and NONE not in query[name]
    ]
