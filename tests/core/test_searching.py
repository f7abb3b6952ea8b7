"""Searching gives what looking at every text gives, by an index that no write leaves behind."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from portfolio.core import migrate, searching
from portfolio.core.db import Database, table_of
from portfolio.core.search import fold, search_terms, search_text
from portfolio.core.searching import SearchText, hits, index_of
from portfolio.exchange.demo import load_demo
from portfolio.history.reading import open_reading
from portfolio.milestones.listing import list_milestones
from portfolio.milestones.models import Milestone, MilestoneSearch
from portfolio.milestones.service import create_milestone, create_milestones, delete_milestone, update_milestone
from portfolio.organisations.models import OrganisationSearch
from portfolio.projects.listing import list_projects
from portfolio.projects.models import Project, ProjectSearch
from portfolio.projects.service import create_project, delete_project, lock_project, update_project
from tests.conftest import SYSTEM
from tests.postgres import create_database, drop_database

_ODD = (
    *(
        "Straße",
        "Öl",
        "öl",
        "O\u0308l",
        "über",
        "Ueber",
        "Café",
        "%",
        "_",
        "\\",
        '"',
        "'",
        "a",
        "ab",
        "ab_",
        "*",
        "AND",
    ),
    *("AND", "NOT", "(", ":", "^", "-", "🚲", "🚲🚲🚲", "100%", "a\\b", 'x"y"z', "ﬁn", "İst", "ǅ", "字字字字"),
)
_PART = st.one_of(st.sampled_from(_ODD), st.text("aAbBoOöÖuüsßeé%_\\\"'*-.", min_size=1, max_size=6))
_QUESTIONS = st.builds(str.join, st.sampled_from(("", " ")), st.lists(_PART, min_size=1, max_size=3))
KINDS: tuple[type[SearchText], ...] = (ProjectSearch, OrganisationSearch, MilestoneSearch)
_DAY = date(2026, 3, 2)


def _titles() -> list[str]:
    dice = random.Random(7)
    return [dice.choice(("", " ")).join(dice.choices(_ODD, k=dice.randint(1, 4))) for _ in range(80)]


@pytest.fixture
def titled(database: Database) -> dict[UUID, str]:
    """Projects by id, each with an odd title."""
    with database.transaction(SYSTEM) as session:
        made = [
            create_project(session, {"slug": f"p-{number}", "title_de": title}, proposed_on=_DAY)
            for number, title in enumerate(_titles())
        ]
    return {project.id: project.title_de for project in made}


def _found(session: Session, kind: type[SearchText], question: str) -> set[UUID]:
    table = table_of(kind.of)
    return set(session.scalars(sa.select(table.c.id).where(hits(session, kind, table, question).condition)))


def require_true(database: Database) -> None:
    """Each record's text is the one it has now, there are no others, and SQLite's index holds just these."""
    with database.snapshot() as session:
        for kind in KINDS:
            kept = {row.record_id: row.search_text for row in session.scalars(sa.select(kind))}
            assert kept == {row.id: kind.text_of(row) for row in session.scalars(sa.select(kind.of))}, kind
    if database.is_sqlite:
        with database.write_engine.begin() as connection:
            for kind in KINDS:
                index = index_of(kind.__tablename__)
                connection.exec_driver_sql(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")


class TestHits:
    @pytest.mark.parametrize("most", [0, 10, 300])
    def test_are_those_of_every_text(
        self, database: Database, titled: dict[UUID, str], monkeypatch: pytest.MonkeyPatch, most: int
    ) -> None:
        monkeypatch.setattr(searching, "MOST_CHOSEN", most)
        texts = {identity: search_text(title) for identity, title in titled.items()}
        with database.snapshot() as session:

            @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)
            @given(question=_QUESTIONS)
            def agree(question: str) -> None:
                wanted = {one for one, text in texts.items() if all(term in text for term in search_terms(question))}
                assert _found(session, ProjectSearch, question) == wanted

            agree()

    def test_name_the_few_and_look_at_the_many(self, database: Database, titled: dict[UUID, str]) -> None:
        with database.snapshot() as session:
            for question, few in (("nirgends", True), ("strasse", True), ("ab", False), ("\u0301", False)):
                found = hits(session, ProjectSearch, table_of(Project), question)
                assert found.are_named is few, question

    def test_of_a_very_long_question(self, database: Database) -> None:
        title = "".join(chr(0x4E00 + number) for number in range(190))
        with database.transaction(SYSTEM) as session:
            made = create_project(session, {"slug": "long", "title_de": title}, proposed_on=_DAY)
        with database.snapshot() as session:
            assert _found(session, ProjectSearch, title) == {made.id}
            assert _found(session, ProjectSearch, title[:-1] + "x") == set()


class TestKeeping:
    def test_every_way_of_writing(self, seeded: Database) -> None:
        load_demo(seeded)
        with seeded.transaction(SYSTEM) as session:
            project = lock_project(session, "oepnv-initiative")
            values: Any = {"code": "M98", "title_de": "Öffnung der Häfen", "kind": "report", "baseline_on": _DAY}
            create_milestones(session, [(project, values), (project, {**values, "code": "M99"})])
        assert sorted(self._codes(seeded, "haefen")) == ["M98", "M99"]
        require_true(seeded)

    def test_a_new_title_and_a_deletion(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            project = create_project(session, {"slug": "dach", "title_de": "Solardach"}, proposed_on=_DAY)
            values: Any = {"title_de": "Richtfest", "kind": "report", "baseline_on": date(2026, 9, 1)}
            milestone = create_milestone(session, project, values)
        assert self._slugs(database, "solar") == ["dach"]
        assert self._codes(database, "richt") == ["M01"]
        with database.transaction(SYSTEM) as session:
            update_project(session, lock_project(session, "dach"), {"title_de": "Gründach"})
            update_milestone(session, session.get_one(Milestone, milestone.id), {"title_en": "Topping out"})
        assert (self._slugs(database, "solar"), self._slugs(database, "gruend")) == ([], ["dach"])
        assert (self._codes(database, "topp"), self._codes(database, "richt topp")) == (["M01"], ["M01"])
        # At a past moment by the titles of then, whether or not they are in a table of now.
        assert (self._slugs(database, "solar", "1"), self._slugs(database, "gruend", "1")) == (["dach"], [])
        assert (self._codes(database, "topp", "1"), self._codes(database, "topp", "2")) == ([], ["M01"])
        require_true(database)
        with database.transaction(SYSTEM) as session:
            delete_milestone(session, session.get_one(Milestone, milestone.id))
            delete_project(session, lock_project(session, "dach"))
        assert (self._slugs(database, "gruend"), self._codes(database, "topp")) == ([], [])
        require_true(database)

    def test_not_what_was_rolled_back(self, database: Database) -> None:
        with pytest.raises(KeyError), database.transaction(SYSTEM) as session:
            create_project(session, {"slug": "dach", "title_de": "Solardach"}, proposed_on=_DAY)
            raise KeyError
        assert self._slugs(database, "solar") == []
        require_true(database)

    def test_a_file_that_was_packed(self, engine_name: str, database: Database, titled: dict[UUID, str]) -> None:
        if engine_name != "sqlite":
            pytest.skip("only SQLite may number rows anew")
        with database.transaction(SYSTEM) as session:
            delete_project(session, lock_project(session, "p-0"))
        with database.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            connection.rollback()
            driver.execute("VACUUM")
        wanted = {one for one, title in list(titled.items())[1:] if "strasse" in fold(title)}
        with database.snapshot() as session:
            assert _found(session, ProjectSearch, "strasse") == wanted != set()

    @staticmethod
    def _slugs(database: Database, question: str, known_at: str | None = None) -> list[str]:
        with open_reading(database, known_at=known_at) as moment:
            statement = list_projects(moment, {"q": question}).statement
            return [row.slug for row in moment.session.execute(statement)]

    @staticmethod
    def _codes(database: Database, question: str, known_at: str | None = None) -> list[str]:
        with open_reading(database, known_at=known_at) as moment:
            statement = list_milestones(moment, {"q": question}).statement
            return [row.code for row in moment.session.execute(statement)]


class TestMigrating:
    def test_fills_in_what_is_there_already(self, seeded: Database) -> None:
        migrate.downgrade(seeded, "0007_pages")
        migrate.upgrade(seeded)
        require_true(seeded)
        with seeded.snapshot() as session:
            assert _found(session, MilestoneSearch, "eroeffnung")
            assert _found(session, ProjectSearch, "universitaet")

    def test_the_owner_of_a_database_needs_no_administrator(self, owned: Database) -> None:
        migrate.upgrade(owned)
        assert migrate.drift(owned) == []

    def test_says_what_is_missing_where_the_extension_cannot_be_added(self, owned: Database) -> None:
        with owned.write_engine.begin() as connection:
            connection.execute(sa.text("REVOKE CREATE ON DATABASE owned FROM CURRENT_USER"))
        with pytest.raises(migrate.SchemaMismatch, match=r"permission denied.* CREATE EXTENSION pg_trgm") as refused:
            migrate.upgrade(owned)
        assert "\n" not in str(refused.value)
        assert migrate.current(owned) is None


@pytest.fixture
def owned(postgres_dsn: str) -> Iterator[Database]:
    """An empty database whose owner is an ordinary role."""
    import psycopg

    owner = create_database(postgres_dsn, "owned")
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("CREATE ROLE ordinary_owner LOGIN")
        connection.execute("ALTER DATABASE owned OWNER TO ordinary_owner")
    database = Database(owner.replace("postgres@", "ordinary_owner@"))
    yield database
    database.dispose()
    drop_database(postgres_dsn, "owned")
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("DROP ROLE ordinary_owner")
