"""The Ruhr-Konferenz itself: one record, loaded from the sources and read by everyone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core.dates import parse_period
from portfolio.core.money import parse_amount
from portfolio.core.problems import AlreadyExists, NotFound
from portfolio.history.reading import Reading
from portfolio.projects.models import Programme
from portfolio.projects.programme_schemas import ProgrammeSchema

Part = Mapping[str, Any]
_SCHEMA = ProgrammeSchema()


class ProgrammeValues(TypedDict):
    """What the sources say about the programme; days in the parts are text, as precise as the source gives them."""

    code: str
    name_de: str
    name_en: str
    motto: str
    goal_de: str
    goal_en: str
    phases: Sequence[Part]
    pillars: Sequence[Part]
    participation: Part
    events: Sequence[Part]
    official_counts: Sequence[Part]
    amounts: Sequence[Part]
    advisory_board: Sequence[Part]
    responsible_offices: Sequence[Part]
    not_matched: Sequence[Part]


def record_programme(session: Session, values: ProgrammeValues) -> Programme:
    """Record the programme. Beside each day of a part stands its precision, and amounts are checked.

    :raises AlreadyExists: there is one already; the register has exactly one.
    :raises ValueError: a day or an amount is not in its form.
    """
    if session.scalar(sa.select(Programme.code)) is not None:
        raise AlreadyExists("The programme is recorded already; there is exactly one.")
    programme = Programme(
        **{
            **values,
            "phases": [_with_precision(part, "start", "end") for part in values["phases"]],
            "events": [_with_precision(part, "date") for part in values["events"]],
            "official_counts": [_with_precision(part, "as_of") for part in values["official_counts"]],
            "amounts": [_with_precision(part, "date") for part in values["amounts"]],
        }
    )
    for part in values["amounts"]:
        parse_amount(part["amount"])
    session.add(programme)
    session.flush()
    return programme


def read_programme(moment: Reading) -> dict[str, Any]:
    """:raises NotFound: the programme is not loaded at this moment."""
    programme = moment.at(Programme)
    row = moment.session.execute(sa.select(programme)).mappings().one_or_none()
    if row is None:
        raise NotFound("The programme is not loaded at this moment; `portfolio seed` loads it.")
    amounts = [{**part, "amount": parse_amount(part["amount"])} for part in row["amounts"]]
    body: dict[str, Any] = _SCHEMA.dump({**row, "amounts": amounts})
    return body


def _with_precision(part: Part, *days: str) -> dict[str, Any]:
    found = {f"{day}_precision": None if part[day] is None else str(parse_period(part[day])[1]) for day in days}
    return {**part, **found}
