"""Links of the document: from a record to what can be asked or done with it, and to the records it names."""

from __future__ import annotations

from dataclasses import dataclass

from portfolio.core.spec_reading import SCHEMAS, Json, operations, parameters_of, resolved

_LINKS = "#/components/links/"
_NAMED_BY = {
    "project": "getProject",
    "action_field": "getActionField",
    "ministry": "getOrganisation",
    "lead_ministry": "getOrganisation",
    "applicant": "getOrganisation",
    "programme": "getFundingProgramme",
    "application": "getApplication",
    "award": "getAward",
    "milestone": "getMilestone",
}
"""Fields that hold the key of another record, each with the operation that reads it."""


@dataclass(frozen=True)
class _Home:
    """The address at which one kind of record is read."""

    operation_id: str
    path: str
    parameter: str
    schema: str

    @property
    def key(self) -> str:
        """The field of the record that stands in its address."""
        return "id" if self.parameter.endswith("_id") else self.parameter


def link_operations(found: Json) -> None:
    """Give every answer that is one record its links."""
    homes = {home.schema: home for home in _homes(found)}
    readers = {home.operation_id: home for home in homes.values()}
    links: Json = {}
    for _, _, operation in operations(found):
        for code in ("200", "201"):
            answer = operation["responses"].get(code, {})
            home = homes.get(_record_in(answer) or "")
            if home is not None:
                made = {**_actions(found, home), **_neighbours(found, home, readers)}
                made.pop(operation["operationId"], None)
                named = {f"{home.schema}.{name}": link for name, link in made.items()}
                links.update(named)
                answer["links"] = {link["operationId"]: {"$ref": _LINKS + name} for name, link in named.items()}
    found["components"]["links"] = dict(sorted(links.items()))


def _homes(found: Json) -> list[_Home]:
    homes = []
    for path, method, operation in operations(found):
        schema = _record_in(operation["responses"].get("200", {}))
        if method == "get" and schema and path.endswith("}") and path.count("{") == 1:
            homes.append(_Home(operation["operationId"], path, path.rpartition("{")[2][:-1], schema))
    return [home for home in homes if home.key in found["components"]["schemas"][home.schema]["properties"]]


def _record_in(answer: Json) -> str | None:
    schema: Json = answer.get("content", {}).get("application/json", {}).get("schema", {})
    reference: str | None = schema.get("$ref")
    return reference.removeprefix(SCHEMAS) if reference else None


def _actions(found: Json, home: _Home) -> Json:
    """Everything that can be asked or done at the record's address and right below it."""
    made: Json = {}
    for path, method, operation in operations(found):
        if path != home.path and path.rpartition("/")[0] != home.path:
            continue
        values = {f"path.{home.parameter}": f"$response.body#/{home.key}"}
        if any(one["name"] == "If-Match" for one in parameters_of(found, path, method)):
            values["header.If-Match"] = "$response.header.ETag"
        made[operation["operationId"]] = _link(operation, values)
    return made


def _neighbours(found: Json, home: _Home, readers: dict[str, _Home]) -> Json:
    """The records that this one names, read by the key it gives."""
    properties = found["components"]["schemas"][home.schema]["properties"]
    made: Json = {}
    for field, reader in _NAMED_BY.items():
        if field in properties and reader in readers and resolved(found, properties[field]).get("type") != "object":
            target = readers[reader]
            operation = found["paths"][target.path]["get"]
            made[reader] = _link(operation, {f"path.{target.parameter}": f"$response.body#/{field}"})
    return made


def _link(operation: Json, parameters: Json) -> Json:
    return {
        "operationId": operation["operationId"],
        "description": f"{operation['summary']}.",
        "parameters": parameters,
    }
