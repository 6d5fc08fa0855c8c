"""Counts in words for people: "1 example", "2,000 examples", "1 task waits"."""

from __future__ import annotations

import math
from collections.abc import Sequence

_PLURALS = {"batch": "batches", "class": "classes", "entry": "entries", "pass": "passes", "person": "people"}
_PLURALS |= {"equals": "equal", "has": "have", "is": "are", "stands": "stand", "waits": "wait", "was": "were"}


def counted(count: int, noun: str, verb: str = "") -> str:
    """A count with its noun and a verb, both given in the singular: the last word of each takes the plural."""
    words = [f"{count:,}", *(of_number(count, each) for each in (noun, verb) if each)]
    return " ".join(words)


def of_number(count: int, word: str) -> str:
    """A noun, or a verb such as "is", for so many: `word` in the singular."""
    if count == 1:
        return word
    *before, last = word.split(" ")
    return " ".join([*before, _PLURALS.get(last, f"{last}s")])


def share_text(share: float) -> str:
    """A share in percent, to a tenth: "66.7%", "50%". 100% is all of it, 0% none; "-" for one that is not known."""
    if math.isnan(share):
        return "-"
    if 0 < share < 0.001:
        return "<0.1%"
    rounded = min(round(share, 3), 0.999) if share < 1 else share
    return f"{rounded * 100:.1f}".removesuffix(".0") + "%"


def rate_text(rate: float) -> str:
    """A rate such as labels a day: to a tenth below 10, whole above; "-" for one that is not known."""
    if 0 < rate < 0.05:
        return "<0.1"
    return "-" if math.isnan(rate) else f"{rate:,.{0 if rate >= 10 else 1}f}".removesuffix(".0")


def listed_text(names: Sequence[object], most: int = 10) -> str:
    """The first names of a list, with "..." where there are more."""
    return ", ".join(map(str, names[:most])) + (", ..." if len(names) > most else "")
