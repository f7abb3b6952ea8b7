"""Decisions and what they do to projects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TypedDict
from uuid import UUID

from sqlalchemy.orm import Session

from portfolio.core.dates import Precision
from portfolio.core.journal import refuse_future
from portfolio.core.problems import Invalid, ProblemError
from portfolio.projects.models import Decision, DecisionEffect
from portfolio.projects.service import named_project


class EffectValues(TypedDict, total=False):
    """What a decision does to one project, named by its slug."""

    project: str
    effect: str
    from_value: str | None
    to_value: str | None
    basis: str | None
    source_url: str | None


class DecisionValues(TypedDict, total=False):
    """The fields of a decision."""

    kind: str
    authority: str
    decided_on: date
    decided_on_precision: Precision
    title_de: str
    title_en: str | None
    reason_de: str | None
    reason_en: str | None
    agreed_with: str | None
    source_url: str | None


def find_decision(session: Session, decision_id: UUID) -> Decision:
    """:raises Invalid: a payload names a decision that does not exist."""
    decision = session.get(Decision, decision_id)
    if decision is None:
        detail = f"There is no decision {decision_id}; POST /v1/decisions makes one."
        raise Invalid(detail, errors=[ProblemError(pointer="#/decision", code="not_found", detail=detail)])
    return decision


def create_decision(
    session: Session, values: DecisionValues, effects: Sequence[EffectValues] = (), *, demo: bool = False
) -> Decision:
    """Record a dated act and its effects.

    :raises Invalid: the day lies in the future, or an effect names no project or stands twice.
    """
    refuse_future(values["decided_on"], values.get("decided_on_precision", Precision.DAY), name="decided_on")
    decision = Decision(**values, demo=demo)
    session.add(decision)
    session.flush()
    _refuse_repetition(effects)
    for position, effect in enumerate(effects, start=1):
        add_effect(session, decision, effect, position)
    return decision


def _refuse_repetition(effects: Sequence[EffectValues]) -> None:
    seen: set[tuple[str, str]] = set()
    for place, effect in enumerate(effects):
        one = (effect["project"], effect["effect"])
        if one in seen:
            detail = f"{one[0]} has the effect {one[1]} already; a decision has each effect once."
            raise Invalid(detail, errors=[ProblemError("repeated", detail, pointer=f"#/effects/{place}")])
        seen.add(one)


def add_effect(session: Session, decision: Decision, effect: EffectValues, position: int) -> DecisionEffect:
    """Append one effect to a decision that is being recorded."""
    named = dict(effect)
    project = named_project(session, str(named.pop("project")), f"#/effects/{position - 1}/project")
    row = DecisionEffect(decision_id=decision.id, position=position, project_id=project.id, **named)
    session.add(row)
    session.flush()
    return row
