"""The first page: every figure is what its link gives."""

from __future__ import annotations

import re
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from babel.numbers import parse_decimal
from flask.testing import FlaskClient


class Figures(HTMLParser):
    """The links of the page whose text is a figure."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self._open: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "a" and named.get("class") in ("figure", "sum"):
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
        assert len(counts) >= 4 + 5 * 7 + 6 + 5
        for link, text in counts:
            number = re.match(r"\d+", text)
            assert number, text
            assert client.get(f"{link}&count=true&limit=1").json["count"] == int(number.group()), link

    def test_every_sum_is_what_its_link_gives(self, client: FlaskClient) -> None:
        sums = [(link, text) for kind, link, text in _figures(client, "de") if kind == "sum"]
        assert len(sums) == 4
        for link, text in sums:
            items = client.get(f"{link}&limit=200").json["items"]
            if not text[0].isdigit():
                assert all(item.get("requested_amount") is None for item in items), link
                continue
            amounts = [Decimal(item["amount"]) for item in items if item["amount"] is not None]
            assert sum(amounts) == parse_decimal(text.replace("€", "").strip("\xa0 "), locale="de"), link

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
        assert re.findall(r'<(?:link|script|img)[^>]+(?:href|src)="(?!/)', text) == []
        assert " style=" not in text
        with client.get("/docs/page.css") as styles:
            assert styles.status_code == 200

    def test_stands_also_over_an_empty_register(self, plain_client: FlaskClient) -> None:
        assert plain_client.get("/").status_code == 200
