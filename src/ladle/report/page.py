"""One self-contained HTML file: no script, nothing fetched, legible on a phone, on paper, in light and in dark."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from ladle.durable import writing
from ladle.lab.measures import FEWEST_TRIALS
from ladle.report import figures
from ladle.report.drawing import NARROW
from ladle.report.facts import Facts, thumbnail_rows
from ladle.report.markup import Cells, definitions, document, figure, numbers, section, table, text
from ladle.report.pictured import batches_section, cluster_examples
from ladle.report.sentences import (
    interval_text,
    plus_minus,
    savings_sentence,
    seconds_text,
    share_text,
    verdict,
)
from ladle.report.thumbnails import thumbnails


def write_page(path: str | os.PathLike[str], facts: Facts, images: npt.NDArray[Any]) -> None:
    """Write the report to `path`, whole or not at all.

    images: the pool's inputs, (n, height, width) or (n, height, width, 3) uint8.
    Raises: FileError; ArgumentError when `images` are none; MissingDependencyError without matplotlib or Pillow.
    Cost: about 2 s, most of it matplotlib's import; the page has about 0.6 MB.
    """
    content = page(facts, thumbnails(images, thumbnail_rows(facts))).encode("utf-8")
    with writing(path) as file:
        file.write(content)


def page(facts: Facts, pictures: Mapping[int, str]) -> str:
    """The report as HTML. pictures: a data URI for each row the facts show. Raises: MissingDependencyError."""
    body = "".join(
        [
            _head(facts),
            '<main class="grey">',
            _curves(facts),
            _savings(facts),
            batches_section(facts, pictures),
            _redundancy(facts),
            _clusters(facts, pictures),
            _classes(facts),
            _time(facts),
            _method(facts),
            "</main>",
            f"<footer>Made by Ladle {text(facts.version)} on {text(facts.made_at)}. {text(facts.dataset)}: "
            f"{text(facts.licence)}.</footer>",
        ]
    )
    return document(f"Ladle: {facts.strategies[0].name} on {facts.dataset}", body, facts.to_dict())


def _head(facts: Facts) -> str:
    first = facts.strategies[0]
    cards = [
        (
            "none" if each.saved is None else share_text(each.saved),
            f"labels saved against {each.against}",
            f"{verdict(each)}; 95% interval: {interval_text(each)}",
        )
        for each in facts.savings
        if each.strategy == first.name
    ]
    cards.append(
        (
            seconds_text(first.seconds["select"]),
            f"to choose {facts.batch_size:,} of {facts.pool_rows:,}",
            f"after clustering the pool once, in {seconds_text(facts.start_seconds['cluster'])}",
        )
    )
    shown = "".join(
        f'<div class="card"><strong>{text(big)}</strong><b>{text(what)}</b><br><span>{text(more)}</span></div>'
        for big, what, more in cards
    )
    others = " and ".join(strategy.name for strategy in facts.strategies[1:])
    return (
        '<header><p class="kicker">Ladle report</p>'
        f"<h1>{text(first.name)} on {text(facts.dataset)}</h1>"
        f"<p>{facts.pool_rows:,} images to choose from, {len(facts.labels) - 1} batches of {facts.batch_size:,} after "
        f"a seed set of {facts.labels[0]:,}, {facts.trials} trials. {text(others)} ran beside it from the same seed "
        f"sets. A demonstration that takes minutes, not evidence about large pools.</p>"
        f'<div class="cards">{shown}</div></header>'
    )


def _curves(facts: Facts) -> str:
    head = ["labels", *(f"{labels:,}" for labels in facts.labels)]
    rows = [
        [each.name, *(plus_minus(*pair) for pair in zip(each.mean, _errors(each, facts), strict=True))]
        for each in facts.strategies
    ]
    ends = ", ".join(f"{each.name} {100 * each.mean[-1]:.1f}%" for each in facts.strategies)
    return section(
        "Accuracy grows with labels",
        f"How accurate a model trained on the labels so far is, on {facts.test_rows:,} images used for nothing else.",
        figure(
            figures.learning_curves(facts),
            "Mean over trials; the band is its standard error, dots are single trials",
            f"Line chart of accuracy against labels. With {facts.labels[-1]:,} labels: {ends}.",
            narrow=figures.learning_curves(facts, width=NARROW),
        ),
        numbers("The numbers: accuracy in percent, mean ± standard error", table(head, rows)),
    )


def _errors(strategy: Any, facts: Facts) -> tuple[float | None, ...]:
    return strategy.standard_error or (None,) * len(facts.labels)


def _savings(facts: Facts) -> str:
    rows: list[Cells] = [
        [
            f"{each.strategy} against {each.against}",
            f"{100 * each.target:.1f}%",
            "never" if each.labels_needed is None else f"{each.labels_needed:,.0f}",
            f"{each.labels_against:,.0f}",
            "none" if each.saved is None else share_text(each.saved),
            (interval_text(each), 'class="words"'),
            (verdict(each), 'class="words"'),
        ]
        for each in facts.savings
    ]
    head = ["", "at accuracy", "labels", "instead of", "saved", "95% interval", "in words"]
    return section(
        "Labels saved",
        "How many fewer labels one strategy needs to be as accurate, on average, as the other is at the end.",
        figure(
            figures.savings_intervals(facts),
            f"Dot: label savings; bar: 95% bootstrap interval over {facts.trials} trials, in pairs",
            "Dot plot of label savings. " + " ".join(savings_sentence(each) for each in facts.savings),
            narrow=figures.savings_intervals(facts, width=NARROW),
        ),
        table(head, rows),
        f'<p class="note">Where an interval covers zero there is no clear difference; with fewer than {FEWEST_TRIALS} '
        "trials nothing is claimed. One run in twenty errs even so: try another seed before you believe a small "
        "saving.</p>",
    )


def _redundancy(facts: Facts) -> str:
    head = ["batch", *map(str, range(1, len(facts.labels)))]
    clusters = [[each.name, *(f"{value:,.0f}" for value in each.clusters_touched)] for each in facts.strategies]
    near = [[each.name, *(f"{value:.1f}" for value in each.near_duplicates)] for each in facts.strategies]
    return section(
        "How varied the batches are",
        f"A batch that touches more clusters, and holds fewer near-duplicates, spends its {facts.batch_size:,} labels "
        "on more different images.",
        '<div class="pair">',
        figure(
            figures.per_batch(facts, lambda each: each.clusters_touched, "clusters-touched"),
            "Clusters touched by each batch",
            "Bar chart of clusters touched per batch and strategy; the numbers are in the table below.",
        ),
        figure(
            figures.per_batch(facts, lambda each: each.near_duplicates, "near", chance=facts.near_by_chance),
            "Near-duplicates in each batch",
            "Bar chart of near-duplicates per batch and strategy; the numbers are in the table below.",
        ),
        "</div>",
        f'<p class="note">Near-duplicate: another image of the same batch lies within cosine distance '
        f"{facts.near_limit:.3f} in pixels, a limit under which {facts.near_by_chance:,.0f} of {facts.batch_size:,} "
        "uniformly drawn images fall by chance. Neither the model nor the clustering has a say in it.</p>",
        numbers("The numbers: clusters touched, mean over trials", table(head, clusters)),
        numbers("The numbers: near-duplicates, mean over trials", table(head, near)),
    )


def _clusters(facts: Facts, pictures: Mapping[int, str]) -> str:
    found = facts.clusters
    proven = "all" if found.certified == 1 else f"{100 * found.certified:.2f}%"
    rows = [[f"{each.least:,} to {each.most:,}", f"{each.clusters:,}", f"{each.rows:,}"] for each in found.bins]
    return section(
        "The clusters of the pool",
        f"Average linkage over the seed model's embeddings, run once: {found.count:,} clusters, {found.singletons:,} "
        f"of them a single image, the largest {found.largest:,} images; {proven} of the merges proven exact.",
        figure(
            figures.cluster_sizes(found.bins),
            "Clusters by size, first trial",
            f"Histogram of cluster sizes: {found.singletons:,} single images up to one cluster of {found.largest:,}.",
            narrow=figures.cluster_sizes(found.bins, width=NARROW),
        ),
        numbers("The numbers", table(["images in the cluster", "clusters", "images"], rows)),
        cluster_examples(facts, pictures),
    )


def _classes(facts: Facts) -> str:
    top = max(max(each.class_share) for each in facts.strategies)
    rows: list[Cells] = []
    for label, name in enumerate(facts.class_names):
        shares = [each.class_share[label] for each in facts.strategies]
        shades = [f'class="heat" style="--heat: {55 * share / top:.0f}"' for share in shares]
        rows.append([name, *((f"{100 * share:.1f}%", shade) for share, shade in zip(shares, shades, strict=True))])
    return section(
        "Which classes the labels went to",
        "Share of each true class among all images chosen: going by margins spends labels where classes look alike.",
        table(["class", *(each.name for each in facts.strategies)], rows),
    )


def _time(facts: Facts) -> str:
    steps = list(facts.strategies[0].seconds)
    rows = [[each.name, *(f"{each.seconds[step]:.3f}" for step in steps)] for each in facts.strategies]
    once = ", ".join(f"{step} {seconds_text(seconds)}" for step, seconds in facts.start_seconds.items())
    stages = [(stage, seconds_text(seconds)) for stage, seconds in facts.stage_seconds.items()]
    return section(
        "Where the time goes",
        f"Choosing costs almost nothing beside training. Once a trial, for all strategies together: {once}.",
        figure(
            figures.step_seconds(facts),
            f"Mean wall-clock seconds a round, {facts.workers} rounds side by side",
            "Stacked bars of seconds per step and strategy; the numbers are in the table below.",
            narrow=figures.step_seconds(facts, width=NARROW),
        ),
        numbers("The numbers: seconds a round", table(["", *steps], rows)),
        numbers(
            "The whole run, by stage",
            definitions([*stages, ("everything", seconds_text(facts.total_seconds)), ("machine", facts.machine)]),
        ),
    )


def _method(facts: Facts) -> str:
    options = ", ".join(f"{name} {value}" for name, value in facts.options.items())
    return section(
        "How it was done",
        "Enough to repeat it: the same version, options and seed give the same choices on the same kind of machine.",
        definitions(
            [
                (
                    "Data",
                    f"{facts.dataset}: {facts.pool_rows:,} pool images, {facts.test_rows:,} test images, exact pixels",
                ),
                ("Model", f"{facts.learner}; retrained from scratch every round"),
                ("Embeddings", "the model's penultimate layer after the seed set, cosine metric, not refreshed"),
                ("Clusters", f"average linkage, cut at a mean size of {facts.mean_size:g}"),
                ("Options", f"{options}; seed {facts.seed}"),
                (
                    "Pairing",
                    "within a trial all strategies share seed set, first model, clustering and training seeds",
                ),
                (
                    "Label savings",
                    "1 - labels A / labels B, each interpolated where the mean curve first reaches B's final accuracy",
                ),
                ("Method", "Citovsky et al. 2021, Batch Active Learning at Scale, algorithm 1"),
            ]
        ),
    )
