"""Where a workbook is from: what its hidden sheet says when it comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portfolio.core.dates import parse_day
from portfolio.exchange.columns import RawCell
from portfolio.exchange.sheets import BY_KEY
from portfolio.exchange.upload import refused
from portfolio.exchange.workbook import LAYOUT, Facts

_ID = 36
"""Characters of an id."""


@dataclass(frozen=True)
class Origin:
    """Facts of a workbook, and the ids that each of its sheets was given out with."""

    facts: Facts
    given: Mapping[str, Sequence[str]]


def read_origin(rows: Sequence[Sequence[RawCell]]) -> Origin:
    """Read the hidden sheet of a workbook.

    :raises Invalid: it was changed, or is that of another program.
    """
    header = [str(cell or "") for cell in rows[0]] if rows else []
    said = {name: str(cell or "") for name, cell in zip(header, rows[1] if len(rows) > 1 else (), strict=False)}
    try:
        if said["layout"] != LAYOUT:
            raise ValueError
        facts = Facts(said["log"], int(said["revision"]), parse_day(said["valid_on"]), said.get("instant", ""))
    except (KeyError, ValueError):
        raise refused("damaged_workbook", "The hidden sheet _register was changed; download a workbook anew.") from None
    given = {
        name: [str(row[place]) for row in rows[1:] if place < len(row) and len(str(row[place])) == _ID]
        for place, name in enumerate(header)
        if name in BY_KEY
    }
    return Origin(facts, given)


def require_ours(origin: Origin, log: str, head: int) -> None:
    """:raises Invalid: it is from another register, or from a later state than this register has."""
    facts = origin.facts
    if facts.log != log:
        raise refused("other_register", "This workbook is from another register; download one from this register.")
    if not 0 <= facts.revision <= head:
        detail = f"This workbook shows revision {facts.revision}, this register has {head}; download a workbook anew."
        raise refused("other_register", detail)
