"""The same picks as scikit-activeml, where both follow one formula and nothing is left to chance."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from ladle import strategies

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its imports' own
    pool = pytest.importorskip("skactiveml.pool", reason="needs the package scikit-activeml, in the extra `test`")

N, SIZE = 300, 60


@pytest.fixture(params=[0, 1, 2])
def given(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Embeddings, their labels (NaN: none), labelled rows."""
    random = np.random.default_rng(request.param)
    points = random.normal(size=(N, 6))
    labelled = np.sort(random.choice(N, 15, replace=False))
    labels = np.full(N, np.nan)
    labels[labelled] = np.arange(15) % 3
    return points, labels, labelled


def test_coreset(given: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    points, labels, labelled = given
    theirs = pool.CoreSet(random_state=0).query(points, labels, batch_size=SIZE)
    ours = strategies.create("coreset").query(SIZE, embeddings=points, labelled=labelled).rows
    assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize("name", ["herding", "probcover"])
@pytest.mark.filterwarnings("ignore:The maximum purity")
def test_coverage(name: str, given: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Gains tie (two rows that stand for each other alone), so each pick is to gain what the best of theirs would."""
    points, labels, labelled = given
    if name == "herding":
        ours = strategies.create("herding", bandwidth=0.7)
        theirs = pool.MaxHerding(random_state=0, metric_dict={"gamma": 1 / 0.7**2})
    else:
        ours = strategies.create("probcover", radius=1.5, metric="sqeuclidean")
        theirs = pool.ProbCover(random_state=0, deltas=[1.5], n_classes=3)
    rows = ours.query(SIZE, embeddings=points, labelled=labelled).rows
    for place in range(0, SIZE, 7):
        known = labels.copy()
        known[rows[:place]] = 0
        _, gains = theirs.query(points, known, batch_size=1, return_utilities=True)
        assert gains[0][rows[place]] == pytest.approx(np.nanmax(gains[0]), rel=1e-6)
