"""The picture is well-formed, holds every series at its place, and says in words what it shows."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from benchmarks.chart import drawn

_SVG = "{http://www.w3.org/2000/svg}"


def cost(engine: str, projects: int, server: str, job: str, microseconds: float) -> dict[str, object]:
    return {"engine": engine, "projects": projects, "server": server, "job": job, "microseconds": microseconds}


COSTS = [
    cost("sqlite", 74, "register", "list", 100.0),
    cost("sqlite", 200_000, "register", "list", 1000.0),
    cost("sqlite", 74, "naive", "list", 10_000.0),
    cost("sqlite", 200_000, "naive", "list", 1_000_000.0),
    cost("sqlite", 74, "naive", "PATCH", 5.0),  # no read: not shown
    cost("sqlite", 74, "finished", "list", 5.0),  # no line of its own
]


@pytest.fixture(scope="module")
def picture() -> ElementTree.Element:
    return ElementTree.fromstring(drawn(COSTS))


def test_it_has_a_name_and_says_what_it_shows(picture: ElementTree.Element) -> None:
    assert picture.get("role") == "img"
    named = {part.get("id"): part.text or "" for part in picture if part.get("id")}
    assert set((picture.get("aria-labelledby") or "").split()) == set(named)
    assert "naive flask-smorest: 10 ms with 74 projects, 1 s with 200 000" in named["d"]


def test_it_holds_a_line_per_series_at_its_place(picture: ElementTree.Element) -> None:
    lines = [path for path in picture.iter(f"{_SVG}path") if path.find(f"{_SVG}title") is not None]
    names = [path.findtext(f"{_SVG}title") for path in lines]
    assert names == ["register, warm", "naive flask-smorest"]
    ends = [[tuple(map(float, point.split())) for point in path.attrib["d"][1:].split(" L")] for path in lines]
    # Four powers of ten over 210 pixels, from 100 µs below to 1 s above.
    assert [y for _, y in ends[0]] == [210.0, 157.5]
    assert [y for _, y in ends[1]] == [105.0, 0.0]
    assert ends[0][0][0] == ends[1][0][0] < ends[0][1][0] == ends[1][1][0] < 250


def test_axes_are_labelled(picture: ElementTree.Element) -> None:
    texts = [text.text for text in picture.iter(f"{_SVG}text")]
    for expected in ("100 µs", "1 ms", "1 s", "10", "100k", "1M", "projects", "list, sqlite"):
        assert expected in texts


def test_it_brings_its_own_background_for_light_and_dark() -> None:
    text = drawn(COSTS)
    assert "prefers-color-scheme:dark" in text
    assert 'class="back"' in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")  # nothing from outside


def test_one_size_is_enough() -> None:
    assert ElementTree.fromstring(drawn(COSTS[:1])) is not None
