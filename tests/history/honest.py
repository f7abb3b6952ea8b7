"""Honest histories: random writes through the services, erasures, and a small register with every kind of record."""

from __future__ import annotations

import random
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core.db import Base, Database, Entity
from portfolio.history.models import Change, Redactable
from portfolio.milestones.models import Milestone
from portfolio.milestones.service import (
    MilestoneValues,
    NotADraft,
    add_forecast,
    create_milestone,
    delete_milestone,
    update_milestone,
)
from portfolio.organisations.service import create_organisation
from portfolio.projects.models import Project
from portfolio.projects.service import ProjectChanges, create_project, delete_project, update_project
from tests.conftest import SYSTEM

# Every trap of a text: beyond ASCII, beyond the basic plane, quotes, control characters, almost a commitment.
TEXTS = (
    "Grünes Dach",
    "𝄞 \ue000 Ruhr",
    'sagte "nein"\\',
    "Zeile\neins\t\x7f\x01",
    '{"$c":"x"}',
    "1.00",
    "null",
    "äöü ß",
)
DAY = date(2026, 3, 2)


class Writer:
    """Makes random writes, each one revision."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database, self.dice = database, random.Random(seed)
        self.count = 0

    def write(self, times: int) -> None:
        for _ in range(times):
            action = self.dice.choice(
                [self.project, self.project, self.change, self.change, self.remove, self.milestone, self.plan]
            )
            self.count += 1
            reason = self.dice.choice([None, None, *TEXTS])
            with self.database.transaction(replace(SYSTEM, reason=reason)) as session:
                action(session)

    def project(self, session: Session) -> None:
        note = self.dice.choice([None, *TEXTS])
        title = self.dice.choice(TEXTS)
        create_project(session, {"slug": f"r-{self.count}", "title_de": title, "internal_note": note}, proposed_on=DAY)

    def _one(self, session: Session, model: type[Any]) -> Any:
        found = session.scalars(sa.select(model).order_by(model.id)).all()
        return self.dice.choice(found) if found else None

    def change(self, session: Session) -> None:
        if project := self._one(session, Project):
            note = self.dice.choice([None, *TEXTS])
            places = [{"name": self.dice.choice(TEXTS)}] if self.dice.random() < 0.5 else []
            values: ProjectChanges = {"title_de": self.dice.choice(TEXTS), "internal_note": note, "locations": places}
            update_project(session, project, values)

    def remove(self, session: Session) -> None:
        if self.dice.random() < 0.5 and (milestone := self._one(session, Milestone)):
            with suppress(NotADraft):  # something was reported on it: it stays
                delete_milestone(session, milestone)
            return
        project = self._one(session, Project)
        if project and not session.scalar(sa.select(Milestone.id).where(Milestone.project_id == project.id).limit(1)):
            delete_project(session, project)

    def milestone(self, session: Session) -> None:
        project = self._one(session, Project)
        if project is None:
            code = f"org-{self.count}"
            create_organisation(session, {"code": code, "name_de": self.dice.choice(TEXTS), "kind": "ministry"})
            return
        values: MilestoneValues = {
            "code": f"m-{self.count}",
            "title_de": self.dice.choice(TEXTS),
            "kind": "other",
            "baseline_on": DAY + timedelta(days=self.dice.randint(0, 900)),
        }
        create_milestone(session, project, values)

    def plan(self, session: Session) -> None:
        milestone = self._one(session, Milestone)
        if milestone is None:
            self.project(session)
        elif self.dice.random() < 0.5:
            update_milestone(session, milestone, {"title_de": self.dice.choice(TEXTS)})
        else:
            comment = self.dice.choice([None, *TEXTS])
            reported_on = DAY + timedelta(days=self.count)
            add_forecast(session, milestone, reported_on=reported_on, forecast_on=date(2027, 1, 1), comment=comment)

    def erase(self) -> int:
        """Take the note of one project away, now and in the past, and the reasons of some revisions."""
        with self.database.transaction(replace(SYSTEM, action="privacy.erase")) as session:
            project = self._one(session, Project)
            if project is not None and project.internal_note is not None:
                update_project(session, project, {"internal_note": None})
        erased = 0
        with self.database.write_engine.begin() as connection:
            notes = sa.select(Change.rev, Change.seq).where(Change.entity_id == str(project.id) if project else False)
            for rev, seq in connection.execute(notes).all():
                where = sa.and_(Redactable.rev == rev, Redactable.seq == seq)
                erased += connection.execute(sa.delete(Redactable).where(where)).rowcount
            reasons = sa.delete(Redactable).where(Redactable.seq == -1, Redactable.rev % 3 == 0)
            erased += connection.execute(reasons).rowcount
        return erased


def _closure(session: Session, row: Any, found: dict[tuple[str, Any], Any]) -> None:
    """``row`` and all it refers to, referred ones first."""
    table = row.__table__
    if (table.name, row.id) in found:
        return
    for column in table.columns:
        value = getattr(row, column.name)
        for key in column.foreign_keys:
            if value is not None:
                _closure(session, session.get_one(MODELS[key.column.table.name], value), found)
    found[(table.name, row.id)] = row


MODELS: dict[str, type[Any]] = {
    mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Entity)
}


def copy_few(source: Database, target: Database, each: int = 2) -> None:
    """A few rows of every audited table of ``source``, with all they refer to, one revision per row."""
    found: dict[tuple[str, Any], Any] = {}
    with source.snapshot() as session:
        for name in sorted(MODELS):
            for row in _few(session, MODELS[name], each):
                _closure(session, row, found)
        rows = [(type(row), {c.name: getattr(row, c.name) for c in row.__table__.columns}) for row in found.values()]
    for model, values in rows:
        with target.transaction(replace(SYSTEM, reason="Übernahme")) as session:
            session.add(model(**values))


def _few(session: Session, model: type[Any], each: int) -> Iterable[Any]:
    # The fullest rows: a column without a value is not much of a target.
    rows = session.scalars(sa.select(model)).all()
    return sorted(rows, key=lambda row: -sum(getattr(row, c.name) is not None for c in row.__table__.columns))[:each]


def write_some(database: Database, count: int = 8) -> None:
    """Revisions 1 to ``count``: each makes a project with a note, for a reason."""
    for number in range(1, count + 1):
        with database.transaction(replace(SYSTEM, reason=f"Antrag {number}")) as session:
            values: Any = {"slug": f"p-{number}", "title_de": f"Projekt {number}", "internal_note": "Frau M. rät ab"}
            create_project(session, values, proposed_on=DAY)
