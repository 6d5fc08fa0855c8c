"""Two runs side by side: the same strategies under two protocols, learners, versions or machines."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ladle.errors import MismatchError
from ladle.lab.ledger.ledger import FILE_NAME
from ladle.lab.ledger.records import digest_of_rows
from ladle.lab.measures.comparisons import Comparison, compare_paired, compare_unpaired, corrected
from ladle.lab.measures.savings import area_under_curve
from ladle.report.facts import shared_trials

if TYPE_CHECKING:
    from ladle.lab.ledger.ledger import Ledger

_LISTED = 12  # numbers of labels in a message


@dataclass(frozen=True, slots=True)
class SideBySide:
    """One strategy by one metric, of the second run minus the first.

    Attributes
    ----------
    strategy, metric : str
        Of both runs.
    first, second : float
        Means over trials at the last number of labels that both runs measured at, from 0 to 1.
    final : Comparison
        Of the values there, corrected over the strategies of the metric.
    area : Comparison
        Of the areas under the curves up to there, corrected likewise.
    """

    strategy: str
    metric: str
    first: float
    second: float
    final: Comparison
    area: Comparison


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Two runs side by side.

    Attributes
    ----------
    names : (str, str)
        "A: name" and "B: name", with the places of the ledgers where the experiments have one name.
    labels : tuple of int
        The numbers of labels that both measured at, ascending.
    paired : bool
        Whether trials are compared in pairs.
    why : str
        The reason for that.
    differing : tuple of (str, str, str)
        The fields of the two protocols that differ, with both values.
    only : (tuple of str, tuple of str)
        For each run, the strategies that only it has finished trials of.
    strategies : tuple of SideBySide
        One a metric and a strategy.
    """

    names: tuple[str, str]
    labels: tuple[int, ...]
    paired: bool
    why: str
    differing: tuple[tuple[str, str, str], ...]
    only: tuple[tuple[str, ...], tuple[str, ...]]
    strategies: tuple[SideBySide, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dicts, tuples, numbers and strings, ready for JSON; comparisons with outcomes."""
        plain_fields = asdict(self)
        for plain, each in zip(plain_fields["strategies"], self.strategies, strict=True):
            plain["final"]["outcome"], plain["area"]["outcome"] = each.final.outcome, each.area.outcome
        return plain_fields


def compare(first: Ledger, second: Ledger) -> RunComparison:
    """Compare two runs, strategy by strategy.

    Parameters
    ----------
    first, second : Ledger
        The runs.

    Returns
    -------
    RunComparison
        Of the strategies, by label, that both runs have finished trials of, at the numbers of labels both measured at.

    Raises
    ------
    MismatchError
        When the runs share no strategy, number of labels or metric.

    Notes
    -----
    Trials are paired where both runs started them from the same seed sets of the same pool. Else the trials of the two
    runs are compared as independent samples.
    """
    with first.held_still(), second.held_still():
        return _compared(first, second)


def _compared(first: Ledger, second: Ledger) -> RunComparison:
    finished = [[label for label in ledger.strategies() if ledger.trials(label)] for ledger in (first, second)]
    both = [label for label in finished[0] if label in finished[1]]
    metrics = [metric for metric in first.metrics() if metric in second.metrics()]
    if not both or not metrics:
        raise MismatchError(
            "the two runs",
            wanted="share a strategy, by its label and with a finished trial in both, and a metric",
            got=f"{', '.join(finished[0]) or 'none'} and {', '.join(finished[1]) or 'none'}; "
            f"{', '.join(first.metrics())} and {', '.join(second.metrics())}",
        )
    labels = np.intersect1d(first.labels(both[0]), second.labels(both[0]))
    if len(labels) == 0:
        raise MismatchError(
            "the two runs",
            wanted="measure at a number of labels both reach",
            got=" and ".join(
                f"{name}: {_listed(ledger.labels(both[0]))}"
                for name, ledger in zip(_names(first, second), (first, second), strict=True)
            ),
        )
    paired, why = _pairing(first, second)
    rows: list[SideBySide] = []
    for metric in metrics:
        rows += _strategies(first, second, both, metric, labels, paired)
    return RunComparison(
        names=_names(first, second),
        labels=tuple(labels.tolist()),
        paired=paired,
        why=why,
        differing=_differing(first, second),
        only=(_without(finished[0], both), _without(finished[1], both)),
        strategies=tuple(rows),
    )


def _strategies(
    first: Ledger, second: Ledger, both: list[str], metric: str, labels: npt.NDArray[np.int64], paired: bool
) -> list[SideBySide]:
    curves = [
        {label: _curves(ledger, label, metric, labels, paired, other) for label in both}
        for ledger, other in ((first, second), (second, first))
    ]
    test = compare_paired if paired else compare_unpaired
    # Strategies without shared finished trials cannot be paired, and are left out.
    comparable = [label for label in both if min(len(curves[0][label]), len(curves[1][label])) > 0]
    finals = [test("B", curves[1][label][:, -1], "A", curves[0][label][:, -1]) for label in comparable]
    areas = [
        test("B", area_under_curve(labels, curves[1][label]), "A", area_under_curve(labels, curves[0][label]))
        for label in comparable
    ]
    return [
        SideBySide(
            label, metric, float(curves[0][label][:, -1].mean()), float(curves[1][label][:, -1].mean()), final, area
        )
        for label, final, area in zip(comparable, corrected(finals), corrected(areas), strict=True)
    ]


def _curves(
    ledger: Ledger, label: str, metric: str, labels: npt.NDArray[np.int64], paired: bool, other: Ledger
) -> npt.NDArray[np.float64]:
    """The curves of `label` at the shared `labels`; where trials are paired, of those that `other` has finished too."""
    at_labels = ledger.curves(label, metric)[:, np.isin(ledger.labels(label), labels)]
    if not paired:
        return at_labels
    mine, _ = shared_trials(ledger.trials(label), other.trials(label))
    return at_labels[mine]


def _pairing(first: Ledger, second: Ledger) -> tuple[bool, str]:
    mine, theirs = first.experiment(), second.experiment()
    digests = [ledger.facts().get("dataset", {}).get("digest") for ledger in (first, second)]
    # By their digests: the same data may lie elsewhere, or in another file. Copies made of them are in it.
    known = digests[0] is not None and digests[1] is not None
    if digests[0] != digests[1] if known else (mine.dataset, mine.redundancy) != (theirs.dataset, theirs.redundancy):
        return False, "the runs are on different data, so their trials are compared as independent samples"
    seed_sets = [
        {start.trial: digest_of_rows(start.packed_rows) for start in ledger.starts()} for ledger in (first, second)
    ]
    shared = seed_sets[0].keys() & seed_sets[1].keys()
    if not shared or any(seed_sets[0][trial] != seed_sets[1][trial] for trial in shared):
        return False, "the seed sets differ, so the trials of the two are compared as independent samples"
    return True, "the seed sets are the same, so trials are compared in pairs"


def _differing(first: Ledger, second: Ledger) -> tuple[tuple[str, str, str], ...]:
    mine, theirs = (_flat(tomllib.loads(ledger.experiment().to_toml())) for ledger in (first, second))
    stated = {*mine, *theirs}
    as_run = [_learner_as_run(ledger, stated) for ledger in (first, second)]
    for name in [name for name in as_run[0] if name in as_run[1]]:  # ledgers of early versions have no options
        mine[name], theirs[name] = as_run[0][name], as_run[1][name]
    fields = [*mine, *(field for field in theirs if field not in mine)]
    return tuple(
        (field, mine.get(field, "none"), theirs.get(field, "none"))
        for field in fields
        if mine.get(field) != theirs.get(field)
    )


def _learner_as_run(ledger: Ledger, stated: Collection[str]) -> dict[str, str]:
    """The learner and those of its options that no protocol states: another version may have other defaults."""
    facts = ledger.facts()
    options = {
        f"learner.{name}": str(value)
        for name, value in facts.get("learner_options", {}).items()
        if f"learner.{name}" not in stated
    }
    return {"learner as run": str(facts.get("learner", "")), **dict(sorted(options.items()))}


def _flat(fields: Mapping[str, Any]) -> dict[str, str]:
    """Protocol fields by dotted names, strategies by their labels."""
    flat: dict[str, str] = {}
    for name, value in fields.items():
        if name == "strategies":
            for entry in value:
                rest = {key: each for key, each in entry.items() if key != "label"}
                flat[f"strategy {entry['label']}"] = str(rest)
        elif isinstance(value, Mapping):
            flat.update({f"{name}.{key}": str(each) for key, each in value.items()})
        else:
            flat[name] = str(value)
    return flat


def _names(first: Ledger, second: Ledger) -> tuple[str, str]:
    """Names for the two runs: their experiments, with their places where the experiments have one name."""
    mine, theirs = first.experiment().name, second.experiment().name
    if mine != theirs:
        return f"A: {mine}", f"B: {theirs}"
    return f"A: {mine} in {_place(first)}", f"B: {theirs} in {_place(second)}"


def _place(ledger: Ledger) -> str:
    """The folder of a run, or the file of a copy."""
    return str(ledger.path.parent if ledger.path.name == FILE_NAME else ledger.path)


def _listed(labels: npt.NDArray[np.int64]) -> str:
    """Numbers of labels for a message: "100, 150, 200", of many, the first ones and the last."""
    counts = [f"{count:,}" for count in labels.tolist()]
    return ", ".join(counts if len(counts) <= _LISTED else [*counts[: _LISTED - 2], "...", counts[-1]])


def _without(labels: list[str], both: list[str]) -> tuple[str, ...]:
    return tuple(label for label in labels if label not in both)
