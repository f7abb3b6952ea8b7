"""Loading fields and forums: each once."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from portfolio.core.db import Database
from portfolio.core.problems import AlreadyExists
from portfolio.taxonomy.models import ActionField, ThemeForum
from portfolio.taxonomy.service import (
    ActionFieldValues,
    ThemeForumValues,
    create_action_field,
    create_theme_forum,
)
from tests.conftest import SYSTEM

MOBILITY: ActionFieldValues = {
    "code": "mobility",
    "title_de": "Vernetzte Mobilität – kurze Wege",
    "title_en": "Networked Mobility – Short Distances",
    "short_title_de": "Mobilität",
    "short_title_en": "Mobility",
    "title_en_progress_report": None,
    "position": 1,
}
UNKNOWN_FORUM: ThemeForumValues = {
    "number": 17,
    "number_basis": "inferred",
    "title_de": None,
    "title_en": None,
    "lead_ministry": None,
    "moderators": [],
    "event_dates": [],
    "proposals_stated": None,
    "proposals_minimum": None,
    "note": "Nicht gefunden.",
    "source_url": None,
}


class TestCreateActionField:
    def test_keeps_what_it_was_given(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            create_action_field(session, MOBILITY)
        with database.snapshot() as session:
            field = session.scalars(sa.select(ActionField)).one()
        assert (field.code, field.title_de, field.position, field.version) == (
            "mobility",
            "Vernetzte Mobilität – kurze Wege",
            1,
            1,
        )

    def test_refuses_a_code_twice(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            create_action_field(session, MOBILITY)
            with pytest.raises(AlreadyExists, match="mobility"):
                create_action_field(session, {**MOBILITY, "position": 2})


class TestCreateThemeForum:
    def test_takes_a_forum_of_which_only_the_number_is_known(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            create_theme_forum(session, UNKNOWN_FORUM)
        with database.snapshot() as session:
            forum = session.scalars(sa.select(ThemeForum)).one()
        assert (forum.number, forum.title_de, forum.lead_ministry, forum.moderators) == (17, None, None, [])

    def test_refuses_a_number_twice(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            create_theme_forum(session, UNKNOWN_FORUM)
            with pytest.raises(AlreadyExists, match="17"):
                create_theme_forum(session, {**UNKNOWN_FORUM, "title_de": "Europa"})
