"""The records behind the sheets: what every kind of them can do, and what one run of rows has looked up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core.problems import Invalid, NotFound, ProblemError
from portfolio.exchange.columns import JsonValue
from portfolio.exchange.findings import Row
from portfolio.exchange.rows import Record, rows_with_ids
from portfolio.exchange.sheets import BY_KEY
from portfolio.funding.models import Application
from portfolio.history.reading import reading_of
from portfolio.milestones.models import Milestone
from portfolio.projects import service as projects
from portfolio.projects.models import Project

Values = dict[str, JsonValue]
Held = Project | Application | Milestone


class Targets:
    """The kinds of records for one run of rows; what it has looked up it need not look up again."""

    def __init__(
        self,
        session: Session,
        kinds: Mapping[str, type[Target]],
        permit: Callable[[str, str | None], None],
        view: str,
        reason: str | None,
    ) -> None:
        self.session, self.permit, self.view, self.reason = session, permit, view, reason
        self._kinds = kinds
        self._owners: dict[UUID, str | None] = {}
        self._projects: dict[str, Project] = {}
        self._targets: dict[str, Target] = {}
        self._loaded: dict[UUID, Project] = {}
        self.held: dict[UUID, Held] = {}
        """Records that are locked already, by id."""

    def anew(self) -> Targets:
        """The same, with nothing looked up."""
        return Targets(self.session, self._kinds, self.permit, self.view, self.reason)

    def hold(self, rows: Sequence[Row]) -> None:
        """Lock the records of ``rows``: one statement for all of a kind, in the order of their ids."""
        self.held.clear()
        for sheet, kind in self._kinds.items():
            model = kind.held
            if model is None:
                continue
            ids = [UUID(row.record_id) for row in rows if row.sheet == sheet and row.record_id is not None]
            if ids:
                found = self.session.scalars(
                    sa.select(model).where(model.id.in_(ids)).order_by(model.id).with_for_update()
                )
                self.held.update({record.id: cast(Held, record) for record in found})

    def of(self, sheet: str) -> Target:
        """The records behind a sheet."""
        if sheet not in self._targets:
            self._targets[sheet] = self._kinds[sheet](self, sheet)
        return self._targets[sheet]

    def require(self, operation: str, project: Project) -> None:
        """:raises Forbidden: another organisation leads the project today."""
        if project.id not in self._owners:
            self._loaded[project.id] = project  # so that the session need not load it for each row
            self._owners[project.id] = projects.lead_of(self.session, project.id)
        self.permit(operation, self._owners[project.id])

    def project(self, slug: JsonValue) -> Project:
        """The locked project that a row names."""
        if not isinstance(slug, str):
            raise named("project", "required", "Name the project, as in the sheet Projekte / Projects.")
        if slug not in self._projects:
            try:
                self._projects[slug] = projects.lock_project(self.session, slug)
            except NotFound as error:
                raise named("project", "not_found", error.detail) from None
        return self._projects[slug]


class Target(ABC):
    """One kind of record. What is only ever added to, such as a booking, has no other way than :meth:`create`."""

    held: ClassVar[type[Project] | type[Application] | type[Milestone] | None] = None
    """The model whose records can be locked many at a time."""

    def __init__(self, targets: Targets, sheet: str) -> None:
        self.targets, self.session, self.sheet = targets, targets.session, sheet

    @abstractmethod
    def create(self, values: Values) -> UUID:
        """Make a record of a new row and give its id."""

    def create_many(self, rows: Sequence[Values]) -> Sequence[UUID]:
        """Make the records of several new rows; where one fails it is as if none had been tried."""
        return [self.create(values) for values in rows]

    def shown(self, record_id: UUID) -> Record:
        """What the register says of a record now, as far as the author may see it.

        :raises NotFound: there is no such record any more.
        """
        rows = rows_with_ids(BY_KEY[self.sheet], reading_of(self.session), self.targets.view, [record_id])
        if not rows:
            raise NotFound("There is no such record any more.")
        return rows[str(record_id)]


class Changeable(Target):
    """A kind whose records have a version, fields that may be changed, and a status."""

    @abstractmethod
    def version(self, record_id: UUID) -> int:
        """The version of the record, which is locked from here on."""

    @abstractmethod
    def change(self, record_id: UUID, values: Values) -> None:
        """Change fields of a record that :meth:`version` has locked."""

    @abstractmethod
    def step(self, record_id: UUID, step: Values) -> None:
        """Change the status of a record."""


def named(name: str, code: str, detail: str) -> Invalid:
    """A fault of one cell."""
    return Invalid(detail, errors=[ProblemError(code, detail, pointer=f"#/{name}")])


def id_in(value: JsonValue, name: str) -> UUID:
    """The id that the cell ``name`` holds.

    :raises Invalid: it is none.
    """
    try:
        return UUID(value if isinstance(value, str) else "")
    except ValueError:
        raise named(name, "invalid_id", "This is no id; copy it from its sheet.") from None
