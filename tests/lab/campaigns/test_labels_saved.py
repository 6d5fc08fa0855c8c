"""Labels saved so far: right where the truth is known, and not told where it cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ladle
from ladle import lab
from ladle.errors import ArgumentError, NotFoundError
from ladle.lab.campaigns.labels_saved import LEAST_MEMBERS, _worth, saved_of
from ladle.labelling import MemoryStore
from tests.campaign.made import begun, margins

ROWS = 60


@dataclass(frozen=True)
class Fit:
    """Errs on an example where its second number is below the error."""

    error: float

    def probabilities(self, inputs: np.ndarray) -> np.ndarray:
        wrong = inputs[:, 1] < self.error
        return np.stack([~wrong, wrong], axis=1).astype(np.float32)

    def embeddings(self, inputs: np.ndarray) -> np.ndarray:
        return inputs


@dataclass(frozen=True)
class ByWorth:
    """A learner whose error falls with the square root of what its labels are worth: the first number of each."""

    name = "by worth"

    def fit(self, inputs: np.ndarray, labels: np.ndarray, *, classes: int, seed: int, warm: Any = None) -> Fit:
        return Fit(float(3 / np.sqrt(inputs[:, 0].sum())))


def labelled(chosen: int, worth: float, members: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels of a strategy, each worth so many uniform ones, and of a control."""
    random = np.random.default_rng(seed)
    worths = np.concatenate([np.full(chosen, worth), np.ones(members)])
    inputs = np.stack([worths, random.random(len(worths))], axis=1).astype(np.float32)
    return inputs, np.zeros(len(worths), np.int64), np.arange(chosen, chosen + members)


def test_the_least_number_is_true_and_of_use() -> None:
    told = []
    for seed in range(20):
        inputs, labels, members = labelled(400, 4, 800, seed)
        found = saved_of(inputs, labels, members, classes=2, learner=ByWorth(), seed=seed)
        if found.least is not None:
            assert 0 < found.least <= inputs[:, 0].sum() - len(inputs)
            told.append(found.least)
            assert found.labels == 1200
            assert "at least" in str(found)
    assert len(told) > 5


@pytest.mark.parametrize("worth", [1.0, 0.5])
def test_nothing_is_told_of_labels_that_are_worth_no_more(worth: float) -> None:
    for seed in range(20):
        inputs, labels, members = labelled(400, worth, 800, seed)
        found = saved_of(inputs, labels, members, classes=2, learner=ByWorth(), seed=seed)
        assert found.least is None, found
        assert str(found).startswith("cannot be told yet: ")


def test_the_curve_is_continued_as_a_power_law() -> None:
    sizes = np.array([100, 200, 400, 800.0])
    accuracy = 1 - 3 / np.sqrt(np.array([[*sizes, 3200.0], [*sizes, 400.0], [*sizes, 10.0**9]]))
    found = _worth(accuracy, sizes, 10**9)
    assert found == pytest.approx([3200, 400, 8 * 800], rel=1e-6)


def test_what_it_takes_to_tell_anything() -> None:
    few = saved_of(*labelled(100, 4, LEAST_MEMBERS - 1, 0), classes=2, learner=ByWorth(), seed=0)
    assert "200 are needed" in few.why
    sure = labelled(60_000, 4, 400, 0)
    assert "too few to compare" in saved_of(*sure, classes=2, learner=ByWorth(), seed=0).why
    larger = labelled(3000, 1, 400, 0)
    found = saved_of(*larger, classes=2, learner=ByWorth(), seed=0)
    assert "a larger share tells more" in found.why
    assert found.to_dict()["least"] is None
    assert [size for size, _ in found.curve] == [40, 80, 160, 320]


def test_a_campaign(tmp_path: Path) -> None:
    campaign = begun(MemoryStore(), tmp_path, ROWS, labels=["cat", "dog"], control=0.5)
    with pytest.raises(NotFoundError):
        lab.labels_saved(campaign)
    batch = campaign.ask(40, margins=margins(ROWS))
    campaign.tell(batch.ids, ["cat" if row % 2 else "dog" for row in batch.rows.tolist()])
    found = lab.labels_saved(campaign)
    assert (found.least, found.labels) == (None, 40)
    assert "20 labels, and 200 are needed" in found.why
    numbers = begun(MemoryStore(), tmp_path, ROWS, labels=ladle.campaign.Labels.value(), name="ages")
    with pytest.raises(ArgumentError, match="one class"):
        lab.labels_saved(numbers)


def test_a_campaign_that_has_saved(tmp_path: Path) -> None:
    """Vectors, labels and members meet in their rows: the curve is that of the same rows by hand."""
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 900)
    vectors = (random.normal(size=(900, 6)) + 0.5 * y[:, None]).astype(np.float32)
    given = {"pool": vectors, "strategy": "uniform", "labels": [0, 1], "control": 0.5, "files": str(tmp_path)}
    campaign = ladle.Campaign.create(MemoryStore(), name="made", **given)
    batch = campaign.ask(600)
    campaign.tell(batch.ids, y[batch.rows].tolist())
    found = lab.labels_saved(campaign)
    rows = np.sort(batch.rows)
    members = np.searchsorted(rows, campaign.control().sample["row"])
    by_hand = saved_of(vectors[rows], y[rows], members, classes=2, learner=lab_learner(), seed=0)
    assert np.array(found.curve) == pytest.approx(np.array(by_hand.curve))
    assert found.accuracy == by_hand.accuracy
    assert found.accuracy > 0.6


def lab_learner() -> Any:
    from ladle.lab.learners.logistic import Logistic

    return Logistic(strength=0.01, standardise=True)
