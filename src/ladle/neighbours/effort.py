"""How hard the cell join tries: the parameters of `CellSearch`."""

from __future__ import annotations

from dataclasses import dataclass, field

BRUTE_COST = 2e10  # multiply-adds: a sixth of a second on two cores
HARD_COST = 8.5e12  # including what picking the nearest costs: 150,000 rows of dim 256, 220,000 of dim 50
# Picking the nearest out of the products, and merging, cost as much as so many more dimensions: 20,000 rows exactly
# take 1.9, 2.7 and 4.2 s of one core at dim 50, 128 and 256.
PICKING_DIMS = 120


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard the search tries: it adds partitions until it finds `recall` of a sample's neighbours.

    Each partition splits some neighbours from each other, and different ones: four cells of a new partition find more
    of the missing neighbours than thirty more cells of the old one.
    """

    recall: float = 0.97
    hard_recall: float = 0.0  # the recall where neighbours are hard to find, if that is more
    # Members a cell, on average; or sqrt(n / probes) where that is more: then a member meets as many centroids.
    cell_rows: int = 250
    probes: int = 4  # cells of each partition that a member is compared with, on average
    easy: float = 0.85  # with a lower recall in the first cells, half as many cells more are tried
    hard: float = 0.8  # with a lower recall in those, neighbours are hard to find
    # From this recall in cells on, neighbours of neighbours are tested. The first test costs more with worse lists, so
    # another partition comes before it where that costs a member few products (cheap).
    ready: float = 0.8
    ready_if_cheap: float = 0.88
    cheap: int = 4000  # products at most; see `comparisons`
    worth: float = 0.8  # of the missing neighbours: after a test that finds less, a partition follows and no other test
    most_partitions: int = 16
    # (partitions, cells of each) that a cluster is compared with later, before the walk along the lists.
    later: tuple[tuple[int, int], ...] = ((1, 8), (1, 16), (1, 32), (4, 4), (4, 8), (6, 8), (8, 8))
    later_if_dear: tuple[tuple[int, int], ...] = ((1, 8), (1, 16), (1, 32), (1, 48), (1, 64), (4, 8), (6, 8), (8, 8))
    # Once ready: the share of the members, those with the farthest neighbours, that a further partition serves, and
    # with how many of its cells. Finding every member's cell is the larger cost there.
    far: tuple[float, int] = (0.5, 8)
    far_if_dear: tuple[float, int] = (0.5, 4)  # neighbours of neighbours are tested next
    late: float = 0.98  # from this recall on, any member may miss a neighbour
    far_late: tuple[float, int] = (0.8, 16)
    # Where neighbours are hard to find, every search is exact if the first takes no more multiply-adds.
    hard_cost: float = field(default_factory=lambda: HARD_COST)
    # Up to so many multiply-adds the exact search is as quick.
    brute_cost: float = field(default_factory=lambda: BRUTE_COST)

    def comparisons(self, members: int, cells: int) -> float:
        """How many centroids and members a member is compared with, for one partition."""
        return cells + self.probes * members / cells

    def is_expensive(self, members: int, cells: int) -> bool:
        """Whether a further partition costs a member many products, as beyond about a million rows."""
        return self.comparisons(members, cells) > self.cheap

    def ready_recall(self, members: int, cells: int) -> float:
        """The recall in cells from which on neighbours of neighbours are tested."""
        return self.ready if self.is_expensive(members, cells) else self.ready_if_cheap

    def rungs(self, members: int, cells: int) -> tuple[tuple[int, int], ...]:
        """What later searches try, in this order: more cells before further partitions, where those are expensive."""
        return self.later_if_dear if self.is_expensive(members, cells) else self.later

    def further(self, recall: float, members: int, cells: int) -> tuple[float, int]:
        """The share of the members that a further partition serves, and with how many of its cells."""
        if recall < self.ready_recall(members, cells):
            return 1.0, self.probes
        if recall >= self.late:
            return self.far_late
        return self.far_if_dear if self.is_expensive(members, cells) else self.far
