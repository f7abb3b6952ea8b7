"""What is kept for one project shows that project and what projects share, and nothing else."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portfolio.app import create_app
from portfolio.core.api import operation_at
from portfolio.core.db import Base, Database, Entity
from portfolio.front.keeping import keeper_of
from portfolio.front.lasting import NEVER_KEPT, OF_ONE_PROJECT, tree_question
from portfolio.funding.models import Application, Award, FundingStatement, LedgerEntry
from portfolio.history.models import LogHead, Revision
from portfolio.milestones.models import Milestone
from portfolio.projects.models import FormerSlug, Project
from tests.conftest import key_headers, make_app, settings_of

DAY = "2026-03-02"
_PART = re.compile(r"<(?:\w+:)?(\w+)>")
_READ = re.compile(r"\b(?:from|join)\s+\"?(\w+)", re.IGNORECASE)


class World:
    """A project with everything that hangs on one, and another that is written on."""

    def __init__(self, database: Database) -> None:
        self.database, self.headers = database, key_headers(database, "coordinator")
        # Nothing is kept here: each answer is computed anew.
        self.client = create_app(dataclasses.replace(settings_of(database), cache_mib=0), database).test_client()
        with database.snapshot() as session:
            entry = session.scalars(sa.select(LedgerEntry).order_by(LedgerEntry.id).limit(1)).one()
            award = session.get_one(Award, entry.award_id)
            application = session.get_one(Application, award.application_id)
            self.project = session.get_one(Project, application.project_id)
            self.other = session.scalars(
                sa.select(Project).where(Project.id != self.project.id, Project.slug == "ruhr-digital")
            ).one()
            assert session.scalar(sa.select(sa.func.count()).select_from(FundingStatement))
            milestone = session.scalars(sa.select(Milestone).where(Milestone.project_id == self.project.id)).first()
        slug = self.project.slug
        if milestone is None:
            body = {"title_de": "Start", "kind": "opening", "baseline_on": "2027-01-01"}
            path = self.post(f"/v1/projects/{slug}/milestones", body)
            milestone_id = path.rpartition("/")[2]
        else:
            milestone_id = str(milestone.id)
        self.address = {
            "slug": slug,
            "milestone_id": milestone_id,
            "application_id": str(application.id),
            "award_id": str(award.id),
            "entry_id": str(entry.id),
        }

    def post(self, path: str, body: dict[str, Any], status: int = 201) -> str:
        headers = {**self.headers, "Idempotency-Key": path + str(sorted(body.items()))[:100].replace(" ", "")}
        headers["Idempotency-Key"] = str(abs(hash(headers["Idempotency-Key"])))
        answer = self.client.post(path, json=body, headers=headers)
        assert answer.status_code == status, answer.json
        return answer.headers.get("Location", path)

    def patch(self, path: str, body: dict[str, Any]) -> None:
        tag = self.client.get(path, headers=self.headers).headers["ETag"]
        answer = self.client.patch(path, json=body, headers={**self.headers, "If-Match": tag})
        assert answer.status_code == 200, answer.json

    def paths(self) -> dict[str, str]:
        """The address of each operation that shows one project, here of this one."""
        app = self.client.application
        found = {}
        for rule in app.url_map.iter_rules():
            operation = operation_at(app, rule.endpoint, "GET") if "GET" in (rule.methods or ()) else None
            if operation is not None and operation.operation_id in OF_ONE_PROJECT:
                found[operation.operation_id] = _PART.sub(lambda part: self.address[part[1]], rule.rule)
        assert set(found) == set(OF_ONE_PROJECT)
        return found

    def answers(self) -> dict[str, bytes]:
        found = {}
        for operation_id, path in self.paths().items():
            for name, headers in (("public", {}), ("signed in", self.headers)):
                answer = self.client.get(path, headers=headers)
                assert answer.status_code == 200, (path, answer.json)
                found[f"{operation_id} {name}"] = answer.data
        return found

    def write_elsewhere(self) -> None:
        """Every kind of write that touches no record of this project and nothing that projects share."""
        slug = self.other.slug
        self.patch(f"/v1/projects/{slug}", {"title_de": "Anders", "title_en": "Other", "internal_note": "x"})
        milestone = {"title_de": "Start", "kind": "opening", "baseline_on": "2027-01-01"}
        path = self.post(f"/v1/projects/{slug}/milestones", milestone)
        self.post(f"{path}/forecasts", {"reported_on": DAY, "forecast_on": "2028-01-01"})
        path = self.post(f"/v1/projects/{slug}/applications", {"level": "eu", "requested_amount": "900.00"})
        for to in ("submitted", "under_review", "approved"):
            self.post(f"{path}/transitions", {"to": to, "on": DAY}, 200)
        award = self.post(f"{path}/awards", {"issued_on": DAY, "amount": "900.00"})
        self.post(f"{award}/transitions", {"to": "final", "on": DAY}, 200)
        self.post(f"{award}/ledger-entries", {"type": "disbursement", "amount": "5.00", "booked_on": DAY})
        found = {"from_on": DAY, "basis": "published_source"}
        self.post(f"/v1/projects/{slug}/assignments", {"action_field": "diversity", **found})
        self.post(f"/v1/projects/{slug}/roles", {"organisation": "MUNV", "role": "partner", **found})
        self.post(f"/v1/projects/{slug}/transitions", {"to": "in_implementation", "on": DAY, "reason": "x"}, 200)
        self.patch(f"/v1/projects/{slug}", {"slug": "ruhr-anders"})
        self.post("/v1/projects", {"slug": "ganz-neu", "title_de": "Neu", "proposed_on": DAY})


@pytest.fixture
def world(with_demo: Database) -> World:
    return World(with_demo)


@pytest.mark.postgresql_in_full
def test_no_write_elsewhere_changes_it(world: World) -> None:
    before = world.answers()
    world.write_elsewhere()
    for name, data in world.answers().items():
        assert data == before[name], name


@pytest.mark.postgresql_in_full
def test_it_reads_records_and_no_other_table(world: World) -> None:
    entities = {mapper.class_.__tablename__ for mapper in Base.registry.mappers if issubclass(mapper.class_, Entity)}
    allowed = entities | {LogHead.__tablename__, Revision.__tablename__}
    statements: list[str] = []
    engine = world.database.engine
    listener = lambda *found: statements.append(found[2])  # noqa: E731
    for operation_id, path in world.paths().items():
        statements.clear()
        sa.event.listen(engine, "before_cursor_execute", listener)
        try:
            assert world.client.get(path).status_code == 200
        finally:
            sa.event.remove(engine, "before_cursor_execute", listener)
        read = {name for statement in statements for name in _READ.findall(statement)} & set(Base.metadata.tables)
        assert read, operation_id
        assert read <= allowed, (operation_id, read - allowed)


@pytest.mark.postgresql_in_full
def test_its_project_is_found_by_every_address(world: World) -> None:
    keeper = keeper_of(make_app(world.database))
    assert keeper is not None
    for operation_id in OF_ONE_PROJECT:
        question = tree_question(operation_id, world.database.engine.dialect)
        assert question is not None
        statement, name = question
        assert keeper.store.reader.value(statement, world.address[name]) == str(world.project.id), operation_id


@pytest.mark.postgresql_in_full
def test_a_slug_that_another_project_takes_over_leads_to_that_one(with_demo: Database) -> None:
    client, headers = make_app(with_demo).test_client(), key_headers(with_demo, "coordinator")
    for _ in range(2):
        assert client.get("/v1/projects/ruhr-digital").json["title_de"] != "Neu"
    _rename(client, headers, "ruhr-digital", "umbenannt")
    assert client.get("/v1/projects/ruhr-digital").status_code == 308
    with with_demo.snapshot() as session:
        assert session.scalar(sa.select(FormerSlug.slug).where(FormerSlug.slug == "ruhr-digital"))


def _rename(client: FlaskClient, headers: dict[str, str], slug: str, to: str) -> None:
    tag = client.get(f"/v1/projects/{slug}", headers=headers).headers["ETag"]
    answer = client.patch(f"/v1/projects/{slug}", json={"slug": to}, headers={**headers, "If-Match": tag})
    assert answer.status_code == 200, answer.json


@pytest.mark.postgresql_in_full
def test_what_no_revision_counts_is_never_kept(with_demo: Database) -> None:
    """Of all other operations, an answer that may be kept depends on records and on the program alone."""
    app = make_app(with_demo)
    keeper = keeper_of(app)
    assert keeper is not None
    entities = {mapper.class_.__tablename__ for mapper in Base.registry.mappers if issubclass(mapper.class_, Entity)}
    allowed = entities | {"log_head", "revision", "change", "redactable"}
    statements: list[str] = []
    listener = lambda *found: statements.append(found[2])  # noqa: E731
    client = app.test_client()
    sa.event.listen(with_demo.engine, "before_cursor_execute", listener)
    try:
        for rule in app.url_map.iter_rules():
            operation = operation_at(app, rule.endpoint, "GET") if "GET" in (rule.methods or ()) else None
            if operation is None or rule.arguments or operation.operation_id in NEVER_KEPT:
                continue
            statements.clear()
            kept = len(keeper.store)
            client.get(rule.rule)
            if len(keeper.store) > kept:
                read = {name for one in statements for name in _READ.findall(one)} & set(Base.metadata.tables)
                assert read <= allowed, (operation.operation_id, read - allowed)
    finally:
        sa.event.remove(with_demo.engine, "before_cursor_execute", listener)
    assert len(keeper.store) > 10
