"""Loaders of images and features, on tiny files made here; the published ones where they are at hand."""

import gzip

import numpy as np
import pytest

from ladle.errors import ArgumentError, CorruptFileError, FileError, FileFormatError, ShapeError, UnsafeFileError
from ladle.lab.data import cifar, svhn
from ladle.lab.data.fashion_mnist import PUBLISHED, fashion_mnist, fashion_mnist_full
from ladle.lab.data.feature_files import feature_file
from ladle.lab.data.folders import image_folder
from ladle.lab.data.locations import find
from tests.lab.published import of_debian

RANDOM = np.random.default_rng(3)


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No data set is found but those made in `tmp_path`."""
    monkeypatch.setenv("LADLE_DATA", str(tmp_path))
    monkeypatch.setenv("LADLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


class TestCifar:
    def binary(self, folder, *, label_bytes=1, counts=(3, 2), names=("data_batch_1.bin", "test_batch.bin")):
        folder.mkdir(parents=True)
        written = []
        for name, count in zip(names, counts, strict=True):
            images = RANDOM.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
            labels = RANDOM.integers(0, 10, (count, label_bytes), dtype=np.uint8)
            records = np.hstack([labels, images.transpose(0, 3, 1, 2).reshape(count, -1)])
            (folder / name).write_bytes(records.tobytes())
            written.append((images, labels[:, -1]))
        return written

    def test_binary_files_are_read(self, nowhere):
        folder = nowhere / "cifar-10-batches-bin"
        (images, labels), (test_images, test_labels) = self.binary(folder)
        for part in range(2, 6):
            (folder / f"data_batch_{part}.bin").write_bytes((folder / "data_batch_1.bin").read_bytes())
        dataset = cifar.cifar_10()
        np.testing.assert_array_equal(dataset.inputs[:3], images)
        np.testing.assert_array_equal(dataset.inputs[12:], images)
        np.testing.assert_array_equal(dataset.labels[3:6], labels)
        np.testing.assert_array_equal(dataset.test_inputs, test_images)
        np.testing.assert_array_equal(dataset.test_labels, test_labels)
        assert dataset.class_names == cifar.CIFAR_10_NAMES

    def test_the_fine_label_of_cifar_100_counts(self, nowhere):
        names = ("train.bin", "test.bin")
        (_, labels), _ = self.binary(nowhere / "cifar-100-binary", label_bytes=2, names=names)
        fine = [f"kind {number}" for number in range(100)]
        (nowhere / "cifar-100-binary" / "fine_label_names.txt").write_text("\n".join(fine) + "\n\n")
        dataset = cifar.cifar_100()
        np.testing.assert_array_equal(dataset.labels, labels)
        assert dataset.class_names == tuple(fine)

    def test_a_torn_file_is_refused(self, nowhere):
        folder = nowhere / "cifar-100-binary"
        self.binary(folder, label_bytes=2, names=("train.bin", "test.bin"))
        (folder / "train.bin").write_bytes(b"x" * 100)
        with pytest.raises(CorruptFileError, match="3074 bytes"):
            cifar.cifar_100(folder=str(folder))

    def test_sheets_are_cut_in_row_order(self, nowhere, monkeypatch):
        image = pytest.importorskip("PIL.Image")
        monkeypatch.setattr(cifar, "SHEET_IMAGES", 6)
        images = RANDOM.integers(0, 256, (14, 32, 32, 3), dtype=np.uint8)
        folder = nowhere / "cifar10"
        folder.mkdir()
        for split, rows in (("train", slice(0, 10)), ("test", slice(10, 14))):
            mine = images[rows]
            for number, start in enumerate(range(0, len(mine), 6)):
                sheet = np.zeros((6, 32, 32, 3), np.uint8)
                sheet[: len(mine[start : start + 6])] = mine[start : start + 6]
                tiled = sheet.reshape(2, 3, 32, 32, 3).transpose(0, 2, 1, 3, 4).reshape(64, 96, 3)
                image.fromarray(tiled).save(folder / f"{split}-{number:02d}.webp", lossless=True)
        labels = {"train": np.arange(10, dtype=np.int16), "test": np.arange(4, dtype=np.int16)}
        np.savez(folder / "labels.npz", **labels, classes=np.array([f"c{number}" for number in range(10)]))
        dataset = cifar.cifar_10()
        np.testing.assert_array_equal(dataset.inputs, images[:10])
        np.testing.assert_array_equal(dataset.test_inputs, images[10:])
        assert dataset.labels.dtype == np.int64
        assert dataset.class_names[3] == "c3"
        (folder / "train-01.webp").write_bytes(b"no image")
        with pytest.raises(CorruptFileError, match="train-01"):
            cifar.cifar_10()

    def test_absent_files_say_what_brings_them(self, nowhere):
        with pytest.raises(FileError, match=r"curl -L .*cifar-10-binary"):
            cifar.cifar_10()
        with pytest.raises(FileError, match=r"curl -L .*cifar-100-binary"):
            cifar.cifar_100(folder="elsewhere")

    @pytest.mark.long
    def test_the_published_images_are_there_in_full(self):
        try:
            find("cifar10", ["labels.npz"], bring="")
        except FileError:
            pytest.skip("needs CIFAR-10: set LADLE_DATA to the folder that holds cifar10/labels.npz and its sheets")
        pytest.importorskip("PIL.Image")
        dataset = cifar.cifar_10()
        assert dataset.inputs.shape == (50_000, 32, 32, 3)
        assert np.bincount(dataset.labels).tolist() == [5_000] * 10
        assert np.bincount(dataset.test_labels).tolist() == [1_000] * 10


def test_svhn_counts_ten_as_zero(nowhere):
    from scipy.io import savemat

    (nowhere / "svhn").mkdir()
    with pytest.raises(FileError, match="curl"):
        svhn.svhn()
    images = RANDOM.integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    stored = {"X": images.transpose(1, 2, 3, 0), "y": np.array([[10], [1], [2], [9], [10]], np.uint8)}
    for name in svhn.FILES:
        savemat(nowhere / "svhn" / name, stored)
    dataset = svhn.svhn()
    np.testing.assert_array_equal(dataset.inputs, images)
    assert dataset.labels.tolist() == [0, 1, 2, 9, 0]
    savemat(nowhere / "svhn" / svhn.FILES[1], {"X": stored["X"]})
    with pytest.raises(CorruptFileError, match="X and y"):
        svhn.svhn()


class TestFashionMnist:
    def write(self, folder, name, array):
        header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
        (folder / name).write_bytes(gzip.compress(header + array.tobytes()))

    def test_idx_files_are_read(self, tmp_path):
        images = RANDOM.integers(0, 256, (6, 28, 28), dtype=np.uint8)
        for split, part in (("train", images), ("t10k", images[:2])):
            self.write(tmp_path, f"{split}-images-idx3-ubyte.gz", part)
            self.write(tmp_path, f"{split}-labels-idx1-ubyte.gz", np.arange(len(part), dtype=np.uint8))
        dataset = fashion_mnist_full(folder=str(tmp_path))
        np.testing.assert_array_equal(dataset.inputs, images)
        assert dataset.test_labels.tolist() == [0, 1]
        (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(b"\0\0\x08\x01\0\0\0\x09abc"))
        with pytest.raises(CorruptFileError, match="idx"):
            fashion_mnist_full(folder=str(tmp_path))
        (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(b"plain")
        with pytest.raises(CorruptFileError, match="gzip"):
            fashion_mnist_full(folder=str(tmp_path))
        with pytest.raises(FileError, match="apt-get install dataset-fashion-mnist"):
            fashion_mnist_full(folder=str(tmp_path / "no"))

    @pytest.mark.long
    def test_the_carried_images_are_its_first(self):
        full = fashion_mnist_full(folder=of_debian(PUBLISHED, package="dataset-fashion-mnist"))
        carried = fashion_mnist()
        np.testing.assert_array_equal(full.inputs[:30_000], carried.inputs)
        assert full.test_inputs.shape == (10_000, 28, 28)


class TestImageFolder:
    @pytest.fixture
    def pictures(self, tmp_path):
        image = pytest.importorskip("PIL.Image")

        def make(*places, size=(8, 8)):
            for number, place in enumerate(places):
                path = tmp_path / place
                path.parent.mkdir(parents=True, exist_ok=True)
                image.fromarray(np.full((*size, 3), number, np.uint8)).save(path)
            return tmp_path

        return make

    def test_classes_are_folders(self, pictures):
        home = pictures("dog/b.png", "cat/a.png", "cat/deep/c.png", "dog/d.png", "cat/e.png")
        (home / "cat" / "notes.txt").write_text("not an image")
        dataset = image_folder(folder=str(home), pixels=8, test_share=0.4)
        assert dataset.class_names == ("cat", "dog")
        assert (len(dataset), len(dataset.test_labels)) == (3, 2)
        for row, name in enumerate(dataset.ids):
            assert dataset.class_names[dataset.labels[row]] == name.split("/")[0]
        again = image_folder(folder=str(home), pixels=8, test_share=0.4)
        np.testing.assert_array_equal(dataset.ids, again.ids)

    def test_published_splits_are_kept(self, pictures):
        home = pictures("train/cat/1.png", "train/dog/2.png", "val/dog/3.png", "val/cat/4.png", size=(6, 9))
        dataset = image_folder(folder=str(home), pixels=4)
        assert dataset.inputs[:, 0, 0, 0].tolist() == [0, 1]
        assert dataset.test_inputs[:, 0, 0, 0].tolist() == [3, 2]
        assert dataset.test_labels.tolist() == [0, 1]
        assert dataset.ids.tolist() == ["train/cat/1.png", "train/dog/2.png"]

    def test_what_cannot_be_read_is_refused(self, pictures, tmp_path):
        with pytest.raises(FileError, match="folder"):
            image_folder(folder=str(tmp_path / "no"))
        with pytest.raises(FileFormatError, match="each class"):
            image_folder(folder=str(tmp_path))
        home = pictures("cat/1.png", "dog/2.png")
        (home / "cat" / "bad.png").write_bytes(b"none")
        with pytest.raises(FileFormatError, match=r"bad\.png"):
            image_folder(folder=str(home))

    def test_splits_of_different_classes_are_refused(self, pictures):
        home = pictures("train/cat/1.png", "train/dog/2.png", "test/dog/3.png")
        with pytest.raises(FileFormatError, match="have the classes of train; got no images of cat"):
            image_folder(folder=str(home))
        pictures("test/cat/4.png", "test/owl/5.png")
        with pytest.raises(FileFormatError, match="have the classes of train; got owl"):
            image_folder(folder=str(home))

    def test_folders_that_make_no_two_classes_are_refused(self, pictures):
        home = pictures("train/cat/1.png", "train/dog/2.png")
        with pytest.raises(FileFormatError, match="one of test, val, valid, validation beside train; got train alone"):
            image_folder(folder=str(home))
        assert image_folder(folder=str(home / "train"), test_share=0.5).class_names == ("cat", "dog")
        with pytest.raises(FileFormatError, match="two classes or more; got cat alone"):
            image_folder(folder=str(pictures("one/cat/1.png") / "one"))

    def test_a_class_without_images_is_refused(self, pictures):
        home = pictures("cat/1.png", "dog/2.png", "fox/notes.png")
        (home / "fox" / "notes.png").rename(home / "fox" / "notes.txt")
        with pytest.raises(FileFormatError, match=r"class folder .*fox must hold images .*\.png"):
            image_folder(folder=str(home))

    def test_a_share_that_leaves_no_pool_is_refused_by_its_name(self, pictures):
        home = pictures("cat/1.png", "dog/2.png")
        for share, words in ((0.99999, "leave some of the 2 examples to choose from; got 0.99999"), (1, "between 0")):
            with pytest.raises(ArgumentError, match=f"`test_share` must .*{words}"):
                image_folder(folder=str(home), test_share=share)


class TestFeatureFile:
    FEATURES = RANDOM.random((10, 4), np.float32)
    LABELS = np.array(["b", "a"] * 5)

    def test_npz_with_its_own_test_split(self, tmp_path):
        path = tmp_path / "birds.npz"
        stored = {"inputs": self.FEATURES, "labels": self.LABELS}
        np.savez(path, **stored, test_inputs=self.FEATURES[:3], test_labels=self.LABELS[:3])
        dataset = feature_file(path=str(path))
        assert dataset.name == "birds"
        assert dataset.class_names == ("a", "b")
        assert dataset.labels.tolist() == [1, 0] * 5
        assert len(dataset.test_labels) == 3

    def test_npz_is_split_by_seed(self, tmp_path):
        path = tmp_path / "birds.npz"
        np.savez(path, x=self.FEATURES.astype(np.float64), y=np.arange(10) % 3 + 5, names=np.arange(10) * 7)
        dataset = feature_file(path=str(path), inputs="x", labels="y", id="names", test_share=0.3, title="Birds")
        assert (dataset.name, len(dataset), len(dataset.test_labels)) == ("Birds", 7, 3)
        assert dataset.class_names == ("5", "6", "7")
        rows = dataset.ids // 7
        np.testing.assert_array_equal(dataset.inputs, self.FEATURES[rows])
        np.testing.assert_array_equal(dataset.labels, rows % 3)

    def test_npy_with_labels_beside_it(self, tmp_path):
        np.save(tmp_path / "vectors.npy", self.FEATURES)
        np.save(tmp_path / "labels.npy", self.LABELS)
        dataset = feature_file(path=str(tmp_path / "vectors.npy"), labels="labels.npy")
        assert (len(dataset), len(dataset.test_labels)) == (8, 2)
        np.testing.assert_array_equal(dataset.inputs, self.FEATURES[dataset.ids])
        with pytest.raises(ArgumentError, match=r"labels\.npy"):
            feature_file(path=str(tmp_path / "vectors.npy"))

    def test_parquet_columns(self, tmp_path):
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = {"id": [f"r{row}" for row in range(10)], "emb": list(self.FEATURES), "kind": self.LABELS}
        pq.write_table(pa.table(columns), tmp_path / "pool.parquet")
        dataset = feature_file(
            path=str(tmp_path / "pool.parquet"), labels="kind", test_path=str(tmp_path / "pool.parquet")
        )
        np.testing.assert_array_equal(dataset.inputs, self.FEATURES)
        np.testing.assert_array_equal(dataset.test_inputs, self.FEATURES)
        assert dataset.ids[3] == "r3"
        with pytest.raises(ArgumentError, match="species"):
            feature_file(path=str(tmp_path / "pool.parquet"), labels="species")

    def test_what_cannot_be_read_is_refused(self, tmp_path):
        path = tmp_path / "birds.npz"
        with pytest.raises(FileError, match="no such file"):
            feature_file(path=str(path))
        np.savez(path, inputs=self.FEATURES, labels=np.array(["a", None] * 5, object))
        with pytest.raises(UnsafeFileError, match="only a pickle can hold"):
            feature_file(path=str(path))
        np.savez(path, inputs=self.FEATURES, labels=self.LABELS[:4])
        with pytest.raises(ShapeError, match="one a row"):
            feature_file(path=str(path))
        np.savez(path, inputs=self.FEATURES, labels=np.zeros(10, int))
        with pytest.raises(ArgumentError, match="two classes"):
            feature_file(path=str(path))

    def test_a_share_that_leaves_no_pool_is_refused_by_its_name(self, tmp_path):
        path = tmp_path / "birds.npz"
        np.savez(path, inputs=self.FEATURES, labels=self.LABELS)
        for share, words in ((0.99999, "leave some of the 10 examples to choose from"), (0, "between 0 and 1")):
            with pytest.raises(ArgumentError, match=f"`test_share` must .*{words}"):
                feature_file(path=str(path), test_share=share)

    @pytest.mark.parametrize("stored", ["test_inputs", "test_labels", "test_ids", "test_x"])
    def test_half_a_test_split_is_refused_with_both_names(self, tmp_path, stored):
        path = tmp_path / "birds.npz"
        np.savez(path, inputs=self.FEATURES, labels=self.LABELS, **{stored: self.FEATURES[:3]})
        with pytest.raises(ArgumentError, match=rf"`test_inputs` and `test_labels`, or absent; got {stored}"):
            feature_file(path=str(path))
        with pytest.raises(ArgumentError, match=rf"`test_inputs` and `test_labels`, or absent; got {stored}"):
            feature_file(path=str(path), test_path=str(path))

    def test_the_names_of_a_test_split_follow_those_of_the_pool(self, tmp_path):
        path = tmp_path / "birds.npz"
        np.savez(path, x=self.FEATURES, y=self.LABELS, test_x=self.FEATURES[:3], test_labels=self.LABELS[:3])
        with pytest.raises(ArgumentError, match="`test_x` and `test_y`, or absent; got test_x, test_labels"):
            feature_file(path=str(path), inputs="x", labels="y")

    def test_two_test_splits_are_refused(self, tmp_path):
        path, other = tmp_path / "birds.npz", tmp_path / "test.npz"
        stored = {"inputs": self.FEATURES, "labels": self.LABELS}
        np.savez(path, **stored, test_inputs=self.FEATURES[:3], test_labels=self.LABELS[:3])
        np.savez(other, inputs=self.FEATURES[:4], labels=self.LABELS[:4])
        with pytest.raises(
            ArgumentError, match=r"`test_path` must be the only test split; got another in .*birds\.npz"
        ):
            feature_file(path=str(path), test_path=str(other))
        np.savez(path, **stored)
        assert len(feature_file(path=str(path), test_path=str(other)).test_labels) == 4

    @pytest.mark.parametrize(
        ("labels", "told"),
        [
            (np.array([0, 1, -1, 1, -1, 0, 1, 0, 1, 0]), "-1 in row 2, and 1 more such rows"),
            (np.array([0, 1, 1, 1, 1, 0, -100, 0, 1, 0]), "-100 in row 6"),
            (np.array(["b", "a", "b", " ", *"bababa"]), "' ' in row 3"),
            (np.array(["", *"bababab", "a", "a"]), "'' in row 0"),
        ],
    )
    def test_a_row_without_a_class_is_named(self, tmp_path, labels, told):
        path, other = tmp_path / "birds.npz", tmp_path / "test.npz"
        np.savez(path, inputs=self.FEATURES, labels=labels)
        np.savez(other, inputs=self.FEATURES[:4], labels=np.sort(labels)[::-1][:4])
        with pytest.raises(ArgumentError, match=rf"`labels of birds\.npz` must hold a class in every row; got {told}"):
            feature_file(path=str(path), test_path=str(other))
        with pytest.raises(ArgumentError, match=r"`labels of birds\.npz` must hold a class in every row"):
            feature_file(path=str(other), test_path=str(path))

    def test_numbers_from_0_and_booleans_are_classes(self, tmp_path):
        for labels in (np.arange(10) % 2, np.arange(10) % 2 == 0, (np.arange(10) % 2).astype(np.uint8)):
            np.savez(tmp_path / "birds.npz", inputs=self.FEATURES, labels=labels)
            assert len(feature_file(path=str(tmp_path / "birds.npz")).class_names) == 2


class TestSeveralLabels:
    FEATURES = RANDOM.random((10, 4), np.float32)
    LABELS = np.array([[1, 0, -1], [0, 1, 1]] * 5, np.int64)

    def test_a_matrix_of_labels_is_yes_or_no_classes(self, tmp_path):
        path = tmp_path / "scenes.npz"
        np.savez(path, inputs=self.FEATURES, labels=self.LABELS, test_inputs=self.FEATURES, test_labels=self.LABELS)
        dataset = feature_file(path=str(path))
        assert (dataset.multilabel, dataset.class_names, dataset.labels.dtype) == (True, ("0", "1", "2"), np.int8)
        np.testing.assert_array_equal(dataset.labels, self.LABELS)
        np.testing.assert_array_equal(dataset.test_labels, self.LABELS)
        np.savez(path, inputs=self.FEATURES, labels=self.LABELS > 0)
        drawn = feature_file(path=str(path), test_share=0.3)
        assert (len(drawn), len(drawn.test_labels)) == (7, 3)
        np.testing.assert_array_equal(drawn.labels, (self.LABELS > 0)[drawn.ids])

    def test_lists_in_a_column_are_yes_or_no_classes(self, tmp_path):
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = {"emb": list(self.FEATURES), "kinds": self.LABELS.tolist()}
        pq.write_table(pa.table(columns), tmp_path / "pool.parquet")
        options = {"path": str(tmp_path / "pool.parquet"), "inputs": "emb", "labels": "kinds"}
        dataset = feature_file(**options, test_share=0.3)
        np.testing.assert_array_equal(dataset.labels, self.LABELS[dataset.ids])
        pq.write_table(pa.table(columns | {"kinds": [[0]] + [[1, 2]] * 9}), tmp_path / "pool.parquet")
        with pytest.raises(ArgumentError, match="a list with 1, 0 or -1 for each class; got lists of several lengths"):
            feature_file(**options)

    def test_npy_files_hold_them_too(self, tmp_path):
        np.save(tmp_path / "vectors.npy", self.FEATURES)
        np.save(tmp_path / "labels.npy", self.LABELS)
        dataset = feature_file(path=str(tmp_path / "vectors.npy"), labels="labels.npy")
        np.testing.assert_array_equal(dataset.labels, self.LABELS[dataset.ids])

    @pytest.mark.parametrize(
        ("labels", "told"),
        [
            (np.where(np.arange(30).reshape(10, 3) == 16, 2, LABELS), "2 in row 5, class 1"),
            (np.where(np.arange(30).reshape(10, 3) == 16, -2, LABELS), "-2 in row 5, class 1"),
            (LABELS.astype(np.uint8), "255 in row 0, class 2"),
            (LABELS.astype(np.float32), "dtype float32"),
            (LABELS[:, :1], "two or more"),
            (LABELS[:, :, None], "shape"),
        ],
    )
    def test_other_matrices_are_refused(self, tmp_path, labels, told):
        np.savez(tmp_path / "scenes.npz", inputs=self.FEATURES, labels=labels)
        with pytest.raises((ArgumentError, ShapeError), match=told):
            feature_file(path=str(tmp_path / "scenes.npz"))

    def test_a_test_split_of_other_classes_is_refused(self, tmp_path):
        path = tmp_path / "scenes.npz"
        for labels in (self.LABELS[:, :2], self.LABELS[:, 0].clip(0)):
            np.savez(path, inputs=self.FEATURES, labels=self.LABELS, test_inputs=self.FEATURES, test_labels=labels)
            with pytest.raises(ShapeError, match=r"labels of shape \(n, 3\), as the pool has; got shape \(10"):
                feature_file(path=str(path))
