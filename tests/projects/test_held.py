"""What is known before the first row leaves nothing out, on any day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from portfolio.core.db import Database
from portfolio.core.query_fields import NONE
from portfolio.history.reading import open_reading
from portfolio.milestones import listing as milestones
from portfolio.organisations.models import Organisation
from portfolio.projects import listing as projects
from portfolio.taxonomy.models import ActionField

DAYS = (date(2019, 10, 1), date(2021, 6, 30), date(2026, 6, 30))


def _found(database: Database, day: date) -> dict[tuple[str, str], int]:
    found = {}
    with open_reading(database, valid_on=day) as moment:
        ministries = [*moment.session.scalars(sa.select(Organisation.code)), NONE, "no-such-ministry"]
        fields = [*moment.session.scalars(sa.select(ActionField.code)), NONE, "no-such-field"]
        asked: list[tuple[Any, str, list[str]]] = [
            (projects.list_projects, "lead_ministry", ministries),
            (projects.list_projects, "action_field", fields),
            (milestones.list_milestones, "ministry", ministries),
            (milestones.list_milestones, "action_field", fields),
        ]
        for make, name, codes in asked:
            for code in codes:
                rows = make(moment, {"include_demo": True, name: [code]}).statement.subquery()
                number = moment.session.scalar(sa.select(sa.func.count()).select_from(rows))
                found[f"{make.__name__} {name}", code] = number or 0
    return found


@pytest.mark.postgresql_in_full
def test_leaves_nothing_out(with_demo: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {day: _found(with_demo, day) for day in DAYS}
    for package in (projects, milestones):
        monkeypatch.setattr(package, "ever_held", lambda *_: [])
    assert known == {day: _found(with_demo, day) for day in DAYS}
    assert any(known[DAYS[-1]].values())
