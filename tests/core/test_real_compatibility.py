"""The classes of breaking changes that the contract names, each made on the register's own document."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from portfolio.core.compatibility import compare
from portfolio.core.operation_compatibility import METHODS
from tests.core.paint_document import Node, schema

Mutation = Callable[[Node], object]
REAL: Node = json.loads((Path(__file__).parents[2] / "openapi" / "openapi.json").read_text(encoding="utf-8"))


class TestTheRealDocument:
    def changes(self, mutation: Mutation) -> list[tuple[str, str]]:
        new = deepcopy(REAL)
        mutation(new)
        return [(change.kind, change.where) for change in compare(REAL, new) if change.level == "breaking"]

    def test_is_the_same_as_itself(self) -> None:
        assert compare(REAL, deepcopy(REAL)) == []

    def test_a_removed_field(self) -> None:
        found = self.changes(lambda d: schema(d, "Project")["properties"].pop("title_de"))
        assert ("property-removed", "schema Project: title_de") in found

    def test_a_narrowed_type(self) -> None:
        found = self.changes(lambda d: schema(d, "MilestoneInput", "title_de").update(maxLength=10))
        assert found == [("limit-tightened", "schema MilestoneInput: title_de")]

    def test_a_new_required_input(self) -> None:
        found = self.changes(lambda d: schema(d, "ProjectInput")["required"].append("pillar"))
        assert found == [("now-required", "schema ProjectInput: pillar")]

    def test_a_removed_value(self) -> None:
        values = [
            (name, node)
            for name, found in REAL["components"]["schemas"].items()
            for node in (found, *found.get("properties", {}).values())
            if "planned" in node.get("enum", [])
        ]
        assert values
        new = json.loads(json.dumps(REAL).replace('"planned", ', ""))
        found = [change for change in compare(REAL, new) if change.kind == "enum-value-removed"]
        assert {name for name, _ in values} <= {change.where.split(":")[0].removeprefix("schema ") for change in found}
        assert {change.level for change in found} == {"breaking"}

    def test_a_removed_operation(self) -> None:
        found = self.changes(lambda d: d["paths"]["/v1/projects/{slug}"].pop("delete"))
        assert found == [("operation-removed", "DELETE /v1/projects/{slug}")]

    def test_a_changed_status(self) -> None:
        def accepted(document: Node) -> None:
            answers = document["paths"]["/v1/projects"]["post"]["responses"]
            answers["202"] = answers.pop("201")

        assert self.changes(accepted) == [("success-status-changed", "POST /v1/projects, answer 201")]

    @settings(max_examples=15, deadline=None)
    @given(data=st.data())
    def test_no_operation_and_no_field_goes_unseen(self, data: st.DataObject) -> None:
        new = deepcopy(REAL)
        schemas = new["components"]["schemas"]
        path = data.draw(st.sampled_from(sorted(new["paths"])))
        method = data.draw(st.sampled_from([name for name in METHODS if name in new["paths"][path]]))
        name = data.draw(st.sampled_from(sorted(name for name in schemas if schemas[name].get("properties"))))
        property_ = data.draw(st.sampled_from(sorted(schemas[name]["properties"])))
        del new["paths"][path][method], schemas[name]["properties"][property_]
        found = [change.where for change in compare(REAL, new) if change.level == "breaking"]
        assert f"{method.upper()} {path}" in found
        assert f"schema {name}: {property_}" in found
