"""Whatever the verifier is given, it answers with 1 or 2 and a sentence, never with a traceback (rules V1 to V4)."""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from portfolio import verify
from portfolio.cli.main import cli
from portfolio.core.db import Database
from portfolio.history.dump import write_dump
from tests.conftest import ORIGIN
from tests.history.auditing import Auditor, attacker, store_note
from tests.history.honest import Writer

DEEP = "[" * 200_000
ODD_TEXTS = (
    "",
    "null",
    "[]",
    "{}",
    '"x"',
    "{",
    DEEP,
    '{"a":' * 50_000,
    '{"rev":1e999}',
    '{"rev":1.0}',
    '{"rev":NaN}',
    '{"rev":-Infinity}',
    '{"rev":' + "9" * 5000 + "}",
    '{"rev":9007199254740993}',
    '{"rev":1,"rev":1}',
    '{"rev": 1}',
    '{"a":"\\ud800"}',
    "\ufeff{}",
    "\0",
    "17",
)
FILES = ("manifest.json", "revisions.jsonl", "changes.jsonl", "redactions.jsonl", "checkpoints.txt", "current.jsonl")
sqlite_only = pytest.mark.parametrize("engine_name", ["sqlite"])


@pytest.fixture
def register(database: Database, auditor: Auditor) -> Path:
    Writer(database, 3).write(12)
    path = Path(str(database.url.database))
    store_note(path, auditor.note_of(path, 6))
    auditor.hold(auditor.note_of(path))
    return path


@pytest.fixture
def dump(database: Database, register: Path, tmp_path: Path) -> Path:
    write_dump(database, tmp_path / "dump")
    return tmp_path / "dump"


def _verify(source: Path, auditor: Auditor) -> verify.Report:
    report = verify.verify(source, auditor.key, [auditor.folder / "held.txt"])
    assert verify.as_text(report)
    json.dumps(verify.as_json(report))
    return report


@sqlite_only
class TestFiles:
    def test_that_are_no_register(self, database: Database, auditor: Auditor, tmp_path: Path) -> None:
        auditor.hold(auditor.note(0, verify.EMPTY_ROOT))
        path = tmp_path / "x.sqlite"
        assert _verify(path, auditor).exit_code == 2
        assert not path.exists()
        for data in (b"", b"x", b"SQLite format 3\0", b"SQLite format 3\0" + os.urandom(8000), DEEP.encode()):
            path.write_bytes(data)
            assert _verify(path, auditor).exit_code == 2
        folder = tmp_path / "folder"
        folder.mkdir()
        assert _verify(folder, auditor).exit_code == 2

    def test_that_are_cut_or_damaged(self, database: Database, register: Path, auditor: Auditor) -> None:
        assert _verify(register, auditor).exit_code == 0
        database.dispose()
        whole = register.read_bytes()
        assert not register.with_name(register.name + "-wal").exists()
        dice = random.Random(1)
        for _ in range(25):
            register.write_bytes(whole[: dice.randrange(len(whole))])
            assert _verify(register, auditor).exit_code in (1, 2)
        for _ in range(60):
            # A whole page of noise. Free pages hold nothing, so even 0 is a true answer there.
            page = dice.randrange(len(whole) // 4096) * 4096
            register.write_bytes(whole[:page] + dice.randbytes(4096) + whole[page + 4096 :])
            _verify(register, auditor)

    @pytest.mark.parametrize("number", range(len(ODD_TEXTS) + 1))
    def test_with_odd_texts_in_the_log(self, register: Path, auditor: Auditor, number: int) -> None:
        odd = ODD_TEXTS[number] if number < len(ODD_TEXTS) else None
        with attacker(register) as connection:
            for table, column in (("revision", "header"), ("change", "body"), ("redactable", "value")):
                last = f"SELECT rowid, rev, {column} FROM {table} ORDER BY rev DESC, rowid DESC LIMIT 1"
                rowid, rev, old = connection.execute(last).fetchone()
                # Without one of the list: bytes that are no UTF-8.
                value = "CAST(x'22ff22' AS TEXT)" if odd is None else "?"
                change = f"UPDATE {table} SET {column} = {value} WHERE rowid = {rowid}"
                connection.execute(change, () if odd is None else (odd,))
                report = _verify(register, auditor)
                assert (report.exit_code, report.first and report.first.rev) == (1, rev), table
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = {rowid}", (old,))
        assert _verify(register, auditor).exit_code == 0


@sqlite_only
class TestHeaders:
    @pytest.mark.parametrize(
        "name", "v log epoch rev at actor via ministry action reason req schema n changes prev".split()
    )
    def test_need_every_member_in_its_type(self, register: Path, auditor: Auditor, name: str) -> None:
        with attacker(register) as connection:
            (text,) = connection.execute("SELECT header FROM revision WHERE rev = 5").fetchone()
            header: dict[str, Any] = json.loads(text)
            for value in (True, -1, 2**60, "", [], {"$c": 1}, {"x": None}, "2026-06-01", "0" * 63, "A" * 64, verify):
                forged = {key: member for key, member in header.items() if key != name}
                if value is not verify:
                    forged[name] = value
                written = verify.canonical(forged)
                leaf = verify.leaf_hash(written.encode())
                connection.execute("UPDATE revision SET header = ?, leaf = ? WHERE rev = 5", (written, leaf))
                report = _verify(register, auditor)
                assert (report.exit_code, report.first and report.first.rev) == (1, 5), value


@sqlite_only
class TestDumps:
    def test_are_whole_to_the_byte(self, dump: Path, auditor: Auditor) -> None:
        assert sorted(file.name for file in dump.iterdir()) == sorted(FILES)
        assert _verify(dump, auditor).exit_code == 0
        dice = random.Random(2)
        for name in FILES * 12:
            path = dump / name
            whole = path.read_bytes()
            place = dice.randrange(len(whole) - 1)  # without the last line's end
            other = bytes([whole[place] ^ 1 << dice.randrange(8)])
            for damaged in (
                whole[:place] + other + whole[place + 1 :],
                whole[:place] + whole[place + 1 :],
                whole[: place - len(whole)],
                whole[:place] + dice.randbytes(3) + whole[place:],
            ):
                path.write_bytes(damaged)
                assert _verify(dump, auditor).exit_code in (1, 2), (name, place)
            path.write_bytes(whole)
        assert _verify(dump, auditor).exit_code == 0

    @pytest.mark.parametrize("name", FILES)
    def test_with_odd_files_are_refused(self, dump: Path, auditor: Auditor, name: str) -> None:
        whole = (dump / name).read_bytes()
        for text in ODD_TEXTS:
            (dump / name).write_bytes(text.encode() + b"\n" + whole)
            assert _verify(dump, auditor).exit_code in (1, 2), text[:20]
        (dump / name).write_bytes(b"\xff\xfe" + whole)
        assert _verify(dump, auditor).exit_code in (1, 2)
        (dump / name).unlink()
        assert _verify(dump, auditor).exit_code == 2
        (dump / name).mkdir()
        assert _verify(dump, auditor).exit_code == 2

    @pytest.mark.parametrize(("line", "name"), [(n, f) for f in FILES[1:4] for n in ("twice", "moved", "gone")])
    def test_with_lines_out_of_place_are_found(self, dump: Path, auditor: Auditor, line: str, name: str) -> None:
        lines = (dump / name).read_bytes().splitlines(keepends=True)
        changed = {
            "twice": [*lines[:2], lines[1], *lines[2:]],
            "moved": [*lines[:1], lines[2], lines[1], *lines[3:]],
            "gone": [*lines[:1], *lines[2:]],
        }[line]
        (dump / name).write_bytes(b"".join(changed))
        # A value that is gone may have been erased; in this register it is still in use or past.
        expected = (0, 1) if (line, name) in {("gone", "redactions.jsonl"), ("moved", "redactions.jsonl")} else (1,)
        assert _verify(dump, auditor).exit_code in expected

    def test_with_a_stored_checkpoint_gone_or_doubled_are_found(self, dump: Path, auditor: Auditor) -> None:
        text = (dump / "checkpoints.txt").read_text()
        for changed in ("", text * 2, text.replace("\nat ", "\nAT ")):
            (dump / "checkpoints.txt").write_text(changed)
            report = _verify(dump, auditor)
            assert (report.exit_code, report.first and report.first.kind) == (1, "checkpoint")


class TestNotes:
    def test_stand_no_change_of_a_single_letter(self, auditor: Auditor) -> None:
        note = auditor.note(17, verify.leaf_hash(b"x"))
        key = verify.parse_key(auditor.key.read_text())
        assert verify.check_signature(verify.parse_note(note), key) is None
        for place, letter in enumerate(note):
            for other in {"A", "0", "1", "\n", " ", "+", "=", "é", "\udc80", chr(ord(letter) ^ 1), ""} - {letter}:
                changed = note[:place] + other + note[place + 1 :]
                try:
                    problem = verify.check_signature(verify.parse_note(changed), key)
                except ValueError:
                    continue
                assert problem is not None, (place, other)

    def test_may_bear_other_signatures_but_no_bad_one_of_the_key(self, auditor: Auditor, tmp_path: Path) -> None:
        key = verify.parse_key(auditor.key.read_text())
        note = auditor.note(3, verify.leaf_hash(b"x"))
        witness = f"— witness.test/w {base64.b64encode(os.urandom(76)).decode()}\n"
        assert verify.check_signature(verify.parse_note(note + witness), key) is None
        bad = f"— {ORIGIN} {base64.b64encode(auditor.key_id + bytes(64)).decode()}\n"
        assert verify.check_signature(verify.parse_note(note + bad), key) == "its signature is wrong"
        short = f"— {ORIGIN} {base64.b64encode(auditor.key_id + bytes(63)).decode()}\n"
        assert verify.check_signature(verify.parse_note(note + short), key) == "its signature is wrong"
        alone = note[: note.index("—")] + witness
        assert verify.check_signature(verify.parse_note(alone), key) == "the key has not signed it"
        same_name = f"— {ORIGIN} {base64.b64encode(os.urandom(68)).decode()}\n"
        assert verify.check_signature(verify.parse_note(note + same_name), key) is None

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "\n",
            "x",
            "a\n1\nx\nat y\n\n— a b\n",
            "o\n01\n{root}\nat {at}\n\n— o {sig}\n",
            "o\n-1\n{root}\nat {at}\n\n— o {sig}\n",
            "o\n99999999999999999999\n{root}\nat {at}\n\n— o {sig}\n",
            "o\n9999999999999999\n{root}\nat {at}\n\n— o {sig}\n",
            "o\n1\n{root}\n{at}\n\n— o {sig}\n",
            "o\n1\n{root}\nat 2026-06-02T08:00:00Z\n\n— o {sig}\n",
            "o\n1\n{root}\nat {at}\nmore\n\n— o {sig}\n",
            "o\n1\n{root}\n\n— o {sig}\n",
            "o\n1\n{short}\nat {at}\n\n— o {sig}\n",
            "o\n1\n{root}\nat {at}\n\n",
            "o\n1\n{root}\nat {at}\n\n— o  {sig}\n",
            "o\n1\n{root}\nat {at}\n\n- o {sig}\n",
            "o\n1\n{root}\nat {at}\n\n— o {sig}",
            "o\r\n1\r\n{root}\r\nat {at}\r\n\r\n— o {sig}\r\n",
            "o\n1\n{spare}\nat {at}\n\n— o {sig}\n",
        ],
    )
    def test_of_another_form_are_refused(self, text: str) -> None:
        root = base64.b64encode(bytes(32)).decode()
        filled = text.format(
            root=root,
            spare=root[:-2] + "B=",
            short=base64.b64encode(bytes(31)).decode(),
            at="2026-06-02T08:00:00.000000Z",
            sig=base64.b64encode(bytes(68)).decode(),
        )
        with pytest.raises(ValueError, match=r"\w"):
            verify.parse_note(filled)

    @pytest.mark.parametrize("text", ["", "x", "a+b+c", "o+00000000+AQ==", "o+{id}+{key}x", "o+{id}", "p+{id}+{key}"])
    def test_need_a_proper_key(self, text: str) -> None:
        public = bytes(range(32))
        key = base64.b64encode(b"\x01" + public).decode()
        good = f"o+{verify.key_id_of('o', public).hex()}+{key}"
        assert verify.parse_key(good + "\n").public == public
        with pytest.raises(ValueError, match=r"\w"):
            verify.parse_key(text.format(id=verify.key_id_of("o", public).hex(), key=key))

    def test_held_in_a_folder_count_all(self, auditor: Auditor, tmp_path: Path) -> None:
        notes = tmp_path / "notes"
        notes.mkdir()
        missing = verify.verify(tmp_path, auditor.key, [notes])
        assert (missing.exit_code, "no checkpoint" in str(missing.unreadable)) == (2, True)
        (notes / "1.txt").write_text(auditor.note(1, verify.leaf_hash(b"x")))
        (notes / "2.txt").write_text("nonsense")
        report = verify.verify(tmp_path, auditor.key, [notes])
        assert (report.exit_code, "2.txt" in str(report.unreadable)) == (2, True)


class TestCanonical:
    @pytest.mark.parametrize(
        "value",
        [
            {},
            {"b": 1, "a": [True, False, None, -5]},
            {"\U0001d11e": 1, "\ue000": 2, "z": {"\U00010000": "x", "\uffff": "y"}},
            {"text": 'a"b\\c/\b\f\n\r\t\x00\x1f\x7f\u2028ä𝄞'},
            {"n": 2**53 - 1, "m": -(2**53) + 1},
        ],
    )
    def test_is_that_of_the_recorder(self, value: Any) -> None:
        from portfolio.history.canonical import canonical

        text = canonical(value).decode()
        assert verify.canonical(value) == text
        assert verify.parse_canonical(text) == value

    @pytest.mark.parametrize("text", ODD_TEXTS[0:1] + ODD_TEXTS[2:3] + ODD_TEXTS[4:])
    def test_refuses_everything_else(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            verify.parse_canonical(text)


def _run(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=120)


def _invoke(url: str, *words: str) -> Result:
    return CliRunner().invoke(cli, words, env={"PORTFOLIO_DATABASE_URL": url})


class TestCommand:
    def test_judges_the_configured_database_and_its_dump(
        self, database: Database, auditor: Auditor, tmp_path: Path
    ) -> None:
        Writer(database, 3).write(6)
        url = database.url.render_as_string(hide_password=False)
        folder = tmp_path / "out"
        made = _invoke(url, "log", "dump", str(folder))
        assert (made.exit_code, made.output) == (0, f"Wrote 6 revisions to {folder}.\n")
        again = _invoke(url, "log", "dump", str(folder))
        assert (again.exit_code, "not empty" in again.output) == (1, True)
        evidence = ["--key", str(auditor.key), "--trusted", str(auditor.hold(auditor.note_of(folder)))]
        for source in ([], [str(folder)]):
            assert _invoke(url, "verify", *source).exit_code == 3
            ended = _invoke(url, "verify", *source, *evidence, "--json")
            assert ended.exit_code == 0
            assert json.loads(ended.output)["anchored_at"] == 6

    @pytest.mark.parametrize("url", ["sqlite:///{0}/none.sqlite", "mysql://x", "postgresql://127.0.0.1:1/x"])
    def test_says_that_a_database_cannot_be_read(self, url: str, tmp_path: Path) -> None:
        ended = _invoke(url.format(tmp_path), "verify")
        assert (ended.exit_code, type(ended.exception)) == (2, SystemExit)
        assert "file" in ended.output or "cannot be read" in ended.output
        assert list(tmp_path.iterdir()) == []

    @sqlite_only
    def test_stands_alone(self, register: Path, database: Database, auditor: Auditor, tmp_path: Path) -> None:
        alone = tmp_path / "elsewhere" / "verify.py"
        alone.parent.mkdir()
        shutil.copy(str(verify.__file__), alone)
        evidence = ["--key", str(auditor.key), "--trusted", str(auditor.folder / "held.txt")]
        words = ["-I", str(alone), str(register)]
        assert _run([*words, *evidence]).stdout.startswith("Verified up to revision 1")
        assert _run(words).returncode == 3
        assert _run(["-I", str(alone)]).returncode == 2
        assert _run([*words, "--key", str(tmp_path / "none")]).returncode == 2
        with attacker(register) as connection:
            connection.execute("UPDATE project SET title_de = 'Anders' WHERE rowid = 1")
        ended = _run([*words, *evidence, "--json"])
        assert (ended.returncode, json.loads(ended.stdout)["class"]) == (1, "current")
        named = set(alone.read_text().split()) & {"portfolio.core", "sqlalchemy", "rfc8785", "click"}
        assert named == set()
