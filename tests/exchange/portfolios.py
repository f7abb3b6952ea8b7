"""Random portfolios whose texts, days and amounts are as awkward as the register allows."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from portfolio.funding.applications import create_application, transition_application
from portfolio.funding.awards import create_award, transition_award
from portfolio.funding.ledger import book
from portfolio.milestones.service import add_forecast, create_milestone, transition_milestone
from portfolio.projects.models import Project
from portfolio.projects.service import create_project

_TEXTS = (
    "=1+1", "+49 201", "-5", "@SUM(A1)", "'=x", "''", "<r>fett</r>", "_x0041_", "_x005F_", "a_x000D_b", "&amp; <b>",
    "  vorn", "hinten  ", "\u00a0fest", "13-01", "1.250", "1,5", "01.02.2026", "WAHR", "true", "ja", "0012", "1e5",
    "#REF!", "Straße; \"Zitat\", 'so'", "Ä\u0308rger", "emoji 🚲", "rtl שלום", "zwj a\u200db", "NULL", "none",
    "x" * 300, "ﬀ Ligatur", "Tab", "{=A1}", "//", "http://x.example/?a=1&b=2", "%", "100%", "€ 5", "=", "-", "'",
)  # fmt: skip
_LINES = ("Zeile eins\nZeile zwei", "\n\nmit Leerzeilen\n\n", "Tab\tdarin", "=A1\n=B1", "lang " * 900)
_AMOUNTS = ("0.00", "0.01", "0.10", "33.33", "1250000.00", "999999999999.99", "123456789012.34", "4503599627370.49")
_RATES = ("0.0000", "1.0000", "0.8500", "0.3333", "0.0001")


class Dice:
    """One seed, one portfolio."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def one_of(self, choices: Any) -> Any:
        return self._random.choice(list(choices))

    def maybe(self, make: Callable[[], Any]) -> Any:
        return make() if self._random.random() < 0.6 else None

    def text(self) -> str:
        found: str = self.one_of(_TEXTS)
        return found

    def lines(self) -> str:
        found: str = self.one_of((*_LINES, *_TEXTS))
        return found

    def day(self, first: date = date(2020, 1, 1), last: date = date(2026, 5, 1)) -> date:
        return first + timedelta(days=self._random.randrange((last - first).days + 1))

    def amount(self) -> Decimal:
        return Decimal(self.one_of(_AMOUNTS))

    def number(self, most: int) -> int:
        return self._random.randrange(most + 1)


def grow(session: Session, seed: int) -> None:
    """Add some projects with all that can hang on them."""
    dice = Dice(seed)
    for number in range(1 + dice.number(3)):
        _project(session, dice, f"zufall-{seed}-{number}")


def _project(session: Session, dice: Dice, slug: str) -> None:
    values: dict[str, Any] = {
        "slug": slug,
        "title_de": dice.text(),
        "title_en": dice.maybe(dice.text),
        "title_aliases": [dice.text() for _ in range(dice.number(3))],
        "summary_de": dice.maybe(dice.lines),
        "source_notes": dice.maybe(dice.lines),
        "internal_note": dice.maybe(dice.lines),
        "code": dice.maybe(lambda: dice.one_of(("00", "=", "1e", "+", "1.", "")) + slug.removeprefix("zufall-")),
        "planned_start_on": dice.maybe(lambda: dice.day(date(2000, 1, 1), date(2020, 1, 1))),
        "planned_end_on": dice.maybe(lambda: dice.day(date(2020, 1, 2), date(2100, 12, 31))),
        "pillar": 1 + dice.number(1),
        "theme_forum": dice.maybe(lambda: 1 + dice.number(19)),
    }
    project = create_project(session, values, proposed_on=dice.day(date(2019, 10, 1)))  # type: ignore[arg-type]
    for _ in range(dice.number(3)):
        _milestone(session, dice, project)
    for _ in range(dice.number(2)):
        _application(session, dice, project)


def _milestone(session: Session, dice: Dice, project: Project) -> None:
    values: dict[str, Any] = {
        "title_de": dice.text(),
        "title_en": dice.maybe(dice.text),
        "kind": dice.one_of(("opening", "result", "report")),
        "baseline_on": dice.maybe(lambda: dice.day(last=date(2100, 12, 31))),
        "weight": 1 + dice.number(99),
        "reportable": bool(dice.number(1)),
        "evidence": dice.maybe(dice.text),
    }
    milestone = create_milestone(session, project, values)  # type: ignore[arg-type]
    reported = sorted({dice.day() for _ in range(dice.number(2))})
    for day in reported:
        comment = dice.maybe(dice.lines)
        add_forecast(session, milestone, reported_on=day, forecast_on=dice.day(), comment=comment)
    if dice.number(1):
        transition_milestone(session, milestone, dice.one_of(("achieved", "missed")), dice.day(), "Grund")


def _application(session: Session, dice: Dice, project: Project) -> None:
    amount = dice.amount()
    values: dict[str, Any] = {
        "level": dice.one_of(("eu", "federal")),
        "requested_amount": amount,
        "eligible_cost": dice.maybe(lambda: amount),
        "requested_rate": dice.maybe(lambda: Decimal(dice.one_of(_RATES))),
        "recipient_text": dice.maybe(dice.text),
        "purpose": dice.maybe(dice.text),
        "file_reference": dice.maybe(lambda: dice.text()[:100]),
        "note": dice.maybe(dice.lines),
    }
    application = create_application(session, project, values)  # type: ignore[arg-type]
    if not dice.number(2):
        return
    submitted = dice.day(last=date(2022, 1, 1))
    for to in ("submitted", "under_review", "approved"):
        transition_application(session, application, to, submitted, None)
    granted: Any = {"issued_on": submitted, "amount": amount, "number": dice.maybe(lambda: dice.text()[:100])}
    award = create_award(session, application, granted)
    if amount > 1 and dice.number(1):
        transition_award(session, award, "final", submitted, None)
        for _ in range(dice.number(2)):
            entry: Any = {
                "type": "disbursement",
                "amount": Decimal("0.01"),
                "booked_on": dice.day(submitted),
                "payee": dice.maybe(dice.text),
                "document_reference": dice.maybe(lambda: dice.text()[:100]),
                "comment": dice.maybe(dice.lines),
            }
            book(session, award, entry)
