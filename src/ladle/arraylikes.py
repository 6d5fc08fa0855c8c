"""Any array-like argument as a NumPy array, or an error that names the call which converts it.

Ladle takes arrays, lists, tensors on the CPU, columns and tables of pandas, polars, Arrow and Hugging Face datasets,
sparse matrices within a budget of memory, and everything else that NumPy reads. It recognises each by its attributes,
so it imports none of these libraries. It refuses an argument that has two readings or that would lose information: a
mask, a gradient, columns that differ in kind, and an index that numbers the rows in another order than theirs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, KeysView, Mapping, Set, ValuesView
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from ladle.dataset_columns import column_values, dataset_table, is_dataset, is_dataset_column, refuse_splits
from ladle.errors import ArgumentError, ShapeError
from ladle.frames import is_frame, is_table, pandas_values, table_values
from ladle.sparse_rows import DENSE_BYTES, check_dense, dense_rows, is_sparse, is_sparse_frame
from ladle.tensors import tensor_values, unreadable_error


def as_array(value: Any, name: str, *, by_index: bool = True, dense_bytes: int = DENSE_BYTES) -> npt.NDArray[Any]:
    """`value` as a plain NumPy array of any dtype and shape; not copied where that is possible, and a memmap stays one.

    name: the argument's name in errors. by_index: whether an index of a pandas object that numbers the rows must number
    them in their order. dense_bytes: the largest array that a sparse matrix may become.
    Raises: ArgumentError, which names the call that converts `value`; ShapeError for rows of several lengths;
    MemoryPlanError for a sparse matrix over the budget.
    """
    refuse_masked(value, name)
    if isinstance(value, np.ndarray):
        return _unpack(value if type(value) in (np.ndarray, np.memmap) else np.asarray(value), name)
    _refuse_misread(value, name)
    if is_sparse(value):
        return dense_rows(value, name, dense_bytes)
    if is_frame(value) or hasattr(value, "iloc"):
        if is_sparse_frame(value):
            check_dense(value, name, dense_bytes)
        return _unpack(pandas_values(value, name, by_index=by_index), name)
    if is_dataset(value):
        value = dataset_table(value, name)
    elif is_dataset_column(value):
        value = column_values(value, name)
    if is_table(value):
        return _unpack(table_values(value, name), name)
    if isinstance(value, (Iterator, KeysView, ValuesView)):
        value = list(value)
    try:
        read = tensor_values(value)
        array = np.asarray(value) if read is None else read
    except Exception as cause:  # each library has errors of its own
        if isinstance(cause, ValueError) and isinstance(value, (list, tuple)):  # numpy's "inhomogeneous shape"
            raise _ragged_error(name) from cause
        raise unreadable_error(value, name, cause) from cause
    if array.ndim == 0 and array.dtype == object:
        raise unreadable_error(value, name, None)
    return _unpack(array, name)


def refuse_masked(value: Any, name: str) -> None:
    """Refuse a masked array, or a list of them: NumPy would read the masked numbers too. Raises: ArgumentError."""
    masked = isinstance(value, np.ma.MaskedArray)
    if masked or (
        isinstance(value, (list, tuple)) and any(issubclass(each, np.ma.MaskedArray) for each in set(map(type, value)))
    ):
        shorter = f", or leave out the masked entries by {name}.compressed()" if np.ndim(value) == 1 and masked else ""
        raise ArgumentError(
            f"`{name}`",
            wanted="be an array without a mask",
            got="a masked array" if masked else "masked arrays",
            remedy=f"Give {name}.filled(value){shorter}. Labelled rows need no value: name them in `labelled`.",
        )


def _unpack(array: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """The array; a column of vectors (an object array of rows) as a matrix. Raises: ArgumentError, ShapeError."""
    if array.dtype.names is not None:
        raise ArgumentError(
            f"`{name}`",
            wanted="be a plain array",
            got=f"a structured one with the fields {', '.join(array.dtype.names)}",
            remedy=f"Give numpy.lib.recfunctions.structured_to_unstructured({name}[[...]]), with the fields you mean.",
        )
    if array.dtype == object and array.ndim == 1 and len(array) and all(_is_row(each) for each in array):
        refuse_masked(list(array), name)
        try:
            return np.stack([np.asarray(each) for each in array])
        except ValueError as cause:
            raise _ragged_error(name) from cause
    return array


def _is_row(value: object) -> bool:
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _ragged_error(name: str) -> ShapeError:
    return ShapeError(
        f"`{name}`", wanted="have rows of one length", got="ragged rows", remedy="Pad or drop the odd rows."
    )


def _refuse_misread(value: Any, name: str) -> None:
    """Refuse values that NumPy would misread, or could not read at all. Raises: ArgumentError."""
    if value is None:
        _refuse(name, "None", "")
    if isinstance(value, (str, bytes, os.PathLike)):
        path = os.fspath(value)
        call = f", such as numpy.load({path!r})" if str(path).endswith(".npy") else ", not its path"
        _refuse(name, f"the text or path {path!r}"[:120], f"Give the contents of the file{call}.")
    if isinstance(value, Mapping):
        refuse_splits(value, name)
        _refuse(name, f"a {type(value).__name__}", f"Give list({name}), or list({name}.values()).")
    if isinstance(value, Set) and not isinstance(value, KeysView):
        _refuse(name, "a set, which has no order", f"Give sorted({name}), if that is the order you mean.")
    if hasattr(value, "id_column") and hasattr(value, "embeddings"):
        _refuse(name, "a Pool", f"Give {name}.embeddings(), if you mean those.")


def _refuse(name: str, got: str, remedy: str) -> NoReturn:
    raise ArgumentError(f"`{name}`", wanted="be an array", got=got, remedy=remedy)
