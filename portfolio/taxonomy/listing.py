"""Action fields and theme forums as lists and records."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from portfolio.core.problems import NotFound
from portfolio.history.reading import Reading
from portfolio.history.serving import Listing
from portfolio.taxonomy.models import ActionField, ThemeForum
from portfolio.taxonomy.schemas import ActionFieldSchema, ThemeForumSchema

_FIELD = ActionFieldSchema()
_FORUM = ThemeForumSchema()


def list_action_fields(moment: Reading) -> Listing:
    """The fields in their official order."""
    field = moment.at(ActionField)
    return Listing(
        name="action-fields",
        schema=ActionFieldSchema,
        statement=sa.select(field),
        identity=field.c.id,
        sorts={"position": field.c.position, "code": field.c.code},
        default_sort="position",
        present=lambda row, _view: dict(_FIELD.dump(row)),
        internal=(),
        columns=[
            "position",
            "code",
            "title_de",
            "title_en",
            "short_title_de",
            "short_title_en",
            "title_en_progress_report",
            "id",
            "version",
            "updated_at",
        ],
    )


def read_action_field(moment: Reading, code: str) -> dict[str, Any]:
    """:raises NotFound: no such field."""
    field = moment.at(ActionField)
    row = moment.session.execute(sa.select(field).where(field.c.code == code)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no action field {code!r}.")
    return dict(_FIELD.dump(row))


def list_theme_forums(moment: Reading) -> Listing:
    """The forums by number."""
    forum = moment.at(ThemeForum)
    return Listing(
        name="theme-forums",
        schema=ThemeForumSchema,
        statement=sa.select(forum),
        identity=forum.c.id,
        sorts={"number": forum.c.number},
        default_sort="number",
        present=lambda row, _view: _forum(row),
        columns=[
            "number",
            "number_basis",
            "title_de",
            "title_en",
            "lead_ministry",
            "moderators",
            "event_dates",
            "proposals_stated",
            "proposals_minimum",
            "note",
            "source_url",
            "id",
            "version",
            "updated_at",
        ],
    )


def read_theme_forum(moment: Reading, number: int) -> dict[str, Any]:
    """:raises NotFound: no such forum."""
    forum = moment.at(ThemeForum)
    row = moment.session.execute(sa.select(forum).where(forum.c.number == number)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no theme forum {number}.")
    return _forum(row)


def _forum(row: Any) -> dict[str, Any]:
    # The days of a forum's events are stored as text in a document and need no conversion.
    body: dict[str, Any] = _FORUM.dump({**row, "event_dates": []})
    return {**body, "event_dates": row["event_dates"]}
