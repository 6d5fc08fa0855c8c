"""Protocol files: what is read, what is refused and how, and those shipped."""

import numpy as np
import pytest

import ladle
from ladle.errors import ArgumentError, FileError, FileFormatError
from ladle.lab import catalogue
from ladle.lab.experiment import Experiment
from ladle.lab.protocol import LabProtocol
from ladle.lab.protocol_files import checked_experiment, parse_experiment, read_experiment, shipped
from ladle.strategies import create
from tests.lab.standins import TOML, experiment


def test_every_field_is_read():
    read = parse_experiment(TOML)
    assert (read.name, read.title, read.seed, read.mean_size) == ("toy", "Toy blobs", 4, 5)
    assert (read.dataset.name, read.dataset.options) == ("toy", {"rows": 400})
    assert (read.learner.name, read.learner.options) == ("mlp", {"hidden": 16, "epochs": 4})
    assert read.metrics == ("accuracy", "macro_f1")
    assert [(each.name, each.label, each.options) for each in read.strategies] == [
        ("cluster-margin", "Cluster-Margin", {"candidate_ratio": 2}),
        ("margin", "Margin", {}),
    ]
    assert read.protocol() == LabProtocol(30, 20, 3, 2, seed=4, mean_size=5)
    assert read.strategy("Margin").name == "margin"
    with pytest.raises(ArgumentError, match="be one of Cluster-Margin, Margin; got 'Badge'"):
        read.strategy("Badge")


def test_what_is_left_out_has_defaults():
    read = parse_experiment(TOML.replace('label = "Margin"', "").replace("seed = 4", "").replace("mean_size = 5", ""))
    assert (read.seed, read.mean_size, read.refresh_rounds, read.warm_start, read.redundancy) == (
        0,
        10,
        None,
        False,
        None,
    )
    assert (read.cluster.metric, read.cluster.quality) == ("cosine", "default")
    assert read.strategies[1].label == "margin"


@pytest.mark.parametrize("name", shipped())
def test_shipped_protocols_are_whole_and_go_round(name):
    read = read_experiment(name)
    assert read.name == name
    assert parse_experiment(read.to_toml()) == read
    labels = [entry.label for entry in read.strategies]
    assert {"Uniform", "Margin"} <= set(labels)
    for entry in read.strategies:
        tree = np.zeros(8, np.int64) if "mean_size" not in entry.options else ladle.cluster(np.eye(8))
        create(entry.name, tree, **entry.options)


@pytest.mark.parametrize("name", shipped())
def test_shipped_protocols_ask_the_catalogue_for_what_it_has(name):
    read = read_experiment(name)
    data, made = catalogue.describe_dataset(read.dataset.name), catalogue.describe_learner(read.learner.name)
    for described, given in ((data, read.dataset.options), (made, read.learner.options)):
        assert set(given) <= {*described.options, *described.required}
        assert set(described.required) <= set(given)
    catalogue.learner(read.learner.name, read.learner.options)


def test_to_toml_goes_round_with_every_kind_of_value():
    read = experiment(
        refresh_rounds=2,
        warm_start=True,
        title='A "quoted" \\ title\nin lines — ünïcode \N{ROCKET} \x7f',
        dataset={"name": "x", "number": 1.5, "flag": True, "list": [1, [2]], "table": {"a b": "c"}},
        redundancy={"mean": 3},
    )
    read = Experiment.model_validate(read.model_dump(warnings=False))
    assert read.redundancy.jitter == 0.15
    assert parse_experiment(read.to_toml()) == read
    with pytest.raises(ArgumentError, match="an option"):
        experiment(dataset=Experiment.model_fields["dataset"].annotation(name="x", value=object())).to_toml()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("batch_size = 20", "batch_size = 0", "`batch_size` in the protocol .*greater than or equal to 1; got 0"),
        ("batch_size = 20", 'batch_size = "20"', "`batch_size` in .*valid integer; got '20'"),
        ("batch_size = 20", "batch_size = true", "`batch_size` in"),
        ("batch_size = 20", "", "`batch_size` in the protocol .* be given; got nothing"),
        ("seed = 4", "seed = -1", "`seed` in"),
        ("seed = 4", "sead = 4", "`sead` in .*be a field of it .*seed_size.*nobody knows"),
        ("mean_size = 5", "mean_size = 0.5", "`mean_size` in"),
        ("mean_size = 5", "mean_size = inf", "`mean_size` in"),
        ("mean_size = 5", 'cluster = {metric = "manhattan"}', "`cluster.metric` in .*'cosine' or 'sqeuclidean'"),
        ("mean_size = 5", "refresh_rounds = 0", "`refresh_rounds` in"),
        ("mean_size = 5", "redundancy = {mean = 1}", "`redundancy.mean` in"),
        ("mean_size = 5", "redundancy = {means = 2}", "`redundancy.means` in"),
        ('"macro_f1"', '"f1"', "`metrics.1` in .*'macro_f1'"),
        ('"macro_f1"', '"accuracy"', "metrics must differ"),
        ('["accuracy", "macro_f1"]', "[]", "`metrics` in"),
        ('name = "margin"', 'name = "margins"', "one of uniform, margin,.*got 'margins'"),
        ('label = "Margin"', 'label = "Cluster-Margin"', "labels of the strategies must differ"),
        ('label = "Margin"', "options = {ratio = 2}", "margin takes the options noise.*got ratio"),
        ('name = "margin"', 'name = "dropquery"', "dropquery needs votes"),
        ('label = "Cluster-Margin"', "tree = false", "cluster-margin must have a tree"),
        ('name = "toy"\n', 'name = "../toy"\n', "`name` in"),
    ],
)
def test_wrong_fields_are_named(tmp_path, old, new, words):
    assert old in TOML
    path = tmp_path / "mine.toml"
    path.write_text(TOML.replace(old, new, 1))
    with pytest.raises(ArgumentError, match=words) as caught:
        read_experiment(path)
    assert "mine.toml" in str(caught.value)


def test_several_wrong_fields_are_counted():
    with pytest.raises(ArgumentError, match=r"`rounds`.* 1 more field is wrong"):
        parse_experiment(TOML.replace("trials = 2", "trials = 0").replace("rounds = 3", "rounds = 0"))
    with pytest.raises(ArgumentError, match="the experiment"):
        checked_experiment({})


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileError, match=r"one of those shipped \(.*smoke"):
        read_experiment("no-such-protocol")
    with pytest.raises(FileError, match="a folder"):
        read_experiment(tmp_path)
    (tmp_path / "bad.toml").write_text("name = ")
    with pytest.raises(FileFormatError, match="TOML"):
        read_experiment(tmp_path / "bad.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(FileFormatError, match="UTF-8"):
        read_experiment(tmp_path / "bad.toml")


def test_the_tree_reaches_as_far_as_its_strategies_cut():
    def size(options, **others):
        text = TOML.replace("options = {candidate_ratio = 2}", f"options = {options}")
        return experiment(text, **others).tree_size(400)

    assert size("{}") == 5
    assert size("{mean_size = 2}") == 5
    assert size("{mean_size = 50}") == 50
    assert size("{n_clusters = 10}") == 40
    assert size("{threshold = 0.2}") is None


def test_experiments_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        experiment().rounds = 5
