"""One SELECT of the newest revision on a driver connection, then finished bytes; a PATCH is one UPDATE, committed.

The floor of an answer cache that may never be stale, and of a write without validation, history or reading back.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import psycopg

from benchmarks.peers.finished import finished_answers

_REVISION = "SELECT size FROM log_head"
_CHANGE = "UPDATE milestone SET evidence = {0}, version = version + 1 WHERE id = {0}"


class Driver(threading.local):
    """A connection of this thread."""

    def __init__(self) -> None:
        url = os.environ["BENCH_DATABASE_URL"]
        self.mark = "?" if url.startswith("sqlite") else "%s"
        self.connection: Any = (
            sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            if self.mark == "?"
            else psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        )


class Answers:
    """The peer over a database of the register and the answers kept in BENCH_ANSWERS."""

    def __init__(self) -> None:
        self.kept, self.driver = finished_answers(), Driver()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        body = self._change(environ, path) if environ["REQUEST_METHOD"] == "PATCH" else self._read(path)
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return (body,)

    def _read(self, path: str) -> bytes:
        self.driver.connection.execute(_REVISION).fetchone()
        return self.kept[path]

    def _change(self, environ: WSGIEnvironment, path: str) -> bytes:
        sent: bytes = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        values = (json.loads(sent)["evidence"], path.rpartition("/")[2])
        self.driver.connection.execute(_CHANGE.format(self.driver.mark), values)
        return sent


create_app = Answers
