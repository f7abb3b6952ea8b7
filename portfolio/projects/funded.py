"""Which projects have money of a level or programme: asked by the lists beside funding, answered by funding.

Lists of projects and milestones take these two filters but stand on no floor above funding, so ``app`` hands the
question on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from portfolio.history.reading import Reading

Finder = Callable[[Reading, Mapping[str, Any]], sa.Select[Any]]
_finders: list[Finder] = []


def is_answered_by(finder: Finder) -> None:
    """Let ``finder`` say which projects, by slug, have an application that a query asks for."""
    _finders[:] = [finder]


def funded_conditions(
    slug: sa.ColumnElement[str], moment: Reading, query: Mapping[str, Any]
) -> list[sa.ColumnElement[bool]]:
    """The condition on a project's ``slug``, where a query names a level or a programme."""
    if not query.get("level") and not query.get("programme"):
        return []
    return [slug.in_(finder(moment, query)) for finder in _finders]
