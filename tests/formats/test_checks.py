"""The check of each line of a batch: it fits the id, the row and the batch of its line, and nothing else."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ladle.formats.checks import as_batch_file, find_wrong_checks, line_check, line_checks

IDS = st.lists(st.text(max_size=5), unique=True, min_size=2, max_size=8) | st.lists(
    st.integers(-(2**63), 2**63 - 1), unique=True, min_size=2, max_size=8
)


@given(ids=IDS, number=st.integers(0, 10**9), shift=st.integers(1, 7))
def test_what_is_as_it_was_fits_and_what_moved_does_not(ids: list[object], number: int, shift: int) -> None:
    rows = list(range(len(ids)))
    checks: list[str | None] = [*line_checks(ids, rows, [number] * len(ids))]
    assert find_wrong_checks(ids, rows, checks) is None
    assert find_wrong_checks([str(each) for each in ids], rows, checks) is None  # CSV writes numbers as their text
    moved = shift % len(ids) or 1
    wrong = find_wrong_checks(ids[moved:] + ids[:moved], rows, checks)
    assert wrong is not None
    assert (wrong.first, wrong.count) == (0, len(ids))
    renumbered = find_wrong_checks([f"n{place}" for place in rows], rows, checks)
    assert renumbered is not None
    assert renumbered.count == sum(str(each) != f"n{place}" for place, each in enumerate(ids))


def test_the_first_wrong_line_and_how_many() -> None:
    ids, rows = ["a", "b", "c", "d", "e"], [5, 6, 7, 8, 9]
    checks: list[str | None] = [*line_checks(ids, rows, [3] * 5)]
    checks[1] = None  # a line that someone has added
    assert find_wrong_checks(["a", "x", "y", "d", "z"], rows, checks) is not None
    wrong = find_wrong_checks(["a", "x", "y", "d", "z"], rows, checks)
    assert wrong is not None
    assert (wrong.first, wrong.count) == (2, 2)
    for odd in ("3", "3-", "-12345678", "x-12345678", "³-12345678", checks[0].upper() + "0" if checks[0] else ""):
        found = find_wrong_checks(["a"], [5], [odd])
        assert found is not None
        assert found.count == 1
    assert find_wrong_checks(["a"], [None], [checks[0]]) is not None  # the check of a line without its row


def test_a_check_is_written_as_documented() -> None:
    """Files of today are read in years: the check of an id, a row and a batch never changes."""
    assert line_check("digit-0017", 17, 3) == "3-fba1b55e"
    assert line_check(17, 17, 3) == line_check("17", 17, 3)


def test_the_columns_of_a_batch_file() -> None:
    tasks = pa.table({"id": ["a", "b"], "row": [4, 2], "order": [0, 1], "round": [7, 7], "holder": ["v", "v"]})
    made = as_batch_file(tasks, [7, 7], pa.large_string())
    assert made.schema.names == [
        "id", "label", "ladle_id", "ladle_row", "ladle_batch", "ladle_order", "ladle_round", "ladle_holder",
        "ladle_check",
    ]  # fmt: skip
    assert made["label"].null_count == 2
    assert made["ladle_check"].to_pylist() == line_checks(["a", "b"], [4, 2], [7, 7])
