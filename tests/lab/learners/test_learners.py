"""What every learner promises, and each one's own promises."""

import numpy as np
import pytest

from ladle.errors import ArgumentError, ShapeError
from ladle.lab.learners.feature_heads import Head, as_targets, gradients
from ladle.lab.learners.logistic import Logistic
from ladle.lab.learners.mlp import Mlp
from ladle.lab.learners.text import Text
from ladle.lab.learners.torch_images import FastResNet, Recipe, SmallConvnet, Vgg16, jittered
from ladle.threads import single_threaded_blas

CLASSES = 3
LEARNERS = {
    "linear-head": Head(0, epochs=40, minibatch=16, learning_rate=0.02, standardise=True),
    "mlp-head": Head(16, epochs=40, minibatch=16, learning_rate=0.02),
    "logistic": Logistic(standardise=True),
    "mlp": Mlp(hidden=16, epochs=30, minibatch=16, standardise=True),
    "text": Text(longest=3, buckets=1 << 10, dim=8, epochs=12),
}
WARM = {name: learner for name, learner in LEARNERS.items() if name != "mlp"}


def examples(name, count=240, seed=0):
    """(inputs, labels) of three classes a little mixed, in the dtype the learner reads."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, count)
    if name != "text":
        centres = np.random.default_rng(99).normal(0, 2, (CLASSES, 12))
        return (centres[labels] + random.normal(0, 1, (count, 12))).astype(np.float32), labels
    letters = np.array(["aeio", "krst", "bdmu"])[labels]
    words = ["".join(random.choice(list(few + "lnp"), random.integers(4, 9))) for few in letters]
    return np.array([word.encode() for word in words]), labels


def fit(name, learner, *, count=240, seed=1, warm=None, keep=None):
    inputs, labels = examples(name, count)
    rows = slice(None) if keep is None else np.flatnonzero(np.isin(labels, keep))
    with single_threaded_blas():
        return learner.fit(inputs[rows], labels[rows], classes=CLASSES, seed=seed, warm=warm)


@pytest.mark.parametrize("name", LEARNERS)
class TestEveryLearner:
    def test_it_learns_and_says_how_likely(self, name):
        model = fit(name, LEARNERS[name])
        inputs, labels = examples(name, seed=5)
        probabilities = model.probabilities(inputs)
        assert probabilities.dtype == np.float32
        assert probabilities.shape == (240, CLASSES)
        assert probabilities.min() >= 0
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
        assert (probabilities.argmax(axis=1) == labels).mean() > 0.85
        embeddings = model.embeddings(inputs)
        assert embeddings.dtype == np.float32
        assert len(embeddings) == 240
        assert np.isfinite(embeddings).all()

    def test_the_seed_alone_decides(self, name):
        inputs, _ = examples(name, seed=5)
        first, again, other = (fit(name, LEARNERS[name], seed=seed).probabilities(inputs) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first, again)
        assert name == "logistic" or not np.array_equal(first, other)

    def test_classes_without_labels_have_their_column(self, name):
        model = fit(name, LEARNERS[name], keep=[0, 2])
        inputs, _ = examples(name, seed=5)
        assert model.probabilities(inputs).shape == (240, CLASSES)

    def test_blocks_do_not_matter(self, name):
        model = fit(name, LEARNERS[name])
        inputs, _ = examples(name, seed=5)
        whole, parts = (
            model.probabilities(inputs),
            [model.probabilities(inputs[start : start + 7]) for start in range(0, 240, 7)],
        )
        np.testing.assert_allclose(whole, np.concatenate(parts), atol=1e-6)

    def test_several_labels_or_too_few_classes_are_refused(self, name):
        inputs, labels = examples(name)
        with pytest.raises(ArgumentError):
            LEARNERS[name].fit(inputs, labels * 0, classes=1, seed=0)
        if not isinstance(LEARNERS[name], (Head, Logistic)):
            with pytest.raises(ArgumentError, match="one an example"):
                LEARNERS[name].fit(inputs, np.eye(CLASSES, dtype=int)[labels], classes=CLASSES, seed=0)


@pytest.mark.parametrize("name", WARM)
class TestWarmStarts:
    def test_a_model_goes_on_and_stays_as_it_was(self, name):
        inputs, _ = examples(name, seed=5)
        before = fit(name, WARM[name], count=60)
        told = before.probabilities(inputs)
        after = fit(name, WARM[name], warm=before)
        np.testing.assert_array_equal(before.probabilities(inputs), told)
        assert not np.array_equal(after.probabilities(inputs), told)

    def test_a_strange_model_is_refused(self, name):
        other = "text" if name != "text" else "logistic"
        with pytest.raises(ArgumentError, match="warm"):
            fit(name, WARM[name], warm=fit(other, WARM[other], count=40))


def test_the_perceptron_always_starts_afresh():
    with pytest.raises(ArgumentError, match="starts afresh"):
        fit("mlp", LEARNERS["mlp"], warm=fit("mlp", LEARNERS["mlp"], count=40))


class TestLogistic:
    def test_it_is_the_optimum_scikit_learn_finds(self):
        linear = pytest.importorskip("sklearn.linear_model")
        inputs, labels = examples("logistic")
        mine = fit("logistic", Logistic(strength=0.5, standardise=True)).probabilities(inputs)
        scaled = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
        theirs = linear.LogisticRegression(C=0.5, tol=1e-8, max_iter=2000).fit(scaled, labels).predict_proba(scaled)
        np.testing.assert_allclose(mine, theirs, atol=2e-3)

    def test_a_warm_start_ends_in_the_same_place(self):
        inputs, _ = examples("logistic")
        learner = Logistic(strength=0.5)
        warm = fit("logistic", learner, warm=fit("logistic", learner, count=50))
        np.testing.assert_allclose(
            warm.probabilities(inputs), fit("logistic", learner).probabilities(inputs), atol=2e-3
        )

    def test_features_as_they_are_may_differ_in_scale_by_orders_of_magnitude(self):
        linear = pytest.importorskip("sklearn.linear_model")
        inputs, labels = examples("logistic")
        scales = np.logspace(-1, 2, inputs.shape[1])
        wild = (inputs * scales + 5 * scales).astype(np.float32)
        model = Logistic(strength=0.5).fit(wild, labels, classes=CLASSES, seed=0)
        assert model.converged
        theirs = linear.LogisticRegression(C=0.5, tol=1e-6, max_iter=100_000).fit(wild, labels).predict_proba(wild)
        np.testing.assert_allclose(model.probabilities(wild), theirs, atol=0.02)
        assert np.abs(model.probabilities(wild) - theirs).mean() < 5e-4
        wilder = (wild * np.logspace(6, -6, inputs.shape[1])).astype(np.float32)
        assert Logistic().fit(wilder, labels, classes=CLASSES, seed=0).converged
        np.testing.assert_array_equal(model.embeddings(wild), wild)  # nothing is whitened without being told

    def test_it_says_when_it_stopped_early_and_does_not_warn(self):
        assert fit("logistic", Logistic(strength=100.0, iterations=1)).converged is False
        assert fit("logistic", Logistic()).converged is True

    def test_several_labels_are_a_regression_for_each_class_over_its_known_examples(self):
        linear = pytest.importorskip("sklearn.linear_model")
        random = np.random.default_rng(3)
        inputs = random.normal(size=(300, 5)).astype(np.float32)
        truth = (inputs[:, :2] + random.normal(0, 0.7, (300, 2)) > 0).astype(np.int64)
        labels = np.where(random.random((300, 2)) < 0.4, -1, truth)
        model = Logistic().fit(inputs, labels, classes=2, seed=0)
        assert model.converged
        for place in range(2):
            known = labels[:, place] >= 0
            theirs = linear.LogisticRegression(tol=1e-8).fit(inputs[known], labels[known, place])
            np.testing.assert_allclose(
                model.probabilities(inputs)[:, place], theirs.predict_proba(inputs)[:, 1], atol=2e-3
            )
        with pytest.raises(ArgumentError, match="warm"):
            Logistic().fit(inputs, truth[:, 0], classes=2, seed=0, warm=model)


class TestHead:
    def test_slopes_are_those_of_finite_differences(self):
        random = np.random.default_rng(0)
        features = random.normal(size=(6, 4))
        parameters = [random.normal(size=shape) for shape in ((4, 5), (5, 3), (5,), (3,))]
        several = np.where(random.random((6, 3)) < 0.3, np.nan, random.integers(0, 2, (6, 3)).astype(float))
        single = np.eye(3)[random.integers(0, 3, 6)]

        def loss(targets, multilabel):
            hidden = np.maximum(features @ parameters[0] + parameters[2], 0)
            logits = hidden @ parameters[1] + parameters[3]
            if multilabel:
                each = np.logaddexp(0, logits) - targets * logits
                return np.nansum(each) / 6
            return -(targets * (logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))).sum() / 6

        for targets, multilabel in ((single, False), (several, True)):
            slopes, value_there = gradients(features, targets, parameters, multilabel=multilabel)
            assert value_there == pytest.approx(loss(targets, multilabel), rel=1e-5)
            for value, slope in zip(parameters, slopes, strict=True):
                for place in np.ndindex(value.shape):
                    kept = value[place]
                    value[place] = kept + 1e-5
                    above = loss(targets, multilabel)
                    value[place] = kept - 1e-5
                    below = loss(targets, multilabel)
                    value[place] = kept
                    assert slope[place] == pytest.approx((above - below) / 2e-5, abs=1e-4)

    def test_several_labels_with_some_unknown(self):
        random = np.random.default_rng(1)
        inputs = random.normal(size=(400, 6)).astype(np.float32)
        truth = (inputs[:, :3] > 0).astype(np.int8)
        labels = np.where(random.random((400, 3)) < 0.5, -1, truth)
        model = Head(0, epochs=40, minibatch=32, learning_rate=0.02, decay=0.0).fit(inputs, labels, classes=3, seed=0)
        probabilities = model.probabilities(inputs)
        assert ((probabilities > 0.5) == truth).mean() > 0.95
        assert probabilities.sum(axis=1).std() > 0.1  # each class by itself

    def test_labels_of_another_shape_are_refused(self):
        with pytest.raises(ShapeError):
            as_targets(np.zeros((4, 2), int), 3)

    def test_a_feature_that_never_changes_is_no_matter(self):
        inputs, labels = examples("linear-head")
        inputs[:, 3] = 7
        model = LEARNERS["linear-head"].fit(inputs, labels, classes=CLASSES, seed=0)
        assert np.isfinite(model.probabilities(inputs)).all()

    def test_bad_options_are_refused(self):
        for option, value in (("hidden", -1), ("epochs", -1), ("minibatch", 0), ("learning_rate", 0), ("decay", -1)):
            with pytest.raises(ArgumentError, match=option):
                Head(**{option: value})


class TestText:
    def test_embeddings_are_the_mean_of_the_pieces(self):
        model = fit("text", LEARNERS["text"])
        counts = model.ngrams.counts(np.array([b"kra"]))[0]
        expected = counts @ model.table / counts.sum()
        np.testing.assert_allclose(model.embeddings(np.array([b"kra"]))[0], expected, atol=1e-5)
        logits = model.weights @ expected + model.biases
        likely = np.exp(logits) / np.exp(logits).sum()
        np.testing.assert_allclose(model.probabilities(np.array([b"kra"]))[0], likely, atol=1e-5)

    def test_the_number_of_threads_changes_nothing(self, monkeypatch):
        monkeypatch.setattr("ladle.lab.learners.text.TEXTS_A_RANGE", 50)
        inputs, _ = examples("text")
        monkeypatch.setenv("LADLE_THREADS", "3")
        many = fit("text", LEARNERS["text"])
        told = many.probabilities(inputs)
        monkeypatch.setenv("LADLE_THREADS", "1")
        np.testing.assert_array_equal(fit("text", LEARNERS["text"]).probabilities(inputs), told)

    def test_bad_options_and_inputs_are_refused(self):
        for option, value in (("dim", 0), ("epochs", -1), ("learning_rate", 0), ("buckets", 3), ("shortest", 0)):
            with pytest.raises(ArgumentError, match=option):
                Text(**{option: value})
        with pytest.raises(ArgumentError, match="texts"):
            Text().fit(np.zeros((3, 2)), np.array([0, 1, 0]), classes=2, seed=0)


@pytest.fixture(scope="module")
def images():
    random = np.random.default_rng(0)
    labels = random.integers(0, CLASSES, 64)
    tints = np.array([[200, 50, 50], [50, 200, 50], [50, 50, 200]])
    pixels = tints[labels][:, None, None] + random.normal(0, 20, (64, 32, 32, 3))
    return np.clip(pixels, 0, 255).astype(np.uint8), labels


class TestImageNetworks:
    @pytest.mark.long
    @pytest.mark.parametrize(("kind", "dim"), [(Vgg16, 512), (FastResNet, 512), (SmallConvnet, 128)])
    def test_one_step(self, kind, dim, images):
        pytest.importorskip("torch", reason="needs torch: make test-long")
        inputs, labels = images
        learner = kind(epochs=1, minibatch=64, device="cpu", least_steps=0)
        model = learner.fit(inputs, labels, classes=CLASSES, seed=1)
        probabilities = model.probabilities(inputs)
        assert probabilities.dtype == np.float32
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
        assert model.embeddings(inputs).shape == (64, dim)
        again = learner.fit(inputs, labels, classes=CLASSES, seed=1)
        np.testing.assert_array_equal(again.probabilities(inputs), probabilities)
        warm = learner.fit(inputs, labels, classes=CLASSES, seed=1, warm=model)
        np.testing.assert_array_equal(model.probabilities(inputs), probabilities)
        assert not np.array_equal(warm.probabilities(inputs), probabilities)

    @pytest.mark.long
    @pytest.mark.parametrize("precision", ["float32", "bfloat16"])
    def test_the_small_network_learns_from_pixels(self, precision, images):
        pytest.importorskip("torch", reason="needs torch: make test-long")
        inputs, labels = images
        learner = SmallConvnet(epochs=10, minibatch=16, least_steps=0, precision=precision, device="cpu")
        model = learner.fit(inputs[:48], labels[:48], classes=CLASSES, seed=1)
        assert (model.probabilities(inputs[48:]).argmax(axis=1) == labels[48:]).mean() == 1
        assert sum(each.numel() for each in model.network.parameters()) < 100_000

    @pytest.mark.long
    def test_the_small_network_runs_in_the_precision_asked_for(self, images):
        pytest.importorskip("torch", reason="needs torch: make test-long")
        inputs, labels = images
        made = {
            precision: SmallConvnet(epochs=1, minibatch=64, least_steps=0, precision=precision, device="cpu")
            .fit(inputs, labels, classes=CLASSES, seed=1)
            .embeddings(inputs)
            for precision in ("float32", "bfloat16")
        }
        bits = {precision: made[precision].view(np.uint32) & 0xFFFF for precision in made}
        assert not bits["bfloat16"].any()  # every number is one of bfloat16's
        assert bits["float32"].any()
        np.testing.assert_allclose(made["bfloat16"], made["float32"], atol=0.05 * made["float32"].max())

    def test_few_images_are_seen_in_more_epochs(self):
        passes = [FastResNet().passes(images) for images in (2, 150, 1_024, 10_000, 50_000)]
        assert passes == [1_000, 1_000, 500, 53, 16]
        assert FastResNet(least_steps=0).passes(150) == 16
        assert Vgg16().passes(10_000) == 60  # of the paper's protocols: as before
        assert Vgg16().name != Vgg16(least_steps=0).name

    @pytest.mark.long
    def test_images_are_shifted_and_mirrored_whole(self):
        torch = pytest.importorskip("torch", reason="needs torch: make test-long")
        image = torch.arange(8 * 8, dtype=torch.uint8).reshape(1, 8, 8, 1).expand(200, 8, 8, 3)
        moved = jittered(torch, image, 2, torch.Generator().manual_seed(0)).numpy()[..., 0].astype(int)
        padded = np.pad(np.arange(64).reshape(8, 8), 2, mode="reflect")
        allowed = {
            square[::, ::turn].tobytes()
            for turn in (1, -1)
            for square in (padded[down : down + 8, along : along + 8] for down in range(5) for along in range(5))
        }
        found = {one.tobytes() for one in moved}
        assert found <= allowed
        assert len(found) > 30

    def test_bad_options_are_refused(self):
        bad = {"epochs": 0, "minibatch": 1, "padding": -1, "learning_rate": 0, "device": "x", "least_steps": -1}
        for option, value in bad.items():
            with pytest.raises(ArgumentError, match=option):
                Vgg16(**{option: value})
        with pytest.raises(ArgumentError, match=r"precision.*float32, bfloat16"):
            SmallConvnet(precision="float16")
        assert issubclass(Vgg16, Recipe)

    @pytest.mark.long
    def test_what_is_no_image_is_refused(self):
        pytest.importorskip("torch", reason="needs torch: make test-long")
        with pytest.raises(ArgumentError, match="colour images"):
            Vgg16().fit(np.zeros((4, 32, 32)), np.arange(4), classes=4, seed=0)
