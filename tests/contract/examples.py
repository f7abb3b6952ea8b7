"""The examples of the document, taken from a running register: real records, and one made-up project for the writes.

Run ``python -m tests.contract.examples`` to take them anew after an answer has changed; a test finds where they differ.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from portfolio.app import EXAMPLES
from portfolio.core import sources
from portfolio.exchange.seed import load_seed
from tests.conftest import Ticking, key_headers, make_app, open_register

PROJECT = "beispielprojekt"
REASON = {"Change-Reason": "Zur%20Anschauung"}
_TODAY = datetime(2026, 6, 30, 8, 0, tzinfo=UTC)
_MOST_ITEMS = 2
"""Of a list that is never paged."""


@dataclass(frozen=True)
class Step:
    """One request. ``{name}`` stands for what an earlier step kept under that name."""

    operation: str
    method: str
    path: str
    body: Any = None
    keep: str | None = None
    """Name for the id of the answer."""
    needs_etag: bool = False
    file: tuple[str, str] | None = None


def _get(operation: str, path: str, keep: str | None = None) -> Step:
    return Step(operation, "GET", path, keep=keep)


def _post(operation: str, path: str, body: Any = None, keep: str | None = None) -> Step:
    return Step(operation, "POST", path, body, keep)


def _patch(operation: str, path: str, body: Any) -> Step:
    return Step(operation, "PATCH", path, body, needs_etag=True)


READS = (
    _get("getProgramme", "/v1/programme"),
    _get("getIndex", "/v1"),
    _get("listFields", "/v1/data-dictionary?record=Award&q=flow"),
    _get("listActionFields", "/v1/action-fields?limit=1"),
    _get("getActionField", "/v1/action-fields/mobility"),
    _get("listThemeForums", "/v1/theme-forums?limit=1"),
    _get("getThemeForum", "/v1/theme-forums/13"),
    _get("listVocabularies", "/v1/vocabularies"),
    _get("getVocabulary", "/v1/vocabularies/project_status"),
    _get("listOrganisations", "/v1/organisations?kind=ministry&limit=1"),
    _get("getOrganisation", "/v1/organisations/MUNV"),
    _get("listProjects", "/v1/projects?action_field=mobility&limit=1"),
    _get("getProject", "/v1/projects/oepnv-initiative"),
    _get("listProjectTransitions", "/v1/projects/oepnv-initiative/transitions"),
    _get("listProjectAssignments", "/v1/projects/oepnv-initiative/assignments"),
    _get("listProjectRoles", "/v1/projects/oepnv-initiative/roles"),
    _get("listDecisions", "/v1/decisions?limit=1", keep="cabinet"),
    _get("listFundingProgrammes", "/v1/funding-programmes?level=eu&limit=1"),
    _get("getFundingProgramme", "/v1/funding-programmes/efre-regio-nrw"),
    _get("listApplications", "/v1/applications?project=digitale-modelldestination&limit=1", keep="real_application"),
    _get("listProjectApplications", "/v1/projects/digitale-modelldestination/applications?limit=1"),
    _get("getApplication", "/v1/applications/{real_application}"),
    _get("listApplicationTransitions", "/v1/applications/{real_application}/transitions"),
    _get("listAwards", "/v1/awards?project=digitale-modelldestination&limit=1", keep="real_award"),
    _get("listApplicationAwards", "/v1/applications/{real_application}/awards"),
    _get("getAward", "/v1/awards/{real_award}"),
    _get("listAwardTransitions", "/v1/awards/{real_award}/transitions"),
    _get("listFundingStatements", "/v1/funding-statements?limit=1"),
    _get("listProjectFundingStatements", "/v1/projects/research-alliance-ruhr/funding-statements?limit=1"),
    _get("listMilestones", "/v1/milestones?outcome=achieved&limit=1"),
    _get("listProjectMilestones", "/v1/projects/start4chem/milestones?limit=1", keep="real_milestone"),
    _get("getMilestone", "/v1/milestones/{real_milestone}"),
    _get("listMilestoneTransitions", "/v1/milestones/{real_milestone}/transitions"),
    _get("getFundingSummary", "/v1/reports/funding-summary?group_by=level&level=eu&valid_on=2022-12-31"),
    _get("getMilestoneReport", "/v1/reports/milestones?group_by=year&group_by=quarter&action_field=energy"),
    _get("getPortfolioReport", "/v1/reports/portfolio"),
)
_AWARD = {"issued_on": "2026-04-01", "amount": "800000.00", "approval_to_on": "2028-12-31"}
_PAYMENT = {"type": "disbursement", "amount": "250000.00", "booked_on": "2026-06-15"}
_MILESTONE = {"title_de": "Eröffnung des ersten Abschnitts", "kind": "opening", "baseline_on": "2027-09-30"}
_FORECAST = {"reported_on": "2026-06-30", "forecast_on": "2027-11-15", "comment": "Die Genehmigung steht aus."}
_DECISION = {
    "kind": "ministry_decision",
    "authority": "MUNV",
    "decided_on": "2026-03-02",
    "title_de": "Aufnahme des Beispielprojekts",
    "effects": [{"project": PROJECT, "effect": "admit"}],
}
_PARTNER = {"organisation": "MKW", "role": "partner", "from_on": "2026-03-02", "decision": "{decision}"}
_LEAD = {"organisation": "MUNV", "role": "lead_ministry", "from_on": "2026-03-02", "decision": "{decision}"}
_FIELD = {"action_field": "mobility", "from_on": "2026-03-02", "decision": "{decision}"}
_APPLICATION = {
    "programme": "efre-regio-nrw",
    "applicant": "MUNV",
    "requested_amount": "800000.00",
    "eligible_cost": "1000000.00",
    "requested_rate": "0.8000",
}
_COMPANY = {"code": "beispiel-gmbh", "name_de": "Beispiel GmbH", "kind": "company"}
_PROPOSAL = {"slug": PROJECT, "title_de": "Beispielprojekt", "proposed_on": "2026-02-02"}
_ADOPTED = {"to": "adopted", "on": "2026-03-02", "decision": "{decision}"}
_PROGRAMME = {"code": "beispiel-foerderung", "title_de": "Beispielförderung", "level": "federal"}
_SHEET = "project;title_de;kind;baseline_on;version;id\r\nbeispielprojekt;Zweiter Abschnitt;opening;2028-09-30;;\r\n"
WRITES = (
    _post("createOrganisation", "/v1/organisations", _COMPANY),
    _patch("updateOrganisation", "/v1/organisations/beispiel-gmbh", {"name_en": "Example Ltd"}),
    _post("createProject", "/v1/projects", _PROPOSAL),
    _patch("updateProject", f"/v1/projects/{PROJECT}", {"title_en": "Example project", "planned_end_on": "2028-12-31"}),
    _post("createDecision", "/v1/decisions", _DECISION, keep="decision"),
    _get("getDecision", "/v1/decisions/{decision}"),
    _post("appointOrganisation", f"/v1/projects/{PROJECT}/roles", _LEAD),
    _post("assignProject", f"/v1/projects/{PROJECT}/assignments", _FIELD),
    _post("transitionProject", f"/v1/projects/{PROJECT}/transitions", _ADOPTED),
    _post("createFundingProgramme", "/v1/funding-programmes", _PROGRAMME),
    _patch("updateFundingProgramme", "/v1/funding-programmes/beispiel-foerderung", {"title_en": "Example programme"}),
    _post("createApplication", f"/v1/projects/{PROJECT}/applications", _APPLICATION, keep="application"),
    _patch("updateApplication", "/v1/applications/{application}", {"file_reference": "K-2026-17"}),
    *(
        _post("transitionApplication", "/v1/applications/{application}/transitions", {"to": to, "on": on})
        for to, on in (("submitted", "2026-03-09"), ("under_review", "2026-03-16"), ("approved", "2026-04-01"))
    ),
    _post("createAward", "/v1/applications/{application}/awards", _AWARD, keep="award"),
    _patch("updateAward", "/v1/awards/{award}", {"note": "Erster Bescheid."}),
    _post("transitionAward", "/v1/awards/{award}/transitions", {"to": "final", "on": "2026-05-04"}),
    _post("bookLedgerEntry", "/v1/awards/{award}/ledger-entries", _PAYMENT, keep="entry"),
    _get("getLedgerEntry", "/v1/ledger-entries/{entry}"),
    _get("listLedgerEntries", "/v1/ledger-entries?limit=1"),
    _get("listAwardLedgerEntries", "/v1/awards/{award}/ledger-entries?limit=1"),
    _post("createMilestone", f"/v1/projects/{PROJECT}/milestones", _MILESTONE, keep="milestone"),
    _patch("updateMilestone", "/v1/milestones/{milestone}", {"title_en": "Opening of the first section"}),
    _post("addMilestoneForecast", "/v1/milestones/{milestone}/forecasts", _FORECAST),
    _get("listMilestoneForecasts", "/v1/milestones/{milestone}/forecasts"),
    _post("transitionMilestone", "/v1/milestones/{milestone}/transitions", {"to": "achieved", "on": "2026-06-29"}),
    Step("createImport", "POST", "/v1/imports", keep="import", file=("milestones.csv", _SHEET)),
    _get("getImport", "/v1/imports/{import}"),
    _get("listImports", "/v1/imports"),
    _post("applyImport", "/v1/imports/{import}/apply"),
    _get("getRecordHistory", f"/v1/projects/{PROJECT}/history?limit=1"),
    _get("listRevisions", "/v1/revisions?limit=1"),
    _get("getRevision", "/v1/revisions/3"),
    _get("followChanges", "/v1/changes?since=2&limit=1"),
    _get("getDiff", "/v1/diff?from=1&to=6&limit=1"),
    _get("getMe", "/v1/me"),
    _get("getToDo", "/v1/me/to-do"),
)
KEYS = (
    _post("createApiKey", "/v1/api-keys", {"role": "editor", "organisation": "MUNV", "name": "Referat 3"}, keep="key"),
    _get("listApiKeys", "/v1/api-keys?limit=1"),
    _get("getApiKey", "/v1/api-keys/{key}"),
    _post("revokeApiKey", "/v1/api-keys/{key}/transitions", {"to": "revoked"}),
)


def record() -> dict[str, dict[str, Any]]:
    """By operation: what was sent (``request``), if anything, and what was answered (``answer``)."""
    # A clock that stands still: a ticking one also moves when a thread that an earlier test left looks at it.
    still = replace(Ticking(_TODAY).sources(), clock=lambda: _TODAY)
    with tempfile.TemporaryDirectory() as folder, sources.using(still):
        database = open_register(f"sqlite:///{folder}/register.sqlite")
        try:
            load_seed(database)
            client = make_app(database).test_client()
            kept: dict[str, str] = {}
            roles = (
                (READS, {}),
                (WRITES, key_headers(database, "coordinator")),
                (KEYS, key_headers(database, "admin")),
            )
            found: dict[str, dict[str, Any]] = {}
            for steps, credentials in roles:
                for step in steps:
                    found.setdefault(step.operation, _taken(client, step, credentials, kept))
            return dict(sorted(found.items()))
        finally:
            database.dispose()


def _taken(client: FlaskClient, step: Step, credentials: dict[str, str], kept: dict[str, str]) -> dict[str, Any]:
    path = step.path.format(**kept)
    body = None if step.body is None else json.loads(_filled(json.dumps(step.body), kept))
    headers = {**credentials, **({} if step.method == "GET" else REASON if step.needs_etag else {})}
    if step.needs_etag:
        headers["If-Match"] = client.get(path, headers=credentials).headers["ETag"]
    options: dict[str, Any] = {} if body is None else {"json": body}
    if step.file is not None:
        options["data"] = {"file": (io.BytesIO(step.file[1].encode()), step.file[0])}
    answer = client.open(path, method=step.method, headers=headers, **options)
    assert answer.status_code in (200, 201), (step.operation, answer.get_data(as_text=True))
    shown = answer.json
    if step.keep:
        kept[step.keep] = (shown["items"][0] if "items" in shown else shown)["id"]
    for name in ("items", "resources"):
        if name in shown and "next" not in shown:
            shown[name] = shown[name][:_MOST_ITEMS]
    if "secret" in shown:
        shown["secret"] = "pk_…"  # not even of a register that is gone
    return {"answer": shown} if body is None else {"request": body, "answer": shown}


def _filled(text: str, kept: dict[str, str]) -> str:
    for name, value in kept.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def rendered() -> str:
    """The file's text."""
    return json.dumps(record(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    EXAMPLES.write_text(rendered(), encoding="utf-8")
    sys.stdout.write(f"Wrote {EXAMPLES.relative_to(Path.cwd())}.\n")
