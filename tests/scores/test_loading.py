"""Numba is loaded by the first score computed, not by the import; and the kernels stand being called at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import ladle


def test_importing_scores_and_strategies_leaves_numba_out() -> None:
    code = (
        "import sys, ladle; ladle.margin, ladle.ClusterMargin, ladle.strategies.names(); "
        "sys.exit('numba' in sys.modules or 'scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_several_threads_may_ask_at_once() -> None:
    P = np.random.default_rng(0).dirichlet(np.ones(10), 20_000).astype(np.float32)
    wanted = ladle.margin(P)
    with ThreadPoolExecutor(8) as executor:
        for margins in executor.map(ladle.margin, [P] * 16):
            np.testing.assert_array_equal(margins, wanted)
