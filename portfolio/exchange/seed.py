"""Loads the real Ruhr-Konferenz: 75 proposals, of which 74 were kept, as one revision (DOMAIN 5a)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.access.models import SEED
from portfolio.core import sources
from portfolio.core.dates import today
from portfolio.core.db import Database, WriteContext, database_of
from portfolio.core.lifecycle import DOCUMENTED, UNKNOWN
from portfolio.core.search import slug_of
from portfolio.exchange.seed_funding import load_funding
from portfolio.exchange.seed_ids import Labels
from portfolio.exchange.seed_reference import load_reference
from portfolio.exchange.source_data import Record, period, read_projects, read_reference
from portfolio.history.recorder import recorded
from portfolio.milestones.lifecycle import ACHIEVED, SCHEDULED
from portfolio.milestones.service import cancel_documented, record_documented_milestone
from portfolio.organisations.models import Organisation, Succession
from portfolio.organisations.service import create_organisation
from portfolio.projects.decisions import add_effect, create_decision
from portfolio.projects.lifecycle import (
    ADOPTED,
    COMPLETED,
    IN_IMPLEMENTATION,
    NOT_PURSUED,
    TRANSFERRED_OUT,
)
from portfolio.projects.models import Decision, Programme, Project, ProjectRole
from portfolio.projects.on_day import LEAD, OPENING_ON
from portfolio.projects.periods import appoint, assign_field
from portfolio.projects.service import UNNAMED_TITLE, create_project
from portfolio.projects.transitions import record_documented

PROPOSALS_DUE_ON = date(2019, 7, 15)
DECIDED_ON = date(2019, 11, 5)
NEW_MINISTRIES_ON = date(2022, 6, 29)
PROPOSALS_URL = "https://www.land.nrw/de/pressemitteilung/ruhr-konferenz-startet-die-entscheidungsphase-75-projektvorschlaege-fuer-die"
UNNAMED_BY_FORUM = {4: 4, 10: 1, 12: 1, 19: 1}
UNNAMED_COUNT = 19
_CODE_OF_UNNAMED = {12: "12-03"}
_STATUS_OF = {
    "under_way": IN_IMPLEMENTATION,
    "not_started": ADOPTED,
    "completed": COMPLETED,
    "dispensed_with": NOT_PURSUED,
    "not_implemented": NOT_PURSUED,
}
_SAME_ORGANISATION = {"Regionalverband Ruhr (RVR)": "Regionalverband Ruhr"}
_KINDS = (
    ("university", ("universität", "hochschule")),
    ("municipality", ("stadt ",)),
    ("foundation", ("stiftung",)),
    ("chamber", ("kammer",)),
)
# One number of our own for the lock that makes a second load wait.
_LOCK = 7461_2020
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Loaded:
    """What loading did."""

    changed: bool
    projects: int
    revision: int | None


@dataclass(frozen=True)
class _Load:
    """What the steps of one load share."""

    session: Session
    ids: Labels
    forum_ministry: dict[int, str | None]
    decision: Decision
    formation: Decision


def await_other_load(session: Session) -> None:
    """Let a load that is under way elsewhere end, before looking what is there. On SQLite, BEGIN has waited."""
    if not database_of(session).is_sqlite:
        session.execute(sa.text("SET LOCAL lock_timeout = '60s'"))
        session.execute(sa.text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def load_seed(database: Database, progress: Progress = lambda _step: None) -> Loaded:
    """Load the real data as one revision; a register that has it already is left as it is.

    :param progress: called with the name of each project when it is loaded.
    """
    ids = Labels()
    context = WriteContext(actor_id=SEED, via="cli", action="seed.load", reason="Loading the published data")
    with sources.using(replace(sources.current(), new_id=ids.new_id)), database.transaction(context) as session:
        await_other_load(session)
        if session.scalar(sa.select(Programme.id).limit(1)) is not None:
            count = session.scalar(sa.select(sa.func.count()).select_from(Project).where(Project.demo.is_(False)))
            return Loaded(changed=False, projects=count or 0, revision=None)
        count = _load(session, ids, progress)
    written = recorded(session)
    return Loaded(changed=True, projects=count, revision=written.rev if written else None)


def is_seeded(database: Database) -> bool:
    """Whether the real data is there already."""
    with database.snapshot() as session:
        return session.scalar(sa.select(Programme.id).limit(1)) is not None


def _load(session: Session, ids: Labels, progress: Progress) -> int:
    reference, records = read_reference(), read_projects()
    load_reference(session, reference, ids)
    _load_partners(session, records, ids)
    load = _Load(
        session,
        ids,
        {forum["number"]: forum["lead_ministry"] for forum in reference["theme_forums"]},
        _cabinet_decision(session, ids),
        _formation(session, ids, reference),
    )
    for position, record in enumerate(records, start=1):
        _load_project(load, record, position)
        progress(record["id"])
    for number, slug in enumerate(_load_unnamed(load, len(records)), start=1):
        progress(f"{slug} ({number}/{UNNAMED_COUNT})")
    return len(records) + UNNAMED_COUNT


def _cabinet_decision(session: Session, ids: Labels) -> Decision:
    ids.label("decision/cabinet-2019-11-05")
    return create_decision(
        session,
        {
            "kind": "cabinet_decision",
            "authority": "Landesregierung Nordrhein-Westfalen",
            "decided_on": DECIDED_ON,
            "title_de": "Kabinettbeschluss: fünf Handlungsfelder und 74 Projekte der Ruhr-Konferenz",
            "title_en": "Cabinet decision: five action fields and 74 projects of the Ruhr Conference",
            "reason_de": "Alle Vorschläge bis auf einen werden weitergeführt. Die Kommunale Kredithilfe wird im "
            "Einvernehmen mit den Kommunen außerhalb der Ruhr-Konferenz behandelt, im Zusammenhang der Kommission "
            "des Bundes „Gleichwertige Lebensverhältnisse“.",
            "reason_en": "All proposals but one are carried on. The municipal-debt aid is dealt with outside the "
            "conference, in agreement with the municipalities, in the context of the federal commission on equal "
            "living conditions.",
            "agreed_with": "Kommunen (zur Kommunalen Kredithilfe)",
            "source_url": "https://www.ruhr-konferenz.nrw/umsetzen",
        },
    )


def _formation(session: Session, ids: Labels, reference: Record) -> Decision:
    ids.label("decision/formation-2022-06-29")
    return create_decision(
        session,
        {
            "kind": "government_formation",
            "authority": "Landesregierung Nordrhein-Westfalen",
            "decided_on": NEW_MINISTRIES_ON,
            "title_de": "Neuzuschnitt der Ressorts mit der Bildung der Landesregierung",
            "title_en": "New remits with the formation of the state government",
            "reason_de": "Die Nachfolge ist aus den Namen der Ressorts abgeleitet.",
            "reason_en": "The succession is derived from the names of the remits.",
            "source_url": reference["ministry_successions"][0]["source_url"],
        },
    )


def _load_partners(session: Session, records: list[Record], ids: Labels) -> None:
    names = sorted({_SAME_ORGANISATION.get(name, name) for record in records for name in record["partners"]})
    for name in names:
        ids.label(f"organisation/{slug_of(name)}")
        kind = next((kind for kind, marks in _KINDS if any(mark in name.lower() for mark in marks)), "unknown")
        create_organisation(session, {"code": slug_of(name), "name_de": name, "kind": kind})


def _load_project(load: _Load, record: Record, position: int) -> None:
    session, slug = load.session, record["id"]
    load.ids.label(f"project/{slug}")
    project = create_project(
        session,
        {
            "slug": slug,
            "code": record["project_code"],
            "code_basis": record["project_code_basis"],
            "proposal_number": record["proposal_number"],
            "title_de": record["title_de"],
            "title_en": record["title_en"],
            "title_aliases": record["title_aliases"],
            "summary_de": record["description_de"],
            "summary_en": record["description_en"],
            "summary_basis": record["description_basis"],
            "theme_forum": record["theme_forum"],
            "theme_forum_basis": record["theme_forum_basis"],
            "locations": [{"name": name, "ags": None, "nuts3": None} for name in record["locations"]],
            "list_confidence": record["list_confidence"],
            "components": record["components"],
            "sources": record["sources"],
            "source_notes": record["notes"],
        },
        proposed_on=OPENING_ON,
        basis=DOCUMENTED,
        source_url=PROPOSALS_URL,
    )
    _appoint_partners(load, project, record)
    _decide(load, project, record, position)
    _load_status(load, project, record)
    load_funding(session, project, record, load.ids)
    _load_milestones(load, project, record)


def _appoint_partners(load: _Load, project: Project, record: Record) -> None:
    ministry = load.forum_ministry[record["theme_forum"]] or record["lead_ministry"]
    appoint(load.session, project, ministry, LEAD, PROPOSALS_DUE_ON, decision_id=None, basis="published_source")
    for name in dict.fromkeys(_SAME_ORGANISATION.get(name, name) for name in record["partners"]):
        appoint(load.session, project, slug_of(name), "partner", None, decision_id=None, basis="published_source")


def _decide(load: _Load, project: Project, record: Record, position: int) -> None:
    """What the cabinet decided on 5 November 2019, and who followed whom in 2022."""
    kept = record["decision"] == "carried_on"
    load.ids.label(f"decision_effect/{project.slug}")
    add_effect(
        load.session,
        load.decision,
        {
            "project": project.slug,
            "effect": "admit" if kept else "remove",
            "from_value": "proposed",
            "to_value": ADOPTED if kept else TRANSFERRED_OUT,
            "basis": record["decision_basis"],
            "source_url": record["decision_source_url"],
        },
        position,
    )
    load.ids.label(f"project/{project.slug}/decided")
    if kept:
        assign_field(
            load.session,
            project,
            record["action_field"],
            DECIDED_ON,
            decision_id=load.decision.id,
            basis=record["action_field_basis"],
            source_url=record["action_field_source_url"],
        )
        basis = "assumed" if record["decision_basis"] == "assumed" else "decision"
        appoint(
            load.session,
            project,
            record["lead_ministry"],
            LEAD,
            DECIDED_ON,
            decision_id=load.decision.id,
            basis=basis,
        )
    # What became of it since is another question: the basis of the implementation's state is unknown until a source.
    record_documented(
        load.session,
        project,
        ADOPTED if kept else TRANSFERRED_OUT,
        on=DECIDED_ON,
        basis=UNKNOWN if kept else DOCUMENTED,
        decision=load.decision,
        source_url=record["decision_source_url"],
    )
    _pass_on(load, project)


def _pass_on(load: _Load, project: Project) -> None:
    """The lead goes to the one successor; where the ministry was split it stays, shown as not determined."""
    role = load.session.scalars(
        sa.select(ProjectRole).where(
            ProjectRole.project_id == project.id, ProjectRole.role == LEAD, ProjectRole.to_on.is_(None)
        )
    ).one()
    successors = load.session.scalars(
        sa.select(Organisation.code)
        .join(Succession, Succession.successor_id == Organisation.id)
        .where(Succession.organisation_id == role.organisation_id)
    ).all()
    if len(successors) == 1:
        appoint(
            load.session,
            project,
            successors[0],
            LEAD,
            NEW_MINISTRIES_ON,
            decision_id=load.formation.id,
            basis="succession",
        )


def _load_status(load: _Load, project: Project, record: Record) -> None:
    status = _STATUS_OF.get(record["implementation_status"])
    if status is None or record["decision"] == "not_carried_on":
        return
    on, precision = period(record["implementation_as_of"])
    record_documented(
        load.session,
        project,
        status,
        on=on,
        precision=precision,
        source_url=record["implementation_source_url"],
    )


def _load_milestones(load: _Load, project: Project, record: Record) -> None:
    dropped = project.status in (NOT_PURSUED, TRANSFERRED_OUT)
    for number, fact in enumerate(record["milestones"], start=1):
        load.ids.label(f"milestone/{project.slug}/M{number:02}")
        planned = fact["kind"] == "planned"
        day, precision = period(fact["date"])
        milestone = record_documented_milestone(
            load.session,
            project,
            {
                "title_de": fact["event_de"],
                "title_en": fact["event_en"],
                "kind": fact["kind"],
                "source_url": fact["source_url"],
                **({"baseline_on": day, "baseline_on_precision": precision} if planned else {}),
            },
            status=SCHEDULED if planned else ACHIEVED,
            achieved_on=None if planned else day,
            achieved_on_precision=precision,
            season=fact["season"],
        )
        if planned and dropped:
            on, status_precision = period(record["implementation_as_of"])
            cancel_documented(load.session, milestone, on=on, precision=status_precision, known_from=today())


def _load_unnamed(load: _Load, position: int) -> list[str]:
    """The kept projects whose names no source gives; the official count says they exist."""
    forums: list[int | None] = [number for number, count in sorted(UNNAMED_BY_FORUM.items()) for _ in range(count)]
    forums += [None] * (UNNAMED_COUNT - len(forums))
    slugs = []
    for number, forum in enumerate(forums, start=1):
        slug = f"nicht-ermittelt-{number:02}"
        load.ids.label(f"project/{slug}")
        code = _CODE_OF_UNNAMED.get(forum) if forum else None
        project = create_project(
            load.session,
            {
                "slug": slug,
                "code": code,
                "code_basis": "inferred_from_sequence" if code else None,
                "title_de": f"{UNNAMED_TITLE} ({number} von {UNNAMED_COUNT})",
                "title_en": f"Project, name not found ({number} of {UNNAMED_COUNT})",
                "title_known": False,
                "theme_forum": forum,
                "theme_forum_basis": "inferred_by_numbering" if forum else None,
                "list_confidence": "official_count",
            },
            proposed_on=OPENING_ON,
            basis=DOCUMENTED,
            source_url=PROPOSALS_URL,
        )
        load.ids.label(f"decision_effect/{slug}")
        add_effect(
            load.session,
            load.decision,
            {
                "project": slug,
                "effect": "admit",
                "from_value": "proposed",
                "to_value": ADOPTED,
                "basis": "official_count",
            },
            position + number,
        )
        load.ids.label(f"project/{slug}/decided")
        record_documented(load.session, project, ADOPTED, on=DECIDED_ON, basis=UNKNOWN, decision=load.decision)
        slugs.append(slug)
    return slugs
