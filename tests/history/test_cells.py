"""CSV from the driver's values holds what the dumped rows hold: every list, every caller, both forms, now and then."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from portfolio.access.guard import FULL_VIEW, PUBLIC_VIEW
from portfolio.core import downloads
from portfolio.core.cells import cells
from portfolio.core.db import Database
from portfolio.core.fields import LongText, Money, StrictBool
from portfolio.core.finished_rows import RawRows
from portfolio.core.tables import FORMULA_BEGINNINGS, csv_cell
from portfolio.funding.listing import list_programmes
from portfolio.history.reading import Reading, open_reading
from portfolio.history.serving import Listing, table_of_list
from portfolio.projects.models import Project
from portfolio.taxonomy.listing import list_action_fields, list_theme_forums
from tests.conftest import SYSTEM
from tests.history.test_flat_pages import LISTS

_EVERY: Mapping[str, Callable[[Reading], Listing]] = {
    **LISTS,
    "programme": lambda moment: list_programmes(moment, {"include_demo": True}),
    "action_field": list_action_fields,
    "theme_forum": list_theme_forums,
}
_ROW_BY_ROW = {"organisation", "theme_forum"}
"""They show what is in no column of their own."""
_TEXTS = [f"{beginning}1" for beginning in FORMULA_BEGINNINGS]
_TEXTS += ['say "no"', "a;b,c", "two\nlines\r\n", " ", "0", "-", "'=1", "𝔘", "", None]


def _of_rows(moment: Reading, listing: Listing, view: str, german: bool, sort: str = "") -> list[tuple[str, ...]]:
    table = table_of_list(moment, listing, sort, view)
    return [tuple(row) for row in downloads.cells_of_rows(table, german)]


@pytest.mark.postgresql_in_full
class TestCellsOfAList:
    def test_are_those_of_the_dumped_rows(self, with_demo: Database) -> None:
        with with_demo.transaction(SYSTEM) as session:
            project = session.scalars(sa.select(Project).where(Project.slug == "demo-01")).one()
            project.summary_de, project.source_notes = "=1+1", '- a "quote";\nand a line, too'
        with open_reading(with_demo) as now, open_reading(with_demo, known_at="2") as then:
            for moment in (now, then):
                for name, build in _EVERY.items():
                    for view in (PUBLIC_VIEW, FULL_VIEW, "own:demo-ressort"):
                        table = table_of_list(moment, build(moment), "", view)
                        assert (table.cells is None) == (name in _ROW_BY_ROW)
                        for german in (False, True) if table.cells else ():
                            expected = _of_rows(moment, build(moment), view, german)
                            assert list(table.cells(german)) == expected, (name, view)
                            assert expected, name

    def test_are_read_some_rows_at_a_time(self, with_demo: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("portfolio.core.lists._ROWS_AT_ONCE", 7)
        monkeypatch.setattr("portfolio.core.cells._MOST", 3)
        with open_reading(with_demo) as moment:
            listing = LISTS["ledger_entry"](moment)
            table = table_of_list(moment, listing, "-amount", FULL_VIEW)
            assert table.cells is not None
            assert list(table.cells(True)) == _of_rows(moment, listing, FULL_VIEW, True, "-amount")


class TestCells:
    _COLUMNS = ("text", "amount", "known", "absent")
    _FIELDS = {"text": LongText(), "amount": Money(signed=True), "known": StrictBool(), "absent": LongText()}

    def _of(self, rows: list[tuple[Any, ...]], **options: Any) -> list[tuple[str, ...]]:
        dialect = sa.create_engine("sqlite://").dialect
        kinds = {"text": sa.Text, "amount": sa.Numeric, "known": sa.Boolean, "owner": sa.Text}
        shape = RawRows(sa.select(*(sa.column(name, kind) for name, kind in kinds.items())), dialect)
        return [tuple(row) for row in cells([rows], shape, self._COLUMNS, self._FIELDS, **options)]

    @pytest.mark.parametrize("german", [False, True])
    def test_of_texts_are_never_formulas(self, german: bool) -> None:
        found = self._of([(text, None, None, None) for text in _TEXTS], german=german)
        assert [row[0] for row in found] == [csv_cell(text, False, german) for text in _TEXTS]
        assert found[0][0] == "'=1"
        file = io.StringIO()
        csv.writer(file).writerows(found)
        assert [row[0] for row in csv.reader(io.StringIO(file.getvalue(), newline=""))] == [row[0] for row in found]

    def test_of_numbers_and_truth_are_as_json_shows_them(self) -> None:
        rows = [("a", -1.5, 1, None), ("b", 0, 0, None), ("c", None, None, None)]
        assert self._of(rows, german=True) == [
            ("a", "-1,50", "true", ""),
            ("b", "0,00", "false", ""),
            ("c", "", "", ""),
        ]

    def test_of_what_is_internal_are_shown_in_the_callers_own_rows(self) -> None:
        rows = [
            ("a", None, None, "mine"),
            ("b", None, None, "theirs"),
            ("c", None, None, None),
            ("d", None, None, "mine"),
        ]
        found = self._of(rows, german=False, hidden=["text"], owner="owner", sees=lambda owner: owner == "mine")
        assert [row[0] for row in found] == ["a", "", "", "d"]
