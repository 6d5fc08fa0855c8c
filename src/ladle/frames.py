"""Columns and tables of pandas, polars and Arrow as NumPy arrays, where it is clear which columns are meant.

A table is read as a matrix when all its columns hold numbers of one kind, or when one of its columns holds vectors. An
id, a label or a loss beside the numbers would be read as one more dimension or class. So a table in which a column
differs from the others, in kind or in the pattern of its name, is refused, and the caller has to name the columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError, ShapeError

# Ids, and the names under which an index is written to a file: never a dimension or a class.
_NEVER_NUMBERS = {"id", "ids", "index", "unnamed: 0", "__index_level_0__", "level_0"}
_KINDS = {"f": "decimal numbers", "i": "whole numbers", "u": "whole numbers", "b": "switches"}


def is_frame(value: object) -> bool:
    """Whether this is a pandas DataFrame, recognised without importing pandas."""
    return hasattr(value, "iloc") and hasattr(value, "columns")


def is_table(value: object) -> bool:
    """Whether this exports Arrow data: tables and columns of Arrow, polars, DuckDB and others."""
    return hasattr(value, "__arrow_c_stream__") or hasattr(value, "__arrow_c_array__")


def is_one_column(value: object) -> bool:
    """Whether an object that exports Arrow data is a single column, such as a Series."""
    return not any(hasattr(value, name) for name in ("columns", "column_names", "schema"))


def pandas_values(value: Any, name: str, *, by_index: bool) -> npt.NDArray[Any]:
    """The numbers of a pandas DataFrame or Series. Raises: ArgumentError."""
    if by_index:
        check_index(value, name)
    if not is_frame(value):
        return _series(value, name)
    kinds = {column: _pandas_kind(value, place) for place, column in enumerate(value.columns)}
    if len(kinds) < len(value.columns):
        raise ArgumentError(f"`{name}`", wanted="have one column of each name", got="two of one name")
    vectors = [column for column, kind in kinds.items() if kind == "vectors"]
    if len(vectors) == 1:
        return np.asarray(value[vectors[0]].to_numpy())
    _check_columns(kinds, name, selection=f"{name}[{{}}].to_numpy()")
    if len(kinds) and next(iter(kinds.values())) == _KINDS["f"]:
        # C order, as most arrays have it: sums in another order would differ in the last digit.
        return np.ascontiguousarray(
            value.to_numpy() if _is_plain(value) else value.to_numpy(np.float64, na_value=np.nan)
        )
    return np.column_stack([_series(value[column], name) for column in kinds])


def table_values(value: Any, name: str) -> npt.NDArray[Any]:
    """The numbers of an Arrow table or column, or of an object that exports one. Raises: ArgumentError, ShapeError."""
    import pyarrow as pa

    try:
        data = value if isinstance(value, (pa.Table, pa.RecordBatch, pa.Array, pa.ChunkedArray)) else _import(value)
    except (TypeError, ValueError, pa.ArrowException) as cause:
        got = f"a {type(value).__name__} ({str(cause).splitlines()[0]})"
        raise ArgumentError(f"`{name}`", wanted="be an array", got=got) from cause
    if isinstance(data, (pa.Array, pa.ChunkedArray)):
        return _column(data, name)
    kinds = {field.name: _arrow_kind(field.type) for field in data.schema}
    if len(kinds) < len(data.schema.names):
        raise ArgumentError(f"`{name}`", wanted="have one column of each name", got="two of one name")
    vectors = [column for column, kind in kinds.items() if kind == "vectors"]
    if len(vectors) == 1:
        return _column(data.column(vectors[0]), name)
    polars = (
        hasattr(value, "to_numpy") and hasattr(value, "select") and not isinstance(value, (pa.Table, pa.RecordBatch))
    )
    call = f"{name}.select({{}}).to_numpy()" if polars else f"{name}.select({{}}).to_pandas().to_numpy()"
    _check_columns(kinds, name, selection=call)
    return np.column_stack([_column(data.column(column), name) for column in kinds])


def check_index(value: Any, name: str) -> None:
    """Refuse a pandas object whose index holds the numbers of all its rows, but in another order.

    Any other index, such as texts or rows of a larger frame, has no meaning here: the order of the rows counts.
    Raises: ArgumentError.
    """
    if is_default_index(value.index):
        return
    labels = np.asarray(value.index)
    rows = len(labels)
    if labels.dtype.kind not in "iu" or labels.min() != 0 or labels.max() != rows - 1:
        return
    seen = np.zeros(rows, bool)
    seen[labels] = True
    if seen.all():
        raise ArgumentError(
            f"`{name}`",
            wanted="have an index in the order of its rows",
            got=f"one that numbers the first row {int(labels[0]):,}" if labels[0] else "the numbers in another order",
            remedy=f"If the index counts, give {name}.sort_index(); if the order of the rows counts, "
            f"{name}.reset_index(drop=True).",
        )


def is_default_index(labels: Any) -> bool:
    """Whether a pandas index is 0, 1, 2, ... in the order of the rows."""
    if getattr(labels, "start", None) == 0 and getattr(labels, "step", None) == 1:
        return True
    numbers = np.asarray(labels)
    return len(numbers) == 0 or (numbers.dtype.kind in "iu" and np.array_equal(numbers, np.arange(len(numbers))))


def check_same_index(arguments: Mapping[str, Any]) -> None:
    """Refuse pandas objects of one length whose indexes differ. Raises: ArgumentError."""
    indexes = {
        name: value.index
        for name, value in arguments.items()
        if hasattr(value, "iloc") and hasattr(value, "index") and not is_default_index(value.index)
    }
    names = list(indexes)
    for name in names[1:]:
        if len(indexes[name]) == len(indexes[names[0]]) and not indexes[names[0]].equals(indexes[name]):
            raise ArgumentError(
                f"`{names[0]}` and `{name}`",
                wanted="have one index, row by row",
                got="two that differ",
                remedy=f"If the index counts, give {name}.loc[{names[0]}.index]; if the order of the rows counts, give "
                "both with .reset_index(drop=True).",
            )


def _series(column: Any, name: str) -> npt.NDArray[Any]:
    kind = getattr(column.dtype, "kind", "O")
    if kind in "iub" and bool(column.isna().any()):
        raise _null_error(name, int(np.argmax(column.isna().to_numpy())))
    if kind == "f":
        return np.asarray(
            column.to_numpy()
            if isinstance(column.dtype, np.dtype)
            else column.to_numpy(na_value=np.nan, dtype=np.float64)
        )
    if kind in "iub" and not isinstance(column.dtype, np.dtype):
        return np.asarray(column.to_numpy(dtype=getattr(column.dtype, "numpy_dtype", None)))
    return np.asarray(column.to_numpy())


def _is_plain(frame: Any) -> bool:
    return all(isinstance(dtype, np.dtype) for dtype in frame.dtypes)


def _pandas_kind(frame: Any, place: int) -> str:
    kind = getattr(frame.dtypes.iloc[place], "kind", "O")
    if kind in _KINDS:
        return _KINDS[kind]
    first = frame.iloc[0, place] if len(frame) else None
    return (
        "vectors"
        if isinstance(first, (list, tuple)) or (isinstance(first, np.ndarray) and first.ndim)
        else "no numbers"
    )


def _import(value: Any) -> Any:
    """A pyarrow Table or ChunkedArray of an object that exports Arrow data."""
    import pyarrow as pa

    if not is_one_column(value):
        return pa.table(value)
    return pa.chunked_array(value) if hasattr(value, "__arrow_c_stream__") else pa.array(value)


def _arrow_kind(kind: Any) -> str:
    import pyarrow.types as kinds

    plain = getattr(kind, "storage_type", kind)
    if kinds.is_dictionary(plain) or kinds.is_run_end_encoded(plain):
        return _arrow_kind(plain.value_type)
    if kinds.is_list(plain) or kinds.is_large_list(plain) or kinds.is_fixed_size_list(plain) or _is_view(plain):
        items = plain.value_type
        return "vectors" if kinds.is_floating(items) or kinds.is_integer(items) else "no numbers"
    if kinds.is_floating(plain):
        return _KINDS["f"]
    if kinds.is_integer(plain):
        return _KINDS["i"]
    return _KINDS["b"] if kinds.is_boolean(plain) else "no numbers"


def _column(column: Any, name: str) -> npt.NDArray[Any]:
    """One Arrow column: (n,), or (n, width) where it holds vectors."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        parts = [_column(chunk, name) for chunk in column.chunks if len(chunk)]
        if len({part.shape[1:] for part in parts}) > 1:
            raise ShapeError(f"`{name}`", wanted="have rows of one length", got="ragged rows")
        return np.concatenate(parts) if parts else _column(pa.array([], column.type), name)
    column = _plain_column(column)
    kind = _arrow_kind(column.type)
    if column.null_count and kind != _KINDS["f"]:
        raise _null_error(name, int(np.argmax(column.is_null().to_numpy(zero_copy_only=False))))
    if kind == "no numbers":
        return np.array([*column.to_pylist(), None], object)[:-1]  # a list of lists would become a matrix
    if kind != "vectors":
        return np.asarray(column.to_numpy(zero_copy_only=False))
    values = column.flatten()
    width = len(values) // len(column) if len(column) else 0
    even = pa.types.is_fixed_size_list(column.type) or bool((_lengths(column) == width).all())
    if not even:
        raise ShapeError(f"`{name}`", wanted="have rows of one length", got="ragged rows")
    if values.null_count and not pa.types.is_floating(values.type):
        raise _null_error(name, int(np.argmax(values.is_null().to_numpy(zero_copy_only=False))) // width)
    return np.asarray(values.to_numpy(zero_copy_only=False)).reshape(len(column), width)


def _is_view(kind: Any) -> bool:
    import pyarrow.types as kinds

    return bool(kinds.is_list_view(kind) or kinds.is_large_list_view(kind))


def _lengths(column: Any) -> npt.NDArray[Any]:
    """The length of each list of an Arrow array."""
    lengths = column.sizes.to_numpy() if _is_view(column.type) else np.diff(column.offsets.to_numpy())
    return np.asarray(lengths)


def _plain_column(column: Any) -> Any:
    """An Arrow array without an extension or an encoding; the array itself where it has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = column.storage if isinstance(column, pa.ExtensionArray) else column
    if isinstance(column, pa.DictionaryArray):
        return column.dictionary_decode()
    if pa.types.is_run_end_encoded(column.type):
        return pc.run_end_decode(column)
    return column


def _null_error(name: str, row: int) -> ShapeError:
    return ShapeError(f"`{name}`", wanted="have a value in every row", got=f"null in row {row:,}")


def _check_columns(kinds: Mapping[Any, str], name: str, *, selection: str) -> None:
    """Refuse a table with columns that `odd_columns` lists. Raises: ArgumentError."""
    odd = odd_columns(kinds)
    if not odd and kinds:
        return
    good = [column for column in kinds if column not in odd and kinds[column] in _KINDS.values()]
    listed = ", ".join([*map(repr, good[:3]), *(["..."] if len(good) > 3 else [])]) or "..."
    got = ", ".join(f"`{column}` ({kinds[column]})" for column in odd[:5]) + (", ..." if len(odd) > 5 else "")
    raise ArgumentError(
        f"`{name}`",
        wanted="be a table of numbers of one kind, or with one column of vectors",
        got=f"the odd columns {got}" if kinds else "a table without columns",
        remedy=f"Name the columns you mean: {selection.format(f'[{listed}]')}.",
    )


def odd_columns(kinds: Mapping[Any, str]) -> list[Any]:
    """The columns that do not belong with the others: by kind, by the name of an id, or by the pattern of the name.

    The pattern of a name is the name without its numbers. Where several names have a number (`z0`, `z1`), a column
    without one (`loss`) is odd. Where none has a number (`cat`, `dog`), the names decide nothing.
    """
    odd = {column for column in kinds if str(column).lower() in _NEVER_NUMBERS}
    odd |= {column for column, kind in kinds.items() if kind not in _KINDS.values()}
    left = [column for column in kinds if column not in odd]
    for kind in (_KINDS["f"], _KINDS["i"]):  # where some columns are decimal numbers, those are meant
        if any(kinds[column] == kind for column in left):
            odd |= {column for column in left if kinds[column] != kind}
            break
    left = [column for column in left if column not in odd]
    patterns = {column: re.sub(r"[0-9]+", "#", str(column)) for column in left}
    numbered = [pattern for pattern in patterns.values() if "#" in pattern]
    if len(numbered) > 1:
        usual = max(sorted(set(numbered)), key=numbered.count)
        odd |= {column for column in left if patterns[column] != usual}
    return [column for column in kinds if column in odd]
