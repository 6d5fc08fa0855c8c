"""The count of cells, against hyperplanes whose cells are counted, and the bits that a batch tells."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from ladle.errors import ArgumentError
from ladle.theory import bits_bound, cells, distribution, labels_bound, learn


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


@given(st.integers(2, 12), st.integers(1, 500), st.floats(1e-9, 0.25))
def test_the_bound_on_labels_is_about_the_batches_that_caps_need(dim: int, batch_size: int, error: float) -> None:
    labels = labels_bound(dim, batch_size, error)
    needed = 1 + (dim - 1) * math.log2(1 / math.sin(math.pi * error))
    certain = batch_size * math.ceil(needed / (1 + bits_bound(dim, batch_size - 1)))
    assert max(batch_size, certain - 3 * batch_size) <= labels <= certain + batch_size
    assert labels >= labels_bound(dim, batch_size, min(0.25, 2 * error)) - 1e-9


def test_the_bound_of_one_label_at_a_time_is_summed_term_by_term() -> None:
    # In the plane one label has two answers: after t labels the chance is at most sin(pi / 256) / 2 (2 + ... + 2^t).
    cap = math.sin(math.pi / 256) / 2
    chances = [min(1.0, cap * (2 ** (t + 1) - 2)) for t in range(1, 20)]
    # The code bounds 2 + ... + 2^t by 2^(t + 1).
    bounds = [min(1.0, cap * 2 ** (t + 1)) for t in range(1, 20)]
    assert labels_bound(2, 1, 1 / 256) == pytest.approx(1 + sum(1 - each for each in bounds))
    assert labels_bound(2, 1, 1 / 256) <= 1 + sum(1 - each for each in chances)


def test_answers_to_a_whole_sphere_are_counted() -> None:
    # In the plane k lines through 0 make 2k sectors; in space three planes make eight cells.
    assert [2 * cells(2, size - 1) for size in (1, 2, 7)] == [2, 4, 14]
    assert 2 * cells(3, 2) == 8


@pytest.mark.parametrize(("dim", "batch_size"), [(2, 1), (2, 4), (3, 8)])
def test_no_learner_is_below_the_bound_on_average(dim: int, batch_size: int) -> None:
    error = 2**-8
    for learner in ("cluster-margin-v", "diameter"):
        curves = [
            learn(learner, distribution("ball", dim), batch_size=batch_size, error=error, seed=seed, walks=64)
            for seed in range(8)
        ]
        assert np.mean([curve.labels[-1] for curve in curves]) >= labels_bound(dim, batch_size, error)


@pytest.mark.parametrize(("dim", "batch_size"), [(0, 1), (2, -1), (2.0, 1), (2, "3")])
def test_other_numbers_are_refused(dim: object, batch_size: object) -> None:
    with pytest.raises(ArgumentError):
        cells(dim, batch_size)  # type: ignore[arg-type]
