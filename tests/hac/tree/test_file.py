from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ladle
from ladle import durable
from ladle.errors import CorruptFileError, FileError, FileFormatError
from ladle.hac.tree import file as treefile
from tests.hac.pools import blobs


@pytest.fixture(scope="module")
def tree() -> ladle.Dendrogram:
    return ladle.cluster(blobs(30, 60, 4), mean_size=10)


@pytest.fixture(scope="module")
def saved(tree: ladle.Dendrogram, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("tree") / "tree.npz"
    tree.save(path)
    return path.read_bytes()


def test_round_trip(tree: ladle.Dendrogram, tmp_path: Path) -> None:
    tree.save(tmp_path / "tree.npz")
    again = ladle.Dendrogram.load(tmp_path / "tree.npz")
    assert np.array_equal(again.merges, tree.merges)
    assert np.array_equal(again.heights, tree.heights)
    for name in ("n", "metric", "certified", "recall", "checks", "known_below", "level", "pool_digest", "complete"):
        assert getattr(again, name) == getattr(tree, name)
    assert [path.name for path in tmp_path.iterdir()] == ["tree.npz"]


def test_a_file_from_before_there_were_checks(tree: ladle.Dendrogram, tmp_path: Path) -> None:
    assert tree.checks is not None
    older = replace(tree, checks=None)
    older.save(tmp_path / "tree.npz")
    assert ladle.Dendrogram.load(tmp_path / "tree.npz").checks is None


def test_any_numpy_opens_it(tree: ladle.Dendrogram, tmp_path: Path) -> None:
    tree.save(tmp_path / "tree.npz")
    with np.load(tmp_path / "tree.npz", allow_pickle=False) as archive:
        assert np.array_equal(archive["merges"], tree.merges)


@given(data=st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_changed_byte_is_found(saved: bytes, tmp_path: Path, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(saved) - 1))
    flip = data.draw(st.integers(1, 255))
    damaged = bytearray(saved)
    damaged[position] ^= flip
    path = tmp_path / "damaged.npz"
    path.write_bytes(damaged)
    with pytest.raises(FileError):
        ladle.Dendrogram.load(path)


@pytest.mark.parametrize("keep", [0, 1, 10, 100, -70, -66, -1])
def test_truncated(saved: bytes, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "short.npz"
    path.write_bytes(saved[:keep])
    with pytest.raises(FileError, match="must"):
        ladle.Dendrogram.load(path)


def test_appended(saved: bytes, tmp_path: Path) -> None:
    path = tmp_path / "long.npz"
    path.write_bytes(saved + b"x")
    with pytest.raises(FileError):
        ladle.Dendrogram.load(path)


def test_absent_or_something_else(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file"):
        ladle.Dendrogram.load(tmp_path / "absent.npz")
    (tmp_path / "text.npz").write_text("not a tree")
    with pytest.raises(FileFormatError, match="that Ladle wrote"):
        ladle.Dendrogram.load(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", x=np.arange(3))
    with pytest.raises(FileFormatError, match="that Ladle wrote"):
        ladle.Dendrogram.load(tmp_path / "other.npz")


def test_a_pickle_inside_is_not_run(tmp_path: Path) -> None:
    np.savez(tmp_path / "pickle.npz", header=np.array([{"a": 1}], dtype=object))
    with pytest.raises(FileError):
        ladle.Dendrogram.load(tmp_path / "pickle.npz")


def test_a_newer_format_is_refused(tree: ladle.Dendrogram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treefile, "FORMAT_VERSION", treefile.FORMAT_VERSION + 1)
    tree.save(tmp_path / "new.npz")
    monkeypatch.undo()
    with pytest.raises(FileFormatError, match="Update Ladle"):
        ladle.Dendrogram.load(tmp_path / "new.npz")


def test_nothing_is_left_when_the_folder_is_missing(tree: ladle.Dendrogram, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="exist"):
        tree.save(tmp_path / "absent" / "tree.npz")
    assert list(tmp_path.iterdir()) == []


def test_prototypes_travel_with_the_tree(tmp_path: Path) -> None:
    embeddings = blobs(30, 60, 4)
    tree = ladle.cluster(embeddings, mean_size=10).with_prototypes(embeddings, mean_size=4)
    tree.save(tmp_path / "tree.npz")
    again = ladle.Dendrogram.load(tmp_path / "tree.npz")
    assert tree.prototypes is not None
    assert again.prototypes is not None
    assert again.prototypes.merges == tree.prototypes.merges == 45
    for name in treefile.PROTOTYPE_DTYPES:
        assert np.array_equal(getattr(again.prototypes, name), getattr(tree.prototypes, name))
    new = blobs(31, 20, 4)
    assert np.array_equal(again.assign(new).labels, tree.assign(new).labels)
    replace(tree, prototypes=None).save(tmp_path / "bare.npz")
    assert ladle.Dendrogram.load(tmp_path / "bare.npz").prototypes is None


def rewritten(source: Path, target: Path, **arrays: np.ndarray) -> None:
    """The tree file `source` with other arrays in place of its own; None leaves one out."""
    with np.load(source) as archive:
        held = {**archive, **arrays}
    with durable.writing(target) as file:
        np.savez(file, **{name: array for name, array in held.items() if array is not None})
        durable.seal(file)


def test_a_file_from_before_prototypes(tree: ladle.Dendrogram, tmp_path: Path) -> None:
    replace(tree, prototypes=None).save(tmp_path / "tree.npz")
    with np.load(tmp_path / "tree.npz") as archive:
        header = json.loads(bytes(archive["header"]))
    del header["prototypes"]
    rewritten(tmp_path / "tree.npz", tmp_path / "old.npz", header=np.frombuffer(json.dumps(header).encode(), np.uint8))
    old = ladle.Dendrogram.load(tmp_path / "old.npz")
    assert np.array_equal(old.merges, tree.merges)
    with pytest.raises(ladle.errors.ArgumentError, match="pool="):
        old.assign(blobs(31, 5, 4))
    assert old.assign(blobs(31, 5, 4), pool=blobs(30, 60, 4)).known == 6


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("offsets", lambda array: array.astype(np.float32)),
        ("offsets", lambda array: array[:, :3]),
        ("spreads", lambda array: array[1:]),
        ("centre", lambda array: array[None]),
        ("fingerprints", lambda array: array[:-1]),
    ],
)
def test_impossible_prototypes(tmp_path: Path, name: str, change: object) -> None:
    embeddings = blobs(30, 60, 4)
    tree = ladle.cluster(embeddings, mean_size=10).with_prototypes(embeddings)
    tree.save(tmp_path / "tree.npz")
    array = change(getattr(tree.prototypes, name))  # type: ignore[operator]
    rewritten(tmp_path / "tree.npz", tmp_path / "odd.npz", **{"prototype_" + name: array})
    with pytest.raises(CorruptFileError, match="prototype"):
        ladle.Dendrogram.load(tmp_path / "odd.npz")
