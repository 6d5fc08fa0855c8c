"""The batches of a strategy in a report: how redundant, diverse and balanced they are, and at what cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ladle.lab.ledger.records import RoundRecord

SHOWN_IN_BATCH = 60


@dataclass(frozen=True, slots=True)
class ChosenRatio:
    """The candidate ratio that "auto" chose in one round; 1 is Margin's batch.

    Attributes
    ----------
    round : int
        From 1.
    mean, least, most : float
        Over the trials, and over the parts of a batch that was chosen in parts.
    shared, by_chance : float or None
        What it was chosen by, means over trials: the share of Margin's batch that shares a cluster with another member,
        and the share of a uniform batch. None where the strategy noted neither.
    """

    round: int
    mean: float
    least: float
    most: float
    shared: float | None
    by_chance: float | None


@dataclass(frozen=True, slots=True)
class ChosenLevel:
    """The level of the tree that the strategy `auto` chose in one round, as rows a cluster; 1 is Margin's batch.

    Attributes
    ----------
    round : int
        From 1.
    mean, least, most : float
        Over the trials, and over the parts of a batch that was chosen in parts.
    why : mapping of str to int
        In how many trials each rule decided, by the strategy's words; parts that differ have none.
    """

    round: int
    mean: float
    least: float
    most: float
    why: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """The batches of one strategy in the finished trials of a run; None where the run has no such number.

    Attributes
    ----------
    strategy : str
        Its label.
    near_duplicates, clusters_touched, distinct_originals, evenness, median_margin : tuple of float or None
        Means over trials for each round from the first: the share of near-duplicates among the rows compared; the
        clusters that the batch touches; its distinct originals, where the data set knows them; 1 where all classes
        are chosen equally often and 0 where only one is (the entropy of the classes chosen over the log of their
        number); the median of the margins.
    class_share : tuple of float or None
        The share of each class among all that was chosen, over all rounds.
    near, clusters, originals, even : float or None
        Means over rounds: shares of the batch, and the evenness.
    chosen_ratios : tuple of ChosenRatio or None
        One a round, for a strategy whose candidate ratio is "auto".
    chosen_levels : tuple of ChosenLevel or None
        One a round, for the strategy `auto`.
    seconds : mapping of str to float
        Of a round, by step, see `typical_seconds`.
    first_batch : tuple of (int, int)
        (place in the order of choice, row) of some rows of the first trial's first batch, evenly spaced; empty for a
        published ledger.
    """

    strategy: str
    near_duplicates: tuple[float, ...] | None
    clusters_touched: tuple[float, ...] | None
    distinct_originals: tuple[float, ...] | None
    evenness: tuple[float, ...] | None
    median_margin: tuple[float, ...] | None
    class_share: tuple[float, ...] | None
    near: float | None
    clusters: float | None
    originals: float | None
    even: float | None
    chosen_ratios: tuple[ChosenRatio, ...] | None
    chosen_levels: tuple[ChosenLevel, ...] | None
    seconds: Mapping[str, float]
    first_batch: tuple[tuple[int, int], ...]


def batch_facts(
    records: Sequence[RoundRecord],
    strategy: str,
    *,
    trials: Sequence[int],
    batch_size: int,
    chose_ratio: bool = False,
    chose_level: bool = False,
) -> BatchFacts:
    """The batches of `strategy` in its finished `trials`, at least one, out of the records of its rounds.

    chose_ratio, chose_level: whether it chose its candidate ratio, or the level of the tree, in every round.
    """
    finished = [each for each in records if each.trial in set(trials)]
    first = next(each for each in finished if (each.trial, each.round) == (trials[0], 1))
    near = _by_round(finished, lambda each: _near_share(each, batch_size))
    clusters = _by_round(finished, lambda each: _number(each.facts.get("clusters_touched")))
    originals = _by_round(finished, lambda each: _number(each.facts.get("distinct_originals")))
    evenness = _by_round(finished, lambda each: _evenness(each.facts.get("class_counts")))
    return BatchFacts(
        strategy=strategy,
        near_duplicates=near,
        clusters_touched=clusters,
        distinct_originals=originals,
        evenness=evenness,
        median_margin=_by_round(finished, _median_margin),
        class_share=_class_share(finished),
        near=_mean(near),
        clusters=_share(clusters, batch_size),
        originals=_share(originals, batch_size),
        even=_mean(evenness),
        chosen_ratios=_chosen_ratios(finished) if chose_ratio else None,
        chosen_levels=_chosen_levels(finished) if chose_level else None,
        seconds=typical_seconds([[each.seconds for each in one] for one in _rounds(finished)]),
        first_batch=_spaced(first.rows) if first.has_rows else (),
    )


def typical_seconds(rounds: Sequence[Sequence[Mapping[str, float]]]) -> dict[str, float]:
    """Seconds by step: of each round the median over its trials, of these the mean; in the order steps first appear.

    Medians are used because other work may delay a trial. A step that was not taken counts as 0.
    """
    steps = dict.fromkeys(step for trials in rounds for part in trials for step in part)
    return {
        step: float(np.mean([np.median([part.get(step, 0.0) for part in trials]) for trials in rounds]))
        for step in steps
    }


def _rounds(records: Sequence[RoundRecord]) -> list[list[RoundRecord]]:
    """The records of each round by its number, one a trial."""
    by_round: dict[int, list[RoundRecord]] = {}
    for each in records:
        by_round.setdefault(each.round, []).append(each)
    return [by_round[number] for number in sorted(by_round)]


def _by_round(records: Sequence[RoundRecord], value: Any) -> tuple[float, ...] | None:
    """The mean of `value` over the trials of each round; None where a record has none."""
    values = [[value(each) for each in one] for one in _rounds(records)]
    if any(each is None for one in values for each in one):
        return None
    return tuple(float(np.mean(one)) for one in values)


def _chosen_ratios(records: Sequence[RoundRecord]) -> tuple[ChosenRatio, ...] | None:
    """The ratios in the stories of the selections; None where a story has none."""
    chosen = []
    for number, stories in _stories(records):
        ratios = _numbers(stories, "candidate_ratio")
        if ratios is None:
            return None
        shared, by_chance = (_mean_fact(stories, name) for name in ("shared", "shared_by_chance"))
        chosen.append(ChosenRatio(number, float(np.mean(ratios)), min(ratios), max(ratios), shared, by_chance))
    return tuple(chosen)


def _chosen_levels(records: Sequence[RoundRecord]) -> tuple[ChosenLevel, ...] | None:
    """The levels in the stories of the selections; None where a story has none."""
    chosen = []
    for number, stories in _stories(records):
        levels = _numbers(stories, "level")
        if levels is None:
            return None
        why = Counter(str(story["why"]) for story in stories if "why" in story)
        chosen.append(ChosenLevel(number, float(np.mean(levels)), min(levels), max(levels), dict(sorted(why.items()))))
    return tuple(chosen)


def _stories(records: Sequence[RoundRecord]) -> list[tuple[int, list[Mapping[str, Any]]]]:
    """The number of each round, and what the strategy noted of its selections in it, one a trial."""
    return [(trials[0].round, [each.facts.get("story") or {} for each in trials]) for trials in _rounds(records)]


def _numbers(stories: Sequence[Mapping[str, Any]], name: str) -> list[float] | None:
    """A number of each story, or the two ends of it where the parts of a batch differ; None where one has neither."""
    ends = [story.get(f"{name}_{end}", story.get(name)) for story in stories for end in ("least", "most")]
    return [float(end) for end in ends] if all(isinstance(end, (int, float)) for end in ends) else None


def _mean_fact(stories: Sequence[Mapping[str, Any]], name: str) -> float | None:
    values = [story.get(name) for story in stories]
    if not all(isinstance(value, (int, float)) for value in values):
        return None
    return float(np.mean([float(value) for value in values if value is not None]))


def _near_share(record: RoundRecord, batch_size: int) -> float | None:
    near = _number(record.facts.get("near_duplicates"))
    compared = _number(record.facts.get("near_compared")) or batch_size
    return None if near is None else near / compared


def _median_margin(record: RoundRecord) -> float | None:
    quantiles = record.facts.get("margins")
    return float(quantiles[len(quantiles) // 2]) if quantiles else None


def _evenness(counts: Sequence[float] | None) -> float | None:
    total = float(sum(counts)) if counts else 0.0
    if not counts or len(counts) < 2 or total == 0:
        return None
    share = np.asarray(counts, float) / total
    share = share[share > 0]
    return float(abs((share * np.log(share)).sum()) / np.log(len(counts)))


def _class_share(records: Sequence[RoundRecord]) -> tuple[float, ...] | None:
    counts = [each.facts.get("class_counts") for each in records]
    if not all(counts):
        return None
    chosen = np.array(counts, float).sum(axis=0)
    return tuple((chosen / chosen.sum()).tolist()) if chosen.sum() else None


def _spaced(rows: npt.NDArray[np.int64]) -> tuple[tuple[int, int], ...]:
    batch_positions = np.unique(np.linspace(0, len(rows) - 1, min(SHOWN_IN_BATCH, len(rows))).round().astype(int))
    return tuple((int(batch_pos), int(rows[batch_pos])) for batch_pos in batch_positions)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _mean(values: tuple[float, ...] | None) -> float | None:
    return None if values is None else float(np.mean(values))


def _share(counts: tuple[float, ...] | None, batch_size: int) -> float | None:
    return None if counts is None else float(np.mean(counts)) / batch_size
