"""A run compares its models with a reference fitted to the same labels."""

import numpy as np
import pytest

from ladle.lab.data.datasets import Dataset
from ladle.lab.learners.feature_heads import Head
from ladle.lab.learners.logistic import Logistic
from ladle.lab.learners.text import Text
from ladle.lab.measures.fitted import FACT, run_fit
from ladle.lab.protocol.files import parse_experiment
from ladle.lab.runner import fit_check
from ladle.lab.runner.fit_check import fit_facts, is_checked
from ladle.lab.runner.workbench import Sources, Workbench

PROTOCOL = """
name = "made"
title = "Made"
dataset = {{name = "made"}}
learner = {{name = "made"}}
seed_size = 150
batch_size = 50
rounds = 2
trials = 1
metrics = ["{metric}"]

[[strategies]]
name = "uniform"
"""
EARLY = Head(0, epochs=30, decay=3.0, standardise=True)  # linear-head of early versions


def classes_and_features(multilabel=False):
    random = np.random.default_rng(0)
    centres = random.normal(0, 1, (3, 8))
    labels = random.integers(0, 3, 1_200)
    inputs = (centres[labels] + random.normal(0, 1, (1_200, 8))).astype(np.float32)
    if multilabel:
        labels = np.where(random.random((1_200, 3)) < 0.3, -1, np.eye(3, dtype=np.int64)[labels])
    return inputs, labels


def bench(learner, inputs, labels, metric="accuracy"):
    cut = len(inputs) // 2
    dataset = Dataset(
        "made", inputs[:cut], labels[:cut], inputs[cut:], labels[cut:], ("a", "b", "c"), np.arange(cut), "none",
        multilabel=labels.ndim == 2,
    )  # fmt: skip
    sources = Sources(lambda name, options: dataset, lambda name, options: learner)
    return Workbench.of(parse_experiment(PROTOCOL.format(metric=metric)), sources)


FIRST = np.arange(150)


def told(workbench, rows=FIRST):
    return fit_facts(workbench, workbench.fit(rows, 3), rows, 7)


def warnings(facts):
    return run_fit([(150, {FACT: facts})]).warnings()


def test_a_learner_of_too_few_steps_is_found_and_its_successor_is_not():
    early, now = (told(bench(learner, *classes_and_features())) for learner in (EARLY, Logistic()))
    assert early["on_test"] < 0.6 < 0.75 < early["reference_on_test"]
    assert "with 150 labels its accuracy is" in warnings(early)[0]
    assert now["reference_on_test"] == early["reference_on_test"]
    assert warnings(now) == ()
    assert told(bench(EARLY, *classes_and_features())) == early


def test_several_labels_some_of_them_unknown():
    data = classes_and_features(multilabel=True)
    early, now = (told(bench(learner, *data, metric="pooled_ap")) for learner in (EARLY, Logistic()))
    assert early["measure"] == "pooled_ap"
    assert warnings(early)
    assert warnings(now) == ()


def test_texts():
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 1_200)
    letters = ["aeioln", "krstln", "bdmuln"]
    texts = np.array(["".join(random.choice(list(letters[label]), 8)).encode() for label in labels])
    quick, now = (
        told(bench(Text(longest=2, buckets=1 << 10, dim=8, epochs=epochs), texts, labels)) for epochs in (1, 0)
    )
    assert warnings(quick)
    assert warnings(now) == ()


def test_the_reference_reads_a_sample_of_many_labels(monkeypatch):
    workbench = bench(Logistic(), *classes_and_features())
    whole = told(workbench, np.arange(300))
    monkeypatch.setattr(fit_check, "MOST_ROWS", 200)
    part = told(workbench, np.arange(300))
    assert part == told(workbench, np.arange(300))
    assert part["reference_on_test"] != whole["reference_on_test"]
    assert part["on_test"] == whole["on_test"]
    monkeypatch.setattr(fit_check, "MOST_NUMBERS", 100 * 8)
    assert told(workbench, np.arange(300)) not in (part, whole)


def test_nothing_is_said_of_labels_of_one_class():
    inputs, labels = classes_and_features()
    workbench = bench(Logistic(), inputs, labels)
    rows = np.flatnonzero(workbench.dataset.labels == 1)[:20]
    assert told(workbench, rows) is None


@pytest.mark.parametrize("number", range(1, 70))
def test_the_rounds_that_are_compared_do_not_depend_on_how_many_there_will_be(number):
    assert is_checked(number) is (number in (1, 2, 4, 8, 16, 32, 64))
