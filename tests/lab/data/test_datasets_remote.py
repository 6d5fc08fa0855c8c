"""Open Images on a tiny made-up copy of its files; Hugging Face data sets through a stand-in for the package."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from ladle.errors import ArgumentError, CorruptFileError, FileError, MissingDependencyError
from ladle.lab.data import openimages
from ladle.lab.data.huggingface import hugging_face

TRAIN = [  # image, label, confidence
    ("im1", "/m/cat", 1), ("im1", "/m/dog", 0), ("im2", "/m/dog", 1), ("im2", "/m/dog", 0), ("im3", "/m/owl", 1),
    ("im3", "/m/cat", 0), ("gone", "/m/cat", 1), ("im4", "/m/dog", 1),
]  # fmt: skip
TEST = [("te1", "/m/cat", 0), ("te1", "/m/dog", 1), ("te2", "/m/owl", 1)]


class TestOpenImages:
    @pytest.fixture
    def home(self, tmp_path):
        for name, lines in ((openimages.TRAIN, TRAIN), (openimages.TEST, TEST)):
            self.annotate(tmp_path / name, lines)
        classes = 'LabelName,DisplayName\n/m/cat,Cat\n/m/dog,"Dog, domestic"\n/m/owl,Owl\n/m/none,Nothing\n'
        (tmp_path / openimages.CLASSES).write_text(classes)
        for part, images in (("train", ["im5", "im4", "im3", "im2", "im1"]), ("test", ["te1", "te2"])):
            folder = tmp_path / "embeddings" / part
            folder.mkdir(parents=True)
            np.save(folder / "vectors.npy", np.array([[float(image[2:]), 0.5] for image in images], np.float32))
            (folder / "ids.txt").write_text("\n".join(images) + "\n")
        return tmp_path

    def annotate(self, path, lines):
        path.write_text("ImageID,Source,LabelName,Confidence\n" + "".join(f"{i},human,{n},{c}\n" for i, n, c in lines))

    def test_verified_labels_meet_their_embeddings(self, home):
        dataset = openimages.open_images(folder=str(home), classes=0)
        assert dataset.multilabel
        assert dataset.class_names == ("Cat", "Dog, domestic", "Owl")
        assert dataset.ids.tolist() == ["im4", "im3", "im2", "im1"]
        np.testing.assert_array_equal(dataset.inputs[:, 0], [4, 3, 2, 1])
        expected = [[-1, 1, -1], [0, -1, 1], [-1, 1, -1], [1, 0, -1]]  # im2 was verified twice: there
        assert dataset.labels.tolist() == expected
        assert dataset.test_labels.tolist() == [[0, 1, -1], [-1, -1, 1]]
        assert "train: 1 embeddings without and 1 labels without" in dataset.source

    def test_the_most_spoken_of_classes_are_kept(self, home):
        dataset = openimages.open_images(folder=str(home), classes=1)
        assert dataset.class_names == ("Dog, domestic",)
        assert dataset.labels[:, 0].tolist() == [1, 1, 0]
        assert dataset.ids.tolist() == ["im4", "im2", "im1"]
        assert dataset.test_labels.tolist() == [[1]]

    def test_what_does_not_fit_is_refused(self, home):
        with pytest.raises(ArgumentError, match="classes"):
            openimages.open_images(folder=str(home), classes=-1)
        self.annotate(home / openimages.TRAIN, [("im1", "/m/unheard", 1)])
        with pytest.raises(CorruptFileError, match="unheard"):
            openimages.open_images(folder=str(home))
        self.annotate(home / openimages.TRAIN, [("gone", "/m/cat", 1)])
        with pytest.raises(ArgumentError, match="none of them"):
            openimages.open_images(folder=str(home))
        (home / openimages.TRAIN).write_text("a,b\n1,2\n")
        with pytest.raises(CorruptFileError, match="ImageID"):
            openimages.open_images(folder=str(home))
        (home / openimages.TRAIN).unlink()
        with pytest.raises(FileError, match=r"curl -O .*human-imagelabels"):
            openimages.open_images(folder=str(home))

    def test_labels_that_would_not_fit_memory_are_refused(self, home, monkeypatch):
        from ladle.errors import MemoryPlanError

        monkeypatch.setenv("LADLE_MEMORY", "1KiB")
        monkeypatch.setattr(openimages, "BLOCK_BYTES", 1 << 20)
        labels = openimages.Verified(np.arange(2000), np.zeros(2000, np.int64), np.ones(2000, bool), 0)
        with pytest.raises(MemoryPlanError, match="Lower `classes`"):
            openimages._matrix(labels, np.array([0, 1]))


class Column(list):
    """One column of a made-up table."""


class Table:
    def __init__(self, columns, features=None):
        self.columns, self.features = columns, features or dict.fromkeys(columns)
        self.column_names = list(columns)
        self.info = SimpleNamespace(license="cc0")

    def __len__(self):
        return len(next(iter(self.columns.values())))

    def __getitem__(self, name):
        return Column(self.columns[name])


class TestHuggingFace:
    @pytest.fixture
    def served(self, monkeypatch):
        def serve(**splits):
            asked = []

            def load_dataset(*args, **options):
                asked.append((args, options))
                return splits

            monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load_dataset))
            return asked

        return serve

    def test_texts_with_named_classes(self, served):
        named = {"text": None, "label": SimpleNamespace(names=["bad", "good"])}
        asked = served(
            train=Table({"text": ["no", "yes", "ö"], "label": [0, 1, 1]}, named),
            test=Table({"text": ["well"], "label": [1]}, named),
        )
        dataset = hugging_face(path="reviews", input="text", revision="abc")
        assert asked == [(("reviews", None), {"revision": "abc"})]
        assert dataset.inputs.tolist() == [b"no", b"yes", "ö".encode()]
        assert dataset.class_names == ("bad", "good")
        assert dataset.test_labels.tolist() == [1]
        assert dataset.licence == "cc0"

    def test_lists_are_features_and_splits_are_drawn(self, served):
        served(train=Table({"x": [[row, 0.0] for row in range(10)], "kind": list("abcdeabcde")}))
        dataset = hugging_face(path="p", input="x", label="kind", test_split="", test_share=0.3)
        assert (len(dataset), len(dataset.test_labels)) == (7, 3)
        np.testing.assert_array_equal(dataset.inputs[:, 0], dataset.ids)
        assert [dataset.class_names[label] for label in dataset.labels] == ["abcde"[row % 5] for row in dataset.ids]

    def test_images_become_colour_squares(self, served):
        image = pytest.importorskip("PIL.Image")
        pictures = [image.new(mode, (9, 7), 200 if mode == "L" else (1, 2, 3)) for mode in ("L", "RGB")]
        served(train=Table({"image": pictures, "label": [0, 1]}), test=Table({"image": pictures, "label": [0, 1]}))
        dataset = hugging_face(path="p", input="image", pixels=8)
        assert dataset.inputs.shape == (2, 8, 8, 3)
        assert dataset.inputs[:, 4, 4].tolist() == [[200] * 3, [1, 2, 3]]

    @pytest.mark.parametrize(
        ("labels", "told"),
        [
            ([1, -1, -1], "-1 in row 1, and 1 more"),
            (["a", None, "b"], "null in row 1"),
            (["a", " ", "b"], "' ' in row 1"),
            ([0.5, 1, 2], "dtype float64"),
            ([[0], [0, 1], [1]], "one class each; got lists"),
            ([[0, 1], [0, 1], [1, 0]], "one class each; got shape"),
        ],
    )
    def test_rows_without_a_class_are_refused(self, served, labels, told):
        """Splits that nobody labelled have -1 in every row; as a class of its own it would be measured."""
        for stated in (None, SimpleNamespace(names=["a", "b"])):
            features = {"x": None, "label": stated}
            inputs = [[1.0]] * 3
            served(
                train=Table({"x": inputs, "label": [0, 1, 0]}, features),
                test=Table({"x": inputs, "label": labels}, features),
            )
            with pytest.raises(ArgumentError, match=told):
                hugging_face(path="p", input="x")

    def test_the_pool_is_not_tested_on(self, served):
        served(train=Table({"x": [[1.0], [2.0]], "label": [0, 1]}))
        with pytest.raises(ArgumentError, match="`test_split` must be another split than the pool's; got 'train'"):
            hugging_face(path="p", input="x", test_split="train")

    def test_what_is_not_there_is_refused(self, served, monkeypatch):
        served(train=Table({"x": [[1.0], [1.0, 2.0]], "label": [0, 1]}))
        with pytest.raises(ArgumentError, match="split"):
            hugging_face(path="p", input="x")
        with pytest.raises(ArgumentError, match="columns"):
            hugging_face(path="p", input="y", test_split="")
        with pytest.raises(ArgumentError, match="one length"):
            hugging_face(path="p", input="x", test_split="")
        monkeypatch.setitem(sys.modules, "datasets", None)
        with pytest.raises(MissingDependencyError, match="pip install datasets"):
            hugging_face(path="p", input="x")

    @pytest.mark.long
    def test_the_package_itself(self, tmp_path, monkeypatch):
        pytest.importorskip("datasets", reason="needs datasets: make test-long")
        monkeypatch.setenv("HF_HOME", str(tmp_path))
        (tmp_path / "a.csv").write_text("x,label\nhello,a\nworld,b\nthere,a\nagain,b\n")
        files = {"train": str(tmp_path / "a.csv"), "test": str(tmp_path / "a.csv")}
        dataset = hugging_face(path="csv", input="x", files=files)
        assert dataset.inputs.tolist() == [b"hello", b"world", b"there", b"again"]
        assert dataset.labels.tolist() == [0, 1, 0, 1]
