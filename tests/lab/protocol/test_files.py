"""Protocol files: what is read, what is refused and how, and those shipped."""

import numpy as np
import pytest

import ladle
from ladle.errors import ArgumentError, FileError, FileFormatError
from ladle.lab.protocol import catalogue
from ladle.lab.protocol.experiment import Experiment
from ladle.lab.protocol.files import checked_experiment, parse_experiment, read_experiment, shipped
from ladle.strategies import create
from tests.lab.standins import TOML, experiment

# The same with a data set and a learner of the catalogue.
KNOWN = TOML.replace('name = "toy", rows = 400', 'name = "fashion-mnist", pool_rows = 400')


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
    assert (read.seed_size, read.batch_size, read.rounds, read.trials) == (30, 20, 3, 2)
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
        ("batch_size = 20", "batch_size = 0", "`batch_size` in the protocol .* must be 1 or more; got 0"),
        ("batch_size = 20", 'batch_size = "20"', "`batch_size` in .* must be a whole number; got '20'"),
        ("batch_size = 20", "batch_size = 2.5", "`batch_size` in .* must be a whole number; got 2.5"),
        ("batch_size = 20", "batch_size = true", "`batch_size` in"),
        ("batch_size = 20", "", "`batch_size` in the protocol .* be given; got nothing"),
        ("seed = 4", "seed = -1", "`seed` in .* 0 or more"),
        ("seed = 4", "seed = 99999999999999999999", "`seed` in .* be 9,223,372,036,854,775,807 or less"),
        ("seed = 4", "sead = 4", r"`sead` in .* one of its fields; got an unknown one\. Did you mean `seed`\?"),
        ("seed = 4", "colour = 4", "`colour` in .*be one of the fields name, title, .*seed_size.*unknown"),
        ("mean_size = 5", "mean_size = 0.5", "`mean_size` in .* be 1 or more; got 0.5"),
        ("mean_size = 5", "mean_size = inf", "`mean_size` in .* be finite"),
        ("mean_size = 5", 'mean_size = "5"', "`mean_size` in .* be a number; got '5'"),
        ("mean_size = 5", 'cluster = {metric = "manhattan"}', "`cluster.metric` in .*'cosine' or 'sqeuclidean'"),
        ("mean_size = 5", 'cluster = "cosine"', "`cluster` in .* be a table, in braces; got 'cosine'"),
        ("mean_size = 5", "refresh_rounds = 0", "`refresh_rounds` in"),
        ("mean_size = 5", "warm_start = 1", "`warm_start` in .* be true or false; got 1"),
        ("mean_size = 5", "redundancy = {mean = 1}", "`redundancy.mean` in .* be more than 1; got 1"),
        ("mean_size = 5", "redundancy = {means = 2}", "`redundancy.means` in .*Did you mean `mean`"),
        ('"macro_f1"', '"f1"', "entry 2 of `metrics` in .*'macro_f1'"),
        ('"macro_f1"', '"accuracy"', "`metrics` must be named once each"),
        ('["accuracy", "macro_f1"]', "[]", r"`metrics` in .* have one entry or more; got \[\]"),
        ('["accuracy", "macro_f1"]', '"accuracy"', "`metrics` in .* be a list, in square brackets; got 'accuracy'"),
        ('"Toy blobs"', '""', "`title` in .* must not be empty"),
        ('name = "toy"\n', 'name = "My run"\n', "`name` in .* be small letters, digits, .*; got 'My run'"),
        ('name = "toy"\n', 'name = "../toy"\n', "`name` in"),
        ('name = "toy"\n', "name = 3\n", "`name` in .* be text, in quotes; got 3"),
    ],
)
def test_wrong_fields_are_named(tmp_path, old, new, words):
    message = refused(tmp_path, TOML, old, new, words)
    assert "Also" not in message  # one fault is told once


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "margin"', 'name = "margins"', "2 .*`name` must be one of uniform, .*got 'margins'.*mean `margin`"),
        ('name = "margin"', 'name = "dropquery"', "2 .*`name` must be .* no votes"),
        ('name = "margin"', "", "2 .*`name` must be given"),
        (
            'label = "Margin"',
            'label = "Cluster-Margin"',
            "2 .*must differ from those before it; got that of strategy 1",
        ),
        ('label = "Margin"', 'label = "Margin, plain"', "2 .*`label` must have no comma and no line break"),
        ('label = "Margin"', f'label = "{"m" * 61}"', "2 .*`label` must have at most 60 characters"),
        ('label = "Margin"', 'lable = "Margin"', "2 .*`lable` must be one of its fields.*Did you mean `label`"),
        ('label = "Margin"', "options = {ratio = 2}", "2 .*the options of margin must be among noise.*got ratio"),
        ('label = "Cluster-Margin"', "tree = false", "1 .*`tree` must be true, or left out"),
        ("candidate_ratio", "candidat_ratio", "1 .*got candidat_ratio. Did you mean `candidate_ratio`"),
        ("candidate_ratio = 2", 'candidate_ratio = "lots"', "1 .*`candidate_ratio` must be a number.*got 'lots'"),
        ("candidate_ratio = 2", "candidate_ratio = -2", "1 .*`candidate_ratio` must be .*got -2"),
        ("candidate_ratio = 2", "mean_size = 0", "1 .*`mean_size` must be 1 or more"),
        ("candidate_ratio = 2", "n_clusters = 2.5", "1 .*`n_clusters` must be a whole number"),
        ("candidate_ratio = 2", 'threshold = "low"', "1 .*`threshold` must be 0 or more; got 'low'"),
        ("candidate_ratio = 2", "mean_size = 5, n_clusters = 5", "1 .*the cut must have one of"),
        ('name = "margin"', 'name = "coreset"\noptions = {metric = "bad"}', "2 .*`metric` must be one of cosine"),
        ('name = "margin"', 'name = "margin"\noptions = {partitions = 0}', "2 .*`partitions` must be"),
    ],
)
def test_wrong_strategies_are_named_by_their_place(tmp_path, old, new, words):
    assert "strategy " in refused(tmp_path, KNOWN, old, new, rf"strategy {words}")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"fashion-mnist"', '"fashion"', "`dataset` in .* one of fashion-mnist, .*got 'fashion'"),
        ("pool_rows", "rows", "`dataset` in .* among pool_rows, .*got rows"),
        ('"fashion-mnist", pool_rows = 400', '"image-folder"', "`dataset` in .*`folder` of image-folder must be given"),
        ('"mlp"', '"mpl"', "`learner` in .* one of mlp, .*got 'mpl'"),
        ("hidden", "hiden", "`learner` in .* got hiden. Did you mean `hidden`"),
        ("hidden = 16", 'hidden = "x"', "`learner` in .*`hidden` of mlp must be of type int"),
        ("epochs = 4", "epochs = -1", "`learner` in .*`epochs` must be 0 or more; got -1"),
    ],
)
def test_what_the_catalogue_does_not_know_is_named(tmp_path, old, new, words):
    refused(tmp_path, KNOWN, old, new, words)


def refused(tmp_path, text, old, new, words):
    """The message of the error."""
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ArgumentError, match=words) as caught:
        read_experiment(path)
    assert "mine.toml" in str(caught.value)
    return str(caught.value)


def test_what_is_not_the_files_is_checked_where_a_file_is_read(tmp_path):
    """Runs with other sources, and ledgers of other releases, are parsed without the catalogue."""
    (tmp_path / "mine.toml").write_text(KNOWN)
    assert read_experiment(tmp_path / "mine.toml") == parse_experiment(KNOWN)
    assert parse_experiment(TOML.replace('"mlp"', '"mine"')).learner.name == "mine"


def test_all_faults_are_told_unknown_fields_first():
    wrong = TOML.replace("rounds = 3", "round = 3").replace("trials = 2", "trials = 0").replace('"margin"', '"margins"')
    with pytest.raises(ArgumentError) as caught:
        parse_experiment(wrong, "the protocol mine.toml")
    message = str(caught.value)
    first, others = message.split(" Also: ")
    assert first == (
        "`round` in the protocol mine.toml must be one of its fields; got an unknown one. Did you mean `rounds`?"
    )
    assert others.startswith("`trials` must be 1 or more; got 0. strategy 2 (Margin): `name` must be one of ")
    assert "`rounds` must be given" not in message  # that is the same fault
    with pytest.raises(ArgumentError, match=r"`name` in the experiment must be given.* And 4 more\.$"):
        checked_experiment({"seed_size": 0, "batch_size": 0, "trials": 0})


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
