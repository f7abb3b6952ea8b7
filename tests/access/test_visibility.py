"""What is not public is nowhere: every address is read by everybody, and hidden texts are looked for in the answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from portfolio.access.service import create_key
from portfolio.core.answers import LIST_FORMS, REPORT_FORMS
from portfolio.core.db import Database
from portfolio.exchange.sheets import SHEETS
from tests.access.world import DAY, FOREIGN, OWN, World
from tests.conftest import SYSTEM, key_headers
from tests.workbooks import parts

Headers = dict[str, str]
MARK = "Zwiebelfisch"
"""In every text that is not public, with a number behind it."""
DRAFTED = ("555111.22", "666111.22")
"""The amounts of the draft."""
NAME = "Namenszwiebel"
"""Who writes."""

pytestmark = pytest.mark.postgresql_in_full


@dataclass
class Hidden:
    """A register with hidden texts in it, and who may see what."""

    world: World
    project: str
    draft: str
    application: str
    award: str
    milestone: str
    callers: dict[str, Headers]
    marks: set[str]
    head: int = 0

    @property
    def client(self) -> FlaskClient:
        return self.world.client

    def get(self, path: str, caller: str, **headers: str) -> str:
        answer = self.client.get(path, headers={**headers, **self.callers[caller]})
        is_packed = answer.mimetype.endswith("spreadsheetml.sheet")
        return f"{answer.status_code} {parts(answer.data) if is_packed else answer.get_data(as_text=True)}"


OUTSIDERS = ("public", "admin", "foreign editor", "foreign approver")
INSIDERS = ("own editor", "own approver", "coordinator", "auditor")


@pytest.fixture
def hidden(with_demo: Database) -> Hidden:
    world = World(with_demo)
    with with_demo.transaction(SYSTEM) as session:
        made_key = create_key(session, role="coordinator", name=NAME)
    world.coordinator = {"Authorization": f"Bearer {made_key.secret}"}
    numbers = iter(range(100))
    marks: set[str] = set()

    def mark() -> str:
        marks.add(found := f"{MARK}{next(numbers):02}")
        return found

    def reason() -> Headers:
        return {"Change-Reason": mark()}

    project = world.project()
    world.do("PATCH", project, {"internal_note": mark()}, **world.etag(project), **reason())
    world.do("POST", f"{project}/transitions", {"to": "suspended", "on": DAY, "reason": mark()})
    parts = {"requested_amount": "777123.45", "eligible_cost": "888123.45", "level": "federal"}
    secret = {"requested_amount": DRAFTED[0], "eligible_cost": DRAFTED[1], "purpose": mark(), "file_reference": mark()}
    made = world.do("POST", f"{project}/applications", {**parts, **secret})
    draft = f"/v1/applications/{made['id']}"
    made = world.do("POST", f"{project}/applications", {**parts, "file_reference": mark()}, **reason())
    application = f"/v1/applications/{made['id']}"
    for to, on in (("submitted", "2026-03-03"), ("under_review", "2026-03-04"), ("approved", "2026-03-20")):
        world.do("POST", f"{application}/transitions", {"to": to, "on": on, "reason": mark()})
    made = world.do("POST", f"{application}/awards", {"issued_on": "2026-04-01", "amount": "900.00"})
    award = f"/v1/awards/{made['id']}"
    world.do("POST", f"{award}/transitions", {"to": "final", "on": "2026-05-01", "reason": mark()})
    entry = {"type": "disbursement", "amount": "1.00", "booked_on": "2026-05-04", "document_reference": mark()}
    world.do("POST", f"{award}/ledger-entries", {**entry, "comment": mark()}, **reason())
    made = world.do("POST", f"{project}/milestones", {"title_de": "M", "kind": "result", "baseline_on": "2026-09-01"})
    milestone = f"/v1/milestones/{made['id']}"
    world.do(
        "POST", f"{milestone}/forecasts",
        {"reported_on": "2026-06-30", "forecast_on": "2026-11-15", "comment": mark()},
    )  # fmt: skip
    world.do("POST", f"{milestone}/transitions", {"to": "missed", "on": "2026-10-12", "reason": mark()})
    callers = {
        "public": {},
        "admin": key_headers(with_demo, "admin"),
        "foreign editor": key_headers(with_demo, "editor", FOREIGN),
        "foreign approver": key_headers(with_demo, "approver", FOREIGN),
        "own editor": key_headers(with_demo, "editor", OWN),
        "own approver": key_headers(with_demo, "approver", OWN),
        "coordinator": world.coordinator,
        "auditor": key_headers(with_demo, "auditor"),
    }
    found = Hidden(world, project, draft, application, award, milestone, callers, marks)
    found.head = int(world.client.get(project).headers["Register-Revision"])
    return found


def addresses(hidden: Hidden) -> Iterator[str]:
    """Everything there is to read about the records with hidden texts, in every form, now and then."""
    slug = hidden.project.rpartition("/")[2]
    lists = [
        f"/v1/projects?q={slug}", f"/v1/applications?project={slug}", f"/v1/awards?project={slug}",
        f"/v1/ledger-entries?project={slug}", f"/v1/milestones?project={slug}",
        f"/v1/funding-statements?project={slug}",
        f"{hidden.project}/applications", f"{hidden.project}/milestones", f"{hidden.application}/awards",
        f"{hidden.award}/ledger-entries", f"{hidden.milestone}/forecasts",
    ]  # fmt: skip
    records = [hidden.project, hidden.draft, hidden.application, hidden.award, hidden.milestone]
    yield from ("/", "/?lang=en", "/v1", "/v1/data-dictionary?record=Application")
    for path in lists:
        yield path
        joint = "&" if "?" in path else "?"
        if path.startswith("/v1/applications?"):
            # Also at the moments when the application that is now shown was a draft itself.
            yield from (f"{path}&known_at={number}" for number in range(2, hidden.head))
        if "forecasts" not in path and "/v1/funding-statements" not in path:
            yield from (f"{path}{joint}format={form}" for form in LIST_FORMS)
            yield f"{path}{joint}count=true"
    for path in records:
        yield from (path, f"{path}/history?limit=200", f"{path}/transitions", f"{path}?known_at={hidden.head - 3}")
    yield from (f"{hidden.project}/roles", f"{hidden.project}/assignments")
    yield from ("/v1/revisions?limit=200", "/v1/changes?since=1&limit=200", "/v1/diff?from=1&limit=200")
    yield from (f"/v1/revisions/{number}?limit=200" for number in range(2, hidden.head + 1))
    for form in REPORT_FORMS:
        yield f"/v1/reports/funding-summary?group_by=project,application_status&format={form}"
        yield f"/v1/reports/milestones?group_by=project&format={form}"
    yield f"/v1/workbook?project={slug}"
    yield from (f"/v1/workbook?project={slug}&format=csv&sheet={sheet.key}" for sheet in SHEETS)
    yield f"/v1/applications?q={MARK}"
    yield f"/v1/projects?q={MARK}&include_demo=true&count=true"


def test_hidden_texts_are_shown_to_nobody_outside(hidden: Hidden) -> None:
    assert hidden.get(hidden.project, "public").startswith("200 ")
    for path in addresses(hidden):
        for caller in OUTSIDERS:
            found = hidden.get(path, caller)
            if f"q={MARK}" not in path:  # an address that names it repeats it
                assert MARK not in found, (path, caller)
            for text in (NAME, *DRAFTED, hidden.draft[-36:]) if hidden.draft not in path else (NAME, *DRAFTED):
                assert text not in found, (path, caller, text)
            assert not re.search(r"\bact_[A-Za-z0-9_-]{22}", found), (path, caller)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_hidden_texts_are_shown_inside(hidden: Hidden) -> None:
    for caller in INSIDERS:
        found = "".join(hidden.get(path, caller) for path in addresses(hidden) if "q=" not in path)
        missing = hidden.marks - set(re.findall(rf"{MARK}\d\d", found))
        assert missing == set(), caller


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_nothing_can_be_asked_about_hidden_texts(hidden: Hidden) -> None:
    """A search, filter or order that answers from a hidden field tells what it holds."""
    for caller in OUTSIDERS:
        for path in ("/v1/projects", "/v1/applications", "/v1/awards", "/v1/milestones"):
            for mark in sorted(hidden.marks):
                answer = hidden.client.get(f"{path}?q={quote(mark)}&count=true", headers=hidden.callers[caller])
                assert answer.status_code == 422 or answer.json["count"] == 0, (path, mark, caller)
        for path, name in (
            ("/v1/projects", "internal_note"), ("/v1/applications", "file_reference"), ("/v1/applications", "reason"),
            ("/v1/ledger-entries", "document_reference"), ("/v1/ledger-entries", "comment"),
        ):  # fmt: skip
            for query in (f"{name}={MARK}00", f"sort={name}", f"sort=-{name}"):
                assert hidden.client.get(f"{path}?{query}", headers=hidden.callers[caller]).status_code == 422


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_every_form_shows_inside_what_it_hides_outside(hidden: Hidden) -> None:
    """The search above looks into every form: each of them would show a reference."""
    slug = hidden.project.rpartition("/")[2]
    for form in LIST_FORMS:
        path = f"/v1/applications?project={slug}&format={form}"
        assert [MARK in hidden.get(path, caller) for caller in ("public", "coordinator")] == [False, True], form


def test_counts_are_of_what_one_sees(hidden: Hidden) -> None:
    slug = hidden.project.rpartition("/")[2]
    for path, public, inside in (
        (f"/v1/applications?project={slug}&count=true", 1, 2),
        (f"{hidden.project}/applications?count=true", 1, 2),
        (f"/v1/applications?project={slug}&application_status=draft&count=true", 0, 1),
    ):
        for caller in (*OUTSIDERS, *INSIDERS):
            body = hidden.client.get(path, headers=hidden.callers[caller]).json
            assert body["count"] == len(body["items"]) == (public if caller in OUTSIDERS else inside), (path, caller)


def test_sums_are_of_what_everybody_sees(hidden: Hidden) -> None:
    """A draft counts in no total, so that every caller is shown the same ones."""
    path = "/v1/reports/funding-summary?group_by=project"
    found = {hidden.get(path, caller) for caller in (*OUTSIDERS, *INSIDERS)}
    assert len(found) == 1
    slug = hidden.project.rpartition("/")[2]
    (cell,) = [one for one in hidden.client.get(path).json["items"] if one["group"]["project"] == slug]
    assert (cell["applied"]["amount"], cell["applied"]["lines_count"]) == ("777123.45", 1)
    lines = hidden.client.get(cell["applied"]["lines"]).json["items"]
    assert [line["requested_amount"] for line in lines] == ["777123.45"]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_etags_tell_views_apart(hidden: Hidden) -> None:
    for path in (hidden.project, hidden.application, hidden.award):
        tags = {
            caller: hidden.client.get(path, headers=hidden.callers[caller]).headers["ETag"] for caller in hidden.callers
        }
        assert tags["public"] not in {tags[caller] for caller in INSIDERS}, path
        mixed = {**hidden.callers["coordinator"], "If-None-Match": tags["public"]}
        assert hidden.client.get(path, headers=mixed).status_code == 200


OF_ONE_REQUEST = ("Content-Length", "RateLimit-Remaining", "RateLimit-Reset", "X-Request-Id")
MISSING = "0192f1c4-7a6b-7cc3-98c5-0242ac120002"
ASKED: tuple[tuple[str, str, object, Headers], ...] = (
    ("GET", "", None, {}),
    ("GET", "?known_at=999999", None, {}),
    ("GET", "?x=1", None, {}),
    ("GET", "?known_at=3", None, {}),
    ("HEAD", "", None, {}),
    ("GET", "/transitions", None, {}),
    ("GET", "/history", None, {}),
    ("GET", "/awards?count=true", None, {}),
    ("GET", "/awards", None, {}),
    ("PATCH", "", {"purpose": "x"}, {"If-Match": '"1-a"'}),
    ("PATCH", "", {"purpose": "x"}, {"If-Match": '"99-a"'}),
    ("PATCH", "", {"purpose": "x"}, {"If-Match": "*"}),
    ("PATCH", "", {"purpose": 5}, {"If-Match": '"1-a"'}),
    ("PATCH", "", {"purpose": "x"}, {}),
    ("DELETE", "", None, {"If-Match": '"1-a"', "Change-Reason": "x"}),
    ("DELETE", "", None, {"If-Match": '"1-a"'}),
    ("POST", "/transitions", {"to": "submitted", "on": DAY}, {}),
    ("POST", "/transitions", {"to": "approved", "on": DAY}, {}),
    ("POST", "/transitions", {"to": "nonsense"}, {}),
    ("POST", "/awards", {"issued_on": DAY, "amount": "1.00"}, {}),
    ("POST", "/awards", {"issued_on": DAY, "amount": "1.00", "supersedes": MISSING}, {}),
)


@pytest.mark.parametrize("caller", OUTSIDERS)
def test_a_hidden_record_answers_as_a_missing_one(hidden: Hidden, caller: str) -> None:
    own = hidden.draft.rpartition("/")[2]
    for method, rest, body, headers in ASKED:
        answers = []
        for key in (own, MISSING):
            options = {} if body is None else {"json": body}
            sent = {**headers, **hidden.callers[caller]}
            answer = hidden.client.open(f"/v1/applications/{key}{rest}", method=method, headers=sent, **options)
            text = answer.get_data(as_text=True).replace(key, "KEY")
            text = re.sub(r'"request_id":"[^"]*"', "", text)
            named = {name: value for name, value in answer.headers.items() if name not in OF_ONE_REQUEST}
            answers.append((answer.status_code, text, named))
        assert answers[0] == answers[1], (method, rest)
        assert answers[0][0] >= 400


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_what_one_may_see_and_not_change_is_forbidden(hidden: Hidden) -> None:
    for path in (hidden.project, hidden.application, hidden.award, hidden.milestone):
        sent = {"If-Match": '"1-a"', **hidden.callers["foreign editor"]}
        answer = hidden.client.patch(path, json={}, headers=sent)
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/not-your-project")
        assert f"{OWN} leads this project" in answer.json["detail"]
