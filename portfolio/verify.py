"""Proves offline that a register's history is whole: ``python verify.py SOURCE --key log.pub --trusted FILE``.

One file on purpose, for auditors: Python's standard library and, for signatures, ``cryptography``; nothing of the
register. SOURCE is its SQLite file or a folder that ``portfolio log dump`` wrote. It recomputes everything from the
stored bytes (RFC 6962 tree, RFC 8785 texts), replays all changes against the current tables, and holds the result
against signed checkpoints that were kept elsewhere. Exit codes: 0 verified and anchored, 1 tampered, 2 unreadable or
wrong usage, 3 consistent in itself but not anchored by any held checkpoint.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import re
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, Protocol
from urllib.parse import quote

VERIFIED, TAMPERED, UNREADABLE, UNANCHORED = 0, 1, 2, 3
DUMP_FORMAT = "portfolio-log-dump-1"
ERASED = "[gelöscht]"
NO_LEAF = b"\0" * 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
_KINDS_OF_RESULT = {VERIFIED: "verified", TAMPERED: "tampered", UNREADABLE: "unreadable", UNANCHORED: "not anchored"}
_SHOWN = 50
_LARGEST = 2**53 - 1
_LONGEST_FILE = 64 * 1024 * 1024
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
_DECIMAL = re.compile(r"-?[0-9]{1,15}\.(?:[0-9]{2}|[0-9]{4})")
_HIGH = re.compile("[\ue000-\U0010ffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOTE = re.compile("(?:[^\n]+\n)+\n(?:— [^\n]*\n)+")
_ENTITY_COLUMNS = {"id", "version", "created_at", "updated_at"}
_ERASE = "privacy.erase"
_WITHOUT_CHANGES = ("key.", "log.", "privacy.")  # actions that need not touch a record (HISTORY, invariant I3)
Progress = Callable[[int, int], None]


class Unreadable(Exception):
    """The source, the key or a held checkpoint cannot be read; says nothing about tampering."""


# --- canonical JSON (RFC 8785 without floats) ---------------------------------------------------------------------


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > _LARGEST:
        raise ValueError(f"the number {text[:20]} is too large")
    return int(text)


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is no integer")


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_no_float, parse_constant=_no_float)
_SORTING = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_KEEPING = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _in_utf16_order(value: Any) -> Any:
    if isinstance(value, dict):
        items = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be", "surrogatepass"))
        return {name: _in_utf16_order(member) for name, member in items}
    return [_in_utf16_order(member) for member in value] if isinstance(value, list) else value


def canonical(value: Any) -> str:
    """``value`` as RFC 8785 text."""
    text = _SORTING.encode(value)
    # Python sorts names by code point, the standard by UTF-16 unit: different only from U+E000 on.
    return _KEEPING.encode(_in_utf16_order(value)) if not text.isascii() and _HIGH.search(text) else text


def parse_canonical(text: object) -> dict[str, Any]:
    """The object that ``text`` holds.

    :raises ValueError: no JSON object, or not written as RFC 8785 writes it.
    """
    if not isinstance(text, str):
        raise ValueError("not a text")
    try:
        value = _DECODER.decode(text)
        written = canonical(value)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    if written != text or (not text.isascii() and _SURROGATE.search(text)):
        raise ValueError("not in canonical form")
    return value


def _bytes_of(text: str) -> bytes:
    # What SQLite holds need not be UTF-8; the odd bytes come back as they were.
    return text.encode("utf-8", "surrogateescape")


def from_base64(text: str, length: int | None = None) -> bytes:
    """The bytes of canonical base64.

    :raises ValueError: another spelling of them, or another length.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError("not base64") from None
    if base64.b64encode(data).decode() != text or (length is not None and len(data) != length):
        raise ValueError("not canonical base64 of the right length")
    return data


# --- the RFC 6962 tree --------------------------------------------------------------------------------------------


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


class Tree:
    """A growing RFC 6962 tree: only the roots of its perfect subtrees are kept."""

    def __init__(self) -> None:
        self.size = 0
        self.frontier: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        size = self.size
        while size & 1:
            leaf = hashlib.sha256(b"\x01" + self.frontier.pop() + leaf).digest()
            size >>= 1
        self.frontier.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        if not self.frontier:
            return EMPTY_ROOT
        root = self.frontier[-1]
        for left in reversed(self.frontier[:-1]):
            root = hashlib.sha256(b"\x01" + left + root).digest()
        return root


def _root_of(bodies: Sequence[bytes]) -> bytes:
    tree = Tree()
    for body in bodies:
        tree.append(leaf_hash(body))
    return tree.root()


# --- signed notes (C2SP) ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """The public half of the key that signs checkpoints."""

    origin: str
    key_id: bytes
    public: bytes

    def signed(self, signature: bytes, text: str) -> bool:
        """Whether ``signature`` is this key's over ``text``."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Note:
    """A checkpoint as it was handed out: the log's size, root and the instant it was signed."""

    origin: str
    size: int
    root: bytes
    at: str
    signed_text: str
    signatures: tuple[tuple[str, bytes], ...]


def key_id_of(origin: str, public: bytes) -> bytes:
    return hashlib.sha256(origin.encode() + b"\n\x01" + public).digest()[:4]


def parse_key(text: str) -> Key:
    """The key in ``<origin>+<key id>+<base64>``.

    :raises ValueError: it is something else.
    """
    parts = text.removesuffix("\n").split("+", 2)
    if len(parts) != 3 or not parts[0]:
        raise ValueError("a public key is one line: origin+key id+base64")
    data = from_base64(parts[2], 33)
    if data[:1] != b"\x01" or key_id_of(parts[0], data[1:]).hex() != parts[1]:
        raise ValueError("the key id does not belong to the key")
    return Key(parts[0], bytes.fromhex(parts[1]), data[1:])


def parse_note(text: object) -> Note:
    """A checkpoint, checked in form but not yet in signature.

    :raises ValueError: it is no checkpoint.
    """
    if not isinstance(text, str) or not _NOTE.fullmatch(text) or _SURROGATE.search(text):
        raise ValueError("not a signed note")
    head, _, tail = text.partition("\n\n")
    lines = head.split("\n")
    if len(lines) != 4 or not lines[3].startswith("at ") or not _INSTANT.fullmatch(lines[3][3:]):
        raise ValueError("a checkpoint has four lines: origin, size, root, at")
    if not _SIZE.fullmatch(lines[1]) or int(lines[1]) > _LARGEST:
        raise ValueError("the size is no number")
    signatures = []
    for line in tail.removesuffix("\n").split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or not parts[1]:
            raise ValueError("a signature line is: — name base64")
        data = from_base64(parts[2])
        if len(data) < 5:
            raise ValueError("a signature is too short")
        signatures.append((parts[1], data))
    return Note(lines[0], int(lines[1]), from_base64(lines[2], 32), lines[3][3:], head + "\n", tuple(signatures))


def check_signature(note: Note, key: Key) -> str | None:
    """What is wrong with the signature of ``key`` under ``note``; None if it is good. Other keys' lines are ignored."""
    if note.origin != key.origin:
        return f"it is of the log {note.origin!r}, the key of {key.origin!r}"
    known = [data for name, data in note.signatures if name == key.origin and data[:4] == key.key_id]
    if not known:
        return "the key has not signed it"
    if not all(len(data) == 68 and key.signed(data[4:], note.signed_text) for data in known):
        return "its signature is wrong"
    return None


def split_notes(text: str) -> list[str]:
    """The notes of a file that holds one after the other.

    :raises ValueError: something else stands between them.
    """
    notes, place = [], 0
    while place < len(text):
        found = _NOTE.match(text, place)
        if found is None:
            raise ValueError("not a file of signed notes")
        notes.append(found.group())
        place = found.end()
    return notes


# --- sources ------------------------------------------------------------------------------------------------------

Row = tuple[Any, ...]


class Source(Protocol):
    """Where the log lies: its tables in order, and the current tables."""

    def head(self) -> list[Row]: ...
    def revisions(self) -> Iterable[Row]: ...
    def changes(self) -> Iterable[Row]: ...
    def redactions(self) -> Iterable[Row]: ...
    def checkpoints(self) -> list[Row]: ...
    def tables(self) -> set[str]: ...
    def current(self, tables: set[str]) -> Iterator[tuple[str, dict[str, Any]]]: ...
    def body(self, rev: int, seq: int, place: int) -> str: ...
    def damage(self) -> str | None: ...
    def close(self) -> None: ...


_HEAD = ("one", "origin", "epoch", "size", "frontier", "last_leaf", "last_at")
_COLUMNS = {
    "revision": ("rev", "header", "leaf"),
    "change": ("rev", "seq", "entity", "entity_id", "body"),
    "redactable": ("rev", "seq", "path", "salt", "value"),
    "checkpoint": ("size", "note", "created_at"),
}


class SqliteSource:
    """The register's own file, read in one snapshot."""

    def __init__(self, path: Path) -> None:
        self.connection = self._open(path)
        self.connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        for pragma in ("trusted_schema=OFF", "query_only=ON", "cell_size_check=ON"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.execute("BEGIN")
        found = self.connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        self.names = {str(name) for (name,) in found}
        missing = {"log_head", *_COLUMNS} - self.names
        if missing:
            raise Unreadable(f"{path} is no register: it has no table {', '.join(sorted(missing))}.")

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        if not path.is_file():
            raise Unreadable(f"There is no file {path}.")
        # Without a write-ahead log nobody has the file open. SQLite then need not put side files beside it, which would
        # fail on a read-only medium and stay behind elsewhere.
        mode = "mode=ro" if path.with_name(path.name + "-wal").exists() else "mode=ro&immutable=1"
        return sqlite3.connect(f"file:{quote(str(path.absolute()))}?{mode}", uri=True, isolation_level=None)

    def head(self) -> list[Row]:
        return self.connection.execute(f"SELECT {', '.join(_HEAD)} FROM log_head").fetchall()

    def _ordered(self, table: str, order: str) -> sqlite3.Cursor:
        return self.connection.execute(f"SELECT {', '.join(_COLUMNS[table])} FROM {table} ORDER BY {order}")

    def revisions(self) -> Iterable[Row]:
        return self._ordered("revision", "rev")

    def changes(self) -> Iterable[Row]:
        return ((0, *row) for row in self._ordered("change", "rev, seq"))

    def redactions(self) -> Iterable[Row]:
        return self._ordered("redactable", "rev, seq, path")

    def checkpoints(self) -> list[Row]:
        return self._ordered("checkpoint", "size").fetchall()

    def tables(self) -> set[str]:
        return {name for name in self.names if set(self._columns_of(name)) >= _ENTITY_COLUMNS}

    def _columns_of(self, table: str) -> list[str]:
        return [str(row[0]) for row in self.connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]

    def current(self, tables: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        for table in sorted(tables & self.names):
            columns = self._columns_of(table)
            name = table.replace('"', '""')
            for row in self.connection.execute(f'SELECT * FROM "{name}"'):
                yield table, dict(zip(columns, row, strict=True))

    def body(self, rev: int, seq: int, place: int) -> str:
        found = self.connection.execute("SELECT body FROM change WHERE rev = ? AND seq = ?", (rev, seq)).fetchone()
        return str(found[0])

    def damage(self) -> str | None:
        """What is wrong with the file below its tables: an index that answers otherwise than they do."""
        found = str(self.connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
        return None if found == "ok" else found

    def close(self) -> None:
        self.connection.close()


class DumpSource:
    """A folder that ``portfolio log dump`` wrote, from either engine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = self._object((folder / "manifest.json").read_bytes(), "manifest.json")
        if self.manifest.get("format") != DUMP_FORMAT:
            raise Unreadable(f"{folder} is no dump of the format {DUMP_FORMAT}.")
        self._changes: BinaryIO = (folder / "changes.jsonl").open("rb")

    @staticmethod
    def _object(line: bytes, where: str) -> dict[str, Any]:
        try:
            return parse_canonical(_decoded(line, where).removesuffix("\n"))
        except ValueError as error:
            raise Unreadable(f"{where}: {error}.") from None

    def _lines(self, name: str, columns: Sequence[str]) -> Iterator[tuple[int, list[Any]]]:
        place = 0
        with (self.folder / name).open("rb") as file:
            for number, line in enumerate(file, 1):
                value = self._object(line, f"{name} line {number}")
                if set(value) != set(columns):
                    raise Unreadable(f"{name} line {number} does not hold {', '.join(columns)}.")
                yield place, [value[column] for column in columns]
                place += len(line)

    @staticmethod
    def _hex(value: Any) -> Any:
        try:
            data = bytes.fromhex(value)
        except (TypeError, ValueError):
            return value
        return data if data.hex() == value else value

    def head(self) -> list[Row]:
        rows = self.manifest.get("head")
        if not isinstance(rows, list) or not all(isinstance(row, dict) and set(row) == set(_HEAD) for row in rows):
            raise Unreadable("manifest.json does not hold the head of the log.")
        hashes = ("frontier", "last_leaf")
        return [tuple(self._hex(row[name]) if name in hashes else row[name] for name in _HEAD) for row in rows]

    def revisions(self) -> Iterable[Row]:
        for _, (rev, header, leaf) in self._lines("revisions.jsonl", _COLUMNS["revision"]):
            yield rev, header, self._hex(leaf)

    def changes(self) -> Iterable[Row]:
        return ((place, *row) for place, row in self._lines("changes.jsonl", _COLUMNS["change"]))

    def redactions(self) -> Iterable[Row]:
        for _, (rev, seq, path, salt, value) in self._lines("redactions.jsonl", _COLUMNS["redactable"]):
            yield rev, seq, path, self._hex(salt), value

    def checkpoints(self) -> list[Row]:
        rows = self.manifest.get("checkpoints")
        if not isinstance(rows, list) or not all(
            isinstance(row, dict) and set(row) == {"size", "created_at"} for row in rows
        ):
            raise Unreadable("manifest.json does not list the checkpoints.")
        try:
            notes: list[str | None] = list(split_notes(_read_text(self.folder / "checkpoints.txt")))
        except ValueError:
            notes = []
        if len(notes) != len(rows):
            notes = [None] * max(len(rows), 1)
            rows = rows or [{"size": 0, "created_at": None}]
        return [(row["size"], note, row["created_at"]) for row, note in zip(rows, notes, strict=True)]

    def tables(self) -> set[str]:
        return set()

    def current(self, tables: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        for _, (table, row) in self._lines("current.jsonl", ("table", "row")):
            if not isinstance(table, str) or not isinstance(row, dict):
                raise Unreadable("current.jsonl holds something that is no row.")
            yield table, row

    def body(self, rev: int, seq: int, place: int) -> str:
        self._changes.seek(place)
        return str(self._object(self._changes.readline(), "changes.jsonl")["body"])

    def damage(self) -> str | None:
        return None

    def close(self) -> None:
        self._changes.close()


def _decoded(line: bytes, where: str) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise Unreadable(f"{where} is not UTF-8.") from None


def _read_text(path: Path) -> str:
    if path.stat().st_size > _LONGEST_FILE:
        raise Unreadable(f"{path} is too long.")
    return _decoded(path.read_bytes(), str(path))


def open_source(path: Path) -> Source:
    """The register's file or dump at ``path``."""
    return DumpSource(path) if path.is_dir() else SqliteSource(path)


# --- findings -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it must be: its class, the revision it is about, and a sentence."""

    kind: str
    rev: int
    text: str


@dataclass
class Report:
    """What verification found."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    erased: int = 0
    checkpoints: int = 0
    anchored_at: int | None = None
    count: int = 0
    first: Finding | None = None
    findings: list[Finding] = field(default_factory=list)
    unreadable: str | None = None

    def add(self, kind: str, rev: int, text: str) -> None:
        found = Finding(kind, max(rev, 1), text)
        self.count += 1
        if self.first is None or found.rev < self.first.rev:
            self.first = found
        if len(self.findings) < _SHOWN:
            self.findings.append(found)

    @property
    def exit_code(self) -> int:
        if self.unreadable is not None:
            return UNREADABLE
        if self.first is not None:
            return TAMPERED
        return UNANCHORED if self.anchored_at is None else VERIFIED


# --- the log ------------------------------------------------------------------------------------------------------


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def is_commitment(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"$c"} and isinstance(value["$c"], str)


_HEADER: dict[str, Callable[[Any], bool]] = {
    "v": lambda value: type(value) is int and value == 1,
    "log": _is_text,
    "epoch": _is_count,
    "rev": _is_count,
    "at": lambda value: isinstance(value, str) and _INSTANT.fullmatch(value) is not None,
    "actor": _is_text,
    "via": _is_text,
    "ministry": lambda value: value is None or _is_text(value),
    "action": _is_text,
    "reason": lambda value: value is None or is_commitment(value),
    "req": lambda value: value is None or _is_text(value),
    "schema": _is_count,
    "n": _is_count,
    "changes": _is_hash,
    "prev": _is_hash,
}
_BODY = {"e", "id", "op", "ver", "after"}


@dataclass
class Last:
    """The newest change of one record: where its image stands and the salts that open its committed texts."""

    version: int
    rev: int
    seq: int
    place: int
    alive: bool
    salts: dict[str, bytes] | None


class LogCheck:
    """One pass over the log, revision by revision, from the stored bytes."""

    def __init__(self, source: Source, report: Report, sizes: set[int]) -> None:
        self.source, self.report, self.sizes = source, report, sizes
        self.tree = Tree()
        self.roots = {0: EMPTY_ROOT}
        self.records: dict[str, dict[str, Last]] = {}
        self.last_leaf, self.last_at, self.epoch = NO_LEAF, "", 1
        self.origin: str | None = None
        self.taken: tuple[int, str] | None = None
        """The first value that is missing (revision, path) with no erasure recorded after it."""
        self.whole = True
        self._changes = _Grouped(source.changes(), 1)
        self._secrets = _Grouped(source.redactions(), 0)

    def run(self, progress: Progress | None, total: int) -> None:
        for rev, header, leaf in self.source.revisions():
            expected = self.tree.size + 1
            if type(rev) is not int or rev != expected:
                self.report.add("order", expected, f"Revision {expected} is missing or out of order.")
                self.whole = False
                return
            self._revision(rev, header, leaf)
            if progress and not rev % 500:
                progress(rev, total)
        for rows, kind, what in self._rows():
            for rev in rows.rest():
                self.report.add(kind, rev, f"There is {what} that belongs to no revision.")
            if rows.odd:  # where it was taken from is found by what is missing there
                self.report.add(kind, self.tree.size, f"There is {what} whose revision is no number.")

    def _rows(self) -> Iterator[tuple[_Grouped, str, str]]:
        yield self._changes, "changes", "a change"
        yield self._secrets, "commitment", "an erasable value"

    def _revision(self, rev: int, text: Any, leaf: Any) -> None:
        for grouped, kind, what in self._rows():
            for stray in grouped.before(rev):
                self.report.add(kind, stray, f"There is {what} that belongs to no revision.")
        rows, secret_rows = self._changes.take(rev), self._secrets.take(rev)
        secrets = {(row[1], row[2]): (row[3], row[4]) for row in secret_rows}
        if len(secrets) != len(secret_rows):
            self.report.add("commitment", rev, f"Revision {rev} has an erasable value twice.")
        data = _bytes_of(text) if isinstance(text, str) else b""
        found = leaf_hash(data)
        if leaf != found:
            self.report.add("leaf", rev, f"The header of revision {rev} does not have the recorded hash.")
        try:
            self._header(rev, parse_canonical(text), leaf == found, rows, secrets)
        except ValueError as error:
            self.report.add("header", rev, f"The header of revision {rev} is wrong: {error}.")
        for seq, path in secrets:
            self.report.add("commitment", rev, f"Revision {rev} has no commitment {path!r} in place {seq!r}.")
        self.tree.append(found)
        self.last_leaf = found
        if rev in self.sizes:
            self.roots[rev] = self.tree.root()

    def _header(
        self, rev: int, header: dict[str, Any], intact: bool, rows: list[Row], secrets: dict[Any, tuple[Any, Any]]
    ) -> None:
        if header.keys() != _HEADER.keys():
            raise ValueError("it has other members")
        for name, holds in _HEADER.items():
            if not holds(header[name]):
                raise ValueError(f"{name} is not what it must be")
        if header["rev"] != rev:
            raise ValueError(f"it says revision {header['rev']}")
        if header["prev"] != self.last_leaf.hex():
            # With its own hash intact it is the revision before that was exchanged.
            self.report.add("chain", rev - intact, f"Revision {rev} does not follow the revision before it.")
        if header["at"] < self.last_at:
            self.report.add("time", rev, f"Revision {rev} is older than the revision before it.")
        if header["epoch"] != self.epoch:
            self.report.add("epoch", rev, f"Revision {rev} begins another epoch.")
        self.origin = self.origin or header["log"]
        if header["log"] != self.origin:
            self.report.add("header", rev, f"Revision {rev} is of another log, {header['log']!r}.")
        self.last_at, self.epoch = header["at"], header["epoch"]
        if header["action"] == _ERASE:
            self.taken = None
        self._commitment(rev, -1, "/reason", header["reason"], secrets)
        bodies = [_bytes_of(row[5]) if isinstance(row[5], str) else b"" for row in rows]
        if len(rows) != header["n"] or _root_of(bodies).hex() != header["changes"]:
            self.report.add("changes", rev, f"The changes of revision {rev} are not those its header names.")
        if not rows and not header["action"].startswith(_WITHOUT_CHANGES):
            self.report.add("changes", rev, f"Revision {rev} changes nothing.")
        before: tuple[str, str] | None = None
        for number, row in enumerate(rows):
            try:
                before = self._change(number, row, before, secrets)
            except ValueError as error:
                self.report.add("change", rev, f"Change {number} of revision {rev} is wrong: {error}.")

    def _change(
        self, number: int, row: Row, before: tuple[str, str] | None, secrets: dict[Any, tuple[Any, Any]]
    ) -> tuple[str, str]:
        place, rev, seq, entity, entity_id, text = row
        body = parse_canonical(text)
        if body.keys() != _BODY:
            raise ValueError("it has other members")
        if type(seq) is not int or seq != number:
            raise ValueError("its place is not the next")
        if not _is_text(entity) or not _is_text(entity_id) or body["e"] != entity or body["id"] != entity_id:
            raise ValueError("it is of another record than its row says")
        if before is not None and before >= (entity, entity_id):
            raise ValueError("it is not in order")
        version, operation, after = body["ver"], body["op"], body["after"]
        records = self.records.setdefault(entity, {})
        last = records.get(entity_id)
        known = last is not None and last.alive
        if type(version) is not int or version != (last.version + 1 if last is not None and known else 1):
            raise ValueError("its version is not the next")
        if operation not in ("create", "update", "delete") or known == (operation == "create"):
            raise ValueError("its operation does not fit the record's history")
        if (operation == "delete") != (after is None):
            raise ValueError("its image does not fit its operation")
        salts: dict[str, bytes] | None = None
        if after is not None:
            if not isinstance(after, dict) or after.get("id") != entity_id or after.get("version") != version:
                raise ValueError("its image is of another record or version")
            if '{"$c":' in text:
                salts = self._commitments(rev, seq, after, secrets)
        records[entity_id] = Last(version, rev, seq, place, after is not None, salts)
        return entity, entity_id

    def _commitments(
        self, rev: int, seq: int, after: dict[str, Any], secrets: dict[Any, tuple[Any, Any]]
    ) -> dict[str, bytes]:
        opened = {
            name: self._commitment(rev, seq, f"/{name}", member, secrets)
            for name, member in after.items()
            if is_commitment(member)
        }
        return {name: salt for name, salt in opened.items() if salt is not None}

    def _commitment(
        self, rev: int, seq: int, path: str, member: Any, secrets: dict[Any, tuple[Any, Any]]
    ) -> bytes | None:
        if member is None:
            return None
        secret = secrets.pop((seq, path), None)
        if secret is None:
            self.report.erased += 1
            self.taken = self.taken or (rev, path)
            return None
        salt, value = secret
        if not opens(member, salt, value):
            self.report.add("commitment", rev, f"The value at {path} in revision {rev} is not the one committed to.")
        return salt if isinstance(salt, bytes) else None


def opens(commitment: dict[str, str], salt: Any, value: Any) -> bool:
    """Whether ``value`` (canonical JSON) with ``salt`` is what ``commitment`` was made from."""
    if not isinstance(salt, bytes) or len(salt) != 32 or not isinstance(value, str):
        return False
    digest = hmac.digest(salt, _bytes_of(value), "sha256")
    return base64.b64encode(digest).decode() == commitment["$c"]


class _Grouped:
    """Rows in the order of their revision, handed out revision by revision."""

    def __init__(self, rows: Iterable[Row], column: int) -> None:
        self._rows, self._column = iter(rows), column
        self.odd = 0
        self._step()

    def _step(self) -> None:
        self._row = next(self._rows, None)
        while self._row is not None and type(self._row[self._column]) is not int:
            self.odd += 1
            self._row = next(self._rows, None)

    def before(self, rev: int) -> Iterator[int]:
        """The numbers of rows before ``rev`` that no revision took."""
        while self._row is not None and (number := self._row[self._column]) < rev:
            self._step()
            yield number

    def take(self, rev: int) -> list[Row]:
        """The rows of ``rev``."""
        found = []
        while self._row is not None and self._row[self._column] == rev:
            found.append(self._row)
            self._step()
        return found

    def rest(self) -> Iterator[int]:
        """The numbers of all rows that no revision took."""
        return self.before(_LARGEST + 2**63)


def _check_head(source: Source, log: LogCheck, report: Report) -> None:
    expected = (1, log.origin, log.epoch, log.tree.size, b"".join(log.tree.frontier), log.last_leaf, log.last_at)
    rows = source.head()
    if len(rows) != 1:
        report.add("head", log.tree.size, "The log has not exactly one head.")
        return
    for name, found, wanted in zip(_HEAD, rows[0], expected, strict=True):
        if name == "origin" and wanted is None:
            log.origin = found if isinstance(found, str) else None
        elif type(found) is not type(wanted) or found != wanted:
            report.add("head", log.tree.size, f"The head of the log has another {name} than its revisions.")


# --- the current tables -------------------------------------------------------------------------------------------


def _same(member: Any, value: Any, salt: bytes | None) -> bool:
    """Whether a column's ``value`` is what the history's image says (money and rates are whole numbers in a table)."""
    if member is None:
        return value is None
    if isinstance(member, bool):
        return isinstance(value, int) and value == member
    if isinstance(member, int):
        return type(value) is int and value == member
    if isinstance(member, str):
        if type(value) is int:
            return _DECIMAL.fullmatch(member) is not None and int(member.replace(".", "")) == value
        return isinstance(value, str) and value == member
    if is_commitment(member):
        if salt is None:
            return value is None or value == ERASED
        return isinstance(value, str) and opens(member, salt, canonical(value))
    return isinstance(value, str) and value == canonical(member)


def _check_current(source: Source, log: LogCheck, report: Report) -> None:
    """The fold of all changes equals the current tables, row by row and column by column (invariant I4)."""
    for table, row in source.current(source.tables() | log.records.keys()):
        key = row.get("id")
        last = log.records.get(table, {}).pop(key, None) if isinstance(key, str) else None
        if last is None or not last.alive:
            report.add("current", last.rev if last else log.tree.size, f"{table} has a row {key!r} beside the history.")
            continue
        after = parse_canonical(source.body(last.rev, last.seq, last.place))["after"]
        salts = last.salts or {}
        # A column that came later is empty in older records; none that an image names may be missing.
        wrong = after.keys() - row.keys()
        wrong |= {name for name, value in row.items() if not _same(after.get(name), value, salts.get(name))}
        if wrong:
            where = ", ".join(sorted(wrong))
            report.add("current", last.rev, f"{table} {key} has another {where} than revision {last.rev} left.")
    for table, records in log.records.items():
        for key, last in records.items():
            if last.alive:
                report.add("current", last.rev, f"{table} {key} is gone, but not by any revision.")


# --- checkpoints --------------------------------------------------------------------------------------------------


def _read_notes(path: Path) -> list[Note]:
    files = sorted(item for item in path.iterdir() if item.is_file()) if path.is_dir() else [path]
    notes: list[Note] = []
    for file in files:
        try:
            notes.extend(parse_note(text) for text in split_notes(_read_text(file)))
        except ValueError as error:
            raise Unreadable(f"{file}: {error}.") from None
    if not notes:
        raise Unreadable(f"{path} holds no checkpoint.")
    return notes


def _read_trusted(paths: Sequence[Path], key: Key | None) -> list[Note]:
    if paths and key is None:
        raise Unreadable("A held checkpoint proves something only with the log's key: give --key too.")
    notes = [note for path in paths for note in _read_notes(path)]
    for note in notes:
        problem = check_signature(note, key) if key else None
        if problem:
            raise Unreadable(f"The held checkpoint of size {note.size} is no evidence: {problem}.")
    return notes


def _stored_notes(source: Source, key: Key | None, report: Report) -> list[Note]:
    notes = []
    for size, text, created_at in source.checkpoints():
        rev = size if type(size) is int else 1
        try:
            note = parse_note(text)
        except ValueError as error:
            report.add("checkpoint", rev, f"The stored checkpoint {size!r} is wrong: {error}.")
            continue
        if type(size) is not int or note.size != size or note.at != created_at:
            report.add("checkpoint", min(rev, note.size), f"The stored checkpoint {size!r} says something else.")
        problem = check_signature(note, key) if key else None
        if problem:
            report.add("checkpoint", rev, f"The stored checkpoint {size!r} is wrong: {problem}.")
        else:
            notes.append(note)
    return notes


def _check_roots(log: LogCheck, notes: Sequence[Note], report: Report, whose: str) -> int | None:
    """The largest size at which the log meets a checkpoint of ``notes``."""
    met: int | None = None
    seen: dict[int, bytes] = {}
    for note in sorted(notes, key=lambda note: note.size):
        if seen.setdefault(note.size, note.root) != note.root:
            report.add("equivocation", note.size, f"Two {whose} checkpoints of size {note.size} differ.")
        if log.origin is not None and note.origin != log.origin:
            report.add("checkpoint", note.size, f"A {whose} checkpoint is of another log, {note.origin!r}.")
        elif note.size > log.tree.size:
            report.add(
                "truncated", log.tree.size + 1, f"A {whose} checkpoint has size {note.size}, the log {log.tree.size}."
            )
        elif log.roots[note.size] != note.root:
            known = report.first.rev if report.first and report.first.rev <= note.size else (met or 0) + 1
            report.add("rewritten", known, f"The log is not the one whose {whose} checkpoint has size {note.size}.")
        elif note.size or not log.tree.size:
            met = note.size
    return met


# --- the whole ----------------------------------------------------------------------------------------------------


def verify(
    source: Path, key: Path | None = None, trusted: Sequence[Path] = (), progress: Progress | None = None
) -> Report:
    """Everything that can be said about the register at ``source``; never raises for what it reads.

    :param key: the public key file of the log, from outside the register.
    :param trusted: files or folders of checkpoints that were kept outside the register.
    :param progress: called now and then with (revisions done, revisions in all).
    """
    report = Report()
    opened: Source | None = None
    try:
        public = _read_key(key) if key else None
        held = _read_trusted(trusted, public)
        opened = open_source(source)
        _verify(opened, public, held, report, progress)
    except Unreadable as error:
        report.unreadable = str(error)
    except (OSError, sqlite3.Error, MemoryError, OverflowError) as error:
        named = error.filename if isinstance(error, OSError) and error.filename else source
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        report.unreadable = f"{named} cannot be read: {why}."
    finally:
        if opened is not None:
            opened.close()
    return report


def _read_key(path: Path) -> Key:
    try:
        return parse_key(_read_text(path).rstrip("\n"))
    except ValueError as error:
        raise Unreadable(f"{path}: {error}.") from None


def _verify(source: Source, key: Key | None, held: list[Note], report: Report, progress: Progress | None) -> None:
    stored = _stored_notes(source, key, report)
    log = LogCheck(source, report, {note.size for note in [*held, *stored]})
    head = source.head()
    before = report.count
    log.run(progress, head[0][3] if head and type(head[0][3]) is int else 0)
    clean = report.count == before
    report.size, report.root, report.checkpoints = log.tree.size, log.tree.root(), len(stored)
    if not log.whole:
        return  # nothing after the break can be judged
    _check_head(source, log, report)
    if key is not None and log.origin is not None and log.origin != key.origin:
        report.add("header", 1, f"The log calls itself {log.origin!r}, the key is of {key.origin!r}.")
    report.anchored_at = _check_roots(log, held, report, "held")
    _check_roots(log, stored, report, "stored")
    if clean:  # else the fold of what could not be read would blame records that nobody touched
        _check_current(source, log, report)
    if report.first is None and log.taken is not None:
        rev, path = log.taken
        report.add("erasure", rev, f"The value at {path} in revision {rev} is missing, but no erasure is recorded.")
    if report.first is None and (damage := source.damage()):
        report.add("file", log.tree.size, f"SQLite says that the file is damaged: {damage}.")


def as_json(report: Report) -> dict[str, Any]:
    """The report for programs."""
    return {
        "result": _KINDS_OF_RESULT[report.exit_code],
        "exit_code": report.exit_code,
        "revisions": report.size,
        "root": base64.b64encode(report.root).decode(),
        "anchored_at": report.anchored_at if report.exit_code == VERIFIED else None,
        "stored_checkpoints": report.checkpoints,
        "erased_values": report.erased,
        "first_bad_revision": report.first.rev if report.first else None,
        "class": report.first.kind if report.first else None,
        "finding_count": report.count,
        "findings": [{"class": item.kind, "revision": item.rev, "text": item.text} for item in report.findings],
        "unreadable": report.unreadable,
    }


def as_text(report: Report) -> str:
    """The report for people."""
    if report.unreadable is not None:
        return f"UNREADABLE: {report.unreadable}"
    facts = f"{report.size} revisions, root {base64.b64encode(report.root).decode()}, {report.erased} erased values."
    if report.first is not None:
        others = "".join(f"\n  {item.kind} at revision {item.rev}: {item.text}" for item in report.findings)
        more = f"\n  … and {report.count - len(report.findings)} more" if report.count > len(report.findings) else ""
        return f"TAMPERED ({report.first.kind}), first bad revision {report.first.rev}.{others}{more}\n{facts}"
    if report.anchored_at is None:
        return f"NOT ANCHORED: consistent in itself, but no held checkpoint says that it is the true log. {facts}"
    later = report.size - report.anchored_at
    return f"Verified up to revision {report.anchored_at} by a held checkpoint; {later} later ones consistent. {facts}"


_CODES = (
    "Exit code 0: verified and anchored by a checkpoint given with --trusted; 1: tampered, with the first bad "
    "revision; 2: unreadable; 3: consistent in itself, but not anchored."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: prints the report, returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="verify.py", description="Prove offline that a register's history is whole.", epilog=_CODES
    )
    parser.add_argument("source", type=Path, help="SQLite file of the register, or a folder of `portfolio log dump`")
    parser.add_argument("--key", type=Path, help="public key file of the log, kept outside the register")
    parser.add_argument(
        "--trusted", type=Path, action="append", default=[], help="checkpoints kept outside: a file or folder of notes"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    options = parser.parse_args(arguments)
    report = verify(options.source, options.key, options.trusted)
    text = json.dumps(as_json(report), ensure_ascii=False, indent=1) if options.json else as_text(report)
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
