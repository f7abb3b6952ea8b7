"""Who wrote and why is shown to those who see the internals of all that a revision touched, wherever it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask.testing import FlaskClient

from portfolio.core.db import Database
from portfolio.projects.service import find_project, update_project
from tests.conftest import SYSTEM

Headers = dict[str, str]
MINE = "oepnv-initiative"  # led by MUNV
OTHER = "ruhr-digital"


def _told(client: FlaskClient, headers: Headers, revision: int) -> list[Any]:
    """The revision as each address tells it."""
    asked = (f"/v1/projects/{MINE}/history", f"/v1/changes?since={revision - 1}", f"/v1/revisions/{revision}")
    answers: list[Any] = [client.get(path, headers=headers).json for path in asked]
    return [answer["items"][0] if path != asked[2] else answer for path, answer in zip(asked, answers, strict=True)]


def test_a_reason_for_several_organisations_is_told_to_none_of_them(
    client: FlaskClient, seeded: Database, coordinator: Headers, editor: Callable[[str], Headers]
) -> None:
    with seeded.transaction(replace(SYSTEM, reason="Umbau in zwei Häusern")) as session:
        for slug in (MINE, OTHER):
            update_project(session, find_project(session, slug), {"summary_en": "Changed."})
    for told in _told(client, editor("MUNV"), 2):
        assert (told["revision"], "reason" in told, "actor" in told) == (2, False, False)
    assert [told["reason"] for told in _told(client, coordinator, 2)] == ["Umbau in zwei Häusern"] * 3
    with seeded.transaction(replace(SYSTEM, reason="Nur hier")) as session:
        update_project(session, find_project(session, MINE), {"summary_en": "Again."})
    assert [told["reason"] for told in _told(client, editor("MUNV"), 3)] == ["Nur hier"] * 3
