"""A codelist and an application that stand on core alone."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portfolio.core import vocabulary
from portfolio.core.vocabulary import Codelist, Label
from tests.core.small_app import make_small_app


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> Codelist:
    """A codelist in a registry of its own, so that the real vocabulary stays as it is."""
    monkeypatch.setattr(vocabulary, "_codelists", {})
    return Codelist("colour", Label("Farbe", "Colour"), {"red": Label("rot", "red"), "blue": Label("blau", "blue")})


@pytest.fixture
def small_app(colours: Codelist) -> Flask:
    return make_small_app(colours)


@pytest.fixture
def paints(small_app: Flask) -> FlaskClient:
    """A client of the small application."""
    return small_app.test_client()
