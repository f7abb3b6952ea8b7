"""The lines of kept answers: as every other request's, but written together, a moment later."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from portfolio.core import dates, logs


class TestLinesOfKeptAnswers:
    def test_have_the_fields_of_every_other(self, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        seen: list[dict[str, Any]] = []
        monkeypatch.setattr(logs._requests, "info", lambda event, **facts: seen.append({"event": event, **facts}))
        line = logs.RequestLine("GET", '/v1/projects/"<slug>', 200, 80)
        monkeypatch.setattr(logs._lines, "in_place", False)
        line.write("a-1", "42", 0.3)
        monkeypatch.setattr(logs._lines, "in_place", True)
        line.write("a-1", "42", 0.3)
        logs._lines.flush()
        written = json.loads(capsys.readouterr().err)
        assert written.pop("log") == "request"
        assert written.pop("level") == "info"
        assert dates.parse_instant(written.pop("at"))
        assert written == seen[0]

    def test_come_soon_and_together(self, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
        monkeypatch.setattr(logs._lines, "in_place", True)
        line, text = logs.RequestLine("GET", "/v1/projects", 200, 80), ""
        for number in range(1000):
            line.write(f"a-{number}", "42", 0.3)
        until = time.monotonic() + 5
        while text.count("\n") < 1000 and time.monotonic() < until:
            time.sleep(0.02)
            text += capfd.readouterr().err
        assert [json.loads(one)["request_id"] for one in text.splitlines()] == [f"a-{n}" for n in range(1000)]
