"""Exact nearest clusters on several processes, maybe of several machines: the lists of `BruteSearch` to the bit.

The members are cut into blocks of whole tiles. A task compares two blocks and returns the best that each member has
met; the caller merges these lists. Which of two equal scores comes first depends on the tiles alone. So the answer is
the same for any number of blocks and workers, and the same as that of one process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle import threads
from ladle._version import __version__
from ladle.compute import Executor, Task, TaskOutputs, run_tasks
from ladle.compute.outputs import clear_outputs
from ladle.geometry.frame import Frame, Means, frame_of
from ladle.neighbours.brute import BruteSearch, proven_candidates
from ladle.neighbours.contract import Candidates, NeighbourHints
from ladle.neighbours.kernels import WORST
from ladle.neighbours.precise import PACKED_ROWS, ClusterArrays
from ladle.neighbours.products import MEMBER_BLOCK, QUERY_BLOCK, Int32s, Packed
from ladle.neighbours.shard_plan import block_rows, is_worth_sharing, query_rows
from ladle.neighbours.shard_tasks import compare_blocks, compare_queries, merge_lists
from ladle.progress import Reporter


@dataclass(slots=True)
class ShardedSearch:
    """The exact search as tasks of an executor, as a `NeighbourSearch`.

    Searches for few clusters, and precise ones, run in this process: moving the vectors would take longer.

    Parameters
    ----------
    executor
        Runs the tasks.
    folder
        Where the outputs of the first search of all members are kept until the next search begins; None keeps nothing.
    least_products
        Searches of fewer multiply-adds run in this process.

    Notes
    -----
    Cost: that of `BruteSearch`, over the workers. Bytes moved and memory: see `ladle.neighbours.shard_plan`.

    Repeatability: the answer is that of `BruteSearch` to the bit, on processors that round matrix products alike.
    """

    executor: Executor
    folder: Path | None = None
    frame: Frame | None = None
    least_products: float | None = None
    moved_bytes: int = 0  # into the executor and back
    _searches: int = field(default=0)

    def nearest(
        self,
        means: Means,
        spreads: npt.NDArray[np.float64],
        *,
        members: Int32s,
        queries: Int32s,
        k: int,
        precise: bool,
        progress: Reporter,
        hints: NeighbourHints | None = None,
        remainders: Means | None = None,
        pause: Callable[[], None] | None = None,
    ) -> Candidates:
        """See `NeighbourSearch.nearest`."""
        if self._searches and not precise:
            self.close()  # the lists of the first search are in the caller's saved state by now
        products = float(len(queries)) * len(members) * means.shape[1]
        if precise or not is_worth_sharing(products, self.least_products):
            return BruteSearch(self.frame).nearest(
                means,
                spreads,
                members=members,
                queries=queries,
                k=k,
                precise=precise,
                progress=progress,
                remainders=remainders,
            )
        k = min(k, len(members) - 1)
        frame = frame_of(means, members) if self.frame is None else self.frame
        clusters = ClusterArrays.of(means, remainders, spreads)
        asking = clusters.packed(queries, np.dtype(np.float32), frame)
        scores = np.full((len(queries), k), WORST, np.float32)
        positions = np.full((len(queries), k), -1, np.int32)
        self._searches += 1
        with progress.task("nearest neighbours", len(queries)) as advance:
            if len(queries) == len(members):
                parts = self._every_pair(asking, k)
            else:
                parts = self._each_query(clusters, members, asking, np.searchsorted(members, queries), k, frame)
            for share, first, found, tiles in parts:
                here = slice(first, first + len(found[0]))
                merge_in_place(scores[here], positions[here], found, first, tiles)
                advance(len(queries) * share)
        return proven_candidates(asking, scores, positions, members, spreads[queries])

    def close(self) -> None:
        """Remove the outputs that were kept, once what was made of them is saved."""
        if self.folder is not None:
            clear_outputs(self.folder)

    def _every_pair(self, packed: Packed, k: int) -> Iterator[tuple[float, int, Any, int]]:
        """Lists of blocks of members: (share of all work, first position, (scores, positions), tiles)."""
        members = len(packed.points)
        blocks = threads.ranges(members, block_rows(members))
        tiles = len(threads.ranges(members, MEMBER_BLOCK))
        points = [self._share(packed.points[start:stop]) for start, stop in blocks]
        halves = [self._share(packed.halves[start:stop]) for start, stop in blocks]
        tasks = [
            Task(f"{i}-{j}", (points[i], halves[i], points[j], halves[j], (blocks[i][0], blocks[j][0], members, k)))
            for i in range(len(blocks))
            for j in range(i, len(blocks))
        ]
        for name, output in run_tasks(self.executor, compare_blocks, tasks, self._outputs(packed, k)):
            i, j = map(int, name.split("-"))
            self.moved_bytes += sum(each.nbytes for each in output.values())
            share = (1 if i == j else 2) / len(blocks) ** 2
            yield share, blocks[i][0], (output["scores"], output["positions"]), tiles
            if i != j:
                yield 0.0, blocks[j][0], (output["other_scores"], output["other_positions"]), tiles
        self.executor.release([*points, *halves])

    def _each_query(
        self,
        clusters: ClusterArrays,
        members: Int32s,
        asking: Packed,
        own: npt.NDArray[np.int64],
        k: int,
        frame: Frame,
    ) -> Iterator[tuple[float, int, Any, int]]:
        """The same for blocks of queries; all members count as one tile."""
        asked = threads.ranges(len(own), query_rows(len(own), self.executor.workers))
        parts = threads.ranges(len(members), PACKED_ROWS)
        for first, last in parts:
            part = clusters.packed(members[first:last], np.dtype(np.float32), frame)
            points, halves = self._share(part.points), self._share(part.halves)
            tasks = [
                Task(str(start), (points, halves, self._share(asking.points[start:stop]), own[start:stop], (first, k)))
                for start, stop in asked
            ]
            for name, output in self.executor.run(compare_queries, tasks):
                self.moved_bytes += sum(each.nbytes for each in output.values())
                share = len(output["scores"]) / len(own) * (last - first) / len(members)
                yield share, int(name), (output["scores"], output["positions"]), 1
            self.executor.release([points, halves, *(task.arguments[2] for task in tasks)])

    def _share(self, array: npt.NDArray[Any]) -> Any:
        self.moved_bytes += array.nbytes
        return self.executor.share(array)

    def _outputs(self, packed: Packed, k: int) -> TaskOutputs | None:
        """Where the outputs of the first search are kept. Later ones are short, and the caller saves its own state."""
        if self.folder is None or self._searches > 1:
            return None
        about = f"{__version__} {k} {packed.points.shape} {block_rows(len(packed.points))} {MEMBER_BLOCK} {QUERY_BLOCK}"
        digest = hashlib.blake2b(about.encode(), digest_size=16)
        digest.update(np.ascontiguousarray(packed.points).data)
        digest.update(np.ascontiguousarray(packed.halves).data)
        return TaskOutputs(self.folder, digest.hexdigest())


def merge_in_place(scores: npt.NDArray[np.float32], positions: Int32s, found: Any, first: int, tiles: int) -> None:
    """Merge the lists `found` (scores, positions) of rows that begin at `first` into the lists so far."""

    def merge(start: int, stop: int) -> None:
        rows = slice(start, stop)
        more_scores, more = found
        merge_lists(scores[rows], positions[rows], more_scores[rows], more[rows], first + start, MEMBER_BLOCK, tiles)

    threads.run_ranged(merge, len(scores))
