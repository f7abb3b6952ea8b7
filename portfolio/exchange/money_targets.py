"""Applications, awards and payments behind their sheets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from portfolio.core.problems import NotFound, ProblemError
from portfolio.core.reasons import ReasonRequired
from portfolio.exchange import sheets
from portfolio.exchange.columns import JsonValue
from portfolio.exchange.targets import Changeable, Target, Targets, Values, id_in, named
from portfolio.funding import applications, awards, ledger
from portfolio.funding import schemas as money
from portfolio.funding.lifecycle import CORRECTION, GRANTED
from portfolio.funding.models import Application, Award
from portfolio.projects.models import Project

_APPLICATION: Any = money.ApplicationInputSchema()
_APPLICATION_CHANGES: Any = money.ApplicationChangesSchema()
_APPLICATION_STEP: Any = money.ApplicationTransitionInputSchema()
_AWARD: Any = money.AwardInputSchema()
_AWARD_CHANGES: Any = money.AwardChangesSchema()
_AWARD_STEP: Any = money.AwardTransitionInputSchema()
_ENTRY: Any = money.LedgerEntryInputSchema()


class _Applications(Changeable):
    held = Application

    def create(self, values: Values) -> UUID:
        project = self.targets.project(values.pop("project", None))
        self.targets.require("applications.create", project)
        return applications.create_application(self.session, project, _APPLICATION.load(values)).id

    def version(self, record_id: UUID) -> int:
        held = self.targets.held.get(record_id)
        return (held or applications.lock_application(self.session, record_id)).version

    def change(self, record_id: UUID, values: Values) -> None:
        application = self._permitted(record_id, "applications.update")
        applications.update_application(self.session, application, _APPLICATION_CHANGES.load(values))

    def step(self, record_id: UUID, step: Values) -> None:
        application = self._permitted(record_id, "applications.transition")
        asked = _APPLICATION_STEP.load(step)
        applications.transition_application(self.session, application, asked["to"], asked["on"], asked["reason"])

    def _permitted(self, record_id: UUID, operation: str) -> Application:
        application = self.session.get_one(Application, record_id)
        self.targets.require(operation, applications.project_of(self.session, application))
        return application


class _Awards(Changeable):
    def create(self, values: Values) -> UUID:
        application = self._application(values)
        project = applications.project_of(self.session, application)
        self.targets.require("awards.create", project)
        loaded = _AWARD.load(values)
        supersedes = loaded.pop("supersedes")
        award = awards.create_award(self.session, application, loaded, supersedes=supersedes)
        if awards.grants_more_than_asked(self.session, application) and self.targets.reason is None:
            detail = "The awards come to more than was applied for; give a reason with the whole file."
            raise ReasonRequired(detail, errors=[ProblemError("reason_required", detail, pointer="#/amount")])
        return award.id

    def version(self, record_id: UUID) -> int:
        return awards.lock_award(self.session, record_id).version

    def change(self, record_id: UUID, values: Values) -> None:
        award = self._permitted(record_id, "awards.update")
        awards.update_award(self.session, award, _AWARD_CHANGES.load(values))

    def step(self, record_id: UUID, step: Values) -> None:
        award = self._permitted(record_id, "awards.transition")
        asked = _AWARD_STEP.load(step)
        awards.transition_award(self.session, award, asked["to"], asked["on"], asked["reason"])

    def _permitted(self, record_id: UUID, operation: str) -> Award:
        award = self.session.get_one(Award, record_id)
        application = awards.application_of(self.session, award)
        self.targets.require(operation, applications.project_of(self.session, application))
        return award

    def _application(self, values: Values) -> Application:
        """The application of a new award: named by its id, or the only granted one of the project."""
        slug, named_id = values.pop("project", None), values.pop("application", None)
        if named_id is not None:
            record_id = id_in(named_id, "application")
            try:
                return applications.lock_application(self.session, record_id)
            except NotFound as error:
                raise named("application", "not_found", error.detail) from None
        project = self.targets.project(slug)
        found = self.session.scalars(
            sa.select(Application.id).where(Application.project_id == project.id, Application.status.in_(GRANTED))
        ).all()
        if len(found) != 1:
            detail = f"{project.slug} has {len(found)} approved applications; give the ID of one, as in its sheet."
            raise named("application", "not_the_only_one", detail)
        return applications.lock_application(self.session, found[0])


@dataclass(frozen=True)
class _Account:
    """What is booked on: a locked award, its chain and its project."""

    award: Award
    chain: ledger.Chain
    project: Project


class _Payments(Target):
    def __init__(self, targets: Targets, sheet: str) -> None:
        super().__init__(targets, sheet)
        self._accounts: dict[tuple[JsonValue, ...], _Account] = {}
        self._chains: dict[UUID, ledger.Chain] = {}

    def create(self, values: Values) -> UUID:
        account = self._account(values)
        self.targets.require("ledger-entries.create", account.project)
        loaded = _ENTRY.load(values)
        if loaded["type"] == CORRECTION and self.targets.reason is None and not loaded["comment"]:
            detail = "A correction says why; fill in Bemerkung / Comment."
            raise ReasonRequired(detail, errors=[ProblemError("reason_required", detail, pointer="#/comment")])
        reverses = loaded.pop("reverses")
        return ledger.book(self.session, account.award, loaded, reverses=reverses, chain=account.chain).id

    def _account(self, values: Values) -> _Account:
        """Looked up once per award or project: a file may hold thousands of bookings on one."""
        slug, award_id = values.pop("project", None), values.pop("award", None)
        # With an award's id the project stands beside it for people only.
        named_by = ("award", award_id) if award_id is not None else ("project", slug)
        if named_by not in self._accounts:
            award = self._award(slug, award_id)
            application = awards.application_of(self.session, award)
            project = applications.project_of(self.session, application)
            # One for each chain, however it is named: what is booked here is counted there.
            if award.chain_id not in self._chains:
                self._chains[award.chain_id] = ledger.Chain(self.session, award.chain_id)
            self._accounts[named_by] = _Account(award, self._chains[award.chain_id], project)
        return self._accounts[named_by]

    def _award(self, slug: JsonValue, award_id: JsonValue) -> Award:
        """The award that is booked on: named by its id, or the only one in force of the project."""
        if award_id is not None:
            try:
                return awards.lock_award(self.session, id_in(award_id, "award"))
            except NotFound as error:
                raise named("award", "not_found", error.detail) from None
        project = self.targets.project(slug)
        chains = self.session.scalars(
            sa.select(Award.chain_id)
            .join(Application, Application.id == Award.application_id)
            .where(Application.project_id == project.id)
            .distinct()
        ).all()
        if len(chains) != 1:
            detail = (
                f"{project.slug} has {len(chains)} awards; give the ID of one, as in the sheet Bewilligungen / Awards."
            )
            raise named("award", "not_the_only_one", detail)
        return awards.lock_award(self.session, awards.last_of(self.session, chains[0]).id)


KINDS: dict[str, type[Target]] = {
    sheets.APPLICATIONS.key: _Applications,
    sheets.AWARDS.key: _Awards,
    sheets.PAYMENTS.key: _Payments,
}
