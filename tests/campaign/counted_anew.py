"""The figures of a campaign counted anew, from whole tables, which is what its kept counts must say."""

from __future__ import annotations

from collections import Counter

import pytest

import ladle

SAME = (
    *("name", "pool", "asked", "labelled", "labelled_unasked", "outstanding", "disputed", "disputed_unasked"),
    *("excluded", "rounds", "quarantined", "labels", "imported", "spend", "reserved", "budget", "left", "cost"),
    *("currency", "costs", "unpriced", "agreement"),
)


def assert_figures_are_those_of_all_rows(campaign: ladle.Campaign) -> None:
    """Compare `figures` with `progress`, which reads all tasks and labels, and with the table of labels."""
    kept, whole, short = campaign.figures(), campaign.progress(people=True), campaign.progress(people=False)
    assert {name: getattr(kept, name) for name in SAME} == {name: getattr(whole, name) for name in SAME}
    assert {name: getattr(short, name) for name in SAME} == {name: getattr(whole, name) for name in SAME}
    assert (short.labels_per_day, short.seconds_left) == (kept.labels_per_day, kept.seconds_left)
    assert (short.curve, short.stopping) == (whole.curve, whole.stopping)
    assert kept.at_event == campaign.last_event()
    current = [row for row in campaign.labels() if row.status == "current" and row.label is not None]
    assert kept.annotators == Counter(row.annotator for row in current)
    named = [each for row in current for each in (row.label if isinstance(row.label, list) else [row.label])]
    assert sum(kept.classes.values()) == (0 if campaign.settings.labels.kind == "value" else len(named))
    assert kept.seconds_left == (
        pytest.approx(kept.reserved / kept.labels_per_day * 86_400)
        if kept.labels_per_day and kept.outstanding
        else None
        if kept.outstanding
        else 0
    )
