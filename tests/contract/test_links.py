"""The links of the document lead somewhere, and the orders that it names are orders of the lists."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from portfolio.core import spec
from portfolio.core.spec_reading import operations, parameters_of, resolved

Json = dict[str, Any]


@pytest.fixture
def document(client: FlaskClient) -> Json:
    return spec.document(client.application.extensions["portfolio_api"])


def linked(document: Json) -> list[tuple[str, Json, Json]]:
    """Every link with the operation it stands under and that operation's example."""
    found = []
    for _, _, operation in operations(document):
        for answer in operation["responses"].values():
            for link in answer.get("links", {}).values():
                example = answer["content"]["application/json"]["example"]
                found.append((operation["operationId"], resolved(document, link), example))
    return found


@pytest.mark.parametrize("engine_name", ["sqlite"])
class TestLinks:
    def test_name_operations_and_parameters_that_there_are(self, document: Json) -> None:
        takes = {
            operation["operationId"]: {f"{one['in']}.{one['name']}" for one in parameters_of(document, path, method)}
            for path, method, operation in operations(document)
        }
        links = linked(document)
        assert len(links) > 80
        for name, link, _ in links:
            assert set(link["parameters"]) <= takes[link["operationId"]], (name, link)

    def test_take_their_values_from_what_is_answered(self, document: Json) -> None:
        for name, link, example in linked(document):
            for expression in link["parameters"].values():
                source, _, field = expression.partition("#/")
                assert expression == "$response.header.ETag" or source == "$response.body", (name, link)
                assert not field or field in example, (name, link)

    def test_lead_to_what_they_say(self, client: FlaskClient, document: Json) -> None:
        paths = {operation["operationId"]: (path, method) for path, method, operation in operations(document)}
        for name in ("getProject", "getApplication", "getAward", "getMilestone", "getFundingProgramme"):
            path, _ = paths[name]
            several = client.get(f"{path.rpartition('/')[0]}?limit=1").json["items"][0]
            key = several.get("slug") or several.get("code") if "{slug}" in path or "{code}" in path else several["id"]
            record = client.get(path.replace(path[path.index("{") :], key)).json
            for _, link, _ in [one for one in linked(document) if one[0] == name]:
                address, method = paths[link["operationId"]]
                for parameter, expression in link["parameters"].items():
                    value = record.get(expression.partition("#/")[2])
                    address = address.replace(f"{{{parameter.partition('.')[2]}}}", str(value))
                if method == "get" and "None" not in address:
                    assert client.get(address).status_code == 200, (name, address)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_every_order_that_is_named_is_one_of_the_list(client: FlaskClient, document: Json) -> None:
    tried = 0
    for path, method, _ in operations(document):
        sort = next((one for one in parameters_of(document, path, method) if one["name"] == "sort"), None)
        if sort is None or "{" in path:
            continue
        words = resolved(document, sort["schema"])["enum"]
        first = client.get(f"{path}?limit=3").json["items"]
        for word in words:
            answer = client.get(f"{path}?limit=3&sort={word}")
            assert answer.status_code == 200, (path, word, answer.json)
            tried += 1
        assert client.get(f"{path}?limit=3&sort={words[0]}").json["items"] == first, path
    assert tried > 50
