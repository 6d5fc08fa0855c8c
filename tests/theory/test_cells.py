"""The count of cells, against hyperplanes whose cells are counted, and the bits that a batch tells."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from ladle.errors import ArgumentError
from ladle.theory import bits_bound, cells


def _is_open(planes: np.ndarray, signs: list[int]) -> bool:
    """Whether hypotheses (1, u) with these signs fill a cell: a linear program finds one away from all planes."""
    signed = np.array(signs)[:, None] * planes[: len(signs)]
    rows = np.column_stack([-signed[:, 1:], np.ones(len(signs))])
    cost = np.append(np.zeros(planes.shape[1] - 1), -1.0)
    bounds = [(None, None)] * (planes.shape[1] - 1) + [(None, 1.0)]
    solved = linprog(cost, A_ub=rows, b_ub=signed[:, 0], bounds=bounds)
    return bool(solved.status == 0 and solved.x[-1] > 1e-9)


@pytest.mark.parametrize(("dim", "batch_size"), [(2, 1), (2, 9), (3, 2), (3, 7), (4, 5), (5, 6)])
def test_the_bound_is_the_count_of_cells_in_general_position(dim: int, batch_size: int) -> None:
    planes = np.random.default_rng(dim * 100 + batch_size).standard_normal((batch_size, dim))
    found: list[list[int]] = [[]]
    for _ in range(batch_size):
        found = [[*signs, sign] for signs in found for sign in (-1, 1) if _is_open(planes, [*signs, sign])]
    assert len(found) == cells(dim, batch_size)


def test_planes_in_special_position_make_fewer_cells() -> None:
    planes = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 1.0]])  # three lines through one point
    found: list[list[int]] = [[]]
    for _ in range(3):
        found = [[*signs, sign] for signs in found for sign in (-1, 1) if _is_open(planes, [*signs, sign])]
    assert len(found) == 6 < cells(3, 3) == 7


@given(st.integers(2, 40), st.integers(1, 20_000))
def test_the_bits_stay_below_their_two_bounds(dim: int, batch_size: int) -> None:
    bits = bits_bound(dim, batch_size)
    assert bits <= batch_size + 1e-9
    # Sauer's lemma in the form of the documents: (d - 1) log2 k + O(d), with (e k / (d - 1))^(d - 1) cells.
    if batch_size >= dim - 1:
        assert bits <= (dim - 1) * math.log2(math.e * batch_size / (dim - 1)) + 1e-9
    assert bits <= (dim - 1) * math.log2(batch_size) + dim + 1e-9
    assert cells(dim + 1, batch_size) >= cells(dim, batch_size)


@pytest.mark.parametrize(("dim", "batch_size"), [(0, 1), (2, -1), (2.0, 1), (2, "3")])
def test_other_numbers_are_refused(dim: object, batch_size: object) -> None:
    with pytest.raises(ArgumentError):
        cells(dim, batch_size)  # type: ignore[arg-type]
