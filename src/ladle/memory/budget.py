"""Memory, disk and time, planned before work: what is available, what each step needs, and whether it fits.

Formulas are stated per row of the pool and live here, so that `ladle doctor` tells the same as the library enforces.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ladle.errors import ArgumentError, FileError, MemoryPlanError
from ladle.numbers import number

MEMORY_VARIABLE = "LADLE_MEMORY"
GIB = 1 << 30
_GROUPS = Path("/sys/fs/cgroup")  # control groups of Linux
_OWN_GROUPS = Path("/proc/self/cgroup")
_VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")  # limit, use, cache in the stat
_VERSION_2 = ("memory.max", "memory.current", "inactive_file")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": GIB, "T": 1 << 40}

# Exact clustering keeps means in float64 while they fit this, and in float32 beyond.
WIDE_MEANS_BYTES = GIB
# Approximate clustering keeps them in float64 up to this, beside the float32 copy that its search reads.
SMALL_MEANS_BYTES = 128 << 20
# Beyond, it keeps float32 means in place; its later searches pack the clusters left, this share of them.
_PACKED_SHARE = 0.6
# Candidate lists (230), the search's answers (150) and the state (90) of one row, beside its vectors; and once, the
# matrix of the last clusters (or of a small pool) and the blocks of the products.
# Measured by benchmarks/clustering/full_tree.py.
_CLUSTERING_ROW_BYTES = 470
# The same of approximate clustering, whose search keeps more on the way: 1,000,000 x 128 took 1,733 MiB in all
# (benchmarks/clustering/scale.py).
_CELLS_ROW_BYTES = 730
_CLUSTERING_FIXED_BYTES = 256 << 20
# With the vectors in files: 20 drawn rows of each of the sqrt(4 n) cells, twice; and a part of the rows at a time.
_DRAWN_ROWS = 2 * 20 * 2
_PART_BYTES = 256 << 20
# At once in such files, beside the vectors: a second writing of them in the order of their cells; later a byte for each
# coordinate, and what later searches pack or a checkpoint writes, which is less.
_SCRATCH_COPIES = 2
# A merge in a tree's file: two cluster numbers of 8 bytes and a height of 8.
_MERGE_BYTES = 24
# A checkpoint, a row: candidates, parents, linkages and the merges so far; beside the means of clusters that merged,
# which are at most half as many as the rows.
_CHECKPOINT_ROW_BYTES = 200
# The same between the steps of an approximate search, with what it has found so far.
_CELLS_CHECKPOINT_ROW_BYTES = 330
# Selection, a row: margin 4, clusters 4, partial sort 12, tree (merges 16, heights 8), the cut 16.
_SELECTION_ROW_BYTES = 60
# An id: an integer takes 8; text is estimated at 8 for its offset and 24 for its bytes.
_ID_BYTES = 32


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """What one step needs beside what is already loaded, against what is available (None: not known here)."""

    step: str
    needed_bytes: int
    available_bytes: int | None

    @property
    def fits(self) -> bool:
        """Whether the step fits; an unknown amount available counts as enough."""
        return self.available_bytes is None or self.needed_bytes <= self.available_bytes


@dataclass(frozen=True, slots=True)
class Timing:
    """What one clustering to mean size 10 took: rows, dim, seconds."""

    rows: int
    dim: int
    seconds: float


# Of one machine and day (LOG.md, 2026-11-26), one thread; estimates scale these, so put new figures here.
# Each pair is easy data (topics: clear clusters) and hard data (words: mean token vectors of short texts). The speed is
# that of the same machine, as `ladle doctor` times it.
_TIMED_PRODUCTS_PER_SECOND = 76e9
_EXACT_TIMINGS = (Timing(100_000, 128, 23.9), Timing(100_000, 256, 45.1))
_CELLS_TIMINGS = (Timing(1_000_000, 128, 65.5), Timing(870_000, 256, 364.9))
# Time grows with such a power of the rows: of approximate clusterings, what was measured from 100,000 to 10,000,000
# rows (steeper at the end, flatter at the beginning).
_EXACT_POWER, _CELLS_POWER = 2.0, 1.4
# With the vectors in files, a sixth of them at hand: 1,000,000 x 512 in 356 s instead of 193.
_ON_DISK_SLOWER = 1.8
# Picking the nearest out of the products, and merging, cost as much as so many further dimensions: 20,000 rows exactly
# take 1.9, 2.7 and 4.2 s of one core at dim 50, 128 and 256.
PICKING_DIMS = 120


def clustering_bytes(n: int, d: int, *, exact: bool = True, on_disk: bool = False) -> int:
    """Working memory of clustering n rows of dim d, in bytes; the pool is streamed and does not count.

    Exact: float64 means (float32 ones beyond 1 GiB) and the float32 copy that the matrix products read. Approximate
    (exact=False): float32 means (float64 ones and a copy up to 128 MiB) and the clusters that later searches pack.
    Both: the bookkeeping of each row, and 256 MiB once. on_disk: that the vectors of an approximate clustering are in
    files, of `scratch_bytes`.
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
    """Whether clustering n rows of dim d puts its vectors into files: where memory holds all but them.

    An approximate one only: an exact search reads them all again and again.
    """
    available = available_bytes()
    return (
        not exact
        and available is not None
        and clustering_bytes(n, d, exact=False, on_disk=True) <= available < clustering_bytes(n, d, exact=False)
    )


def clustering_seconds(
    n: int, d: int, *, exact: bool, products_per_second: float, on_disk: bool = False
) -> tuple[float, float]:
    """About how long clustering n rows of dim d takes, on easy and on hard data.

    products_per_second: float32 multiply-adds of all threads on the machine in question. Exact work grows with n^2,
    approximate work with n^1.4. on_disk: as in `clustering_bytes`. An estimate: the machine's memory, its disk and the
    data matter too.
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


def tree_file_bytes(n: int, carried_bytes: int = 0) -> int:
    """Disk for the tree of n rows, at most, in bytes; `carried_bytes` are those of the prototypes it carries."""
    return n * _MERGE_BYTES + carried_bytes


def checkpoint_file_bytes(n: int, d: int, *, exact: bool) -> int:
    """Disk for the checkpoint of clustering n rows of dim d, in bytes, at most: it is twice there while replaced."""
    itemsize = 8 if exact and n * d * 8 <= WIDE_MEANS_BYTES else 4
    return 2 * n * (itemsize * d // 2 + (_CHECKPOINT_ROW_BYTES if exact else _CELLS_CHECKPOINT_ROW_BYTES))


def selection_bytes(n: int) -> int:
    """Working memory of choosing one batch from n rows, in bytes; scores are streamed and do not count."""
    return n * (_SELECTION_ROW_BYTES + _ID_BYTES)


def plan(n: int, d: int, *, exact: bool = True) -> tuple[MemoryPlan, ...]:
    """Memory plans of the steps on a pool of n rows and dim d, which is streamed from its file."""
    available = available_bytes()
    on_disk = goes_to_disk(n, d, exact=exact)
    return (
        MemoryPlan("cluster", clustering_bytes(n, d, exact=exact, on_disk=on_disk), available),
        MemoryPlan("select", selection_bytes(n), available),
    )


def require(needed_bytes: int, subject: str, *, remedy: str) -> None:
    """Refuse work that would not fit. Raises: MemoryPlanError."""
    available = available_bytes()
    if available is None or needed_bytes <= available:
        return
    raise MemoryPlanError(
        subject,
        wanted=f"fit the {bytes_text(available)} of memory available",
        got=f"{bytes_text(needed_bytes)} needed",
        remedy=remedy,
    )


def require_disk(needed_bytes: int, folder: Path, *, purpose: str, remedy: str) -> None:
    """Refuse work whose files would not fit the disk of `folder`. purpose: what the files are.

    Raises: MemoryPlanError; FileError for no folder.
    """
    try:
        free = shutil.disk_usage(folder).free
    except OSError as cause:
        raise FileError(f"the folder {folder}", wanted="be there", got=cause.strerror or str(cause)) from cause
    if needed_bytes > free:
        raise MemoryPlanError(
            f"the disk of {folder}",
            wanted=f"have {bytes_text(needed_bytes)} free: {purpose}",
            got=bytes_text(free),
            remedy=remedy,
        )


def available_bytes() -> int | None:
    """Memory that may still be taken: `LADLE_MEMORY` if set (such as "8GiB"), else the smaller of what the system
    and this process's control group have left; None where neither tells.
    """
    text = os.environ.get(MEMORY_VARIABLE, "").strip()
    if text:
        return parse_bytes(text, f"the environment variable {MEMORY_VARIABLE}")
    known = [amount for amount in (_meminfo("MemAvailable"), _group_left()) if amount is not None]
    return min(known) if known else total_bytes()


def total_bytes() -> int | None:
    """Memory of the machine, or None where it cannot be told."""
    total = _meminfo("MemTotal")
    if total is not None:
        return total
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def parse_bytes(text: str, subject: str = "the amount of memory") -> int:
    """ "8GiB", "512M" or "1000000" as bytes; units are powers of 1,024. Raises: ArgumentError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if match is None:
        raise ArgumentError(subject, wanted='be an amount such as "8GiB"', got=repr(text))
    amount = float(match[1]) * _UNITS[match[2].upper()]
    return int(number(amount, subject, most=2.0**62, wanted='be an amount such as "8GiB"'))


def bytes_text(amount: int) -> str:
    """An amount of memory for people: "7.6 GiB"."""
    for unit, size in (("TiB", 1 << 40), ("GiB", GIB), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if amount >= size:
            return f"{amount / size:.1f} {unit}"
    return f"{amount} B"


def _meminfo(field: str) -> int | None:
    try:
        match = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(match[1]) * 1024 if match else None


def _group_left() -> int | None:
    """What this process's control group has left, or one above it, whichever is less: cluster jobs have their own."""
    left = [amount for folder, names in _groups() if (amount := _left_in(folder, *names)) is not None]
    return min(left) if left else None


def _groups() -> Iterator[tuple[Path, tuple[str, str, str]]]:
    """The folders of the groups this process is in, up to the outermost to be seen, with the names of their files."""
    yield _GROUPS, _VERSION_2
    yield _GROUPS / "memory", _VERSION_1
    try:
        lines = _OWN_GROUPS.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        root, names = (_GROUPS / "memory", _VERSION_1) if controllers else (_GROUPS, _VERSION_2)
        if not controllers or "memory" in controllers.split(","):
            inner = root / path.strip("/")
            yield from ((folder, names) for folder in (inner, *inner.parents) if root in folder.parents)


def _left_in(folder: Path, limit: str, used: str, cache: str) -> int | None:
    """Memory left in one group; None where it has no limit, or is not to be seen."""
    try:
        most, now = int((folder / limit).read_text()), int((folder / used).read_text())
        match = re.search(rf"^{cache} (\d+)", (folder / "memory.stat").read_text(), re.MULTILINE)
    except (OSError, ValueError):  # absent, or "max": no limit
        return None
    # Cached file pages are given back on demand, as MemAvailable counts them too.
    return max(0, most - now + (int(match[1]) if match else 0))
