"""``python -m benchmarks.verify [REVISIONS]``: how long the offline verifier takes, and how much memory.

The register is made of raw rows with the recorder's own building blocks (writing them one by one would take minutes);
the verifier then runs as an auditor runs it, in a process of its own, with a held checkpoint.
"""

from __future__ import annotations

import base64
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import portfolio.verify as verifier
from portfolio.core import migrate
from portfolio.core.dates import format_instant
from portfolio.core.db import Database
from portfolio.exchange.seed import load_seed
from portfolio.history import log, merkle, recorder
from portfolio.history.canonical import canonical

REVISIONS = 100_000
SECONDS, MEGABYTES = 10.0, 300.0
ORIGIN = "portfolio.example/log"


def make_register(path: Path, revisions: int) -> None:
    """The seed, then one change of one project per revision."""
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    log.create_log(database, ORIGIN)
    recorder.install(database)
    load_seed(database)
    database.dispose()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("BEGIN")
    _write(connection, revisions)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _write(connection: sqlite3.Connection, revisions: int) -> None:
    size, frontier, leaf = connection.execute("SELECT size, frontier, last_leaf FROM log_head").fetchone()
    hashes = merkle.split_frontier(frontier)
    header = json.loads(connection.execute("SELECT header FROM revision WHERE rev = ?", (size,)).fetchone()[0])
    instant = datetime.now(UTC) + timedelta(seconds=1)
    bodies = [
        json.loads(body)
        for (body,) in connection.execute("SELECT body FROM change WHERE entity = 'project' ORDER BY seq")
    ]
    while size < revisions:
        body = bodies[size % len(bodies)]
        instant += timedelta(milliseconds=7)
        body["op"], body["ver"] = "update", body["ver"] + 1
        body["after"] |= {"version": body["ver"], "updated_at": format_instant(instant), "source_notes": f"Nr. {size}"}
        text = canonical(body)
        changed = {"rev": size + 1, "at": format_instant(instant), "n": 1, "reason": None}
        header |= changed | {"changes": merkle.root_of([text]).hex(), "prev": leaf.hex()}
        written = canonical(header)
        leaf = merkle.leaf_hash(written)
        hashes = merkle.extended(hashes, size, leaf)
        size += 1
        connection.execute("INSERT INTO revision VALUES (?, ?, ?)", (size, written.decode(), leaf))
        connection.execute("INSERT INTO change VALUES (?, 0, 'project', ?, ?)", (size, body["id"], text.decode()))
    for body in bodies:
        after = body["after"]
        connection.execute(
            "UPDATE project SET version = ?, updated_at = ?, source_notes = ? WHERE id = ?",
            (after["version"], after["updated_at"], after["source_notes"], body["id"]),
        )
    connection.execute(
        "UPDATE log_head SET size = ?, frontier = ?, last_leaf = ?, last_at = ?",
        (size, b"".join(hashes), leaf, header["at"]),
    )


def _hold(folder: Path, register: Path) -> list[str]:
    """A key and a checkpoint of the whole log beside it, as the arguments of the verifier."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    key_id = verifier.key_id_of(ORIGIN, public)
    connection = sqlite3.connect(register)
    size, frontier, at = connection.execute("SELECT size, frontier, last_at FROM log_head").fetchone()
    connection.close()
    root = base64.b64encode(merkle.root_of_frontier(merkle.split_frontier(frontier))).decode()
    text = f"{ORIGIN}\n{size}\n{root}\nat {at}\n"
    signature = base64.b64encode(key_id + private.sign(text.encode())).decode()
    (folder / "note.txt").write_text(f"{text}\n— {ORIGIN} {signature}\n")
    packed = base64.b64encode(b"\x01" + public).decode()
    (folder / "log.pub").write_text(f"{ORIGIN}+{key_id.hex()}+{packed}\n")
    return ["--key", str(folder / "log.pub"), "--trusted", str(folder / "note.txt")]


def main() -> int:
    revisions = int(sys.argv[1]) if len(sys.argv) > 1 else REVISIONS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        register = folder / "register.sqlite"
        make_register(register, revisions)
        arguments = _hold(folder, register)
        began = time.perf_counter()
        words = [sys.executable, verifier.__file__, str(register), *arguments]
        ended = subprocess.run(words, capture_output=True, text=True)
        wall = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    # One process that hardly waits: its processor time is what it takes on a machine that does nothing else.
    seconds, megabytes = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    print(ended.stdout.strip() or ended.stderr.strip())
    print(f"{revisions} revisions verified in {seconds:.1f} s ({wall:.1f} s by the clock) with {megabytes:.0f} MB")
    good = ended.returncode == 0 and (revisions > REVISIONS or (seconds <= SECONDS and megabytes <= MEGABYTES))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
