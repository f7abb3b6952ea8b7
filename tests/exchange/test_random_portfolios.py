"""Whatever the register holds, a workbook that comes back unchanged changes nothing."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from portfolio.core.db import Database, WriteContext
from portfolio.exchange.sheets import SHEETS
from portfolio.projects.models import Project
from tests.exchange.office import Office, quiet
from tests.exchange.portfolios import grow

CONTEXT = WriteContext("act_system", "cli", "test", reason="Nachtrag")
AT_ONCE = 10


@pytest.mark.large
def test_there_and_back_changes_nothing(seeded: Database, engine_name: str, scale: bool) -> None:
    office = Office(seeded)
    for first in range(0, 300 if scale else 20, AT_ONCE):
        with seeded.transaction(CONTEXT) as session:
            for seed in range(first, first + AT_ONCE):
                grow(session, seed)
        grown = "&".join(f"project={slug}" for slug in _slugs(seeded, first))
        language = "de" if first % (2 * AT_ONCE) else "en"
        found = office.send(office.workbook(f"?{grown}", language))
        assert quiet(found), (first, found["faults"][:3], found["changes"][:3])
        assert (found["conflicts"], found["missing"], found["notices"]) == ([], [], [])
        for sheet in SHEETS:
            form = "csv-de" if language == "de" else "csv"
            sent = office.send(office.workbook(f"?format={form}&sheet={sheet.key}&{grown}"), f"{sheet.key}.csv")
            assert (sent["faults"], sent["changes"], sent["conflicts"]) == ([], [], []), (first, sheet.key)


def _slugs(database: Database, first: int) -> list[str]:

    with database.snapshot() as session:
        slugs = list(session.scalars(sa.select(Project.slug)))
    return [slug for slug in slugs if slug.startswith("zufall-") and first <= int(slug.split("-")[1]) < first + AT_ONCE]
