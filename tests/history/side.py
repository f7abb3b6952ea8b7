"""One of two registers that are asked the same: the state machine compares their answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from werkzeug.test import TestResponse

from portfolio.core import sources
from tests.conftest import Ticking, key_headers, make_app, open_register


class Side:
    """The register on one engine, with a clock and ids of its own that run like the other side's."""

    def __init__(self, url: str) -> None:
        self.ticking = Ticking()
        self.database = open_register(url)
        with self.clock():
            self.client = make_app(self.database).test_client()
            self.keys = {
                "coordinator": key_headers(self.database, "coordinator"),
                "editor": key_headers(self.database, "editor", "MKW"),
            }
        self.number = self.ticking.number

    def begin(self, clear: Callable[[], None]) -> None:
        """An empty register and its clock, as they were when the keys were made."""
        clear()
        self.ticking = Ticking()
        self.ticking.number = self.number

    @contextmanager
    def clock(self) -> Iterator[None]:
        with sources.using(self.ticking.sources()):
            yield

    def ask(self, method: str, path: str, role: str | None, headers: Mapping[str, str], body: Any) -> TestResponse:
        known = self.keys[role] if role else {}
        with self.clock():
            return self.client.open(path, method=method, headers={**known, **headers}, json=body)
