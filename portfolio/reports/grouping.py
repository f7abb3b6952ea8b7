"""What the reports share: the keys asked for, cells in a fixed order, and links to the lines of a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from portfolio.core.problems import Invalid, ProblemError
from portfolio.core.query_fields import NONE
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


def lines_link(path: str, moment: Reading, conditions: Mapping[str, Any]) -> str:
    """The address of exactly the records behind a number, at the resolved moment."""
    parts: list[str] = []
    for name, value in conditions.items():
        parts += [_pair(name, _text(one)) for one in (value if isinstance(value, list) else [value])]
    parts += [_pair("valid_on", moment.valid_on.isoformat()), f"known_at={moment.revision}"]
    return f"{path}?{'&'.join(parts)}"


@lru_cache(maxsize=1000)
def _pair(name: str, value: str) -> str:
    """A parameter as an address holds it: a report has thousands, and few that differ."""
    return urlencode([(name, value)])


def _text(value: Any) -> str:
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
