import json
import subprocess
import sys

import numpy as np
import pytest

from ladle.errors import ArgumentError, MismatchError
from ladle.lab.measures.comparisons import compare_paired
from ladle.lab.measures.savings import area_under_curve, curve_interval, label_savings
from ladle.report.batches import typical_seconds
from ladle.report.compare import compare
from ladle.report.facts import facts_of
from tests.report.made_ledger import HEIGHTS, LABELS, height, made_ledger

LABELLED = list(HEIGHTS)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    with made_ledger(tmp_path_factory.mktemp("run") / "ledger.sqlite") as made:
        yield made


@pytest.fixture(scope="module")
def facts(ledger):
    return facts_of(ledger)


def curves(label, trials=range(6)):
    return np.array([[height(label, trial, number) for number in range(4)] for trial in trials])


def pair(family, strategy, against):
    return next(each for each in family if (each.strategy, each.against) == (strategy, against))


def test_curves_are_those_of_the_trials(facts):
    found, truth = facts.main.curve("Margin"), curves("Margin")
    np.testing.assert_allclose(found.values, truth)
    np.testing.assert_allclose(found.mean, truth.mean(axis=0))
    np.testing.assert_allclose((found.low, found.high), curve_interval(truth, seed=5))
    assert found.area == pytest.approx(area_under_curve(LABELS, truth).mean())
    assert found.trials == tuple(range(6))
    assert [metric.metric for metric in facts.metrics] == ["accuracy", "macro_f1"]


def test_the_baselines_are_margin_and_uniform(facts, tmp_path):
    assert facts.baselines == ("Margin", "Uni<form>|x")
    with made_ledger(tmp_path / "other", labels=["Entropy", "Cluster-Margin 10"]) as without:
        assert facts_of(without).baselines == ("Entropy",)


def test_savings_of_all_pairs_both_ways(facts):
    pairs = [(each.strategy, each.against) for each in facts.main.savings]
    assert sorted(pairs) == sorted((first, second) for first in LABELLED for second in LABELLED if first != second)
    first, second = "Cluster-Margin 10", "Margin"
    truth = label_savings(LABELS, curves(first), curves(second), strategy=first, against=second, seed=5)
    assert pair(facts.main.savings, first, second) == truth


def test_comparisons_are_corrected_over_all_pairs(facts):
    found = pair(facts.main.finals, "Cluster-Margin 10", "Margin")
    alone = compare_paired("a", curves("Cluster-Margin 10")[:, -1], "b", curves("Margin")[:, -1])
    assert (found.difference, found.p) == pytest.approx((alone.difference, alone.p))
    assert found.p < found.corrected <= 6 * found.p
    assert found.outcome == "win"
    mirrored = pair(facts.main.finals, "Margin", "Cluster-Margin 10")
    assert (mirrored.low, mirrored.high, mirrored.outcome) == (-found.high, -found.low, "loss")


def test_points_are_counted_after_the_seed_set(facts):
    found = pair(facts.main.records, "Cluster-Margin 10", "Uni<form>|x")
    assert (found.wins, found.ties, found.losses, found.untested) == (3, 0, 0, 0)
    assert pair(facts.main.records, "Uni<form>|x", "Cluster-Margin 10").losses == 3


def test_batches_are_described_by_their_means(facts):
    margin = facts.batches[1]
    assert margin.strategy == "Margin"
    assert margin.near == pytest.approx((2 + 0.5) / 50)
    assert margin.clusters == pytest.approx(35 / 50)
    assert margin.distinct_originals is margin.originals is None
    assert margin.class_share == pytest.approx((21 / 50, 19 / 50, 10 / 50))
    shares = np.array(margin.class_share)
    assert margin.even == pytest.approx(-(shares * np.log(shares)).sum() / np.log(3))
    assert margin.median_margin == pytest.approx((0.2,) * 3)
    assert margin.seconds == pytest.approx({"score": 0.2, "select": 0.04, "train": 1.5, "evaluate": 0.1})
    assert margin.first_batch[:2] == ((0, 1), (1, 5))


def test_a_round_held_up_in_one_trial_does_not_count():
    rounds = [[{"train": 1.0}, {"train": 900.0}, {"train": 2.0}], [{"train": 3.0}, {"train": 4.0, "embed": 9.0}, {}]]
    assert typical_seconds(rounds) == {"train": 2.5, "embed": 0.0}
    assert typical_seconds([[{"cluster": 2.0}, {"cluster": 4.0}]]) == {"cluster": 3.0}


def test_what_a_run_did_not_note_is_none(tmp_path):
    with made_ledger(tmp_path / "bare", facts=False, trials=3) as bare:
        found = facts_of(bare).batches[0]
    told = (found.near, found.clusters, found.originals, found.even, found.class_share, found.median_margin)
    assert told == (None,) * 6


def test_an_unfinished_run_is_compared_over_shared_trials(tmp_path):
    missing = [("Margin", 1), *(("Entropy", trial) for trial in range(6))]
    with made_ledger(tmp_path / "half", unfinished=missing) as half:
        found = facts_of(half)
    assert found.waiting == ("Entropy",)
    assert found.main.curve("Margin").trials == (0, 2, 3, 4, 5)
    final = pair(found.main.finals, "Cluster-Margin 10", "Margin")
    kept = [0, 2, 3, 4, 5]
    assert final.trials == 5
    assert final.difference == pytest.approx((curves("Cluster-Margin 10", kept) - curves("Margin", kept))[:, -1].mean())
    assert found.finished == (72 - 7, 72)


def test_two_trials_make_no_claim(tmp_path):
    with made_ledger(tmp_path / "two", trials=2) as two:
        found = facts_of(two).main
    assert found.savings == ()
    assert {each.outcome for each in (*found.finals, *found.areas)} == {"untested"}
    assert all((each.wins, each.ties, each.losses, each.untested) == (0, 0, 0, 3) for each in found.records)
    assert found.curves[0].low is None


def test_one_strategy_alone_has_facts(tmp_path):
    with made_ledger(tmp_path / "one", labels=["Margin"]) as one:
        found = facts_of(one)
    assert found.main.savings == found.main.finals == found.main.records == ()


def test_nothing_finished_is_said(tmp_path):
    missing = [(label, trial) for label in LABELLED for trial in range(2)]
    with (
        made_ledger(tmp_path / "none", trials=2, unfinished=missing) as none,
        pytest.raises(ArgumentError, match="16 of 24 rounds"),
    ):
        facts_of(none)


def test_facts_survive_json_without_nan(facts):
    told = json.loads(json.dumps(facts.to_dict(), allow_nan=False))
    assert told["labels"] == list(LABELS)
    assert told["metrics"][0]["finals"][0]["corrected"] < 0.05


def test_facts_need_no_drawing_library():
    check = (
        "import ladle.report.facts, ladle.report.tables, sys; "
        "print([m for m in ('matplotlib', 'PIL', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class TestCompare:
    def test_the_same_seed_sets_are_paired(self, ledger, tmp_path):
        with made_ledger(tmp_path / "b", shift=0.01, mean_size=20.0) as other:
            found = compare(ledger, other)
        assert found.paired
        assert found.differing == (("mean_size", "10.0", "20.0"),)
        assert [each.strategy for each in found.strategies] == LABELLED * 2
        assert found.strategies[0].final.difference == pytest.approx(0.01)
        assert found.strategies[0].final.paired

    def test_other_seed_sets_are_not(self, ledger, tmp_path):
        with made_ledger(tmp_path / "b", shift=0.05, seed_sets=1) as other:
            found = compare(ledger, other)
        assert not found.paired
        assert "seed sets differ" in found.why
        assert {each.final.outcome for each in found.strategies} == {"win"}
        assert not any(each.final.paired for each in found.strategies)

    def test_other_data_are_not(self, ledger, tmp_path):
        """By their digests: what they are called, and where they lie, is nothing to their trials."""
        with made_ledger(tmp_path / "b", dataset={"name": "other"}) as other:
            assert compare(ledger, other).paired
        with made_ledger(tmp_path / "c", digest="cd34") as other:
            found = compare(ledger, other)
        assert not found.paired
        assert "different data" in found.why

    def test_names_tell_the_two_apart(self, ledger, tmp_path):
        (tmp_path / "mine").mkdir()
        with made_ledger(tmp_path / "mine" / "ledger.sqlite") as mine, made_ledger(tmp_path / "copy.sqlite") as copy:
            found = compare(mine, copy)
            assert found.names == (f"A: made in {tmp_path / 'mine'}", f"B: made in {tmp_path / 'copy.sqlite'}")
        with made_ledger(tmp_path / "other.sqlite", name="other") as other:
            assert compare(ledger, other).names == ("A: made", "B: other")

    def test_it_is_plain_for_json(self, ledger, tmp_path):
        with made_ledger(tmp_path / "b", shift=0.05, seed_sets=1) as other:
            found = compare(ledger, other)
        told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert told["labels"] == list(LABELS)
        assert told["strategies"][0]["final"]["difference"] == pytest.approx(0.05)
        assert told["strategies"][0]["final"]["outcome"] == told["strategies"][0]["area"]["outcome"] == "win"

    def test_only_what_both_have_is_compared(self, ledger, tmp_path):
        with made_ledger(
            tmp_path / "b", trials=4, rounds=2, labels=["Margin", "Entropy"], metrics=["accuracy"]
        ) as other:
            found = compare(ledger, other)
        assert found.labels == LABELS[:3]
        assert found.only == (("Cluster-Margin 10", "Uni<form>|x"), ())
        assert [(each.strategy, each.metric, each.final.trials) for each in found.strategies] == [
            ("Margin", "accuracy", 4), ("Entropy", "accuracy", 4),
        ]  # fmt: skip
        assert found.strategies[0].final.p == 1

    def test_runs_that_share_nothing_are_refused(self, ledger, tmp_path):
        with (
            made_ledger(tmp_path / "b", seed_size=1000) as other,
            pytest.raises(
                MismatchError, match=r"number of labels .*run\d*: 100, 150, 200, 250 and B: .*: 1,000, 1,050"
            ),
        ):
            compare(ledger, other)
        with made_ledger(tmp_path / "c", metrics=["pooled_ap"]) as other, pytest.raises(MismatchError, match="metric"):
            compare(ledger, other)
