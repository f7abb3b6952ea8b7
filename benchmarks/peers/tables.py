"""ORM classes of the peers over the register's own tables: no recorder, no clocks, today only.

Only the table definitions come from the register; sessions, loading and serialising are the peers' own.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, relationship, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from portfolio.core.dates import today
from portfolio.milestones import models as milestones
from portfolio.organisations import models as organisations
from portfolio.projects import models as projects
from portfolio.taxonomy import models as taxonomy

PAGE = 50
_DONE = {"completed": "done", "continued": "done", "in_implementation": "running", "not_pursued": "dropped"}
_BUCKETS = {**_DONE, "under_review": "checking", "suspended": "checking", "transferred_out": "left", "merged": "left"}


class Base(DeclarativeBase):
    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...


class Forum(Base):
    __table__ = taxonomy.ThemeForum.__table__


class Field(Base):
    __table__ = taxonomy.ActionField.__table__


class Organisation(Base):
    __table__ = organisations.Organisation.__table__


class Assignment(Base):
    __table__ = projects.Assignment.__table__
    field: Mapped[Field] = relationship()


class Role(Base):
    __table__ = projects.ProjectRole.__table__
    organisation: Mapped[Organisation] = relationship()


class Change(Base):
    __table__ = projects.ProjectStatusChange.__table__


class Project(Base):
    __table__ = projects.Project.__table__
    forum: Mapped[Forum | None] = relationship()
    assignments: Mapped[list[Assignment]] = relationship()
    roles: Mapped[list[Role]] = relationship()
    changes: Mapped[list[Change]] = relationship(
        order_by=Change.__table__.c.seq, primaryjoin=lambda: Project.__table__.c.id == Change.__table__.c.project_id
    )

    @cached_property
    def assignment(self) -> Any:
        return next((one for one in self.assignments if _holds(one)), None)

    @cached_property
    def lead(self) -> Any:
        return next((one for one in self.roles if one.role == "lead_ministry" and _holds(one)), None)

    @cached_property
    def change(self) -> Any:
        return next((one for one in reversed(self.changes) if one.holds_from_on <= today()), None)

    theme_forum = property(lambda self: self.forum and self.forum.number)
    action_field = property(lambda self: self.assignment and self.assignment.field.code)
    action_field_basis = property(lambda self: self.assignment and self.assignment.basis)
    action_field_from_on = property(lambda self: self.assignment and self.assignment.from_on)
    lead_ministry = property(lambda self: self.lead and self.lead.organisation.code)
    lead_ministry_from_on = property(lambda self: self.lead and self.lead.from_on)
    latest_status = property(lambda self: self.change and self.change.to_status)
    status_basis = property(lambda self: self.change and self.change.basis)
    status_as_of = property(lambda self: self.change and self.change.changed_on)
    status_as_of_precision = property(lambda self: self.change and self.change.changed_on_precision)

    @property
    def lead_successor_undetermined(self) -> bool:
        ended = self.lead and self.lead.organisation.valid_to
        return bool(ended and ended <= today())

    @property
    def bucket(self) -> str:
        known = self.change is not None and self.change.basis != "unknown"
        return _BUCKETS.get(self.latest_status, "not_started" if known else "not_known")

    @property
    def in_population(self) -> bool:
        return self.bucket != "left" and any(_admits(one) for one in self.changes if one.holds_from_on <= today())


class Milestone(Base):
    __table__ = milestones.Milestone.__table__


def _admits(change: Any) -> bool:
    opening = change.to_status == "proposed" and change.seq == 1 and change.holds_from_on <= date(2019, 9, 9)
    return opening or bool(change.to_status == "adopted")


def _holds(period: Any) -> bool:
    day = today()
    return (period.from_on is None or period.from_on <= day) and (period.to_on is None or period.to_on > day)


def loaded() -> tuple[ORMOption, ...]:
    """What a page of projects needs, in one statement per collection instead of one per project."""
    assignment, role = selectinload(Project.assignments), selectinload(Project.roles)
    return (
        joinedload(Project.forum),
        assignment.joinedload(Assignment.field),
        role.joinedload(Role.organisation),
        selectinload(Project.changes),
    )


def page() -> Any:
    """The first page, as the register sorts it."""
    table = Project.__table__
    return sa.select(Project).where(table.c.demo.is_(False)).order_by(table.c.title_sort, table.c.id).limit(PAGE)
