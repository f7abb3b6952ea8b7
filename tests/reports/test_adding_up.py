"""An auditor adds up the lines behind each cell of the funding summary from their CSV, and gets the cell."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

from portfolio.core.db import Database
from tests.exchange.office import Office


def test_the_lines_of_each_cell_add_up_to_it(with_demo: Database) -> None:
    office = Office(with_demo)
    told = office.json("/v1/reports/funding-summary?group_by=level&include_demo=true")
    compared = 0
    for item in [*told["items"], told["total"]]:
        for part, figure in (("applied", "requested_amount"), ("approved", "amount"), ("paid_out", "paid_out")):
            answer = office.get(f"{item[part]['lines']}&format=csv")
            rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
            total = sum((Decimal(row[figure]) for row in rows if row[figure]), Decimal(0))
            assert total == Decimal(item[part]["amount"] or 0), (item.get("group"), part)
            assert len(rows) == item[part]["lines_count"]
            compared += len(rows)
    assert compared > 300
