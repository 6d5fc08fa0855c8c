"""Work row by row on a matrix larger than memory: its blocks of rows, in the one layout that the kernels take."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ladle.arrays import Embeddings, row_blocks
from ladle.threads import run_each

BLOCK_BYTES = 2 << 20  # of the float32 of a kernel: a block and its converted copy stay in the L2/L3 cache
BlockWork = Callable[[Embeddings, int], None]


def each_block(matrix: Embeddings, work: BlockWork) -> None:
    """Call `work(block, start)` on consecutive blocks of rows, on Ladle's threads; `start` is the block's first row.

    A block is C-contiguous, aligned, in native byte order, float32 (also for float16) or float64, and read-only. So
    each kernel is compiled for two types only. The block is a view if the matrix has that layout, otherwise a copy of
    its own rows. `work` may write to its own rows of the output only. When several blocks fail, the error of the first
    one in row order is raised.
    """
    dtype = np.float64 if matrix.dtype.itemsize == 8 else np.float32
    plain = np.asarray(matrix)  # still backed by the memory map; numba does not take the subclass

    def one(rows: slice) -> None:
        block = np.require(plain[rows], dtype, ["C", "A"]).view()
        block.flags.writeable = False
        work(block, rows.start)

    run_each(one, row_blocks(len(matrix), matrix.shape[1] * np.dtype(dtype).itemsize, BLOCK_BYTES))
