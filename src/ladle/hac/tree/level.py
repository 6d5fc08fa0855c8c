"""Where a tree is cut: the three levels, their checks, and the heights that count as equal to a threshold.

It imports nothing heavy, so that the command line and the protocol files name the levels from here too.
"""

from __future__ import annotations

from dataclasses import dataclass

from ladle.errors import ArgumentError

LEVELS = ("mean_size", "threshold", "n_clusters")  # keyword arguments; at most one of them is given
DEFAULT_MEAN_SIZE = 10  # rows a cluster, where no level is named

ROUNDING = 1e-12  # share of a height by which two orders of float64 sums may differ
COSINE_ROUNDING = 4e-15  # of 1 - cosine, where that is computed from a product near 1


@dataclass(frozen=True, slots=True)
class Level:
    """Where to cut a tree: exactly one of the three attributes is set.

    Attributes
    ----------
    mean_size
        Mean rows a cluster, 1 or larger: n rows make n / mean_size clusters, rounded down.
    threshold
        The largest height that is merged, 0 or larger, in the unit of the tree's metric.
    n_clusters
        The number of clusters, 1 or larger.

    Raises
    ------
    ArgumentError
        For no level, for several, and for a value that is no number or out of range.
    """

    mean_size: float | None = None
    threshold: float | None = None
    n_clusters: int | None = None

    def __post_init__(self) -> None:
        from ladle.numbers import number, whole  # here, because it imports numpy

        names = [name for name in LEVELS if getattr(self, name) is not None]
        if len(names) != 1:
            raise ArgumentError(
                "a level", wanted=f"be exactly one of {', '.join(LEVELS)}", got=", ".join(names) or "none"
            )
        checked: float
        if self.mean_size is not None:
            checked = number(self.mean_size, "`mean_size`", least=1, wanted="be 1 or more")
        elif self.threshold is not None:
            checked = number(self.threshold, "`threshold`", least=0, wanted="be 0 or more")
        else:
            checked = whole(self.n_clusters, "`n_clusters`", least=1, wanted="be a whole number, 1 or more")
        object.__setattr__(self, names[0], checked)

    @classmethod
    def of(
        cls, mean_size: float | None = None, threshold: float | None = None, n_clusters: int | None = None
    ) -> Level | None:
        """Make the level of three keyword arguments, of which at most one is given.

        Parameters
        ----------
        mean_size, threshold, n_clusters
            As the attributes of that name.

        Returns
        -------
        Level or None
            None where all three are None.

        Raises
        ------
        ArgumentError
            As `Level`.
        """
        if mean_size is None and threshold is None and n_clusters is None:
            return None
        return cls(mean_size, threshold, n_clusters)

    @classmethod
    def default(cls) -> Level:
        """Make the level of a cut that names none: 10 rows a cluster.

        Returns
        -------
        Level
            That of `DEFAULT_MEAN_SIZE`.
        """
        return cls(mean_size=DEFAULT_MEAN_SIZE)

    def clusters_of(self, n: int) -> int | None:
        """Count the clusters that n rows make at this level.

        Parameters
        ----------
        n
            Rows of the pool, 1 or more.

        Returns
        -------
        int or None
            None for a threshold, where only the heights decide.

        Raises
        ------
        ArgumentError
            When `n_clusters` is larger than n.
        """
        if self.mean_size is not None:
            return max(1, int(n / self.mean_size))
        if self.n_clusters is not None and self.n_clusters > n:
            raise ArgumentError("`n_clusters`", wanted=f"be at most the {n:,} rows", got=f"{self.n_clusters:,}")
        return None if self.n_clusters is None else int(self.n_clusters)


def largest_equal_height(threshold: float, metric: str, rounding: float) -> float:
    """The largest height that counts as at most `threshold`, where heights are rounded by this share of them.

    Up to 5,000 rows under squared Euclidean distance, heights are those of SciPy to the last bit, and `rounding` is 0.
    Elsewhere two correct sums in float64 differ by less than 1e-12 of a height. Cosine distances that other programs
    compute are 1 less a product, whose rounding is up to 4e-15 whatever the distance.
    """
    absolute = min(COSINE_ROUNDING, threshold) if metric == "cosine" else 0.0
    return threshold + rounding * threshold + absolute
