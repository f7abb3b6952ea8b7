"""Organisations end, are followed by others, and are found by their names."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portfolio.core.db import Database
from portfolio.core.problems import AlreadyExists, Invalid, NotFound, StaleVersion
from portfolio.core.search import slug_of
from portfolio.organisations.models import Organisation, Succession
from portfolio.organisations.service import (
    OrganisationValues,
    create_organisation,
    lock_organisation,
    record_succession,
    update_organisation,
)
from tests.conftest import SYSTEM

CHANGE = date(2022, 6, 29)


def _make(session: Session, code: str, values: OrganisationValues | None = None) -> Organisation:
    found: OrganisationValues = {"code": code, "name_de": f"Ministerium {code}", "kind": "ministry"}
    return create_organisation(session, {**found, **(values or {})})


def _pointer(refused: pytest.ExceptionInfo[Invalid]) -> tuple[str | None, str]:
    error = refused.value.errors[0]
    return error.pointer, error.code


class TestCreateOrganisation:
    def test_keeps_keys_for_sorting_and_finding(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            _make(session, "MWÜ", {"name_de": "Ministerium für Straßen", "name_en": "Roads"})
        with database.snapshot() as session:
            found = session.scalars(sa.select(Organisation)).one()
        assert found.name_sort == "ministerium fur strassen\x1fMinisterium für Straßen"
        for word in ("mwue", "fuer", "fur", "strassen", "roads"):
            assert word in found.search_text

    def test_refuses_a_code_twice(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            _make(session, "VM")
            with pytest.raises(AlreadyExists, match="'VM'"):
                _make(session, "VM")

    @pytest.mark.parametrize("end", [date(2022, 6, 28), CHANGE])
    def test_refuses_an_end_that_is_not_after_the_begin(self, database: Database, end: date) -> None:
        with database.transaction(SYSTEM) as session, pytest.raises(Invalid) as refused:
            _make(session, "VM", {"valid_from": CHANGE, "valid_to": end})
        assert _pointer(refused) == ("#/valid_to", "ends_before_start")


class TestUpdateOrganisation:
    def test_leaves_alone_what_is_not_sent_and_renews_the_keys(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            _make(session, "VM", {"name_en": "Transport"})
        with database.transaction(SYSTEM) as session:
            changed = lock_organisation(session, "VM")
            update_organisation(session, changed, {"name_de": "Verkehrsministerium"}, seen_version=1)
        assert (changed.name_en, changed.version) == ("Transport", 2)
        assert "verkehrsministerium" in changed.search_text
        assert "transport" in changed.search_text

    def test_refuses_a_version_someone_else_has_changed(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            organisation = _make(session, "VM")
            with pytest.raises(StaleVersion, match="version 1, you read 7"):
                update_organisation(session, organisation, {"name_de": "x"}, seen_version=7)

    def test_knows_only_recorded_codes(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session, pytest.raises(NotFound, match="'VM'"):
            lock_organisation(session, "VM")


class TestRecordSuccession:
    def test_ends_the_old_one_that_day(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            _make(session, "MHKBG")
            _make(session, "MHKBD", {"valid_from": CHANGE})
        with database.transaction(SYSTEM) as session:
            old = lock_organisation(session, "MHKBG")
            record_succession(
                session, old, {"organisation": "MHKBD", "happened_on": CHANGE, "kind": "renamed", "basis": "decree"}
            )
        assert (old.valid_to, old.version) == (CHANGE, 2)
        with database.snapshot() as session:
            succession = session.scalars(sa.select(Succession)).one()
        assert (succession.happened_on, succession.kind, succession.basis, succession.note) == (
            CHANGE,
            "renamed",
            "decree",
            None,
        )

    def test_keeps_an_end_that_is_recorded_and_still_raises_the_version(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            _make(session, "A", {"valid_to": date(2023, 1, 1)})
            _make(session, "B")
        with database.transaction(SYSTEM) as session:
            old = lock_organisation(session, "A")
            record_succession(session, old, {"organisation": "B", "happened_on": CHANGE, "kind": "split"})
        assert (old.valid_to, old.version) == (date(2023, 1, 1), 2)

    def test_lets_one_be_split_among_several(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            old = _make(session, "MULNV")
            for code in ("MUNV", "MLV"):
                _make(session, code)
                record_succession(session, old, {"organisation": code, "happened_on": CHANGE, "kind": "split"})
        with database.snapshot() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(Succession)) == 2

    def test_refuses_the_same_successor_twice(self, database: Database) -> None:
        with database.transaction(SYSTEM) as session:
            old = _make(session, "A")
            _make(session, "B")
            record_succession(session, old, {"organisation": "B", "happened_on": CHANGE, "kind": "renamed"})
            with pytest.raises(AlreadyExists, match="B is recorded as a successor of A already"):
                record_succession(session, old, {"organisation": "B", "happened_on": CHANGE, "kind": "merged"})

    @pytest.mark.parametrize("successor", ["A", "unknown"])
    def test_refuses_itself_and_unknown_ones(self, database: Database, successor: str) -> None:
        with database.transaction(SYSTEM) as session, pytest.raises(Invalid) as refused:
            record_succession(
                session, _make(session, "A"), {"organisation": successor, "happened_on": CHANGE, "kind": "renamed"}
            )
        assert _pointer(refused) == ("#/add_successor/organisation", "not_found")

    @pytest.mark.parametrize(
        ("old", "new", "code"),
        [
            ({"valid_from": CHANGE}, {}, "before_start"),
            ({}, {"valid_from": date(2022, 6, 30)}, "before_start"),
            ({}, {"valid_to": CHANGE}, "after_end"),
        ],
    )
    def test_refuses_a_day_on_which_one_of_the_two_does_not_exist(
        self, database: Database, old: OrganisationValues, new: OrganisationValues, code: str
    ) -> None:
        with database.transaction(SYSTEM) as session, pytest.raises(Invalid) as refused:
            organisation = _make(session, "A", old)
            _make(session, "B", new)
            record_succession(session, organisation, {"organisation": "B", "happened_on": CHANGE, "kind": "renamed"})
        assert _pointer(refused) == ("#/add_successor/happened_on", code)


class TestSlugOf:
    @pytest.mark.parametrize(
        ("name", "slug"),
        [
            ("Westfälische Hochschule", "westfaelische-hochschule"),
            ("Emschergenossenschaft/Lippeverband", "emschergenossenschaft-lippeverband"),
            ("  Dr. Ausbüttel & Co. GmbH ", "dr-ausbuettel-co-gmbh"),
            ("Straße É", "strasse-e"),
        ],
    )
    def test_is_an_address(self, name: str, slug: str) -> None:
        assert slug_of(name) == slug
