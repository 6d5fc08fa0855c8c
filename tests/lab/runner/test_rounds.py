"""One strategy's way through a trial, left after any round and taken up again by another process."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from ladle.errors import ArgumentError, ProbabilityError
from ladle.lab.protocol import catalogue
from ladle.lab.protocol.files import parse_experiment
from ladle.lab.runner.artifacts import read_artifacts
from ladle.lab.runner.rounds import RoundsJob, done_batches, rounds_of
from ladle.lab.runner.starts import make_start, start_folder
from ladle.lab.runner.workbench import Sources, Workbench, with_directions
from ladle.strategies import CoreSet, Margin
from tests.lab.standins import SOURCES, TOML

SEVERAL = """
name = "several"
title = "Several labels an example"
dataset = {{name = "toy"}}
learner = {{name = "mlp-head", hidden = 16, epochs = 40, minibatch = 10, learning_rate = 0.01}}
seed_size = 30
batch_size = 20
rounds = 2
trials = 1
metrics = {metrics}

[[strategies]]
name = "cluster-margin"
label = "Cluster-Margin"
options = {{candidate_ratio = 2, multilabel = "min"}}
"""
KINDS = {
    "plain": {},
    "refresh": {"refresh_rounds": 2},
    "warm": {"warm_start": True},
    "both": {"refresh_rounds": 2, "warm_start": True},
}


def bench_of(kind, learner="warm", strategy="cluster-margin"):
    text = TOML.replace("rounds = 3", "rounds = 5").replace('name = "mlp"', f'name = "{learner}"')
    if strategy != "cluster-margin":
        text = text.replace('name = "cluster-margin"', f'name = "{strategy}"').replace("{candidate_ratio = 2}", "{}")
    return Workbench.of(parse_experiment(text).model_copy(update=KINDS[kind]), SOURCES)


def job(folder, done=()):
    return RoundsJob(0, "Cluster-Margin", folder, "a key", 0.1, done)


def told(record):
    return record.round, record.labels, dict(record.metrics), record.facts, record.packed_rows


@pytest.mark.parametrize("kind", KINDS)
def test_left_and_taken_up_after_any_round(tmp_path, kind):
    workbench = bench_of(kind)
    make_start(workbench, 0, tmp_path, "a key")
    whole = list(rounds_of(workbench, job(tmp_path)))
    assert [each.round for each in whole] == [1, 2, 3, 4, 5]
    assert not (tmp_path / "refreshed").exists() or not list((tmp_path / "refreshed").iterdir())
    for left in range(1, 5):
        way = rounds_of(workbench, job(tmp_path))
        first = [next(way) for _ in range(left)]
        way.close()
        for kept_too in (True, False):  # the clusterings by refreshed embeddings are there, or were lost
            if not kept_too:
                shutil.rmtree(tmp_path / "refreshed", ignore_errors=True)
            rest = list(rounds_of(workbench, job(tmp_path, done_batches(first))))
            assert [told(each) for each in [*first, *rest]] == [told(each) for each in whole]


def test_the_dials_matter(tmp_path):
    """Else the test above would hold for dials that do nothing."""
    found = {}
    for kind in KINDS:
        make_start(bench_of(kind), 0, tmp_path / kind, "a key")
        found[kind] = [each.packed_rows for each in rounds_of(bench_of(kind), job(tmp_path / kind))]
    assert found["plain"][:2] == found["refresh"][:2]
    assert found["plain"][0] == found["warm"][0]
    assert len({tuple(each) for each in found.values()}) == 4


def test_embeddings_are_refreshed_when_they_should_be(tmp_path):
    workbench = bench_of("refresh", learner="mlp")
    make_start(workbench, 0, tmp_path, "a key")
    steps = [set(each.seconds) for each in rounds_of(workbench, job(tmp_path))]
    usual = {"score", "select", "train", "evaluate"}
    assert steps == [usual, usual, {*usual, "embed", "cluster"}, usual, {*usual, "embed", "cluster"}]


@pytest.mark.parametrize("kind", ["plain", "refresh"])
def test_strategies_that_read_embeddings_get_those_of_the_model_at_hand(tmp_path, monkeypatch, kind):
    seen, choose = [], CoreSet.choose

    def watched(self, asked):
        seen.append((np.array(asked.embeddings()), asked.request.labelled))
        return choose(self, asked)

    monkeypatch.setattr(CoreSet, "choose", watched)
    workbench = bench_of(kind, learner="mlp", strategy="coreset")
    make_start(workbench, 0, tmp_path, "a key")
    rounds = list(rounds_of(workbench, job(tmp_path)))
    assert ["embed" in each.seconds for each in rounds] == [False, True, True, True, True]
    held = read_artifacts(start_folder(tmp_path, 0), "a key").arrays["rows"]
    for number, (embeddings, labelled) in enumerate(seen):
        np.testing.assert_array_equal(np.sort(held), np.sort(labelled))
        model = workbench.fit(held, workbench.experiment.seed_of(0, "fit", number))
        np.testing.assert_array_equal(embeddings, model.embeddings(workbench.dataset.inputs))
        held = np.concatenate([held, rounds[number].rows])
    assert not np.array_equal(seen[0][0], seen[1][0])


def test_a_start_is_kept_and_found(tmp_path):
    workbench = bench_of("plain")
    made, found = make_start(workbench, 0, tmp_path, "a key"), make_start(workbench, 0, tmp_path, "a key")
    assert found.seconds == made.seconds  # it was read, not made again
    assert (found.metrics, found.packed_rows) == (made.metrics, made.packed_rows)
    assert made.clusters == 80
    assert read_artifacts(start_folder(tmp_path, 0), "a key") is not None
    assert read_artifacts(start_folder(tmp_path, 0), "another key") is None
    other = make_start(workbench, 0, tmp_path, "another key")  # of another experiment: made anew
    assert other.seconds != made.seconds


def test_the_test_split_is_only_measured_on(tmp_path):
    """Other test labels and inputs change the metrics, and nothing that is chosen."""
    workbench = bench_of("plain")
    make_start(workbench, 0, tmp_path / "one", "a key")
    one = list(rounds_of(workbench, job(tmp_path / "one")))
    other = workbench.dataset.test_inputs[::-1]
    data = replace(workbench.dataset, test_labels=(workbench.dataset.test_labels + 1) % 3, test_inputs=other)
    turned = replace(workbench, dataset=data)
    make_start(turned, 0, tmp_path / "two", "a key")
    two = list(rounds_of(turned, job(tmp_path / "two")))
    for mine, theirs in zip(one, two, strict=True):
        np.testing.assert_array_equal(mine.rows, theirs.rows)
        chosen = [  # the comparison with a reference measures too, and nothing is chosen by it
            {name: value for name, value in each.facts.items() if name != "fit"} for each in (mine, theirs)
        ]
        assert chosen[0] == chosen[1]
        assert mine.metrics != theirs.metrics


def test_rows_without_a_direction_are_clustered_by_themselves(tmp_path):
    workbench = bench_of("plain")
    embeddings = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    embeddings[[3, 20, 41]] = 0
    clusters = workbench.cluster(embeddings, 0).cut(n_clusters=20)
    assert np.flatnonzero(clusters == clusters[3]).tolist() == [3, 20, 41]
    rest = np.delete(embeddings, [3, 20, 41], axis=0)
    assert with_directions(rest) is rest


def test_several_labels_an_example(tmp_path):
    """From chances that need not sum to 1 to pooled average precision; half of one class nobody was asked about."""
    workbench = bench_of("plain")
    one_hot = np.eye(3, dtype=np.int8)
    labels, test_labels = one_hot[workbench.dataset.labels], one_hot[workbench.dataset.test_labels]
    labels[::2, 1] = -1
    data = replace(workbench.dataset, labels=labels, test_labels=test_labels, multilabel=True)
    text = SEVERAL.format(metrics='["pooled_ap"]')
    sources = Sources(load=lambda name, options: data, learner=catalogue.learner)
    workbench = Workbench.of(parse_experiment(text), sources)
    workbench.warm_up()
    make_start(workbench, 0, tmp_path, "a key")
    rounds = list(rounds_of(workbench, replace(job(tmp_path), label="Cluster-Margin")))
    assert [each.labels for each in rounds] == [50, 70]
    assert all(0.3 < each.metrics["pooled_ap"] <= 1 for each in rounds)
    assert sum(rounds[0].facts["class_counts"]) <= 20
    with pytest.raises(ArgumentError, match="pooled_ap where examples have several labels"):
        Workbench.of(parse_experiment(SEVERAL.format(metrics='["accuracy"]')), sources)


def too_soon(*args, **options):
    raise AssertionError("work before the protocol was checked")


def several_sources():
    """Toy blobs with several labels an example."""
    dataset = bench_of("plain").dataset
    one_hot = np.eye(3, dtype=np.int8)
    data = replace(dataset, labels=one_hot[dataset.labels], test_labels=one_hot[dataset.test_labels], multilabel=True)
    return Sources(load=lambda name, options: data, learner=catalogue.learner)


@pytest.mark.parametrize(
    ("strategy", "options"),
    [("badge", "multilabel = true"), ("badge", "multilabel = true, partitions = 2"), ("margin", 'multilabel = "mean"'),
     ("auto", 'multilabel = "min"'), ("coreset", ""), ("uniform", ""), ("typiclust", "")],
)  # fmt: skip
def test_strategies_that_read_several_labels_run(tmp_path, strategy, options):
    text = SEVERAL.format(metrics='["pooled_ap"]').replace('candidate_ratio = 2, multilabel = "min"', options)
    workbench = Workbench.of(parse_experiment(text.replace('"cluster-margin"', f'"{strategy}"')), several_sources())
    workbench.warm_up()
    make_start(workbench, 0, tmp_path, "a key")
    rounds = list(rounds_of(workbench, replace(job(tmp_path), label="Cluster-Margin")))
    assert [each.labels for each in rounds] == [50, 70]


@pytest.mark.parametrize(
    ("strategy", "options", "told"),
    [
        ("margin", "", r"of strategy X must have `multilabel`.*several labels.*multilabel = \"min\""),
        ("auto", "", r"of strategy X must have `multilabel`"),
        ("capped-margin", "cap = 2", r"of strategy X must have `multilabel`"),
        ("cluster-margin", "", r"of strategy X must have `multilabel`.*multilabel = \"min\""),
        ("badge", "", r"of strategy X must have `multilabel`.*multilabel = true"),
        ("badge", "multilabel = false", r"of strategy X must have `multilabel`.*got False"),
        ("badge", "partitions = 2", r"of strategy X must have `multilabel`"),
        ("entropy", "", r"strategy X must take several labels an example.*got entropy, which takes one class"),
        ("least-confidence", "", "strategy X must take several labels"),
        ("falcun", "", "strategy X must take several labels"),
        ("uncertainty-herding", "", "strategy X must take several labels"),
    ],
)
def test_strategies_of_one_class_are_refused_before_any_work(monkeypatch, strategy, options, told):
    """As soon as the data set is there: no model is fitted, nothing is clustered, no strategy is asked."""
    text = (
        SEVERAL.format(metrics='["pooled_ap"]')
        + f"""
[[strategies]]
name = "{strategy}"
label = "X"
options = {{{options}}}
"""
    )
    read = parse_experiment(text)
    monkeypatch.setattr("ladle.lab.runner.workbench.cluster", too_soon)
    monkeypatch.setattr("ladle.lab.learners.feature_heads.Head.fit", too_soon)
    with pytest.raises(ArgumentError, match=f"(?s){told}"):
        Workbench.of(read, several_sources())


@pytest.mark.parametrize(("strategy", "value"), [("margin", '"min"'), ("badge", "true")])
def test_yes_or_no_margins_of_one_class_an_example_are_refused(strategy, value):
    text = TOML.replace('name = "margin"', f'name = "{strategy}"') + f"options = {{multilabel = {value}}}\n"
    with pytest.raises(ArgumentError, match=r"strategy Margin must be without `multilabel`.*one class an example"):
        Workbench.of(parse_experiment(text), SOURCES)


def test_a_strategy_of_your_own_is_tried_on_several_labels_before_any_work(monkeypatch):
    """What it needs is known to it alone: a toy pool of such outputs shows."""
    text = (
        SEVERAL.format(metrics='["pooled_ap"]')
        + f"""
[[strategies]]
name = "{__name__}:OneClass"
"""
    )
    monkeypatch.setattr("ladle.lab.learners.feature_heads.Head.fit", too_soon)
    with pytest.raises(ProbabilityError):
        Workbench.of(parse_experiment(text), several_sources()).warm_up()


class OneClass(Margin):
    """Reads softmax outputs alone."""

    name = "one-class"


def test_made_near_duplicates_are_counted(tmp_path):
    text = TOML.replace("trials = 2", "trials = 2\nredundancy = {mean = 3, jitter = 0.1}")
    workbench = Workbench.of(parse_experiment(text), SOURCES)
    assert len(workbench.dataset) > 800
    make_start(workbench, 0, tmp_path, "a key")
    for each in rounds_of(workbench, job(tmp_path)):
        assert each.facts["distinct_originals"] == len(np.unique(workbench.dataset.originals[each.rows]))


def test_rounds_after_a_gap_do_not_count():
    class Record:
        def __init__(self, number):
            self.round, self.rows = number, number

    assert done_batches([Record(2), Record(1), Record(4)]) == (1, 2)
    assert done_batches([]) == ()
