"""Text folded for finding and for sorting, so that both engines agree and umlauts are found either way."""

from __future__ import annotations

import re
import unicodedata

_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_WORD = re.compile(r"\S+")


def _stripped(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _lower(text: str) -> str:
    # casefold also writes ß as ss.
    return unicodedata.normalize("NFC", text).casefold()


def fold(text: str) -> str:
    """``Brachflächen`` as ``brachflaechen``: lower case, umlauts written out, other marks dropped."""
    return " ".join(_stripped(_lower(text).translate(_WRITTEN_OUT)).split())


def _plain(text: str) -> str:
    """``Brachflächen`` as ``brachflachen``: what people type who leave the dots out."""
    return " ".join(_stripped(_lower(text)).split())


def search_text(*texts: str) -> str:
    """What a search looks through: every text in both foldings."""
    folded = [form for text in texts if text for form in dict.fromkeys((fold(text), _plain(text)))]
    return " | ".join(folded)


def search_terms(question: str) -> list[str]:
    """The folded words of a question; all of them must be found."""
    return _WORD.findall(fold(question))


def like_pattern(term: str) -> str:
    r"""``%term%`` with the wildcards of LIKE escaped by ``\``."""
    escaped = term.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def sort_key(text: str) -> str:
    """Dictionary order of DIN 5007-1: ä beside a, ß as ss, capitals no matter; the text itself breaks ties."""
    return f"{_plain(text)}\x1f{text}"


def slug_of(name: str) -> str:
    """An address for a name without an abbreviation: ``Westfälische Hochschule`` → ``westfaelische-hochschule``."""
    return re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-")[:80]
