"""Tables in memory of pyarrow, polars, pandas and other libraries as one `pyarrow.Table`."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from ladle.errors import ArgumentError
from ladle.frames import is_frame

_FAILURES = (TypeError, ValueError, pa.ArrowException, NotImplementedError)


def as_arrow_table(source: Any) -> Any:
    """`source` as a `pyarrow.Table`.

    Columns of a pandas frame that Arrow cannot hold, such as Python objects, are left out: they can be neither ids nor
    vectors. Raises: ArgumentError for another kind of object, and for a frame with two columns of one name.
    """
    if isinstance(source, pa.RecordBatch):
        return pa.Table.from_batches([source])
    if isinstance(source, pa.Table):
        return source
    if is_frame(source):
        _check_names(source)
    try:
        return pa.table(source)
    except _FAILURES as cause:
        if not is_frame(source):  # a single column, such as a Series
            raise ArgumentError(
                "`source`",
                wanted="be a table or an array",
                got=f"{type(source).__name__}: {cause}",
                remedy="For a column of vectors, give numpy.stack(column).",
            ) from cause
    return pa.table(source[[name for name in source.columns if _fits(source[name])]])


def _check_names(frame: Any) -> None:
    if not frame.columns.is_unique:
        twice = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
        raise ArgumentError(
            "`source`", wanted="have one column of each name", got=", ".join(f"`{name}` twice" for name in twice)
        )


def _fits(column: Any) -> bool:
    try:
        pa.array(column, from_pandas=True)
    except _FAILURES:
        return False
    return True
