"""Memory, disk and time of a clustering, planned before it begins.

The formulas are stated per row of the pool. `ladle doctor` shows them, `ladle.cluster` enforces the memory, and
`ladle cluster` the disks too.
"""

from __future__ import annotations

from dataclasses import dataclass

from ladle.memory.budget import GIB, MemoryPlan, available_bytes, require
from ladle.neighbours.effort import PICKING_DIMS

BRUTE_ROWS = 100_000  # up to here the exact engine is the default: it takes half a minute on two cores
CARRIED_BYTES = GIB  # of prototypes that a tree carries by default

# Exact clustering keeps means in float64 while they fit this, and in float32 beyond.
WIDE_MEANS_BYTES = GIB
# Approximate clustering keeps means in float64 up to this, beside the float32 copy that its search reads.
SMALL_MEANS_BYTES = 128 << 20
# Beyond that it keeps float32 means in place, and its later searches pack the clusters left: this share of them.
_PACKED_SHARE = 0.6
# For each row, beside its vectors: candidate lists (230), the answers of the search (150) and the state (90). And once:
# the matrix of the last clusters, or of a small pool, and the blocks of the products. Measured by
# benchmarks/clustering.
_CLUSTERING_ROW_BYTES = 470
# The same for approximate clustering, whose search keeps more meanwhile: 1,000,000 x 128 took 1,733 MiB in all.
_CELLS_ROW_BYTES = 730
_CLUSTERING_FIXED_BYTES = 256 << 20
# With the vectors in files: 20 drawn rows of each of the sqrt(4 n) cells, twice, and a part of the rows at a time.
_DRAWN_ROWS = 2 * 20 * 2
_PART_BYTES = 256 << 20
# Such files hold the vectors twice at once: a second time in the order of their cells. What the files hold later, a
# byte for each coordinate and the copies of later searches or of a checkpoint, is less.
_SCRATCH_COPIES = 2
# A merge in a tree's file: two cluster numbers of 8 bytes and a height of 8.
_MERGE_BYTES = 24
# A row in a checkpoint: candidates, parents, linkages and the merges so far. The means of clusters that have merged
# come on top; there are at most half as many of them as rows.
_CHECKPOINT_ROW_BYTES = 200
# The same between the steps of an approximate search, with the neighbours it has found so far.
_CELLS_CHECKPOINT_ROW_BYTES = 330


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one clustering to mean size 10 took: rows, dim, seconds."""

    rows: int
    dim: int
    seconds: float


# Measured on one machine and day with one thread (docs/log/clustering.md, 2026-11-26). Estimates scale these: put new
# figures here. Each pair is easy data (topics: clear clusters) and hard data (words: mean token vectors of short
# texts). The speed is that of the same machine, as `ladle doctor` times it.
_TIMED_PRODUCTS_PER_SECOND = 76e9
_EXACT_TIMINGS = (Timing(100_000, 128, 23.9), Timing(100_000, 256, 45.1))
_CELLS_TIMINGS = (Timing(1_000_000, 128, 65.5), Timing(870_000, 256, 364.9))
# Time grows with these powers of the rows. That of approximate clusterings was measured from 100,000 to 10,000,000
# rows; it is steeper at the end and flatter at the beginning.
_EXACT_POWER, _CELLS_POWER = 2.0, 1.4
# With the vectors in files and memory for a sixth of them: 1,000,000 x 512 took 356 s instead of 193.
_ON_DISK_SLOWER = 1.8


def uses_exact(n: int, exact: bool | None) -> bool:
    """Whether a pool of n rows is clustered by the exact engine; `exact` as `ladle.cluster` takes it."""
    return n <= BRUTE_ROWS if exact is None else exact


def clustering_bytes(n: int, d: int, *, exact: bool = True, on_disk: bool = False) -> int:
    """Working memory of clustering n rows of dim d, in bytes; the pool is streamed and does not count.

    Exact: float64 means (float32 ones beyond 1 GiB) and the float32 copy that the matrix products read. Approximate
    (exact=False): float32 means (float64 ones and a copy up to 128 MiB) and the clusters that later searches pack.
    Both: the bookkeeping of each row, and 256 MiB once. on_disk: whether the vectors of an approximate clustering are
    in files, of `scratch_bytes`.
    """
    if on_disk:
        drawn = int(_DRAWN_ROWS * n**0.5) * 4 * d
        return _CLUSTERING_FIXED_BYTES + _PART_BYTES + drawn + n * _CELLS_ROW_BYTES
    if exact:
        row = (8 * d if n * d * 8 <= WIDE_MEANS_BYTES else 4 * d) + 4 * d + _CLUSTERING_ROW_BYTES
    else:
        means = 12 * d if n * d * 8 <= SMALL_MEANS_BYTES else 4 * d
        row = means + int(_PACKED_SHARE * 4 * d) + _CELLS_ROW_BYTES
    return _CLUSTERING_FIXED_BYTES + n * row


def scratch_bytes(n: int, d: int) -> int:
    """Disk for the vectors of an approximate clustering that does not fit memory, while it runs, in bytes."""
    return _SCRATCH_COPIES * 4 * n * d


def goes_to_disk(n: int, d: int, *, exact: bool) -> bool:
    """Whether clustering n rows of dim d puts its vectors into files: memory holds all but them.

    Only an approximate clustering does: an exact search reads all vectors again and again.
    """
    available = available_bytes()
    return (
        not exact
        and available is not None
        and clustering_bytes(n, d, exact=False, on_disk=True) <= available < clustering_bytes(n, d, exact=False)
    )


def memory_plan(n: int, d: int, *, exact: bool = True) -> MemoryPlan:
    """The memory plan of clustering n rows of dim d."""
    on_disk = goes_to_disk(n, d, exact=exact)
    return MemoryPlan("cluster", clustering_bytes(n, d, exact=exact, on_disk=on_disk), available_bytes())


def require_memory(n: int, d: int, *, exact: bool, subject: str = "", remedy: str = "") -> None:
    """Refuse to cluster n rows of dim d where memory has no room, even with the vectors in files.

    subject, remedy: said in the error in place of the usual. Raises: MemoryPlanError.
    """
    fits = exact and memory_plan(n, d, exact=False).fits
    smaller = ", exact=False (--approximate)" if fits else ""
    require(
        memory_plan(n, d, exact=exact).needed_bytes,
        subject or f"clustering {n:,} examples of dim {d:,}",
        remedy=remedy
        or f"Use a larger machine{smaller} or fewer dimensions; LADLE_MEMORY=64GiB sets the limit by hand.",
    )


def clustering_seconds(
    n: int, d: int, *, exact: bool, products_per_second: float, on_disk: bool = False
) -> tuple[float, float]:
    """About how long clustering n rows of dim d takes, on easy and on hard data.

    products_per_second: float32 multiply-adds of all threads on the machine in question. Exact work grows with n^2,
    approximate work with n^1.4. on_disk: as in `clustering_bytes`. This is an estimate: the machine's memory, its disk
    and the data matter too.
    """
    easy, hard = (
        timing.seconds
        * (n / timing.rows) ** (_EXACT_POWER if exact else _CELLS_POWER)
        * (d + PICKING_DIMS)
        / (timing.dim + PICKING_DIMS)
        for timing in (_EXACT_TIMINGS if exact else _CELLS_TIMINGS)
    )
    slower = _TIMED_PRODUCTS_PER_SECOND / products_per_second * (_ON_DISK_SLOWER if on_disk else 1.0)
    return easy * slower, hard * slower


def prototype_bytes(clusters: int, dim: int, rows: int) -> int:
    """Memory and disk for the prototypes of so many clusters of a pool, in bytes."""
    return clusters * (8 * dim + 12) + 8 * (rows + dim)


def carried_bytes(clusters: int, dim: int, rows: int, prototypes: bool | None = None) -> int:
    """What the prototypes that a new tree carries take: 0 for none. prototypes: as `ladle.cluster` takes it."""
    size = prototype_bytes(clusters, dim, rows)
    return size if (size <= CARRIED_BYTES if prototypes is None else prototypes) else 0


def tree_file_bytes(n: int, carried: int = 0) -> int:
    """Disk for the tree of n rows, at most, in bytes; carried: as of `carried_bytes`."""
    return n * _MERGE_BYTES + carried


def checkpoint_file_bytes(n: int, d: int, *, exact: bool) -> int:
    """Disk for the checkpoint of clustering n rows of dim d, in bytes, at most: it is there twice while replaced."""
    itemsize = 8 if exact and n * d * 8 <= WIDE_MEANS_BYTES else 4
    return 2 * n * (itemsize * d // 2 + (_CHECKPOINT_ROW_BYTES if exact else _CELLS_CHECKPOINT_ROW_BYTES))
