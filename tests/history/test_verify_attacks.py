"""What somebody who holds the database, or even the key, can do to the history, and how the verifier finds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from portfolio import verify
from portfolio.core.db import Database
from tests.history.auditing import Auditor, Revisions, attacker, drop_current, forge, store_note
from tests.history.honest import write_some

sqlite_only = pytest.mark.parametrize("engine_name", ["sqlite"])


@sqlite_only
class TestAttacks:
    """The classes of HISTORY section 2: what the database alone shows, and what it takes an auditor to see."""

    @pytest.fixture
    def register(self, database: Database, auditor: Auditor) -> Path:
        write_some(database)
        database.dispose()
        path = Path(str(database.url.database))
        store_note(path, auditor.note_of(path, 4))
        store_note(path, auditor.note_of(path))
        auditor.hold(auditor.note_of(path, 4), name="older.txt")
        auditor.hold(auditor.note_of(path), name="newest.txt")
        return path

    def _verdict(self, register: Path, auditor: Auditor, *held: str) -> tuple[int, str | None, int | None]:
        report = verify.verify(register, auditor.key, [auditor.folder / name for name in held])
        first = report.first
        return report.exit_code, first and first.kind, first and first.rev

    def test_none(self, register: Path, auditor: Auditor) -> None:
        assert self._verdict(register, auditor) == (3, None, None)
        assert self._verdict(register, auditor, "older.txt", "newest.txt") == (0, None, None)

    def test_reordering_with_all_hashes_made_right(self, register: Path, auditor: Auditor) -> None:
        def swap(revisions: Revisions) -> Revisions:
            return [*revisions[:4], revisions[5], revisions[4], *revisions[6:]]

        forge(register, swap)
        with attacker(register) as connection:
            connection.execute("DELETE FROM redactable WHERE rev IN (5, 6)")
            connection.execute("UPDATE project SET internal_note = NULL WHERE slug IN ('p-5', 'p-6')")
        assert self._verdict(register, auditor) == (1, "rewritten", 5)
        assert self._verdict(register, auditor, "newest.txt") == (1, "rewritten", 1)

    def test_deleting_in_the_middle_with_all_hashes_made_right(self, register: Path, auditor: Auditor) -> None:
        gone: list[Any] = []

        def cut(revisions: Revisions) -> Revisions:
            gone.extend(revisions[2][1])
            return [*revisions[:2], *revisions[3:]]

        forge(register, cut)
        drop_current(register, gone)
        with attacker(register) as connection:
            connection.execute("DELETE FROM redactable")
            connection.execute("UPDATE project SET internal_note = NULL")
        assert self._verdict(register, auditor)[:2] == (1, "rewritten")
        assert self._verdict(register, auditor, "older.txt") == (1, "rewritten", 1)

    def test_deleting_a_revision_outright(self, register: Path, auditor: Auditor) -> None:
        with attacker(register) as connection:
            connection.execute("DELETE FROM revision WHERE rev = 3")
        assert self._verdict(register, auditor) == (1, "order", 3)

    def test_editing_the_present_only(self, register: Path, auditor: Auditor) -> None:
        with attacker(register) as connection:
            connection.execute("UPDATE project SET title_de = 'Anders' WHERE slug = 'p-3'")
        assert self._verdict(register, auditor) == (1, "current", 3)
        assert self._verdict(register, auditor, "newest.txt") == (1, "current", 3)

    @pytest.mark.parametrize("verb", ["added", "removed"])
    def test_rows_beside_the_history(self, register: Path, auditor: Auditor, verb: str) -> None:
        with attacker(register) as connection:
            if verb == "removed":
                connection.execute("DELETE FROM project WHERE slug = 'p-3'")
            else:
                connection.execute("CREATE TABLE invented (id, version, created_at, updated_at)")
                connection.execute("INSERT INTO invented VALUES ('x', 1, '', '')")
        assert self._verdict(register, auditor, "newest.txt") == (1, "current", 3 if verb == "removed" else 8)

    def test_an_index_that_answers_otherwise_than_its_table(self, register: Path, auditor: Auditor) -> None:
        with attacker(register) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            name = "sql = replace(sql, '(title_sort', '(search_text')"
            connection.execute(f"UPDATE sqlite_schema SET {name} WHERE name = 'ix_project_title_sort_id'")
        assert self._verdict(register, auditor, "newest.txt") == (1, "file", 8)

    def _cut_tail(self, register: Path) -> None:
        gone: list[Any] = []

        def cut(revisions: Revisions) -> Revisions:
            gone.extend(body for _, bodies in revisions[6:] for body in bodies)
            return revisions[:6]

        forge(register, cut)
        drop_current(register, gone)
        with attacker(register) as connection:
            connection.execute("DELETE FROM redactable WHERE rev > 6")

    def test_cutting_the_tail_off(self, register: Path, auditor: Auditor) -> None:
        self._cut_tail(register)
        assert self._verdict(register, auditor) == (1, "truncated", 7)

    def test_cutting_the_tail_off_with_its_checkpoints(self, register: Path, auditor: Auditor) -> None:
        self._cut_tail(register)
        with attacker(register) as connection:
            connection.execute("DELETE FROM checkpoint WHERE size > 6")
        assert self._verdict(register, auditor) == (3, None, None)
        assert self._verdict(register, auditor, "newest.txt") == (1, "truncated", 7)

    def test_rewriting_all_and_signing_anew(self, register: Path, auditor: Auditor) -> None:
        def blame(revisions: Revisions) -> Revisions:
            revisions[2][0]["actor"] = "act_somebody_else"
            return revisions

        forge(register, blame)
        with attacker(register) as connection:
            connection.execute("DELETE FROM checkpoint")
        store_note(register, auditor.note_of(register))
        auditor.hold(auditor.note_of(register), name="forged.txt")
        assert self._verdict(register, auditor) == (3, None, None)
        assert self._verdict(register, auditor, "older.txt") == (1, "rewritten", 1)
        assert self._verdict(register, auditor, "newest.txt", "forged.txt")[0] == 1
        report = verify.verify(register, auditor.key, [auditor.folder / f"{n}.txt" for n in ("newest", "forged")])
        assert "equivocation" in {finding.kind for finding in report.findings}

    def test_another_epoch_and_time_going_back(self, register: Path, auditor: Auditor) -> None:
        def restart(revisions: Revisions) -> Revisions:
            revisions[4][0]["epoch"] = 2
            return revisions

        forge(register, restart)
        assert self._verdict(register, auditor)[1:] == ("epoch", 5)

    def test_a_checkpoint_of_another_key_or_log(self, register: Path, auditor: Auditor, tmp_path: Path) -> None:
        other = Auditor(tmp_path / "other")
        other.hold(other.note_of(register))
        report = verify.verify(register, auditor.key, [other.folder / "held.txt"])
        assert (report.exit_code, "not signed" in str(report.unreadable)) == (2, True)
        stranger = Auditor(tmp_path / "stranger", "elsewhere.test/log")
        report = verify.verify(register, stranger.key, [stranger.hold(stranger.note_of(register))])
        assert report.exit_code == 1
        assert verify.verify(register, None, [auditor.folder / "newest.txt"]).exit_code == 2
