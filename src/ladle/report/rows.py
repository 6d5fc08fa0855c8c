"""The tables of an experiment's report, as rows of text: one for the page and the Markdown alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any, TypeVar

from ladle.lab.measures.comparisons import LEVEL, Comparison
from ladle.lab.measures.gaps import GapClosed
from ladle.lab.measures.savings import Savings
from ladle.report.batches import ChosenLevel, ChosenRatio
from ladle.report.compare import RunComparison
from ladle.report.facts import MetricFacts, ReportFacts
from ladle.report.sentences import (
    PLUS_MINUS,
    chance_text,
    difference_text,
    interval_text,
    metric_text,
    near_sentence,
    outcome_text,
    plus_minus,
    share_text,
    verdict,
)

Pair = TypeVar("Pair", Savings, Comparison)
Table = tuple[list[str], list[list[str]]]
_LISTED = 12  # entries of a list that are named
_OF_AREAS = ("points (95% interval)", "p corrected", "outcome")  # columns of the tests of areas beside those of the end


def curves_table(facts: ReportFacts, metric: MetricFacts) -> Table:
    """The learning curves: mean and standard error at each number of labels, and the interval of the last."""
    header = [PLUS_MINUS, *(f"{labels:,}" for labels in facts.labels), "95% interval", "trials"]
    rows = []
    for curve in metric.curves:
        errors = curve.standard_error or (None,) * len(curve.mean)
        ends = "none" if curve.low is None or curve.high is None else _range(curve.low[-1], curve.high[-1])
        points = [plus_minus(*pair) for pair in zip(curve.mean, errors, strict=True)]
        rows.append([curve.strategy, *points, ends, str(len(curve.trials))])
    return header, rows


def savings_table(facts: ReportFacts, metric: MetricFacts, baseline: str) -> Table:
    """Every strategy's savings against `baseline`, with intervals; the columns that phones cut off come last."""
    header = ["", "saved", "95% interval", "in words", "at", "labels", "instead of"]
    return header, [
        [
            each.strategy,
            "none" if each.saved is None else share_text(each.saved),
            interval_text(each),
            verdict(each),
            f"{100 * each.target:.1f}%",
            "never" if each.labels_needed is None else f"{each.labels_needed:,.0f}",
            f"{each.labels_against:,.0f}",
        ]
        for each in against_baselines(facts, metric.savings)
        if each.against == baseline
    ]


def all_savings_table(facts: ReportFacts, metric: MetricFacts) -> Table:
    """The row's savings at the column's final value, with intervals, for all pairs."""
    cells = {(each.strategy, each.against): _saving(each) for each in metric.savings}
    return _matrix(facts, cells)


def outcomes_table(facts: ReportFacts, metric: MetricFacts) -> Table:
    """Who wins, ties or loses at the end, and by how much: strategies by baselines."""
    cells = {
        (each.strategy, each.against): f"{outcome_text(each)}, {difference_text(each)}"
        if each.outcome != "untested"
        else outcome_text(each)
        for each in metric.finals
    }
    rows = [
        [strategy, *(cells.get((strategy, baseline), "") for baseline in facts.baselines)]
        for strategy in facts.strategies
    ]
    return ["", *(f"against {baseline}" for baseline in facts.baselines)], rows


def finals_table(facts: ReportFacts, metric: MetricFacts) -> Table:
    """Who wins at the end, against each baseline."""
    return _comparisons(against_baselines(facts, metric.finals))


def areas_table(facts: ReportFacts, metric: MetricFacts) -> Table:
    """Who wins by the area under the curve, against each baseline; the areas themselves come first."""
    header, rows = _comparisons(against_baselines(facts, metric.areas))
    areas = {
        curve.strategy: plus_minus(curve.area, curve.area_error) for curve in metric.curves
    }  # a row's name is "A against B"
    named = [each.strategy for each in against_baselines(facts, metric.areas)]
    return [header[0], f"area, {PLUS_MINUS}", *header[1:]], [
        [row[0], areas[name], *row[1:]] for name, row in zip(named, rows, strict=True)
    ]


def other_pairs_table(facts: ReportFacts, family: tuple[Comparison, ...]) -> Table:
    """The pairs of `family` without a baseline, each once; no rows where there is none."""
    others = [strategy for strategy in facts.strategies if strategy not in facts.baselines]
    return _comparisons(_pairs(family, combinations(others, 2)))


def pairs_table(facts: ReportFacts, metric: MetricFacts, strategy: str) -> Table:
    """`strategy` against every other, at the end and by the area under the curve: differences, intervals and p."""
    names = [(strategy, other) for other in facts.strategies if other != strategy]
    header, finals = _comparisons(_pairs(metric.finals, names))
    _, areas = _comparisons(_pairs(metric.areas, names))
    return ["against", *header[1:], *(f"area: {name}" for name in _OF_AREAS)], [
        [final[0].removeprefix(f"{strategy} against "), *final[1:], *(area[header.index(name)] for name in _OF_AREAS)]
        for final, area in zip(finals, areas, strict=True)
    ]


def records_table(facts: ReportFacts, metric: MetricFacts) -> Table:
    """Points won, tied and lost by the row against the column."""
    cells = {
        (each.strategy, each.against): "untested" if each.untested else f"{each.wins}-{each.ties}-{each.losses}"
        for each in metric.records
    }
    return _matrix(facts, cells)


def batches_table(facts: ReportFacts) -> Table:
    """How redundant, diverse, balanced and unsure the batches are, mean over rounds; "-" where that is not known."""
    header = [
        "", "near-duplicates", "by chance", "clusters touched", "distinct originals", "class evenness", "median margin",
    ]  # fmt: skip
    rows = []
    by_chance = "a twentieth" if facts.near_by_chance is None else _percent(facts.near_by_chance)
    for each in facts.batches:
        margin = None if each.median_margin is None else sum(each.median_margin) / len(each.median_margin)
        shares = [_percent(value) for value in (each.near, each.clusters, each.originals)]
        chance = "-" if each.near is None else by_chance
        rows.append([each.strategy, shares[0], chance, *shares[1:], _number(each.even), _number(margin)])
    return header, rows


def near_text(facts: ReportFacts) -> str:
    """How near-duplicates are told; empty where none are."""
    return near_sentence(facts.near_by_chance) if any(each.near is not None for each in facts.batches) else ""


def ratios_table(facts: ReportFacts) -> Table:
    """The candidate ratio that "auto" chose in each round, one column a strategy; no columns where none is "auto"."""
    chosen = {each.strategy: each.chosen_ratios for each in facts.batches if each.chosen_ratios}
    header = ["round", "labels before", *chosen]
    numbers = range(len(facts.labels) - 1) if chosen else range(0)
    return header, [
        [str(number + 1), f"{facts.labels[number]:,}", *(_chosen_text(each[number]) for each in chosen.values())]
        for number in numbers
    ]


def levels_table(facts: ReportFacts) -> Table:
    """The level of the tree that `auto` chose in each round and why, one column a strategy; no rows without one."""
    chosen = {each.strategy: each.chosen_levels for each in facts.batches if each.chosen_levels}
    numbers = range(len(facts.labels) - 1) if chosen else range(0)
    return ["round", "labels before", *chosen], [
        [
            str(number + 1),
            f"{facts.labels[number]:,}",
            *(f"{_chosen_text(each[number])}: {_why_text(each[number])}" for each in chosen.values()),
        ]
        for number in numbers
    ]


def fit_table(facts: ReportFacts) -> Table:
    """The models beside references fitted to the same labels, by number of labels, in percent."""
    header = ["labels", "measure", "on the labels", "of the reference", "on the test split", "of the reference", "fits"]
    return header, [
        [
            f"{each.labels:,}",
            metric_text(each.measure),
            *(
                f"{100 * value:.1f}"
                for value in (each.on_labels, each.reference_on_labels, each.on_test, each.reference_on_test)
            ),
            "yes" if each.fitted else "no",
        ]
        for each in facts.fit.points
    ]


def gaps_table(facts: ReportFacts, metric: MetricFacts) -> Table:
    """The share of the gap between a baseline and the upper bound that each strategy closes; no rows without one."""
    areas = {(each.strategy, each.baseline): each for each in metric.area_gaps}
    header = ["", "of the gap above", "closed, by area", "95% interval", "closed, at the end", "95% interval", "trials"]
    return header, [
        [
            each.strategy,
            each.baseline,
            *_gap_texts(areas[each.strategy, each.baseline]),
            *_gap_texts(each),
            str(each.trials),
        ]
        for each in metric.gaps
    ]


def bound_text(facts: ReportFacts, metric: MetricFacts) -> str:
    """How large the gaps are, and what the upper bound cost; empty without one."""
    if facts.bound is None:
        return ""
    gaps = {each.baseline: f"{100 * each.gap:+.2f} points above {each.baseline}" for each in metric.area_gaps}
    where = f"{facts.bound.label} lies {' and '.join(gaps.values())} by the area under the curve. " if gaps else ""
    return (
        f"{where}It trained {facts.bound.models_trained:,.0f} models for one batch, where a strategy needs one, and "
        f"held out {facts.bound.validation_rows:,} rows of the pool to judge them."
    )


def _gap_texts(gap: GapClosed) -> tuple[str, str]:
    """The share and its interval."""
    interval = "none" if gap.low is None or gap.high is None else f"{share_text(gap.low)} to {share_text(gap.high)}"
    return "no gap" if gap.share is None else share_text(gap.share), interval


def seconds_table(facts: ReportFacts) -> Table:
    """Mean seconds a round, by step."""
    steps = list(dict.fromkeys(step for each in facts.batches for step in each.seconds))
    rows = [[each.strategy, *(f"{each.seconds.get(step, 0):.3f}" for step in steps)] for each in facts.batches]
    return ["", *steps], rows


def run_pairs(facts: ReportFacts) -> list[tuple[str, str]]:
    """The facts in the ledger on data, machine, versions and clusterings, as names and values."""
    proven = f"{100 * facts.certified:.1f}% of merges, in the mean over the trials' trees"
    run = {**facts.run, "dataset": {name: value for name, value in facts.dataset.items() if name != "only_in_test"}}
    return [*_flattened(run), ("proven exact", proven), ("report made by", f"Ladle {facts.version}")]


def comparison_text(runs: RunComparison) -> str:
    """How two runs were compared, in a sentence or two."""
    test = "Student's paired t" if runs.paired else "Welch's unpaired t"
    return (
        f"At {runs.labels[-1]:,} labels, in percent; {runs.why} ({test}; p corrected by Holm over the strategies; a "
        f"win or loss is a p below {LEVEL:g}). The area is that under the curve from {runs.labels[0]:,} labels on."
    )


def side_by_side_table(runs: RunComparison) -> Table:
    """Two runs, strategy by strategy and metric by metric: how B differs from A."""
    header = ["strategy", "metric", "A", "B", "B - A (95% interval)", "p", "outcome", "area, B - A", "trials"]
    return header, [
        [
            each.strategy,
            metric_text(each.metric),
            f"{100 * each.first:.2f}",
            f"{100 * each.second:.2f}",
            difference_text(each.final),
            chance_text(each.final.corrected),
            f"B {outcome_text(each.final)}" if each.final.corrected is not None else outcome_text(each.final),
            difference_text(each.area),
            str(each.final.trials),
        ]
        for each in runs.strategies
    ]


def differing_table(runs: RunComparison) -> Table:
    """The fields of the two protocols that differ."""
    return ["field", "A", "B"], [list(each) for each in runs.differing]


def against_baselines(facts: ReportFacts, pairs: Iterable[Pair]) -> list[Pair]:
    """Those of `pairs` of strategies that are against a baseline, baseline by baseline, in the protocol's order."""
    all_pairs = list(pairs)
    return [
        each
        for baseline in facts.baselines
        for strategy in facts.strategies
        for each in all_pairs
        if (each.strategy, each.against) == (strategy, baseline)
    ]


def _pairs(family: Iterable[Comparison], names: Iterable[tuple[str, str]]) -> list[Comparison]:
    """The comparisons of these strategies, in the order of `names`; pairs that share no trial have none."""
    known = {(each.strategy, each.against): each for each in family}
    return [known[pair] for pair in names if pair in known]


def _comparisons(comparisons: Iterable[Comparison]) -> Table:
    header = ["", "points (95% interval)", "p corrected", "p of signed rank", "trials", "outcome"]
    return header, [
        [
            f"{each.strategy} against {each.against}",
            difference_text(each),
            chance_text(each.corrected),
            chance_text(each.signed_rank),
            str(each.trials),
            outcome_text(each),
        ]
        for each in comparisons
    ]


def _matrix(facts: ReportFacts, cells: Mapping[tuple[str, str], str]) -> Table:
    rows = [
        [row, *("" if row == column else cells.get((row, column), "none") for column in facts.strategies)]
        for row in facts.strategies
    ]
    return ["", *facts.strategies], rows


def _saving(savings: Savings) -> str:
    return f"{'none' if savings.saved is None else share_text(savings.saved)} ({interval_text(savings)})"


def _flattened(facts: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from _flattened(value, f"{before}{name} ")
        elif value is not None and value != "":
            yield (before + name).replace("_", " "), _value_text(value)


def _value_text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        more = f" and {len(value) - _LISTED:,} more" if len(value) > _LISTED else ""
        return ", ".join(str(each) for each in value[:_LISTED]) + more
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"{value:,}" if type(value) is int else str(value)


def _range(low: float, high: float) -> str:
    return f"{100 * low:.2f} to {100 * high:.2f}"


def _chosen_text(chosen: ChosenRatio | ChosenLevel) -> str:
    """The mean, with the least and the most where trials differ: "4.31 (3.97 to 4.60)"."""
    mean, least, most = (f"{value:.2f}" for value in (chosen.mean, chosen.least, chosen.most))
    return mean if least == most else f"{mean} ({least} to {most})"


def _why_text(level: ChosenLevel) -> str:
    """The rule that decided, with the number of trials where they differ: "margin", "margin 2, reach 8"."""
    if len(level.why) == 1:
        return next(iter(level.why))
    return ", ".join(f"{rule} {trials:,}" for rule, trials in level.why.items()) or "parts differ"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}%"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
