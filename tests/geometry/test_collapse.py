from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ladle.geometry.collapse import distinct_rows, group_rows


@given(
    matrix=st.sampled_from([np.float16, np.float32, np.float64]).flatmap(
        lambda dtype: hnp.arrays(
            dtype, st.tuples(st.integers(1, 40), st.integers(1, 3)), elements=st.sampled_from([0.0, -0.0, 1.0, -2.0])
        )
    )
)
def test_groups_are_those_of_numpy_unique(matrix: np.ndarray) -> None:
    found = distinct_rows(matrix)
    _, first, inverse, counts = np.unique(
        matrix + 0.0, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    assert found.rows.tolist() == sorted(first.tolist())
    assert found.first.tolist() == first[inverse.ravel()].tolist()
    assert found.sizes.tolist() == counts[np.argsort(first)].tolist()


def test_rows_that_share_one_hash_stay_apart() -> None:
    found = group_rows(np.zeros(4, np.uint64), np.array([1, 2, 1, 2], np.uint64))
    assert found.first.tolist() == [0, 1, 0, 3]  # the third row's twin is found, the fourth's is hidden behind it
