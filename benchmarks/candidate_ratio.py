"""Is `candidate_ratio="auto"` ever worse than the better of Margin and Cluster-Margin? From the published ledgers.

python benchmarks/candidate_ratio.py           # writes docs/results/experiments/candidate-ratio.md

An experiment is "chosen on" if the rule was made with its ledger in view, else it is a test of the rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median

from ladle.lab.comparisons import Comparison, compare_paired, corrected
from ladle.lab.ledger import Ledger
from ladle.lab.measures import area_under_curve
from ladle.strategies.crowding import Crowding
from table_parts import markdown

EXPERIMENTS = Path(__file__).parents[1] / "docs" / "results" / "experiments"
CHOSEN_ON = {"cifar-10-redundant", "cifar-10-frozen-1k"}
AUTO, RIVALS = "Cluster-Margin auto", ("Margin", "Cluster-Margin 1.25", "Cluster-Margin 10")
HEAD = """# `candidate_ratio="auto"`, tested

Made by `python benchmarks/candidate_ratio.py` from the ledgers beside this page. The rule (`ladle.strategies.crowding`)
was chosen with two of the experiments in view, and is tested by the others. *Crowding* is how many times as often as by
chance the members of the batch Margin would choose share a cluster; *ratio* what the rule made of it; both are medians
over rounds and trials. The rivals are Margin and Cluster-Margin with ratios 1.25 and 10; the best of an experiment is
the one with the highest mean, chosen after the fact, which favours it. Points of the main metric, with 95% intervals
over trials in pairs; a win or loss is a p below 0.05 by Student's paired t, corrected by Holm over the whole page.

"""


@dataclass(frozen=True, slots=True)
class Found:
    """What one ledger tells: crowding and ratio, and auto against each rival, by the measure that names it."""

    name: str
    trials: int
    crowding: float
    ratio: float
    against: dict[str, dict[str, Comparison]]  # measure, rival
    best: dict[str, str]  # measure: the rival of the highest mean


def found_in(path: Path) -> Found | None:
    """None for a ledger in which auto has not run."""
    with Ledger.open(path) as ledger:
        if AUTO not in ledger.strategies() or not ledger.trials(AUTO):
            return None
        metric, labels, trials = ledger.metrics()[0], ledger.labels(AUTO), ledger.trials(AUTO)
        names = [name for name in ledger.strategies() if name in (AUTO, *RIVALS) and ledger.trials(name) == trials]
        curves = {name: 100 * ledger.curves(name, metric) for name in names}
        stories = [each.facts["story"] for each in ledger.rounds(AUTO)]
    values = {
        "At the end": {name: curve[:, -1] for name, curve in curves.items()},
        "Area under the curve": {name: area_under_curve(labels, curve) for name, curve in curves.items()},
    }
    rivals = [name for name in RIVALS if name in curves]
    return Found(
        path.stem,
        len(trials),
        median(Crowding(each["shared"], each["shared_by_chance"]).times_chance for each in stories),
        median(each["candidate_ratio"] for each in stories),
        {
            what: {name: compare_paired(AUTO, of[AUTO], name, of[name]) for name in rivals}
            for what, of in values.items()
        },
        {what: max(rivals, key=lambda name: of[name].mean()) for what, of in values.items()},
    )


def in_words(each: Comparison | None, *, best: bool) -> str:
    if each is None:
        return "-"
    points = f"{each.difference:+.2f} ({each.low:+.2f} to {each.high:+.2f})"
    points = points if each.outcome == "tie" else f"**{points}**, a {each.outcome}"
    return f"{points}; the best" if best else points


def corrected_together(every: list[Found]) -> list[Found]:
    """The same, each p corrected for all that the page asks."""
    asked = iter(corrected([each for one in every for part in one.against.values() for each in part.values()]))
    return [
        replace(one, against={what: {name: next(asked) for name in part} for what, part in one.against.items()})
        for one in every
    ]


def mean_row(told: str, members: list[Found], what: str) -> list[str]:
    points = []
    for name in RIVALS:
        known = [one.against[what][name].difference for one in members if name in one.against[what]]
        points.append(f"{mean(known):+.2f} of {len(known)}" if known else "-")
    return [told, what, *points]


def page(every: list[Found]) -> str:
    against = [f"against {name}" for name in RIVALS]
    text = HEAD
    for what in ("At the end", "Area under the curve"):
        lines = []
        for one in every:
            known = f"{one.name}, chosen on" if one.name in CHOSEN_ON else one.name
            shown = [in_words(one.against[what].get(name), best=one.best[what] == name) for name in RIVALS]
            lines.append([known, str(one.trials), f"{one.crowding:.2f}", f"{one.ratio:.2f}", *shown])
        text += f"## {what}\n\n" + markdown(["experiment", "trials", "crowding", "ratio", *against], lines) + "\n"
    tests = [one for one in every if one.name not in CHOSEN_ON]
    rows = [
        mean_row(told, members, what)
        for told, members in (("all", every), ("those that test the rule", tests))
        for what in ("At the end", "Area under the curve")
    ]
    return text + "## In the mean over experiments\n\n" + markdown(["experiments", "", *against], rows)


def main() -> None:
    every = [found for path in sorted(EXPERIMENTS.glob("*.sqlite")) if (found := found_in(path)) is not None]
    text = page(corrected_together(every))
    (EXPERIMENTS / "candidate-ratio.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
