"""Every write counts in the projects it touches and in what projects share, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portfolio.app import REGISTER
from portfolio.core.db import Database
from portfolio.funding.models import Award, AwardStatusChange, FundingProgramme, LedgerEntry
from portfolio.history.models import AreaRevision, TreeRevision
from portfolio.history.trees import Step, path_to_tree, touched_by
from portfolio.projects.models import Assignment, Decision, Project, ProjectRole
from tests.conftest import key_headers, make_app

TODAY = "2026-03-02"


class Counters:
    """What the tables say, and what one write changes of it."""

    def __init__(self, database: Database) -> None:
        self.database, self.client = database, make_app(database).test_client()
        self.headers = key_headers(database, "coordinator")

    def read(self) -> dict[str, int]:
        with self.database.snapshot() as session:
            slugs = dict(session.execute(sa.select(Project.id, Project.slug)).all())
            trees = session.execute(sa.select(TreeRevision.project_id, TreeRevision.rev))
            found = {slugs.get(project, str(project)): rev for project, rev in trees}
            return found | dict(session.execute(sa.select(AreaRevision.area, AreaRevision.rev)).all())

    def post(self, path: str, body: dict[str, Any], status: int = 201) -> tuple[str, set[str]]:
        """The place of what was made, and what the write counted in."""
        before = self.read()
        answer = self.client.post(path, json=body, headers=self.headers)
        assert answer.status_code == status, answer.json
        rev = int(answer.headers["Register-Revision"])
        changed = {name: found for name, found in self.read().items() if before.get(name) != found}
        assert set(changed.values()) == {rev}
        return answer.headers.get("Location", path), set(changed)


@pytest.fixture
def counters(seeded: Database) -> Counters:
    return Counters(seeded)


def test_every_part_of_a_project_leads_to_it() -> None:
    assert path_to_tree(Project) == ()
    assert path_to_tree(ProjectRole) == (Step("project_id", Project),)
    steps = path_to_tree(AwardStatusChange)
    assert steps is not None
    assert [step.column for step in steps] == ["award_id", "application_id", "project_id"]
    for shared in (FundingProgramme, Decision):
        assert path_to_tree(shared) is None
    for kind in REGISTER.kinds.values():
        chain = kind
        while chain.parent is not None:
            chain = REGISTER.kinds[chain.parent]
        if chain.table.name == REGISTER.owned:
            assert path_to_tree(kind.model) is not None, kind.table.name


def test_a_write_counts_in_its_project_however_deep_the_record_lies(counters: Counters) -> None:
    path, touched = counters.post("/v1/projects/ruhr-digital/applications", {"level": "eu", "requested_amount": "9.00"})
    assert touched == {"ruhr-digital"}
    for to in ("submitted", "under_review", "approved"):
        assert counters.post(f"{path}/transitions", {"to": to, "on": TODAY}, 200)[1] == {"ruhr-digital"}
    award, touched = counters.post(f"{path}/awards", {"issued_on": TODAY, "amount": "9.00"})
    assert touched == {"ruhr-digital"}
    assert counters.post(f"{award}/transitions", {"to": "final", "on": TODAY}, 200)[1] == {"ruhr-digital"}
    booking = {"type": "disbursement", "amount": "1.00", "booked_on": TODAY}
    assert counters.post(f"{award}/ledger-entries", booking)[1] == {"ruhr-digital"}
    milestone = {"title_de": "Start", "kind": "opening", "baseline_on": "2027-01-01"}
    assert counters.post("/v1/projects/oepnv-initiative/milestones", milestone)[1] == {"oepnv-initiative"}


def test_what_projects_share_counts_in_its_package(counters: Counters) -> None:
    organisation = {"code": "WL", "name_de": "Wettlauf", "kind": "association"}
    assert counters.post("/v1/organisations", organisation)[1] == {"organisations"}
    programme = {"code": "neu", "title_de": "Neu", "level": "eu"}
    assert counters.post("/v1/funding-programmes", programme)[1] == {"funding"}
    project = {"slug": "neu", "title_de": "Neu", "proposed_on": TODAY}
    assert counters.post("/v1/projects", project)[1] == {"neu"}


def test_a_record_whose_parents_are_not_in_memory_is_looked_up(with_demo: Database) -> None:
    with with_demo.snapshot() as session:
        entry = session.scalars(sa.select(LedgerEntry).limit(1)).one()
        expected = session.scalar(
            sa.text(
                "SELECT a.project_id FROM application a JOIN award w ON w.application_id = a.id WHERE w.id = :award"
            ).bindparams(sa.bindparam("award", entry.award_id, type_=Award.__table__.c.id.type))
        )
        found = touched_by(session, [entry])
    assert [str(tree) for tree in found.trees] == [str(expected)]


def test_every_project_of_the_seed_is_counted(client: FlaskClient, seeded: Database) -> None:
    with seeded.snapshot() as session:
        projects = set(session.scalars(sa.select(Project.id)))
        counted = set(session.scalars(sa.select(TreeRevision.project_id)))
        assert session.scalar(sa.select(sa.func.count()).select_from(Assignment))
    assert projects == counted
