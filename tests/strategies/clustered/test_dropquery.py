"""DropQuery: who disagrees, and one of each neighbourhood."""

from __future__ import annotations

import numpy as np
import pytest

from ladle import strategies
from ladle.errors import ArgumentError, ShapeError


def pool(seed: int = 0) -> dict[str, np.ndarray]:
    """Ten far-off places of 30 rows; in each, rows 0-9 are disputed by 4 of 5 votes, 10-14 by 1."""
    random = np.random.default_rng(seed)
    place = np.repeat(np.arange(10), 30)
    number = np.tile(np.arange(30), 10)
    embeddings = 20 * np.eye(10)[place] + random.normal(size=(300, 10))
    probabilities = np.full((300, 3), 0.1)
    probabilities[:, 1] = 0.8
    votes = np.ones((300, 5), int)
    votes[number < 10, :4] = 2
    votes[(number >= 10) & (number < 15), 0] = 0
    return {"embeddings": embeddings, "probabilities": probabilities, "votes": votes, "place": place, "number": number}


def ask(size: int, given: dict[str, np.ndarray], **changes: object) -> np.ndarray:
    query = {name: given[name] for name in ("embeddings", "probabilities", "votes")} | changes
    return strategies.create("dropquery").query(size, **query)  # type: ignore[arg-type]


def test_disputed_rows_from_everywhere() -> None:
    given = pool()
    selection = ask(40, given)
    assert (given["number"][selection.rows] < 10).all()
    assert set(given["place"][selection.rows].tolist()) == set(range(10))
    assert (selection.scores == np.float32(0.8)).all()
    assert selection.story.candidate_rows == 100
    assert selection.story.facts["clusters_filled"] <= 40


def test_where_few_are_disputed_the_most_disputed_are_taken() -> None:
    given = pool()
    selection = ask(130, given, labelled=np.flatnonzero(given["number"] == 0))
    counts = np.bincount(np.digitize(given["number"][selection.rows], [10, 15]), minlength=3)
    assert counts.tolist() == [90, 40, 0]
    assert (np.diff(selection.scores) <= 0).all()


def test_the_pick_is_the_row_nearest_to_its_clusters_mean() -> None:
    given = pool()
    (row,) = ask(1, given).rows
    disputed = np.flatnonzero(given["number"] < 10)
    mean = given["embeddings"][disputed].mean(axis=0)
    assert row == disputed[np.argmin(((given["embeddings"][disputed] - mean) ** 2).sum(axis=1))]


def test_votes_are_checked() -> None:
    given = pool()
    with pytest.raises(ArgumentError, match="give `votes`"):
        ask(3, given, votes=None)
    with pytest.raises(ShapeError, match="passes"):
        ask(3, given, votes=given["votes"][:, 0])
    with pytest.raises(ArgumentError, match="numbers of classes"):
        ask(3, given, votes=given["votes"] / 2)
    with pytest.raises(ArgumentError, match="disagreement"):
        strategies.create("dropquery", disagreement=1)
