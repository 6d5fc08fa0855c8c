from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladle.memory.scratch import IN_MEMORY
from ladle.neighbours.coarse import Cells, Partition
from ladle.neighbours.join import Join
from ladle.neighbours.kernels import encode
from ladle.neighbours.products import Frame
from ladle.progress import SILENT

K = 8


def points(seed: int, n: int, dim: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(n, dim))
    drawn /= np.linalg.norm(drawn, axis=1).max()  # into the unit ball, where a frame has them
    return drawn.astype(np.float32)


def by_pivots(means: np.ndarray, seed: int, count: int) -> Partition:
    pivots = np.sort(np.random.default_rng(seed).choice(len(means), count, replace=False))
    cells = Cells.of(means[pivots], Frame.identity(means.shape[1]))
    return Partition.of(cells, cells.own(means))


def joined(means: np.ndarray, cells: int = 10) -> Join:
    main = by_pivots(means, 0, cells)
    cell = np.empty(len(means), np.int32)
    for number in range(cells):
        cell[main.members(number)] = number
    members = np.arange(len(means), dtype=np.int32)
    return Join.of(means, np.zeros(len(means)), members, main.cells, cell, Frame.identity(means.shape[1]), K, IN_MEMORY)


def truth(join: Join) -> np.ndarray:
    square = ((join.packed.points[:, None] - join.packed.points[None]) ** 2).sum(axis=2)
    np.fill_diagonal(square, np.inf)
    return np.argsort(square, axis=1)[:, :K]


def recall(join: Join) -> float:
    return float(np.mean([np.isin(a, b).mean() for a, b in zip(truth(join), join.positions[:, :K], strict=True)]))


@given(seed=st.integers(0, 1000), n=st.integers(2, 60), dim=st.integers(1, 90), scale=st.sampled_from([0, 1e-30, 1, 9]))
@settings(max_examples=60)
def test_a_code_is_within_half_a_step_of_its_coordinate(seed: int, n: int, dim: int, scale: float) -> None:
    vectors = (points(seed, n, dim) * scale).astype(np.float32)
    codes, steps = np.empty(vectors.shape, np.int8), np.empty(n, np.float32)
    encode(vectors, codes, steps, 0, n)
    assert (np.abs(codes * steps[:, None] - vectors) <= steps[:, None] * 0.5001).all()


@given(seed=st.integers(0, 1000), n=st.integers(1, 300), count=st.integers(1, 20))
@settings(max_examples=40)
def test_a_partition_holds_every_member_once(seed: int, n: int, count: int) -> None:
    means = points(seed, n, 5)
    partition = by_pivots(means, seed, min(count, n))
    parts = [partition.members(number) for number in range(len(partition.cells))]
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(n))
    assert all((np.diff(part) > 0).all() for part in parts)


@pytest.mark.parametrize("other", [False, True])
def test_all_cells_of_any_partition_find_all_neighbours(other: bool) -> None:
    means = points(1, 700, 6)
    join = joined(means)
    join.probe(by_pivots(join.packed.points, 5, 12) if other else join.main, 12, SILENT)
    assert recall(join) == 1.0


def test_another_partition_finds_what_the_first_has_split() -> None:
    join = joined(points(2, 3000, 12), cells=40)
    join.probe(join.main, 3, SILENT)
    found = [recall(join)]
    for seed in (7, 8, 9):
        join.probe(by_pivots(join.packed.points, seed, 40), 3, SILENT)
        found.append(recall(join))
    assert found == sorted(found)
    more = joined(points(2, 3000, 12), cells=40)
    more.probe(more.main, 12, SILENT)
    assert found[-1] > recall(more)  # as many cells of one


def test_only_the_farthest_turn_to_another_partition() -> None:
    join = joined(points(3, 2000, 10), cells=30)
    join.probe(join.main, 2, SILENT)
    before = join.positions.copy()
    reach = join.packed.halves - join.scores[:, K - 1]
    join.probe(by_pivots(join.packed.points, 4, 30), 2, SILENT, share=0.25)
    changed = (join.positions != before).any(axis=1)
    assert changed.sum() > 200
    assert reach[changed].min() >= np.quantile(reach, 0.75)


def test_neighbours_of_neighbours_are_found_and_scored_exactly() -> None:
    join = joined(points(4, 2500, 16), cells=30)
    join.probe(join.main, 2, SILENT)
    found = [recall(join)]
    for _ in range(2):
        join.join_neighbours(SILENT)
        found.append(recall(join))
    assert found[0] + 0.2 < found[1] < found[2]
    packed = join.packed
    rows = np.arange(len(packed.points))[:, None]
    products = np.einsum("ikd,id->ik", packed.points[join.positions].astype(np.float64), packed.points)
    np.testing.assert_allclose(join.scores, products - packed.halves[join.positions], atol=1e-6)
    assert (np.diff(join.scores, axis=1) <= 0).all()
    assert (join.positions != rows).all()
    assert all(len(set(row)) == len(row) for row in join.positions.tolist())
