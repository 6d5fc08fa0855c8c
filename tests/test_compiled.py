"""Machine code on disk is never older than the files that it was made of."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ladle import compiled, kernel_cache
from ladle.strategies.coverage import kernels
from tests.house.rooms import SOURCE

# every_square stands in strategies/coverage/kernels.py; the distance that it computes, in neighbours/kernels.py.
CALLER = """
import numpy as np
from ladle.strategies.coverage.kernels import every_square
squares = np.empty((2, 2), np.float32)
every_square(np.array([[0.0], [3.0]]), squares, 0, 2)
print(squares[0, 1], sum(every_square.stats.cache_hits.values()))
"""
HELPER = re.compile(r"(def square_distance\(.*:\n)")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    shutil.copytree(SOURCE, tmp_path / "ladle", ignore=lambda _, names: [n for n in names if n.startswith("__pycache")])
    return tmp_path / "ladle"


def call(package: Path, **environment: str) -> tuple[float, int]:
    """The square that the caller finds in another process, and how often it took machine code from the disk."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA")}
    clean |= {"PYTHONPATH": str(package.parent), **environment}
    done = subprocess.run([sys.executable, "-c", CALLER], env=clean, capture_output=True, text=True, check=True)
    square, hits = done.stdout.split()
    return float(square), int(hits)


def caches(package: Path) -> list[Path]:
    return sorted(package.rglob("kernels.every_square-*.nb?"))


def test_an_edited_helper_changes_its_callers_in_other_files(package: Path) -> None:
    assert call(package) == (9, 0)
    assert call(package) == (9, 1)
    before = caches(package)
    helper = package / "neighbours" / "kernels.py"
    edited, count = HELPER.subn(r"\g<1>    return 7.0\n", helper.read_text())
    assert count == 1
    helper.write_text(edited)
    assert call(package) == (7, 0)
    after = caches(package)
    assert len(before) == len(after) == 2  # an index and one form each: what the edit made stale is gone
    assert not set(before) & set(after)
    for path in after:
        path.write_bytes(b"damaged")
    assert call(package) == (7, 0)
    assert call(package) == (7, 1)


def test_a_cache_of_an_earlier_version_is_not_read(package: Path) -> None:
    # Versions before the seal left files under numba's own name, and numba would take them.
    call(package)
    current = caches(package)
    for path in current:
        unsealed, count = re.subn(r"-[0-9a-f]{16}\.", ".", path.name)
        assert count == 1
        path.rename(path.with_name(unsealed))
    assert call(package) == (9, 0)
    assert caches(package) == current


@pytest.mark.parametrize("fault", [RuntimeError("no locator available"), AttributeError("another numba"), OSError()])
def test_where_there_can_be_no_cache_the_loop_is_compiled_anew(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise fault

    monkeypatch.setattr(kernel_cache, "KernelCache", refuse)
    twice = compiled.kernel(_twice)
    assert not compiled.is_kept(twice)
    assert twice(4) == 8
    assert compiled.is_kept(twice)  # by this process


def test_a_cache_that_cannot_be_written_costs_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path))
    twice: Any = compiled.kernel(_twice)
    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile._save_data", full)
    assert twice(4) == 8
    assert list(tmp_path.rglob("*.nb?")) == []


def test_a_kernel_on_disk_is_known_before_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path))
    assert not compiled.is_kept(compiled.kernel(_twice))
    compiled.kernel(_twice)(4)
    assert compiled.is_kept(compiled.kernel(_twice))
    for index in tmp_path.rglob("*.nbi"):
        index.rename(index.with_name("of.another.seal.nbi"))
    assert not compiled.is_kept(compiled.kernel(_twice))


def test_a_seal_changes_with_every_file_it_covers(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "PACKAGE", package)
    compiled._file_of.cache_clear()
    monkeypatch.setattr(compiled, "_file_of", compiled._file_of.__wrapped__)
    caller = package / "hac" / "engine" / "dense.py"
    covered = compiled.sources(caller)
    assert {path.relative_to(package).as_posix() for path in covered} >= {
        "hac/engine/dense.py", "hac/engine/kernels.py", "hac/engine/state.py", "neighbours/kernels.py",
        "neighbours/prefetch.py",
    }  # fmt: skip
    seals = {compiled.seal(caller)}
    for path in covered:
        path.write_text(path.read_text() + "\n# changed\n")
        seals.add(compiled.seal(caller))
    assert len(seals) == len(covered) + 1
    unrelated = package / "report" / "__init__.py"
    unrelated.write_text(unrelated.read_text() + "\n# changed\n")
    assert compiled.seal(caller) in seals


def test_fast_arithmetic_is_passed_on() -> None:
    assert compiled.kernel(fastmath={"reassoc"})(_twice).targetoptions["fastmath"] == {"reassoc"}  # type: ignore[attr-defined]
    assert kernels.every_square.targetoptions["nogil"]  # type: ignore[attr-defined]
    assert np.isnan(compiled.kernel(_twice)(np.nan))


def _twice(value: Any) -> Any:
    return value + value
