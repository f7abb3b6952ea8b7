"""The picture of a run: what one request costs against how many projects there are, both on logarithmic axes.

A panel per engine and read, a line per server. It brings its own background, light or dark as the reader's screen is,
and tells servers apart by form and dashes as well as by colour.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from benchmarks.servers import FASTAPI, LITESTAR, MISS, NAIVE, REGISTER
from benchmarks.stand import ENGINES, READS

_SERIES = {
    REGISTER: ("register, warm", "a", "", "circle"),
    MISS: ("register, every answer computed", "b", "", "square"),
    LITESTAR: ("Litestar, raw SQL", "c", "7 3", "triangle"),
    FASTAPI: ("FastAPI, async ORM", "d", "2 3", "diamond"),
    NAIVE: ("naive flask-smorest", "e", "9 3 2 3", "cross"),
}
_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP_X, _GAP_Y = 250, 210, 76, 92, 84, 80
_UNITS = ((1e6, "s"), (1e3, "ms"), (1.0, "µs"))
_STYLE = """
svg{color-scheme:light dark}.back{fill:#fff}text{fill:#1b1b1b;font:13px system-ui,sans-serif}.head{font-weight:600}
.grid{stroke:#c9c9c9}.frame{fill:none;stroke:#767676}.line{fill:none;stroke-width:2}.mark{stroke-width:2}
.a{stroke:#003d7a;fill:#003d7a}.b{stroke:#0072b2;fill:#0072b2}.c{stroke:#00795a;fill:#00795a}
.d{stroke:#b35900;fill:#b35900}.e{stroke:#a3317a;fill:#a3317a}path.line{fill:none}
@media(prefers-color-scheme:dark){.back{fill:#141414}text{fill:#f2f2f2}.grid{stroke:#444}.frame{stroke:#9a9a9a}
.a{stroke:#b9d9ff;fill:#b9d9ff}.b{stroke:#56b4e9;fill:#56b4e9}.c{stroke:#4fd1a5;fill:#4fd1a5}
.d{stroke:#ffb266;fill:#ffb266}.e{stroke:#f09ad0;fill:#f09ad0}path.line{fill:none}}
"""
Point = tuple[float, float]


def drawn(costs: Iterable[Mapping[str, Any]]) -> str:
    """The picture as SVG; ``costs`` as :func:`benchmarks.results.costs` gives them."""
    points: dict[tuple[str, str, str], list[Point]] = {}
    for one in costs:
        if one["job"] in READS and one["server"] in _SERIES:
            place = (one["engine"], one["job"], one["server"])
            points.setdefault(place, []).append((one["projects"], one["microseconds"]))
    engines = [engine for engine in ENGINES if any(place[0] == engine for place in points)]
    across, down = _axes(points)
    width = _LEFT + len(READS) * (_WIDTH + _GAP_X) - _GAP_X + 30
    height = _TOP + len(engines) * (_HEIGHT + _GAP_Y) + 10
    said = "Time of the server's one core per request against the number of projects, per engine and read."
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="t d" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}">',
        f'<title id="t">Cost of one request against the number of projects</title><desc id="d">{said} '
        f"{escape(_in_words(points))}</desc><style>{_STYLE}</style>",
        f'<rect class="back" width="{width}" height="{height}"/>',
        *_legend(points),
    ]
    for row, engine in enumerate(engines):
        for column, job in enumerate(READS):
            left, top = _LEFT + column * (_WIDTH + _GAP_X), _TOP + row * (_HEIGHT + _GAP_Y)
            lines = {name: sorted(points.get((engine, job, name), [])) for name in _SERIES}
            parts += [f'<g transform="translate({left} {top})">', *_panel(f"{job}, {engine}", lines, across, down)]
            parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _axes(points: Mapping[Any, Sequence[Point]]) -> tuple[_Axis, _Axis]:
    every = [point for line in points.values() for point in line] or [(1.0, 1.0)]
    return (
        _Axis(min(x for x, _ in every), max(x for x, _ in every), _WIDTH),
        _Axis(min(y for _, y in every), max(y for _, y in every), _HEIGHT),
    )


class _Axis:
    """A logarithmic axis over whole powers of ten."""

    def __init__(self, smallest: float, largest: float, length: int) -> None:
        self.low, self.high = math.floor(math.log10(smallest)), math.ceil(math.log10(largest))
        self.high = max(self.high, self.low + 1)
        self.length = length

    def place(self, value: float) -> float:
        return round((math.log10(value) - self.low) / (self.high - self.low) * self.length, 1)

    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def _panel(title: str, lines: Mapping[str, Sequence[Point]], across: _Axis, down: _Axis) -> list[str]:
    parts = [f'<text class="head" x="0" y="-10">{escape(title)}</text>']
    for tick in across.ticks():
        x = across.place(tick)
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="0" y2="{_HEIGHT}"/>')
        parts.append(f'<text x="{x}" y="{_HEIGHT + 18}" text-anchor="middle">{_short(tick)}</text>')
    for tick in down.ticks():
        y = _HEIGHT - down.place(tick)
        parts.append(f'<line class="grid" x1="0" x2="{_WIDTH}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="-8" y="{y + 4}" text-anchor="end">{_time(tick)}</text>')
    parts.append(f'<rect class="frame" width="{_WIDTH}" height="{_HEIGHT}"/>')
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT + 38}" text-anchor="middle">projects</text>')
    for name, line in lines.items():
        placed = [(across.place(x), _HEIGHT - down.place(y)) for x, y in line]
        parts += _line(name, placed)
    return parts


def _line(name: str, placed: Sequence[Point]) -> list[str]:
    title, kind, dashes, form = _SERIES[name]
    if not placed:
        return []
    path = " L".join(f"{x} {y}" for x, y in placed)
    drawn_line = (
        f'<path class="line {kind}" stroke-dasharray="{dashes}" d="M{path}"><title>{escape(title)}</title></path>'
    )
    return [drawn_line, *(_mark(form, kind, x, y) for x, y in placed)]


def _mark(form: str, kind: str, x: float, y: float) -> str:
    shapes = {
        "circle": f'<circle class="mark {kind}" cx="{x}" cy="{y}" r="4"/>',
        "square": f'<rect class="mark {kind}" x="{x - 3.5}" y="{y - 3.5}" width="7" height="7"/>',
        "triangle": f'<path class="mark {kind}" d="M{x} {y - 5}l5 9h-10z"/>',
        "diamond": f'<path class="mark {kind}" d="M{x} {y - 5}l5 5l-5 5l-5 -5z"/>',
        "cross": f'<path class="mark {kind}" d="M{x - 4} {y - 4}l8 8m0 -8l-8 8"/>',
    }
    return shapes[form]


def _legend(points: Mapping[tuple[str, str, str], Any]) -> list[str]:
    there = [name for name in _SERIES if any(place[2] == name for place in points)]
    parts = [f'<text class="head" x="{_LEFT}" y="22">Time of one core per request, by number of projects</text>']
    x = _LEFT
    for name in there:
        title, kind, dashes, form = _SERIES[name]
        parts.append(f'<path class="line {kind}" stroke-dasharray="{dashes}" d="M{x} 42h26"/>')
        parts += [_mark(form, kind, x + 13, 42), f'<text x="{x + 32}" y="46">{escape(title)}</text>']
        x += 54 + round(len(title) * 6.7)
    return parts


def _in_words(points: Mapping[tuple[str, str, str], Sequence[Point]]) -> str:
    found = []
    for (engine, job, name), line in points.items():
        first, last = min(line), max(line)
        found.append(
            f"{job} on {engine}, {_SERIES[name][0]}: {_time(first[1])} with {_count(first[0])} projects"
            + (f", {_time(last[1])} with {_count(last[0])}" if last != first else "")
        )
    return "; ".join(found) + "."


def _time(microseconds: float) -> str:
    factor, unit = next((one for one in _UNITS if microseconds >= one[0]), _UNITS[-1])
    return f"{microseconds / factor:.3g} {unit}"


def _count(number: float) -> str:
    return f"{number:,.0f}".replace(",", " ")


def _short(power: float) -> str:
    """10, 1k, 1M: what fits under a tick."""
    for factor, unit in ((1_000_000, "M"), (1000, "k")):
        if power >= factor:
            return f"{power / factor:.0f}{unit}"
    return f"{power:.0f}"
