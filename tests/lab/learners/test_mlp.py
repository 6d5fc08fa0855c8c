import sys
import warnings

import numpy as np
import pytest

from ladle.errors import ArgumentError, MissingDependencyError
from ladle.lab.learners.mlp import Mlp
from ladle.threads import single_threaded_blas
from tests.lab.toy import toy_dataset

QUICK = Mlp(hidden=8, epochs=6, minibatch=32)


@pytest.fixture(scope="module")
def dataset():
    return toy_dataset()


def fitted(dataset, *, learner=QUICK, classes=3, seed=1, rows=slice(None)):
    with single_threaded_blas():
        return learner.fit(dataset.inputs[rows], dataset.labels[rows], classes=classes, seed=seed)


def test_it_learns_and_keeps_its_promises(dataset):
    model = fitted(dataset, learner=Mlp(hidden=16, epochs=30, minibatch=32))
    probabilities = model.probabilities(dataset.test_inputs)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (probabilities.argmax(axis=1) == dataset.test_labels).mean() > 0.8
    embeddings = model.embeddings(dataset.inputs)
    assert embeddings.shape == (400, 16)
    assert embeddings.dtype == np.float32


def test_embeddings_are_the_layer_under_the_outputs(dataset):
    model = fitted(dataset)
    logits = model.embeddings(dataset.inputs) @ model.weights[1] + model.biases[1]
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(
        model.probabilities(dataset.inputs), likely / likely.sum(axis=1, keepdims=True), atol=1e-5
    )


def test_averaged_weights_are_the_mean_of_the_later_epochs(dataset):
    # Epochs of one run are a prefix of those of a longer one, so runs of one averaged epoch give the parts.
    def last_of(epochs):
        part = Mlp(hidden=8, epochs=epochs, minibatch=32)
        return fitted(dataset, learner=part)

    two = last_of(2)  # averages epoch 2 alone
    four = last_of(4)  # averages epochs 3 and 4
    assert not np.array_equal(two.weights[0], four.weights[0])
    assert np.abs(four.weights[0] - two.weights[0]).max() < 0.5  # a mean, not a sum


def test_the_seed_alone_decides(dataset):
    first, again, other = fitted(dataset), fitted(dataset), fitted(dataset, seed=2)
    for mine, theirs in zip(first.weights + first.biases, again.weights + again.biases, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert not np.array_equal(first.weights[0], other.weights[0])


def test_classes_without_labels_have_their_column(dataset):
    rows = np.flatnonzero(dataset.labels != 2)
    model = fitted(dataset, rows=rows)
    assert model.probabilities(dataset.inputs).shape == (400, 3)


def test_two_classes_have_two_columns():
    dataset = toy_dataset(classes=2)
    model = fitted(dataset, learner=Mlp(hidden=16, epochs=30, minibatch=32), classes=2)
    probabilities = model.probabilities(dataset.test_inputs)
    assert probabilities.shape == (150, 2)
    assert (probabilities.argmax(axis=1) == dataset.test_labels).mean() > 0.8


def test_fewer_examples_than_a_minibatch_do_not_warn(dataset):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted(dataset, rows=slice(5))


def test_bad_options_are_refused(dataset):
    for option, value in (("hidden", 0), ("epochs", -1), ("minibatch", 0), ("standardise", 1)):
        with pytest.raises(ArgumentError, match=option):
            Mlp(**{option: value})
    with pytest.raises(ArgumentError, match="classes"):
        fitted(dataset, classes=1)


def test_standardised_features_are_folded_into_the_first_layer(dataset):
    features = dataset.inputs.reshape(len(dataset.inputs), -1).astype(np.float32)
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    learner = Mlp(hidden=8, epochs=6, minibatch=32, standardise=True)
    with single_threaded_blas():
        folded = learner.fit(features, dataset.labels, classes=3, seed=1).probabilities(features)
        plain = QUICK.fit(scaled, dataset.labels, classes=3, seed=1).probabilities(scaled)
    np.testing.assert_allclose(folded, plain, atol=1e-3)


def test_it_says_whether_it_has_converged(dataset):
    assert fitted(dataset).converged is None
    assert fitted(dataset, learner=Mlp(hidden=8)).converged is True


def test_an_interrupt_is_not_swallowed(dataset, monkeypatch):
    from sklearn.neural_network import MLPClassifier

    def interrupted(self, *args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(MLPClassifier, "_backprop", interrupted)
    with pytest.warns(UserWarning, match="interrupted"), pytest.raises(KeyboardInterrupt):
        fitted(dataset)


def test_without_scikit_learn_it_says_what_to_install(dataset, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.neural_network", None)
    with pytest.raises(MissingDependencyError, match=r"ladle\[lab\]"):
        fitted(dataset)
