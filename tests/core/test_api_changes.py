"""How far the version must go, by the worst change."""

from __future__ import annotations

import pytest

from portfolio.core.api_changes import LEVELS, Change, Level, lowest_version, refusal, version_of


def of(*levels: Level) -> list[Change]:
    return [Change(level, "kind", "where", "what") for level in levels]


@pytest.mark.parametrize(
    ("levels", "released", "lowest"),
    [
        ((), "1.4.2", "1.4.2"),
        (("editorial",), "1.4.2", "1.4.2"),
        (("additive", "editorial"), "1.4.2", "1.5.0"),
        (("breaking", "additive"), "1.4.2", "2.0.0"),
        (("additive",), "0.1.0", "0.2.0"),
        (("breaking",), "0.1.0", "0.2.0"),
    ],
)
def test_the_worst_change_decides(levels: tuple[Level, ...], released: str, lowest: str) -> None:
    assert lowest_version(of(*levels), released) == lowest
    assert refusal(of(*levels), released, lowest) is None
    assert refusal(of(*levels), released, "2.0.0") is None


@pytest.mark.parametrize(
    ("level", "version", "sentence"),
    [
        ("breaking", "1.9.9", "A breaking change since 1.0.0 needs version 2.0.0 or higher; this document is 1.9.9."),
        ("additive", "1.0.7", "An additive change since 1.0.0 needs version 1.1.0 or higher; this document is 1.0.7."),
        ("editorial", "0.9.0", "Version 0.9.0 is lower than the released 1.0.0."),
    ],
)
def test_a_step_that_is_too_small_is_refused(level: Level, version: str, sentence: str) -> None:
    assert refusal(of(level), "1.0.0", version) == sentence


def test_versions_are_compared_as_numbers() -> None:
    assert version_of("1.10.0") > version_of("1.9.0")
    assert refusal(of(*LEVELS), "9.0.0", "10.0.0") is None


@pytest.mark.parametrize("text", ["1", "1.0", "1.0.0-rc1", "01.0.0", "v1.0.0", "", "1.0.0\n"])
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not of the form"):
        version_of(text)
