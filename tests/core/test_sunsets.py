"""The day that was said for the end of an operation binds us, and frees us when it is past."""

from __future__ import annotations

from datetime import date

from portfolio.core.compatibility import compare
from tests.core.paint_document import MAKE, READ, Node, operation, paints


class TestSunset:
    def changes(self, before: Node, after: Node) -> list[str]:
        old, new = paints(), paints()
        operation(old, READ).update({"deprecated": True, "x-deprecation": before})
        operation(new, READ).update({"deprecated": True, "x-deprecation": after})
        return [change.kind for change in compare(old, new, today=date(2027, 1, 1))]

    def test_may_not_come_earlier_than_was_said(self) -> None:
        assert self.changes({"sunset": "2028-01-31"}, {"sunset": "2028-01-30"}) == ["sunset-earlier", "words"]

    def test_may_come_later(self) -> None:
        assert self.changes({"sunset": "2028-01-31"}, {"sunset": "2028-02-01"}) == ["words"]

    def test_that_was_not_said_before_leaves_a_year(self) -> None:
        assert self.changes({}, {"sunset": "2027-12-31"}) == ["sunset-too-near", "words"]
        assert self.changes({}, {"sunset": "2028-01-01"}) == ["words"]


class TestRetired:
    def retired(self, document: Node, sunset: str) -> Node:
        details = {"since": "2026-01-01", "sunset": sunset, "instead": "readPaint"}
        operation(document, MAKE).update({"deprecated": True, "x-deprecation": details})
        return document

    def changes(self, sunset: str, today: date) -> list[tuple[str, str, str]]:
        new = paints()
        del new["paths"]["/v1/paints"]["post"], new["components"]["schemas"]["PaintInput"]
        found = compare(self.retired(paints(), sunset), new, today=today)
        return [(change.level, change.kind, change.where) for change in found]

    def test_operations_may_go_after_their_sunset_day_with_what_they_alone_used(self) -> None:
        assert self.changes("2027-01-31", date(2027, 2, 1)) == [("additive", "operation-retired", MAKE)]

    def test_operations_may_not_go_before(self) -> None:
        assert self.changes("2027-01-31", date(2027, 1, 31)) == [
            ("breaking", "operation-removed", MAKE),
            ("breaking", "component-removed", "schema PaintInput"),
        ]
