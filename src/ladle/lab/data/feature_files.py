"""Features and labels from plain files: .npz, .npy, Parquet or Arrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import as_labels, as_matrix, check_finite
from ladle.errors import ArgumentError, FileError, ShapeError
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.splits import assemble, split_share
from ladle.pool.files.npy_format import map_npy, open_archive

Table = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any] | None]  # features, labels as stored, ids


def feature_file(
    *,
    path: str,
    test_path: str = "",
    inputs: str = "",
    labels: str = "labels",
    id: str = "",  # noqa: A002 - the word users have for it
    test_share: float = 0.2,
    title: str = "",
    licence: str = "unstated",
) -> Dataset:
    """float32 (n, dim) features and their classes.

    path: a `.npz` with the arrays `inputs` and `labels` (and `test_inputs` and `test_labels`, if it has a test split);
    or any pool that `ladle.open_pool` reads, where `inputs` and `id` name its columns. labels: the array, the column,
    or, for a pool of `.npy` files, a `.npy` file. test_path: the same for the test split, read in the same way;
    without one, `test_share` of the rows, drawn by seed, is tested on. Classes are the distinct labels in order.
    Raises: FileError, UnsafeFileError, ArgumentError, ShapeError, NonFiniteError.
    Cost: reads the files once; the features as float32, twice while they are split.
    """
    home = Path(path).expanduser()
    names = (inputs, labels, id)
    features, classes, ids = _read(home, *names)
    test = _read(Path(test_path).expanduser(), *names) if test_path else _test_arrays(home, inputs, labels)
    rows = len(features)
    if test is not None:
        if test[0].shape[1:] != features.shape[1:]:
            raise ShapeError("the test split", wanted=f"have {features.shape[1]} features", got=str(test[0].shape[1]))
        features, classes = np.concatenate([features, test[0]]), np.concatenate([classes, test[1]])
        split = np.arange(rows), np.arange(rows, len(features))
    else:
        split = split_share(rows, test_share, "feature-file")
    values, encoded = np.unique(classes.astype(np.str_) if classes.dtype == object else classes, return_inverse=True)
    if len(values) < 2:
        raise ArgumentError(f"the labels of {home}", wanted="name two classes or more", got=f"{len(values)}")
    return assemble(
        title or home.stem,
        features,
        encoded.astype(np.int64),
        split,
        class_names=tuple(str(value) for value in values),
        licence=licence,
        ids=ids,
        source=f"{home}, {'its own test split' if test is not None else f'{test_share:.0%} drawn by seed to test on'}",
    )


def _read(path: Path, inputs: str, labels: str, id_name: str) -> Table:
    if not path.exists():
        raise FileError(f"the features {path}", wanted="be there to read", got="no such file")
    if path.suffix.lower() == ".npz":
        ids = _array(path, id_name) if id_name else None
        return _fitting(path, _array(path, inputs or "inputs"), _array(path, labels), ids)
    from ladle.pool import open_pool

    plain = path.suffix.lower() == ".npy" or (path.is_dir() and any(path.glob("*.npy")))
    pool = open_pool(path) if plain else open_pool(path, id=id_name or None, embedding=inputs or None)
    classes = _stored(path.parent / labels if plain else path, labels)
    return _fitting(path, np.asarray(pool.embeddings()), classes, np.asarray(pool.ids))


def _fitting(path: Path, features: npt.NDArray[Any], labels: npt.NDArray[Any], ids: npt.NDArray[Any] | None) -> Table:
    matrix = as_matrix(features.reshape(len(features), -1) if features.ndim > 2 else features, f"inputs of {path.name}")
    check_finite(matrix, f"inputs of {path.name}")
    known = as_labels(labels, f"labels of {path.name}")
    if len(known) != len(matrix):
        raise ShapeError(f"the labels of {path}", wanted=f"be {len(matrix):,}, one a row", got=f"{len(known):,}")
    return matrix.astype(np.float32, copy=False), known, ids


def _stored(path: Path, labels: str) -> npt.NDArray[Any]:
    """Labels from a column of tables, or from a .npy file."""
    if labels.endswith(".npy"):
        return map_npy(path)
    if path.suffix.lower() == ".npy" or not path.exists():
        raise ArgumentError(
            "`labels`", wanted="name a .npy file beside the features", got=repr(labels),
            remedy='Such as labels = "labels.npy".',
        )  # fmt: skip
    from ladle.pool.files.listing import list_files
    from ladle.pool.tables.table_readers import open_reader, read_column

    columns = open_reader(list_files(path, "the features"))
    if labels not in columns.schema.names:
        got = f"columns {', '.join(columns.schema.names)}"
        raise ArgumentError(f"{path}", wanted=f"have the column `{labels}` that `labels` names", got=got)
    column = read_column(columns, labels)
    if column.null_count:
        raise ArgumentError(f"the column `{labels}` of {path}", wanted="have no nulls", got=f"{column.null_count:,}")
    return np.array(column.to_pylist())


def _test_arrays(path: Path, inputs: str, labels: str) -> Table | None:
    """The arrays `test_...` of a .npz, if it has them."""
    if path.suffix.lower() != ".npz":
        return None
    with open_archive(path) as stored:
        names = [f"test_{inputs or 'inputs'}", f"test_{labels}"]
        if not all(name in stored.names for name in names):
            return None
    return _fitting(path, _array(path, names[0]), _array(path, names[1]), None)


def _array(path: Path, name: str) -> npt.NDArray[Any]:
    with open_archive(path) as stored:
        if name not in stored.names:
            raise ArgumentError(f"{path}", wanted=f"hold an array `{name}`", got=", ".join(stored.names) or "none")
        return stored.read(name)
