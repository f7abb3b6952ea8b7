"""Closed lists of codes with their labels in German and English: the only source of codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Language = Literal["de", "en"]


@dataclass(frozen=True)
class Label:
    """One text in both languages."""

    de: str
    en: str

    def text(self, language: Language) -> str:
        return self.de if language == "de" else self.en


_codelists: dict[str, Codelist] = {}


@dataclass(frozen=True)
class Codelist:
    """A named list of codes (Codeliste). Making one registers it, so that the vocabulary shows every list there is."""

    name: str
    title: Label
    labels: Mapping[str, Label] = field(hash=False)

    def __post_init__(self) -> None:
        if self.name in _codelists:
            raise ValueError(f"There are two codelists {self.name!r}.")
        _codelists[self.name] = self

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(self.labels)

    def label(self, code: str, language: Language) -> str:
        return self.labels[code].text(language)


def codelists() -> list[Codelist]:
    """All lists, by name."""
    return [_codelists[name] for name in sorted(_codelists)]
