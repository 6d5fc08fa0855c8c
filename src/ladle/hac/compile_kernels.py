"""Compile the kernels before the work, once per install, under a title that says why it takes seconds."""

from __future__ import annotations

import numpy as np

from ladle.compiled import is_kept
from ladle.geometry.frame import Means
from ladle.hac.engine import kernels
from ladle.hac.engine.merges import StopRule, lift
from ladle.hac.engine.rounds import Rounds
from ladle.hac.intake import reorder
from ladle.hac.tree import kernels as tree_kernels
from ladle.neighbours import BruteSearch, CellSearch, Effort
from ladle.neighbours.kernels import join_neighbours
from ladle.progress import Reporter

TITLE = "compiling kernels (once per install)"
POINTS, DENSE = 64, 8  # enough for rounds, searches and the dense end to run once each


def is_compiled(*, cells: bool = False) -> bool:
    """Whether the cache on disk holds the kernels, or this process has compiled them.

    cells: whether the kernels of the approximate search are meant, which clusters in float32.
    """
    return is_kept(join_neighbours if cells else kernels.refresh)


def prepare_kernels(progress: Reporter, *, cells: bool = False) -> None:
    """Compile the kernels that a clustering runs, unless they are compiled. Cost: some seconds, once per install."""
    if is_compiled(cells=cells):
        return
    with progress.task(TITLE):
        drawn = np.random.default_rng(0).normal(size=(POINTS, 4))
        points: Means = drawn.astype(np.float32) if cells else drawn
        reorder(points, np.arange(POINTS))
        search = (
            CellSearch(effort=Effort(recall=1.1, cell_rows=8, brute_cost=0, hard_cost=0)) if cells else BruteSearch()
        )
        Rounds(points, np.ones(POINTS, np.int32), search, dense_clusters=DENSE).run(StopRule())
        pairs = np.array([[0, 1]])
        lift(pairs, np.ones(1), 2)
        tree_kernels.label_rows(tree_kernels.number_merges(pairs, 2), 2, 1)
