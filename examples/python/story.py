"""A program's whole conversation with the register, one function per idea. It writes: use a register to throw away.

PORTFOLIO_URL=http://127.0.0.1:8000 PORTFOLIO_KEY=pk_… python story.py
"""

from __future__ import annotations

import csv
import os
import secrets
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import httpx
from portfolio_client.api.applications import create_application, transition_application
from portfolio_client.api.decisions import create_decision
from portfolio_client.api.projects import (
    appoint_organisation,
    assign_project,
    create_project,
    get_project,
    list_projects,
    transition_project,
    update_project,
)
from portfolio_client.api.reports import get_funding_summary
from portfolio_client.client import AuthenticatedClient
from portfolio_client.models import (
    ActionFieldCode,
    Application,
    ApplicationInput,
    ApplicationPage,
    ApplicationStatusCode,
    ApplicationTransitionInput,
    AssignmentInput,
    Decision,
    DecisionEffect,
    DecisionEffectCode,
    DecisionInput,
    DecisionKindCode,
    FundingLevelCode,
    FundingSummary,
    FundingSummaryKey,
    Project,
    ProjectChanges,
    ProjectInput,
    ProjectPage,
    ProjectRoleCode,
    ProjectRoleInput,
    ProjectStatusCode,
    ProjectStatusFilter,
    ProjectTransitionInput,
)
from portfolio_client.types import Unset
from register import connect, follow, found, refusal, with_retry


def claim(sentence: str, holds: bool) -> None:
    """Every claim of this story is checked; the first that does not hold ends it with exit code 1."""
    if not holds:
        raise SystemExit(f"This does not hold: {sentence}")
    print(f"  {sentence}")


def list_some(register: AuthenticatedClient) -> str:
    """1. List: a page of projects. Parameters, their values and the answer are typed."""
    answer = list_projects.sync_detailed(
        client=register,
        in_population=True,
        status=[ProjectStatusFilter.IN_IMPLEMENTATION, ProjectStatusFilter.COMPLETED],
        limit=5,
        count=True,
    )
    page = found(answer.parsed, ProjectPage)
    claim("a page holds no more than was asked for", 0 < len(page.items) <= 5)
    claim("count says how many there are in all", not isinstance(page.count, Unset) and page.count >= len(page.items))
    # Unknown stays None: a project may have no lead ministry.
    print("  led by", ", ".join(sorted({project.lead_ministry or "not known" for project in page.items})))
    return answer.headers["Register-Revision"]  # what the register knew; section 9 comes back to it


def page_through_all(register: AuthenticatedClient) -> list[Project]:
    """2. Page through all: follow ``next`` until there is none."""
    page = found(list_projects.sync(client=register, in_population=True, limit=20, count=True), ProjectPage)
    count, projects = page.count, list(page.items)
    while page.next_ is not None:
        page = follow(register, page.next_, ProjectPage)
        projects += page.items
    claim(f"all {len(projects)} projects were read", len(projects) == count)
    claim("none was read twice", len({project.slug for project in projects}) == count)
    return projects


def read_record(register: AuthenticatedClient, slug: str) -> str:
    """3. Read a record."""
    answer = get_project.sync_detailed(slug, client=register)
    project = found(answer.parsed, Project)
    claim(f"the record is the one of the list: {project.title_de}", project.slug == slug)
    missing = refusal(get_project.sync("no-such-project", client=register))
    claim("what is not there answers a typed problem", missing.status == 404)
    return answer.headers["ETag"]


def read_if_changed(register: AuthenticatedClient, slug: str, etag: str) -> None:
    """4. Conditional GET: send the ETag you have; 304 means that your copy is still good."""
    answer = get_project.sync_detailed(slug, client=register, if_none_match=etag)
    claim("nothing is sent again while the record is unchanged", answer.status_code == 304 and not answer.content)


def create_with_retry(unreliable: AuthenticatedClient, slug: str) -> None:
    """5. Create with retry: a new Idempotency-Key for each thing to be made, the same one for each attempt."""
    key = str(uuid4())  # made once, before the first attempt
    body = ProjectInput(slug=slug, title_de="DEMO: Begrünte Dächer an Haltestellen", proposed_on=date(2025, 2, 3))
    answer = with_retry(lambda: create_project.sync_detailed(client=unreliable, body=body, idempotency_key=key))
    project = found(answer.parsed, Project)
    claim("the second attempt got the answer of the first", answer.headers["Idempotent-Replayed"] == "true")
    claim("the project was made once", project.version == 1)
    claim("it is proposed", project.status is ProjectStatusCode.PROPOSED)

    wrong = ProjectInput(slug="Not An Address", title_de="DEMO", proposed_on=date(2025, 2, 3))
    problem = refusal(create_project.sync(client=unreliable, body=wrong, idempotency_key=str(uuid4())))
    places = [] if isinstance(problem.errors, Unset) else [error.pointer for error in problem.errors]
    claim("a refused field is named by its place", places == ["#/slug"])


class LosingTheFirstAnswer(httpx.HTTPTransport):
    """A network that loses one answer: the register has done the work, and nobody hears of it."""

    lost = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if self.lost:
            return response
        self.lost = True
        response.close()
        raise httpx.ReadError("the connection broke before the answer arrived", request=request)


def change_against_another(register: AuthenticatedClient, slug: str) -> None:
    """6. Conflicting change: If-Match says what you have read; 412: somebody else was faster. Read, decide again."""
    mine = get_project.sync_detailed(slug, client=register).headers["ETag"]
    title = ProjectChanges(title_en="DEMO: Green roofs")
    colleague = found(update_project.sync(slug, client=register, body=title, if_match=mine), Project)
    claim("the first change is done", colleague.title_en == "DEMO: Green roofs")

    summary = ProjectChanges(summary_en="Roofs of stops are planted.")
    late = refusal(update_project.sync(slug, client=register, body=summary, if_match=mine))
    claim("the second is refused, because it did not know of the first", late.status == 412)

    now = get_project.sync_detailed(slug, client=register).headers["ETag"]
    project = found(update_project.sync(slug, client=register, body=summary, if_match=now), Project)
    claim("read again and sent again, both changes stand", project.title_en == "DEMO: Green roofs")
    claim("only the fields that were sent are touched", project.summary_en == "Roofs of stops are planted.")


def reach_status(register: AuthenticatedClient, slug: str) -> None:
    """7. Transitions: a status is never set, it is reached; a refusal says which ones may follow."""
    day = date(2025, 3, 10)
    completed = ProjectTransitionInput(to=ProjectStatusCode.COMPLETED, on=day)
    problem = refusal(transition_project.sync(slug, client=register, body=completed))
    claim("nobody completes what was never adopted", problem.type_ == "/problems/transition-not-allowed")
    allowed = problem.allowed or []
    claim(f"the register says what may follow: {', '.join(allowed)}", "adopted" in allowed)

    decision = prepare_adoption(register, slug, day)
    adopted = ProjectTransitionInput(to=ProjectStatusCode.ADOPTED, on=day, decision=decision)
    project = found(transition_project.sync(slug, client=register, body=adopted), Project)
    claim("the project is adopted", project.status is ProjectStatusCode.ADOPTED)
    claim("the answer is the whole record", (project.action_field, project.lead_ministry) == ("mobility", "MUNV"))


def prepare_adoption(register: AuthenticatedClient, slug: str, day: date) -> UUID:
    """Adoption rests on a decision, and needs an action field and a lead ministry."""
    decided = DecisionInput(
        kind=DecisionKindCode.CABINET_DECISION,
        authority="DEMO: Landesregierung",
        decided_on=day,
        title_de="DEMO: Aufnahme der begrünten Dächer",
        effects=[DecisionEffect(project=slug, effect=DecisionEffectCode.ADMIT)],
    )
    decision = found(create_decision.sync(client=register, body=decided, idempotency_key=str(uuid4())), Decision).id
    field = AssignmentInput(action_field=ActionFieldCode.MOBILITY, from_on=day, decision=decision)
    found(assign_project.sync(slug, client=register, body=field, idempotency_key=str(uuid4())), Project)
    lead = ProjectRoleInput(organisation="MUNV", role=ProjectRoleCode.LEAD_MINISTRY, from_on=day, decision=decision)
    found(appoint_organisation.sync(slug, client=register, body=lead, idempotency_key=str(uuid4())), Project)
    return decision


def drill_down(register: AuthenticatedClient, slug: str) -> None:
    """8. Funding summary: every sum carries ``lines``, the address of exactly the records it adds up."""
    application = apply_for_funding(register, slug)
    summary = found(get_funding_summary.sync(client=register, group_by=[FundingSummaryKey.LEVEL]), FundingSummary)
    federal = next(item.applied for item in summary.items if item.group.level is FundingLevelCode.FEDERAL)
    if federal.lines is None or federal.amount is None:
        raise SystemExit("This does not hold: there is a sum of what was applied for at federal level")

    lines: list[Application] = []
    address: str | None = federal.lines
    while address is not None:
        # `lines` is fixed to the revision and day of the sum: both hold together, whatever is written meanwhile.
        page = follow(register, address, ApplicationPage)
        lines += page.items
        address = page.next_
    # Money comes as text with two decimals: Decimal keeps it exact, float does not.
    total = sum(Decimal(line.requested_amount or "0.00") for line in lines)
    claim(f"{len(lines)} lines are as many as the sum counts", len(lines) == federal.lines_count)
    claim(f"they add up to {federal.amount} EUR, to the cent", total == Decimal(federal.amount))
    claim("our application is one of them", application in [line.id for line in lines])


def apply_for_funding(register: AuthenticatedClient, slug: str) -> UUID:
    body = ApplicationInput(
        level=FundingLevelCode.FEDERAL, requested_amount="1000000.01", purpose="DEMO: Dächer begrünen"
    )
    made = found(create_application.sync(slug, client=register, body=body, idempotency_key=str(uuid4())), Application)
    step = ApplicationTransitionInput(to=ApplicationStatusCode.SUBMITTED, on=date(2025, 4, 1))
    submitted = found(transition_application.sync(made.id, client=register, body=step), Application)
    claim("the application is submitted", submitted.status is ApplicationStatusCode.SUBMITTED)
    return made.id


def look_back(register: AuthenticatedClient, slug: str, revision: str) -> None:
    """9. Past moments: ``known_at`` is what the register had been told by then, ``valid_on`` what was true on a day."""
    before = refusal(get_project.sync(slug, client=register, known_at=revision))
    claim(f"at revision {revision} the register did not know our project", before.status == 404)
    earlier = found(get_project.sync(slug, client=register, valid_on=date(2025, 3, 9)), Project)
    claim("the day before its adoption it was only proposed", earlier.status is ProjectStatusCode.PROPOSED)
    today = found(get_project.sync(slug, client=register), Project)
    claim("today it is adopted", today.status is ProjectStatusCode.ADOPTED)


def download(register: AuthenticatedClient) -> None:
    """10. CSV: every list and report is a download too. The generated functions read JSON; their client reads all."""
    answer = register.get_httpx_client().get("/v1/applications", params={"format": "csv", "level": "federal"})
    claim("it is a CSV file", answer.headers["Content-Type"].startswith("text/csv"))
    rows = list(csv.DictReader(answer.text.splitlines()))
    claim("our application is in it, to the cent", "1000000.01" in [row["requested_amount"] for row in rows])
    print("  a browser would save it as", answer.headers["Content-Disposition"])


def main() -> None:
    url, key = os.environ.get("PORTFOLIO_URL"), os.environ.get("PORTFOLIO_KEY")
    if not url or not key:
        raise SystemExit("Set PORTFOLIO_URL and PORTFOLIO_KEY (a coordinator's key).")
    slug = f"demo-story-python-{secrets.token_hex(4)}"
    with connect(url, key) as register:
        print("1. A list")
        revision = list_some(register)
        print("2. Page through all")
        first = page_through_all(register)[0]
        print("3. A record")
        etag = read_record(register, first.slug)
        print("4. Only if it changed")
        read_if_changed(register, first.slug, etag)
        print("5. Create, and try again")
        with connect(url, key, LosingTheFirstAnswer()) as unreliable:
            create_with_retry(unreliable, slug)
        print("6. A change that conflicts")
        change_against_another(register, slug)
        print("7. Transitions")
        reach_status(register, slug)
        print("8. A sum and its lines")
        drill_down(register, slug)
        print("9. The past")
        look_back(register, slug, revision)
        print("10. CSV")
        download(register)
        print("Everything holds.")


if __name__ == "__main__":
    main()
