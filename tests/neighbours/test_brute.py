from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladle.neighbours import BruteSearch, Candidates
from ladle.progress import SILENT


def linkages(means: np.ndarray, spreads: np.ndarray, queries: np.ndarray, members: np.ndarray) -> np.ndarray:
    squares = ((means[queries][:, None, :] - means[members][None]) ** 2).sum(axis=2)
    return squares + spreads[queries][:, None] + spreads[members][None]


def search(
    means: np.ndarray, spreads: np.ndarray, members: np.ndarray, queries: np.ndarray, k: int, precise: bool
) -> Candidates:
    return BruteSearch().nearest(
        means, spreads, members=members, queries=queries, k=k, precise=precise, progress=SILENT
    )


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(2, 90),
    dim=st.integers(1, 40),
    k=st.integers(1, 12),
    precise=st.booleans(),
    offset=st.sampled_from([0.0, 100.0]),
    heavy=st.booleans(),
)
@settings(max_examples=150)
def test_the_reach_is_a_proof(seed: int, n: int, dim: int, k: int, precise: bool, offset: float, heavy: bool) -> None:
    random = np.random.default_rng(seed)
    means = random.normal(size=(n, dim)) + offset
    if heavy:
        means *= np.exp(3 * random.normal(size=(n, 1)))
    spreads = random.exponential(size=n) * random.integers(0, 2, n)
    members = np.sort(random.choice(n, random.integers(2, n + 1), replace=False)).astype(np.int32)
    queries = members[random.random(len(members)) < 0.7]
    if len(queries) == 0:
        queries = members[:1]
    found = search(means, spreads, members, queries, k, precise)
    truth = linkages(means, spreads, queries, members)
    width = min(k, len(members) - 1)
    assert found.ids.shape == (len(queries), width)
    for x, query in enumerate(queries):
        listed = found.ids[x]
        assert query not in listed
        assert (listed >= 0).all()
        assert len(set(listed.tolist())) == width
        unlisted = ~np.isin(members, listed) & (members != query)
        slack = 1e-12 * np.abs(means).max() ** 2 if precise else 0.0
        assert np.all(truth[x][unlisted] >= found.reach[x] - slack)
        if width == len(members) - 1:
            assert found.reach[x] == np.inf


@pytest.mark.parametrize("precise", [False, True])
def test_nearest_first_and_right_across_blocks(precise: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.neighbours.brute.QUERY_BLOCK", 16)
    monkeypatch.setattr("ladle.neighbours.products.MEMBER_BLOCK", 33)
    monkeypatch.setattr("ladle.neighbours.brute.MEMBER_BLOCK", 33)
    random = np.random.default_rng(3)
    means = random.normal(size=(500, 9))
    spreads = random.random(500)
    members = np.arange(500, dtype=np.int32)
    truth = linkages(means, spreads, members, members)
    np.fill_diagonal(truth, np.inf)
    for queries in (members, members[3:]):  # every pair once, and each query on its own
        found = search(means, spreads, members, queries, 7, precise)
        assert np.array_equal(found.ids, np.argsort(truth, axis=1)[queries, :7])
        np.testing.assert_allclose(found.reach, np.sort(truth, axis=1)[queries, 6], rtol=1e-4)
        assert found.proven.all()


def test_the_reach_allows_for_the_rounding_of_products() -> None:
    """Two groups far apart, in each of which float32 products blur who is nearer."""
    random = np.random.default_rng(11)
    means = 0.01 * random.normal(size=(200, 8))
    means[:100] += 10.0
    means[100:] -= 10.0
    spreads, members = np.zeros(200), np.arange(200, dtype=np.int32)
    found = search(means, spreads, members, members, 10, precise=False)
    truth = linkages(means, spreads, members, members)
    unlisted = np.ones((200, 200), bool)
    np.fill_diagonal(unlisted, False)
    np.put_along_axis(unlisted, found.ids, False, axis=1)
    nearest_unlisted = np.where(unlisted, truth, np.inf).min(axis=1)
    tenth = np.sort(truth + np.diag(np.full(200, np.inf)), axis=1)[:, 9]
    assert (nearest_unlisted < tenth).any()  # products did hide some
    assert (found.reach <= nearest_unlisted).all()
