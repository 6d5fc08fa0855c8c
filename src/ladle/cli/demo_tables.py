"""The tables with which `ladle demo` ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from ladle.report.facts import Facts
from ladle.report.sentences import interval_text, plus_minus, share_text, verdict

Titled = tuple[str, Table]


def tables(facts: Facts) -> list[Titled]:
    """Accuracy by labels, labels saved, and seconds by step, each with its title; they fit 80 columns."""
    return [_accuracy(facts), _savings(facts), _seconds(facts)]


def _accuracy(facts: Facts) -> Titled:
    rows = []
    for place, labels in enumerate(facts.labels):
        errors = [each.standard_error[place] if each.standard_error else None for each in facts.strategies]
        means = [each.mean[place] for each in facts.strategies]
        rows.append([f"{labels:,}", *(plus_minus(*pair) for pair in zip(means, errors, strict=True))])
    title = f"Accuracy on {facts.test_rows:,} test images, %: mean ± standard error of {facts.trials} trials"
    return _table(title, ["labels", *(each.name for each in facts.strategies)], rows)


def _savings(facts: Facts) -> Titled:
    rows = [
        [
            f"{each.strategy} vs {each.against}",
            "none" if each.saved is None else share_text(each.saved),
            interval_text(each),
            verdict(each),
        ]
        for each in facts.savings
    ]
    return _table("Labels saved", ["", "saved", "95% interval", "in words"], rows)


def _seconds(facts: Facts) -> Titled:
    names = [each.name for each in facts.strategies]
    shared = [[f"once: {step}", *(f"{value:.2f}" for _ in names)] for step, value in facts.start_seconds.items()]
    steps = list(facts.strategies[0].seconds)
    each_round = [
        [f"each round: {step}", *(f"{each.seconds[step]:.3f}" for each in facts.strategies)] for step in steps
    ]
    return _table("Seconds per step (once: a trial, shared)", ["step", *names], [*shared, *each_round])


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Titled:
    made = Table(box=None, padding=(0, 2, 0, 0))
    for place, name in enumerate(head):
        made.add_column(Text(name, style="dim"), justify="right" if place else "left", no_wrap=place == 0)
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return title, made
