"""Coarse cells against plain NumPy."""

import numpy as np
import pytest

from ladle.neighbours.coarse import AROUND, AROUND_EACH, Cells, along, by_cell
from ladle.neighbours.products import Frame


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(size=(900, 6)).astype(np.float32)


@pytest.fixture
def cells(points):
    return Cells.make(points, 40, np.random.default_rng(1), Frame.identity(6))


def distances(points, cells):
    return np.square(points[:, None].astype(float) - cells.centroids.points[None]).sum(axis=2)


def test_nearest_of_all_is_the_nearest_of_all(points, cells):
    found, scores = cells.nearest_of_all(points, 5)
    order = np.argsort(distances(points, cells), axis=1)[:, :5]
    assert np.array_equal(found, order)
    assert np.all(np.diff(scores, axis=1) <= 0)
    assert np.array_equal(cells.own(points), order[:, 0])
    assert cells.nearest_of_all(points, 100)[0].shape == (900, 40)


def test_around_a_cell_are_its_nearest(cells):
    order = np.argsort(distances(cells.centroids.points, cells), axis=1)[:, :7]
    assert np.array_equal(cells.around(7), np.sort(order, axis=1))


def test_where_all_cells_are_around_nearest_misses_none(points, cells):
    assert len(cells) <= AROUND + AROUND_EACH * 3
    rows, starts = by_cell(cells.own(points), len(cells))
    found, _ = cells.nearest(points, rows, starts, 3)
    assert np.array_equal(found, cells.nearest_of_all(points, 3)[0][rows])


def test_cells_that_follow_each_other_lie_together(points):
    order = along(points)
    assert np.array_equal(np.sort(order), np.arange(len(points)))
    steps = np.linalg.norm(np.diff(points[order], axis=0), axis=1).mean()
    at_random = np.linalg.norm(np.diff(points, axis=0), axis=1).mean()
    assert steps < 0.75 * at_random


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
def test_few_or_equal_points_have_an_order(rows):
    assert np.array_equal(np.sort(along(np.ones((rows, 4), np.float32))), np.arange(rows))
