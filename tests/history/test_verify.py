"""The offline verifier says 0 to honest registers, 1 to changed ones with the place, and never a traceback."""

from __future__ import annotations

import random
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from portfolio import verify
from portfolio.core.db import Database
from portfolio.history.dump import write_dump
from portfolio.projects.service import delete_project, find_project, update_project
from tests.conftest import SYSTEM, clearing, open_register
from tests.history.auditing import Auditor, attacker, source_of, store_note
from tests.history.honest import MODELS, Writer, copy_few, write_some

EDITS, ALL_EDITS = 120, 2000
HISTORIES, ALL_HISTORIES = 10, 200
sqlite_only = pytest.mark.parametrize("engine_name", ["sqlite"])


class TestHonestRegister:
    def test_is_verified_only_with_a_held_checkpoint(
        self, with_demo: Database, auditor: Auditor, tmp_path: Path
    ) -> None:
        write_some(with_demo)
        with with_demo.transaction(SYSTEM) as session:
            update_project(session, find_project(session, "p-1"), {"internal_note": None, "title_de": "Anders"})
        with with_demo.transaction(SYSTEM) as session:
            delete_project(session, find_project(session, "p-2"))
        source = source_of(with_demo, tmp_path / "dump")
        held = auditor.hold(auditor.note_of(source, 5), auditor.note_of(source))
        anchored = verify.verify(source, auditor.key, [held])
        assert anchored.findings == []
        assert (anchored.exit_code, anchored.size, anchored.anchored_at, anchored.erased) == (0, 12, 12, 0)
        alone = verify.verify(source, auditor.key)
        assert (alone.exit_code, verify.as_json(alone)["result"]) == (3, "not anchored")
        assert verify.as_text(alone).startswith("NOT ANCHORED: consistent in itself, but no held checkpoint")
        assert verify.as_text(alone).startswith("NOT ANCHORED")

    def test_gives_the_same_files_on_both_engines(self, tmp_path: Path, postgres_dsn: str, auditor: Auditor) -> None:
        from portfolio.core import sources
        from tests.conftest import Ticking
        from tests.postgres import create_database, drop_database

        name = "verify_equal"
        folders = []
        for url in (f"sqlite:///{tmp_path}/equal.sqlite", create_database(postgres_dsn, name)):
            database = open_register(url)
            with sources.using(Ticking().sources()):
                writer = Writer(database, seed=7)
                writer.write(40)
                erased = writer.erase()
            folders.append(tmp_path / f"dump-{len(folders)}")
            assert write_dump(database, folders[-1]) == verify.verify(folders[-1]).size
            database.dispose()
        drop_database(postgres_dsn, name)
        first, second = ({file.name: file.read_bytes() for file in folder.iterdir()} for folder in folders)
        assert first.keys() == second.keys()
        held = auditor.hold(auditor.note_of(folders[0]))
        reports = [verify.as_json(verify.verify(folder, auditor.key, [held])) for folder in folders]
        assert reports[0] == reports[1]
        assert (reports[0]["exit_code"], reports[0]["erased_values"]) == (0, erased)
        assert {name for name in first if _rows(first[name]) != _rows(second[name])} == set()

    @sqlite_only
    def test_needs_no_shared_folder_to_write_to(self, database: Database, tmp_path: Path) -> None:
        write_some(database, 2)
        database.dispose()
        copy = tmp_path / "medium" / "register.sqlite"
        copy.parent.mkdir()
        shutil.copy(str(database.url.database), copy)
        copy.parent.chmod(0o500)
        assert verify.verify(copy).exit_code == 3
        assert [file.name for file in copy.parent.iterdir()] == ["register.sqlite"]
        copy.parent.chmod(0o700)

    @sqlite_only
    def test_with_nothing_in_it_is_consistent(self, database: Database, auditor: Auditor) -> None:
        source = Path(str(database.url.database))
        assert verify.verify(source).exit_code == 3
        assert verify.verify(source, auditor.key, [auditor.hold(auditor.note_of(source))]).exit_code == 0
        write_some(database, 1)
        # The empty log begins every log: it anchors nothing.
        assert verify.verify(source, auditor.key, [auditor.folder / "held.txt"]).exit_code == 3


def _rows(data: bytes) -> list[bytes]:
    # SQLite knows no booleans: false is 0 there. Nothing else may differ.
    return sorted(line.replace(b":false", b":0").replace(b":true", b":1") for line in data.splitlines())


@sqlite_only
class TestHonestHistories:
    @pytest.mark.large
    def test_with_erasures_raise_no_alarm(self, database: Database, auditor: Auditor, scale: bool) -> None:
        path = Path(str(database.url.database))
        with clearing(database) as clear:
            for number in range(ALL_HISTORIES if scale else HISTORIES):
                clear()
                writer = Writer(database, number)
                notes, erased = [], 0
                for _ in range(2):
                    writer.write(12)
                    notes.append(auditor.note_of(path))
                    erased += writer.erase()
                report = verify.verify(path, auditor.key, [auditor.hold(*notes)])
                assert report.findings == [], number
                assert (report.exit_code, report.erased) == (0, erased), number


@sqlite_only
class TestErasure:
    def test_that_leaves_the_text_in_the_table_is_found(self, database: Database) -> None:
        write_some(database, 2)
        path = Path(str(database.url.database))
        with attacker(path) as connection:
            connection.execute("DELETE FROM redactable WHERE rev = 2 AND seq >= 0")
        report = verify.verify(path)
        assert (report.exit_code, report.first and (report.first.kind, report.first.rev)) == (1, ("current", 2))
        with attacker(path) as connection:
            connection.execute("UPDATE project SET internal_note = NULL WHERE slug = 'p-2'")
        report = verify.verify(path)
        assert (report.exit_code, report.first and (report.first.kind, report.first.rev)) == (1, ("erasure", 2))
        with database.transaction(replace(SYSTEM, action="privacy.erase")):
            pass
        report = verify.verify(path)
        assert (report.exit_code, report.erased) == (3, 1)


Edit = tuple[str, str, int, Any, Any]
_LOG_TABLES = ("log_head", "revision", "change", "checkpoint", "redactable")


class _Targets:
    """Every column of every table that the history must protect, and what to write into it."""

    def __init__(self, connection: sqlite3.Connection, dice: random.Random) -> None:
        self.connection, self.dice = connection, dice
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        self.empty = {n for n in names if not connection.execute(f'SELECT 1 FROM "{n}"').fetchone()}
        self.columns = [
            (table, column)
            for table in names
            if table not in self.empty
            for columns in [[row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]]
            if table in _LOG_TABLES or {"id", "version", "created_at", "updated_at"} <= set(columns)
            for column in columns
            if (table, column) != ("log_head", "one")  # a constraint of the database itself holds it
        ]

    def edits(self, count: int) -> list[Edit]:
        """``count`` edits that go round all columns: table, column, row, old and new value."""
        found: list[Edit] = []
        self.dice.shuffle(self.columns)
        for number in range(count):
            table, column = self.columns[number % len(self.columns)]
            rows = self.connection.execute(f'SELECT rowid, "{column}" FROM "{table}"').fetchall()
            rowid, old = self.dice.choice(rows)
            found.append((table, column, rowid, old, self._other(old)))
        return found

    def _other(self, value: Any) -> Any:
        dice = self.dice
        if value is None:
            return dice.choice(["x", 0, "", b"\0"])
        if isinstance(value, int):
            return dice.choice([value + dice.choice([-1, 1, 7, 2**40]), None, "x", b"1", value + 0.5, 1 - value])
        if isinstance(value, bytes):
            place = dice.randrange(len(value))
            flipped = value[:place] + bytes([value[place] ^ 1 << dice.randrange(8)]) + value[place + 1 :]
            return dice.choice([flipped, flipped, value[:-1], value + b"\0", None, "x", value[::-1] + b"x"])
        if not value:
            return dice.choice(["x", None])
        place = dice.randrange(len(value))
        letter = dice.choice([c for c in '0189abÄ\n "{[' if c != value[place]])
        return dice.choice([value[:place] + letter + value[place + 1 :]] * 4 + [value + " ", value[:place], 17, None])


def _first_touched(connection: sqlite3.Connection, edit: Edit, size: int) -> set[int]:
    """The revisions that may be named as the first bad one."""
    table, column, rowid, old, new = edit
    if table == "log_head":
        return {size}
    if table in _LOG_TABLES:
        number = "size" if table == "checkpoint" else "rev"
        (rev,) = connection.execute(f"SELECT {number} FROM {table} WHERE rowid = ?", (rowid,)).fetchone()
        rev = old if column == number else rev
        if column == number:  # found where it is missing or where it now stands, at the end if that is no number
            return {rev, max(1, int(new)) if isinstance(new, int | float) else size, size}
        return {rev}
    key = (
        old if column == "id" else connection.execute(f"SELECT id FROM {table} WHERE rowid = ?", (rowid,)).fetchone()[0]
    )
    return set(connection.execute("SELECT max(rev) FROM change WHERE entity_id = ?", (key,)).fetchone())


@sqlite_only
class TestSingleEdits:
    @pytest.mark.large
    def test_are_all_found_at_the_right_revision(
        self, with_demo: Database, auditor: Auditor, tmp_path: Path, scale: bool
    ) -> None:
        path = tmp_path / "small.sqlite"
        small = open_register(f"sqlite:///{path}")
        copy_few(with_demo, small)
        Writer(small, 1).write(12)
        write_some(small, 1)
        with small.transaction(SYSTEM) as session:
            update_project(session, find_project(session, "p-1"), {"slug": "renamed"})
        small.dispose()
        store_note(path, auditor.note_of(path, 20))
        held = auditor.hold(auditor.note_of(path, 30), auditor.note_of(path))
        clean = verify.verify(path, auditor.key, [held])
        assert clean.findings == []
        assert clean.exit_code == 0
        count, done = ALL_EDITS if scale else EDITS, 0
        with attacker(path) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            connection.execute("PRAGMA synchronous = OFF")
            targets = _Targets(connection, random.Random(62))
            assert targets.empty & {*_LOG_TABLES, *MODELS} == set()
            for edit in targets.edits(2 * count):  # some the database itself refuses
                done += done < count and _is_found(connection, edit, path, auditor.key, held, clean.size)
        assert done == count
        assert verify.verify(path, auditor.key, [held]).exit_code == 0


def _is_found(connection: sqlite3.Connection, edit: Edit, path: Path, key: Path, held: Path, size: int) -> bool:
    """Make one edit, look whether the verifier names it, and take it back; False where the database refuses it."""
    table, column, rowid, old, new = edit
    possible = _first_touched(connection, edit, size)
    try:
        connection.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (new, rowid))
    except sqlite3.Error:
        return False  # NOT NULL, UNIQUE, or a key that must be an integer
    now = new if column in ("rev", "size") and table in ("revision", "checkpoint") else rowid
    stored = connection.execute(f'SELECT "{column}" FROM "{table}" WHERE rowid = ?', (now,)).fetchone()[0]
    changed = type(stored) is not type(old) or stored != old
    if changed:
        report = verify.verify(path, key, [held])
        assert report.exit_code == 1, (edit, verify.as_text(report))
        assert report.first is not None
        assert report.first.rev in possible, (edit, possible, verify.as_text(report))
    connection.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (old, now))
    return changed


def test_dump_and_file_of_a_changed_register_give_one_verdict(
    database: Database, auditor: Auditor, tmp_path: Path
) -> None:
    write_some(database)
    with database.write_engine.begin() as connection:
        connection.execute(sa.text("UPDATE project SET title_de = 'Anders' WHERE slug = 'p-3'"))
        connection.execute(sa.text("UPDATE redactable SET value = '\"Herr X. rät zu\"' WHERE rev = 5 AND seq >= 0"))
        connection.execute(sa.text("UPDATE log_head SET last_at = '2026'"))
    write_dump(database, tmp_path / "dump")
    sources = [tmp_path / "dump", *([Path(str(database.url.database))] if database.is_sqlite else [])]
    for source in sources:
        report = verify.verify(source)
        found = {(finding.kind, finding.rev) for finding in report.findings}
        assert (report.exit_code, found) == (1, {("commitment", 5), ("head", 8)})
