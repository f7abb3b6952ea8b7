"""Every broken file is refused or reported as it should be; nothing is lost, and nothing fails."""

from __future__ import annotations

from typing import Any

import pytest

from portfolio.core.db import Database
from tests.access.world import World
from tests.exchange.breaking import EVERY
from tests.exchange.broken_files import CASES
from tests.exchange.office import Office


def _good(office: Office, world: World) -> bytes:
    """A workbook with something in every kind of cell."""
    world.entry()
    office.change("/v1/projects/mobilitaetszentrale", planned_start_on="2021-03-01")
    return office.workbook()


@pytest.mark.large
def test_each_is_answered_as_it_should_be(seeded: Database, engine_name: str, scale: bool) -> None:
    office, world = Office(seeded), World(seeded)
    good = _good(office, world)
    before = office.revision()
    wrong = []
    for case in CASES if scale else CASES[engine_name == "sqlite" :: EVERY]:
        answer = office.post(case.build(good), case.filename)
        found = _verdict(answer.status_code, answer.json)
        if found != case.expects:
            wrong.append((case.name, case.expects, found, answer.get_data(as_text=True)[:300]))
    assert wrong == []
    assert office.revision() == before


def _verdict(status: int, body: Any) -> str:
    if status in (413, 415, 422):
        return "refused"
    if status != 201:
        return f"status {status}"
    if body["faults"] or body["conflicts"]:
        return "fault"
    if body["changes"]:
        return "change"
    return "notice" if body["notices"] or body["missing"] else "same"
