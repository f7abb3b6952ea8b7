"""Codelists: each name once, labels in both languages."""

from __future__ import annotations

import pytest

from portfolio.core.vocabulary import Codelist, Label, codelists


class TestCodelist:
    def test_keeps_the_order_of_its_codes(self, colours: Codelist) -> None:
        assert colours.codes == ("red", "blue")

    def test_labels_in_both_languages(self, colours: Codelist) -> None:
        assert (colours.label("red", "de"), colours.label("red", "en")) == ("rot", "red")

    def test_knows_no_other_code(self, colours: Codelist) -> None:
        with pytest.raises(KeyError):
            colours.label("green", "de")

    def test_registers_itself(self, colours: Codelist) -> None:
        other = Codelist("a_first", Label("Erste", "First"), {})
        assert codelists() == [other, colours]

    def test_refuses_a_second_list_of_the_same_name(self, colours: Codelist) -> None:
        with pytest.raises(ValueError, match="colour"):
            Codelist("colour", Label("Farbe", "Colour"), {})
        assert codelists() == [colours]
