"""Checkpoints: made in time, the same in table and folder, by one key, on top of what was signed before."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from portfolio.app import create_app
from portfolio.core.db import Database
from portfolio.core.problems import Problem
from portfolio.history.checkpoints import EXTENSION, Signer
from portfolio.history.held import KeyRefused, create_key, read_key
from portfolio.history.models import Checkpoint, LogHead, Revision
from portfolio.history.notes import read_note, verify_note
from portfolio.history.rollback import LogRollback
from tests.answer_checker import CheckedClient
from tests.conftest import ORIGIN, _database, key_headers
from tests.history.signing import forget_newest, root_of_leaves, signer_of, signing_settings, write


def _stored(database: Database) -> dict[str, str]:
    with database.snapshot() as session:
        return {f"{row.size}.txt": row.note for row in session.scalars(sa.select(Checkpoint))}


def _held(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / "held").iterdir()}


def _wait(claim: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _again(database: Database) -> Database:
    """The same register as another process opens it."""
    return _database(database.url.render_as_string(hide_password=False))


class TestSigning:
    def test_says_the_root_of_all_leaves_in_table_and_folder(self, database: Database, tmp_path: Path) -> None:
        signer = signer_of(database, tmp_path)
        assert signer.sign() is None
        for count, slug in enumerate("abcde", start=1):
            write(database, slug)
            made = signer.sign()
            assert made is not None
            assert (made.is_new, made.head.size) == (True, count)
            with database.snapshot() as session:
                leaves = list(session.scalars(sa.select(Revision.leaf).order_by(Revision.rev)))
            assert made.head.root == root_of_leaves(leaves)
        assert _held(tmp_path) == _stored(database)
        key = signer.public_key()
        assert key is not None
        heads = [verify_note(_held(tmp_path)[f"{size}.txt"], key) for size in range(1, 6)]
        assert [head.at for head in heads] == sorted(head.at for head in heads)

    def test_with_nothing_new_makes_nothing(self, database: Database, tmp_path: Path) -> None:
        signer = signer_of(database, tmp_path)
        write(database, "a")
        first, second = signer.sign(), signer.sign()
        assert first is not None
        assert second is not None
        assert (second.is_new, second.head) == (False, first.head)

    def test_by_many_at_once_leaves_table_and_folder_alike(self, database: Database, tmp_path: Path) -> None:
        signer_of(database, tmp_path)
        registers = [_again(database) for _ in range(3)]
        signers = [signer_of(register, tmp_path) for register in registers]
        for turn in range(4):
            write(database, f"p{turn}")
            workers = [threading.Thread(target=signer.sign) for signer in signers]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
        for register in registers:
            register.dispose()
        assert sorted(_stored(database)) == ["1.txt", "2.txt", "3.txt", "4.txt"]
        assert _held(tmp_path) == _stored(database)

    def test_does_not_sign_a_log_whose_head_was_changed(self, database: Database, tmp_path: Path) -> None:
        write(database, "a")
        with database.write_engine.begin() as connection:
            connection.execute(sa.update(LogHead).values(frontier=bytes(64)))
        with pytest.raises(LogRollback, match="nothing is signed"):
            signer_of(database, tmp_path).sign()
        assert _stored(database) == {}


class TestBackground:
    def test_signs_within_the_time_after_a_change_and_at_the_end(self, database: Database, tmp_path: Path) -> None:
        signer = signer_of(database, tmp_path, seconds=2)
        signer.start()
        try:
            write(database, "a")
            _wait(lambda: "1.txt" in _stored(database), 2)
            _wait((tmp_path / "held" / "1.txt").exists, 1)
            write(database, "b")
        finally:
            signer.stop()
        assert sorted(_held(tmp_path)) == ["1.txt", "2.txt"]
        assert signer.warnings() == []

    def test_signs_soon_when_asked(self, database: Database, tmp_path: Path) -> None:
        signer = signer_of(database, tmp_path)
        write(database, "a")
        signer.look()
        assert _stored(database) == {}
        signer.ask()
        signer.look()
        assert sorted(_stored(database)) == ["1.txt"]

    def test_does_not_wait_where_much_is_unsigned(
        self, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("portfolio.history.checkpoints._MOST_UNSIGNED", 3)
        signer = signer_of(database, tmp_path)
        for slug, signed in (("a", []), ("b", []), ("c", ["3.txt"]), ("d", ["3.txt"])):
            write(database, slug)
            signer.look()
            assert sorted(_stored(database)) == signed

    def test_is_asked_by_a_report(self, seeded: Database, tmp_path: Path) -> None:
        app = create_app(signing_settings(seeded, tmp_path), seeded)
        signer = app.extensions[EXTENSION]
        assert isinstance(signer, Signer)
        signer.look()
        assert _stored(seeded) == {}
        assert app.test_client().get("/v1/reports/portfolio").status_code == 200
        signer.look()
        assert sorted(_stored(seeded)) == ["1.txt"]

    def test_survives_a_folder_that_cannot_be_written_and_catches_up(self, database: Database, tmp_path: Path) -> None:
        signer = signer_of(database, tmp_path)
        (tmp_path / "held").write_text("in the way")
        write(database, "a")
        signer.ask()
        signer.look()
        assert "cannot be read" in signer.warnings()[0]
        assert str(tmp_path) not in "".join(signer.warnings())
        write(database, "b")
        (tmp_path / "held").unlink()
        signer.look()
        assert signer.warnings() == []
        assert _held(tmp_path) == _stored(database) != {}


class TestFolder:
    def test_that_was_lost_comes_back_from_the_table(
        self, database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        signer = signer_of(database, tmp_path)
        for slug in "abc":
            write(database, slug)
            signer.sign()
        before = _held(tmp_path)
        shutil.rmtree(tmp_path / "held")
        signer.look()
        assert _held(tmp_path) == before
        assert "come from the table: [1, 2, 3]" in caplog.text

    def test_with_an_unreadable_file_is_told(self, database: Database, tmp_path: Path) -> None:
        signer = signer_of(database, tmp_path)
        write(database, "a")
        signer.sign()
        (tmp_path / "held" / "9.txt").write_text("no note")
        signer.require_extended()
        assert "9.txt among the held checkpoints is unreadable" in signer.warnings()[0]


class TestKeys:
    @pytest.mark.skipif(os.name != "posix", reason="modes of files")
    def test_are_for_their_owner_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "log.key"
        made = create_key(path, ORIGIN)
        assert path.stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "log.pub").read_text() == f"{made.line}\n"
        path.chmod(0o640)
        with pytest.raises(KeyRefused, match="can be read by others"):
            read_key(path)

    def test_are_never_overwritten(self, tmp_path: Path) -> None:
        create_key(tmp_path / "log.key", ORIGIN)
        before = (tmp_path / "log.key").read_text()
        with pytest.raises(KeyRefused, match="never overwritten"):
            create_key(tmp_path / "log.key", ORIGIN)
        assert (tmp_path / "log.key").read_text() == before

    def test_that_are_wrong_sign_nothing_while_writes_go_on(self, database: Database, tmp_path: Path) -> None:
        write(database, "a")
        signer_of(database, tmp_path).sign()
        for name in ("log.key", "log.pub"):
            (tmp_path / name).unlink()
        create_key(tmp_path / "log.key", ORIGIN)
        write(database, "b")
        with pytest.raises(KeyRefused, match="not the key that signed"):
            signer_of(database, tmp_path).sign()
        assert sorted(_stored(database)) == ["1.txt"]

    def test_of_another_log_sign_nothing(self, database: Database, tmp_path: Path) -> None:
        create_key(tmp_path / "log.key", "other.test/log")
        write(database, "a")
        with pytest.raises(KeyRefused, match=r"is for the log other\.test/log"):
            signer_of(database, tmp_path).sign()


class TestRollback:
    def _client(self, database: Database, folder: Path) -> CheckedClient:
        app = create_app(signing_settings(database, folder), database)
        app.test_client_class = CheckedClient
        client = app.test_client()
        assert isinstance(client, CheckedClient)
        return client

    def test_stops_writes_and_readiness_but_no_reads(self, database: Database, tmp_path: Path) -> None:
        headers = key_headers(database, "coordinator")
        client = self._client(database, tmp_path)
        signer = signer_of(database, tmp_path)
        for slug in "abc":
            write(database, slug)
        signer.sign()
        assert client.get("/health/ready").status_code == 200
        forget_newest(database, 2)
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json["type"]) == (503, "/problems/log-rollback")
        body = {"slug": "d", "title_de": "D", "proposed_on": "2026-03-02"}
        refused = client.post("/v1/projects", json=body, headers=headers)
        assert (refused.status_code, refused.json["type"]) == (503, "/problems/log-rollback")
        assert "signed for 3 revisions" in refused.json["detail"]
        assert "the log ends at revision 2" in refused.json["detail"]
        assert client.get("/v1/projects").status_code == 200
        signer.look()
        assert _stored(database) == {}

    def test_is_found_after_the_log_grew_again(self, database: Database, tmp_path: Path) -> None:
        for slug in "abc":
            write(database, slug)
        signer_of(database, tmp_path).sign()
        forget_newest(database, 2)
        unguarded = _again(database)
        for slug in "xyz":
            write(unguarded, slug)
        for register in (unguarded, database):
            with pytest.raises(LogRollback, match="the first 3 revisions are other ones"):
                signer_of(register, tmp_path).sign()
        with pytest.raises(Problem) as refused:
            write(database, "q")
        assert refused.value.slug == "log-rollback"
        unguarded.dispose()

    def test_is_found_by_the_table_where_the_folder_is_lost(self, database: Database, tmp_path: Path) -> None:
        for slug in "ab":
            write(database, slug)
        signer_of(database, tmp_path).sign()
        shutil.rmtree(tmp_path / "held")
        note = _stored(database)["2.txt"]
        forget_newest(database, 1)
        with database.write_engine.begin() as connection:
            connection.execute(sa.insert(Checkpoint), {"size": 2, "note": note, "created_at": read_note(note).at})
        with pytest.raises(LogRollback):
            signer_of(database, tmp_path).sign()

    @pytest.mark.parametrize("engine_name", ["sqlite"])
    def test_by_an_older_file_is_found_at_the_start(self, database: Database, tmp_path: Path) -> None:
        write(database, "a")
        database.dispose()
        path = Path(str(database.url.database))
        shutil.copy(path, tmp_path / "backup")
        write(database, "b")
        signer_of(database, tmp_path).sign()
        database.dispose()
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        shutil.copy(tmp_path / "backup", path)
        restored = _again(database)
        with pytest.raises(LogRollback, match="the log ends at revision 1"):
            signer_of(restored, tmp_path).require_extended()
        restored.dispose()

    def test_check_costs_one_look_per_write(self, database: Database, tmp_path: Path) -> None:
        write(database, "a")
        signer_of(database, tmp_path).sign()
        write(database, "b")
        seen: list[str] = []
        sa.event.listen(database.engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
        write(database, "c")
        assert len([statement for statement in seen if "FROM revision" in statement]) == 1


class TestAnswers:
    def test_are_missing_before_the_first_checkpoint(self, database: Database, tmp_path: Path) -> None:
        client = create_app(signing_settings(database, tmp_path), database).test_client()
        missing = client.get("/v1/log/checkpoint")
        assert (missing.status_code, missing.json and missing.json["type"]) == (404, "/problems/not-found")

    def test_are_the_note_and_the_key(self, database: Database, tmp_path: Path) -> None:
        write(database, "a")
        signer = signer_of(database, tmp_path)
        signer.sign()
        app = create_app(signing_settings(database, tmp_path), database)
        app.test_client_class = CheckedClient
        client = app.test_client()
        write(database, "b")
        found = client.get("/v1/log/checkpoint")
        assert found.get_data(as_text=True) == _stored(database)["1.txt"]
        assert (found.mimetype, found.headers["Register-Revision"]) == ("text/plain", "2")
        again = client.get("/v1/log/checkpoint", headers={"If-None-Match": found.headers["ETag"]})
        assert again.status_code == 304
        assert client.get("/v1/log/key").get_data(as_text=True) == (tmp_path / "log.pub").read_text()

    def test_without_a_key_warn_and_go_on(self, database: Database, tmp_path: Path) -> None:
        settings = signing_settings(database, tmp_path)
        for name in ("log.key", "log.pub"):
            (tmp_path / name).unlink()
        client = create_app(settings, database).test_client()
        ready = client.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json is not None
        assert "portfolio log key create" in ready.json["warnings"][0]
        write(database, "a")
        assert client.get("/v1/log/key").status_code == 404
