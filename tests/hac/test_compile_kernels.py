from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ladle.hac import compile_kernels

SCRIPT = """
import numpy as np, ladle
from contextlib import contextmanager
titles = []
class Titles:
    @contextmanager
    def task(self, title, total=None):
        titles.append(title)
        yield lambda units: None
ladle.cluster(np.random.default_rng(0).normal(size=(50, 3)), progress=Titles())
print(any("compiling" in title for title in titles))
"""


@pytest.mark.long
def test_compiling_is_announced_once_per_install(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    said = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert said == ["True", "False"]


@pytest.mark.parametrize("kept", [True, False])
def test_compiling_is_announced_where_no_kernel_is_kept(kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    titles: list[str] = []

    class Titles:
        @contextmanager
        def task(self, title: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
            titles.append(title)
            yield lambda units: None

    monkeypatch.setattr(compile_kernels, "is_kept", lambda kernel: kept)
    compile_kernels.prepare_kernels(Titles())
    assert titles.count(compile_kernels.TITLE) == (not kept)
