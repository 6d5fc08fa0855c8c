"""Learners of homogeneous separators in rounds of k labels: how many labels each takes to an error.

All learners answer with the same hypothesis: the centre of the version space, which agrees with all labels. So they
differ only in what they ask. The first batch of each is drawn from the distribution.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ladle.numbers import choice, number, whole
from ladle.seeds import check_seed, child_seed, stream
from ladle.theory import samplers
from ladle.theory.distributions import Disagreement, Distribution
from ladle.theory.version_space import VersionSpace

Vectors = npt.NDArray[np.float64]
DELTA = 0.1  # of the margin-based schedule: the chance of failure that it allows
BAND_FACTOR = 1.0  # C1 of Balcan & Long: round i asks within the band of half-width C1 2^-i
ROUND_FACTOR = 2.0  # C2: round i takes C2 (d + ln((1 + s - i) / delta)) labels


@dataclass(frozen=True, slots=True)
class LabelCurve:
    """What a learner knew after each of its batches.

    Attributes
    ----------
    labels : tuple of int
        Labels used, ascending.
    errors : tuple of Disagreement
        Of the hypothesis after so many labels.
    reached : bool
        Whether the last error is at most the error that was asked for.
    """

    labels: tuple[int, ...]
    errors: tuple[Disagreement, ...]
    reached: bool

    def labels_to(self, error: float) -> float | None:
        """Labels to an error, between batches by interpolation on a log scale of the error.

        Parameters
        ----------
        error : float
            Between 0 and 1/2. Before any label the error is 1/2.

        Returns
        -------
        float or None
            None when the error is not reached.

        Raises
        ------
        ArgumentError
            For a number out of range.
        """
        error = number(error, "`error`", above=0, below=0.5)
        before_labels, before = 0, 0.5
        for labels, after in zip(self.labels, self.errors, strict=True):
            value = max(after.value, np.finfo(np.float64).tiny)
            if value <= error:
                share = 1.0 if before <= error else math.log(before / error) / math.log(before / value)
                return before_labels + share * (labels - before_labels)
            before_labels, before = labels, value
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What one trial is about: distribution, batch size k, the error to reach, the seed."""

    source: Distribution
    batch_size: int
    error: float
    seed: int

    @property
    def rounds(self) -> int:
        """s = ceil(log2(1 / error)), the rounds of the margin-based schedule."""
        return math.ceil(math.log2(1 / self.error))


Ask = Callable[[Setting, VersionSpace, int, np.random.Generator], Vectors]


def _passive(setting: Setting, space: VersionSpace, batch: int, random: np.random.Generator) -> Vectors:
    return setting.source.sample(setting.batch_size, random)


def _margin_based(setting: Setting, space: VersionSpace, batch: int, random: np.random.Generator) -> Vectors:
    """A batch of the schedule of Balcan & Long: round i has as many whole batches as its labels need."""
    width = BAND_FACTOR * 2.0 ** -_round_of(setting, batch)
    return setting.source.band(space.centre, width, setting.batch_size, random)


def _round_of(setting: Setting, batch: int) -> int:
    """The round i, from 0, to which a batch, from 0, belongs; after the last round, one more for every such round."""
    passed = 0
    for place in range(10 * setting.rounds):
        left = max(1, 1 + setting.rounds - (place + 1))
        needed = ROUND_FACTOR * (setting.source.dim + math.log(left / DELTA))
        passed += math.ceil(needed / setting.batch_size)
        if batch < passed:
            return place
    return 10 * setting.rounds


def _in_band(setting: Setting, space: VersionSpace, count: int, random: np.random.Generator) -> Vectors:
    return setting.source.band(space.centre, samplers.half_width(space), count, random)


def _uniform_in_band(setting: Setting, space: VersionSpace, batch: int, random: np.random.Generator) -> Vectors:
    return _in_band(setting, space, setting.batch_size, random)


def _cluster_margin(setting: Setting, space: VersionSpace, batch: int, random: np.random.Generator) -> Vectors:
    examples = _in_band(setting, space, samplers.cluster_margin_count(setting.batch_size), random)
    seed = child_seed(setting.seed, "batch", batch) >> 1
    return examples[samplers.cluster_margin_batch(examples, space, setting.batch_size, seed=seed)]


def _greedy(measure: samplers.Measure) -> Ask:
    def ask(setting: Setting, space: VersionSpace, batch: int, random: np.random.Generator) -> Vectors:
        examples = _in_band(setting, space, samplers.candidate_count(setting.batch_size), random)
        seed = child_seed(setting.seed, "batch", batch) >> 1
        return examples[samplers.greedy_batch(examples, space, setting.batch_size, measure=measure, seed=seed)]

    return ask


LEARNERS: dict[str, Ask] = {
    "passive": _passive,
    "margin-based": _margin_based,
    "uniform-in-band": _uniform_in_band,
    "cluster-margin": _cluster_margin,
    "cluster-margin-v": _greedy("volume"),
    "diameter": _greedy("diameter"),
}


def learn(
    learner: str,
    source: Distribution,
    *,
    batch_size: int,
    error: float,
    seed: int = 0,
    most_labels: int = 1_000_000,
    walks: int = 256,
) -> LabelCurve:
    """Run one learner against a separator that is drawn uniformly, until its error is small enough.

    Parameters
    ----------
    learner : str
        One of `LEARNERS`: passive, margin-based, uniform-in-band, cluster-margin, cluster-margin-v, diameter.
    source : Distribution
        Of the examples, see `distribution`.
    batch_size : int
        k, the labels of a batch.
    error : float
        To reach, between 0 and 1/2.
    seed : int, default 0
        Of the separator and all draws. The separator depends on the seed and the dimension alone.
    most_labels : int, default 1,000,000
        The learner stops there, whatever its error.
    walks : int, default 256
        Samples of the version space, see `VersionSpace`.

    Returns
    -------
    LabelCurve

    Raises
    ------
    ArgumentError
        For an unknown learner, or a number out of range.
    PrecisionError
        When the version space becomes too thin for floating-point numbers.

    Notes
    -----
    Cost: batches x (that of `VersionSpace.add`, and that of the choice, see `ladle.theory.samplers`).

    Repeatability: the arguments decide the result.

    References
    ----------
    Balcan, Broder & Zhang 2007, "Margin based active learning"; Balcan & Long 2013, "Active and passive learning of
    linear separators under log-concave distributions"; Citovsky et al. 2021, "Batch active learning at scale"; Tosh &
    Dasgupta 2017, "Diameter-based active learning".
    """
    ask = LEARNERS[choice(learner, "`learner`", LEARNERS)]
    setting = Setting(
        source,
        whole(batch_size, "`batch_size`", least=1, most=1_000_000),
        number(error, "`error`", above=0, below=0.5),
        check_seed(seed),
    )
    most_labels = whole(most_labels, "`most_labels`", least=1)
    target = draw_separator(source.dim, setting.seed)
    space = VersionSpace(source.dim, seed=setting.seed, walks=walks)
    labels: list[int] = []
    errors: list[Disagreement] = []
    while space.labels < most_labels:
        batch = len(labels)
        random = stream(setting.seed, "examples", batch)
        examples = (ask if batch else _passive)(setting, space, batch, random)
        space.add(examples, examples @ target > 0)
        labels.append(space.labels)
        errors.append(source.disagreement(space.centre, target, stream(setting.seed, "error", batch)))
        if errors[-1].value <= setting.error:
            break
    return LabelCurve(tuple(labels), tuple(errors), errors[-1].value <= setting.error)


def draw_separator(dim: int, seed: int) -> Vectors:
    """(dim,) a unit vector, uniform on the sphere."""
    vector: Vectors = stream(seed, "separator", dim).standard_normal(dim)
    return np.asarray(vector / np.linalg.norm(vector))
