"""The order of margin sampling with at most so many rows of each cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ladle.arrays import Margins, Rows
from ladle.clusters import PoolClusters
from ladle.strategies.query.request import Request
from ladle.strategies.scored.candidates import smallest, sorted_by_margin

FIRST_LOOK = 1.5  # rows looked at first, for each place in the batch; four times as many in each look after it


@dataclass(frozen=True, slots=True, eq=False)
class CappedBatch:
    """A batch, rows (size,) int64 in order of choice; the passes that it took; how many rows were looked at."""

    rows: Rows
    passes: int
    looked_at: int

    def facts(self, margins: Margins, clusters: PoolClusters, request: Request) -> dict[str, Any]:
        """What a story says of it. margins (n,): those it was chosen by. Cost: O(n)."""
        chosen = margins[self.rows]
        cutoff = chosen.max()
        is_surer = margins >= cutoff
        is_surer[request.labelled] = True
        counts = np.unique(clusters.labels[self.rows], return_counts=True)[1]
        return {
            "margin_cutoff": float(cutoff),
            "passed_over": int(len(margins) - np.count_nonzero(is_surer) - np.count_nonzero(chosen < cutoff)),
            "passes": self.passes,
            "clusters_touched": len(counts),
            "largest_group": int(counts.max()),
        }


def capped(margins: Margins, clusters: PoolClusters, request: Request, cap: int) -> CappedBatch:
    """The unlabelled rows of smallest margin, smallest first, at most `cap` of each cluster in one pass.

    Where every cluster has reached the cap and the batch is not full, another pass goes through the rows that are left.
    Cost: O(n + k log k) for the k rows that are looked at: more and more, until the first pass fills the batch.
    """
    from ladle.strategies.clustered.kernels import place_in_cluster

    count = int(np.ceil(FIRST_LOOK * request.size))
    while True:
        count = min(count, request.unlabelled_rows)
        rows = sorted_by_margin(smallest(margins, request, count), margins, request)
        places = np.empty(count, np.int64)
        place_in_cluster(clusters.labels[rows], np.zeros(clusters.count, np.int64), places)
        first_pass = np.flatnonzero(places < cap)
        if len(first_pass) >= request.size:
            return CappedBatch(rows[first_pass[: request.size]], 1, count)
        if count == request.unlabelled_rows:
            order = np.argsort(places // cap, kind="stable")[: request.size]  # pass by pass, each in order of margins
            return CappedBatch(rows[order], int(places[order[-1]] // cap) + 1, count)
        count *= 4
