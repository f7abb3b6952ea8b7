"""Whether what the documentation shows is part of what came back; ``…`` stands for anything."""

from __future__ import annotations

import json
import re
from typing import Any

ANYTHING = "…"


def fault_of_json(shown: Any, real: Any, place: str = "") -> str | None:
    """The first place where ``real`` does not hold ``shown``.

    An object may have more than is shown; a list only where its last element is ``"…"``.
    """
    if isinstance(shown, dict):
        if not isinstance(real, dict):
            return f"{place}: no object but {real!r}"
        for name, value in shown.items():
            if name not in real:
                return f"{place}.{name} is missing"
            fault = fault_of_json(value, real[name], f"{place}.{name}")
            if fault:
                return fault
        return None
    if isinstance(shown, list):
        return _fault_of_list(shown, real, place)
    if isinstance(shown, str) and ANYTHING in shown:
        is_alike = shown == ANYTHING or (isinstance(real, str) and _pattern(shown).fullmatch(real))
        return None if is_alike else f"{place} is {real!r}, not {shown!r}"
    return None if shown == real and type(shown) is type(real) else f"{place} is {real!r}, not {shown!r}"


def _fault_of_list(shown: list[Any], real: Any, place: str) -> str | None:
    if not isinstance(real, list):
        return f"{place}: no list but {real!r}"
    is_open = shown[-1:] == [ANYTHING]
    items = shown[:-1] if is_open else shown
    if len(real) < len(items) or (len(real) > len(items) and not is_open):
        return f"{place} has {len(real)} elements, not {len(items)}"
    return next(
        (fault for at, item in enumerate(items) if (fault := fault_of_json(item, real[at], f"{place}[{at}]"))), None
    )


def fault_of_text(shown: str, real: str) -> str | None:
    """The first line shown that does not come in ``real`` after those before it."""
    lines = iter(real.splitlines())
    for line in shown.strip().splitlines():
        if line.strip() != ANYTHING and not any(_pattern(line.strip()).fullmatch(one.strip()) for one in lines):
            return f"no line {line!r} in {real[:2000]!r}"
    return None


def fault_of_answer(shown: str, status: int, headers: Any, body: bytes) -> str | None:
    """An answer as it is shown: a line with the status, some headers, and after a blank line part of the body."""
    head, _, rest = shown.strip().partition("\n\n")
    first, *named = head.splitlines()
    if first.split()[:2] != ["HTTP/1.1", str(status)]:
        return f"{first!r} is shown, the status is {status}: {body[:500]!r}"
    for line in named:
        name, _, value = line.partition(": ")
        if name not in headers or not _pattern(value).fullmatch(headers[name]):
            return f"{line!r} is shown, it is {headers.get(name)!r}"
    return fault_of_json(json.loads(rest), json.loads(body)) if rest else None


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split(ANYTHING)), re.DOTALL)
