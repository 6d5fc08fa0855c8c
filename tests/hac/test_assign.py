"""Newcomers in the clusters of a cut, against the mean over all pairs of newcomer and member in float64."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

import ladle
from ladle.errors import (
    ArgumentError,
    DataError,
    MemoryPlanError,
    MismatchError,
    NonFiniteError,
    ShapeError,
    ZeroVectorError,
)
from ladle.hac import newcomers, plan
from ladle.hac.clustering import carry_prototypes
from ladle.progress import SILENT
from tests.hac.pools import Case, blobs, cases
from tests.hac.truth import same_clusters

KNOWN, DIM = 1500, 12
POOL = blobs(70, KNOWN + 600, DIM)
NEW = POOL[KNOWN:]
POOL = POOL[:KNOWN]


@functools.cache
def tree_of(metric: str = "sqeuclidean") -> ladle.Dendrogram:
    return ladle.cluster(POOL, metric=metric, mean_size=5).with_prototypes(POOL)  # type: ignore[arg-type]


def linkages_of(pool: np.ndarray, labels: np.ndarray, new: np.ndarray, metric: str) -> np.ndarray:
    """(q, m) average linkage by its definition."""
    distances = cdist(new.astype(np.float64), pool.astype(np.float64), metric)
    return np.stack([distances[:, labels == label].mean(axis=1) for label in range(labels.max() + 1)], axis=1)


@pytest.mark.parametrize("case", [case for case in cases() if not case.ties], ids=lambda case: case.name)
def test_each_joins_the_cluster_of_least_average_linkage(case: Case) -> None:
    random = np.random.default_rng(0)
    held = random.random(len(case.embeddings)) < 0.2
    pool, new = case.embeddings[~held], case.embeddings[held]
    tree = ladle.cluster(pool, metric=case.metric)  # type: ignore[arg-type]
    labels = tree.cut(n_clusters=len(pool) // 8)
    found = tree.assign(new, n_clusters=len(pool) // 8, pool=pool, new="mark")
    expected = linkages_of(pool, labels, new, case.metric)
    twins = [np.flatnonzero((pool == row).all(axis=1)) for row in new]
    assert found.twins == sum(len(rows) > 0 for rows in twins)
    assert found.limit == tree.heights[len(pool) - len(pool) // 8]
    rounding = 1e-5 * found.limit + 1e-9 * expected.max()
    for label, linkage, least, rows in zip(found.labels, found.linkages, expected, twins, strict=True):
        if len(rows):
            assert label == labels[rows[0]]
        elif label < 0:
            assert least.min() >= found.limit - rounding
        else:
            assert least[label] <= min(least.min(), found.limit) + rounding
        assert linkage == pytest.approx(least[label] if label >= 0 else least.min(), rel=1e-4, abs=rounding)


@pytest.mark.parametrize("metric", ["cosine", "sqeuclidean"])
def test_far_newcomers_are_clustered_among_themselves_at_the_same_height(metric: str) -> None:
    tree = tree_of(metric)
    found, marked, nearest = (tree.assign(NEW, new=new) for new in ("cluster", "mark", "nearest"))  # type: ignore[arg-type]
    far = marked.labels < 0
    assert 5 < far.sum() < 300
    assert np.array_equal(found.labels[~far], marked.labels[~far])
    among = ladle.cluster(NEW[far], metric=metric, threshold=found.limit).cut()  # type: ignore[arg-type]
    assert np.array_equal(found.labels[far], found.known + among)
    assert found.founded == among.max() + 1
    assert (marked.founded, nearest.founded) == (0, 0)
    assert nearest.limit == np.inf
    assert np.array_equal(nearest.labels[~far], found.labels[~far])
    assert np.array_equal(nearest.linkages, found.linkages)
    assert 0 <= nearest.labels.min() <= nearest.labels.max() < found.known == 300


@pytest.mark.parametrize("level", [{"threshold": 2.5}, {"n_clusters": 97}, {"mean_size": 25}])
def test_the_limit_is_where_the_cut_stands(level: dict[str, float]) -> None:
    tree = tree_of()
    found = tree.assign(NEW, **level, pool=POOL, new="mark")  # type: ignore[arg-type]
    known = int(tree.cut(**level).max()) + 1
    assert found.known == known
    assert found.limit == level.get("threshold", float(tree.heights[KNOWN - known]))
    joined = found.labels >= 0
    assert 0 < joined.sum() < len(NEW)
    assert found.linkages[joined].max() <= found.limit * (1 + 1e-6) < found.linkages[~joined].min() * (1 + 2e-6)


def test_at_the_top_all_join() -> None:
    found = tree_of().assign(1000 * NEW, n_clusters=1)
    assert (found.limit, found.founded, found.labels.max()) == (np.inf, 0, 0)


def test_a_stopped_tree_takes_newcomers_up_to_where_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.hac.clustering.DENSE_ROWS", 0)
    monkeypatch.setattr("ladle.hac.clustering.DENSE_CLUSTERS", 0)
    stopped = ladle.cluster(POOL, metric="sqeuclidean", mean_size=4)
    stopped = replace(stopped, heights=stopped.heights[: KNOWN - 375], merges=stopped.merges[: KNOWN - 375])
    found = stopped.assign(NEW, pool=POOL)
    assert found.limit == stopped.known_below < np.inf
    assert found.known == 375


def test_coarser_cuts_come_from_the_carried_prototypes() -> None:
    tree = tree_of()
    for level in ({"n_clusters": 60}, {"mean_size": 40}, {"threshold": float(tree.heights[1400])}):
        carried = tree.assign(NEW, **level)  # type: ignore[arg-type]
        fresh = replace(tree, prototypes=None).assign(NEW, **level, pool=POOL)  # type: ignore[arg-type]
        assert np.array_equal(carried.labels, fresh.labels)
        np.testing.assert_allclose(carried.linkages, fresh.linkages, rtol=1e-5)


def test_finer_cuts_need_the_pool() -> None:
    with pytest.raises(ArgumentError, match=r"finer than 300 clusters.*pool="):
        tree_of().assign(NEW, n_clusters=301)
    assert tree_of().assign(NEW, n_clusters=301, pool=POOL).known == 301
    with pytest.raises(ArgumentError, match="carries no prototypes"):
        replace(tree_of(), prototypes=None).assign(NEW)


# -- laws -----------------------------------------------------------------------------------------------------------


@given(threshold=st.floats(0.2, 12), metric=st.sampled_from(["cosine", "sqeuclidean"]))
@settings(max_examples=15)
def test_the_pools_own_rows_go_home(threshold: float, metric: str) -> None:
    tree = tree_of(metric)
    height = threshold if metric == "sqeuclidean" else threshold / 30
    home = tree.cut(threshold=height)
    found = tree.assign(POOL, threshold=height, pool=POOL)
    assert np.array_equal(found.labels, home)
    assert (found.twins, found.founded) == (KNOWN, 0)
    if threshold < 3:  # below that, clusters are cut in the midst
        return
    # Their near-copies are known by no fingerprint; in well-separated clusters most go home all the same.
    near = tree.assign(POOL * np.float32(1.0001), threshold=height, pool=POOL)
    assert near.twins == 0
    assert np.mean(near.labels == home) > 0.9


@given(distance=st.floats(30, 1e6), copies=st.integers(1, 4), place=st.integers(0, 600))
@settings(max_examples=15)
def test_a_far_point_founds_a_cluster_and_disturbs_nobody(distance: float, copies: int, place: int) -> None:
    tree = tree_of()
    alone = tree.assign(NEW, new="mark")
    far = np.zeros((copies, DIM), np.float32)
    far[:, 0] = distance
    found = tree.assign(np.insert(NEW, place, far, axis=0))
    its = found.labels[place : place + copies]
    assert its.min() == its.max() >= found.known
    assert np.sum(found.labels == its[0]) == copies
    others = np.delete(found.labels, slice(place, place + copies))
    assert np.array_equal(np.where(others < found.known, others, -1), alone.labels)


@given(seed=st.integers(0, 1000), exact=st.booleans())
@settings(max_examples=15)
def test_the_order_of_newcomers_does_not_matter(seed: int, exact: bool) -> None:
    tree = tree_of()
    order = np.random.default_rng(seed).permutation(len(NEW))
    one, other = tree.assign(NEW, exact=exact), tree.assign(NEW[order], exact=exact)
    joined = one.labels < one.known
    assert np.array_equal(np.where(joined, one.labels, -1)[order], np.where(other.labels < one.known, other.labels, -1))
    assert np.array_equal(one.linkages[order], other.linkages)
    assert same_clusters(one.labels[order], other.labels)
    _, first = np.unique(other.labels[other.labels >= one.known], return_index=True)
    assert np.all(np.diff(first) > 0)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(("threads", "block_rows"), [("1", 600), ("2", 7), ("5", 64)])
def test_neither_blocks_nor_threads_matter(
    exact: bool, threads: str, block_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tree_of()
    expected = tree.assign(NEW, exact=exact)
    monkeypatch.setattr(newcomers, "BLOCK_BYTES", newcomers.LEAST_ROW_BYTES * block_rows)
    monkeypatch.setattr("ladle.hac.tree.prototypes.BLOCK_BYTES", 100)
    monkeypatch.setenv("LADLE_THREADS", threads)
    for source in (NEW, ladle.open_pool(NEW)):
        found = replace(tree, prototypes=None).assign(source, exact=exact, pool=ladle.open_pool(POOL))
        assert np.array_equal(found.labels, expected.labels)
        assert np.array_equal(found.linkages, expected.linkages)


# -- twins, sources, scale ------------------------------------------------------------------------------------------


def test_twins_go_home_even_where_another_cluster_is_nearer() -> None:
    pool = np.array([[0.0], [0.1], [0.2], [0.35], [0.5], [0.7], [0.9], [2.0], [2.01], [9.0]])
    tree = ladle.cluster(pool, metric="sqeuclidean")
    for n_clusters in range(1, 11):
        found = tree.assign(pool, n_clusters=n_clusters, pool=pool)
        assert np.array_equal(found.labels, tree.cut(n_clusters=n_clusters))
    homes = tree.assign(np.flip(pool).astype(np.float32), n_clusters=4, pool=pool)
    assert homes.twins == 4  # 0, 0.5, 2 and 9 are the same number in float32


def test_duplicates_of_a_pool_of_ties() -> None:
    for case in cases():
        if case.ties:
            tree = ladle.cluster(case.embeddings, metric=case.metric)  # type: ignore[arg-type]
            found = tree.assign(case.embeddings[::3], mean_size=7, pool=case.embeddings)
            assert np.array_equal(found.labels, tree.cut(mean_size=7)[::3])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32])
def test_any_dtype(dtype: type) -> None:
    found = tree_of().assign((4 * NEW).astype(dtype))
    assert found.labels.dtype == np.int32
    wide = tree_of().assign((4 * NEW).astype(dtype).astype(np.float64))
    assert np.array_equal(found.labels, wide.labels)


@pytest.mark.parametrize("nothing", [[], np.empty((0, DIM)), np.empty(0)])
def test_no_newcomers(nothing: object) -> None:
    found = tree_of().assign(nothing, exact=False)  # type: ignore[arg-type]
    assert (found.labels.shape, found.labels.dtype, found.linkages.shape) == ((0,), np.int32, (0,))
    assert (found.known, found.founded, found.twins, found.recall) == (300, 0, 0, None)


def test_many_products_go_through_cells_and_tell_their_recall(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = tree_of()
    exact = tree.assign(NEW)
    assert exact.recall is None
    monkeypatch.setattr("ladle.hac.assign.EXACT_PRODUCTS", 1e5)
    monkeypatch.setattr("ladle.neighbours.nearest_cluster.CELL_ROWS", 10)
    found = tree.assign(NEW)
    assert found.recall is not None
    assert 0.98 <= found.recall <= 1
    assert np.mean(found.labels[exact.labels < 300] == exact.labels[exact.labels < 300]) > 0.97
    assert tree.assign(NEW, exact=True).recall is None


def test_the_input_is_not_changed() -> None:
    new = NEW.astype(np.float64)
    new.setflags(write=False)
    before = new.copy()
    tree_of().assign(new)
    assert np.array_equal(new, before)


def test_trees_carry_small_prototypes_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = replace(tree_of(), prototypes=None)
    full = replace(bare, level=None)
    for tree, known in ((bare, 300), (full, 150)):
        for pool in (POOL, ladle.open_pool(POOL)):
            carried = carry_prototypes(tree, pool, None, SILENT).prototypes
            assert carried is not None
            assert len(carried) == known
    assert carry_prototypes(bare, POOL, False, SILENT) is bare
    monkeypatch.setattr(plan, "CARRIED_BYTES", plan.prototype_bytes(300, DIM, KNOWN) - 1)
    assert carry_prototypes(bare, POOL, None, SILENT) is bare
    assert carry_prototypes(bare, POOL, True, SILENT).prototypes is not None


# -- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(value: float) -> None:
    new = NEW.copy()
    new[217, 3] = value
    with pytest.raises(NonFiniteError, match="row 217"):
        tree_of().assign(new)


def test_zero_vectors_and_huge_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newcomers, "BLOCK_BYTES", newcomers.LEAST_ROW_BYTES * 50)
    new = NEW.copy()
    new[355] = 0
    with pytest.raises(ZeroVectorError, match="row 355"):
        tree_of("cosine").assign(new)
    assert len(tree_of().assign(new).labels) == len(new)
    new[401] = 1e30
    with pytest.raises(DataError, match="row 401"):
        tree_of().assign(new)


@pytest.mark.parametrize(
    ("new", "error"),
    [
        (np.ones((3, DIM + 1)), ShapeError),
        (np.ones(DIM), ShapeError),
        ([[1.0, 2.0], [3.0]], ShapeError),
        (np.empty((0, DIM + 1)), ShapeError),
        (np.full((2, DIM), "a"), ArgumentError),
    ],
)
def test_not_such_embeddings(new: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        tree_of().assign(new)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options", [{"new": "refuse"}, {"exact": "yes"}, {"seed": -1}, {"mean_size": 10, "threshold": 1.0}]
)
def test_bad_options(options: dict[str, object]) -> None:
    with pytest.raises(ArgumentError):
        tree_of().assign(NEW, **options)  # type: ignore[arg-type]


def test_another_pool() -> None:
    tree = tree_of()
    with pytest.raises(MismatchError, match="1,500 rows"):
        tree.with_prototypes(NEW)
    named = ladle.cluster(ladle.open_pool(POOL, ids=[f"a{row}" for row in range(KNOWN)]))
    other = ladle.open_pool(POOL, ids=[f"b{row}" for row in range(KNOWN)])
    with pytest.raises(MismatchError, match="other ids"):
        named.assign(NEW, mean_size=2, pool=other)


def test_too_many_far_off_for_the_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = tree_of()
    monkeypatch.setenv("LADLE_MEMORY", "1M")
    with pytest.raises(MemoryPlanError, match="far from every cluster"):
        tree.assign(100 + NEW)
