"""Files whose seal is right and whose contents no Ladle writes: each is refused, and says that it is the file."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ladle
from ladle import durable
from ladle.errors import CorruptFileError, FileError, FileFormatError, LadleError
from tests.hac.pools import blobs

ROWS, DIM = 40, 3
POOL = blobs(33, ROWS, DIM)
Parts = dict[str, Any]  # the header as a dict, and the arrays


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    """Of a good file."""
    path = tmp_path_factory.mktemp("good") / "tree.npz"
    ladle.cluster(POOL, metric="sqeuclidean", mean_size=4).save(path)
    with np.load(path) as archive:
        found: Parts = dict(archive)
    found["header"] = json.loads(bytes(found["header"]).decode())
    return found


def written(path: Path, parts: Parts, *, compression: int = zipfile.ZIP_STORED) -> Path:
    """A file of these parts, sealed. Bytes stand for a member as they are; None leaves it out."""
    with durable.writing(path) as file:
        with zipfile.ZipFile(file, "w", compression) as archive:
            for name, part in parts.items():
                if part is not None:
                    archive.writestr(f"{name}.npy", _member(name, part))
        durable.seal(file)
    return path


def _member(name: str, part: Any) -> bytes:
    if isinstance(part, bytes):
        return part
    if name == "header" and not isinstance(part, np.ndarray):
        part = np.frombuffer(json.dumps(part).encode(), np.uint8)
    held = io.BytesIO()
    np.lib.format.write_array(held, np.asarray(part), allow_pickle=True)
    return held.getvalue()


def header_with(**fields: Any) -> Callable[[Parts], Parts]:
    return lambda parts: parts | {"header": parts["header"] | fields}


def header_without(name: str) -> Callable[[Parts], Parts]:
    return lambda parts: parts | {"header": {key: value for key, value in parts["header"].items() if key != name}}


def array_as(name: str, change: Callable[[np.ndarray], Any]) -> Callable[[Parts], Parts]:
    return lambda parts: parts | {name: change(parts[name].copy())}


def at(place: Any, value: Any) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array[place] = value
        return array

    return change


NUMBERS: tuple[Any, ...] = (None, True, -1, 1.5, 2**80, "1", [], {}, float("nan"), float("inf"))
FIELDS: dict[str, tuple[Any, ...]] = {
    "n": (*NUMBERS, 0, 39, 41, 2**31),
    "metric": (None, 1, "euclidean", ""),
    "certified": (*NUMBERS[:3], 1.5, "1", [], float("nan")),
    "recall": (True, -1, 1.5, "1", [], float("nan")),
    "checks": (1, [], {}, {"inversions": 1}, {"inversions": -1, "pushes": 0}, {"inversions": "a", "pushes": 0}),
    "known_below": (True, -1, "1", [], float("nan"), 1e-9, 0.0),
    "level": (
        1,
        [],
        {},
        {"mean_size": None, "threshold": None, "n_clusters": None},
        {"mean_size": 2.0, "threshold": 1.0, "n_clusters": None},
        {"mean_size": 0.5, "threshold": None, "n_clusters": None},
        {"mean_size": "a", "threshold": None, "n_clusters": None},
        {"mean_size": True, "threshold": None, "n_clusters": None},
        {"mean_size": None, "threshold": float("nan"), "n_clusters": None},
        {"mean_size": None, "threshold": None, "n_clusters": 41},
        {"mean_size": None, "threshold": None, "n_clusters": 1.5},
        {"mean_size": None, "threshold": None, "n_clusters": 2, "other": 1},
    ),
    "rounding": (*NUMBERS, 0.5),
    "pool_digest": (None, 1, []),
    "dim": (None, True, -1, 1.5, "1", 4),
    "dtype": (None, 1, "int32", "object"),
    "vectors_digest": (None, 1, []),
    "format": (None, 1, "ladle-checkpoint"),
    "format_version": (*NUMBERS, 0, 3, 1),  # in version 1 the arrays are of other dtypes
    "prototypes": (1, [], {}, {"merges": 30}, {"merges": -1, "rounding": 0.0}, {"merges": 31, "rounding": 0.0}),
}
DAMAGES: dict[str, Callable[[Parts], Parts]] = {
    **{f"{name} is {value!r}": header_with(**{name: value}) for name, values in FIELDS.items() for value in values},
    **{f"no {name}": header_without(name) for name in FIELDS if name not in ("checks", "level", "prototypes")},
    **{f"no array {name}": (lambda parts, name=name: parts | {name: None}) for name in ("header", "merges", "heights")},
    **{
        f"no array {name}": (lambda parts, name=name: parts | {f"prototype_{name}": None})
        for name in ("centre", "offsets", "spreads", "sizes", "fingerprints")
    },
    "header is no JSON": lambda parts: parts | {"header": np.frombuffer(b"{", np.uint8)},
    "header is no text": lambda parts: parts | {"header": np.array([255, 254], np.uint8)},
    "header is a list": lambda parts: parts | {"header": np.frombuffer(b"[]", np.uint8)},
    "header is deep": lambda parts: parts | {"header": np.frombuffer(b"[" * 100_000, np.uint8)},
    "header has a number of 6,000 digits": lambda parts: (
        parts | {"header": np.frombuffer(b'{"n": ' + b"9" * 6000 + b"}", np.uint8)}
    ),
    "header is of floats": lambda parts: parts | {"header": np.zeros(4)},
    "header has two axes": lambda parts: parts | {"header": np.zeros((2, 2), np.uint8)},
    "merges out of order": array_as("merges", lambda array: array[::-1]),
    "a child used twice": array_as("merges", lambda array: at(3, array[2])(array)),
    "a child of later": array_as("merges", at((0, 1), ROWS + 20)),
    "a child of its own": array_as("merges", at((5, 1), ROWS + 5)),
    "a negative child": array_as("merges", at((0, 0), -1)),
    "children the wrong way round": array_as("merges", lambda array: array[:, ::-1]),
    "one child twice": array_as("merges", lambda array: at((0, 1), array[0, 0])(array)),
    "three children": array_as("merges", lambda array: np.column_stack([array, array[:, :1]])),
    "merges in one line": array_as("merges", np.ravel),
    "merges of int32": array_as("merges", lambda array: array.astype(np.int32)),
    "merges of floats": array_as("merges", lambda array: array.astype(float)),
    "merges of the other byte order": array_as("merges", lambda array: array.astype(">i8")),
    "merges are objects": array_as("merges", lambda array: array.astype(object)),
    "fewer merges": array_as("merges", lambda array: array[:-1]),
    "fewer of both": lambda parts: parts | {"merges": parts["merges"][:-1], "heights": parts["heights"][:-1]},
    "no merges at all": lambda parts: parts | {"merges": parts["merges"][:0], "heights": parts["heights"][:0]},
    "heights with NaN": array_as("heights", at(7, np.nan)),
    "NaN as the last height": array_as("heights", at(-1, np.nan)),
    "an infinite height": array_as("heights", at(-1, np.inf)),
    "a negative height": array_as("heights", at(0, -1.0)),
    "falling heights": array_as("heights", lambda array: array[::-1]),
    "heights of float32": array_as("heights", lambda array: array.astype(np.float32)),
    "heights of text": array_as("heights", lambda array: array.astype(str)),
    "heights in a column": array_as("heights", lambda array: array[:, None]),
    "heights are structured": array_as("heights", lambda array: array.view([("height", float)])),
    "sizes wrong": array_as("prototype_sizes", at(0, 99)),
    "sizes swapped": array_as("prototype_sizes", np.sort),
    "sizes of int64": array_as("prototype_sizes", lambda array: array.astype(np.int64)),
    "a prototype less": array_as("prototype_offsets", lambda array: array[1:]),
    "prototypes of another dim": array_as("prototype_offsets", lambda array: array[:, 1:]),
    "prototypes of no dim": lambda parts: (
        parts
        | {"prototype_offsets": parts["prototype_offsets"][:, :0], "prototype_centre": parts["prototype_centre"][:0]}
    ),
    "another dim than the header": lambda parts: (
        parts
        | {"prototype_offsets": parts["prototype_offsets"][:, :2], "prototype_centre": parts["prototype_centre"][:2]}
    ),
    "offsets with NaN": array_as("prototype_offsets", at((0, 0), np.nan)),
    "offsets of 1e300": array_as("prototype_offsets", at((0, 0), 1e300)),
    "offsets of float32": array_as("prototype_offsets", lambda array: array.astype(np.float32)),
    "an infinite centre": array_as("prototype_centre", at(0, np.inf)),
    "a negative spread": array_as("prototype_spreads", at(0, -1.0)),
    "fewer fingerprints": array_as("prototype_fingerprints", lambda array: array[1:]),
    "fingerprints of int64": array_as("prototype_fingerprints", lambda array: array.astype(np.int64)),
    "an array that is no array": lambda parts: parts | {"merges": b"nothing"},
    "an array cut short": lambda parts: parts | {"merges": _bytes_of(parts["merges"])[:-9]},
    "an array with a shape of True": lambda parts: (
        parts | {"merges": _bytes_of(parts["merges"]).replace(b"(39, 2)", b"(True,)")}
    ),
    "an array of 2^62 rows": lambda parts: (
        parts
        | {"merges": _bytes_of(parts["merges"]).replace(b"(39, 2), }             ", b"(4611686018427387904, 2), }")}
    ),
}


def _bytes_of(array: np.ndarray) -> bytes:
    held = io.BytesIO()
    np.lib.format.write_array(held, array)
    return held.getvalue()


def test_the_good_file_is_good(parts: Parts, tmp_path: Path) -> None:
    assert ladle.Dendrogram.load(written(tmp_path / "tree.npz", parts)).assign(POOL).twins == ROWS


@pytest.mark.parametrize("name", DAMAGES)
def test_impossible_contents_are_refused(name: str, parts: Parts, tmp_path: Path) -> None:
    path = written(tmp_path / "tree.npz", DAMAGES[name](parts))
    with pytest.raises((CorruptFileError, FileFormatError), match=r"tree\.npz"):
        ladle.Dendrogram.load(path)


def test_a_pickle_is_not_run(parts: Parts, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    bomb = np.empty(39, object)
    bomb[:] = [Bomb()] * 39
    path = written(tmp_path / "tree.npz", parts | {"heights": bomb})
    with pytest.raises(CorruptFileError):
        ladle.Dendrogram.load(path)
    assert not (tmp_path / "ran").exists()


def test_a_bomb_is_not_unpacked(parts: Parts, tmp_path: Path) -> None:
    path = written(tmp_path / "tree.npz", parts | {"heights": np.zeros(50_000_000)}, compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(CorruptFileError, match="compressed"):
        ladle.Dendrogram.load(path)


def test_other_sealed_files_are_no_trees(parts: Parts, tmp_path: Path) -> None:
    for name, held in {"empty.npz": {}, "other.npz": {"x": np.arange(3)}}.items():
        with pytest.raises(FileFormatError, match="a tree that Ladle wrote"):
            ladle.Dendrogram.load(written(tmp_path / name, held))
    with durable.writing(tmp_path / "array.npz") as file:  # an .npy, with room for a seal at its end
        np.save(file, np.arange(9))
        file.write(bytes(2))
        durable.seal(file)
    with pytest.raises(FileError):
        ladle.Dendrogram.load(tmp_path / "array.npz")


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=9), inner))


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_else_is_refused_or_is_a_tree(parts: Parts, tmp_path: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(parts)))
    if name == "header":
        field = data.draw(st.sampled_from(sorted(parts["header"])))
        changed: Any = parts["header"] | {field: data.draw(VALUES)}
    else:
        changed = parts[name].copy()
        flat = changed.reshape(-1)
        place = data.draw(st.integers(0, len(flat) - 1))
        raw = data.draw(st.binary(min_size=flat.itemsize, max_size=flat.itemsize))
        flat[place] = data.draw(
            st.sampled_from([flat[data.draw(st.integers(0, len(flat) - 1))], np.frombuffer(raw, flat.dtype)[0]])
        )
    path = written(tmp_path / "tree.npz", parts | {name: changed})
    try:
        tree = ladle.Dendrogram.load(path)
    except FileError:
        return
    for use in (
        tree.cut,
        tree.to_scipy,
        lambda: tree.cut(n_clusters=3),
        lambda: tree.cut(threshold=0.1),
        lambda: tree.assign(POOL[:5] + 0.5, new="mark"),
        lambda: tree.check_pool(POOL),
        lambda: replace(tree).save(tmp_path / "again.npz"),
    ):
        with suppress(LadleError):
            use()
