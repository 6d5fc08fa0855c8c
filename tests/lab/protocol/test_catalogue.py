"""Data sets and learners by name: what is offered, what is refused."""

import sys

import numpy as np
import pytest

from ladle.errors import ArgumentError, LadleError, MissingDependencyError
from ladle.lab.learners.feature_heads import Head
from ladle.lab.protocol import catalogue
from ladle.packages import need


def test_every_entry_is_described():
    assert {"fashion-mnist", "cifar-10", "cifar-100", "wordnet-45", "words-9", "open-images"} <= set(
        catalogue.datasets()
    )
    assert {"mlp", "logistic", "linear-head", "mlp-head", "text", "vgg-16", "convnet-small"} <= set(
        catalogue.learners()
    )
    told = [
        *(catalogue.describe_dataset(name) for name in catalogue.datasets()),
        *(catalogue.describe_learner(name) for name in catalogue.learners()),
    ]
    for each in told:
        assert each.summary
        assert each.licence
        assert each.bring
        assert not set(each.required) & set(each.options)
        assert set(each.to_dict()) == {"name", "summary", "licence", "bring", "options", "required"}


def test_every_learner_is_made_by_its_defaults():
    for name in catalogue.learners():
        learner = catalogue.learner(name, {})
        assert learner.name
        assert catalogue.learner(name, dict(catalogue.describe_learner(name).options)) == learner


def test_options_reach_the_learner():
    assert catalogue.learner("mlp-head", {"hidden": 7, "learning_rate": 1}) == Head(7, learning_rate=1.0)
    assert catalogue.learner("linear-head", {"solver": "adam", "epochs": 2}).hidden == 0


def test_unknown_names_and_options_name_the_known():
    with pytest.raises(ArgumentError, match="fashion-mnist"):
        catalogue.load("mnist", {})
    with pytest.raises(ArgumentError, match="linear-head"):
        catalogue.learner("forest", {})
    with pytest.raises(ArgumentError, match="linear-head"):
        catalogue.describe_learner("forest")
    with pytest.raises(ArgumentError, match="cifar-10"):
        catalogue.describe_dataset("forest")
    with pytest.raises(ArgumentError, match="pool_rows"):
        catalogue.load("fashion-mnist", {"rows": 3})
    with pytest.raises(ArgumentError, match="epochs"):
        catalogue.learner("mlp", {"epoch": 3})


@pytest.mark.parametrize("value", ["3", 1.5, True, None, [3]])
def test_values_of_the_wrong_type_are_refused(value):
    with pytest.raises(ArgumentError, match="`epochs` of mlp"):
        catalogue.learner("mlp", {"epochs": value})


def test_options_that_must_be_given_are_asked_for():
    assert catalogue.describe_dataset("image-folder").required == ("folder",)
    with pytest.raises(ArgumentError, match="folder"):
        catalogue.load("image-folder", {})


def test_a_pool_can_be_sampled(tmp_path):
    np.savez(tmp_path / "a.npz", inputs=np.random.default_rng(0).random((40, 3)), labels=np.arange(40) % 4)
    options = {"path": str(tmp_path / "a.npz")}
    whole, part = catalogue.load("feature-file", options), catalogue.load("feature-file", {**options, "pool_rows": 10})
    assert (len(whole), len(part)) == (32, 10)
    assert set(part.ids) < set(whole.ids)
    np.testing.assert_array_equal(part.test_inputs, whole.test_inputs)


def test_an_embedder_is_asked_for_before_the_data(monkeypatch, tmp_path):
    class Halving:
        made_of = "halving"

        def embed(self, inputs, *, progress=None):
            return (inputs / 2).astype(np.float32)

    np.savez(tmp_path / "a.npz", inputs=np.random.default_rng(0).random((40, 3)), labels=np.arange(40) % 4)
    monkeypatch.setenv("LADLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(catalogue, "embedder", lambda name, pixels: Halving())
    options = {"path": str(tmp_path / "a.npz")}
    plain, halved = (catalogue.load("feature-file", {**options, **more}) for more in ({}, {"embedder": "halving"}))
    np.testing.assert_allclose(halved.inputs, plain.inputs / 2)
    monkeypatch.undo()
    with pytest.raises(LadleError, match=r"embedder|efficientnet"):  # a package, or the name, and not the file
        catalogue.load("feature-file", {"path": "nowhere", "embedder": "resnet"})


def test_absent_packages_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependencyError, match="pip install torch"):
        need("torch", package="torch", purpose="train image networks")
