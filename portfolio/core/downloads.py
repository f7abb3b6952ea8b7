"""Downloads: a whole list or report as a file, written row by row, so that memory does not grow with it.

The file is complete before the answer begins: a fault is still told by the status, and the ETag is that of the bytes.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO

from flask import Response, request

from portfolio.core.answers import MIME, Edition, asked_language, finished, json_bytes
from portfolio.core.tables import Table, csv_cell
from portfolio.core.vocabulary import Label, Language
from portfolio.core.workbooks import Origin, write_workbook

_KEPT_IN_MEMORY = 1 << 20
_PIECE = 1 << 16


class FilePieces:
    """The rest of a file piece by piece; it is closed at its end, or when nobody wants more of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = b"" if self._file.closed else self._file.read(_PIECE)
        if not piece:
            self.close()
            raise StopIteration
        return piece

    def close(self) -> None:
        self._file.close()


def download_answer(table: Table, edition: Edition, view: Label) -> Response:
    """``table`` in the form of ``edition``.

    :param view: what the caller may see, in words.
    :raises Invalid: the form cannot hold so many rows.
    """
    language = asked_language()

    def write(file: IO[bytes]) -> None:
        if edition.form == "xlsx":
            write_workbook(file, table, _origin(edition, view, language))
        else:
            _WRITERS[edition.form](file, table)

    return file_answer(write, table.name, edition)


def file_answer(write: Callable[[IO[bytes]], None], name: str, edition: Edition) -> Response:
    """What ``write`` puts into a file, as a download; a workbook is in the caller's language.

    :param name: of the file, without its ending; plain ASCII.
    """
    file = SpooledTemporaryFile(max_size=_KEPT_IN_MEMORY)  # noqa: SIM115 (closed when it has been sent)
    try:
        write(file)
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        tag = f"r{edition.revision}-{edition.variant(iter(lambda: file.read(_PIECE), b''))}"
        file.seek(0)
    except BaseException:
        file.close()
        raise
    body: bytes | FilePieces = FilePieces(file)
    if size <= _KEPT_IN_MEMORY:
        with file:
            body = file.read()
    answer = Response(body, content_type=MIME[edition.form])
    answer.content_length = size
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{edition.form.partition("-")[0]}"'
    if edition.form == "xlsx":
        answer.headers["Content-Language"] = asked_language()
        answer.vary.add("Accept-Language")
    return finished(answer, tag, edition)


def _origin(edition: Edition, view: Label, language: Language) -> Origin:
    asked = sorted(request.args.items(multi=True), key=lambda pair: pair[0])
    return Origin(edition, view.text(language), request.path, asked, language)


def _write_csv(file: IO[bytes], table: Table, *, german: bool = False) -> None:
    """``csv`` is RFC 4180 in UTF-8; ``csv-de`` opens in German Excel (mark, semicolons, decimal comma)."""
    text = io.TextIOWrapper(file, "utf-8-sig" if german else "utf-8", newline="")
    writer = csv.writer(text, delimiter=";" if german else ",", lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows(cells_of_rows(table, german) if table.cells is None else table.cells(german))
    text.detach()


def cells_of_rows(table: Table, german: bool) -> Iterator[Sequence[str]]:
    """The cells of each row as it is dumped."""
    numbers = table.numbers
    for row in table.rows:
        yield [csv_cell(row.get(column), column in numbers, german) for column in table.columns]


def _write_german_csv(file: IO[bytes], table: Table) -> None:
    _write_csv(file, table, german=True)


def _write_json_lines(file: IO[bytes], table: Table) -> None:
    for row in table.rows:
        file.write(json_bytes(row) + b"\n")


_WRITERS: dict[str, Callable[[IO[bytes], Table], None]] = {
    "csv": _write_csv,
    "csv-de": _write_german_csv,
    "jsonl": _write_json_lines,
}
