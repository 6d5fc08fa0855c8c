"""How names are written and compared: of people, teams and classes."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_NOT_OF_A_NAME = frozenset("PZCS")  # Unicode's punctuation, spaces, signs that are not seen, symbols


def one_spelling(text: str) -> str:
    """A name in Unicode's form NFC, without spaces at its ends, each inner gap one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


@lru_cache(maxsize=10_000)
def looks_of(name: str) -> str:
    """What two names that differ in capitals, widths, spaces and punctuation alone have in common."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    kept = "".join(sign for sign in folded if unicodedata.category(sign)[0] not in _NOT_OF_A_NAME)
    return kept or folded


def has_sign(name: str) -> bool:
    """Whether a name has a letter or a digit of any script."""
    return any(unicodedata.category(sign)[0] in "LN" for sign in name)
