"""Row by row work on a matrix larger than memory: blocks of rows, handed to the kernels in one layout."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ladle.arrays import Embeddings, row_blocks
from ladle.threads import run_each

BLOCK_BYTES = 2 << 20  # of the kernel's float32: a block and its converted copy stay in the L2/L3 cache
BlockWork = Callable[[Embeddings, int], None]


def each_block(matrix: Embeddings, work: BlockWork) -> None:
    """Call `work(block, start)` on consecutive blocks of rows, on Ladle's threads; `start` is the block's first row.

    A block is C-contiguous, aligned, in native byte order, float32 (also for float16) or float64, and read-only:
    so each kernel is compiled for two types and no more. It is a view where the matrix already has that layout,
    a copy of the block's rows alone where it has not. `work` must write to its own rows of the output only. When
    several blocks fail, the error of the first one in row order is raised.
    """
    dtype = np.float64 if matrix.dtype.itemsize == 8 else np.float32
    plain = np.asarray(matrix)  # a memory map stays one underneath; only its subclass is shed, for numba

    def one(rows: slice) -> None:
        block = np.require(plain[rows], dtype, ["C", "A"]).view()
        block.flags.writeable = False
        work(block, rows.start)

    run_each(one, row_blocks(len(matrix), matrix.shape[1] * np.dtype(dtype).itemsize, BLOCK_BYTES))
