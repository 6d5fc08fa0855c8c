"""Layouts against plain counting, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ladle import errors
from ladle.maps import Layout, load_layout, save_layout
from ladle.maps.zorder import CELLS, cells_of, codes_of

SEED = np.random.default_rng(7)


def cloud(rows: int = 3_000) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(rows, 2)).astype(np.float32)


def cells(layout: Layout) -> np.ndarray:
    """(n, 2) the cell of each row of the pool, in row order."""
    found = np.empty((len(layout), 2), np.int64)
    found[layout.rows] = np.stack(cells_of(layout.codes), axis=1)
    return found


@given(arrays.arrays(np.int64, st.tuples(st.integers(1, 50), st.just(2)), elements=st.integers(0, CELLS - 1)))
def test_codes_and_cells_undo_each_other(xy: np.ndarray) -> None:
    codes = codes_of(xy[:, 0], xy[:, 1])
    assert np.array_equal(np.stack(cells_of(codes), axis=1), xy)
    spelled = [int("".join(b + a for a, b in zip(f"{x:016b}", f"{y:016b}", strict=True)), 2) for x, y in xy.tolist()]
    assert codes.tolist() == spelled


def test_positions_keep_their_shape() -> None:
    positions = cloud() * np.float32(7) + np.float32(100)
    found = cells(Layout.of(positions, "given")).astype(float)
    for one, two in ((0, 1), (5, 900), (17, 2_000)):
        true = positions[one] - positions[two]
        drawn = (found[one] - found[two]) * [1, -1]  # y goes upwards
        assert np.allclose(drawn / np.linalg.norm(drawn), true / np.linalg.norm(true), atol=0.01)
    assert np.abs(found - CELLS / 2).max() < CELLS / 2  # a margin stays free


@pytest.mark.parametrize("zoom", [0, 1, 3, 8, 16])
def test_a_tile_is_a_range(zoom: int) -> None:
    layout = Layout.of(cloud(), "given")
    place = cells(layout) >> (16 - zoom)
    for x, y in {(0, 0), *map(tuple, place[:5].tolist())}:
        start, stop = layout.tile(zoom, x, y)
        assert sorted(layout.rows[start:stop]) == np.flatnonzero((place == (x, y)).all(axis=1)).tolist()


@given(st.lists(st.integers(-500, CELLS + 500), min_size=4, max_size=4))
def test_a_box_against_plain_counting(bounds: list[int]) -> None:
    layout = Layout.of(cloud(400), "given")
    left, right, top, bottom = bounds
    found = cells(layout)
    inside = (found[:, 0] >= left) & (found[:, 0] <= right) & (found[:, 1] >= top) & (found[:, 1] <= bottom)
    places = layout.within_box(left, top, right, bottom)
    assert (np.diff(places) > 0).all()
    assert sorted(layout.rows[places]) == np.flatnonzero(inside).tolist()


def test_a_polygon_against_another_implementation() -> None:
    from matplotlib.path import Path as Outline

    layout = Layout.of(cloud(), "given")
    found = cells(layout) + 0.5
    for _ in range(20):
        corners = SEED.uniform(20_000, 45_000, (SEED.integers(3, 5), 2))
        middle = corners.mean(axis=0)
        corners = corners[np.argsort(np.arctan2(*(corners - middle).T))]  # does not cross itself
        inside = Outline(corners).contains_points(found)
        assert sorted(layout.rows[layout.within_polygon(corners)]) == np.flatnonzero(inside).tolist()


def test_a_bow_tie_has_two_parts_and_no_middle() -> None:
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 101), np.linspace(-1, 1, 101)), axis=-1).reshape(-1, 2)
    layout = Layout.of(grid, "given")
    low, high = 1_000.0, CELLS - 1_000.0
    tie = np.array([[low, low], [high, high], [high, low], [low, high]])
    rows = layout.rows[layout.within_polygon(tie)]
    assert (np.abs(grid[rows, 0]) + 1e-9 >= np.abs(grid[rows, 1]) - 0.05).all()
    assert 0.4 < len(rows) / len(grid) < 0.6


def test_the_nearest() -> None:
    layout = Layout.of(cloud(), "given")
    found = cells(layout).astype(float)
    for x, y in ((30_000, 30_000), (33_000, 40_000)):
        squares = ((found - (x, y)) ** 2).sum(axis=1)
        place = layout.nearest(x, y, 5_000)
        assert place is not None
        assert squares[layout.rows[place]] == squares.min()
    assert layout.nearest(0, 0, 3) is None


def test_far_examples_do_not_shrink_the_others() -> None:
    positions = cloud(5_000)
    positions[17] = (1e6, -1e6)
    layout = Layout.of(positions, "given")
    found = cells(layout)
    assert layout.beyond >= 1
    assert found[17].tolist() == [CELLS - 1, CELLS - 1]  # on the border, at the lower right
    assert np.ptp(found[:17], axis=0).min() > CELLS / 10


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_equal_positions_lie_in_one_cell(rows: int) -> None:
    layout = Layout.of(np.full((rows, 2), 3.5), "given")
    assert len(set(layout.codes.tolist())) == 1
    assert layout.rows.tolist() == list(range(rows))


def test_refusals() -> None:
    with pytest.raises(errors.ShapeError):
        Layout.of(np.zeros((3, 3)), "given")
    with pytest.raises(errors.ArgumentError, match="at least one"):
        Layout.of(np.zeros((0, 2)), "given")
    with pytest.raises(errors.NonFiniteError, match="row 1"):
        Layout.of(np.array([[0.0, 1.0], [np.nan, 2.0]]), "given")
    layout = Layout.of(cloud(5), "given")
    with pytest.raises(errors.ArgumentError, match="on the map"):
        layout.tile(2, 4, 0)
    with pytest.raises(errors.ShapeError):
        layout.within_polygon(np.zeros((2, 2)))


class TestFiles:
    def test_the_same_again(self, tmp_path: Path) -> None:
        layout = Layout.of(cloud(), "principal components")
        save_layout(layout, tmp_path / "map.npz", pool="abc")
        again = load_layout(tmp_path / "map.npz", pool="abc")
        assert np.array_equal(again.codes, layout.codes)
        assert np.array_equal(again.rows, layout.rows)
        assert (again.method, again.beyond) == (layout.method, layout.beyond)

    def test_another_pool_and_damage(self, tmp_path: Path) -> None:
        path = tmp_path / "map.npz"
        save_layout(Layout.of(cloud(50), "given"), path, pool="abc")
        with pytest.raises(errors.MismatchError, match="this pool"):
            load_layout(path, pool="abd")
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        with pytest.raises(errors.CorruptFileError):
            load_layout(path, pool="abc")
        with pytest.raises(errors.FileError):
            load_layout(tmp_path / "none.npz", pool="abc")
