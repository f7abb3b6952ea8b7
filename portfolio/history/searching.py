"""Searching a record's recorded text at any moment: by the index of now, or through all that a past state held."""

from __future__ import annotations

import sqlalchemy as sa

from portfolio.core.lists import matches
from portfolio.core.searching import SearchText, hits
from portfolio.history.reading import Reading


def holding(moment: Reading, kind: type[SearchText], rows: sa.FromClause, question: str) -> sa.ColumnElement[bool]:
    """The condition that every word of ``question`` stands somewhere in the ``search_text`` of ``rows``."""
    if moment.is_live(kind.of):
        return hits(moment.session, kind, rows, question).condition
    return matches(rows.c.search_text, question)
