"""Scores from a model, matched to a pool: arrays, `.npy`, `.npz`, Parquet, Arrow and CSV, in any row order.

Scores that come with ids are matched by id; those that come without are taken in the pool's row order and must
have one entry a row. Every example needs a score, unless it is labelled already. Nothing but the ids is held:
values are streamed in blocks, for (n, classes) floats may be many times the pool.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.arraylikes import as_array
from ladle.arrays import CHECK_BYTES, Rows, row_blocks
from ladle.errors import ArgumentError, DataError, IdError, NonFiniteError, ShapeError
from ladle.pool.budget import require
from ladle.pool.contract import Pool
from ladle.pool.folder import CSV_FORMATS, POOL_FORMATS, Listing, list_files
from ladle.pool.ids import SHOWN, Ids, one_array, shown
from ladle.progress import SILENT, Progress

Values = npt.NDArray[np.floating[Any]]  # (b, classes), or (b,) where width is None
Measure = Callable[[Values], Values]

# The value of an example without a score, which is only ever a labelled one: as sure as can be.
SURE = np.float32(1.0)


@dataclass(frozen=True, slots=True)
class Scores:
    """An opened source of scores: one vector of `width` numbers (None: one number) for each of `rows`."""

    source: str
    pool_rows: int
    rows: Rows  # pool row of each entry, in the order of the source
    width: int | None
    read: Callable[[int], Iterator[Values]]  # blocks of about so many bytes, in the order of the source
    order_notice: str = ""  # as `Pool.order_notice`

    def blocks(self, block_bytes: int = CHECK_BYTES) -> Iterator[tuple[Rows, Values]]:
        """(pool rows (b,), values) blocks, in the order of the source. Raises: CorruptFileError, ShapeError."""
        start = 0
        for values in self.read(block_bytes):
            yield self.rows[start : start + len(values)], values
            start += len(values)
        if start != len(self.rows):
            raise ShapeError(self.source, wanted=f"have {len(self.rows):,} rows, as its ids do", got=f"{start:,}")

    def reduced(self, measure: Measure, *, progress: Progress = SILENT) -> npt.NDArray[np.float32]:
        """`measure` of every entry, in pool rows: (n,) float32; 1.0 for the labelled examples without a score.

        `measure` maps a block to (b,) floats. Raises: what it raises, telling the row of the source;
        NonFiniteError. Cost: one pass over the source; memory of one block and the result.
        """
        return self._gathered(measure, np.full(self.pool_rows, SURE), progress)

    def matrix(self, transform: Measure, *, progress: Progress = SILENT) -> npt.NDArray[np.float32]:
        """`transform` of every entry, in pool rows: (n, width) float32; labelled examples without a score are put
        wholly in class 0. Raises: MemoryPlanError before reading; as `reduced`. Cost: one pass; 4 * n * width bytes.
        """
        width = self.width or 1
        require(
            4 * self.pool_rows * width,
            f"the probabilities of {self.pool_rows:,} examples and {width:,} classes",
            remedy="Use a strategy that goes by margins: those are streamed.",
        )
        filled = np.zeros((self.pool_rows, width), np.float32)
        filled[:, 0] = SURE
        return self._gathered(transform, filled, progress)

    def _gathered(
        self, measure: Measure, result: npt.NDArray[np.float32], progress: Progress
    ) -> npt.NDArray[np.float32]:
        start = 0
        with progress.task("Reading the scores", len(self.rows)) as advance:
            for rows, values in self.blocks():
                try:
                    with np.errstate(over="ignore"):  # beyond float32 it becomes infinity, and is refused as such
                        result[rows] = measure(values)
                except DataError as error:
                    place = f"{error.got} (counting from entry {start:,} of {self.source})" if start else error.got
                    raise type(error)(error.subject, wanted=error.wanted, got=place, remedy=error.remedy) from error
                start += len(rows)
                advance(len(rows))
        if result.ndim == 1 and not np.isfinite(result).all():
            row = int(np.argmin(np.isfinite(result)))
            raise NonFiniteError(self.source, wanted="hold finite numbers only", got=f"NaN or infinity for row {row:,}")
        return result


def open_scores(
    source: object,
    pool: Pool,
    *,
    single: bool = False,
    id: str | None = None,  # noqa: A002 - the word users have for it
    column: str | None = None,
    labelled: Rows | None = None,
) -> Scores:
    """The scores in `source`, matched to the rows of `pool`; the values are not read yet (but `.npz` is loaded).

    `single` says that there is one number an example (margins), not a vector (probabilities or logits).
    In columns, `id` (default `id`) names the ids, and `column` the values: by default the one column of float
    lists, else all float columns in their order, one a class; for single numbers `margin`, else the one float
    column. In a `.npz`, `column` names the array (default: the only one beside `ids`).
    `labelled` are the pool rows that may lack a score.

    Raises: IdError for ids that are unknown, twice there, or missing; ShapeError, ArgumentError, FileError and its
    kinds. Cost: reads the ids; memory of the ids and 8 bytes an entry.
    """
    order_notice = ""
    if isinstance(source, (str, os.PathLike)):
        listing = list_files(source, "the scores", formats=POOL_FORMATS | CSV_FORMATS)
        found, order_notice = _open_listing(listing, single, id, column, like=pool.id_column.kind), listing.order_notice
    elif hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        from ladle.pool.open import open_table_source

        found = _in_columns(open_table_source(source), single, id, column)
    else:
        found = _in_arrays([as_array(source, "scores")], "the scores", None, single)
    name, ids, count, width, read = found
    if ids is None:
        rows = np.arange(pool.rows, dtype=np.int64)
        if count != pool.source_count:
            others = ", also for those that were left out of it" if pool.source_count != pool.rows else ""
            raise ShapeError(
                name,
                wanted=f"have one entry for each of the pool's {pool.source_count:,} rows, having no ids{others}",
                got=f"{count:,}",
                remedy="Give the scores ids (Parquet, Arrow, or `ids` in a .npz), or every row of the pool in order.",
            )
        return Scores(name, pool.rows, rows, width, _only(read, pool.source_rows(rows), count), order_notice)
    found_rows = pool.rows_from_source(pool.source_ids.rows_of(ids, pool=pool.source, name=f"the ids in {name}"))
    entries = np.flatnonzero(found_rows >= 0)
    rows = found_rows[entries]
    _check_covered(rows, pool, labelled, name)
    return Scores(name, pool.rows, rows, width, _only(read, entries, count), order_notice)


# What a source turns out to be: its name, ids (None: pool order), entries, width, and how to read its values.
_Found = tuple[str, Ids | None, int, int | None, Callable[[int], Iterator[Values]]]


def _only(read: Callable[[int], Iterator[Values]], entries: Rows, count: int) -> Callable[[int], Iterator[Values]]:
    """`read`, for these ascending positions among its `count` entries alone: the others belong to rows left out."""
    if len(entries) == count:
        return read
    chosen = np.zeros(count, bool)
    chosen[entries] = True

    def some(block_bytes: int) -> Iterator[Values]:
        start = 0
        for values in read(block_bytes):
            kept = values[chosen[start : start + len(values)]]
            start += len(values)
            if len(kept):
                yield kept

    return some


def _check_covered(rows: Rows, pool: Pool, labelled: Rows | None, name: str) -> None:
    lacking = np.ones(pool.rows, bool)
    lacking[rows] = False
    if labelled is not None:
        lacking[labelled] = False
    missing = np.flatnonzero(lacking)
    if missing.size:
        raise IdError(
            f"the ids in {name}",
            wanted="cover every example that is not labelled",
            got=f"none for {missing.size:,} of the pool's {pool.rows:,}, such as {shown(pool.ids_at(missing[:SHOWN]))}",
        )


def _open_listing(listing: Listing, single: bool, id_name: str | None, column: str | None, *, like: str) -> _Found:
    from ladle.pool.id_lists import read_ids
    from ladle.pool.npy_format import map_npy

    if listing.family == ".npy":
        ids = None if listing.ids is None else Ids(read_ids(listing.ids, like=like), str(listing.ids))
        return _in_arrays([map_npy(file) for file in listing.files], str(listing.path), ids, single)
    if listing.family == ".npz":
        return _in_archives(listing, single, id_name, column)
    from ladle.pool.arrow_files import FileColumns, open_columns

    if listing.family == ".csv":
        from ladle.pool.columns import ID_COLUMN
        from ladle.pool.csv_table import open_csv

        named = [] if column is None else [column]
        parts = [open_csv(file, id_name=id_name or ID_COLUMN, like=like, numbers=named) for file in listing.files]
        columns = FileColumns(parts, str(listing.path), listing.order_notice) if listing.is_folder else parts[0]
        return _in_columns(columns, single, id_name, column)
    return _in_columns(open_columns(listing), single, id_name, column)


def _in_archives(listing: Listing, single: bool, id_name: str | None, column: str | None) -> _Found:
    from ladle.pool.npy import joined_ids
    from ladle.pool.npy_format import opened_archive

    values, ids = [], []
    for path in listing.files:
        with opened_archive(path) as archive:
            beside = [name for name in archive.names if name != (id_name or "ids")]
            name = column or (beside[0] if len(beside) == 1 else "")
            if name not in archive.names:
                raise ArgumentError(
                    str(path),
                    wanted=f"hold {f'an array `{name}`' if name else 'one array beside its ids'}",
                    got=", ".join(archive.names) or "none",
                )
            if len(beside) < len(archive.names):
                ids.append(one_array(archive.read(id_name or "ids"), f"the ids in {path}"))
            values.append(archive.read(name))
    joined = joined_ids(listing, [len(part) for part in values], ids) if ids else None
    return _in_arrays(values, str(listing.path), joined, single)


def _in_arrays(parts: list[np.ndarray[Any, Any]], name: str, ids: Ids | None, single: bool) -> _Found:
    axes = 1 if single else 2
    for part in parts:
        if part.dtype.kind not in "fiub":
            raise ArgumentError(name, wanted="hold numbers", got=f"dtype {part.dtype}")
        if part.ndim != axes or 0 in part.shape:
            raise ShapeError(
                name,
                wanted="have shape (n,), one margin a row" if single else "have shape (n, classes)",
                got=f"shape {part.shape}",
            )
        if part.shape[1:] != parts[0].shape[1:]:
            raise ShapeError(name, wanted=f"have {parts[0].shape[1]} classes throughout", got=f"{part.shape[1]}")
    count = sum(len(part) for part in parts)
    if ids is not None and len(ids) != count:
        raise IdError(name, wanted=f"have one id for each of its {count:,} entries", got=f"{len(ids):,}")

    def read(block_bytes: int) -> Iterator[Values]:
        for part in parts:
            for block in row_blocks(len(part), part[:1].nbytes, block_bytes):
                yield part[block]

    return name, ids, count, None if single else int(parts[0].shape[1]), read


def _in_columns(columns: Any, single: bool, id_name: str | None, column: str | None) -> _Found:
    from ladle.pool.columns import choose_id, read_id_column
    from ladle.pool.score_columns import ScoreColumns

    id_name = choose_id(columns, id_name)
    values = ScoreColumns.choose(columns, id_name, column, single=single)
    columns.check([id_name, *values.names])
    ids = read_id_column(columns, id_name)
    return columns.source, ids, len(ids), values.width(), values.read
