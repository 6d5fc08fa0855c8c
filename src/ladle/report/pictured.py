"""The parts of a report that show the images themselves."""

from __future__ import annotations

from collections.abc import Mapping

from ladle.report.clusters import ClusterExample
from ladle.report.facts import Facts, StrategyFacts
from ladle.report.markup import key, pictures, section, text


def batches_section(facts: Facts, sources: Mapping[int, str]) -> str:
    """What each strategy chose first. sources: a data URI for each row."""
    return section(
        "What each strategy chose first",
        f"{len(facts.strategies[0].first_batch)} images of the first batch of the first trial, evenly spaced in the "
        "order of choice. Point at one for its class and the model's margin.",
        *(_batch(position, strategy, sources) for position, strategy in enumerate(facts.strategies)),
    )


def cluster_examples(facts: Facts, sources: Mapping[int, str]) -> str:
    """Some clusters the first batch touched, the chosen images ringed."""
    examples = facts.clusters.examples
    if not examples:
        return ""
    name = text(facts.strategies[0].name)
    return (
        f"<h3>Clusters that the first {name} batch touched, from the largest to the smallest</h3>"
        '<p class="note">Ringed images were chosen; the others stand for the rest of the cluster.</p>'
        + "".join(_cluster(example, sources) for example in examples)
    )


def _batch(position: int, strategy: StrategyFacts, sources: Mapping[int, str]) -> str:
    shown = (
        (
            sources[chosen.row],
            f"{chosen.label}, margin {chosen.margin:.3f}, number {chosen.batch_pos + 1:,}, row {chosen.row:,}",
            False,
        )
        for chosen in strategy.first_batch
    )
    return f"<h3>{key(position)}{text(strategy.name)}</h3>" + pictures(shown, f"Images chosen by {strategy.name}")


def _cluster(example: ClusterExample, sources: Mapping[int, str]) -> str:
    shown = (
        (sources[row], f"row {row:,}, {'chosen' if place < example.chosen else 'not chosen'}", place < example.chosen)
        for place, row in enumerate(example.rows)
    )
    note = f"{example.size:,} images, {example.chosen_in_all:,} of them chosen"
    return f'<p class="note">{text(note)}</p>' + pictures(shown, f"A cluster of {note}")
