"""The cells of a list's CSV straight from the driver's values: column by column, without an object for each row.

What a value looks like is worked out where it is first met and looked up where it comes again, as most do. A test holds
these cells to those of the dumped rows, for every list and on both engines.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import marshmallow as ma

from portfolio.core.bounded import Bounded
from portfolio.core.dumping import Dump, conversion
from portfolio.core.finished_rows import RawRows
from portfolio.core.tables import FORMULA_BEGINNINGS, csv_cell, is_number

_MOST = 5000
"""Values of a column that are kept."""
_NOTHING = ""
_FORMULA = frozenset(FORMULA_BEGINNINGS)

Make = Callable[[Sequence[Any]], Iterable[str]]


class _Kept(Bounded[Any, str]):
    """The cell of each value."""

    def __init__(self, shows: Callable[[Any], str]) -> None:
        super().__init__(_MOST)
        self._shows = shows

    def __missing__(self, value: Any) -> str:
        text = self[value] = self._shows(value)
        return text


def cells(
    batches: Iterable[Sequence[Sequence[Any]]],
    shape: RawRows,
    columns: Sequence[str],
    fields: Mapping[str, ma.fields.Field[Any]],
    *,
    german: bool,
    hidden: Collection[str] = (),
    owner: str = "",
    sees: Callable[[Any], bool] = bool,
) -> Iterator[Sequence[str]]:
    """The cells of each row.

    :param batches: rows as the driver gave them, some at a time; ``shape`` reads them.
    :param hidden: the columns that are shown in those rows only whose ``owner`` is one that ``sees`` is true of.
    """
    places = {name: place for place, name in enumerate(shape.names)}
    makes = [_make(shape, places[name], name, fields[name], german) if name in places else None for name in columns]
    shown = _Kept(lambda value: "x" if sees(value) else _NOTHING)
    for batch in batches:
        held = list(zip(*batch, strict=True))
        made: list[Iterable[str]] = []
        for name, make in zip(columns, makes, strict=True):
            column = [_NOTHING] * len(batch) if make is None else make(held[places[name]])
            if name in hidden:
                owners = map(shown.__getitem__, held[places[owner]])
                column = [cell if seen else _NOTHING for cell, seen in zip(column, owners, strict=True)]
            made.append(column)
        yield from zip(*made, strict=True)


def _make(shape: RawRows, place: int, name: str, field: ma.fields.Field[Any], german: bool) -> Make:
    if shape.types[place].python_type is str:
        return _of_texts  # text is shown as it is, and what was asked for as text is what its field shows
    steps = [step for step in (shape.readers[place], conversion(name, field)) if step is not None]
    number = is_number(field)

    def shows(value: Any) -> str:
        return csv_cell(_through(steps, value), number, german)

    kept = _Kept(shows)
    return lambda values: map(kept.__getitem__, values)


def _through(steps: Sequence[Dump], value: Any) -> Any:
    for step in steps:
        if value is None:
            return None
        value = step(value)
    return value


def _of_texts(texts: Sequence[str | None]) -> list[str]:
    return [_NOTHING if text is None else text if text[:1] not in _FORMULA else f"'{text}" for text in texts]
