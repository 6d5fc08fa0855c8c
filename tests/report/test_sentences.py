"""What the numbers of a report mean, in words."""

from dataclasses import replace

import numpy as np

from ladle.lab.measures.comparisons import compare_paired
from ladle.lab.measures.savings import label_savings
from ladle.report.sentences import (
    difference_text,
    interval_text,
    plus_minus,
    savings_sentence,
    seconds_text,
    share_text,
    verdict,
)

LABELS = (10, 20, 30)


def savings(mine, theirs, trials=6):
    spread = np.linspace(-0.001, 0.001, trials)[:, None]
    return label_savings(LABELS, np.array(mine) + spread, np.array(theirs) + spread, strategy="A", against="B")


def test_a_clear_saving():
    found = savings([0.5, 0.8, 0.9], [0.5, 0.6, 0.8])
    assert verdict(found) == "fewer labels"
    assert "33% of the labels saved (20 labels instead of 30" in savings_sentence(found)
    assert interval_text(found) == "33% to 33%"


def test_a_clear_loss():
    found = savings([0.5, 0.6, 0.8], [0.5, 0.8, 0.75])
    assert verdict(found) == "more labels"
    assert "more labels needed" in savings_sentence(found)


def test_a_target_never_reached():
    found = savings([0.5, 0.6, 0.7], [0.5, 0.8, 0.9])
    assert verdict(found) == "more labels"
    assert savings_sentence(found) == "A on average did not reach the 90.0% accuracy at which B ended: more labels."
    assert interval_text(found) == "never got there"


def test_doubt():
    wide = np.array([[0.5, 0.6, 0.7 + 0.05 * sign] for sign in (-1, 1, -1, 1, -1, 1)])
    found = label_savings(LABELS, wide, np.array([[0.5, 0.6, 0.7]] * 6), strategy="A", against="B")
    assert verdict(found) == "no clear difference"
    assert "no clear difference" in savings_sentence(found)
    assert interval_text(found).startswith("may never get there; at best ")
    reached = replace(found, saved=0.1, labels_needed=27.0)
    assert savings_sentence(reached).endswith("may never get there; at best 12% of the labels saved).")


def test_few_trials_prove_nothing():
    assert verdict(savings([0.5, 0.8, 0.9], [0.5, 0.6, 0.8], trials=2)) == "too few trials to tell"
    assert verdict(savings([0.5, 0.8, 0.9], [0.5, 0.6, 0.8], trials=3)) == "fewer labels"
    assert verdict(savings([0.5, 0.6, 0.7], [0.5, 0.8, 0.9], trials=2)) == "too few trials to tell"  # never there
    assert verdict(savings([0.5, 0.6, 0.7], [0.5, 0.8, 0.9], trials=3)) == "more labels"


def test_numbers():
    assert share_text(None) == "never"
    assert share_text(-0.071) == "-7%"
    assert plus_minus(0.8521, 0.0019) == "85.21 ± 0.19"
    assert plus_minus(0.8521, None) == "85.21"
    assert [seconds_text(value) for value in (0.0042, 1.26, 125)] == ["0.004 s", "1.3 s", "2 min 5 s"]


def test_no_difference_has_no_minus():
    same = np.array([0.5, 0.6, 0.7])
    found = compare_paired("A", same, "B", same)
    for each in (found, found.mirrored()):
        assert difference_text(each) == "+0.00 (+0.00 to +0.00)"
