"""Arrays in memory, or in files without a name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ladle.errors import FileError
from ladle.memory import scratch
from ladle.memory.scratch import IN_MEMORY, Scratch


@pytest.fixture(autouse=True)
def _small_arrays_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "SMALL_BYTES", 100)


def test_an_array_in_a_file_is_an_array(tmp_path: Path) -> None:
    made = Scratch(tmp_path).empty((1000, 7), np.float32)
    assert type(made) is np.ndarray
    assert made.flags.c_contiguous
    assert made.flags.writeable
    made[:] = np.arange(7000).reshape(1000, 7)
    assert made.sum() == sum(range(7000))
    assert list(tmp_path.iterdir()) == []  # its file has no name


@pytest.mark.skipif(sys.platform != "linux", reason="counts open files in /proc")
def test_the_file_is_gone_with_the_array(tmp_path: Path) -> None:
    def mapped() -> int:
        return Path("/proc/self/maps").read_text().count(str(tmp_path))

    made = Scratch(tmp_path).empty((1000,), np.int64)
    kept = made[10:]
    del made
    assert mapped() == 1
    assert len(kept) == 990
    del kept
    assert mapped() == 0


def test_small_arrays_and_those_in_memory_have_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch.tempfile, "TemporaryFile", None)
    assert IN_MEMORY.empty((1000,), np.int64).shape == (1000,)
    assert Scratch(tmp_path).empty((10,), np.int8).shape == (10,)
    assert Scratch(tmp_path).empty((0, 5), np.int64).shape == (0, 5)


@pytest.mark.parametrize("on_disk", [True, False])
def test_some_rows_of_an_array(tmp_path: Path, on_disk: bool) -> None:
    array = np.random.default_rng(0).normal(size=(500, 3))
    rows = np.random.default_rng(1).integers(0, 500, 300)
    taken = (Scratch(tmp_path) if on_disk else IN_MEMORY).rows_of(array, rows)
    assert np.array_equal(taken, array[rows])


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"scratch folder .*nowhere must be writable .* 7\.8 KiB .*No such file"):
        Scratch(tmp_path / "nowhere").empty((1000,), np.int64)


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="space cannot be taken in advance here")
def test_a_full_disk_is_an_error_before_the_first_write(tmp_path: Path) -> None:
    # In a process of its own, as a limit on the size of files stays.
    code = f"""
import resource, signal
from pathlib import Path
import numpy as np
from ladle.errors import FileError
from ladle.memory.scratch import Scratch
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    Scratch(Path({str(tmp_path)!r})).empty((32 << 20,), np.int8)
except FileError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "32.0 MiB of room" in done.stdout
    assert "Make room, or name another folder." in done.stdout
