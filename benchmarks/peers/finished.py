"""Finished bytes: what a WSGI server gives when nothing is left to do. Reads only: there is nothing to write to."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def finished_answers() -> dict[str, bytes]:
    """The register's own answers under their path, from the files of a folder (their names: ``/`` is ``~``)."""
    folder = Path(os.environ["BENCH_ANSWERS"])
    return {file.name.replace("~", "/"): file.read_bytes() for file in folder.iterdir()}


def create_app() -> WSGIApplication:
    """The peer over the answers kept in BENCH_ANSWERS."""
    answers = finished_answers()

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        body = answers[environ["PATH_INFO"]]
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return (body,)

    return answer
