"""Counts in words for people: "1 example", "2,000 examples", "1 task waits"."""

from __future__ import annotations

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
