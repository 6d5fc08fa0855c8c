"""The parts of a report that show examples: what each strategy chose first, and the clusters that were touched."""

from __future__ import annotations

from ladle.report import figures
from ladle.report.clusters import ClusterExample, ClusterFacts
from ladle.report.drawing import NARROW
from ladle.report.example_views import Looks
from ladle.report.facts import Facts
from ladle.report.markup import figure, key, numbers, section, table, text


def chosen_section(facts: Facts, looks: Looks) -> str:
    """Examples of every strategy's first batch; nothing of a published ledger, which has no rows.

    Raises: MissingDependencyError.
    """
    if not facts.batches[0].first_batch:
        return ""
    shown = [
        f"<h3>{key(figures.series_of(facts, each.strategy))}{text(each.strategy)}</h3>"
        + looks.show(
            ((row, f"number {place + 1:,}", False) for place, row in each.first_batch),
            f"Examples chosen by {each.strategy}",
        )
        for each in facts.batches
    ]
    return section(
        "What each strategy chose first",
        f"{len(facts.batches[0].first_batch)} examples of the first batch of the first trial, evenly spaced in the "
        "order of choice. Point at one for its class.",
        *shown,
    )


def clusters_section(facts: Facts, looks: Looks | None) -> str:
    """How large the pool's clusters are, and some of them, where they can be shown; nothing where they are not known.

    Raises: MissingDependencyError.
    """
    found = facts.clusters
    if found is None:
        return ""
    rows = [[f"{each.least:,} to {each.most:,}", f"{each.clusters:,}", f"{each.rows:,}"] for each in found.bins]
    return section(
        "The clusters of the pool",
        f"Average linkage over the first model's embeddings, run once in a trial; here those of the first: "
        f"{found.count:,} clusters, {found.singletons:,} of them a single example, the largest of {found.largest:,}.",
        figure(
            figures.cluster_sizes(found.bins),
            "Clusters by size, first trial",
            f"Histogram of cluster sizes: {found.singletons:,} single examples up to one cluster of "
            f"{found.largest:,}; the numbers are in the table below.",
            narrow=figures.cluster_sizes(found.bins, width=NARROW),
        ),
        numbers("The numbers", table(["examples in the cluster", "clusters", "examples"], rows)),
        "" if looks is None else _touched(found, looks),
    )


def _touched(found: ClusterFacts, looks: Looks) -> str:
    if not found.examples:
        return ""
    return (
        f"<h3>Clusters that the first batch of {text(found.strategy)} touched, from the largest to the smallest</h3>"
        '<p class="note">Marked examples were chosen; the others stand for the rest of the cluster.</p>'
        + "".join(_cluster(example, looks) for example in found.examples)
    )


def _cluster(example: ClusterExample, looks: Looks) -> str:
    shown = (
        (row, "chosen" if place < example.chosen else "not chosen", place < example.chosen)
        for place, row in enumerate(example.rows)
    )
    note = f"{example.size:,} examples, {example.chosen_in_all:,} of them chosen"
    return f'<p class="note">{text(note)}</p>' + looks.show(shown, f"A cluster of {note}")
