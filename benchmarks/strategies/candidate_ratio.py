"""Is `candidate_ratio="auto"` ever worse than the best of Margin and Cluster-Margin? From the published ledgers.

python -m benchmarks.strategies.candidate_ratio           # writes docs/results/experiments/candidate-ratio.md

An experiment is "in view" if the rule was made with its results in view, else it is a test of the rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median

from benchmarks.table_parts import markdown
from ladle.lab.ledger.ledger import Ledger
from ladle.lab.measures.comparisons import LEVEL, Comparison, compare_paired, corrected
from ladle.lab.measures.savings import area_under_curve
from ladle.strategies.clustered.crowding import Crowding

EXPERIMENTS = Path(__file__).parents[2] / "docs" / "results" / "experiments"
TESTS = {
    "fashion-mnist-redundant-1.5", "fashion-mnist-redundant-2", "glove-45-redundant-2", "glove-45-redundant-5",
}  # fmt: skip
TINY = 1e-6  # by which two ratios may differ and be the same
AUTO, SHOWN = "Cluster-Margin auto", ("Margin", "Cluster-Margin 1.25", "Cluster-Margin 10")
RIVALS = ("Margin", *(f"Cluster-Margin {ratio}" for ratio in ("1.25", "2", "3", "5", "10")))
HEAD = """# `candidate_ratio="auto"`, tested

Made by `python -m benchmarks.strategies.candidate_ratio` from the ledgers beside this page. *Crowding* is how many
times as often as by chance the members of the batch Margin would choose share a cluster, from the least to the most of
all rounds and trials; *ratio* what the rule makes of it, in the median (`ladle.strategies.clustered.crowding`: 1.25
times the crowding, 10 at most; where the crowding is below 1.15, Margin's own batch). The rivals are Margin and
Cluster-Margin at every ratio that was run, in clusters of ten and groups by candidates; the best of an experiment is
the one with the highest mean, chosen after the fact, which favours it. Points of the main metric, with 95% intervals
over trials in pairs; a win or loss is a p below 0.05 by Student's paired t, corrected by Holm over the whole page. As
that makes "not worse" easy to say, what an uncorrected p below 0.05 tells is noted too.

The rule's first form grew with the cube of the crowding. It was chosen with `cifar-10-frozen-1k` and
`cifar-10-redundant` in view, held on eight more experiments, and failed on the first pool with fewer copies: on
`wordnet-45-redundant-3` it came to a ratio of 5.5 in the median and ended 1.15 points (0.85 to 1.44) behind ratio
1.25, and 1.01 (0.54 to 1.47) behind Margin. Its second form was 1.25 times the crowding, and 1.25 where nothing is
crowded. It held on two pools that it had not seen, `cifar-10-redundant-3` and `fashion-mnist-redundant-3`, and failed
on the third: on `glove-45`, crowding 0.94, it ended 0.75 points (0.23 to 1.27) behind Margin, whose batches there
hold no more near-duplicates than chance has it. So where nothing is crowded the present rule takes Margin's batch as
it is. It was made with all experiments in view but those that are marked as tests.

Ledgers from before it hold its second form. Where all their rounds were crowded that is the same. Where none was, the
present rule would have chosen as Margin did, and Margin's curves stand for it here, marked *by the rule*. That was
looked at: Margin and `auto` were run again, alone and on another machine, by the protocols `cifar-10-frozen-1k`,
`cifar-100-frozen-1k`, `wordnet-45` and `fashion-mnist`. In all 380 rounds `auto` chose Margin's batch, row for row,
with a crowding of 0.75 to 1.02 (lower than with a ratio of 1.25). The batches of 5,000 and Words-9 in batches of
100,000 were not run again.

`glove-45` and its pools with copies were run again with a perceptron that has learnt, after all of this; the figures
above are of the one with 30 epochs, those below of the new one.

"""


@dataclass(frozen=True, slots=True)
class RatioFacts:
    """What one ledger tells: crowding and ratio, and auto against each rival, by the measure that names it."""

    name: str
    trials: int
    crowding: tuple[float, float]  # least and most of all rounds
    ratio: float
    by_the_rule: bool  # Margin's curves stand for those of auto
    against: dict[str, dict[str, Comparison]]  # measure, rival
    best: dict[str, str]  # measure: the rival of the highest mean

    @property
    def is_test(self) -> bool:
        """Whether the rule was made without its results."""
        return self.name in TESTS


def facts_in(path: Path) -> RatioFacts | None:
    """None for a ledger in which auto has not run."""
    with Ledger.open(path) as ledger:
        if AUTO not in ledger.strategies() or not ledger.trials(AUTO):
            return None
        metric, labels, trials = ledger.metrics()[0], ledger.labels(AUTO), ledger.trials(AUTO)
        names = [name for name in ledger.strategies() if name in (AUTO, *RIVALS) and ledger.trials(name) == trials]
        curves = {name: 100 * ledger.curves(name, metric) for name in names}
        stories = [each.facts["story"] for each in ledger.rounds(AUTO)]
    crowding = [Crowding(each["shared"], each["shared_by_chance"]) for each in stories]
    by_the_rule = any(
        abs(one.ratio - each["candidate_ratio"]) > TINY for one, each in zip(crowding, stories, strict=True)
    )
    if by_the_rule:
        assert not any(one.is_crowded for one in crowding), f"{path}: neither all crowded nor none"
        curves[AUTO] = curves["Margin"]
    values = {
        "At the end": {name: curve[:, -1] for name, curve in curves.items()},
        "Area under the curve": {name: area_under_curve(labels, curve) for name, curve in curves.items()},
    }
    rivals = [name for name in RIVALS if name in curves]
    return RatioFacts(
        path.stem,
        len(trials),
        (min(one.times_chance for one in crowding), max(one.times_chance for one in crowding)),
        median(one.ratio for one in crowding),
        by_the_rule,
        {
            what: {name: compare_paired(AUTO, of[AUTO], name, of[name]) for name in rivals}
            for what, of in values.items()
        },
        {what: max(rivals, key=lambda name: of[name].mean()) for what, of in values.items()},
    )


def in_words(each: Comparison | None) -> str:
    if each is None:
        return "-"
    points = f"{each.difference:+.2f} ({each.low:+.2f} to {each.high:+.2f})"
    if each.outcome != "tie":
        return f"**{points}**, a {each.outcome}"
    if each.p is not None and each.p < LEVEL and each.difference != 0:
        return f"{points}, {'ahead' if each.difference > 0 else 'behind'} if not corrected"
    return points


def corrected_together(every: list[RatioFacts]) -> list[RatioFacts]:
    """The same, each p corrected for all that the page asks."""
    tests = iter(corrected([each for one in every for part in one.against.values() for each in part.values()]))
    return [
        replace(one, against={what: {name: next(tests) for name in part} for what, part in one.against.items()})
        for one in every
    ]


def mean_row(scope: str, members: list[RatioFacts], what: str) -> list[str]:
    points = []
    for name in SHOWN:
        known = [one.against[what][name].difference for one in members if name in one.against[what]]
        points.append(f"{mean(known):+.2f} of {len(known)}" if known else "-")
    best = mean(one.against[what][one.best[what]].difference for one in members)
    return [scope, what, *points, f"{best:+.2f} of {len(members)}"]


def page(every: list[RatioFacts]) -> str:
    against = [*(f"against {name}" for name in SHOWN), "against the best"]
    text = HEAD
    for what in ("At the end", "Area under the curve"):
        lines = []
        for one in sorted(every, key=lambda one: not one.is_test):
            known = one.name + (", a test" if one.is_test else "") + (", by the rule" if one.by_the_rule else "")
            best = one.best[what]
            shown = [in_words(one.against[what].get(name)) for name in SHOWN]
            shown.append(f"{best}: {in_words(one.against[what][best])}")
            lines.append([known, str(one.trials), "{:.2f} to {:.2f}".format(*one.crowding), f"{one.ratio:.2f}", *shown])
        text += f"## {what}\n\n" + markdown(["experiment", "trials", "crowding", "ratio", *against], lines) + "\n"
    rows = [
        mean_row(scope, members, what)
        for scope, members in (("all", every), ("tests", [one for one in every if one.is_test]))
        for what in ("At the end", "Area under the curve")
    ]
    return text + "## In the mean over experiments\n\n" + markdown(["experiments", "", *against], rows)


def main() -> None:
    every = [facts for path in sorted(EXPERIMENTS.glob("*.sqlite")) if (facts := facts_in(path)) is not None]
    text = page(corrected_together(every))
    (EXPERIMENTS / "candidate-ratio.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
