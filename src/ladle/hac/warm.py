"""Compiling the kernels, once per install, where people can see why they wait."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ladle.hac import kernels, tree_kernels
from ladle.hac.rounds import Rounds, Stop
from ladle.neighbours import BruteSearch
from ladle.progress import Progress

TITLE = "compiling kernels (once per install)"
POINTS, DENSE = 64, 8  # enough for rounds, searches and the dense end to be run once each


def compiled() -> bool:
    """Whether numba's cache on disk holds the kernels, or this process compiled them."""
    if kernels.refresh.signatures:
        return True
    folder = Path(str(kernels.refresh.stats.cache_path))
    return any(folder.glob(f"*.{kernels.refresh.py_func.__name__}-*.nbi"))


def warm(progress: Progress) -> None:
    """Compile what a clustering runs, unless that was done before. Cost: some seconds, once per install."""
    if compiled():
        return
    with progress.task(TITLE):
        points = np.random.default_rng(0).normal(size=(POINTS, 4))
        Rounds(points, np.ones(POINTS, np.int32), BruteSearch(), dense_clusters=DENSE).run(Stop())
        pairs = np.array([[0, 1]])
        tree_kernels.lift(pairs, np.ones(1), 2)
        tree_kernels.label_rows(tree_kernels.number(pairs, 2), 2, 1)
