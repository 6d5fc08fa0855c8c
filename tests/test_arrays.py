from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ladle import arrays
from ladle.errors import ArgumentError, NonFiniteError, ShapeError


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_pass_without_a_copy(dtype: type) -> None:
    value = np.ones((3, 2), dtype)
    assert arrays.as_matrix(value, "x") is value


@pytest.mark.parametrize(
    ("dtype", "expected"), [(np.int8, np.float32), (bool, np.float32), (np.int64, np.float64), (np.uint64, np.float64)]
)
def test_integers_become_floats_that_hold_them(dtype: type, expected: type) -> None:
    assert arrays.as_matrix(np.ones((3, 2), dtype), "x").dtype == expected


def test_ragged_rows() -> None:
    with pytest.raises(ShapeError, match="ragged"):
        arrays.as_matrix([[1.0], [1.0, 2.0]], "x")


@settings(max_examples=10)
@given(row=st.integers(0, 99), bad=st.sampled_from([np.nan, np.inf, -np.inf]))
def test_the_first_bad_row_is_named(row: int, bad: float) -> None:
    value = np.zeros((100, arrays.CHECK_BYTES // 40), np.float32)  # ten rows a block
    value[row:, 1] = bad
    with pytest.raises(NonFiniteError, match=f"row {row}\\b"):
        arrays.check_finite(value, "x")


def test_a_sum_that_overflows_is_not_taken_for_infinity() -> None:
    arrays.check_finite(np.full((10, 2), 1e308), "x")
    arrays.check_finite(np.full((10, 2), 6e4, np.float16), "x")


@given(rows=st.integers(0, 50), width=st.integers(0, 9), block=st.integers(1, 100))
def test_blocks_cover_all_rows_in_order(rows: int, width: int, block: int) -> None:
    covered = [row for part in arrays.row_blocks(rows, width, block) for row in range(part.start, part.stop)]
    assert covered == list(range(rows))


def test_rows() -> None:
    assert arrays.as_rows(None, "rows", pool_rows=5).tolist() == []
    assert arrays.as_rows([3, 1], "rows", pool_rows=5).tolist() == [3, 1]
    assert arrays.as_rows(np.array([False, True, True]), "rows", pool_rows=3).tolist() == [1, 2]
    for bad in ([5], [-1], [1, 1], [0.5], [[1]], ["a"]):
        with pytest.raises(ArgumentError, match="`rows`"):
            arrays.as_rows(bad, "rows", pool_rows=5)
