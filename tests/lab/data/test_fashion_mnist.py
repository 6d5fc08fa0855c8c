import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ladle.errors import CorruptFileError, FileError, FileFormatError
from ladle.lab.data.fashion_mnist import FOLDER, PUBLISHED, fashion_mnist
from ladle.lab.data.xz_arrays import read_packed, write_packed
from tests.lab.published import of_debian


@pytest.fixture(scope="module")
def dataset():
    return fashion_mnist()


def test_it_has_the_sizes_and_classes_it_states(dataset):
    assert dataset.inputs.shape == (30_000, 28, 28)
    assert dataset.test_inputs.shape == (5_000, 28, 28)
    assert dataset.inputs.dtype == np.uint8
    assert set(dataset.labels.tolist()) == set(range(10))
    assert np.bincount(dataset.labels).min() > 2_900  # about balanced, though nobody drew it so


@pytest.mark.long
@pytest.mark.parametrize(
    ("split", "images", "labels"),
    [("", "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
     ("test_", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")],
)  # fmt: skip
def test_every_pixel_and_label_is_the_published_one(dataset, split, images, labels):
    source = Path(of_debian(PUBLISHED, package="dataset-fashion-mnist"))
    mine, my_labels = getattr(dataset, f"{split}inputs"), getattr(dataset, f"{split}labels")
    theirs = np.frombuffer(gzip.decompress((source / images).read_bytes()), np.uint8, offset=16).reshape(-1, 28, 28)
    their_labels = np.frombuffer(gzip.decompress((source / labels).read_bytes()), np.uint8, offset=8)
    np.testing.assert_array_equal(mine, theirs[: len(mine)])
    np.testing.assert_array_equal(my_labels, their_labels[: len(mine)])


def test_it_is_small_and_its_licence_lies_beside_it():
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 14_000_000
    assert "Copyright (c) 2017 Zalando SE" in (FOLDER / "LICENSE").read_text(encoding="utf-8")


@pytest.fixture
def packed(tmp_path):
    arrays = {"images": np.arange(60, dtype=np.uint8).reshape(5, 3, 4), "labels": np.arange(5, dtype=np.int32)}
    write_packed(tmp_path, arrays, orders={"images": (0, 2, 1), "labels": (0,)}, facts={"name": "toy"})
    return tmp_path, arrays


def test_what_was_packed_is_read_back_exactly(packed):
    folder, arrays = packed
    back = read_packed(folder)
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)
        assert not back[name].flags.writeable


@pytest.mark.parametrize("position", [0, 20, -1])
def test_a_changed_byte_is_refused(packed, position):
    path = packed[0] / "images.xz"
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match="SHA-256"):
        read_packed(packed[0])


def test_a_truncated_file_is_refused(packed):
    path = packed[0] / "images.xz"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(CorruptFileError):
        read_packed(packed[0])


def test_an_absent_file_and_a_foreign_manifest_are_told_apart(packed, tmp_path):
    folder = packed[0]
    (folder / "images.xz").unlink()
    with pytest.raises(FileError, match="Reinstall"):
        read_packed(folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for change in ({"format": "other"}, {"version": 99}):
        (folder / "manifest.json").write_text(json.dumps(manifest | change), encoding="utf-8")
        with pytest.raises(FileFormatError):
            read_packed(folder)
    (folder / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(CorruptFileError, match="JSON"):
        read_packed(folder)


def test_the_data_set_checks_its_own_files(tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(FOLDER, folder)
    path = folder / "test_images.xz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(CorruptFileError):
        fashion_mnist(folder=folder)
