"""Which projects a revision touched, and which shared records: the numbers that tell how old a kept answer may be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from portfolio.core.db import Base, Entity, table_of
from portfolio.core.sending import Fixed
from portfolio.history.archive import chunks
from portfolio.history.models import AreaRevision, TreeRevision

ERASURE = "erasure"
"""The area that every erasure counts in: what was answered before may show what is gone."""


class Made:
    """A new record that was written among many, without an object of its model; its columns are its attributes."""

    id: UUID
    version: int

    def __init__(self, model: type[Entity], values: dict[str, Any]) -> None:
        self.__dict__ = values
        self.model_ = model

    @property
    def __tablename__(self) -> str:
        return str(self.model_.__tablename__)


Record = Entity | Made
"""A record that a transaction writes, however it does so."""


def model_of(row: Record) -> type[Entity]:
    """The kind of a record."""
    return row.model_ if isinstance(row, Made) else type(row)


@dataclass(frozen=True)
class Step:
    """How a record leads to the one it belongs to."""

    column: str
    parent: type[Entity]


@dataclass
class Touched:
    """What one transaction touched."""

    trees: set[UUID] = field(default_factory=set)
    areas: set[str] = field(default_factory=set)


@cache
def path_to_tree(model: type[Entity]) -> tuple[Step, ...] | None:
    """The steps from a record to the project it hangs on; empty for a project, None for what projects share.

    Found over the columns that are never null: what may be null names something, and belongs to something else.
    """
    paths: list[tuple[type[Entity], tuple[Step, ...]]] = [(model, ())]
    for found, steps in paths:
        if found.heads_tree:
            return steps
        for column in found.__table__.columns:
            for key in () if column.nullable else column.foreign_keys:
                parent = _model_of(key.column.table.name)
                paths.append((parent, (*steps, Step(column.name, parent))))
    return None


@cache
def area_of(model: type[Entity]) -> str:
    """The package of a kind of record."""
    return model.__module__.split(".")[1]


def touched_by(session: Session, rows: Iterable[Record]) -> Touched:
    """What the changes of ``rows`` touch. What is in memory is not asked for again: a write has locked its project."""
    rows = list(rows)
    here = {row.id: row for row in rows}
    found = Touched()
    unknown: dict[type[Entity], set[UUID]] = {}
    for row in rows:
        path = path_to_tree(model_of(row))
        if path is None:
            found.areas.add(area_of(model_of(row)))
            continue
        model, key = _climb(session, row, path, here)
        if model.heads_tree:
            found.trees.add(key)
        else:
            unknown.setdefault(model, set()).add(key)
    for model, keys in unknown.items():
        for few in chunks(sorted(keys)):
            found.trees.update(session.execute(tree_statement(model).where(model.id.in_(few))).scalars())
    return found


def _climb(
    session: Session, row: Record, path: Sequence[Step], here: Mapping[UUID, Record]
) -> tuple[type[Entity], UUID]:
    """The project, or the first record on the way to it that is not in memory."""
    model, key = model_of(row), row.id
    for step in path:
        model, key = step.parent, getattr(row, step.column)
        if model.heads_tree:
            break
        known = here.get(key) or session.identity_map.get(model.__mapper__.identity_key_from_primary_key((key,)))
        if known is None:
            break
        row = known
    return model, key


def tree_statement(model: type[Entity]) -> sa.Select[Any]:
    """The project of records of one kind; a condition on ``model`` says of which."""
    path = path_to_tree(model)
    assert path is not None
    source: sa.FromClause = model.__table__
    column: sa.ColumnElement[Any] = model.__table__.c.id
    for place, step in enumerate(path):
        column = (model.__table__ if not place else path[place - 1].parent.__table__).c[step.column]
        if place < len(path) - 1:
            source = source.join(step.parent.__table__, column == step.parent.__table__.c.id)
    return sa.select(column).select_from(source)


def count(connection: Connection, touched: Touched, rev: int) -> None:
    """Write down that revision ``rev`` is the last one that touched this; the head is locked, so it only rises."""
    for model, key, names in (
        (TreeRevision, "project_id", sorted(touched.trees)),
        (AreaRevision, "area", sorted(touched.areas)),
    ):
        for few in chunks(names):
            _upsert(model, key, connection.dialect.name).send(connection, *({key: name, "rev": rev} for name in few))


@cache
def _upsert(model: type[Base], key: str, dialect_name: str) -> Fixed:
    insert: Any = postgresql.insert if dialect_name == "postgresql" else sqlite.insert
    statement = insert(table_of(model)).values({name: sa.bindparam(name) for name in (key, "rev")})
    return Fixed(statement.on_conflict_do_update(index_elements=[key], set_={"rev": statement.excluded.rev}))


def _model_of(table: str) -> type[Entity]:
    found: type[Entity] = next(
        mapper.class_ for mapper in Base.registry.mappers if mapper.class_.__tablename__ == table
    )
    return found
