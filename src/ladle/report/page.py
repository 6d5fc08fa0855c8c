"""The report of an experiment as one self-contained HTML file, for screens, phones and paper."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ladle.durable import writing
from ladle.lab.measures.comparisons import LEVEL
from ladle.lab.measures.redundancy import CHANCE_SHARE
from ladle.lab.measures.savings import FEWEST_TRIALS
from ladle.lab.runner.starts import first_clusters
from ladle.report import figures, rows
from ladle.report.drawing import BROAD, NARROW
from ladle.report.example_views import ExampleViews
from ladle.report.examples import chosen_section, clusters_section
from ladle.report.facts import MetricFacts, ReportFacts, facts_of
from ladle.report.markup import Cells, definitions, document, figure, numbers, section, table, text
from ladle.report.page_header import page_header
from ladle.report.sentences import (
    FITS,
    GAPS,
    LEVELS,
    NO_SAVINGS,
    PLUS_MINUS,
    RATIOS,
    WIDER_FAMILY,
    metric_text,
    seconds_text,
)

if TYPE_CHECKING:
    from ladle.lab.data.datasets import Dataset
    from ladle.lab.ledger.ledger import Ledger

_PANEL = 5.4  # inches: two of them stand side by side
_MOST_CLASSES = 30  # a longer table of classes is left out


def write_page(ledger: Ledger, path: str | os.PathLike[str], *, dataset: Dataset | None = None) -> None:
    """Write the report of a run, finished or not, as an HTML page.

    Parameters
    ----------
    ledger : Ledger
        Of the run.
    path : path
        The file to write; it is replaced whole.
    dataset : Dataset, optional
        The run's data set, of images, uint8 (n, height, width) or (n, height, width, 3), or of texts. The page then
        shows what each strategy chose first, and examples of clusters, unless the ledger was published without rows.

    Raises
    ------
    FileError, CorruptFileError
        When a file cannot be written, or the tree of the run is damaged.
    ArgumentError
        When no trial is finished, or the data set has neither images nor texts.
    MissingDependencyError
        Without matplotlib, or, for images, without Pillow.

    Notes
    -----
    Cost: that of `facts_of`, and about 3 s to draw; the page has about 0.3 MB without images.
    """
    write_page_of(facts_of(ledger, clusters=first_clusters(ledger)), path, dataset=dataset)


def write_page_of(facts: ReportFacts, path: str | os.PathLike[str], *, dataset: Dataset | None = None) -> None:
    """Write the report of these facts as an HTML page.

    Parameters
    ----------
    facts : ReportFacts
        As `facts_of` collects them.
    path : path
        The file to write; it is replaced whole.
    dataset : Dataset, optional
        See `write_page`.

    Raises
    ------
    FileError, ArgumentError, MissingDependencyError
        See `write_page`.
    """
    content = page(facts, dataset=dataset).encode("utf-8")
    with writing(path) as file:
        file.write(content)


def page(facts: ReportFacts, *, dataset: Dataset | None = None) -> str:
    """Make the report as HTML.

    Parameters
    ----------
    facts : ReportFacts
        As `facts_of` collects them.
    dataset : Dataset, optional
        See `write_page`.

    Returns
    -------
    str
        A whole page.

    Raises
    ------
    ArgumentError, MissingDependencyError
        See `write_page`.
    """
    views = None if dataset is None else ExampleViews(dataset)
    body = "".join(
        [
            page_header(facts),
            main_part(_curves(facts, facts.main) + details(facts, views), views),
            f"<footer>Made by Ladle {text(facts.version)} from the ledger of {text(facts.name)}. {licence(facts)}"
            "</footer>",
        ]
    )
    return document(f"Ladle lab: {facts.title}", body, facts.to_dict())


def details(facts: ReportFacts, views: ExampleViews | None) -> str:
    """All sections but that of the curves of the main metric."""
    others = [
        part
        for metric in facts.metrics[1:]
        for part in (_curves(facts, metric), _savings(facts, metric), _gaps(facts, metric), _pairs(facts, metric))
    ]
    return "".join(
        [
            _savings(facts, facts.main),
            _gaps(facts, facts.main),
            _outcomes(facts, facts.main),
            _pairs(facts, facts.main),
            *others,
            "" if views is None else chosen_section(facts, views),
            _redundancy(facts),
            _choices(facts),
            clusters_section(facts, views),
            _classes(facts),
            _fit(facts),
            _time(facts),
            _method(facts),
        ]
    )


def main_part(sections: str, views: ExampleViews | None) -> str:
    """The middle of a page around its sections, in the colours of its pictures."""
    return f'<main class="{"grey" if views is not None and views.are_grey else "colour"}">{sections}</main>'


def _curves(facts: ReportFacts, metric: MetricFacts) -> str:
    return section(
        f"How {metric_text(metric.metric)} grows with labels",
        "Measured on a test split that no choice and no training has seen.",
        *curve_parts(facts, metric),
    )


def curve_parts(facts: ReportFacts, metric: MetricFacts) -> list[str]:
    """The learning curves as markup: the figure, and the numbers behind it."""
    name = metric_text(metric.metric)
    groups = figures.panels(facts)
    ends = ", ".join(f"{each.strategy} {100 * each.mean[-1]:.1f}%" for each in metric.curves)
    description = f"Line chart of {name} against labels. With {facts.labels[-1]:,} labels: {ends}."
    caption = "Mean over trials; the band is its 95% interval"
    if len(groups) == 1:
        drawn = figure(
            figures.learning_curves(facts, metric, groups[0], width=BROAD),
            caption,
            description,
            narrow=figures.learning_curves(facts, metric, groups[0], width=NARROW),
        )
    else:
        parts = [
            figure(figures.learning_curves(facts, metric, group, width=_PANEL), _panel_title(facts, group), description)
            for group in groups
        ]
        note = f"{caption}. {', '.join(facts.baselines)} in every panel, all panels in one scale."
        drawn = f'<p class="note">{text(note)}</p><div class="pair">{"".join(parts)}</div>'
    return [
        drawn,
        numbers(f"The numbers: {name} in percent, {PLUS_MINUS}", table(*rows.curves_table(facts, metric))),
        numbers(
            "Area under the curve: the mean over the range of labels, against the baselines",
            _worded(rows.areas_table(facts, metric), {2, 6}),
        ),
    ]


def _panel_title(facts: ReportFacts, group: list[str]) -> str:
    """The strategies of this panel without the baselines, which are in all."""
    return ", ".join(strategy for strategy in group if strategy not in facts.baselines)


def _gaps(facts: ReportFacts, metric: MetricFacts) -> str:
    """The share of the gap to the upper bound that each strategy closes; empty without one."""
    gaps = rows.gaps_table(facts, metric)
    if not gaps[1]:
        return ""
    title = f"How much of what can be gained, by {metric_text(metric.metric)}"
    note = f'<p class="note">{text(rows.bound_text(facts, metric))}</p>'
    return section(title, GAPS, note, _worded(gaps, {1}))


def _savings(facts: ReportFacts, metric: MetricFacts) -> str:
    title = f"Labels saved, by {metric_text(metric.metric)}"
    savings = rows.against_baselines(facts, metric.savings)
    if not savings:
        return section(title, NO_SAVINGS)
    baselines = [baseline for baseline in facts.baselines if any(each.against == baseline for each in savings)]
    return section(
        title,
        "How many fewer labels a strategy needs to be as good, on average, as the other is at the end. Dots are the "
        "labels saved, bars 95% intervals with trials in pairs, an arrow head where a strategy may never get there; "
        "each stands on its own, so of twenty that are shown one may miss by chance.",
        *(_savings_against(facts, metric, baseline) for baseline in baselines),
        numbers(
            "All pairs: what the row saves at the column's final value, with 95% intervals",
            table(*rows.all_savings_table(facts, metric)),
        ),
    )


def _savings_against(facts: ReportFacts, metric: MetricFacts, baseline: str) -> str:
    drawn = figure(
        figures.savings_intervals(facts, metric, baseline),
        f"Against {baseline}",
        f"Label savings against {baseline} with intervals; the same numbers are in the table below.",
        narrow=figures.savings_intervals(facts, metric, baseline, width=NARROW),
    )
    return drawn + _worded(rows.savings_table(facts, metric, baseline), {2, 3})


def _outcomes(facts: ReportFacts, metric: MetricFacts) -> str:
    tallies = {(each.strategy, each.against): each for each in metric.records}
    names, lines = rows.records_table(facts, metric)
    cells: list[Cells] = []
    for strategy, line in zip(facts.strategies, lines, strict=True):
        shaded: list[str | tuple[str, str]] = [line[0]]
        for against, cell in zip(facts.strategies, line[1:], strict=True):
            record = tallies.get((strategy, against))
            shaded.append(
                cell if record is None else (cell, _shade(record.wins - record.losses, len(facts.labels) - 1))
            )
        cells.append(shaded)
    return section(
        "Who wins, ties and loses",
        f"By {metric_text(metric.metric)}. Differences within trials, Student's paired t, corrected by Holm for all "
        f"that is asked at once; a win or loss is a corrected p below {LEVEL:g}, everything else a tie.",
        f"<h3>At {facts.labels[-1]:,} labels, in points with 95% intervals</h3>",
        _worded(rows.outcomes_table(facts, metric), set(range(1, 1 + len(facts.baselines)))),
        "<h3>Points along the curve: won-tied-lost by the row against the column</h3>",
        f'<p class="note">The p of these points are {text(WIDER_FAMILY)}.</p>',
        table(names, cells),
        numbers(
            "At the end, against the baselines: p of the tests, with the exact signed-rank test as a check",
            _worded(rows.finals_table(facts, metric), {1, 5}),
        ),
    )


def _pairs(facts: ReportFacts, metric: MetricFacts) -> str:
    """The tests of all pairs, one fold a strategy: a table of all pairs at once would be too long to read."""
    if not metric.finals:
        return ""
    words = {place for place, name in enumerate(rows.pairs_table(facts, metric, facts.strategies[0])[0]) if place}
    return section(
        f"Every pair, by {metric_text(metric.metric)}",
        f"One strategy against each other, at {facts.labels[-1]:,} labels and by the area under the curve: the "
        "difference in points with its 95% interval, which is not corrected, and p of Student's paired t, corrected "
        "by Holm over all pairs. The exact signed-rank test is a check.",
        *(
            numbers(f"{strategy} against each other", _worded(rows.pairs_table(facts, metric, strategy), words))
            for strategy in facts.strategies
        ),
    )


def _shade(lead: float, most: float) -> str:
    if lead == 0:
        return ""
    return f'class="{"heat" if lead > 0 else "heat behind"}" style="--heat: {45 * abs(lead) / most:.0f}"'


def _redundancy(facts: ReportFacts) -> str:
    by_chance = CHANCE_SHARE if facts.near_by_chance is None else facts.near_by_chance
    shares_by_kind = [
        (
            "near-duplicates",
            "Near-duplicates in a batch; dashed: by chance",
            [each.near for each in facts.batches],
            by_chance,
        ),
        ("clusters", "Clusters touched, of the batch size", [each.clusters for each in facts.batches], None),
        ("originals", "Distinct originals, of the batch size", [each.originals for each in facts.batches], None),
        ("evenness", "Class balance: 100 is even", [each.even for each in facts.batches], None),
    ]
    drawn = []
    for name, caption, values, chance in shares_by_kind:
        known = [value for value in values if value is not None]
        if len(known) == len(facts.strategies):
            svg = figures.shares(facts, known, name, "%, mean over rounds and trials", chance=chance)
            listed = ", ".join(
                f"{each} {100 * value:.1f}%" for each, value in zip(facts.strategies, known, strict=True)
            )
            drawn.append(figure(svg, caption, f"{caption}: {listed}."))
    return section(
        "How redundant the batches are",
        f"{rows.near_text(facts)} Clusters are those of the trial's one clustering.".strip(),
        f'<div class="pair">{"".join(drawn)}</div>',
        numbers("The numbers: means over rounds and trials", table(*rows.batches_table(facts))),
    )


def _choices(facts: ReportFacts) -> str:
    """What strategies that choose for themselves chose in each round; empty without one."""
    parts = [
        f'<p class="note">{text(sentence)}</p>{table(*chosen)}'
        for sentence, chosen in ((RATIOS, rows.ratios_table(facts)), (LEVELS, rows.levels_table(facts)))
        if chosen[1]
    ]
    return section("What auto chose", "By what it measured before each batch.", *parts) if parts else ""


def _classes(facts: ReportFacts) -> str:
    by_strategy = [each.class_share for each in facts.batches if each.class_share is not None]
    if len(by_strategy) < len(facts.strategies) or len(by_strategy[0]) > _MOST_CLASSES:
        return ""
    names = facts.dataset.get("class_names") or [f"class {label}" for label in range(len(by_strategy[0]))]
    top = max(max(shares) for shares in by_strategy)
    lines: list[Cells] = []
    for label, name in enumerate(names):
        shares = [each[label] for each in by_strategy]
        lines.append([str(name), *((f"{100 * share:.1f}%", _shade(share, top)) for share in shares)])
    return section(
        "Which classes the labels went to",
        "Share of each true class among all that was chosen.",
        table(["class", *facts.strategies], lines),
    )


def _fit(facts: ReportFacts) -> str:
    """The models beside their references; empty for ledgers from before these were fitted."""
    if not facts.fit.points:
        return ""
    return section("Whether the models have fitted their labels", FITS, _worded(rows.fit_table(facts), {1, 6}))


def _time(facts: ReportFacts) -> str:
    once = ", ".join(f"{step} {seconds_text(seconds)}" for step, seconds in facts.start_seconds.items())
    return section(
        "Where the time goes",
        f"Once a trial, for all strategies together: {once}.",
        figure(
            figures.step_seconds(facts),
            "Wall-clock seconds a round, in the median over trials",
            "Stacked bars of seconds per step and strategy; the numbers are in the table below.",
            narrow=figures.step_seconds(facts, width=NARROW),
        ),
        numbers("The numbers: seconds a round", table(*rows.seconds_table(facts))),
    )


def _method(facts: ReportFacts) -> str:
    done, total = facts.finished
    finished = [f"{each.strategy} {len(each.trials)}" for each in facts.main.curves]
    pairs = [
        ("Rounds done", f"{done:,} of {total:,}; finished trials: {', '.join(finished)}"),
        ("Pairing", "within a trial all strategies share seed set, first model, clustering and training seeds"),
        ("Curves", "95% intervals by Student's t over trials, each point on its own"),
        ("Label savings", "1 - labels A / labels B, each where the mean curve first reaches B's final value; the 95% "
         "interval holds the numbers of labels at which a paired t test cannot tell A from B's final value; intervals "
         "are not corrected for how many are shown"),
        ("Tests", "Student's paired t, two-sided, Holm's correction over all pairs (and points); fewer than "
         f"{FEWEST_TRIALS} trials are not tested"),
        *rows.run_pairs(facts),
    ]  # fmt: skip
    return section(
        "How it was done",
        "Enough to repeat it: the same protocol, version and kind of machine give the same choices.",
        definitions(pairs),
        numbers("The protocol as run", f"<pre><code>{text(facts.protocol)}</code></pre>"),
    )


def licence(facts: ReportFacts) -> str:
    """The data set and its licence, as markup; empty where they are not known."""
    known = [str(facts.dataset[field]) for field in ("name", "licence") if facts.dataset.get(field)]
    return text(": ".join(known) + ".") if len(known) == 2 else ""


def _worded(content: rows.Table, words: set[int]) -> str:
    """A table whose columns `words` hold text, not numbers."""
    names, lines = content
    return table(
        names,
        [[(cell, 'class="words"') if place in words else cell for place, cell in enumerate(line)] for line in lines],
    )
