"""A whole list as CSV, against the database's own way to give out the same rows, and the memory it takes."""

from __future__ import annotations

import csv
import http.client
import io
import sqlite3
import statistics
import time

import psycopg

from benchmarks.findings import Finding, Part, grid, spaced
from benchmarks.peers import statements
from benchmarks.servers import Running
from benchmarks.stand import LIST, Stand

_PIECE = 1 << 18


def measure(stand: Stand, *, rounds: int = 3) -> Part:
    """The list of projects, all of it."""
    part, server = Part("CSV of all projects"), stand.register
    _give_out(server, f"{LIST}?format=csv&q=initiative")  # so that what every export needs is loaded
    before = server.reset_peak()
    ours, theirs = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        size = _give_out(server, f"{LIST}?format=csv")
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        plain = _plain(stand)
        theirs.append(time.perf_counter() - began)
    extra = server.peak() - before
    mine, other = statistics.median(ours), statistics.median(theirs)
    part.lines = grid(
        ["", "ms", "MB", "rows/s", "extra MiB"],
        [
            ["register", spaced(mine * 1000), spaced(size / 1e6), spaced(stand.projects / mine), f"{extra:.1f}"],
            [_HOW[stand.engine], spaced(other * 1000), spaced(plain / 1e6), spaced(stand.projects / other), "–"],
        ],
    )
    part.findings = [
        Finding("export ÷ the database's own", stand.engine, stand.projects, other / mine),
        Finding("export, extra MiB", stand.engine, stand.projects, extra),
    ]
    return part


_HOW = {"sqlite": "sqlite3 and csv of Python, same rows", "postgresql": "COPY of the same rows"}


def _give_out(server: Running, target: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    connection.request("GET", target)
    answer = connection.getresponse()
    size = 0
    while piece := answer.read(_PIECE):
        size += len(piece)
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{target} answers {answer.status}.")
    return size


def _plain(stand: Stand) -> int:
    if stand.engine == "postgresql":
        copy = f"COPY ({statements.EXPORT}) TO STDOUT (FORMAT csv, HEADER)"
        with psycopg.connect(stand.url.replace("+psycopg", "")) as connection, connection.cursor().copy(copy) as rows:
            return sum(len(row) for row in rows)
    with sqlite3.connect(stand.url.removeprefix("sqlite:///")) as file:
        target = _Counted()
        csv.writer(target).writerows(file.execute(statements.EXPORT))
        return target.written


class _Counted(io.TextIOBase):
    """Takes text and keeps nothing of it but its length."""

    def __init__(self) -> None:
        self.written = 0

    def write(self, text: str) -> int:
        self.written += len(text)
        return len(text)
