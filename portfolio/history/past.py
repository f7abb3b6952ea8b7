"""A past state as a view of the history: the same query answers for now and for any revision (DESIGN 3)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from portfolio.core.columns import CommittedText, from_image
from portfolio.core.db import Base, table_of
from portfolio.history.models import ERASED, Change, Redactable

Moment = int | sa.ColumnElement[int] | None
"""A revision, a place where one is bound later, or None for now."""


def shared(
    parts: dict[str, Any], model: type[Base], revision: Moment, dialect_name: str, name: str | None
) -> sa.FromClause:
    """:func:`at`, made once for all who use ``parts``; under ``name`` where a statement needs it twice."""
    key = f"at {model.__tablename__}"
    if key not in parts:
        parts[key] = at(model, revision, dialect_name)
    state: sa.FromClause = parts[key]
    return state.alias(name or model.__tablename__) if name or revision is not None else state


def at(model: type[Base], revision: Moment, dialect_name: str) -> sa.FromClause:
    """What ``model`` held after ``revision``, with its column names and types; the table itself for None.

    A past state is materialised once per statement: without that PostgreSQL would unpack every image again for each
    column and each row it is joined with.
    """
    table = table_of(model)
    if revision is None:
        return table
    images = _images(table.name, revision, dialect_name)
    columns = (_column(images, column, dialect_name).label(column.name) for column in table.columns)
    return sa.select(*columns).cte(f"{table.name}_at").prefix_with("MATERIALIZED")


def _images(entity: str, revision: int | sa.ColumnElement[int], dialect_name: str) -> sa.CTE:
    """The last living image of each record of one kind."""
    last = (
        sa.select(Change.entity_id, sa.func.max(Change.rev).label("rev"))
        .where(Change.entity == entity, Change.rev <= revision)
        .group_by(Change.entity_id)
        .subquery(f"{entity}_last")
    )
    image, living = _image(dialect_name)
    return (
        sa.select(Change.rev, Change.seq, image.label("image"))
        .join(last, sa.and_(Change.entity_id == last.c.entity_id, Change.rev == last.c.rev))
        .where(Change.entity == entity, living)
        .cte(f"{entity}_image")
        .prefix_with("MATERIALIZED")
    )


def _image(dialect_name: str) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[bool]]:
    if dialect_name == "postgresql":
        after = sa.func.jsonb_extract_path(sa.cast(Change.body, JSONB), "after", type_=JSONB)
        return after, sa.func.jsonb_typeof(after) != "null"
    body = sa.type_coerce(Change.body, sa.Text)
    return body, sa.func.json_type(Change.body, "$.after") != "null"


def _member(images: sa.CTE, name: str, dialect_name: str) -> sa.ColumnElement[Any]:
    if dialect_name == "postgresql":
        return sa.func.jsonb_extract_path_text(images.c.image, name, type_=sa.Text)
    return sa.func.json_extract(images.c.image, f'$.after."{name}"', type_=sa.Text)


def _column(images: sa.CTE, column: sa.Column[Any], dialect_name: str) -> sa.ColumnElement[Any]:
    member = _member(images, column.name, dialect_name)
    if isinstance(column.type, CommittedText):
        value = sa.case((member.is_(None), sa.null()), else_=_disclosed(images, column.name, dialect_name))
        return sa.type_coerce(value, column.type)
    return from_image(member, column.type, dialect_name)


def _disclosed(images: sa.CTE, name: str, dialect_name: str) -> sa.ColumnElement[Any]:
    """The text behind a commitment, or the word that stands for an erased one."""
    if dialect_name == "postgresql":
        whole: sa.ColumnElement[Any] = sa.literal_column("'{}'")
        text: sa.ColumnElement[str] = sa.cast(Redactable.value, JSONB).op("#>>", return_type=sa.Text())(whole)
    else:
        text = sa.func.json_extract(Redactable.value, "$", type_=sa.Text)
    value = (
        sa.select(text)
        .where(Redactable.rev == images.c.rev, Redactable.seq == images.c.seq, Redactable.path == f"/{name}")
        .scalar_subquery()
    )
    return sa.func.coalesce(value, ERASED)
