"""What can be done with action fields and theme forums: load them; they change by a new decision of the state only."""

from __future__ import annotations

from typing import TypedDict

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core.problems import AlreadyExists
from portfolio.taxonomy.models import ActionField, ThemeForum


class ActionFieldValues(TypedDict):
    """The fields of an action field."""

    code: str
    title_de: str
    title_en: str
    short_title_de: str
    short_title_en: str
    title_en_progress_report: str | None
    position: int


class Moderator(TypedDict):
    """Who moderated a forum, with the office held then."""

    name: str
    office: str | None


class ThemeForumValues(TypedDict):
    """The fields of a theme forum; what was not found is null."""

    number: int
    number_basis: str
    title_de: str | None
    title_en: str | None
    lead_ministry: str | None
    moderators: list[Moderator]
    event_dates: list[str]
    proposals_stated: int | None
    proposals_minimum: int | None
    note: str | None
    source_url: str | None


def create_action_field(session: Session, values: ActionFieldValues) -> ActionField:
    """:raises AlreadyExists: the code is taken."""
    if session.scalar(sa.select(ActionField.id).where(ActionField.code == values["code"])) is not None:
        raise AlreadyExists(f"There is already an action field {values['code']!r}.")
    field = ActionField(**values)
    session.add(field)
    session.flush()
    return field


def create_theme_forum(session: Session, values: ThemeForumValues) -> ThemeForum:
    """:raises AlreadyExists: the number is taken."""
    if session.scalar(sa.select(ThemeForum.id).where(ThemeForum.number == values["number"])) is not None:
        raise AlreadyExists(f"There is already a theme forum {values['number']}.")
    forum = ThemeForum(**values)
    session.add(forum)
    session.flush()
    return forum
