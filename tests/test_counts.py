"""Counts in words: the singular for one, the plural of every word for any other number."""

from __future__ import annotations

import pytest

from ladle.counts import counted, of_number

WORDS = [
    (1, "example", "", "1 example"),
    (0, "example", "", "0 examples"),
    (2_000, "labelled example", "", "2,000 labelled examples"),
    (1, "class", "", "1 class"),
    (3, "class", "", "3 classes"),
    (2, "open entry", "is", "2 open entries are"),
    (1, "task", "waits", "1 task waits"),
    (2, "task", "waits", "2 tasks wait"),
    (5, "person", "has", "5 people have"),
    (2, "batch", "was", "2 batches were"),
]


@pytest.mark.parametrize(("count", "noun", "verb", "words"), WORDS)
def test_counts_have_the_number_of_their_words(count: int, noun: str, verb: str, words: str) -> None:
    assert counted(count, noun, verb) == words


def test_words_alone() -> None:
    assert (of_number(1, "was"), of_number(2, "was")) == ("was", "were")
