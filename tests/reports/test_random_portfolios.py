"""Random portfolios: every cell of every grouping equals its lines, and the downloaded lines add up to it."""

from __future__ import annotations

import csv
import io
import itertools
import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from portfolio.core.db import Database
from portfolio.core.problems import Conflict
from portfolio.funding.applications import create_application, transition_application
from portfolio.funding.awards import create_award, transition_award
from portfolio.funding.ledger import book
from portfolio.funding.models import Award
from portfolio.funding.on_day import GROUP_KEYS
from portfolio.funding.programmes import create_programme
from portfolio.organisations.service import create_organisation
from portfolio.projects.decisions import create_decision
from portfolio.projects.periods import appoint, assign_field
from portfolio.projects.service import create_project
from portfolio.projects.transitions import Transition, transition_project
from portfolio.taxonomy.codelists import ACTION_FIELD
from portfolio.taxonomy.models import ActionField
from tests.conftest import SYSTEM, clearing, make_app

GROUPINGS = [keys for size in range(4) for keys in itertools.combinations(GROUP_KEYS, size)]
AMOUNTS = ("0.00", "0.01", "0.99", "1234.56", "999999999999.99", "250000.00", "33.33")
LEVELS = ("eu", "federal", "state", "mixed")
PORTFOLIOS = 5
FULL_PORTFOLIOS = 100
PARTS = 5


def _fill(session: Session, dice: random.Random) -> None:
    for position, code in enumerate(ACTION_FIELD.codes):
        session.add(
            ActionField(
                code=code, title_de=code, title_en=code, short_title_de=code, short_title_en=code, position=position
            )
        )
    for code in ("VM", "MKW", "kunde"):
        create_organisation(session, {"code": code, "name_de": code, "kind": "ministry"})
    for code, level, fund in (("p-eu", "eu", "EFRE"), ("p-bund", "federal", None)):
        create_programme(session, {"code": code, "title_de": code, "level": level, "fund": fund})
    for number in range(dice.randint(2, 5)):
        _add_project(session, dice, number)


def _add_project(session: Session, dice: random.Random, number: int) -> None:
    began = date(2020, 1, 1) + timedelta(days=dice.randint(0, 400))
    project = create_project(session, {"slug": f"p-{number}", "title_de": f"P {number}"}, proposed_on=began)
    decision = create_decision(
        session, {"kind": "cabinet_decision", "authority": "K", "decided_on": began, "title_de": "B"}
    )
    if dice.random() < 0.8:
        for start in (began, began + timedelta(days=500)):
            field = dice.choice(ACTION_FIELD.codes)
            assign_field(session, project, field, start, decision_id=decision.id, basis="decision")
        appoint(session, project, dice.choice(["VM", "MKW"]), "lead_ministry", began, decision_id=None, basis="assumed")
        transition_project(session, project, Transition("adopted", began, decision=decision.id))
    for _ in range(dice.randint(0, 4)):
        programme = dice.choice([None, "p-eu", "p-bund"])
        application = create_application(
            session,
            project,
            {
                "programme": programme,
                "level": None if programme else dice.choice([None, *LEVELS]),
                "applicant": dice.choice([None, "kunde"]),
                "requested_amount": Decimal(dice.choice(AMOUNTS)),
            },
        )
        day = began + timedelta(days=dice.randint(0, 900))
        for status in dice.choice([(), ("submitted",), ("submitted", "under_review", "approved")]):
            transition_application(session, application, status, day, None)
        if application.status == "approved":
            amount = dice.choice([None, *(Decimal(amount) for amount in AMOUNTS)])
            award = create_award(session, application, {"issued_on": day, "amount": amount})
            _pay(session, dice, award, day)
            if award.status not in ("settled", "revoked") and dice.random() < 0.4:
                changed = Decimal(dice.choice(AMOUNTS))
                later = day + timedelta(days=900)
                create_award(session, application, {"issued_on": later, "amount": changed}, supersedes=award.id)


def _pay(session: Session, dice: random.Random, award: Award, day: date) -> None:
    path = dice.choice([(), ("final",), ("final", "active", "proof_due", "settled"), ("final", "revoked")])
    booked = []
    for status in path:
        transition_award(session, award, status, day, "Widerruf" if status == "revoked" else None)
        for _ in range(dice.randint(0, 2)):
            day += timedelta(days=dice.randint(0, 200))
            kind = dice.choice(
                ["disbursement", "disbursement", "repayment", "commitment", "correction", "pass_through"]
            )
            values: dict[str, Any] = {"type": kind, "booked_on": day}
            if kind != "correction":
                values["amount"] = Decimal(dice.choice(AMOUNTS[1:]))
            elif not booked:
                continue
            try:
                reverses = dice.choice(booked).id if kind == "correction" else None
                booked.append(book(session, award, values, reverses=reverses))  # type: ignore[arg-type]
            except Conflict:
                continue  # above the award, below zero, reversed already: refused, as it should be


Lines = dict[str, list[dict[str, str]]]
_SUMMED = (("applied", "requested_amount"), ("approved", "amount"), ("paid_out", "paid_out"))


def _download(client: FlaskClient, link: str) -> list[dict[str, str]]:
    answer = client.get(f"{link}&format=csv")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


def _sum(rows: list[dict[str, str]], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows if row[column]), Decimal(0))


def _check(cell: dict[str, Any], lines: Lines) -> None:
    """The cell's numbers against lines that this test picked itself."""
    for part, column in _SUMMED:
        assert len(lines[part]) == cell[part]["lines_count"]
        assert _sum(lines[part], column) == Decimal(cell[part]["amount"] or 0)
    exact = [row for row in lines["approved"] if row["amount_qualifier"] == "exact"]
    assert _sum(exact, "amount") == Decimal(cell["approved"]["exact"])
    if cell["to_flow"]["lines"] is not None:
        for column, name in (("to_flow", "amount"), ("lapsed", "lapsed"), ("overpaid", "overpaid")):
            assert _sum(lines["approved"], column) == Decimal(cell["to_flow"][name] or 0)


def _of_group(lines: Lines, group: dict[str, Any]) -> Lines:
    wanted = {key: "" if value is None else str(value) for key, value in group.items()}
    return {
        part: [row for row in rows if all(row[key] == value for key, value in wanted.items())]
        for part, rows in lines.items()
    }


def _add_up(report: dict[str, Any]) -> None:
    for part, names in (("applied", ["amount"]), ("approved", ["amount", "exact"]), ("paid_out", ["amount"])):
        for name in names:
            cells = sum((Decimal(item[part][name] or 0) for item in report["items"]), Decimal(0))
            assert cells == Decimal(report["total"][part][name] or 0)


def _check_portfolio(client: FlaskClient, dice: random.Random, groupings: list[tuple[str, ...]], links: int) -> None:
    """All groupings against the whole lists; some cells' own links against the lines they name."""
    revision = client.get("/v1/reports/portfolio").headers["Register-Revision"]
    day = date(2020, 1, 1) + timedelta(days=dice.randint(100, 2400))
    clocks = [f"valid_on={day}", f"valid_on={day}&known_at={revision}"]
    whole = client.get(f"/v1/reports/funding-summary?{clocks[0]}").json["total"]
    lines = {part: _download(client, whole[part]["lines"]) for part, _ in _SUMMED}
    cells = []
    for number, keys in enumerate(groupings):
        asked = f"group_by={','.join(keys)}&" if keys else ""
        report = client.get(f"/v1/reports/funding-summary?{asked}{clocks[number % 8 == 0]}").json
        _add_up(report)
        for cell in [*report["items"], report["total"]]:
            picked = _of_group(lines, cell.get("group", {}))
            _check(cell, picked)
            cells.append((cell, picked))
    for cell, picked in dice.sample(cells, min(links, len(cells))):
        for part, _ in _SUMMED:
            assert _download(client, cell[part]["lines"]) == picked[part], cell[part]["lines"]


@pytest.mark.postgresql_in_full
def test_every_cell_equals_its_lines(database: Database) -> None:
    dice = random.Random(7)
    with database.transaction(SYSTEM) as session:
        _fill(session, dice)
    client = make_app(database).test_client()
    _check_portfolio(client, dice, GROUPINGS, links=25)


@pytest.mark.large
@pytest.mark.parametrize("part", range(PARTS))
def test_every_cell_equals_its_lines_over_many_portfolios(part: int, scale: bool, database: Database) -> None:
    client = make_app(database).test_client()
    with clearing(database) as clear:
        for number in range((FULL_PORTFOLIOS if scale else PORTFOLIOS) // PARTS):
            dice = random.Random(1000 * part + number)
            clear()
            with database.transaction(SYSTEM) as session:
                _fill(session, dice)
            _check_portfolio(client, dice, GROUPINGS if scale else dice.sample(GROUPINGS, 30), links=10)
