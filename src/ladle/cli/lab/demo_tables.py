"""The tables that `ladle demo` prints at its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from ladle.lab.measures.savings import Savings
from ladle.report.facts import ReportFacts
from ladle.report.sentences import count_text, interval_text, plus_minus, share_text, verdict

Titled = tuple[str, Table]


def tables(facts: ReportFacts) -> list[Titled]:
    """Accuracy by labels, and labels saved, each with its title; they fit 80 columns."""
    return [_accuracy(facts), *([_savings(facts)] if savings(facts) else [])]


def savings(facts: ReportFacts) -> list[Savings]:
    """The savings of each strategy against the baselines after it; savings without an interval are left out."""
    places = {strategy: place for place, strategy in enumerate(facts.strategies)}
    return [
        each
        for each in facts.main.savings
        if each.against in facts.baselines and places[each.strategy] < places[each.against]
    ]


def _accuracy(facts: ReportFacts) -> Titled:
    curves = facts.main.curves
    rows = []
    for place, labels in enumerate(facts.labels):
        errors = [each.standard_error[place] if each.standard_error else None for each in curves]
        means = [each.mean[place] for each in curves]
        rows.append([f"{labels:,}", *(plus_minus(*pair) for pair in zip(means, errors, strict=True))])
    trials = count_text(facts.trials, "trial")
    title = f"Accuracy on {facts.dataset['test_rows']:,} test images, %: mean ± standard error of {trials}"
    return _table(title, ["labels", *(each.strategy for each in curves)], rows)


def _savings(facts: ReportFacts) -> Titled:
    rows = [
        [
            f"{each.strategy} vs {each.against}",
            "none" if each.saved is None else share_text(each.saved),
            interval_text(each),
            verdict(each),
        ]
        for each in savings(facts)
    ]
    return _table("Labels saved", ["", "saved", "95% interval", "in words"], rows)


def _table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Titled:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for place, name in enumerate(header):
        table.add_column(Text(name, style="dim"), justify="right" if place else "left", no_wrap=place == 0)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return title, table
