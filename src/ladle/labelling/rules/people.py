"""People: who is new, and whose names are nearly the same."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ladle.labelling.columns import repeated, texts
from ladle.labelling.people import People, looks_of
from ladle.labelling.tables import PersonTable


def founded(people: PersonTable, names: Iterable[str], *, event: int) -> PersonTable:
    """A row for each of these names that nobody has yet, in their order. "" is the name of nobody."""
    known = set(people.name.tolist())
    new = [name for name in dict.fromkeys(names) if name and name not in known]
    first = int(people.number.max(initial=0)) + 1
    number, zeros = np.arange(first, first + len(new), dtype=np.int64), repeated(0, len(new))
    return PersonTable(number, texts(new), repeated("", len(new)), zeros, repeated(event, len(new)))


def near_names(people: PersonTable, names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of a name of `names` and the name of another person that differs in looks alone, each pair once.

    Names differ in looks alone when letters and digits are the same but for capitals, widths and spaces.
    """
    crew = People(people)
    persons = dict.fromkeys([*(crew.name_of(name) for name in people.name.tolist()), *names])
    by_looks: dict[str, list[str]] = {}
    for name in persons:
        if name:
            by_looks.setdefault(looks_of(name), []).append(name)
    found: dict[frozenset[str], tuple[str, str]] = {}
    for name in dict.fromkeys(names):
        for other in by_looks.get(looks_of(name), []) if name else []:
            if other != name:
                found.setdefault(frozenset((name, other)), (name, other))
    return list(found.values())


def near_notice(name: str, other: str) -> str:
    """What users should know of two names that are nearly the same."""
    return (
        f"the annotators {name!r} and {other!r} differ in capitals, spaces or punctuation alone; they count as two "
        "people until they are merged (ladle campaign person merge)"
    )
