"""What an auditor and an attacker bring along: a key with its checkpoints, and forged copies of a register."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portfolio import verify
from portfolio.core.db import Database
from portfolio.history import merkle
from portfolio.history.canonical import canonical
from portfolio.history.dump import write_dump
from tests.conftest import ORIGIN

AT = "2026-06-02T08:00:00.000000Z"
Bodies = list[dict[str, Any]]
Revisions = list[tuple[dict[str, Any], Bodies]]


class Auditor:
    """Holds a key and signs what it sees; its files lie in a folder of their own."""

    def __init__(self, folder: Path, origin: str = ORIGIN) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.origin = folder, origin
        self.private = Ed25519PrivateKey.generate()
        self.public = self.private.public_key().public_bytes_raw()
        self.key_id = verify.key_id_of(origin, self.public)
        self.key = folder / "log.pub"
        packed = base64.b64encode(b"\x01" + self.public).decode()
        self.key.write_text(f"{origin}+{self.key_id.hex()}+{packed}\n")

    def note(self, size: int, root: bytes, at: str = AT) -> str:
        text = f"{self.origin}\n{size}\n{base64.b64encode(root).decode()}\nat {at}\n"
        signature = base64.b64encode(self.key_id + self.private.sign(text.encode())).decode()
        return f"{text}\n— {self.origin} {signature}\n"

    def note_of(self, source: Path, size: int | None = None) -> str:
        """A checkpoint of the register at ``source``, of its first ``size`` revisions."""
        opened = verify.open_source(source)
        leaves = [row[2] for row in opened.revisions()][:size]
        opened.close()
        frontier: list[bytes] = []
        for number, leaf in enumerate(leaves):
            frontier = merkle.extended(frontier, number, leaf)
        return self.note(len(leaves), merkle.root_of_frontier(frontier))

    def hold(self, *notes: str, name: str = "held.txt") -> Path:
        path = self.folder / name
        path.write_text("".join(notes), encoding="utf-8")
        return path


def source_of(database: Database, folder: Path) -> Path:
    """What is given to the verifier: the file itself, or a dump of the PostgreSQL database."""
    if database.is_sqlite:
        return Path(str(database.url.database))
    write_dump(database, folder)
    return folder


@contextmanager
def attacker(path: Path) -> Iterator[sqlite3.Connection]:
    """The file in the hands of somebody whom no trigger and no foreign key holds back."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("PRAGMA foreign_keys = OFF")
        yield connection
    finally:
        connection.close()


def store_note(path: Path, note: str) -> None:
    parsed = verify.parse_note(note)
    with attacker(path) as connection:
        connection.execute("INSERT INTO checkpoint VALUES (?, ?, ?)", (parsed.size, note, parsed.at))


def forge(path: Path, change: Callable[[Revisions], Revisions]) -> None:
    """Rewrite the whole log with every number and hash made right again, as only its operator could."""
    with attacker(path) as connection:
        bodies: dict[int, Bodies] = {}
        for rev, body in connection.execute("SELECT rev, body FROM change ORDER BY rev, seq"):
            bodies.setdefault(rev, []).append(json.loads(body))
        headers = connection.execute("SELECT rev, header FROM revision ORDER BY rev").fetchall()
        revisions = change([(json.loads(header), bodies[rev]) for rev, header in headers])
        connection.execute("DELETE FROM change")
        connection.execute("DELETE FROM revision")
        leaf, frontier, at = merkle.NO_LEAF, list[bytes](), ""
        for size, (header, images) in enumerate(revisions):
            texts = [canonical(image) for image in images]
            at = max(at, header["at"])
            made = {"rev": size + 1, "at": at, "n": len(texts), "changes": merkle.root_of(texts).hex()}
            written = canonical({**header, **made, "prev": leaf.hex()})
            leaf = merkle.leaf_hash(written)
            frontier = merkle.extended(frontier, size, leaf)
            connection.execute("INSERT INTO revision VALUES (?, ?, ?)", (size + 1, written.decode(), leaf))
            for seq, (image, text) in enumerate(zip(images, texts, strict=True)):
                row = (size + 1, seq, image["e"], image["id"], text.decode())
                connection.execute("INSERT INTO change VALUES (?, ?, ?, ?, ?)", row)
        head = (len(revisions), b"".join(frontier), leaf, at)
        connection.execute("UPDATE log_head SET size = ?, frontier = ?, last_leaf = ?, last_at = ?", head)


def drop_current(path: Path, bodies: Bodies) -> None:
    """Take the records of ``bodies`` out of the current tables."""
    with attacker(path) as connection:
        for body in bodies:
            connection.execute(f"DELETE FROM {body['e']} WHERE id = ?", (body["id"],))
