"""Learners with their defaults are as right as their counterparts in scikit-learn, and know if they converged."""

import numpy as np
import pytest

from ladle.errors import ArgumentError
from ladle.lab.learners.convergence import LEAST_STEPS, MOST_EPOCHS, PATIENCE, Descent, LaterMean
from ladle.lab.learners.feature_heads import Head
from ladle.lab.learners.logistic import Logistic
from ladle.lab.learners.text import FEWEST_EPOCHS, Text
from ladle.lab.learners.text import MOST_EPOCHS as MOST_PASSES
from ladle.lab.learners.torch_images import SmallConvnet
from ladle.lab.protocol import catalogue
from ladle.threads import single_threaded_blas

SEEDS = 3


def made():
    """3 classes x 8 features: the shape at which a learner of 30 epochs was worse than chance."""
    random = np.random.default_rng(0)
    centres = random.normal(0, 1, (3, 8))
    labels = random.integers(0, 3, 3_000)
    return (centres[labels] + random.normal(0, 1.2, (3_000, 8))).astype(np.float32), labels


def digits():
    """scikit-learn's 1,797 images of 64 pixels, 10 classes."""
    loaded = pytest.importorskip("sklearn.datasets").load_digits()
    return loaded.data.astype(np.float32), loaded.target.astype(np.int64)


def mean_accuracy(fit, data, labels_held):
    """Mean accuracy, over draws, of what `fit(inputs, labels, seed)` gives: a function from inputs to classes."""
    inputs, labels = data
    scores = []
    for seed in range(SEEDS):
        order = np.random.default_rng(seed).permutation(len(inputs))
        train, test = order[:labels_held], order[labels_held:]
        predict = fit(inputs[train], labels[train], seed)
        scores.append((predict(inputs[test]) == labels[test]).mean())
    return float(np.mean(scores))


def of_ladle(name, **options):
    learner = catalogue.learner(name, options)

    def fit(inputs, labels, seed):
        with single_threaded_blas():
            model = learner.fit(inputs, labels, classes=int(labels.max()) + 1, seed=seed)
        return lambda rows: model.probabilities(rows).argmax(axis=1)

    return fit


def of_scikit_learn(name, *, standardise):
    linear = pytest.importorskip("sklearn.linear_model")
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def fit(inputs, labels, seed):
        plain = (
            linear.LogisticRegression(max_iter=5_000)
            if name in ("linear-head", "logistic")
            else MLPClassifier((128,), max_iter=2_000, random_state=seed)
        )
        with single_threaded_blas():
            return (make_pipeline(StandardScaler(), plain) if standardise else plain).fit(inputs, labels).predict

    return fit


@pytest.mark.parametrize("data", [made, digits])
@pytest.mark.parametrize("name", ["linear-head", "mlp-head", "mlp"])
def test_defaults_are_within_a_point_of_scikit_learn(name, data):
    mine = mean_accuracy(of_ladle(name), data(), 150)
    theirs = mean_accuracy(of_scikit_learn(name, standardise=False), data(), 150)
    assert mine > theirs - 0.01


def test_the_linear_learners_are_scikit_learns_to_a_thousandth():
    for standardise in (False, True):
        theirs = mean_accuracy(of_scikit_learn("linear-head", standardise=standardise), made(), 500)
        for name in ("linear-head", "logistic"):
            assert mean_accuracy(of_ladle(name, standardise=standardise), made(), 500) == pytest.approx(
                theirs, abs=1e-3
            )


@pytest.mark.long
def test_the_small_network_is_within_a_point_of_a_plain_loop_of_torch():
    pytest.importorskip("torch", reason="needs torch: make test-long")
    from benchmarks.learners.convnet import lab, plain
    from benchmarks.learners.counterparts import Split

    pixels, labels = digits()
    images = np.repeat(np.kron(pixels.reshape(-1, 8, 8), np.ones((4, 4)))[..., None] * 15, 3, axis=3).astype(np.uint8)
    split = Split(images[:400], labels[:400], images[400:], labels[400:])
    learner = SmallConvnet(epochs=40, minibatch=32, least_steps=0, learning_rate=0.1, device="cpu")
    rows = np.arange(400)
    scores = []
    for fit in (lab, plain):
        with single_threaded_blas():
            predicted = [fit(learner, split, rows, seed)(split.test_inputs) for seed in (0, 1)]
        scores.append(np.mean([(each == split.test_labels).mean() for each in predicted]))
    assert scores[0] > 0.9
    assert scores[0] > scores[1] - 0.01


def test_few_epochs_were_what_was_wrong():
    """The head of early versions, by name: a test of a learner has to be able to fail."""
    early = of_ladle("linear-head", solver="adam", epochs=30, decay=3.0, standardise=True)
    assert mean_accuracy(early, made(), 150) < mean_accuracy(of_ladle("linear-head"), made(), 150) - 0.2


def test_options_of_the_other_solver_are_refused():
    assert catalogue.learner("linear-head", {}) == Logistic()
    assert catalogue.learner("linear-head", {"solver": "adam", "epochs": 2}) == Head(epochs=2)
    with pytest.raises(ArgumentError, match=r'`epochs` of linear-head.*solver = "adam", epochs = 30'):
        catalogue.learner("linear-head", {"epochs": 30})
    with pytest.raises(ArgumentError, match="`strength` of linear-head"):
        catalogue.learner("linear-head", {"solver": "adam", "strength": 2.0})
    with pytest.raises(ArgumentError, match="solver"):
        catalogue.learner("linear-head", {"solver": "sgd"})


def test_what_a_learner_reads_and_how_long_it_fits_is_in_its_name():
    names = {
        (name, standardise): catalogue.learner(name, {"standardise": standardise}).name
        for name in ("linear-head", "logistic", "mlp-head", "mlp")
        for standardise in (False, True)
    }
    assert all(names[name, False] != names[name, True] for name, _ in names)
    assert "until it has converged" in names["mlp", False]
    assert "until" not in catalogue.learner("mlp", {"epochs": 3}).name


class TestProgress:
    def test_a_fixed_number_of_epochs_is_kept(self):
        progress = Descent(3)
        assert [progress.is_last(0.0, 1) for _ in range(3)] == [False, False, True]
        assert progress.converged is None

    def test_it_goes_on_until_the_loss_is_level_and_the_steps_are_enough(self):
        progress = Descent(0)
        falling = [progress.is_last(1 / (1 + epoch), LEAST_STEPS) for epoch in range(20)]
        assert not any(falling)
        level = [progress.is_last(0.5, LEAST_STEPS) for _ in range(PATIENCE)]
        assert level == [False] * (PATIENCE - 1) + [True]
        assert progress.converged

    def test_few_steps_are_not_enough(self):
        progress = Descent(0)
        ends = [progress.is_last(1.0, 1) for _ in range(LEAST_STEPS)]
        assert ends.index(True) == LEAST_STEPS - 1

    def test_it_ends_without_having_converged(self):
        progress = Descent(0)
        ends = [progress.is_last(-float(epoch), 10) for epoch in range(MOST_EPOCHS)]
        assert ends.index(True) == MOST_EPOCHS - 1
        assert progress.converged is False


@pytest.mark.parametrize("epochs", [1, 2, 5, 24])
def test_the_later_mean_of_a_known_number_of_epochs_is_over_its_later_half(epochs):
    later = LaterMean(epochs)
    for epoch in range(epochs):
        later.add(epoch, [np.array([epoch], np.float32)])
    np.testing.assert_allclose(later.mean()[0], np.mean(range(epochs // 2, epochs)))


@pytest.mark.parametrize("epochs", range(1, 40))
def test_the_later_mean_of_an_unknown_number_of_epochs_is_over_half_to_three_quarters(epochs):
    later = LaterMean(0)
    for epoch in range(epochs):
        later.add(epoch, [np.array([epoch], np.float32)])
    (mean,) = later.mean()
    begin = 2 * mean[0] - (epochs - 1)  # a mean over whole epochs from `begin` to the last
    assert epochs / 4 - 1 <= begin <= epochs / 2


def test_few_texts_are_visited_often():
    passes = [Text().passes(texts) for texts in (0, 150, 1_000, 10_000, 1_000_000)]
    assert passes == [MOST_PASSES, MOST_PASSES, 200, 20, FEWEST_EPOCHS]
    assert Text(epochs=7).passes(150) == 7
