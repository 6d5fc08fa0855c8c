"""Counts in words for people: "1 example", "2,000 examples"."""

from __future__ import annotations

_PLURALS = {"class": "classes", "entry": "entries", "person": "people", "is": "are", "has": "have", "waits": "wait"}


def counted(count: int, noun: str) -> str:
    """A count with its noun, singular or plural: `noun` in the singular, where its last word takes the plural."""
    return f"{count:,} {of_number(count, noun)}"


def of_number(count: int, word: str) -> str:
    """A noun, or a verb such as "is", for so many: `word` in the singular."""
    if count == 1:
        return word
    *before, last = word.split(" ")
    return " ".join([*before, _PLURALS.get(last, f"{last}s")])
