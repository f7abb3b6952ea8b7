"""A register with a record of every kind, and for each operation a request that is good when its role may make it."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portfolio.core.db import Database
from tests.conftest import key_headers, make_app

OWN, FOREIGN = "MUNV", "MWIKE"
DAY = "2026-03-02"
WITH_REASON = {"Change-Reason": "For%20the%20test"}


@dataclass
class Call:
    """One request without credentials."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    file: tuple[str, bytes] | None = None
    """Name and content of a file that is sent instead of a body."""

    def send(self, client: FlaskClient, credentials: dict[str, str]) -> TestResponse:
        options: dict[str, Any] = {} if self.body is None else {"json": self.body}
        if self.file is not None:
            name, content = self.file
            options["data"] = {"file": (io.BytesIO(content), name)}
        return client.open(self.path, method=self.method, headers={**self.headers, **credentials}, **options)


class World:
    """Makes records as the coordinator does."""

    def __init__(self, database: Database) -> None:
        self.client = make_app(database).test_client()
        self.coordinator = key_headers(database, "coordinator")
        self.admin = key_headers(database, "admin")
        self._numbers = itertools.count(1)
        self.decided = self.decision().rpartition("/")[2]

    def do(self, method: str, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
        answer = Call(method, path, body, headers).send(self.client, self.coordinator)
        assert answer.status_code in (200, 201, 204), (method, path, answer.get_data(as_text=True))
        return answer.json

    def etag(self, path: str) -> dict[str, str]:
        return {"If-Match": self.client.get(path, headers=self.coordinator).headers["ETag"]}

    def number(self) -> int:
        return next(self._numbers)

    def idea(self) -> str:
        """The address of a project that nobody leads."""
        slug = f"welt-{self.number()}"
        self.do("POST", "/v1/projects", {"slug": slug, "title_de": f"Welt {slug}", "proposed_on": DAY})
        return f"/v1/projects/{slug}"

    def project(self) -> str:
        """The address of a project that MUNV leads."""
        found = self.idea()
        lead = {"organisation": OWN, "role": "lead_ministry", "from_on": DAY, "decision": self.decided}
        self.do("POST", f"{found}/roles", lead)
        return found

    def draft(self, **values: Any) -> str:
        """The address of an application that nobody else sees yet."""
        body = {"level": "federal", "requested_amount": "1000.00", "eligible_cost": "2000.00", **values}
        made = self.do("POST", f"{self.project()}/applications", body)
        return f"/v1/applications/{made['id']}"

    def application(self) -> str:
        found = self.draft()
        self.do("POST", f"{found}/transitions", {"to": "submitted", "on": "2026-03-03"})
        return found

    def granted(self) -> str:
        found = self.application()
        for to, on in (("under_review", "2026-03-04"), ("approved", "2026-03-20")):
            self.do("POST", f"{found}/transitions", {"to": to, "on": on})
        return found

    def award(self, *, final: bool = False) -> str:
        made = self.do("POST", f"{self.granted()}/awards", {"issued_on": "2026-04-01", "amount": "900.00"})
        found = f"/v1/awards/{made['id']}"
        if final:
            self.do("POST", f"{found}/transitions", {"to": "final", "on": "2026-05-01"})
        return found

    def entry(self) -> str:
        body = {"type": "disbursement", "amount": "1.00", "booked_on": "2026-05-04"}
        return f"/v1/ledger-entries/{self.do('POST', f'{self.award(final=True)}/ledger-entries', body)['id']}"

    def milestone(self) -> str:
        body = {"title_de": "Erstes", "kind": "result", "baseline_on": "2026-09-01"}
        return f"/v1/milestones/{self.do('POST', f'{self.project()}/milestones', body)['id']}"

    def rows(self) -> tuple[str, bytes]:
        """A CSV file with one new milestone of a project that MUNV leads."""
        slug = self.project().rpartition("/")[2]
        text = f"project;title_de;kind;baseline_on;version;id\r\n{slug};Neu;result;2026-09-01;;\r\n"
        return "milestones.csv", text.encode()

    def sent_in(self) -> str:
        """The address of an import by the coordinator."""
        answer = Call("POST", "/v1/imports", file=self.rows()).send(self.client, self.coordinator)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return f"/v1/imports/{answer.json['id']}"

    def decision(self) -> str:
        body = {"kind": "cabinet_decision", "authority": "Land", "decided_on": DAY, "title_de": "Beschluss"}
        return f"/v1/decisions/{self.do('POST', '/v1/decisions', body)['id']}"

    def organisation(self) -> str:
        code = f"welt-{self.number()}"
        self.do("POST", "/v1/organisations", {"code": code, "name_de": code, "kind": "company"})
        return f"/v1/organisations/{code}"

    def programme(self) -> str:
        code = f"welt-{self.number()}"
        self.do("POST", "/v1/funding-programmes", {"code": code, "title_de": code, "level": "eu"})
        return f"/v1/funding-programmes/{code}"

    def api_key(self) -> str:
        answer = self.client.post("/v1/api-keys", json={"role": "auditor", "name": "x"}, headers=self.admin)
        return f"/v1/api-keys/{answer.json['id']}"


Build = Callable[[World], Call]


def reads(path: str) -> Build:
    """A read of an address that needs no record of ours."""
    return lambda _: Call("GET", path)


def of(make: Callable[[World], str], rest: str = "") -> Build:
    """A read below a record that is made first."""
    return lambda world: Call("GET", make(world) + rest)


def posts(make: Callable[[World], str], rest: str, body: dict[str, Any], **headers: str) -> Build:
    return lambda world: Call("POST", make(world) + rest, body, headers)


def patches(make: Callable[[World], str], body: dict[str, Any]) -> Build:
    def build(world: World) -> Call:
        path = make(world)
        return Call("PATCH", path, body, world.etag(path))

    return build


def deletes(make: Callable[[World], str]) -> Build:
    def build(world: World) -> Call:
        path = make(world)
        return Call("DELETE", path, None, {**world.etag(path), **WITH_REASON})

    return build


def _new(world: World, path: str, name: str, **body: Any) -> Call:
    return Call("POST", path, {name: f"neu-{world.number()}", **body})


CALLS: dict[str, Build] = {
    "GET /v1": reads("/v1"),
    "GET /v1/data-dictionary": reads("/v1/data-dictionary?record=Award"),
    "GET /v1/programme": reads("/v1/programme"),
    "GET /v1/action-fields": reads("/v1/action-fields"),
    "GET /v1/action-fields/<code>": reads("/v1/action-fields/mobility"),
    "GET /v1/theme-forums": reads("/v1/theme-forums"),
    "GET /v1/theme-forums/<int:number>": reads("/v1/theme-forums/13"),
    "GET /v1/vocabularies": reads("/v1/vocabularies"),
    "GET /v1/vocabularies/<name>": reads("/v1/vocabularies/role"),
    "GET /v1/organisations": reads("/v1/organisations"),
    "POST /v1/organisations": lambda world: _new(world, "/v1/organisations", "code", name_de="Neu", kind="company"),
    "GET /v1/organisations/<code>": reads("/v1/organisations/MUNV"),
    "PATCH /v1/organisations/<code>": patches(World.organisation, {"name_en": "New"}),
    "GET /v1/projects": reads("/v1/projects"),
    "POST /v1/projects": lambda world: _new(world, "/v1/projects", "slug", title_de="Neu", proposed_on=DAY),
    "GET /v1/projects/<slug>": of(World.project),
    "PATCH /v1/projects/<slug>": patches(World.project, {"summary_en": "New"}),
    "DELETE /v1/projects/<slug>": deletes(World.idea),
    "GET /v1/projects/<slug>/transitions": of(World.project, "/transitions"),
    "POST /v1/projects/<slug>/transitions": posts(World.project, "/transitions", {"to": "suspended", "on": DAY}),
    "GET /v1/projects/<slug>/assignments": of(World.project, "/assignments"),
    "POST /v1/projects/<slug>/assignments": lambda world: Call(
        "POST",
        f"{world.project()}/assignments",
        {"action_field": "energy", "from_on": DAY, "decision": world.decided},
    ),
    "GET /v1/projects/<slug>/roles": of(World.project, "/roles"),
    "POST /v1/projects/<slug>/roles": lambda world: Call(
        "POST",
        f"{world.project()}/roles",
        {"organisation": "MKW", "role": "partner", "from_on": DAY, "decision": world.decided},
    ),
    "GET /v1/decisions": reads("/v1/decisions"),
    "POST /v1/decisions": lambda world: _new(
        world, "/v1/decisions", "title_de", kind="cabinet_decision", authority="Land", decided_on=DAY
    ),
    "GET /v1/decisions/<uuid:decision_id>": of(World.decision),
    "GET /v1/funding-programmes": reads("/v1/funding-programmes"),
    "POST /v1/funding-programmes": lambda world: _new(
        world, "/v1/funding-programmes", "code", title_de="Neu", level="eu"
    ),
    "GET /v1/funding-programmes/<code>": of(World.programme),
    "PATCH /v1/funding-programmes/<code>": patches(World.programme, {"fund": "EFRE"}),
    "GET /v1/applications": reads("/v1/applications"),
    "GET /v1/projects/<slug>/applications": of(World.project, "/applications"),
    "POST /v1/projects/<slug>/applications": posts(
        World.project, "/applications", {"level": "eu", "requested_amount": "5.00"}
    ),
    "GET /v1/applications/<uuid:application_id>": of(World.application),
    "PATCH /v1/applications/<uuid:application_id>": patches(World.application, {"file_reference": "A-1"}),
    "DELETE /v1/applications/<uuid:application_id>": deletes(World.draft),
    "GET /v1/applications/<uuid:application_id>/transitions": of(World.application, "/transitions"),
    "POST /v1/applications/<uuid:application_id>/transitions": posts(
        World.application, "/transitions", {"to": "under_review", "on": "2026-03-04"}
    ),
    "GET /v1/awards": reads("/v1/awards"),
    "GET /v1/applications/<uuid:application_id>/awards": of(World.application, "/awards"),
    "POST /v1/applications/<uuid:application_id>/awards": posts(
        World.granted, "/awards", {"issued_on": "2026-04-01", "amount": "900.00"}
    ),
    "GET /v1/awards/<uuid:award_id>": of(World.award),
    "PATCH /v1/awards/<uuid:award_id>": patches(World.award, {"note": "Neu"}),
    "GET /v1/awards/<uuid:award_id>/transitions": of(World.award, "/transitions"),
    "POST /v1/awards/<uuid:award_id>/transitions": posts(
        World.award, "/transitions", {"to": "final", "on": "2026-05-01"}
    ),
    "GET /v1/ledger-entries": reads("/v1/ledger-entries"),
    "GET /v1/ledger-entries/<uuid:entry_id>": of(World.entry),
    "GET /v1/awards/<uuid:award_id>/ledger-entries": of(World.award, "/ledger-entries"),
    "POST /v1/awards/<uuid:award_id>/ledger-entries": posts(
        lambda world: world.award(final=True),
        "/ledger-entries",
        {"type": "disbursement", "amount": "1.00", "booked_on": "2026-05-04"},
    ),
    "GET /v1/funding-statements": reads("/v1/funding-statements"),
    "GET /v1/projects/<slug>/funding-statements": of(World.project, "/funding-statements"),
    "GET /v1/milestones": reads("/v1/milestones"),
    "GET /v1/projects/<slug>/milestones": of(World.project, "/milestones"),
    "POST /v1/projects/<slug>/milestones": posts(
        World.project, "/milestones", {"title_de": "M", "kind": "result", "baseline_on": "2026-09-01"}
    ),
    "GET /v1/milestones/<uuid:milestone_id>": of(World.milestone),
    "PATCH /v1/milestones/<uuid:milestone_id>": patches(World.milestone, {"title_en": "New"}),
    "DELETE /v1/milestones/<uuid:milestone_id>": deletes(World.milestone),
    "GET /v1/milestones/<uuid:milestone_id>/transitions": of(World.milestone, "/transitions"),
    "POST /v1/milestones/<uuid:milestone_id>/transitions": posts(
        World.milestone, "/transitions", {"to": "achieved", "on": "2026-10-12"}
    ),
    "GET /v1/milestones/<uuid:milestone_id>/forecasts": of(World.milestone, "/forecasts"),
    "POST /v1/milestones/<uuid:milestone_id>/forecasts": posts(
        World.milestone, "/forecasts", {"reported_on": "2026-06-30", "forecast_on": "2026-11-15"}
    ),
    "GET /v1/reports/funding-summary": reads("/v1/reports/funding-summary?group_by=level"),
    "GET /v1/reports/milestones": reads("/v1/reports/milestones"),
    "GET /v1/reports/portfolio": reads("/v1/reports/portfolio"),
    "GET /v1/log/checkpoint": reads("/v1/log/checkpoint"),
    "GET /v1/log/key": reads("/v1/log/key"),
    "GET /v1/diff": reads("/v1/diff?from=0&to=1"),
    "GET /v1/me": reads("/v1/me"),
    "GET /v1/me/to-do": reads("/v1/me/to-do"),
    "GET /v1/workbook": reads("/v1/workbook"),
    "GET /v1/imports": reads("/v1/imports"),
    "POST /v1/imports": lambda world: Call("POST", "/v1/imports", file=world.rows()),
    "GET /v1/imports/<uuid:import_id>": of(World.sent_in),
    "POST /v1/imports/<uuid:import_id>/apply": lambda world: Call("POST", f"{world.sent_in()}/apply"),
    "GET /v1/imports/<uuid:import_id>/workbook": of(World.sent_in, "/workbook"),
    "GET /v1/api-keys": reads("/v1/api-keys"),
    "POST /v1/api-keys": lambda _: Call("POST", "/v1/api-keys", {"role": "auditor", "name": "x"}),
    "GET /v1/api-keys/<uuid:key_id>": of(World.api_key),
    "POST /v1/api-keys/<uuid:key_id>/transitions": posts(World.api_key, "/transitions", {"to": "revoked"}),
    "GET /v1/<resource>/<key>/history": of(World.project, "/history"),
    "GET /v1/revisions": reads("/v1/revisions"),
    "GET /v1/revisions/<int:revision>": reads("/v1/revisions/1"),
    "GET /v1/changes": reads("/v1/changes?since=0&limit=1"),
}
