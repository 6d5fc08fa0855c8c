"""How hard the cell join tries: the dials of `CellSearch`."""

from __future__ import annotations

from dataclasses import dataclass, field

BRUTE_COST = 2e10  # multiply-adds: a sixth of a second on two cores
HARD_COST = 8.5e12  # and what picking the nearest costs: 150,000 rows of dim 256, 220,000 of dim 50


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard the search tries: partition after partition, until it finds `recall` of a sample's neighbours.

    A partition splits some neighbours from each other, another one splits others: four cells of a new one find more of
    the missing than thirty more cells of the old one.
    """

    recall: float = 0.97
    hard_recall: float = 0.0  # where neighbours are hard to find, if that is more
    # Members a cell, on average, or more: where sqrt(n / probes) is more, a member meets as many centroids as members.
    cell_rows: int = 250
    probes: int = 4  # cells of each partition a member is compared with, on average
    easy: float = 0.85  # found in the first cells: else they may be half as many again
    hard: float = 0.8  # found in those: else lists are kept twice as long as asked for while they grow
    ready: float = 0.8  # found in cells: from here on, neighbours of neighbours are worth a test
    most_partitions: int = 12
    # (partitions, cells of each) a cluster is compared with later; then with who is near those found.
    later: tuple[tuple[int, int], ...] = ((1, 8), (1, 16), (1, 32), (4, 4), (4, 8), (6, 8), (8, 8))
    far: float = 0.5  # of the members, those with the farthest neighbours, turn to further partitions once ready
    # Where neighbours are hard to find, every search is exact if the first takes no more multiply-adds.
    hard_cost: float = field(default_factory=lambda: HARD_COST)
    # The exact search is as quick up to so many multiply-adds.
    brute_cost: float = field(default_factory=lambda: BRUTE_COST)
