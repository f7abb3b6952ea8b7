"""``portfolio export`` and ``portfolio import``."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest
from click.testing import CliRunner, Result

from portfolio.cli.main import cli, main
from portfolio.core.db import Database
from tests.exchange.office import PROJECT, Book


class Run(Protocol):
    """A command, which ends with ``code``."""

    def __call__(self, *arguments: str | Path, code: int = 0) -> Result: ...


@pytest.fixture
def run(seeded: Database, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("PORTFOLIO_DATABASE_URL", seeded.url.render_as_string(hide_password=False))

    def invoke(*arguments: str | Path, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return invoke


def _edited(file: Path, title: str, value: object) -> None:
    book = Book(file.read_bytes())
    book.put("Projekte", book.row_of("Projekte", "Projekt", PROJECT), title, value)
    file.write_bytes(book.saved())


def test_there_and_back(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "workbook.xlsx"
    assert "of revision 1" in run("export", file, "--ministry", "MUNV").output
    assert "changed 0, created 0" in run("import", file).output
    _edited(file, "Kurztext (englisch)", "New")
    shown = run("import", file).output
    assert "summary_en: " in shown
    assert "→ New" in shown
    assert "Applied" not in shown
    assert "Applied as revision 2." in run("import", file, "--apply", "--reason", "Halbjahr").output


def test_faults_are_told_and_end_with_one(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "workbook.xlsx"
    run("export", file)
    _edited(file, "Säule", 9)
    said = run("import", file, code=1).output
    assert "[invalid_number]" in said
    assert "Faults:" in said
    monkeypatch.setattr("sys.argv", ["portfolio", "import", str(file)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1


def test_one_sheet_as_csv(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "projects.csv"
    run("export", file, "--sheet", "projects", "--language", "en")
    assert file.read_text(encoding="utf-8").startswith("Project,Title (German)")
    assert "changed 0" in run("import", file).output
