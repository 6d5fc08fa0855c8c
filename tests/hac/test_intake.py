"""Rows are read block by block, and nothing of a block outlives it."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from ladle.hac.intake import PoolSurvey, RowSource, points_of, survey
from ladle.progress import SILENT

BLOCK_ROWS, BLOCKS, DIM = 200, 60, 500


@pytest.mark.parametrize("metric", ["cosine", "sqeuclidean"])
def test_a_pass_holds_a_few_blocks_at_a_time(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LADLE_THREADS", "1")
    block = np.random.default_rng(0).normal(size=(BLOCK_ROWS, DIM))

    def blocks_of(block_bytes: int):  # the same rows again and again: few are distinct
        for start in range(0, BLOCKS * BLOCK_ROWS, BLOCK_ROWS):
            yield slice(start, start + BLOCK_ROWS), block

    source = RowSource(BLOCKS * BLOCK_ROWS, DIM, block.dtype, blocks_of)

    def read() -> PoolSurvey:
        facts = survey(source, metric, SILENT)
        points_of(source, facts.distinct, None, facts.exact_frame(), block.dtype, SILENT)
        return facts

    tracemalloc.start()
    facts = read()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(facts.distinct.rows) == BLOCK_ROWS
    assert peak < 12 * block.nbytes < BLOCKS * block.nbytes / 4
