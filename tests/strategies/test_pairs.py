"""Pairs of an example and a class, against sorting them all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladle import strategies
from ladle.errors import ArgumentError, MismatchError, ProbabilityError
from ladle.strategies import pairs


def multilabel(seed: int, n: int, classes: int, levels: int) -> np.ndarray:
    return (np.random.default_rng(seed).integers(0, levels, (n, classes)) / (levels - 1)).astype(np.float32)


@given(
    seed=st.integers(0, 1000),
    n=st.integers(1, 40),
    classes=st.integers(1, 9),
    levels=st.sampled_from([2, 4, 1000]),
    block=st.sampled_from([1, 100, 1 << 24]),
    data=st.data(),
)
@settings(max_examples=80)
def test_the_least_sure_pairs_come_first(
    seed: int, n: int, classes: int, levels: int, block: int, data: st.DataObject
) -> None:
    P = multilabel(seed, n, classes, levels)
    answered = np.random.default_rng(seed).random((n, classes)) < data.draw(st.sampled_from([0, 0.5]))
    answered.flat[-1] = False
    labelled = np.nonzero(answered)
    size = data.draw(st.integers(1, int((~answered).sum())))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "BLOCK_BYTES", block)
        found = strategies.least_sure_pairs(P, size, labelled=labelled, seed=seed)
    margins = np.abs(2 * P.astype(np.float64) - 1).astype(np.float32)
    np.testing.assert_array_equal(found.margins, np.sort(margins[~answered])[:size])
    np.testing.assert_array_equal(found.margins, margins[found.rows, found.classes])
    assert len(set(zip(found.rows.tolist(), found.classes.tolist(), strict=True))) == size
    assert not answered[found.rows, found.classes].any()
    whole = strategies.least_sure_pairs(P, size, labelled=labelled, seed=seed)
    np.testing.assert_array_equal(whole.rows, found.rows)
    np.testing.assert_array_equal(whole.classes, found.classes)


def test_ties_are_drawn_by_the_seed() -> None:
    P = np.full((50, 20), 0.5)
    batches = {tuple(strategies.least_sure_pairs(P, 5, seed=seed).rows.tolist()) for seed in range(20)}
    assert len(batches) > 15


def test_clusters_spread_the_pairs() -> None:
    P = multilabel(0, 300, 12, 1000)
    P[:30] = 0.5 + 1e-4 * P[:30]  # one cluster holds all that is least sure
    clusters = np.minimum(np.arange(300) // 30, 9)
    plain = strategies.least_sure_pairs(P, 40)
    spread = strategies.least_sure_pairs(P, 40, clusters=clusters, candidate_ratio=30)
    assert set(clusters[plain.rows]) == {0}
    assert len(set(clusters[spread.rows])) == 10
    candidates = strategies.least_sure_pairs(P, 1200)
    known = set(zip(candidates.rows.tolist(), candidates.classes.tolist(), strict=True))
    assert set(zip(spread.rows.tolist(), spread.classes.tolist(), strict=True)) <= known


def test_bad_input_is_refused() -> None:
    P = multilabel(0, 4, 3, 9)
    with pytest.raises(ProbabilityError, match="row 2"):
        strategies.least_sure_pairs(np.where(np.arange(4)[:, None] == 2, 1.5, P), 2)
    with pytest.raises(ArgumentError, match="12"):
        strategies.least_sure_pairs(P, 13)
    with pytest.raises(ArgumentError, match="once"):
        strategies.least_sure_pairs(P, 1, labelled=([1, 1], [2, 2]))
    with pytest.raises(ArgumentError, match="pair outside"):
        strategies.least_sure_pairs(P, 1, labelled=([4], [0]))
    with pytest.raises(ArgumentError, match="one length"):
        strategies.least_sure_pairs(P, 1, labelled=([1, 2], [0]))
    with pytest.raises(MismatchError):
        strategies.least_sure_pairs(P, 1, clusters=[0, 1])


@pytest.mark.parametrize("name", ["margin", "cluster-margin"])
def test_strategies_take_multilabel_margins(name: str) -> None:
    import ladle

    P = multilabel(1, 100, 5, 1000)
    for kind in ("min", "mean"):
        strategy = strategies.create(name, **({"tree": np.arange(100)} if name != "margin" else {}), multilabel=kind)
        wanted = strategies.create(name, **({"tree": np.arange(100)} if name != "margin" else {}))
        np.testing.assert_array_equal(
            strategy.query(10, probabilities=P).rows,
            wanted.query(10, margins=ladle.margin(P, multilabel=kind)).rows,
        )
