"""The first page: every figure is what its link gives."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from babel.dates import format_datetime
from babel.numbers import parse_decimal
from flask.testing import FlaskClient

from portfolio.core.dates import REGION


class Figures(HTMLParser):
    """The links of the page whose text is a figure."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self._open: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "a" and named.get("class") in ("figure", "sum", "official", "file"):
            self._open = (named["class"] or "", named["href"] or "")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.found.append((*self._open, data))
            self._open = None


def _figures(client: FlaskClient, language: str) -> list[tuple[str, str, str]]:
    parser = Figures()
    parser.feed(client.get(f"/?lang={language}").get_data(as_text=True))
    return parser.found


class TestFirstPage:
    @pytest.mark.parametrize("language", ["de", "en"])
    def test_every_count_is_what_its_link_gives(self, client: FlaskClient, language: str) -> None:
        counts = [(link, text) for kind, link, text in _figures(client, language) if kind == "figure"]
        assert len(counts) >= 4 + 7 * 7 + 6 + 5 + 5 + 5
        for link, text in counts:
            number = re.match(r"\d+", text)
            assert number, text
            assert client.get(f"{link}&count=true&limit=1").json["count"] == int(number.group()), link

    def test_every_sum_is_what_its_link_gives(self, client: FlaskClient) -> None:
        sums = [(link, text) for kind, link, text in _figures(client, "de") if kind == "sum"]
        assert [text[:11] for _, text in sums if text[0].isdigit()] == ["29.149.664,", "18.049.664,"]
        assert len(sums) == 5
        for link, text in sums:
            items = client.get(f"{link}&limit=200").json["items"]
            if not text[0].isdigit():
                assert all(item.get("requested_amount") is None for item in items), link
                continue
            amounts = [Decimal(item["amount"]) for item in items if item["amount"] is not None]
            assert sum(amounts) == parse_decimal(text.replace("€", "").strip("\xa0 "), locale="de"), link

    def test_the_fields_and_the_unassigned_add_up_to_all(self, client: FlaskClient) -> None:
        text = client.get("/?lang=de").get_data(as_text=True)
        table = text[text.index("<tbody>") : text.index("</tfoot>")]
        *rows, total = [[int(n) for n in re.findall(r">(\d+)</a>", row)] for row in table.split("<tr>")[1:]]
        assert [row[-1] for row in rows] == [6, 11, 23, 5, 10, 19]
        assert [sum(column) for column in zip(*rows, strict=True)] == total
        assert total[-1] == 74

    def test_official_counts_stand_with_their_days_beside_the_register(self, client: FlaskClient) -> None:
        official = [(link, text) for kind, link, text in _figures(client, "de") if kind == "official"]
        recorded = client.get(official[0][0]).json["official_counts"]
        names = ("projects_total", "under_way", "completed", "under_review", "not_pursued")
        assert [int(text) for _, text in official] == [c[n] for c in recorded for n in names if c[n] is not None]
        text = client.get("/?lang=de").get_data(as_text=True)
        for day in ("9. September 2019", "August 2020", "Dezember 2024"):
            assert f">{day}</a>" in text
        assert "9 September 2019" in client.get("/?lang=en").get_data(as_text=True)

    @pytest.mark.parametrize(("language", "delimiter"), [("de", ";"), ("en", ",")])
    def test_every_download_is_a_file(self, client: FlaskClient, language: str, delimiter: str) -> None:
        files = [link for kind, link, _ in _figures(client, language) if kind == "file"]
        assert len(files) == 9
        for link in files:
            answer = client.get(link)
            assert answer.status_code == 200, link
            assert answer.headers["Content-Disposition"].startswith("attachment"), link
            assert delimiter in answer.get_data(as_text=True).splitlines()[0], link

    def test_says_since_when_it_knows(self, client: FlaskClient) -> None:
        at = client.get("/v1/reports/portfolio").json["known_at"]
        shown = format_datetime(datetime.fromisoformat(at).astimezone(REGION), format="long", locale="de_DE")
        assert f"<td>{shown}</td>" in client.get("/?lang=de").get_data(as_text=True)

    def test_says_what_is_unknown_in_words(self, client: FlaskClient) -> None:
        page = client.get("/").get_data(as_text=True)
        assert "19 von 74 noch keinem Handlungsfeld zugeordnet" in page
        assert "Auszahlungen nicht gemeldet" in page
        assert "29.149.664,22" in page

    def test_has_a_strict_policy_and_nothing_from_elsewhere(self, client: FlaskClient) -> None:
        answer = client.get("/", headers={"Accept-Language": "en"})
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Content-Language"] == "en"
        text = answer.get_data(as_text=True)
        assert re.findall(r'<(?:link|script|img)[^>]+(?:href|src)="(?!/|data:,)', text) == []
        assert " style=" not in text
        with client.get("/docs/page.css") as styles:
            assert styles.status_code == 200

    def test_stands_also_over_an_empty_register(self, plain_client: FlaskClient) -> None:
        assert plain_client.get("/").status_code == 200
