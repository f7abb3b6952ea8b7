"""Promises about the whole house."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from openapi_spec_validator import validate

import portfolio.app
from portfolio.access.policy import POLICY
from portfolio.core import spec, spec_files, spec_reading
from portfolio.core.api import Operation
from portfolio.core.db import Base, Database, Entity
from tests.conftest import make_app

ROOT = Path(portfolio.app.__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "portfolio").rglob("*.py"))


def test_only_the_database_commits() -> None:
    found = [path.name for path in SOURCES if re.search(r"\.commit\(", path.read_text())]
    assert found == ["db.py"]


def test_what_takes_long_to_load_waits_until_it_is_needed() -> None:
    waiting = {"alembic", "joserfc", "xlsxwriter"}
    told = f"import sys, portfolio.app; print(sorted({waiting} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout.strip() == "[]"


def test_every_table_is_audited_or_says_why_not() -> None:
    for mapper in Base.registry.mappers:
        model = mapper.class_
        if model.not_audited is None:
            assert issubclass(model, Entity), model
        else:
            assert len(model.not_audited) > 10, model


def test_no_file_is_longer_than_400_lines() -> None:
    long = {str(path): length for path in SOURCES if (length := len(path.read_text().splitlines())) > 400}
    # The verifier is one file by contract: an auditor takes it away and reads it from top to bottom.
    assert set(long) <= {str(ROOT / "portfolio" / "verify.py")}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path) for path in SOURCES if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_init_files_stay_empty() -> None:
    assert [str(path) for path in SOURCES if path.name == "__init__.py" and path.stat().st_size] == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestOperations:
    def test_every_write_has_a_line_in_the_policy(self, database: Database) -> None:
        app = make_app(database)
        used = set()
        for rule in app.url_map.iter_rules():
            view_class = getattr(app.view_functions[rule.endpoint], "view_class", None)
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"} if view_class else ():
                operation = getattr(view_class, method.lower())._portfolio_operation
                assert isinstance(operation, Operation)
                assert method == "GET" or operation.access is not None, operation
                if operation.access:
                    used.add(operation.access)
        assert used == set(POLICY)

    def test_the_files_equal_the_code(self, database: Database) -> None:
        found = spec.document(make_app(database).extensions["portfolio_api"])
        assert spec_files.drift(found, ROOT / "openapi") == []

    def test_the_document_is_valid_and_complete(self, database: Database) -> None:
        found = spec.document(make_app(database).extensions["portfolio_api"])
        validate(found)  # type: ignore[arg-type]
        names = []
        for path, method, operation in spec_reading.operations(found):
            place = f"{method} {path}"
            names.append(operation["operationId"])
            assert operation["summary"], place
            assert operation["description"], place
            assert {"401", "500", "503"} <= set(operation["responses"]), place
            for parameter in spec_reading.parameters_of(found, path, method):
                assert parameter.get("description"), (place, parameter["name"])
        assert len(names) == len(set(names))

    def test_every_schema_of_the_document_is_used(self, database: Database) -> None:
        found = spec.document(make_app(database).extensions["portfolio_api"])
        used = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(found)))
        assert set(found["components"]["schemas"]) == used


def test_the_map_in_the_readme_equals_the_folders() -> None:
    text = (ROOT / "README.md").read_text()
    packages = {path.name for path in (ROOT / "portfolio").iterdir() if (path / "__init__.py").exists()}
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == packages


def test_imports_go_downwards_only() -> None:
    # In a process of its own: it switches off the loggers of the one it runs in.
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout


def test_the_document_names_no_machine() -> None:
    text = (ROOT / "openapi" / "openapi.json").read_text()
    assert [server["url"] for server in json.loads(text)["servers"]] == ["/"]
