"""Umlauts and ß are found however they are typed, and lists sort as a dictionary does."""

from __future__ import annotations

import sqlite3

import pytest

from portfolio.core.search import fold, like_pattern, search_terms, search_text, slug_of, sort_key


def found(question: str, *texts: str) -> bool:
    """Whether SQLite's own LIKE finds every term, escaped as we escape it."""
    connection = sqlite3.connect(":memory:")
    try:
        return all(
            connection.execute("SELECT ? LIKE ? ESCAPE '\\'", (search_text(*texts), like_pattern(term))).fetchone()[0]
            for term in search_terms(question)
        )
    finally:
        connection.close()


class TestFold:
    @pytest.mark.parametrize(
        ("text", "folded"),
        [
            ("Brachflächen", "brachflaechen"),
            ("ÖPNV", "oepnv"),
            ("O\u0308PNV", "oepnv"),
            ("Fußball", "fussball"),
            ("STRAẞE", "strasse"),
            ("Café Århus", "cafe arhus"),
            ("  a\t b\n", "a b"),
            ("", ""),
        ],
    )
    def test_writes_out(self, text: str, folded: str) -> None:
        assert fold(text) == folded


class TestFinding:
    @pytest.mark.parametrize(
        ("question", "text"),
        [
            ("brachflaechen", "Neue Brachflächen"),
            ("brachflachen", "Neue Brachflächen"),
            ("Brachflächen", "Neue Brachflächen"),
            ("BRACHFLÄCHEN", "neue brachflächen"),
            ("oepnv", "ÖPNV-Initiative"),
            ("opnv", "ÖPNV-Initiative"),
            ("ÖPNV", "ÖPNV-Initiative"),
            ("fussball", "Fußball-EM"),
            ("Fußball", "Fussball-EM"),
            ("flächen neue", "Neue Brachflächen"),
            ("100%", "100% Ökostrom"),
            ("a_b", "a_b"),
            ("a\\b", "a\\b"),
        ],
    )
    def test_finds(self, question: str, text: str) -> None:
        assert found(question, text)

    @pytest.mark.parametrize(
        ("question", "text"),
        [
            ("brachwiesen", "Brachflächen"),
            ("brach wiesen", "Brachflächen"),
            ("100%x", "100 Prozent und x"),
            ("a_b", "axb"),
            ("%", "nothing of it"),
        ],
    )
    def test_does_not_find(self, question: str, text: str) -> None:
        assert not found(question, text)

    def test_looks_through_every_text(self) -> None:
        assert found("zwei", "Eins", "Zwei")
        assert not found("einszwei", "Eins", "Zwei")

    def test_keeps_a_text_without_marks_once(self) -> None:
        assert search_text("Ruhr", "") == "ruhr"
        assert search_text("Öl") == "oel | ol"


class TestSortKey:
    def test_sorts_like_a_dictionary(self) -> None:
        words = ["Zug", "Äpfel", "apfel", "Apfel", "Straße", "Strasse", "Strassen", "Ähre", "Ahre", "ab c", "ab"]
        assert sorted(words, key=sort_key) == [
            "ab", "ab c", "Ahre", "Ähre", "Apfel", "apfel", "Äpfel", "Strasse", "Straße", "Strassen", "Zug",
        ]  # fmt: skip


def test_slug_of_a_name() -> None:
    assert slug_of("Westfälische Hochschule (Gelsenkirchen)") == "westfaelische-hochschule-gelsenkirchen"
