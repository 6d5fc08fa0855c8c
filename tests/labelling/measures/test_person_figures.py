"""The figures of each person, against plain loops."""

from __future__ import annotations

import math
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladle.labelling.contract.tables import ExclusionTable, GoldTable
from ladle.labelling.contract.tallies import counted_labels
from ladle.labelling.labels import Labels
from ladle.labelling.measures.person_figures import figures_of
from ladle.labelling.settings import Settings
from tests.labelling.told import table_of

SETTINGS = Settings(name="birds", strategy="margin", labels=Labels.single(), annotators_per_task=2)
NONE = (GoldTable.empty(), ExclusionTable.empty())


@given(st.lists(st.tuples(st.sampled_from("wxyz"), st.integers(0, 9)), max_size=40))
def test_speed_is_the_median_of_what_is_known(timed: list[tuple[str, int]]) -> None:
    spent_ms = np.array([1000 * seconds for _, seconds in timed], np.int64)
    label = table_of([(row, who, "a") for row, (who, _) in enumerate(timed)], spent_ms=spent_ms)
    by_person = {who: [each for name, each in timed if name == who and each] for who, _ in timed}
    for person in figures_of(label, *NONE, SETTINGS):
        mine = by_person[person.name]
        others = [median(each) for name, each in by_person.items() if name != person.name and each]
        assert person.timed == len(mine)
        assert person.median_seconds == pytest.approx(median(mine) if mine else math.nan, nan_ok=True)
        assert person.others_timed == sum(len(each) for name, each in by_person.items() if name != person.name)
        assert person.others_median_seconds == pytest.approx(median(others) if others else math.nan, nan_ok=True)


def test_what_measures_nobody() -> None:
    said = [(1, "w", "a"), (2, "", "a"), (3, "w", "a"), (-1, "w", "a"), (4, "w", "a")]
    label = table_of(said)
    label.label[4] = ""  # a skip
    exclusions = ExclusionTable.of([(3, "im3", "a smudge", 1, 1, 1), (1, "im1", "a smudge", 1, 0, 1)])
    assert counted_labels(label, exclusions).row.tolist() == [1]
    found = figures_of(label, GoldTable.empty(), exclusions, SETTINGS)
    assert [(each.name, each.labels) for each in found] == [("w", 1)]


def test_gold_of_each_person() -> None:
    label = table_of([(1, "w", "a"), (2, "w", "b"), (1, "x", "b"), (3, "x", "a")])
    gold = GoldTable.of([(1, "im1", '"a"', 1, '"a"'), (2, "im2", '"a"', 1, '"a"')])
    people = figures_of(label, gold, ExclusionTable.empty(), SETTINGS)
    assert {each.name: (each.gold_right, each.gold_seen) for each in people} == {"w": (1, 2), "x": (0, 1)}


def test_nobody() -> None:
    assert figures_of(table_of([]), *NONE, SETTINGS) == []
