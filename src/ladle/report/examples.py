"""The sections of a report that show examples: the first choices of each strategy, and clusters they touch."""

from __future__ import annotations

from ladle.report import figures
from ladle.report.clusters import ClusterExample, ClusterFacts
from ladle.report.drawing import NARROW
from ladle.report.example_views import ExampleViews
from ladle.report.facts import ReportFacts
from ladle.report.markup import figure, key, numbers, section, table, text


def chosen_section(facts: ReportFacts, views: ExampleViews) -> str:
    """Examples of every strategy's first batch; empty for a published ledger, which has no rows.

    Raises: MissingDependencyError.
    """
    if not facts.batches[0].first_batch:
        return ""
    parts = [
        f"<h3>{key(figures.series_of(facts, each.strategy))}{text(each.strategy)}</h3>"
        + views.show(
            ((row, f"number {place + 1:,}", False) for place, row in each.first_batch),
            f"Examples chosen by {each.strategy}",
        )
        for each in facts.batches
    ]
    return section(
        "What each strategy chose first",
        f"{len(facts.batches[0].first_batch)} examples of the first batch of the first trial, evenly spaced in the "
        "order of choice. Point at one for its class.",
        *parts,
    )


def clusters_section(facts: ReportFacts, views: ExampleViews | None) -> str:
    """The sizes of the pool's clusters and, with `views`, some clusters; empty where the clusters are not known.

    Raises: MissingDependencyError.
    """
    clusters = facts.clusters
    if clusters is None:
        return ""
    name = f"{facts.name} cluster-sizes"
    rows = [[f"{each.least:,} to {each.most:,}", f"{each.clusters:,}", f"{each.rows:,}"] for each in clusters.bins]
    return section(
        "The clusters of the pool",
        f"Average linkage over the first model's embeddings, run once in a trial; here those of the first: "
        f"{clusters.count:,} clusters, {clusters.singletons:,} of them a single example, the largest "
        f"of {clusters.largest:,}.",
        figure(
            figures.cluster_sizes(clusters.bins, name=name),
            "Clusters by size, first trial",
            f"Histogram of cluster sizes: {clusters.singletons:,} single examples up to one cluster of "
            f"{clusters.largest:,}; the numbers are in the table below.",
            narrow=figures.cluster_sizes(clusters.bins, name=name, width=NARROW),
        ),
        numbers("The numbers", table(["examples in the cluster", "clusters", "examples"], rows)),
        "" if views is None else _touched(clusters, views),
    )


def _touched(clusters: ClusterFacts, views: ExampleViews) -> str:
    if not clusters.examples:
        return ""
    return (
        f"<h3>Clusters that the first batch of {text(clusters.strategy)} touched, from the largest to the smallest</h3>"
        '<p class="note">Marked examples were chosen; the others stand for the rest of the cluster.</p>'
        + "".join(_cluster(example, views) for example in clusters.examples)
    )


def _cluster(example: ClusterExample, views: ExampleViews) -> str:
    examples = (
        (row, "chosen" if place < example.chosen else "not chosen", place < example.chosen)
        for place, row in enumerate(example.rows)
    )
    note = f"{example.size:,} examples, {example.chosen_in_all:,} of them chosen"
    return f'<p class="note">{text(note)}</p>' + views.show(examples, f"A cluster of {note}")
