"""The part of a shell that the documentation is written in; everything else is refused, so that nothing goes untested.

Assignments (``NAME=value``, ``NAME=$(command)``), quotes, ``$NAME``, ``\\`` at the end of a line, comments, ``> FILE``,
``&`` behind ``portfolio serve``, and the commands ``curl``, ``portfolio``, ``python3``, ``uuidgen`` and, behind ``|``, ``jq``
and ``cut``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from click.testing import CliRunner

from portfolio.cli.main import cli
from tests.answer_checker import check_live

_NAME = re.compile(r"[A-Z_]+")
_ASSIGNMENT = re.compile(r"(?:export )?([A-Z_]+)=(.*)", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_COLUMN = re.compile(r"-f[1-9]")
_VALUES = ("-X", "-H", "-d", "--json", "-o", "-w", "-F", "--data-binary")


class NotUnderstood(AssertionError):
    """The documentation says something that this shell does not know."""


class Operator(str):
    """``|``, ``>`` or ``&`` outside of quotes."""


@dataclass
class Shell:
    """One reader at the keyboard."""

    address: str
    """What stands for http://127.0.0.1:8000."""
    folder: Path
    environment: dict[str, str]
    serve: Callable[[], None]
    """Starts the register, for ``portfolio serve &``."""
    names: dict[str, str] = field(default_factory=dict)
    answer: requests.Response | None = None
    """Of the last request."""
    output: bytes = b""
    requests: int = 0

    def run(self, block: str) -> None:
        """Every command of a block in its order."""
        for line in _lines(block):
            self.output = self._line(line)

    def _line(self, line: str) -> bytes:
        assigned = _ASSIGNMENT.fullmatch(line)
        if assigned is None:
            return self._command(self._words(line))
        values = self._words(assigned[2])
        if len(values) > 1:
            raise NotUnderstood(line)
        value = "".join(values)
        self.names[assigned[1]] = self.address if value == "http://127.0.0.1:8000" else value
        return b""

    def _words(self, text: str) -> list[str]:
        return list(Words(text, self._value))

    def _value(self, name: str) -> str:
        """What ``$NAME`` or ``$(command)`` stands for."""
        if name.startswith("("):
            return self._command(self._words(name[1:-1])).decode().strip()
        if name not in self.names:
            raise NotUnderstood(f"${name} was never set")
        return self.names[name]

    def _command(self, words: list[str]) -> bytes:
        found, target = list(words), None
        if len(found) > 2 and isinstance(found[-2], Operator) and found[-2] == ">":
            target = self.folder / found.pop()
            found.pop()
        if any(isinstance(word, Operator) and word == "|" for word in found):
            at = next(index for index, word in enumerate(found) if isinstance(word, Operator))
            through = _filter(found[at + 1 :])
            output = through(self._command(found[:at]))
        else:
            output = self._simple(found)
        if target is not None:
            target.write_bytes(output)
            return b""
        return output

    def _simple(self, words: list[str]) -> bytes:
        name, *rest = words
        if name == "curl":
            return self._curl(rest)
        if name == "uuidgen" and not rest:
            return str(uuid.uuid4()).encode()
        if name == "portfolio" and rest == ["serve", "&"]:
            self.serve()
            return b""
        if any(isinstance(word, Operator) for word in words):
            raise NotUnderstood(" ".join(words))
        if name == "portfolio":
            return self._portfolio(rest)
        if name == "python3":
            return subprocess.run(
                [sys.executable, *rest], cwd=self.folder, capture_output=True, check=True, timeout=60
            ).stdout
        raise NotUnderstood(" ".join(words))

    def _portfolio(self, words: list[str]) -> bytes:
        # In this process: starting one takes a second, and tests/cli starts some.
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            ended = CliRunner().invoke(cli, words, env=self.environment, catch_exceptions=False)
        finally:
            os.chdir(before)
        assert ended.exit_code == 0, (words, ended.output)
        return ended.stdout_bytes

    def _curl(self, words: list[str]) -> bytes:
        asked = _Curl.read(words)
        files = {name: (Path(path).name, (self.folder / path).read_bytes()) for name, path in asked.files.items()}
        self.requests += 1
        self.answer = requests.request(
            asked.method,
            asked.url,
            headers=asked.headers,
            data=None if asked.data is None else asked.data.encode(),
            files=files or None,
            timeout=40,
            allow_redirects=False,
        )
        shown = self.answer.content
        check_live(asked.method, urlsplit(asked.url).path, self.answer.status_code, self.answer.headers, shown)
        if asked.with_headers:
            shown = "".join(f"{name}: {value}\n" for name, value in self.answer.headers.items()).encode() + b"\n" + shown
        if asked.target == "/dev/null":
            shown = b""
        elif asked.target:
            (self.folder / asked.target).write_bytes(shown)
            shown = b""
        return shown + asked.written(self.answer).encode()


@dataclass
class _Curl:
    """What a line of curl asks for."""

    url: str = ""
    method: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    data: str | None = None
    files: dict[str, str] = field(default_factory=dict)
    target: str = ""
    form: str = ""
    with_headers: bool = False

    @classmethod
    def read(cls, words: list[str]) -> _Curl:
        found, waiting = cls(), iter(words)
        for word in waiting:
            if word in _VALUES:
                found._take(word, next(waiting))
            elif word in ("-i", "-I"):
                found.with_headers = True
                found.method = "HEAD" if word == "-I" else found.method
            elif word.startswith("-") and word != "-s":
                raise NotUnderstood(f"curl {word}")
            elif word != "-s":
                if found.url or not word.startswith("http://127.0.0.1:"):
                    raise NotUnderstood(f"curl … {word}")
                found.url = word
        found.method = found.method or ("GET" if found.data is None and not found.files else "POST")
        return found

    def _take(self, option: str, value: str) -> None:
        if option == "-H":
            name, _, text = value.partition(": ")
            self.headers[name] = text
        elif option == "-F":
            name, _, path = value.partition("=@")
            self.files[name] = path
        elif option == "--json":
            self.data = value
            self.headers |= {"Content-Type": "application/json", "Accept": "application/json"}
        elif option in ("-X", "-o", "-w"):
            setattr(self, {"-X": "method", "-o": "target", "-w": "form"}[option], value)
        else:
            raise NotUnderstood(f"curl {option}")

    def written(self, answer: requests.Response) -> str:
        """What ``-w`` asks for."""
        if not self.form:
            return ""
        header = re.fullmatch(r"%header\{([a-z-]+)\}", self.form)
        if header is None:
            raise NotUnderstood(f"curl -w {self.form}")
        return answer.headers[header[1]]


def _filter(words: list[str]) -> Callable[[bytes], bytes]:
    """What stands behind ``|``: ``jq -r PATH`` with names and numbers alone in its path, or one column of ``cut``."""
    if words[:2] == ["jq", "-r"] and len(words) == 3 and not _STEP.sub("", words[2]):
        return partial(_jq, _STEP.findall(words[2]))
    if words[:2] == ["cut", "-d "] and len(words) == 3 and _COLUMN.fullmatch(words[2]):
        return partial(_cut, int(words[2][2:]))
    raise NotUnderstood(" ".join(words))


def _jq(steps: list[tuple[str, str]], data: bytes) -> bytes:
    found: Any = json.loads(data)
    for name, number in steps:
        found = found[name] if name else found[int(number)]
    return (found if isinstance(found, str) else json.dumps(found)).encode()


def _cut(column: int, data: bytes) -> bytes:
    return data.split(b" ")[column - 1]


class Words:
    """The words of one command: quotes taken off, names and commands put in."""

    def __init__(self, text: str, value: Callable[[str], str]) -> None:
        self._text, self._value, self._at = text, value, 0

    def __iter__(self) -> Iterator[str]:
        while self._at < len(self._text):
            if self._text[self._at] in " \n":
                self._at += 1
            elif self._text[self._at] in "|>&":
                self._at += 1
                yield Operator(self._text[self._at - 1])
            else:
                yield self._word()

    def _word(self) -> str:
        found = ""
        while self._at < len(self._text) and self._text[self._at] not in " \n|>&":
            char = self._text[self._at]
            if char == "'":
                end = self._text.index("'", self._at + 1)
                found += self._text[self._at + 1 : end]
                self._at = end + 1
            elif char == '"':
                self._at += 1
                found += self._quoted()
            elif char == "$":
                found += self._substituted()
            elif char in "`\\*?<;(){}~":
                raise NotUnderstood(self._text)
            else:
                found += char
                self._at += 1
        return found

    def _quoted(self) -> str:
        found = ""
        while self._text[self._at] != '"':
            if self._text[self._at] == "$":
                found += self._substituted()
                continue
            if self._text[self._at] == "\\":
                self._at += 1
            found += self._text[self._at]
            self._at += 1
        self._at += 1
        return found

    def _substituted(self) -> str:
        rest = self._text[self._at + 1 :]
        name = _in_parentheses(rest) if rest.startswith("(") else _leading_name(rest)
        self._at += 1 + len(name)
        return self._value(name)


def _leading_name(text: str) -> str:
    found = _NAME.match(text)
    if found is None:
        raise NotUnderstood(f"${text[:20]}")
    return found[0]


def _in_parentheses(text: str) -> str:
    """What stands from the first parenthesis to the one that closes it; those between single quotes do not count."""
    depth, is_quoted = 0, False
    for at, char in enumerate(text):
        is_quoted ^= char == "'"
        depth += 0 if is_quoted else {"(": 1, ")": -1}.get(char, 0)
        if not depth:
            return text[: at + 1]
    raise NotUnderstood(text)


def _lines(block: str) -> Iterator[str]:
    """The commands of a block; one ends with its line, unless a quote is open or a backslash says it goes on."""
    waiting = ""
    for line in block.splitlines():
        if not waiting and (not line.strip() or line.startswith("#")):
            continue
        waiting += line
        if line.endswith("\\"):
            waiting = waiting[:-1]
        elif waiting.count("'") % 2:
            waiting += "\n"
        else:
            yield waiting
            waiting = ""
    if waiting:
        raise NotUnderstood(waiting)
