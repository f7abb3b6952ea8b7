"""Changed records are written many at once, and the session is left as its own flush would leave it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portfolio.core.db import Database, table_of
from portfolio.history.recorder import recorded, savepoint
from portfolio.milestones.models import Milestone
from tests.conftest import SYSTEM
from tests.history.test_flat_pages import sent


def _some(session: Session, count: int) -> Sequence[Milestone]:
    return session.scalars(sa.select(Milestone).order_by(Milestone.id).limit(count)).all()


def _updates(statements: Sequence[tuple[str, object]]) -> list[str]:
    return [text for text, _ in statements if text.startswith("UPDATE milestone SET")]


def test_records_that_change_alike_take_one_statement(seeded: Database) -> None:
    with sent(seeded) as statements, seeded.transaction(SYSTEM) as session:
        for number, milestone in enumerate(_some(session, 20)):
            milestone.evidence = f"Seite {number}"
        session.flush()
        assert not session.dirty
        session.flush()
    assert len(_updates(statements)) == 1
    with seeded.snapshot() as reading:
        assert [milestone.evidence for milestone in _some(reading, 20)] == [f"Seite {number}" for number in range(20)]


def test_what_holds_the_same_as_before_is_no_change(seeded: Database) -> None:
    with sent(seeded) as statements, seeded.transaction(SYSTEM) as session:
        (milestone,) = _some(session, 1)
        before, milestone.evidence = milestone.evidence, "anders"
        milestone.evidence = before
        session.flush()
    assert _updates(statements) == []
    assert recorded(session) is None


def test_a_column_that_is_changed_twice_holds_the_last(seeded: Database) -> None:
    with seeded.transaction(SYSTEM) as session:
        (milestone,) = _some(session, 1)
        version = milestone.version
        for text in ("eins", "zwei", "drei"):
            milestone.evidence = text
            session.flush()
    with seeded.snapshot() as reading:
        (after,) = _some(reading, 1)
    assert (after.evidence, after.version) == ("drei", version + 1)


def test_a_record_that_was_changed_meanwhile_is_not_overwritten(seeded: Database) -> None:
    with pytest.raises(StaleDataError), seeded.transaction(SYSTEM) as session:
        first, second = _some(session, 2)
        table = table_of(Milestone)
        session.connection().execute(sa.update(table).where(table.c.id == first.id).values(version=first.version + 1))
        first.evidence = second.evidence = "zu spät"
        session.flush()


def test_a_part_that_fails_is_forgotten(seeded: Database) -> None:
    with seeded.transaction(SYSTEM) as session:
        (milestone,) = _some(session, 1)
        before = (milestone.evidence, milestone.version)
        with pytest.raises(RuntimeError), savepoint(session):
            milestone.evidence = "gescheitert"
            session.flush()
            raise RuntimeError
        assert (milestone.evidence, milestone.version) == before
        milestone.weight += 1
    with seeded.snapshot() as reading:
        (after,) = _some(reading, 1)
    assert (after.evidence, after.version, after.weight) == (before[0], before[1] + 1, milestone.weight)


def test_texts_for_searching_follow(seeded: Database) -> None:
    with seeded.transaction(SYSTEM) as session:
        (milestone,) = _some(session, 1)
        milestone.title_de = "Zwirbeldrüse"
    with seeded.snapshot() as reading:
        table = sa.inspect(Milestone).local_table.metadata.tables["milestone_search"]
        text = reading.scalar(sa.select(table.c.search_text).where(table.c.record_id == milestone.id))
    assert text is not None
    assert "zwirbeldr" in text
