"""Random histories on both engines beside a plain reference: same answers, same bytes, same leaves, for ever."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from werkzeug.test import TestResponse

from portfolio import verify
from portfolio.core.db import Database, WriteContext
from portfolio.history import merkle
from portfolio.history.erasure import erase_field
from portfolio.history.models import ERASED, Revision
from portfolio.history.recorder import ERASE
from tests.conftest import clearing
from tests.history.auditing import Auditor, source_of
from tests.history.reference_model import APPLICATION_STEPS, GRANTED, MILESTONE_STEPS, Record, Reference
from tests.history.side import Side
from tests.postgres import create_database, drop_database

SLUGS = ("dach", "bruecke", "aerzte")
TITLES = st.sampled_from(["Eins", "Zwei", "Ähre", "Fußball 3"])
AMOUNTS = st.sampled_from(["0.00", "0.01", "999999999999.99", "1250000.00", "33.33"])
TAGS = st.sampled_from(["right", "right", "right", "stale", "star", "missing"])
DAY = "2026-03-10"
LOOKED_AT = "2026-03-31"
"""After all days that are told, and before every day that the clock can reach."""
KINDS = {"project": "slug", "milestone": "id", "application": "id", "award": "id"}
VALUES = {"project": "title_de", "milestone": "title_de", "application": "requested_amount", "award": "amount"}
REASON = {"Change-Reason": "Irrtum"}
ERASING = WriteContext("act_system", "cli", ERASE, reason="Art. 17 DSGVO")
COMPARED = ("ETag", "Location", "Register-Revision", "Idempotent-Replayed", "Content-Type", "Link")


class Histories(RuleBasedStateMachine):
    """Each rule is one request to both sides; status and bytes must be equal, and as the reference says."""

    sides: list[Side]
    clears: list[Callable[[], None]]
    parent: Path

    @initialize()
    def begin(self) -> None:
        for side, clear in zip(self.sides, self.clears, strict=True):
            side.begin(clear)
        self.reference = Reference()
        self.folder = Path(tempfile.mkdtemp(dir=type(self).parent))
        self.auditor = Auditor(self.folder / "auditor")
        self.held: dict[int, str] = {}
        self.notes: dict[str, list[str]] = {}
        self.saved: dict[str, bytes] = {}
        self.number = 0
        self.last_post: tuple[str, Any, str, TestResponse, dict[str, str]] | None = None

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str | None = "coordinator",
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        self.number += 1
        # Without an id from outside each side would make its own, and it is part of what is hashed.
        sent = {"X-Request-Id": f"request-{self.number}", **(headers or {})}
        if method == "POST":
            sent.setdefault("Idempotency-Key", f"key-{self.number}")
        one, other = (side.ask(method, path, role, sent, body) for side in self.sides)
        assert (one.status_code, one.get_data()) == (other.status_code, other.get_data()), (method, path)
        for name in COMPARED:
            assert one.headers.get(name) == other.headers.get(name), (name, method, path)
        if method == "POST":
            self.last_post = (path, body, sent["Idempotency-Key"], one, dict(headers or {}))
        return one

    def expect(self, answer: TestResponse, status: int) -> bool:
        """The status is the expected one; true where the write was accepted."""
        assert answer.status_code == status, answer.get_data(as_text=True)
        return status < 300

    def tag(self, key: str | None, tag: str) -> tuple[dict[str, str], int]:
        """``If-Match`` of one kind for a record, and what a change with it answers."""
        version = self.reference.records[key].version if key else 1
        if tag == "missing":
            return {}, 428
        if key is None:
            return {"If-Match": '"1-a"'}, 404
        found = {"right": (f'"{version}-a"', 200), "stale": (f'"{version + 1}-a"', 412), "star": ("*", 412)}
        value, status = found[tag]
        return {"If-Match": value}, status

    def settled(self, answer: TestResponse) -> None:
        """A write told the revision it became."""
        assert int(answer.headers["Register-Revision"]) == self.reference.revision

    def pick(self, data: st.DataObject, kind: str) -> str:
        return data.draw(st.sampled_from(sorted(self.reference.keys(kind))), label=kind)

    def has(self, kind: str) -> bool:
        return bool(self.reference.keys(kind))

    @rule(slug=st.sampled_from(SLUGS), title=TITLES)
    def propose(self, slug: str, title: str) -> None:
        taken = slug in self.reference.records
        answer = self.ask("POST", "/v1/projects", {"slug": slug, "title_de": title, "proposed_on": "2026-03-02"})
        if self.expect(answer, 409 if taken else 201):
            self.reference.add(slug, Record("project", None, title, "proposed"))
            self.settled(answer)

    @rule(slug=st.sampled_from(SLUGS), title=TITLES, tag=TAGS, role=st.sampled_from(["coordinator", "editor"]))
    def rename(self, slug: str, title: str, tag: str, role: str) -> None:
        key = slug if slug in self.reference.records else None
        headers, status = self.tag(key, tag)
        if role == "editor" and status in (200, 412):
            status = 403  # nobody leads it, so no editor may change it, whatever the tag
        answer = self.ask("PATCH", f"/v1/projects/{slug}", {"title_de": title}, role=role, headers=headers)
        if self.expect(answer, status):
            self.reference.change(slug, value=title)
            self.settled(answer)

    @rule(slug=st.sampled_from(SLUGS), tag=TAGS)
    def remove(self, slug: str, tag: str) -> None:
        key = slug if slug in self.reference.records else None
        headers, status = self.tag(key, tag)
        if status == 200:
            status = 409 if self.reference.children(slug) else 204
        answer = self.ask("DELETE", f"/v1/projects/{slug}", headers={**headers, **REASON})
        if self.expect(answer, status):
            self.reference.remove(slug)
            self.notes.pop(slug, None)  # the next of this slug is another record, with notes of its own
            self.settled(answer)

    @precondition(lambda self: self.has("project"))
    @rule(data=st.data(), title=TITLES)
    def plan(self, data: st.DataObject, title: str) -> None:
        slug = self.pick(data, "project")
        body = {"title_de": title, "kind": "result", "baseline_on": "2026-09-01"}
        answer = self.ask("POST", f"/v1/projects/{slug}/milestones", body)
        self.expect(answer, 201)
        self.reference.add(answer.json["id"], Record("milestone", slug, title, "scheduled"))
        self.settled(answer)

    @precondition(lambda self: self.has("milestone"))
    @rule(data=st.data(), title=TITLES, tag=TAGS)
    def retitle(self, data: st.DataObject, title: str, tag: str) -> None:
        milestone = self.pick(data, "milestone")
        headers, status = self.tag(milestone, tag)
        answer = self.ask("PATCH", f"/v1/milestones/{milestone}", {"title_de": title}, headers=headers)
        if self.expect(answer, status):
            self.reference.change(milestone, value=title)
            self.settled(answer)

    @precondition(lambda self: self.has("milestone"))
    @rule(data=st.data(), to=st.sampled_from(["achieved", "missed", "cancelled"]))
    def conclude(self, data: st.DataObject, to: str) -> None:
        milestone = self.pick(data, "milestone")
        allowed = to in MILESTONE_STEPS.get(self.reference.records[milestone].status, ())
        body = {"to": to, "on": DAY, "reason": "Grund"}
        answer = self.ask("POST", f"/v1/milestones/{milestone}/transitions", body)
        if self.expect(answer, 200 if allowed else 409):
            self.reference.change(milestone, status=to)
            self.settled(answer)

    @precondition(lambda self: self.has("milestone"))
    @rule(data=st.data(), tag=TAGS)
    def unplan(self, data: st.DataObject, tag: str) -> None:
        milestone = self.pick(data, "milestone")
        headers, status = self.tag(milestone, tag)
        if status == 200:
            status = 204 if self.reference.records[milestone].status == "scheduled" else 409
        answer = self.ask("DELETE", f"/v1/milestones/{milestone}", headers={**headers, **REASON})
        if self.expect(answer, status):
            self.reference.remove(milestone)
            self.settled(answer)

    @precondition(lambda self: self.has("project"))
    @rule(data=st.data(), amount=AMOUNTS)
    def apply(self, data: st.DataObject, amount: str) -> None:
        slug = self.pick(data, "project")
        body = {"level": "federal", "requested_amount": amount}
        answer = self.ask("POST", f"/v1/projects/{slug}/applications", body)
        self.expect(answer, 201)
        self.reference.add(answer.json["id"], Record("application", slug, amount, "draft"))
        self.settled(answer)

    @precondition(lambda self: self.has("application"))
    @rule(data=st.data(), steps=st.lists(st.sampled_from(sorted({s for t in APPLICATION_STEPS.values() for s in t}))))
    def process(self, data: st.DataObject, steps: list[str]) -> None:
        application = self.pick(data, "application")
        for to in ["submitted", "under_review", *steps[:2]]:
            record = self.reference.records[application]
            allowed = to in APPLICATION_STEPS.get(record.status, ())
            body = {"to": to, "on": DAY, "reason": "Grund"}
            answer = self.ask("POST", f"/v1/applications/{application}/transitions", body)
            if self.expect(answer, 200 if allowed else 409):
                self.reference.change(application, status=to, note="submitted" if to == "submitted" else None)
                self.settled(answer)

    @precondition(lambda self: self.has("application"))
    @rule(data=st.data(), amount=AMOUNTS, amend=st.booleans(), explained=st.booleans())
    def grant(self, data: st.DataObject, amount: str, amend: bool, explained: bool) -> None:
        application = self.pick(data, "application")
        granted = self.reference.records[application].status in GRANTED
        earlier = [key for key in self.reference.children(application) if self._in_force(key)]
        body = {"issued_on": DAY, "amount": amount}
        if amend and earlier:
            body["supersedes"] = earlier[-1]
        others = sum(Decimal(self.reference.records[key].value) for key in earlier if key != body.get("supersedes"))
        above = others + Decimal(amount) > Decimal(self.reference.records[application].value)
        status = 409 if not granted else 422 if above and not explained else 201
        headers = {"Change-Reason": "Nachtrag"} if explained else {}
        answer = self.ask("POST", f"/v1/applications/{application}/awards", body, headers=headers)
        if self.expect(answer, status):
            if "supersedes" in body:
                previous = self.reference.records[body["supersedes"]]
                previous.status, previous.version = "superseded", previous.version + 1
            self.reference.add(answer.json["id"], Record("award", application, amount, "issued"))
            self.settled(answer)

    def _in_force(self, key: str) -> bool:
        return self.reference.records[key].status != "superseded"

    @precondition(lambda self: self.last_post is not None)
    @rule(changed=st.booleans())
    def send_again(self, changed: bool) -> None:
        """A retry gives the same answer and does nothing; another body under the same key is refused."""
        assert self.last_post is not None
        sent = path, original, key, first, headers = self.last_post
        body = {**original, "title_de": "anders"} if changed and "title_de" in original else original
        same = body == original
        answer = self.ask("POST", path, body, headers={**headers, "Idempotency-Key": key})
        self.last_post = sent
        self.expect(answer, first.status_code if same else 422)
        if same:
            assert answer.get_data() == first.get_data()
            assert answer.headers["Idempotent-Replayed"] == "true"

    @precondition(lambda self: self.has("project"))
    @rule(data=st.data())
    def note(self, data: st.DataObject) -> None:
        slug = self.pick(data, "project")
        text = f"Notiz {self.number} über Frau Müller"
        headers, _ = self.tag(slug, "right")
        answer = self.ask("PATCH", f"/v1/projects/{slug}", {"internal_note": text}, headers=headers)
        self.expect(answer, 200)
        self.reference.change(slug, note=text)
        self.notes.setdefault(slug, []).append(text)
        self.settled(answer)

    @precondition(lambda self: any(slug in self.reference.records for slug in self.notes))
    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        """What was erased is gone from every past too; nothing else of it changes."""
        slug = data.draw(st.sampled_from(sorted(slug for slug in self.notes if slug in self.reference.records)))
        for side in self.sides:
            with side.clock(), side.database.transaction(ERASING) as session:
                erase_field(session, "project", slug, "internal_note")
        self.reference.change(slug, note=ERASED)
        for text in self.notes.pop(slug):
            for path, body in self.saved.items():
                self.saved[path] = body.replace(text.encode(), ERASED.encode())
        self.last_post = None  # stored answers that could hold the text are gone

    @rule()
    def hold(self) -> None:
        """The auditor takes the signed end of the log away."""
        leaves = _leaves(self.sides[0].database)
        frontier: list[bytes] = []
        for size, leaf in enumerate(leaves):
            frontier = merkle.extended(frontier, size, leaf)
        self.held[len(leaves)] = self.auditor.note(len(leaves), merkle.root_of_frontier(frontier))

    @rule(hours=st.sampled_from([-24, -1, 1, 24]))
    def jump(self, hours: int) -> None:
        """The clock of the machine is set anew, also backwards."""
        for side in self.sides:
            side.ticking.instant += timedelta(hours=hours)
        if hours > 1:
            self.last_post = None  # a kept answer expires after a week

    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        """A past revision, and now: lists and totals are those of the reference."""
        revision = data.draw(st.integers(0, self.reference.revision), label="revision")
        self.compare(revision, f"valid_on={LOOKED_AT}&known_at={revision}")
        self.compare(self.reference.revision, f"valid_on={LOOKED_AT}")

    def compare(self, revision: int, clocks: str) -> None:
        for kind, key in KINDS.items():
            items = self.look_up(f"/v1/{kind}s?limit=200&{clocks}")["items"]
            shown = {item[key]: (item[VALUES[kind]], item["status"], item["version"]) for item in items}
            assert shown == self.reference.shown(kind, revision), (kind, revision)
        total = self.look_up(f"/v1/reports/funding-summary?{clocks}")["total"]
        assert Decimal(total["applied"]["amount"]) == self.reference.applied(revision)
        assert Decimal(total["approved"]["amount"]) == self.reference.approved(revision)

    def look_up(self, path: str) -> Any:
        """What is answered for a moment is answered again, byte for byte."""
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        if "known_at" in path:
            assert self.saved.setdefault(path, answer.get_data()) == answer.get_data(), path
        return answer.json

    def teardown(self) -> None:
        if hasattr(self, "saved"):
            self.finish()

    def finish(self) -> None:
        """Now and the past are those of the reference, nothing has changed, and both engines hold the same log."""
        now = self.reference.revision
        for revision in (now // 3, now // 2, now):  # many histories never happen to look
            self.compare(revision, f"valid_on={LOOKED_AT}&known_at={revision}")
        for path in list(self.saved):
            self.look_up(path)
        leaves = [_leaves(side.database) for side in self.sides]
        assert leaves[0] == leaves[1]
        assert len(leaves[0]) == self.reference.revision
        self.hold()
        trusted = [self.auditor.hold(*self.held.values())]
        for side in self.sides:
            source = source_of(side.database, self.folder / "dump")
            report = verify.verify(source, self.auditor.key, trusted if leaves[0] else [], None)
            assert (report.findings, report.exit_code) == ([], 0 if leaves[0] else 3), verify.as_text(report)


def _leaves(database: Database) -> list[bytes]:
    with database.snapshot() as session:
        return list(session.scalars(sa.select(Revision.leaf).order_by(Revision.rev)))


@pytest.mark.large
def test_random_histories(scale: bool, postgres_dsn: str, tmp_path: Path) -> None:
    name = f"machine_{os.getpid()}"
    opened = [Side(f"sqlite:///{tmp_path}/{name}.sqlite"), Side(create_database(postgres_dsn, name))]

    class Machine(Histories):
        sides = opened
        parent = tmp_path

    with ExitStack() as stack:
        Machine.clears = [stack.enter_context(clearing(side.database)) for side in opened]
        _run(Machine, scale)
        for side in opened:
            side.database.dispose()
    drop_database(postgres_dsn, name)


def _run(machine: type[Histories], scale: bool) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60 if scale else 6,
            stateful_step_count=40 if scale else 25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # A failing history is short enough to read; making it shorter takes minutes on two engines.
            phases=[Phase.generate],
            derandomize=not scale,
            database=None,
            print_blob=True,
        ),
    )
