"""Spectral finds nothing in the document: the rules of OpenAPI and OWASP, and our own, each of which can fail."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
LINT = Path(__file__).parent / "lint"
SPECTRAL = LINT / "node_modules" / "@stoplight" / "spectral-cli" / "dist" / "index.js"
NODE = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None or not SPECTRAL.exists(), reason="needs Node.js: make node")


def findings(document: Path) -> list[tuple[str, str]]:
    """What Spectral says about a document: the rule and the place."""
    assert NODE
    command = [NODE, SPECTRAL, "lint", "-r", LINT / "ruleset.yaml", "-F", "hint", "-f", "json", "--quiet", document]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode in (0, 1), ran.stderr
    return [(one["code"], "/".join(str(step) for step in one["path"])) for one in json.loads(ran.stdout or "[]")]


def small() -> dict[str, Any]:
    """The document with one path and what that needs: Spectral takes long over the whole."""
    whole: dict[str, Any] = json.loads((ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8"))
    path = "/v1/milestones/{milestone_id}"
    return {**whole, "paths": {path: whole["paths"][path]}}


def broken() -> dict[str, Any]:
    """The same with a fault for each rule of ours."""
    document = copy.deepcopy(small())
    (item,) = document["paths"].values()
    item["get"]["operationId"] = "milestone"
    del item["get"]["responses"]["200"]["content"]["application/json"]["example"]
    del item["get"]["responses"]["401"]
    item["get"]["responses"]["400"] = {"description": "Bad."}
    item["get"]["parameters"].append(
        {"name": "odd", "in": "query", "description": "Odd.", "schema": {"type": "boolean"}}
    )
    del item["patch"]["requestBody"]["content"]["application/json"]["example"]
    del document["components"]["responses"]["Conflict"]["content"]["application/problem+json"]
    schemas = document["components"]["schemas"]
    schemas["Milestone"]["title"] = "A milestone"
    del schemas["Milestone"]["properties"]["weight"]["description"]
    schemas["Milestone"]["properties"]["baseline_on"]["description"] = "Planned."
    schemas["Milestone"]["properties"]["created_at"]["description"] = "Recorded."
    schemas["Application"]["properties"]["requested_amount"]["description"] = "Asked for."
    del schemas["MilestoneStatusCode"]["x-labels"]["achieved"]["de"]
    del schemas["PrecisionCode"]["x-labels"]
    return document


def test_finds_nothing() -> None:
    assert findings(ROOT / "openapi" / "openapi.json") == []


def test_every_rule_of_ours_can_fail(tmp_path: Path) -> None:
    ours = set(yaml.safe_load((LINT / "ruleset.yaml").read_text(encoding="utf-8"))["rules"])
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(broken()), encoding="utf-8")
    assert ours - {rule for rule, _ in findings(path)} == set()
