"""The facts of an experiment as text for papers and programs: Markdown, CSV and JSON."""

from __future__ import annotations

import csv as csv_module
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ladle.lab.data.unlearnable import only_in_test_warning
from ladle.lab.measures.comparisons import LEVEL, Comparison
from ladle.lab.runner.starts import first_clusters
from ladle.report.compare import RunComparison, compare
from ladle.report.facts import MetricFacts, ReportFacts, facts_of
from ladle.report.rows import (
    Table,
    all_savings_table,
    areas_table,
    batches_table,
    bound_text,
    comparison_text,
    curves_table,
    differing_table,
    finals_table,
    fit_table,
    gaps_table,
    levels_table,
    near_text,
    other_pairs_table,
    ratios_table,
    records_table,
    run_pairs,
    savings_table,
    seconds_table,
    side_by_side_table,
)
from ladle.report.sentences import (
    FITS,
    GAPS,
    LEVELS,
    NO_SAVINGS,
    RATIOS,
    WIDER_FAMILY,
    metric_text,
)

if TYPE_CHECKING:
    from ladle.lab.ledger.ledger import Ledger


def markdown(ledger: Ledger) -> str:
    """Make the report of a run as Markdown, with the tables of the page.

    Parameters
    ----------
    ledger : Ledger
        Of the run.

    Returns
    -------
    str

    Raises
    ------
    ArgumentError
        When no trial is finished.

    Notes
    -----
    Cost: that of `facts_of`.
    """
    return markdown_of(facts_of(ledger))


def markdown_of(facts: ReportFacts) -> str:
    """`facts` as Markdown."""
    done, total = facts.finished
    parts = [
        f"# {_escaped(facts.title)}",
        f"Rounds of {facts.batch_size:,} labels after a seed set of {facts.labels[0]:,}; {done:,} of {total:,} rounds "
        "are done.",
    ]
    if facts.waiting:
        parts.append(f"Without a finished trial yet: {_escaped(', '.join(facts.waiting))}.")
    if facts.only_in_test:
        parts.append(_escaped(only_in_test_warning(facts.only_in_test)))
    parts += [_escaped(warning) for warning in facts.fit.warnings()]
    for metric in facts.metrics:
        parts += _metric_parts(facts, metric)
    parts += ["## The batches", *([near] if (near := near_text(facts)) else []), _table(batches_table(facts))]
    chosen = [(RATIOS, ratios_table(facts)), (LEVELS, levels_table(facts))]
    parts += ["## What auto chose"] if any(table[1] for _, table in chosen) else []
    parts += [part for sentence, table in chosen if table[1] for part in (sentence, _table(table))]
    if facts.fit.points:
        parts += ["## Whether the models have fitted their labels", FITS, _table(fit_table(facts))]
    parts += ["## Seconds a round", "In the median over trials.", _table(seconds_table(facts))]
    parts += ["## The run", _table((["", ""], [list(pair) for pair in run_pairs(facts)]))]
    parts += ["## The protocol as run", f"```toml\n{facts.protocol.rstrip()}\n```"]
    return "\n\n".join(parts) + "\n"


def csv(ledger: Ledger) -> str:
    """Make a CSV of every measurement of every finished trial.

    Parameters
    ----------
    ledger : Ledger
        Of the run.

    Returns
    -------
    str
        With the columns strategy, trial, round, labels, metric, value. Round 0 is the seed set. Values have all digits,
        so that reading them gives the same numbers.
    """
    file = io.StringIO()
    writer = csv_module.writer(file, lineterminator="\n")
    writer.writerow(["strategy", "trial", "round", "labels", "metric", "value"])
    with ledger.held_still():
        for strategy in ledger.strategies():
            labels, trials = ledger.labels(strategy).tolist(), ledger.trials(strategy)
            for metric in ledger.metrics():
                for trial, values in zip(trials, ledger.curves(strategy, metric).tolist(), strict=True):
                    for number, (count, value) in enumerate(zip(labels, values, strict=True)):
                        writer.writerow([strategy, trial, number, count, metric, repr(value)])
    return file.getvalue()


def to_json(ledger: Ledger) -> dict[str, Any]:
    """Collect everything that the page says for programs.

    Parameters
    ----------
    ledger : Ledger
        Of the run.

    Returns
    -------
    dict
        Of plain dicts, lists, numbers and text, see `ReportFacts.to_dict`.

    Raises
    ------
    ArgumentError
        When no trial is finished.
    """
    return facts_of(ledger, clusters=first_clusters(ledger)).to_dict()


def compare_markdown(a: Ledger, b: Ledger) -> str:
    """Compare two runs as Markdown: how B differs from A.

    Parameters
    ----------
    a, b : Ledger
        The runs.

    Returns
    -------
    str

    Raises
    ------
    MismatchError
        When the runs share no strategy, number of labels or metric.
    """
    return compare_markdown_of(compare(a, b))


def compare_markdown_of(comparison: RunComparison) -> str:
    """`comparison` as Markdown."""
    parts = [
        f"# {_escaped(comparison.names[0])} and {_escaped(comparison.names[1])}",
        comparison_text(comparison),
        _table(side_by_side_table(comparison)),
    ]
    for name, labels in zip(comparison.names, comparison.only, strict=True):
        if labels:
            parts.append(f"Only in {_escaped(name)}: {_escaped(', '.join(labels))}.")
    if comparison.differing:
        parts += ["## What differs", _table(differing_table(comparison))]
    return "\n\n".join(parts) + "\n"


def _metric_parts(facts: ReportFacts, metric: MetricFacts) -> list[str]:
    name = metric_text(metric.metric)
    parts = [
        f"## {name[0].upper()}{name[1:]}, %",
        "Mean over trials ± standard error; the 95% interval is that of the last mean.",
        _table(curves_table(facts, metric)),
    ]
    if not metric.savings:
        parts.append(NO_SAVINGS)
    else:
        parts += [
            "### Labels saved",
            "1 - labels A / labels B, each where the mean curve first reaches B's final value; 95% "
            "intervals, trials in pairs, each on its own.",
        ]
        for baseline in facts.baselines:
            parts += [f"Against {_escaped(baseline)}:", _table(savings_table(facts, metric, baseline))]
        parts += [
            "All pairs: what the row saves at the column's final value:",
            _table(all_savings_table(facts, metric)),
        ]
    gaps = gaps_table(facts, metric)
    if gaps[1]:
        parts += ["### The gap to the upper bound", GAPS, _escaped(bound_text(facts, metric)), _table(gaps)]
    parts += [
        "### Win, tie, loss",
        f"Differences in points; Student's paired t over trials, corrected by Holm over all pairs of strategies; a win "
        f"or loss is a corrected p below {LEVEL:g}. The exact signed-rank p is not corrected.",
        _table(finals_table(facts, metric)),
        *_others(facts, metric.finals),
        "Area under the curve, the mean over the range of labels:",
        _table(areas_table(facts, metric)),
        *_others(facts, metric.areas),
        f"Points won-tied-lost by the row against the column, {WIDER_FAMILY}:",
        _table(records_table(facts, metric)),
    ]
    return parts


def _others(facts: ReportFacts, family: tuple[Comparison, ...]) -> list[str]:
    """The tests of the pairs without a baseline."""
    table = other_pairs_table(facts, family)
    return ["All other pairs:", _table(table)] if table[1] else []


def _table(table: Table) -> str:
    header, rows = table
    lines = [_line(header), "|" + "|".join(["---", *["---:"] * (len(header) - 1)]) + "|", *(_line(row) for row in rows)]
    return "\n".join(lines)


def _line(cells: Sequence[str] | Iterable[str]) -> str:
    return "| " + " | ".join(_escaped(cell) for cell in cells) + " |"


def _escaped(text: str) -> str:
    """Text that Markdown takes as it stands: no cell ends early, no tag begins."""
    plain = " ".join(text.split()).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;")
    return plain.replace("|", "\\|").replace("*", "\\*").replace("_", "\\_").replace("`", "\\`")
