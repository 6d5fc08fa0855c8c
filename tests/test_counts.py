"""Counts in words: the singular for one, the plural of every word for any other number."""

from __future__ import annotations

import pytest

from ladle.counts import counted, listed_text, of_number, rate_text, share_text

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


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0%"), (1, "100%"), (2 / 3, "66.7%"), (0.5, "50%"), (4 / 37, "10.8%"), (0.9999, "99.9%"), (1e-4, "<0.1%")],
)
def test_shares_are_rounded_but_never_to_all_or_none(share: float, words: str) -> None:
    assert share_text(share) == words


def test_rates_and_lists() -> None:
    rates = (5.5, 5.0, 0, 0.04, 12.4, 1234.5, float("nan"))
    assert [rate_text(each) for each in rates] == ["5.5", "5", "0", "<0.1", "12", "1,234", "-"]
    assert share_text(float("nan")) == "-"
    assert listed_text(range(10)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert listed_text(range(11)).endswith("9, ...")
