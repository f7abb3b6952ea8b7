"""How far an erasure reaches: every copy of a reason, copies kept by readers, and a write that is under way."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portfolio.core.db import Database, WriteContext
from portfolio.history.erasure import Erased, erase_field, erase_reason
from portfolio.history.models import ERASED, Change, Redactable
from portfolio.history.recorder import ERASE
from portfolio.projects.service import find_project, update_project
from tests.conftest import SYSTEM
from tests.history.signing import write

NAME = "Frau Mustermann hat abgesagt"
GROUND = WriteContext(actor_id="act_system", via="cli", action=ERASE, reason="Art. 17 DSGVO")
Headers = dict[str, str]


def _withdrawn(client: FlaskClient, headers: Headers) -> tuple[str, int]:
    """An application that was withdrawn for a reason and changed afterwards: its address, and that revision."""
    begun = {"level": "eu", "requested_amount": "1000.00", "purpose": "Labor"}
    made = client.post("/v1/projects/oepnv-initiative/applications", json=begun, headers=headers)
    assert made.status_code == 201, made.text
    path = made.headers["Location"]
    for body in ({"to": "submitted", "on": "2026-03-02"}, {"to": "withdrawn", "on": "2026-03-03", "reason": NAME}):
        answer = client.post(f"{path}/transitions", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
    return path, int(answer.headers["Register-Revision"])


def _values(database: Database) -> list[str]:
    with database.snapshot() as session:
        return list(session.scalars(sa.select(Redactable.value)))


def _texts(client: FlaskClient, path: str, headers: Headers, revision: int) -> str:
    """All that the register says of the record, now and then."""
    asked = (f"{path}", f"{path}/history", f"{path}?known_at={revision}", f"/v1/revisions/{revision}", "/v1/changes")
    answers = [client.get(one, headers=headers) for one in asked]
    assert {answer.status_code for answer in answers} == {200}
    return "".join(answer.text for answer in answers)


class TestReason:
    """A transition's reason stands in the header and in the journal."""

    @pytest.mark.parametrize("way", ["revision", "application_status_change"])
    def test_goes_everywhere_whichever_copy_is_named(
        self, client: FlaskClient, coordinator: Headers, seeded: Database, way: str
    ) -> None:
        path, revision = _withdrawn(client, coordinator)
        assert NAME in _texts(client, path, coordinator, revision)
        with seeded.transaction(GROUND) as session:
            if way == "revision":
                erase_reason(session, revision)
            else:
                record = sa.select(Change.entity_id).where(Change.rev == revision, Change.entity == way)
                erase_field(session, way, session.scalars(record).one(), "reason")
        assert NAME not in _texts(client, path, coordinator, revision)
        assert ERASED in _texts(client, path, coordinator, revision)
        assert not [value for value in _values(seeded) if NAME in value]

    def test_of_another_revision_stays(self, client: FlaskClient, coordinator: Headers, seeded: Database) -> None:
        _, first = _withdrawn(client, coordinator)
        other, second = _withdrawn(client, coordinator)
        with seeded.transaction(GROUND) as session:
            erase_reason(session, first)
        assert NAME in _texts(client, other, coordinator, second)

    def test_of_the_revision_alone_leaves_other_texts(self, database: Database) -> None:
        context = WriteContext(actor_id="act_system", via="cli", action="projects.update", reason=NAME)
        write(database, "dach", "bleibt")
        with database.transaction(context) as session:
            update_project(session, find_project(session, "dach"), {"title_de": "Dächer"})
        with database.transaction(GROUND) as session:
            assert erase_reason(session, 2) == Erased(values=1, answers=0)
        assert _values(database).count('"bleibt"') == 2


def test_copies_that_readers_keep_are_not_called_fresh(
    client: FlaskClient, coordinator: Headers, seeded: Database
) -> None:
    path, revision = _withdrawn(client, coordinator)
    asked = [
        f"{path}?known_at={revision}",
        f"{path}/history?known_at={revision}",
        f"/v1/revisions/{revision}?known_at={revision}",
        f"/v1/applications?known_at={revision}&limit=200",
        f"/v1/applications?known_at={revision}&format=csv",
    ]
    kept = [client.get(one, headers=coordinator) for one in asked]
    with seeded.transaction(GROUND) as session:
        erase_reason(session, revision)
    for one, before in zip(asked, kept, strict=True):
        headers = {**coordinator, "If-None-Match": before.headers["ETag"]}
        assert (client.get(one, headers=headers).status_code == 304) == (NAME not in before.text), one
    public = client.get(f"/v1/revisions/{revision}?known_at={revision}")
    again = client.get(
        f"/v1/revisions/{revision}?known_at={revision}", headers={"If-None-Match": public.headers["ETag"]}
    )
    assert again.status_code == 304


def test_a_write_under_way_does_not_bring_the_text_back(database: Database) -> None:
    write(database, "dach", NAME)
    told: list[Any] = []

    def erase() -> None:
        with database.transaction(GROUND) as session:
            told.append(erase_field(session, "project", "dach", "internal_note"))

    thread = threading.Thread(target=erase)
    with database.transaction(SYSTEM) as session:
        update_project(session, find_project(session, "dach"), {"title_de": "Dächer"})
        session.flush()
        thread.start()
        thread.join(0.3)  # it waits for the record
        assert not told
    thread.join(10)
    assert told == [Erased(values=2, answers=0)]
    assert not [value for value in _values(database) if NAME in value]
