"""What a run says of strategies that spread their batch, against Margin, which does not; sentences from its tests."""

from __future__ import annotations

from collections.abc import Sequence

from ladle.lab.measures.comparisons import Comparison, Outcome
from ladle.report.facts import ReportFacts
from ladle.report.sentences import FEWER, count_text, interval_text, points_text, share_text, verdict

_VERBS: dict[Outcome, tuple[str, str]] = {  # of one strategy, of several
    "win": ("beats", "beat"),
    "tie": ("ties with", "tie with"),
    "loss": ("loses to", "lose to"),
}
CAUTION = (
    "A win or a loss is a difference that the paired test over trials confirms, corrected for all pairs of strategies; "
    "a tie is one that it does not. Few trials confirm only large differences, so a tie is no proof of equality."
)


def spreading_sentences(facts: ReportFacts) -> list[str]:
    """What spreading was worth on this pool: at the end, along the curve, in labels, and in near-duplicates chosen.

    Nothing without a strategy beside the baselines; without a test, the first sentence says so.
    """
    ends = spreading_comparisons(facts)
    if not ends:
        return []
    if all(each.outcome == "untested" for each in ends):
        trials = count_text(min(each.trials for each in ends), "trial")
        told = [f"{trials}: too few to test, so nothing is claimed here."]
    else:
        areas = _area_sentence(_of_spreading(facts, facts.main.areas))
        told = [_end_sentence(facts, ends), areas, _labels_sentence(facts)]
    return [each for each in (*told, _copies_sentence(facts)) if each]


def spreading_comparisons(facts: ReportFacts) -> list[Comparison]:
    """The tests at the end of all strategies but the baselines, against the first baseline."""
    return _of_spreading(facts, facts.main.finals)


def _of_spreading(facts: ReportFacts, family: Sequence[Comparison]) -> list[Comparison]:
    others = [strategy for strategy in facts.compared if strategy not in facts.baselines]
    pairs = {(each.strategy, each.against): each for each in family}
    return [pairs[each, facts.baselines[0]] for each in others if (each, facts.baselines[0]) in pairs]


def _end_sentence(facts: ReportFacts, ends: list[Comparison]) -> str:
    trials = min(each.trials for each in ends)
    points = f"with {facts.labels[-1]:,} labels, in points with 95% intervals over {count_text(trials, 'trial')}"
    return f"{_conclusion(ends, trials)}: {_outcomes(ends)} ({points})."


def _area_sentence(areas: list[Comparison]) -> str:
    return f"Over the whole curve (the area under it): {_outcomes(areas)}."


def _outcomes(comparisons: list[Comparison]) -> str:
    """Who beats, ties with and loses to the baseline, with the differences."""
    parts = []
    for outcome, verbs in _VERBS.items():
        group = [each for each in comparisons if each.outcome == outcome]
        if group:
            names = _joined([f"{each.strategy} ({_difference_text(each)})" for each in group])
            parts.append(f"{names} {verbs[len(group) > 1]} {group[0].against}")
    return "; ".join(parts)


def _conclusion(comparisons: list[Comparison], trials: int) -> str:
    winners, losers = ([each.strategy for each in comparisons if each.outcome == one] for one in ("win", "loss"))
    if winners and losers:
        return f"Spreading paid here for {_joined(winners)} and cost accuracy for {_joined(losers)}"
    if winners or losers:
        effect, named = ("paid", winners) if winners else ("cost accuracy", losers)
        return f"Spreading {effect} here" + ("" if len(named) == len(comparisons) else f" for {_joined(named)}")
    return f"Spreading made no difference here that {count_text(trials, 'trial')} can show"


def _labels_sentence(facts: ReportFacts) -> str:
    """The labels that strategies save clearly, against the first baseline; empty where none does."""
    spreading = [each for each in facts.compared if each not in facts.baselines]
    saved = [
        f"{each.strategy} needs {share_text(each.saved)} ({interval_text(each)}) fewer labels"
        for each in facts.main.savings
        if each.strategy in spreading and each.against == facts.baselines[0] and verdict(each) == FEWER
    ]
    return f"To be as good as {facts.baselines[0]} at its end, {_joined(saved)}." if saved else ""


def _copies_sentence(facts: ReportFacts) -> str:
    """How many of each batch are near-duplicates; empty where the run does not know that."""
    shares = [f"{each.strategy} {100 * each.near:.0f}%" for each in facts.batches if each.near is not None]
    if len(shares) < len(facts.strategies):
        return ""
    chance = "" if facts.near_by_chance is None else f" (by chance {100 * facts.near_by_chance:.0f}%)"
    return f"Near-duplicates among the examples of a batch{chance}: {', '.join(shares)}."


def _difference_text(comparison: Comparison) -> str:
    """ "+0.62, +0.21 to +1.03"; a comparison with an outcome has an interval."""
    ends = (comparison.difference, comparison.low or 0.0, comparison.high or 0.0)
    return "{}, {} to {}".format(*(points_text(end) for end in ends))


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
