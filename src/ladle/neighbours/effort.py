"""How hard the cell join tries: the dials of `CellSearch`."""

from __future__ import annotations

from dataclasses import dataclass, field

BRUTE_COST = 2e10  # multiply-adds: a sixth of a second on two cores
HARD_COST = 8.5e12  # including what picking the nearest costs: 150,000 rows of dim 256, 220,000 of dim 50
# Picking the nearest out of the products, and merging, cost as much as so many more dimensions: 20,000 rows exactly
# take 1.9, 2.7 and 4.2 s of one core at dim 50, 128 and 256.
PICKING_DIMS = 120


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
    hard: float = 0.8  # found in those: else neighbours are hard to find
    # Found in cells: from here on, neighbours of neighbours are worth a test. The first one costs the more the worse
    # the lists are, so another partition comes before it where that costs a member few products (cheap).
    ready: float = 0.8
    ready_if_cheap: float = 0.88
    cheap: int = 4000  # at most: see `met`
    worth: float = 0.8  # of what is missing: a test that finds less is not followed by another, but by a partition
    most_partitions: int = 16
    # (partitions, cells of each) a cluster is compared with later; then with who is near those found.
    later: tuple[tuple[int, int], ...] = ((1, 8), (1, 16), (1, 32), (4, 4), (4, 8), (6, 8), (8, 8))
    later_if_dear: tuple[tuple[int, int], ...] = ((1, 8), (1, 16), (1, 32), (1, 48), (1, 64), (4, 8), (6, 8), (8, 8))
    # Once ready: the share of the members, those with the farthest neighbours, that turns to a further partition, and
    # to how many cells of it. To find every member's cell is what costs there; and late, anybody may miss one.
    far: tuple[float, int] = (0.5, 8)
    far_if_dear: tuple[float, int] = (0.5, 4)  # for the neighbours of what these find are tested next
    late: float = 0.98  # found: from here on
    far_late: tuple[float, int] = (0.8, 16)
    # Where neighbours are hard to find, every search is exact if the first takes no more multiply-adds.
    hard_cost: float = field(default_factory=lambda: HARD_COST)
    # The exact search is as quick up to so many multiply-adds.
    brute_cost: float = field(default_factory=lambda: BRUTE_COST)

    def met(self, members: int, cells: int) -> float:
        """Centroids and members that a member is compared with, for one partition."""
        return cells + self.probes * members / cells

    def dear(self, members: int, cells: int) -> bool:
        """Whether a further partition costs a member many products: beyond a million rows or so."""
        return self.met(members, cells) > self.cheap

    def enough(self, members: int, cells: int) -> float:
        """The recall found in cells from which on neighbours of neighbours are tested."""
        return self.ready if self.dear(members, cells) else self.ready_if_cheap

    def rungs(self, members: int, cells: int) -> tuple[tuple[int, int], ...]:
        """What to try for later searches, in this order: more cells before further partitions, where those are dear."""
        return self.later_if_dear if self.dear(members, cells) else self.later

    def further(self, found: float, members: int, cells: int) -> tuple[float, int]:
        """The share of the members that turns to a further partition, and to how many cells of it."""
        if found < self.enough(members, cells):
            return 1.0, self.probes
        if found >= self.late:
            return self.far_late
        return self.far_if_dear if self.dear(members, cells) else self.far
