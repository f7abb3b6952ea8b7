"""What the stand-alone verifier says to whoever runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from portfolio import verify


class TestUnreadable:
    @pytest.mark.parametrize("what", ["key", "trusted"])
    def test_names_the_file_that_is_missing(self, tmp_path: Path, what: str) -> None:
        source, key = tmp_path / "register.sqlite", tmp_path / "log.pub"
        key.write_text("portfolio.example/log+4f14fcf0+AUQpkwZQBKoeTEj03QFYGUwCNJvMZkzZbkAOommRio1R\n")
        gone = tmp_path / "gone"
        report = verify.verify(source, gone) if what == "key" else verify.verify(source, key, [gone])
        assert (report.exit_code, report.unreadable) == (2, f"{gone} cannot be read: No such file or directory.")


def test_its_help_names_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        verify.main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert all(f"{code}: " in said for code in range(4))
