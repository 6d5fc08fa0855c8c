import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from ladle.lab.measures import label_savings
from ladle.report.facts import facts_of, thumbnail_rows
from ladle.report.sentences import interval_text, plus_minus, savings_sentence, seconds_text, share_text, verdict
from tests.report.made import ACCURACY, LABELS, made_dataset, made_study


def facts(*, accuracy=ACCURACY):
    study = made_study(accuracy=accuracy)
    given = {"options": {"x": "1"}, "total_seconds": 9.5, "machine": "m", "made_at": "now"}
    return facts_of(study, made_dataset(), **given)


def test_curves_and_means_are_those_of_the_trials():
    first = facts().strategies[0]
    assert first.name == "Cluster-Margin"
    assert first.accuracy == ((0.5, 0.7, 0.8), (0.6, 0.8, 0.9))
    assert first.mean == pytest.approx((0.55, 0.75, 0.85))
    assert first.standard_error == pytest.approx((0.05, 0.05, 0.05))
    assert first.near_duplicates == pytest.approx((2.5, 4.5))
    assert first.seconds == pytest.approx({"score": 0.1, "select": 0.01, "train": 1.5})
    assert sum(first.class_share) == pytest.approx(1)


def test_savings_are_of_each_against_those_after_it():
    pairs = [(each.strategy, each.against) for each in facts().savings]
    assert pairs == [("Cluster-Margin", "Margin"), ("Cluster-Margin", "Uni<form>"), ("Margin", "Uni<form>")]
    assert facts().savings[1].saved == pytest.approx(1 - 17.5 / 30)  # .7 lies 3/4 of the way from .55 to .75


def test_thumbnails_stand_in_the_order_of_choice():
    chosen = facts().strategies[0].first_batch
    assert [each.batch_pos for each in chosen] == list(range(10))
    assert [each.row for each in chosen] == [9 * place + 1 for place in range(10)]
    dataset = made_dataset()
    assert [each.label for each in chosen] == [dataset.class_names[dataset.labels[each.row]] for each in chosen]


def test_clusters_are_counted_in_doubling_bins():
    found = facts().clusters
    assert (found.count, found.largest, found.singletons, found.median) == (40, 30, 37, 1)
    assert [(each.least, each.most, each.clusters, each.rows) for each in found.bins] == [
        (1, 1, 37, 37), (2, 3, 0, 0), (4, 7, 0, 0), (8, 15, 1, 13), (16, 31, 2, 50),
    ]  # fmt: skip


def test_cluster_examples_show_the_chosen_first():
    clusters = np.repeat(np.arange(40), [30, 20, 13, *[1] * 37])
    batch = set(made_study().trials[0].rounds[1].batch.rows.tolist())
    examples = facts().clusters.examples
    assert [each.size for each in examples] == [30, 20, 13]
    for place, example in enumerate(examples):
        assert {clusters[row] for row in example.rows} == {place}
        assert all((row in batch) == (position < example.chosen) for position, row in enumerate(example.rows))
        assert len(set(example.rows)) == len(example.rows) <= 20
        assert example.chosen_in_all == sum(clusters[row] == place for row in batch)


def test_every_shown_row_is_listed_once():
    found = facts()
    rows = thumbnail_rows(found)
    assert rows == sorted(set(rows))
    assert {each.row for strategy in found.strategies for each in strategy.first_batch} <= set(rows)


def test_facts_survive_json_without_nan():
    told = json.loads(json.dumps(facts().to_dict(), allow_nan=False))
    assert told["labels"] == list(LABELS)
    assert told["strategies"][0]["mean"] == pytest.approx([0.55, 0.75, 0.85])


def test_a_single_trial_has_no_error():
    single = facts(accuracy={name: curves[:1] for name, curves in ACCURACY.items()})
    assert single.strategies[0].standard_error is None
    assert verdict(single.savings[0]) == "too few trials to tell"


def test_facts_need_no_drawing_library():
    check = "import ladle.report.facts, sys; print([m for m in ('matplotlib', 'PIL', 'sklearn') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def savings(mine, theirs, trials=6):
    spread = np.linspace(-0.001, 0.001, trials)[:, None]
    return label_savings(LABELS, np.array(mine) + spread, np.array(theirs) + spread, strategy="A", against="B")


class TestSentences:
    def test_a_clear_saving(self):
        found = savings([0.5, 0.8, 0.9], [0.5, 0.6, 0.8])
        assert verdict(found) == "fewer labels"
        assert "33% of the labels saved (20 labels instead of 30" in savings_sentence(found)
        assert interval_text(found) == "33% to 33%"

    def test_a_clear_loss(self):
        found = savings([0.5, 0.6, 0.8], [0.5, 0.8, 0.75])
        assert verdict(found) == "more labels"
        assert "more labels needed" in savings_sentence(found)

    def test_a_target_never_reached(self):
        found = savings([0.5, 0.6, 0.7], [0.5, 0.8, 0.9])
        assert verdict(found) == "more labels"
        assert savings_sentence(found) == "A on average did not reach the 90.0% accuracy at which B ended: more labels."
        assert interval_text(found) == "never got there"

    def test_doubt(self):
        wide = np.array([[0.5, 0.6, 0.7 + 0.05 * sign] for sign in (-1, 1, -1, 1, -1, 1)])
        found = label_savings(LABELS, wide, np.array([[0.5, 0.6, 0.7]] * 6), strategy="A", against="B")
        assert verdict(found) == "no clear difference"
        assert "no clear difference" in savings_sentence(found)
        assert interval_text(found).startswith("may never get there; at best ")
        reached = replace(found, saved=0.1, labels_needed=27.0)
        assert savings_sentence(reached).endswith("may never get there; at best 11% of the labels saved).")

    def test_few_trials_prove_nothing(self):
        assert verdict(savings([0.5, 0.8, 0.9], [0.5, 0.6, 0.8], trials=2)) == "too few trials to tell"
        assert verdict(savings([0.5, 0.8, 0.9], [0.5, 0.6, 0.8], trials=3)) == "fewer labels"
        assert verdict(savings([0.5, 0.6, 0.7], [0.5, 0.8, 0.9], trials=4)) == "too few trials to tell"  # never there

    def test_numbers(self):
        assert share_text(None) == "never"
        assert share_text(-0.071) == "-7%"
        assert plus_minus(0.8521, 0.0019) == "85.21 ± 0.19"
        assert plus_minus(0.8521, None) == "85.21"
        assert [seconds_text(value) for value in (0.0042, 1.26, 125)] == ["0.004 s", "1.3 s", "2 min 5 s"]
