"""Projects and milestones by the money of their projects."""

from __future__ import annotations

from flask.testing import FlaskClient

from tests.funding.test_rules import Money, money

__all__ = ["money"]


def _slugs(client: FlaskClient, address: str, key: str) -> set[str]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return {item[key] for item in answer.json["items"]}


def test_lists_take_level_and_programme(money: Money) -> None:
    client, eu = money.client, {"rita-teilzeitausbildung", "digitale-modelldestination"}
    assert _slugs(client, "/v1/projects?programme=efre-regio-nrw", "slug") == {"digitale-modelldestination"}
    for listed, key in (("projects", "slug"), ("milestones", "project")):
        found = _slugs(client, f"/v1/{listed}?level=eu&level=mixed&limit=200", key)
        assert eu <= found
        assert len(found) <= 3
        assert _slugs(client, f"/v1/{listed}?level=federal", key) == set()
        assert _slugs(client, f"/v1/{listed}?level=eu&programme=stiftung-mercator", key) == set()
        refused = client.get(f"/v1/{listed}?level=bund")
        assert refused.status_code == 422
        assert refused.json["errors"][0]["parameter"] == "level"
    draft = money.application()
    assert _slugs(client, "/v1/projects?level=federal", "slug") == set()
    money.post(f"/v1/applications/{draft}/transitions", {"to": "submitted", "on": "2025-01-10"}, 200)
    assert _slugs(client, "/v1/projects?level=federal", "slug") == {"ruhr-digital"}
    assert _slugs(client, "/v1/milestones?level=federal", "project") == {"ruhr-digital"}
    assert _slugs(client, "/v1/projects?level=federal&known_at=1", "slug") == set()
