"""What the reports share: the keys asked for, cells in a fixed order, and links to the lines of a cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from portfolio.core.problems import Invalid, ProblemError
from portfolio.core.query_fields import NONE
from portfolio.core.rows import dicts
from portfolio.history.reading import Reading

Group = tuple[Any, ...]


def chosen_keys(texts: Sequence[str], allowed: Sequence[str]) -> list[str]:
    """The keys of ``group_by``, given with commas or repeatedly, in the order asked for.

    :raises Invalid: a key that is not allowed, or one named twice.
    """
    keys = [key for text in texts for key in text.split(",")]
    for key in keys:
        if key not in allowed or keys.count(key) > 1:
            detail = f"{key[:60]!r} is not a key to group by, or stands twice; use any of {', '.join(allowed)}."
            raise Invalid(detail, errors=[ProblemError("not_in_list", detail, parameter="group_by")])
    return keys


def ordered(groups: set[Group]) -> list[Group]:
    """Groups in one order on every engine: by value, the unknown ones last."""
    return sorted(groups, key=lambda group: [(value is None, value if value is not None else "") for value in group])


def grouped_rows(
    moment: Reading, build: Callable[..., sa.Select[Any]], group_by: Sequence[str], filters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The rows of the statement that ``build`` makes of ``moment``, ``group_by`` and ``filters``.

    Where it is one of today that narrows nothing, which nearly all ask for, it is kept.
    """
    if filters or moment.valid_on != moment.asked_on:
        return list(dicts(moment.session.execute(build(moment, group_by, filters))))
    return moment.rows(_unfiltered, build, tuple(group_by))


def _unfiltered(moment: Reading, build: Callable[..., sa.Select[Any]], group_by: Sequence[str]) -> sa.Select[Any]:
    return build(moment, group_by, {})


def lines_link(path: str, moment: Reading, conditions: Mapping[str, Any]) -> str:
    """The address of exactly the records behind a number, at the resolved moment."""
    parts: list[str] = []
    for name, value in conditions.items():
        if isinstance(value, list):
            parts += [_pair(name, one) for one in value]
        else:
            parts.append(_pair(name, value))
    parts += [_pair("valid_on", moment.valid_on), f"known_at={moment.revision}"]
    return f"{path}?{'&'.join(parts)}"


@lru_cache(maxsize=1000, typed=True)  # true and 1 are one key and two texts
def _pair(name: str, value: Any) -> str:
    """A parameter as an address holds it: a report has thousands, and few that differ."""
    return urlencode([(name, _text(value))])


def _text(value: Any) -> str:
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
