"""What a report of an experiment says, as plain numbers and names that are read from its ledger.

Strategies are compared over the trials that both have finished, so an unfinished run has a report too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ladle._version import __version__
from ladle.arrays import Clusters
from ladle.errors import ArgumentError
from ladle.lab.measures import fitted
from ladle.lab.measures.comparisons import Comparison, compare_paired, corrected, holm, outcome_of, paired_t
from ladle.lab.measures.gaps import GapClosed, gap_closed
from ladle.lab.measures.savings import (
    FEWEST_TRIALS,
    Savings,
    area_under_curve,
    curve_interval,
    label_savings,
    mean_and_error,
)
from ladle.report.batches import BatchFacts, batch_facts, typical_seconds
from ladle.report.clusters import ClusterFacts, cluster_facts

if TYPE_CHECKING:
    from ladle.lab.ledger.ledger import Ledger
    from ladle.lab.protocol.experiment import Experiment

Curves = npt.NDArray[np.float64]
Numbers = tuple[float, ...]
# Strategies that the others are compared with; where neither ran, the first strategy of the protocol.
BASELINES = ("margin", "uniform")


@dataclass(frozen=True, slots=True)
class CurveFacts:
    """One strategy's learning curves by one metric, at the numbers of labels of `ReportFacts.labels`.

    Attributes
    ----------
    strategy : str
        Its label.
    trials : tuple of int
        The finished trials.
    values : tuple of tuple of float
        The curve of each trial.
    mean, standard_error, low, high : tuple of float
        Mean over trials, its standard error (None with one trial) and its 95% interval (None with too few trials).
    area, area_error : float
        Mean over trials of the normalised area under the curve, and its standard error (None with one trial).
    """

    strategy: str
    trials: tuple[int, ...]
    values: tuple[Numbers, ...]
    mean: Numbers
    standard_error: Numbers | None
    low: Numbers | None
    high: Numbers | None
    area: float
    area_error: float | None


@dataclass(frozen=True, slots=True)
class PointTally:
    """The number of points after the seed set at which `strategy` wins, ties and loses against `against`.

    untested: points with too few trials. The p of all pairs and points of a metric are corrected together.
    """

    strategy: str
    against: str
    wins: int
    ties: int
    losses: int
    untested: int


@dataclass(frozen=True, slots=True)
class MetricFacts:
    """All strategies by one metric.

    Attributes
    ----------
    metric : str
        Its name.
    curves : tuple of CurveFacts
        One a strategy.
    savings : tuple of Savings
        Of every ordered pair of strategies with at least `FEWEST_TRIALS` shared trials; others have no interval.
    finals, areas : tuple of Comparison
        Of every ordered pair that shares trials: the last point, and the area under the curve; each family is corrected
        by itself.
    records : tuple of PointTally
        Of every ordered pair that shares trials.
    gaps, area_gaps : tuple of GapClosed
        Of each strategy, between each baseline and the upper bound: at the last point, and of the area under the curve.
        Empty without an upper bound.
    """

    metric: str
    curves: tuple[CurveFacts, ...]
    savings: tuple[Savings, ...]
    finals: tuple[Comparison, ...]
    areas: tuple[Comparison, ...]
    records: tuple[PointTally, ...]
    gaps: tuple[GapClosed, ...] = ()
    area_gaps: tuple[GapClosed, ...] = ()

    def curve(self, strategy: str) -> CurveFacts:
        """The curves of `strategy`, one of those with a finished trial."""
        return next(each for each in self.curves if each.strategy == strategy)


@dataclass(frozen=True, slots=True)
class BoundFacts:
    """The upper bound of a run.

    Attributes
    ----------
    label : str
        Of its entry.
    models_trained : float
        For one batch, in the mean.
    validation_rows : int
        Of the pool, that judged these models; 0 where the run did not note them.
    """

    label: str
    models_trained: float
    validation_rows: int


@dataclass(frozen=True, slots=True, repr=False)
class ReportFacts:
    """Everything that a report says.

    Attributes
    ----------
    name, title : str
        Of the experiment.
    labels : tuple of int
        Labels held at each measurement.
    batch_size, trials : int
        Of the experiment.
    strategies : tuple of str
        Labels of the strategies with a finished trial, in the protocol's order.
    waiting : tuple of str
        Labels of the others.
    baselines : tuple of str
        Those of `strategies` that the others are compared with.
    metrics : tuple of MetricFacts
        The main metric first.
    batches : tuple of BatchFacts
        One a strategy.
    near_by_chance : float or None
        The share of near-duplicates in uniform batches, as the run measured it; None where it did not. In ledgers from
        before it was measured, the limit alone says that it is about `CHANCE_SHARE`.
    start_seconds : mapping of str to float
        Wall-clock seconds of the start of a trial, by step.
    certified : float
        The share of merges that are proven exact (`ladle.Dendrogram`), in the mean over the trees of the trials.
    clusters : ClusterFacts or None
        The pool's clusters in the first trial; None without them.
    finished : (int, int)
        Rounds that are finished, and rounds in all.
    protocol : str
        The experiment as TOML.
    fit : RunFit
        Whether the models have fitted their labels, see `ladle.lab.measures.fitted`.
    run : mapping
        The facts in the ledger: data, learner, machine, versions.
    version : str
        The version of Ladle that made the report.
    bound : BoundFacts or None
        The upper bound that the protocol has, if a trial of it is finished. It is one of `strategies`.
    """

    name: str
    title: str
    labels: tuple[int, ...]
    batch_size: int
    trials: int
    strategies: tuple[str, ...]
    waiting: tuple[str, ...]
    baselines: tuple[str, ...]
    metrics: tuple[MetricFacts, ...]
    batches: tuple[BatchFacts, ...]
    near_by_chance: float | None
    start_seconds: Mapping[str, float]
    certified: float
    clusters: ClusterFacts | None
    finished: tuple[int, int]
    protocol: str
    fit: fitted.RunFit
    run: Mapping[str, Any]
    version: str
    bound: BoundFacts | None = None

    @property
    def main(self) -> MetricFacts:
        """The metric by which strategies are compared first."""
        return self.metrics[0]

    @property
    def dataset(self) -> Mapping[str, Any]:
        """What the ledger has of the data: name, rows, class_names, licence; empty without it."""
        dataset = self.run.get("dataset")
        return dataset if isinstance(dataset, Mapping) else {}

    @property
    def only_in_test(self) -> Mapping[str, int]:
        """Test examples by class, of the classes that no example of the pool has: no strategy can learn these."""
        counts = self.dataset.get("only_in_test")
        return counts if isinstance(counts, Mapping) else {}

    @property
    def compared(self) -> tuple[str, ...]:
        """Those of `strategies` that could be used on a real pool: all but the upper bound."""
        return tuple(each for each in self.strategies if self.bound is None or each != self.bound.label)

    def __repr__(self) -> str:
        done, total = self.finished
        return f"ReportFacts({self.name!r}: {len(self.strategies)} strategies, {done:,} of {total:,} rounds)"

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as plain dicts, tuples, numbers and strings, ready for JSON; comparisons with outcomes."""
        plain_facts = asdict(self) | {"fit": self.fit.to_dict()}
        for plain, metric in zip(plain_facts["metrics"], self.metrics, strict=True):
            for name, family in (("finals", metric.finals), ("areas", metric.areas)):
                for plain_pair, each in zip(plain[name], family, strict=True):
                    plain_pair["outcome"] = each.outcome
        return plain_facts


def facts_of(ledger: Ledger, *, clusters: Clusters | None = None) -> ReportFacts:
    """Collect the facts of a run, finished or not.

    Parameters
    ----------
    ledger : Ledger
        Of the run.
    clusters : ndarray of int32, shape (n,), optional
        The pool's clusters in the first trial, see `ladle.lab.runner.starts.first_clusters`.

    Returns
    -------
    ReportFacts

    Raises
    ------
    ArgumentError
        When no strategy has finished a trial yet.

    Notes
    -----
    Cost: about 15 ms for each ordered pair of strategies and metric, most of it for the resamples of the savings. A run
    that is going on waits meanwhile before it adds a round.
    """
    with ledger.held_still():
        return _facts(ledger, clusters)


def _facts(ledger: Ledger, clusters: Clusters | None) -> ReportFacts:
    experiment = ledger.experiment()
    finished = tuple(label for label in ledger.strategies() if ledger.trials(label))
    if not finished:
        done, total = ledger.finished()
        raise ArgumentError(
            "the ledger",
            wanted="hold at least one finished trial",
            got=f"{done:,} of {total:,} rounds and no trial with all of its own",
            remedy="Let the run go on: ladle lab run",
        )
    baselines, bound = _baselines(experiment, finished), _bound_of(experiment, finished)
    return ReportFacts(
        name=experiment.name,
        title=experiment.title,
        labels=tuple(ledger.labels(finished[0]).tolist()),
        batch_size=experiment.batch_size,
        trials=experiment.trials,
        strategies=finished,
        waiting=tuple(label for label in ledger.strategies() if label not in finished),
        baselines=baselines,
        metrics=tuple(
            _metric_facts(ledger, finished, metric, baselines=baselines, bound=bound) for metric in ledger.metrics()
        ),
        batches=tuple(
            batch_facts(
                ledger.rounds(label),
                label,
                trials=ledger.trials(label),
                batch_size=experiment.batch_size,
                chose_ratio=experiment.strategy(label).options.get("candidate_ratio") == "auto",
                chose_level=experiment.strategy(label).name == "auto",
            )
            for label in finished
        ),
        near_by_chance=ledger.facts().get("near_by_chance"),
        start_seconds=typical_seconds([[start.seconds for start in ledger.starts()]]),
        certified=float(np.mean([start.certified for start in ledger.starts()])),
        clusters=None if clusters is None else _cluster_facts(ledger, finished, clusters),
        finished=ledger.finished(),
        protocol=experiment.to_toml(),
        fit=fit_of(ledger),
        run=ledger.facts(),
        version=__version__,
        bound=_bound_facts(ledger, bound),
    )


def fit_of(ledger: Ledger) -> fitted.RunFit:
    """Whether the models of all rounds so far have fitted their labels."""
    records = [each for label in ledger.strategies() for each in ledger.rounds(label)]
    return fitted.run_fit((each.labels, each.facts) for each in records)


def _bound_of(experiment: Experiment, finished: tuple[str, ...]) -> str | None:
    """The label of the upper bound; None where the experiment has none, or no finished trial of it."""
    return next((each.label for each in experiment.strategies if each.is_upper_bound and each.label in finished), None)


def _bound_facts(ledger: Ledger, bound: str | None) -> BoundFacts | None:
    if bound is None:
        return None
    stories = [record.facts.get("story", {}) for record in ledger.rounds(bound)]
    trained = [story["models_trained"] for story in stories if "models_trained" in story]
    rows = max((int(story.get("validation_rows", 0)) for story in stories), default=0)
    return BoundFacts(bound, float(np.mean(trained)) if trained else 0.0, rows)


def _cluster_facts(ledger: Ledger, finished: tuple[str, ...], clusters: Clusters) -> ClusterFacts:
    """With examples of the first Cluster-Margin; without one, of the first strategy."""
    entries = [entry for entry in ledger.experiment().strategies if entry.label in finished]
    label = next((entry.label for entry in entries if entry.name == "cluster-margin"), finished[0])
    first_trial = ledger.starts()[0].trial
    first = [each.rows for each in ledger.rounds(label) if (each.trial, each.round) == (first_trial, 1)]
    return cluster_facts(clusters, label, first[0] if first else np.empty(0, np.int64))


def _baselines(experiment: Experiment, finished: tuple[str, ...]) -> tuple[str, ...]:
    """The finished entries of each of `BASELINES`: those without options, or else the first."""
    labels: list[str] = []
    for name in BASELINES:
        entries = [entry for entry in experiment.strategies if entry.name == name and entry.label in finished]
        bare = [entry.label for entry in entries if not entry.options]
        labels += bare or [entry.label for entry in entries[:1]]
    return tuple(labels) or finished[:1]


def shared_trials(trials: list[int], others: list[int]) -> tuple[list[int], list[int]]:
    """The positions, in each of the two lists, of the trials that are in both."""
    both = sorted(set(trials) & set(others))
    return [trials.index(trial) for trial in both], [others.index(trial) for trial in both]


def _metric_facts(
    ledger: Ledger, strategies: tuple[str, ...], metric: str, *, baselines: tuple[str, ...], bound: str | None
) -> MetricFacts:
    labels, seed = ledger.labels(strategies[0]), ledger.experiment().seed
    trials = {label: ledger.trials(label) for label in strategies}
    curves = {label: ledger.curves(label, metric) for label in strategies}
    pairs: list[tuple[str, Curves, str, Curves]] = []
    for first, second in combinations(strategies, 2):
        mine, theirs = shared_trials(trials[first], trials[second])
        if mine:
            pairs.append((first, curves[first][mine], second, curves[second][theirs]))
    both_ways = [*pairs, *((second, theirs, first, mine) for first, mine, second, theirs in pairs)]
    finals = [compare_paired(first, mine[:, -1], second, theirs[:, -1]) for first, mine, second, theirs in pairs]
    areas = [
        compare_paired(first, area_under_curve(labels, mine), second, area_under_curve(labels, theirs))
        for first, mine, second, theirs in pairs
    ]
    return MetricFacts(
        metric=metric,
        curves=tuple(_curve_facts(label, trials[label], labels, curves[label]) for label in strategies),
        savings=tuple(
            label_savings(labels.tolist(), mine, theirs, strategy=first, against=second, seed=seed)
            for first, mine, second, theirs in both_ways
            if len(mine) >= FEWEST_TRIALS
        ),
        finals=_both_ways(corrected(finals)),
        areas=_both_ways(corrected(areas)),
        records=_records(pairs),
        gaps=_gaps(trials, {label: curves[label][:, -1] for label in strategies}, baselines, bound),
        area_gaps=_gaps(
            trials, {label: area_under_curve(labels, curves[label]) for label in strategies}, baselines, bound
        ),
    )


def _gaps(
    trials: Mapping[str, list[int]], values: Mapping[str, Curves], baselines: tuple[str, ...], bound: str | None
) -> tuple[GapClosed, ...]:
    """Of each strategy, between each baseline and the bound. values: one number for each of the `trials`, by label."""
    if bound is None:
        return ()
    gaps = []
    for baseline in baselines:
        for strategy in values:
            shared = sorted(set(trials[strategy]) & set(trials[baseline]) & set(trials[bound]))
            if strategy in (baseline, bound) or baseline == bound or not shared:
                continue
            three = [
                values[label][[trials[label].index(trial) for trial in shared]] for label in (strategy, baseline, bound)
            ]
            gaps.append(gap_closed(strategy, three[0], baseline, three[1], bound, three[2]))
    return tuple(gaps)


def _both_ways(family: tuple[Comparison, ...]) -> tuple[Comparison, ...]:
    return (*family, *(each.mirrored() for each in family))


def _curve_facts(label: str, trials: list[int], labels: npt.NDArray[np.int64], curves: Curves) -> CurveFacts:
    mean, error = mean_and_error(curves)
    interval = curve_interval(curves)
    area, area_error = mean_and_error(area_under_curve(labels, curves)[:, None])
    return CurveFacts(
        strategy=label,
        trials=tuple(trials),
        values=tuple(tuple(row) for row in curves.tolist()),
        mean=tuple(mean.tolist()),
        standard_error=None if error is None else tuple(error.tolist()),
        low=None if interval is None else tuple(interval[0].tolist()),
        high=None if interval is None else tuple(interval[1].tolist()),
        area=float(area[0]),
        area_error=None if area_error is None else float(area_error[0]),
    )


def _records(pairs: list[tuple[str, Curves, str, Curves]]) -> tuple[PointTally, ...]:
    differences = [(mine - theirs)[:, 1:] for _, mine, _, theirs in pairs]  # at the seed set all strategies are equal
    chances: list[float | None] = []
    for each in differences:
        tested = paired_t(each)
        chances += [None] * each.shape[1] if tested is None else tested.tolist()
    by_holm = iter(holm(chances))
    tallies = []
    for (first, _, second, _), each in zip(pairs, differences, strict=True):
        outcomes = [outcome_of(float(difference), next(by_holm)) for difference in each.mean(axis=0)]
        wins, ties, losses, untested = (outcomes.count(outcome) for outcome in ("win", "tie", "loss", "untested"))
        tallies += [
            PointTally(first, second, wins, ties, losses, untested),
            PointTally(second, first, losses, ties, wins, untested),
        ]
    return tuple(tallies)
