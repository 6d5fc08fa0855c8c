"""Rows of files asked for before they are used."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ladle.memory import scratch
from ladle.memory.fetch import MOST_BYTES, fetch_rows, file_of, page_runs, read_at_random
from ladle.memory.scratch import IN_MEMORY, Scratch

PAGE = mmap.PAGESIZE


@given(st.lists(st.integers(0, 60 * PAGE), unique=True), st.integers(1, 3 * PAGE))
def test_runs_hold_every_byte_once_and_no_page_more(begins: list[int], length: int) -> None:
    begins = sorted(begins)
    pages = [
        page
        for first, size in page_runs(np.array(begins, np.int64), length)
        for page in range(first, first + size, PAGE)
    ]
    used = {
        byte // PAGE * PAGE for begin in begins for byte in (*range(begin, begin + length, PAGE), begin + length - 1)
    }
    assert pages == sorted(used)
    runs = page_runs(np.array(begins, np.int64), length)
    assert all(stop < start for stop, start in zip([f + s for f, s in runs], [f for f, _ in runs][1:], strict=False))


def test_arrays_in_memory_are_left_alone() -> None:
    array = np.zeros((50, 3))
    assert file_of(array) is None
    assert file_of(array[3:]) is None
    read_at_random(array)
    fetch_rows(array, np.array([1, 2]))
    assert file_of(IN_MEMORY.empty((9,), np.int8)) is None


def test_a_view_of_a_file_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "SMALL_BYTES", 100)
    array = Scratch(tmp_path).empty((100, 30), np.float32)
    assert file_of(array) is not None
    assert file_of(array[5:].view()) is file_of(array)
    for rows in (slice(0, 0), slice(90, None), np.array([], np.int64), np.array([7, 7, 3], np.int32)):
        fetch_rows(array, rows)
    fetch_rows(array[:0], slice(None))


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what is in memory")
@pytest.mark.parametrize("shift", [0, 3])
def test_what_is_asked_for_is_in_memory_and_nothing_else(tmp_path: Path, shift: int) -> None:
    path = tmp_path / "rows"
    whole = np.memmap(path, np.float32, "w+", shape=(4_096, 1_500))
    whole[:] = 1.0
    whole.flush()
    del whole
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        mapped = np.memmap(file, np.float32, "r+", shape=(4_096, 1_500))
    array = mapped[shift:]
    read_at_random(array)
    if resident(mapped).any():
        pytest.skip("this file system keeps files in memory")
    rows = np.array([900, 7, 3_000, 8, 7])
    fetch_rows(array, rows)
    fetch_rows(array, slice(1_000, 1_000 + 3 * MOST_BYTES // 6_000))
    asked = np.concatenate([rows, np.arange(1_000, 1_000 + 3 * MOST_BYTES // 6_000)]) + shift
    wanted = np.zeros(len(resident(mapped)), bool)
    for row in asked:
        wanted[row * 6_000 // PAGE : ((row + 1) * 6_000 - 1) // PAGE + 1] = True
    assert array[rows].sum() == rows.size * 1_500  # waits until they are read
    assert array[1_000 : 1_000 + 3 * MOST_BYTES // 6_000].mean() == 1.0
    assert np.array_equal(resident(mapped), wanted)


def resident(mapped: np.ndarray) -> np.ndarray:
    """Which pages of a file are in memory, by mincore."""
    pages = np.zeros(-(-mapped.nbytes // PAGE), np.uint8)
    done = ctypes.CDLL(None, use_errno=True).mincore(
        ctypes.c_void_p(mapped.ctypes.data), ctypes.c_size_t(mapped.nbytes), pages.ctypes.data_as(ctypes.c_void_p)
    )
    assert done == 0, os.strerror(ctypes.get_errno())
    return (pages & 1).astype(bool)
