from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import ladle
from ladle.arrays import row_blocks
from ladle.hac.plan import prototype_bytes
from ladle.hac.tree.prototypes import Prototypes, fingerprints_of, prototypes_of
from tests.hac.pools import Case, cases


def blocks_of(matrix: np.ndarray, rows: int) -> Iterator[tuple[slice, np.ndarray]]:
    return ((block, matrix[block]) for block in row_blocks(len(matrix), 1, rows))


def unit(case: Case) -> np.ndarray:
    rows = case.embeddings.astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True) if case.metric == "cosine" else rows


def made(case: Case, labels: np.ndarray, rows: int = 500) -> Prototypes:
    dim = case.embeddings.shape[1]
    return prototypes_of(blocks_of(case.embeddings, rows), labels, dim=dim, metric=case.metric, merges=7)


def random_labels(n: int, m: int) -> np.ndarray:
    return np.random.default_rng(0).permutation(np.arange(n) % m).astype(np.int32)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_means_spreads_and_sizes(case: Case) -> None:
    labels = random_labels(len(case.embeddings), 50)
    found = made(case, labels)
    rows = unit(case)
    members = [rows[labels == label] for label in range(50)]
    means = np.stack([part.mean(axis=0) for part in members])
    spreads = np.array([((part - part.mean(axis=0)) ** 2).sum(axis=1).mean() for part in members])
    size = np.abs(means - rows.mean(axis=0)).max()
    np.testing.assert_allclose(found.centre, rows.mean(axis=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.offsets + found.centre, means, rtol=1e-12, atol=1e-13 * size + 1e-15)
    np.testing.assert_allclose(found.spreads, spreads, rtol=1e-9, atol=1e-15)
    assert found.sizes.tolist() == np.bincount(labels).tolist()
    assert len(found) == 50
    assert (found.offsets.dtype, found.sizes.dtype, found.merges) == (np.float64, np.int32, 7)


def test_blocks_do_not_matter_to_the_last_bit() -> None:
    case = cases()[4]
    labels = random_labels(len(case.embeddings), 40)
    one, other = made(case, labels, 10_000), made(case, labels, 7)
    for name in ("centre", "offsets", "spreads", "sizes", "fingerprints"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def test_united_is_as_made_from_the_rows() -> None:
    case = cases()[17]  # far from the origin
    labels = random_labels(len(case.embeddings), 60)
    group = random_labels(60, 13)
    united, direct = made(case, labels).united(9, group), made(case, group[labels])
    np.testing.assert_allclose(united.offsets + united.centre, direct.offsets + direct.centre, rtol=1e-9)
    np.testing.assert_allclose(united.spreads, direct.spreads, rtol=1e-6)
    assert np.array_equal(united.sizes, direct.sizes)
    assert np.array_equal(united.fingerprints, direct.fingerprints)
    assert united.merges == 9


def test_fingerprints_go_by_values() -> None:
    rows = np.array([[1.0, -0.0], [1.0, 0.0], [0.0, 1.0], [0.5, 2.0]])
    marks = fingerprints_of(rows)
    assert marks[0] == marks[1]
    assert len(set(marks.tolist())) == 3
    for dtype in (np.float16, np.float32):
        assert np.array_equal(fingerprints_of(rows.astype(dtype)), marks)


def test_bytes_are_foretold() -> None:
    case = cases()[1]
    found = made(case, random_labels(len(case.embeddings), 30))
    arrays = (found.centre, found.offsets, found.spreads, found.sizes, found.fingerprints)
    assert sum(array.nbytes for array in arrays) == prototype_bytes(30, 8, 2000)


def test_a_trees_prototypes_are_those_of_its_cut() -> None:
    case = cases()[4]
    tree = ladle.cluster(case.embeddings, metric=case.metric).with_prototypes(case.embeddings, n_clusters=123)
    assert tree.prototypes is not None
    assert tree.prototypes.sizes.tolist() == np.bincount(tree.cut(n_clusters=123)).tolist()
