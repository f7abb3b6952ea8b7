"""Made-up projects for demonstrations: marked, apart from the real ones, and shown only on request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.access.models import SEED
from portfolio.core import sources
from portfolio.core.dates import today
from portfolio.core.db import Database, WriteContext
from portfolio.core.problems import Conflict
from portfolio.exchange.demo_funding import add_applications
from portfolio.exchange.seed import Loaded, await_other_load
from portfolio.exchange.seed_ids import Labels
from portfolio.funding.programmes import create_programme
from portfolio.history.recorder import recorded
from portfolio.milestones.service import add_forecast, create_milestone, transition_milestone
from portfolio.organisations.service import create_organisation
from portfolio.projects.decisions import create_decision
from portfolio.projects.models import Decision, Programme, Project
from portfolio.projects.on_day import LEAD
from portfolio.projects.periods import appoint, assign_field
from portfolio.projects.service import create_project
from portfolio.projects.transitions import Transition, transition_project
from portfolio.taxonomy.codelists import ACTION_FIELD

DEMO_PROJECTS = 30
MINISTRY = "demo-ressort"
LEVELS = ("eu", "federal", "state", "municipal", "foundation", "private", "own")
_STARTED_ON = date(2021, 3, 1)
_PATHS: tuple[tuple[str, ...], ...] = (
    (),
    ("adopted",),
    ("adopted", "under_review"),
    ("adopted", "in_implementation"),
    ("adopted", "in_implementation", "suspended"),
    ("adopted", "in_implementation", "completed"),
    ("adopted", "in_implementation", "continued"),
    ("adopted", "not_pursued"),
    ("adopted", "transferred_out"),
    ("adopted", "merged"),
)
"""One way to every status a project can have."""


def load_demo(database: Database, progress: Callable[[str], None] = lambda _slug: None) -> Loaded:
    """Add the demonstration projects as one revision; where they are already, nothing changes."""
    ids = Labels("demo/")
    context = WriteContext(actor_id=SEED, via="cli", action="demo.load", reason="Adding demonstration records")
    with sources.using(replace(sources.current(), new_id=ids.new_id)), database.transaction(context) as session:
        await_other_load(session)
        count = session.scalar(sa.select(sa.func.count()).select_from(Project).where(Project.demo.is_(True))) or 0
        if count:
            return Loaded(changed=False, projects=count, revision=None)
        if session.scalar(sa.select(Programme.id).limit(1)) is None:
            raise Conflict("The demonstration stands beside the real projects; run `portfolio seed` first.")
        _load(session, ids, progress)
    written = recorded(session)
    return Loaded(changed=True, projects=DEMO_PROJECTS, revision=written.rev if written else None)


def _load(session: Session, ids: Labels, progress: Callable[[str], None]) -> None:
    ids.label("organisations")
    for code, name, kind in (
        (MINISTRY, "Demonstrationsressort", "ministry"),
        ("demo-hochschule", "Demonstrationshochschule", "university"),
        ("demo-stadt", "Demonstrationsstadt", "municipality"),
    ):
        create_organisation(session, {"code": code, "name_de": name, "kind": kind}, demo=True)
    ids.label("programmes")
    for level in LEVELS:
        create_programme(
            session,
            {
                "code": f"demo-{level}",
                "title_de": f"Demonstrationsprogramm {level}",
                "level": level,
                "fund": "DEMO-FONDS" if level == "eu" else None,
            },
            demo=True,
        )
    ids.label("decision")
    decision = create_decision(
        session,
        {
            "kind": "ministry_decision",
            "authority": "Demonstrationsressort",
            "decided_on": _STARTED_ON,
            "title_de": "Beschluss zur Demonstration",
        },
        demo=True,
    )
    for number in range(DEMO_PROJECTS):
        ids.label(f"project/{number}")
        project = _add_project(session, number, decision)
        add_applications(session, project, number)
        _add_milestones(session, project, number)
        _walk(session, project, _PATHS[number % len(_PATHS)], decision)
        progress(project.slug)


def _add_project(session: Session, number: int, decision: Decision) -> Project:
    project = create_project(
        session,
        {
            "slug": f"demo-{number + 1:02}",
            "title_de": f"Demonstrationsprojekt {number + 1}",
            "title_en": f"Demonstration project {number + 1}",
            "pillar": 1 + number % 2,
        },
        proposed_on=_STARTED_ON,
        demo=True,
    )
    field = ACTION_FIELD.codes[number % len(ACTION_FIELD.codes)]
    assign_field(session, project, field, _STARTED_ON, decision_id=decision.id, basis="decision")
    appoint(session, project, MINISTRY, LEAD, _STARTED_ON, decision_id=decision.id, basis="decision")
    return project


def _walk(session: Session, project: Project, path: tuple[str, ...], decision: Decision) -> None:
    """Through every status of ``path``, a quarter of a year apart."""
    for step, status in enumerate(path):
        transition_project(
            session,
            project,
            Transition(
                status,
                _STARTED_ON + timedelta(days=91 * step),
                reason="Demonstration",
                decision=decision.id,
                merged_into="demo-01" if status == "merged" else None,
            ),
        )


def _add_milestones(session: Session, project: Project, number: int) -> None:
    """Early, late, slipping twice, overdue, at risk, missed, cancelled and in part, in turns."""
    planned_on = date(2022, 6, 30) + timedelta(days=13 * number)
    day = timedelta(days=1)
    for kind, title in (("start", "Beginn"), ("result", "Ergebnis"), ("end", "Abschluss")):
        later = {"start": 0, "result": 200, "end": 400}[kind] * day
        milestone = create_milestone(
            session, project, {"title_de": title, "kind": kind, "baseline_on": planned_on + later}
        )
        baseline = planned_on + later
        match (number + len(kind)) % 8:
            case 0:
                transition_milestone(session, milestone, "achieved", baseline - 10 * day, None)
            case 1:
                transition_milestone(session, milestone, "achieved", baseline + 25 * day, None)
            case 2:
                for reported, slip in ((60, 30), (30, 75)):
                    add_forecast(
                        session,
                        milestone,
                        reported_on=baseline - reported * day,
                        forecast_on=baseline + slip * day,
                        comment="Demonstration",
                    )
                transition_milestone(session, milestone, "achieved", baseline + 80 * day, None)
            case 3:
                pass  # overdue: planned, and nothing more was said
            case 4:
                transition_milestone(session, milestone, "missed", baseline, "Demonstration")
            case 5:
                transition_milestone(session, milestone, "cancelled", baseline, "Demonstration")
            case 6:
                transition_milestone(session, milestone, "partly_achieved", baseline + 5 * day, None)
            case _:
                coming = create_milestone(
                    session,
                    project,
                    {"title_de": f"{title} der nächsten Stufe", "kind": kind, "baseline_on": today() + 60 * day},
                )
                add_forecast(
                    session, coming, reported_on=today(), forecast_on=today() + 120 * day, comment="Demonstration"
                )
