"""Features and labels from plain files: .npz, .npy, Parquet or Arrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arrays import as_matrix, check_finite
from ladle.errors import ArgumentError, FileError, ShapeError
from ladle.lab.data.class_labels import as_classes, as_several, as_single
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

    path: a `.npz` with the arrays `inputs` and `labels` (and both of `test_inputs` and `test_labels`, if it has a test
    split); or any pool that `ladle.open_pool` reads, where `inputs` and `id` name its columns. labels: the array, the
    column, or, for a pool of `.npy` files, a `.npy` file. test_path: the same for the test split, read in the same way;
    without one, `test_share` of the rows, drawn by seed, is tested on.
    Labels (n,) are one class a row, and classes are the distinct labels in order; negative numbers, nulls and blank
    texts are refused. Labels (n, classes) are yes-or-no classes, named by their numbers: 1 where the class is there, 0
    where it is not, -1 where nobody looked.
    Raises: FileError, UnsafeFileError, ArgumentError, ShapeError, NonFiniteError.
    Cost: reads the files once; the features as float32, twice while they are split.
    """
    home = Path(path).expanduser()
    names = (inputs, labels, id)
    features, classes, ids = _read(home, *names)
    test = _test_split(home, test_path, names)
    rows = len(features)
    if test is not None:
        if test[0].shape[1:] != features.shape[1:]:
            raise ShapeError("the test split", wanted=f"have {features.shape[1]} features", got=str(test[0].shape[1]))
        if test[1].shape[1:] != classes.shape[1:]:
            wanted = f"have labels of shape (n{''.join(f', {each}' for each in classes.shape[1:])}), as the pool has"
            raise ShapeError("the test split", wanted=wanted, got=f"shape {test[1].shape}")
        features, classes = np.concatenate([features, test[0]]), np.concatenate([classes, test[1]])
        split = np.arange(rows), np.arange(rows, len(features))
    else:
        split = split_share(rows, test_share, "feature-file")
    encoded, class_names = _encoded(classes)
    if len(class_names) < 2:
        raise ArgumentError(f"the labels of {home}", wanted="name two classes or more", got=f"{len(class_names)}")
    return assemble(
        title or home.stem,
        features,
        encoded,
        split,
        class_names=class_names,
        licence=licence,
        ids=ids,
        multilabel=classes.ndim == 2,
        source=f"{home}, {'its own test split' if test is not None else f'{test_share:.0%} drawn by seed to test on'}",
    )


def _encoded(labels: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Labels (n,) as the positions of distinct values in order, with their names; yes-or-no classes as they are."""
    if labels.ndim == 1:
        return as_classes(labels)
    return labels, tuple(str(number) for number in range(labels.shape[1]))


def _test_split(home: Path, test_path: str, names: tuple[str, str, str]) -> Table | None:
    """The test split in the file `test_path`, or among the arrays of `home`; None where one is to be drawn.

    Raises: ArgumentError when `home` holds half a test split, or when there are two.
    """
    stored = _test_arrays(home, *names[:2])
    if not test_path:
        return stored
    if stored is not None:
        remedy = f"Leave out `test_path`, or remove the test split from {home}."
        raise ArgumentError("`test_path`", wanted="be the only test split", got=f"another in {home}", remedy=remedy)
    return _read(Path(test_path).expanduser(), *names)


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
    known = (as_several if labels.ndim == 2 else as_single)(labels, f"labels of {path.name}")
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
    try:
        return np.array(column.to_pylist())
    except ValueError as cause:  # lists of several lengths
        raise ArgumentError(
            f"the column `{labels}` of {path}",
            wanted="hold one label a row, or a list with 1, 0 or -1 for each class",
            got="lists of several lengths",
        ) from cause


def _test_arrays(path: Path, inputs: str, labels: str) -> Table | None:
    """The arrays `test_...` of a .npz, if it has them. Raises: ArgumentError when it has one of the two, or others."""
    if path.suffix.lower() != ".npz" or not path.exists():
        return None
    names = [f"test_{inputs or 'inputs'}", f"test_{labels}"]
    with open_archive(path) as stored:
        present = [name for name in stored.names if name.startswith("test_")]
    if not present:
        return None
    if not all(name in present for name in names):  # to draw a split from the pool would leave this one unread
        raise ArgumentError(
            f"the test split in {path}",
            wanted=f"be the arrays `{names[0]}` and `{names[1]}`, or absent",
            got=", ".join(present),
            remedy="Store both; or rename the others, so that `test_share` of the pool is tested on.",
        )
    return _fitting(path, _array(path, names[0]), _array(path, names[1]), None)


def _array(path: Path, name: str) -> npt.NDArray[Any]:
    with open_archive(path) as stored:
        if name not in stored.names:
            raise ArgumentError(f"{path}", wanted=f"hold an array `{name}`", got=", ".join(stored.names) or "none")
        return stored.read(name)
