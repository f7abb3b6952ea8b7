"""docs/excel.md says what is so: its names, codes and commands are the register's, and its pictures are of today."""

from __future__ import annotations

import importlib.util
import io
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from click.testing import CliRunner

from portfolio.cli.main import cli
from portfolio.core import workbooks
from portfolio.core.db import Database
from portfolio.core.vocabulary import Language
from portfolio.exchange.sheets import SHEETS
from portfolio.exchange.workbook import LISTS_SHEET, README_SHEET
from tests.exchange.office import Office

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
TEXT = (ROOT / "docs" / "excel.md").read_text(encoding="utf-8")
_GERMAN, _, _ENGLISH = TEXT.partition("\n## English\n")
HALVES: dict[Language, str] = {"de": _GERMAN, "en": _ENGLISH}
_LARGEST_PICTURE = 150 * 1024
_QUOTED = {"de": re.compile("„([^“]+)“"), "en": re.compile("“([^”]+)”")}
_ID = re.compile(r'ID=\$\(grep .* (\S+\.json) \| head -n 1 \| cut -d \'"\' -f 4\)')


def commands(half: str) -> list[str]:
    """The lines to be copied, in their order; a line that goes on is one with the next."""
    blocks = re.findall(r"```sh\n(.*?)```", half, re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]


def codes(half: str) -> list[str]:
    """The codes in the table of faults."""
    firsts = re.findall(r"^\| (`[^|]*) \|", half, re.MULTILINE)
    return [code for cell in firsts for code in re.findall("`([^`]+)`", cell)]


class TestTheTwoHalves:
    def test_have_the_same_parts(self) -> None:
        for part in (r"^### ", r"^\| `", r"^- ", r"^!\["):
            found = [len(re.findall(part, half, re.MULTILINE)) for half in HALVES.values()]
            assert found[0] == found[1] > 3, part

    def test_name_the_same_codes(self) -> None:
        assert codes(_GERMAN) == codes(_ENGLISH)

    def test_are_linked_at_the_top(self) -> None:
        assert "[Deutsch](#deutsch) · [English](#english)" in TEXT.split("## Deutsch")[0]


class TestNames:
    @pytest.mark.parametrize("language", HALVES)
    def test_each_quoted_name_is_in_the_workbook(self, language: Language) -> None:
        known = {"…", README_SHEET.text(language), LISTS_SHEET.text(language)}
        for sheet in SHEETS:
            known.add(sheet.title.text(language))
            for column in sheet.columns:
                known.add(column.title(language))
                if column.codelist is not None:
                    known |= {label.text(language) for label in column.codelist.labels.values()}
        download = Path(workbooks.__file__).read_text(encoding="utf-8")
        quoted = {" ".join(name.split()) for name in _QUOTED[language].findall(HALVES[language])}
        assert len(quoted) > 30
        assert {name for name in quoted - known if f'"{name}"' not in download} == set()

    def test_each_code_occurs_in_the_code(self) -> None:
        source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "portfolio").rglob("*.py"))
        assert len(codes(_GERMAN)) > 25
        assert {code for code in codes(_GERMAN) if f'"{code}"' not in source} == set()


class Shell:
    """Carries out the commands for curl as they stand, against a register of the test."""

    def __init__(self, office: Office, half: str) -> None:
        config = re.search(r"```\n(header = .*?)```", half, re.DOTALL)
        assert config is not None
        self.office = office
        self.config = dict(re.findall(r'header = "([\w-]+): (.*)"', config[1]))
        assert self.config.pop("Authorization") == "Bearer pk_…"
        self.files: dict[str, bytes] = {}
        self.id = ""

    def run(self, line: str) -> None:
        found = _ID.fullmatch(line)
        if found:
            self.id = self.files[found[1]].decode().partition('"id":"')[2].partition('"')[0]
            return
        words = iter(shlex.split(line.removeprefix('[ "$ID" ] && ').replace("$ID", self.id)))
        assert next(words) == "curl"
        self._ask(*self._asked(words))

    def _asked(self, words: Iterator[str]) -> tuple[str, str, str, dict[str, str], dict[str, Any] | None]:
        method, address, output, headers, form = "GET", "", "", {}, None
        for word in words:
            if word == "--config":
                assert next(words) == "register.conf"
                headers.update({**self.config, **self.office.key})
            elif word == "--header":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            elif word == "--output":
                output = next(words)
            elif word == "--request":
                method = next(words)
            elif word == "--form":
                name, _, file = next(words).partition("=@")
                method, form = "POST", {name: (io.BytesIO(self.files[file]), file)}
            elif word != "--fail-with-body":
                assert not word.startswith("-"), word
                address = word
        return method, address, output, headers, form

    def _ask(self, method: str, address: str, output: str, headers: dict[str, str], form: Any) -> None:
        path = address.removeprefix("http://localhost:8000")
        assert path.startswith("/v1/"), address
        answer = self.office.client.open(path, method=method, headers=headers, data=form)
        assert answer.status_code in (200, 201), f"{path}: {answer.get_data(as_text=True)}"
        self.files[output] = answer.get_data()


class TestCommands:
    @pytest.mark.parametrize("language", HALVES)
    def test_those_for_curl_do_what_is_said(self, with_demo: Database, language: Language) -> None:
        shell = Shell(Office(with_demo, "editor", "MUNV"), HALVES[language])
        for line in commands(HALVES[language]):
            if not line.startswith("portfolio"):
                shell.run(line)
        workbooks_got = [name for name, data in shell.files.items() if data.startswith(b"PK")]
        assert len(workbooks_got) == 3
        assert any(b'"state":"applied"' in data for data in shell.files.values())

    @pytest.mark.parametrize("language", HALVES)
    def test_those_of_the_register_exist_with_their_options(self, language: Language) -> None:
        lines = [line for line in commands(HALVES[language]) if line.startswith("portfolio ")]
        lines += re.findall(r"`(portfolio [^`]*)`", HALVES[language].replace("\n", " "))
        assert len(lines) == 5
        for line in lines:
            _require_known(line)


def _require_known(line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = cli
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    options = {name: one for one in command.params for name in one.opts if isinstance(one, click.Option)}
    for word, value in zip(words, [*words[1:], ""], strict=True):
        if word.startswith("--"):
            assert word in options, line
            if isinstance(options[word].type, click.Choice):
                assert value in options[word].type.choices, line
    assert CliRunner().invoke(command, ["--help"]).exit_code == 0


def _maker(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    spec = importlib.util.spec_from_file_location("make_pictures", PICTURES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


class TestPictures:
    @pytest.mark.parametrize("language", HALVES)
    def test_each_half_shows_its_own_with_a_text(self, language: Language) -> None:
        shown = re.findall(r"!\[([^\]]*)\]\(pictures/([^)]+)\)", HALVES[language])
        assert {name for _, name in shown} == {path.name for path in PICTURES.glob(f"*.{language}.svg")}
        assert all(len(text) > 40 for text, _ in shown)

    def test_they_are_what_the_script_draws(self, monkeypatch: pytest.MonkeyPatch) -> None:
        drawn = _maker(monkeypatch).pictures()
        assert sorted(drawn) == sorted(path.name for path in PICTURES.glob("*.svg"))
        for name, picture in drawn.items():
            assert len(picture.encode()) < _LARGEST_PICTURE
            now = (PICTURES / name).read_text(encoding="utf-8")
            assert now == picture, f"{name} is out of date; run `.venv/bin/python docs/pictures/make.py`"
