"""The examples of the document are what a register answers, and cover every operation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from portfolio.app import EXAMPLES
from portfolio.core import spec
from portfolio.core.db import Database
from portfolio.core.spec_parts import IF_MATCH, IF_NONE_MATCH
from portfolio.core.spec_reading import nodes, operations, parameters_of, resolved
from tests.answer_checker import AnswerChecker
from tests.conftest import make_app
from tests.contract.examples import rendered

FILES = {"getWorkbook", "getImportWorkbook", "getLogCheckpoint", "getLogKey"}
"""Operations whose answer is no JSON; a text has its example beside its description."""


@pytest.fixture
def document(database: Database) -> dict[str, Any]:
    return spec.document(make_app(database).extensions["portfolio_api"])


def test_are_what_a_register_answers_today() -> None:
    """Where this fails, an answer has changed: take them anew with ``python -m tests.contract.examples``."""
    assert rendered() == EXAMPLES.read_text(encoding="utf-8")


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestDocument:
    def test_every_example_fits_its_schema(self, document: dict[str, Any]) -> None:
        checker = AnswerChecker(document)
        without = set()
        for path, method, operation in operations(document):
            place = f"{method} {path}"
            for parameter in parameters_of(document, path, method):
                example = parameter.get("example", parameter["schema"].get("example"))
                if example is None:
                    without.add(f"{place} {parameter['name']}")
                elif parameter not in (IF_MATCH, IF_NONE_MATCH):
                    checker.check_value(f"{place} {parameter['name']}", parameter["schema"], example)
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                if media != "multipart/form-data":
                    checker.check_value(place, content["schema"], content["example"])
            for code, answer in operation["responses"].items():
                for content in resolved(document, answer).get("content", {}).values():
                    values = [content["example"]] if "example" in content else []
                    values += [one["value"] for one in content.get("examples", {}).values()]
                    for value in values:
                        checker.check_value(f"{place} {code}", content["schema"], value)
                    if not values and content["schema"].get("type") != "string":
                        without.add(f"{place} {code}")
        assert without == set()

    def test_every_operation_has_one(self, document: dict[str, Any]) -> None:
        named = {operation["operationId"] for _, _, operation in operations(document)}
        deletes = {name for name in named if name.startswith("delete")}
        recorded = {
            operation["operationId"]
            for _, _, operation in operations(document)
            for code in ("200", "201")
            if "example" in operation["responses"].get(code, {}).get("content", {}).get("application/json", {})
        }
        assert recorded == named - FILES - deletes

    def test_every_example_of_a_field_fits_it(self, document: dict[str, Any]) -> None:
        checker = AnswerChecker(document)
        checked = 0
        for name, schema in document["components"]["schemas"].items():
            for node in nodes(schema):
                if "example" in node:
                    checker.check_value(
                        name, {key: one for key, one in node.items() if key != "example"}, node["example"]
                    )
                    checked += 1
        assert checked > 300


def test_the_file_is_part_of_the_package() -> None:
    assert EXAMPLES.parent == Path(spec.__file__).parent.parent
