"""The shell of the documentation refuses what it does not know, and what is shown is really compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.fragments import fault_of_answer, fault_of_json, fault_of_text
from tests.docs.shell import NotUnderstood, Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell("http://127.0.0.1:1", tmp_path, {}, lambda: None, {"NAME": 'a "b" $c'})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a 'b $NAME' \"c d\"", ["a", "b $NAME", "c d"]),
        ('x "$NAME" $NAME', ["x", 'a "b" $c', 'a "b" $c']),
        ('-H "If-Match: \\"3\\""', ["-H", 'If-Match: "3"']),
        ("a | b > c", ["a", "|", "b", ">", "c"]),
        ("'a|b' \"c>d\"", ["a|b", "c>d"]),
    ],
)
def test_words_are_those_of_a_shell(shell: Shell, text: str, words: list[str]) -> None:
    assert shell._words(text) == words


@pytest.mark.parametrize(
    "line",
    [
        "rm -r x",
        "wget http://127.0.0.1:1/v1",
        "curl --compressed http://127.0.0.1:1/v1",
        "curl http://example.org/v1",
        "curl http://127.0.0.1:1/v1 http://127.0.0.1:1/v2",
        "curl -d x=1 http://127.0.0.1:1/v1",
        "for a in b; do c; done",
        "portfolio key list | grep x",
        "echo $MISSING",
        "python3 x.py && curl http://127.0.0.1:1",
        "curl 'http://127.0.0.1:1",
    ],
)
def test_what_it_does_not_know_is_refused(shell: Shell, line: str) -> None:
    with pytest.raises((NotUnderstood, ValueError)):
        shell.run(line)


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ([{"a": "…"}], [{"a": None}]),
        (["x", "…"], ["x", "y", "z"]),
        ("2026-…Z", "2026-06-30T08:00:00Z"),
    ],
)
def test_a_part_is_found(shown: object, real: object) -> None:
    assert fault_of_json(shown, real) is None


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {}),
        ({"a": 1}, [1]),
        (["x"], ["x", "y"]),
        (["x", "y", "…"], ["x"]),
        ([1], {"0": 1}),
        ("2026-…Z", "2027-06-30T08:00:00Z"),
        ("2026-…", None),
    ],
)
def test_what_is_no_part_is_found_out(shown: object, real: object) -> None:
    assert fault_of_json(shown, real)


def test_lines_come_in_their_order() -> None:
    assert fault_of_text("a\nc …", "a\nb\nc d") is None
    assert fault_of_text("c\na", "a\nb\nc")
    assert fault_of_text("a b", "a")


def test_an_answer_is_its_status_headers_and_body() -> None:
    shown = 'HTTP/1.1 412 Precondition Failed\nETag: "2-…"\n\n{"status": 412}'
    assert fault_of_answer(shown, 412, {"ETag": '"2-abc"'}, b'{"status": 412, "x": 1}') is None
    assert fault_of_answer(shown, 200, {"ETag": '"2-abc"'}, b'{"status": 412}')
    assert fault_of_answer(shown, 412, {"ETag": '"3-abc"'}, b'{"status": 412}')
    assert fault_of_answer(shown, 412, {}, b'{"status": 412}')
    assert fault_of_answer(shown, 412, {"ETag": '"2-abc"'}, b'{"status": 409}')
