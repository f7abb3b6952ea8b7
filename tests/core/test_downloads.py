"""Downloads as bytes: cells, limits, and a memory that does not grow with the number of rows."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, Response
from sqlalchemy.exc import OperationalError
from xlsxwriter.utility import xl_col_to_name

from portfolio.core import downloads, workbooks
from portfolio.core.answers import Edition
from portfolio.core.db import Database
from portfolio.core.fields import Count, Money, RateField, Total
from portfolio.core.problems import Invalid
from portfolio.core.records import RecordSchema
from portfolio.core.tables import FORMULA_BEGINNINGS, Table, column_letters
from portfolio.core.vocabulary import Label
from portfolio.history.serving import Listing, answer_list, reading
from tests.conftest import make_app
from tests.workbooks import about, parts, rows_of, sheets

FORMS = ("csv", "csv-de", "xlsx", "jsonl")
VIEW = Label("öffentlich", "public")
FIELDS = {"amount": Total(), "rate": RateField(), "count": Count()}


def answer_to(rows: Iterator[Mapping[str, Any]] | list[dict[str, Any]], form: str, language: str = "de") -> Response:
    columns = ["text", *FIELDS]
    edition = Edition(7, date(2026, 3, 31), None, "public", form, datetime(2026, 6, 1, 8, tzinfo=UTC))
    with Flask("one").test_request_context("/v1/things?q=a", headers={"Accept-Language": language}):
        return downloads.download_answer(Table("things", columns, FIELDS, rows), edition, VIEW)


def data_of(rows: Iterator[Mapping[str, Any]] | list[dict[str, Any]], form: str, language: str = "de") -> bytes:
    answer = answer_to(rows, form, language)
    data = b"".join(answer.response)
    answer.close()
    return data


def test_columns_are_named_as_spreadsheets_do() -> None:
    assert [column_letters(place) for place in range(16_384)] == [xl_col_to_name(place) for place in range(16_384)]


class TestCells:
    def test_of_text_are_never_formulas_and_never_markup(self) -> None:
        texts = [f"{beginning}1+1" for beginning in FORMULA_BEGINNINGS]
        texts += [
            "<r><t>x</t></r>",
            "<r><f>1</f></r>",
            "<r>&</r>",
            "_x0041_",
            "{=1}",
            "http://a.example",
            "007",
            "true",
        ]
        texts += [" vorn und hinten ", "a\n\tb", "ÄÖÜ 𝔘 &<>\"'", "#DIV/0!", "'=1"]
        data = data_of([{"text": text} for text in texts], "xlsx")
        assert [row["text"] for row in rows_of(data)] == texts
        sheet = sheets(data, formulas=True)[0]
        cells = [row[0] for row in sheet.iter_rows(min_row=2)]
        assert {cell.data_type for cell in cells} == {"s"}
        assert [cell.quotePrefix for cell in cells] == [int(text.startswith(FORMULA_BEGINNINGS)) for text in texts]
        assert "<f>" not in parts(data)
        assert "hyperlink" not in parts(data).replace("HyperlinksChanged", "").lower()

    def test_of_money_are_exact(self) -> None:
        dice = random.Random(7)
        amounts = [Decimal(dice.randrange(-(10 ** dice.randint(1, 14)), 10**15)).scaleb(-2) for _ in range(300)]
        rows = [{"amount": f"{amount:.2f}", "rate": f"{dice.randint(0, 10000) / 10000:.4f}"} for amount in amounts]
        data = data_of(rows, "xlsx")
        for found, row in zip(rows_of(data), rows, strict=True):
            assert Decimal(repr(found["amount"])) == Decimal(row["amount"])
            assert Decimal(repr(found["rate"])) == Decimal(row["rate"])
            assert f"<v>{row['amount']}</v>" in parts(data)
        assert about(data)[-1][:2] == ("amount", 300)

    def test_of_money_are_text_where_a_number_would_round(self) -> None:
        rows = [{"amount": "12345678901234567.89"}, {"amount": "0.01"}]
        data = data_of(rows, "xlsx")
        assert [row["amount"] for row in rows_of(data)] == ["12345678901234567.89", 0.01]
        # The sum cannot be made of such cells, so there is no formula that pretends to.
        assert about(data)[-1] == ("amount", 2, "12345678901234567.90")
        assert "<f>" not in parts(data)

    @pytest.mark.parametrize("language", ["de", "en"])
    def test_of_text_have_an_end(self, language: str) -> None:
        longest = "𝔘" * (workbooks.LONGEST_TEXT // 2) + "a"
        rows = rows_of(
            data_of([{"text": longest}, {"text": longest + "b"}, {"text": ["ä" * 40_000]}], "xlsx", language)
        )
        assert rows[0]["text"] == longest
        for row, beginning, count in ((rows[1], "𝔘𝔘𝔘", len(longest) + 1), (rows[2], '["ää', 40_004)):
            assert len(row["text"].encode("utf-16-le")) <= 2 * workbooks.LONGEST_TEXT
            assert row["text"].startswith(beginning)
            assert (f"gekürzt: {count} Zeichen" if language == "de" else f"cut: {count} characters") in row["text"]

    def test_without_a_value_are_empty(self) -> None:
        assert data_of([{"text": "a"}], "csv") == b"text,amount,rate,count\r\na,,,\r\n"
        assert data_of([{"text": "ä", "amount": "-1.50"}], "csv-de").decode("utf-8-sig").endswith("ä;-1,50;;\r\n")
        assert about(data_of([{"text": "a"}], "xlsx"))[-1] == ("amount", 0)
        assert rows_of(data_of([], "xlsx")) == []
        assert data_of([], "jsonl") == b""


class TestFaults:
    @pytest.mark.parametrize("form", FORMS)
    def test_show_before_the_answer_and_leave_nothing(
        self, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

        def rows() -> Iterator[dict[str, Any]]:
            yield {"text": "x" * 3_000_000}
            raise OperationalError("SELECT", {}, Exception("away"))

        with pytest.raises(OperationalError):
            answer_to(rows(), form)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("form", FORMS)
    def test_of_clients_that_leave_close_the_file(self, form: str) -> None:
        noise = [{"text": os.urandom(15_000).hex()} for _ in range(120)]
        answer = answer_to(noise, form)
        pieces = iter(answer.response)
        assert len(next(pieces)) == 1 << 16
        answer.close()
        assert list(pieces) == []

    def test_more_rows_than_a_sheet_has(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert workbooks.MOST_ROWS + 1 == 2**20
        monkeypatch.setattr(workbooks, "MOST_ROWS", 3)
        assert len(rows_of(data_of([{"text": "a"}] * 3, "xlsx"))) == 3
        with pytest.raises(Invalid) as refused:
            answer_to([{"text": "a"}] * 4, "xlsx")
        (error,) = refused.value.errors
        assert (error.parameter, error.code) == ("format", "too_many_rows")
        assert "csv" in error.detail
        assert data_of([{"text": "a"}] * 4, "csv").count(b"\n") == 5


class _ThingSchema(RecordSchema):
    """A row of the large list."""

    amount = Money()


def _large(count: int) -> Listing:
    numbers = sa.select(sa.literal(1).label("id")).cte("numbers", recursive=True)
    numbers = numbers.union_all(sa.select(numbers.c.id + 1).where(numbers.c.id < count))
    statement = sa.select(numbers.c.id, sa.literal("ä" * 1000).label("text"))
    return Listing(
        name="things",
        statement=statement,
        identity=numbers.c.id,
        sorts={"id": numbers.c.id},
        default_sort="id",
        present=lambda row, _: {"id": row["id"], "amount": f"{row['id']}.01", "text": row["text"]},
        schema=_ThingSchema,
        columns=["id", "amount", "text"],
    )


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from Linux' /proc")
@pytest.mark.parametrize("form", FORMS)
def test_memory_does_not_grow_with_the_list(database: Database, form: str, scale: bool) -> None:
    count = 200_000 if scale else 25_000
    app = make_app(database)
    seen: list[int] = []

    def watched(listing: Listing) -> Listing:
        present = listing.present

        def look(row: Any, view: str) -> dict[str, Any]:
            if row["id"] % 500 == 0:
                seen.append(_resident())
            return present(row, view)

        return Listing(**{**vars(listing), "present": look})

    with app.test_request_context(f"/v1/things?format={form}"), reading({}) as moment:
        answer_list(moment, _large(600), {"format": form}).close()
        before = _resident()
        answer = answer_list(moment, watched(_large(count)), {"format": form})
        size = 0
        for piece in answer.response:
            size += len(piece)
        seen.append(_resident())
        answer.close()
    assert size == answer.content_length
    assert form == "xlsx" or size > 1000 * count
    assert len(seen) == count // 500 + 1
    assert max(seen) - before < 20_000_000
