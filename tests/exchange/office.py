"""An officer at work: downloads the workbook, edits cells by their titles, sends it in, applies it."""

from __future__ import annotations

import io
import itertools
from typing import Any

import openpyxl
from flask.testing import FlaskClient
from openpyxl.worksheet.worksheet import Worksheet
from werkzeug.test import TestResponse

from portfolio.core.db import Database
from tests.conftest import key_headers, make_app

PROJECT = "mobilitaetszentrale"
_keys = itertools.count(1)
_BOUNDARY = "between-the-parts-of-a-form"


def _form(data: bytes, name: str) -> bytes:
    """Put together here: the test client would leave a file open for a large one."""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + data + f"\r\n--{_BOUNDARY}--\r\n".encode()


class Office:
    """One person with a key, and the register behind it."""

    def __init__(self, database: Database, role: str = "coordinator", organisation: str | None = None) -> None:
        self.database = database
        self.client: FlaskClient = make_app(database).test_client()
        self.key = key_headers(database, role, organisation)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers={**self.key, **headers})

    def json(self, path: str) -> Any:
        answer = self.get(path)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.json

    def workbook(self, query: str = "", language: str = "de") -> bytes:
        answer = self.get(f"/v1/workbook{query}", **{"Accept-Language": language})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_data()

    def post(self, data: bytes, name: str = "workbook.xlsx", query: str = "", **headers: str) -> TestResponse:
        body = _form(data, name)
        sent = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}", **self.key, **headers}
        return self.client.post(f"/v1/imports{query}", data=body, headers=sent)

    def send(self, data: bytes, name: str = "workbook.xlsx", query: str = "", **headers: str) -> dict[str, Any]:
        answer = self.post(data, name, query, **headers)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        found: dict[str, Any] = answer.json
        return found

    def try_apply(self, import_id: str, query: str = "", **headers: str) -> TestResponse:
        sent = {"Idempotency-Key": f"apply-{next(_keys)}", **self.key, **headers}
        return self.client.post(f"/v1/imports/{import_id}/apply{query}", headers=sent)

    def apply(self, import_id: str, query: str = "", **headers: str) -> dict[str, Any]:
        answer = self.try_apply(import_id, query, **headers)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: dict[str, Any] = answer.json
        return found

    def change(self, path: str, **changes: Any) -> None:
        """Change a record over the API, as a colleague does meanwhile."""
        tag = self.get(path).headers["ETag"]
        answer = self.client.patch(path, json=changes, headers={**self.key, "If-Match": tag})
        assert answer.status_code == 200, answer.get_data(as_text=True)

    def revision(self) -> int:
        return int(self.get("/v1/projects?limit=1").headers["Register-Revision"])


class Book:
    """A workbook in the hands of a person with a spreadsheet program."""

    def __init__(self, data: bytes) -> None:
        self.book = openpyxl.load_workbook(io.BytesIO(data))

    def sheet(self, title: str) -> Worksheet:
        found = self.book[title]
        assert isinstance(found, Worksheet)
        return found

    def column(self, sheet: str, title: str) -> int:
        return next(cell.column for cell in self.sheet(sheet)[1] if cell.value == title)

    def get(self, sheet: str, row: int, title: str) -> Any:
        return self.sheet(sheet).cell(row, self.column(sheet, title)).value

    def put(self, sheet: str, row: int, title: str, value: Any) -> None:
        self.sheet(sheet).cell(row, self.column(sheet, title)).value = value

    def row_of(self, sheet: str, title: str, value: Any) -> int:
        place = self.column(sheet, title)
        return next(row[0].row for row in self.sheet(sheet).iter_rows(min_row=2) if row[place - 1].value == value)

    def add(self, sheet: str, **values: Any) -> int:
        """A new row below the others, by titles whose blanks and brackets are written as they are."""
        row = self.sheet(sheet).max_row + 1
        for title, value in values.items():
            self.put(sheet, row, title, value)
        return row

    def saved(self) -> bytes:
        target = io.BytesIO()
        self.book.save(target)
        return target.getvalue()


def quiet(found: dict[str, Any]) -> bool:
    """Whether nothing changes and nothing is wrong."""
    counts = found["counts"]
    return counts["rows"] > 0 and counts["rows"] == counts["unchanged"] and not found["faults"] and not found["changes"]


def faults(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Sheet, row, column and code of each."""
    return [(fault["sheet"], fault["row"], fault["column"], fault["code"]) for fault in found["faults"]]


def cells(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Field, old and new of each changed cell."""
    return [(cell["field"], cell["old"], cell["new"]) for change in found["changes"] for cell in change["cells"]]
