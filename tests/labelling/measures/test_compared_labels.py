"""Which labels measure people, against a walk through the answers in the order of arrival."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladle.labelling.agreement import RULES
from ladle.labelling.contract.tables import CURRENT, DELETED, SUPERSEDED, ExclusionTable, LabelTable
from ladle.labelling.contract.tallies import counted_labels
from ladle.labelling.labels import Labels
from ladle.labelling.measures.compared_labels import compared_labels
from ladle.labelling.settings import Settings
from tests.labelling.told import table_of

SETTINGS = Settings(name="birds", strategy="margin", labels=Labels.single(["a", "b"]), annotators_per_task=2)

# What is said of three examples: by whom ("" is nobody), which label (None is a skip), and whether it is deleted later.
histories = st.lists(
    st.tuples(st.integers(-1, 1), st.sampled_from(["", *"vwxyz"]), st.sampled_from(["a", "b", None]), st.booleans()),
    max_size=30,
)


def told(history: list[tuple[int, str, Any, bool]]) -> LabelTable:
    """The table of the answers, as a campaign keeps them."""
    last = {(row, who): place for place, (row, who, _, _) in enumerate(history)}
    status = [
        SUPERSEDED if last[row, who] != place else DELETED if is_deleted else CURRENT
        for place, (row, who, _, is_deleted) in enumerate(history)
    ]
    label = table_of([(row, who, said) for row, who, said, _ in history], status=np.array(status, np.int64))
    label.label[label.label == "null"] = ""
    return label


def walk(label: LabelTable, settings: Settings) -> dict[tuple[int, str], bool]:
    """The row and the author of each label that measures its author, and whether it measures the others too."""
    found: dict[tuple[int, str], bool] = {}
    for row in sorted(set(label.row.tolist())):
        versions = [each for each in label.tuples() if each[1] == row]
        first: list[tuple[int, str, str]] = []  # number, annotator and label of the answer that counts for the order
        for who in {each[2] for each in versions}:
            mine = [each for each in versions if each[2] == who and each[8] != DELETED]
            current = [each for each in mine if each[8] == CURRENT]
            if current and current[0][4]:
                number, said = next((each[0], each[4]) for each in mine if each[4])
                first.append((number, who, said))
            elif current:
                first.append((current[0][0], who, ""))
        kept = []
        for place, (_, who, said) in enumerate(sorted(first)):
            before = [text for _, _, text in sorted(first)[:place]]
            votes = [text for text in before if text]
            enough = len(before) >= settings.annotators_per_task
            few = len(votes) < settings.annotators_per_task
            in_dispute = enough and (few or not RULES[settings.agreement](votes, settings.labels)[0])
            if who and said and not in_dispute:
                kept.append(who)
        if len(kept) > 1:
            found |= {(row, who): place < max(2, settings.annotators_per_task) for place, who in enumerate(kept)}
    return found


@pytest.mark.parametrize("rule", ["majority", "unanimous", "latest"])
@pytest.mark.parametrize("people", [1, 2, 3])
def test_it_is_a_walk_through_the_answers(people: int, rule: str) -> None:
    settings = replace(SETTINGS, annotators_per_task=people, agreement=rule)

    @given(histories)
    def check(history: list[tuple[int, str, Any, bool]]) -> None:
        label = told(history)
        current = label.take((label.status == CURRENT) & (label.label != "") & (label.annotator != ""))
        found = compared_labels(current, label, settings)
        pairs = zip(found.label.row.tolist(), found.label.annotator.tolist(), strict=True)
        assert dict(zip(pairs, found.is_first.tolist(), strict=True)) == walk(label, settings)
        assert (np.diff(found.label.row) >= 0).all()

    check()


def kept(history: list[tuple[int, str, Any]], **settings: Any) -> dict[str, bool]:
    label = told([(*each, False) for each in history])
    found = compared_labels(counted_labels(label, ExclusionTable.empty()), label, replace(SETTINGS, **settings))
    return dict(zip(found.label.annotator.tolist(), found.is_first.tolist(), strict=True))


def test_a_label_told_in_dispute_measures_nobody() -> None:
    assert kept([(1, "v", "a"), (1, "w", "b"), (1, "x", "b")]) == {"v": True, "w": True}


def test_a_label_told_on_an_agreed_example_measures_its_author_alone() -> None:
    assert kept([(1, "v", "a"), (1, "w", "a"), (1, "x", "b")]) == {"v": True, "w": True, "x": False}


def test_the_third_of_three_settles_nothing() -> None:
    assert kept([(1, "v", "a"), (1, "w", "b"), (1, "x", "a"), (1, "y", "b")], annotators_per_task=3) == {
        "v": True,
        "w": True,
        "x": True,
        "y": False,
    }


def test_a_skip_makes_a_dispute() -> None:
    assert kept([(1, "v", "a"), (1, "w", None), (1, "x", "a"), (1, "y", "a")]) == {"v": True, "y": True}


def test_a_label_of_nobody_makes_a_dispute() -> None:
    assert kept([(1, "", "a"), (1, "v", "b"), (1, "w", "b"), (1, "x", "b")], annotators_per_task=1) == {
        "v": True,
        "x": True,
    }


def test_a_correction_that_ends_a_dispute_leaves_it_one_for_who_had_settled_it() -> None:
    disputed = [(1, "v", "a"), (1, "w", "b"), (1, "x", "b")]
    assert kept([*disputed, (1, "v", "b")]) == {"v": True, "w": True}
    agreed = [(1, "v", "a"), (1, "w", "a"), (1, "x", "b")]
    assert kept([*agreed, (1, "v", "b")]) == {"v": True, "w": True, "x": False}
