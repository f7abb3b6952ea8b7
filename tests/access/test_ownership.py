"""Whose project it is: the ministry that leads it on that day, successors included."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from portfolio.core import sources
from portfolio.core.dates import today
from portfolio.core.db import Database
from tests.access.world import FOREIGN, OWN, World
from tests.conftest import Ticking, key_headers

Headers = dict[str, str]


@pytest.fixture
def world(seeded: Database) -> World:
    return World(seeded)


def may_change(world: World, path: str, headers: Headers, day: date | None = None) -> bool:
    """Whether a change of the project is taken on ``day``, and the internal note is shown."""
    noon = datetime.combine(day or today(), time(12), UTC)
    with sources.using(Ticking(noon).sources()):
        shown = "internal_note" in world.client.get(path, headers=headers).json
        change = {**headers, **world.etag(path)}
        answer = world.client.patch(path, json={"summary_en": f"{noon}"}, headers=change)
    assert answer.status_code in (200, 403), answer.json
    assert shown is (answer.status_code == 200)
    return answer.status_code == 200


def test_passes_on_the_day_and_not_before(world: World, seeded: Database) -> None:
    before, after = key_headers(seeded, "editor", OWN), key_headers(seeded, "editor", FOREIGN)
    path, tomorrow = world.project(), today() + timedelta(days=1)
    lead = {"organisation": FOREIGN, "role": "lead_ministry", "from_on": f"{tomorrow}", "decision": world.decided}
    world.do("POST", f"{path}/roles", lead)
    assert [may_change(world, path, who) for who in (before, after)] == [True, False]
    assert [may_change(world, path, who, tomorrow) for who in (before, after)] == [False, True]


def test_ends_for_whoever_gives_it_away(world: World, seeded: Database) -> None:
    editor, path = key_headers(seeded, "editor", OWN), world.project()
    lead = {"organisation": FOREIGN, "role": "lead_ministry", "from_on": f"{today()}", "decision": world.decided}
    assert world.client.post(f"{path}/roles", json=lead, headers=editor).status_code == 201
    assert not may_change(world, path, editor)
    refused = world.client.post(f"{path}/roles", json=lead | {"organisation": OWN}, headers=editor)
    assert refused.status_code == 403


def test_is_not_a_matter_of_the_day_asked_about(world: World, seeded: Database) -> None:
    """Whoever led a project, or will, sees nothing of today's internals by asking about that day."""
    before, after = key_headers(seeded, "editor", OWN), key_headers(seeded, "editor", FOREIGN)
    draft = world.draft(file_reference="AZ-1")
    path = f"/v1/projects/{world.client.get(draft, headers=world.coordinator).json['project']}"
    lead = {"organisation": FOREIGN, "role": "lead_ministry", "from_on": f"{today()}", "decision": world.decided}
    world.do("POST", f"{path}/roles", lead)
    world.do("PATCH", path, {"internal_note": "Geheim"}, **world.etag(path))
    slug, yesterday = path.rpartition("/")[2], today() - timedelta(days=1)
    for clock in (f"valid_on={yesterday}", f"valid_on={today()}", f"valid_on={today() + timedelta(days=1)}"):
        for who, sees in ((before, False), (after, True)):
            assert ("internal_note" in world.client.get(f"{path}?{clock}", headers=who).json) is sees, clock
            assert (world.client.get(f"{draft}?{clock}", headers=who).status_code == 200) is sees, clock
            listed = world.client.get(f"/v1/applications?project={slug}&count=true&{clock}", headers=who).json
            assert listed["count"] == len(listed["items"]) == int(sees), clock
            assert (
                "AZ-1" in world.client.get(f"/v1/applications?project={slug}&format=csv&{clock}", headers=who).text
            ) is sees


def test_is_of_the_lead_alone(world: World, seeded: Database) -> None:
    path = world.project()
    part = {"organisation": FOREIGN, "role": "partner", "from_on": "2026-03-02", "decision": world.decided}
    world.do("POST", f"{path}/roles", part)
    assert not may_change(world, path, key_headers(seeded, "editor", FOREIGN))


def test_of_nobody_is_the_coordinators(world: World, seeded: Database) -> None:
    path = world.idea()
    assert not may_change(world, path, key_headers(seeded, "editor", OWN))
    assert may_change(world, path, world.coordinator)


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestSuccessors:
    """The ministries of 2022 (DOMAIN 5a)."""

    def test_have_what_passed_to_them(self, world: World, seeded: Database) -> None:
        (found, *_) = world.client.get("/v1/projects?lead_ministry=MHKBD").json["items"]
        path = f"/v1/projects/{found['slug']}"
        assert may_change(world, path, key_headers(seeded, "editor", "MHKBD"))
        assert not may_change(world, path, key_headers(seeded, "editor", "MHKBG"))

    def test_that_are_not_determined_leave_it_with_the_old_one(self, world: World, seeded: Database) -> None:
        items = world.client.get("/v1/projects?limit=200").json["items"]
        (found, *_) = [one for one in items if one["lead_successor_undetermined"]]
        path = f"/v1/projects/{found['slug']}"
        assert found["lead_ministry"] == "MULNV"
        assert may_change(world, path, key_headers(seeded, "editor", "MULNV"))
        assert not may_change(world, path, key_headers(seeded, "editor", "MUNV"))
        assert may_change(world, path, world.coordinator)
