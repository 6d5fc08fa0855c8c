"""The scores of a model, matched to a pool: arrays, `.npy`, `.npz`, Parquet, Arrow and CSV, in any row order.

Scores with ids are matched by id. Scores without ids are taken in the row order of the pool and must have one entry per
row. Every example needs a score, unless it is labelled already. Only the ids are held in memory: the values are read in
blocks, because (n, classes) floats may be many times the size of the pool.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
import numpy.typing as npt

from ladle.arraylikes import as_array
from ladle.arrays import CHECK_BYTES, Rows
from ladle.dataset_columns import is_dataset
from ladle.errors import ArgumentError, ClassCountError, DataError, IdError, NonFiniteError, ShapeError
from ladle.frames import is_table
from ladle.memory.budget import require
from ladle.numbers import choice, switch, text, whole
from ladle.pool.contract import Pool
from ladle.pool.files.listing import CSV_FORMATS, POOL_FORMATS, list_files
from ladle.pool.ids.example_ids import SHOWN, show_ids
from ladle.progress import SILENT, Reporter
from ladle.scores.files.class_columns import ReadAs, ScoreRequest
from ladle.scores.files.sources import ScoreSource, Values, Waived, open_arrays, open_files, open_table, refuse_names

Measure = Callable[[Values], Values]

# The margin of an example without a score, which is always a labelled one: the largest.
SURE = np.float32(1.0)


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of an open source, which are read in blocks.

    Attributes
    ----------
    source : str
        The source, for people.
    pool_rows : int
        Rows of the pool, n.
    rows : ndarray, (entries,) int64
        The pool row of each entry, in the order of the source; -1 for an entry that is left out.
    width : int or None
        Numbers in an entry; None for one number.
    read : callable
        `read(block_bytes, waived)` yields blocks of about so many bytes, in the order of the source.
    order_notice : str
        As `Pool.order_notice`.
    columns : tuple of str
        The columns of the classes in order, or the one column of the scores; empty for a source without names.
    waived : ndarray, (entries,) bool, or (0,)
        Entries that need no score: they may be NaN or null.
    extra_entries : int
        How many entries were left out, because their examples are not in the pool.
    """

    source: str
    pool_rows: int
    rows: Rows
    width: int | None
    read: Callable[[int, Waived], Iterator[Values]]
    order_notice: str = ""
    columns: tuple[str, ...] = ()
    waived: Waived = field(default_factory=lambda: np.zeros(0, bool))
    extra_entries: int = 0

    @property
    def classes(self) -> int | None:
        """How many classes were read; None for one number per example."""
        return self.width

    def __repr__(self) -> str:
        numbers = "one number" if self.width is None else f"{self.width:,} numbers"
        return f"<Scores {self.source}: {len(self.rows):,} entries of {numbers}>"

    def blocks(self, block_bytes: int = CHECK_BYTES) -> Iterator[tuple[Rows, Values]]:
        """Blocks of (pool rows (b,), values), in the order of the source.

        An entry of row -1, and a waived entry without numbers, gets the values of a sure example.
        Raises: CorruptFileError, ShapeError.
        """
        start = 0
        for values in self.read(block_bytes, self.waived):
            rows = self.rows[start : start + len(values)]
            yield rows, self._fill(values, rows, start)
            start += len(values)
        if start != len(self.rows):
            raise ShapeError(self.source, wanted=f"have {len(self.rows):,} rows, as its ids do", got=f"{start:,}")

    def _fill(self, values: Values, rows: Rows, start: int) -> Values:
        """The values, with those of a sure example in waived entries without numbers."""
        if not self.waived.size:
            return values
        waived = np.flatnonzero(self.waived[start : start + len(values)])
        lacking = np.isnan(values[waived]) if values.ndim == 1 else np.isnan(values[waived]).any(axis=1)
        places = waived[lacking | (rows[waived] < 0)]
        if places.size:
            values = np.array(values)
            values[places] = SURE
            if values.ndim == 2:
                values[places, 1:] = 0
        return values

    def reduced(self, measure: Measure, *, progress: Reporter = SILENT) -> npt.NDArray[np.float32]:
        """`measure` of every entry, in pool rows: (n,) float32; 1.0 for labelled examples without a score.

        `measure` maps a block to (b,) floats.
        Raises: the errors of `measure`, with the row of the source; NonFiniteError.
        Cost: one pass over the source; memory of one block and the result.
        """
        return self._gather(measure, np.full(self.pool_rows, SURE), progress)

    def matrix(
        self, transform: Measure, *, classes: int | None = None, progress: Reporter = SILENT
    ) -> npt.NDArray[np.float32]:
        """`transform` of every entry, in pool rows: (n, classes) float32.

        A labelled example without a score gets 1 in class 0. classes: how many numbers `transform` makes of an entry,
        by default `width`.
        Raises: MemoryPlanError before reading; as `reduced`. Cost: one pass; 4 * n * classes bytes.
        """
        width = classes or self.width or 1
        require(
            4 * self.pool_rows * width,
            f"the probabilities of {self.pool_rows:,} examples and {width:,} classes",
            remedy="Use a strategy that needs margins only: those are streamed.",
        )
        filled = np.zeros((self.pool_rows, width), np.float32)
        filled[:, 0] = SURE
        return self._gather(transform, filled, progress)

    def _gather(self, measure: Measure, result: npt.NDArray[np.float32], progress: Reporter) -> npt.NDArray[np.float32]:
        start = 0
        with progress.task("Reading the scores", len(self.rows)) as advance:
            for rows, values in self.blocks():
                try:
                    with np.errstate(over="ignore"):  # a number beyond float32 becomes infinity, which is refused
                        _put(result, rows, measure(values))
                except DataError as error:
                    place = f"{error.got} (counting from entry {start:,} of {self.source})" if start else error.got
                    raise type(error)(error.subject, wanted=error.wanted, got=place, remedy=error.remedy) from error
                start += len(rows)
                advance(len(rows))
        if result.ndim == 1 and not np.isfinite(result).all():
            row = int(np.argmin(np.isfinite(result)))
            raise NonFiniteError(
                self.source,
                wanted="hold finite numbers only",
                got=f"NaN, infinity or a number beyond float32 for row {row:,}",
            )
        return result


def open_scores(
    source: object,
    pool: Pool,
    *,
    single: bool = False,
    read_as: ReadAs | None = None,
    id: str | None = None,  # noqa: A002 - the word users have for it
    column: str | Sequence[str] | None = None,
    labelled: Rows | None = None,
    classes: Sequence[str | int] | int | None = None,
    ignore_extra_scores: bool = False,
) -> Scores:
    """The scores in `source`, matched to the rows of `pool`; the values are read later (a `.npz` is loaded at once).

    Parameters
    ----------
    source : array_like, table or path
        An (n, classes) or (n,) array, a table of Arrow or a frame, or the path of a `.npy`, `.npz`, Parquet, Arrow or
        CSV file or of a folder of them.
    pool : Pool
        The pool that the scores belong to.
    single : bool, default False
        Short for `read_as="margins"`.
    read_as : str, optional
        What the numbers are: "probabilities" (the default), "logits", "multilabel" (probabilities of yes-or-no
        classes), "votes" (the class that each of several passes predicted), or, for one number per example, "margins"
        or "binary" (the probability or the logit of the second of two classes).
    id : str, optional
        The column of the ids; by default the column that holds the ids of the pool, or `id`.
    column : str or sequence of str, optional
        The columns of the values, in which a pattern such as "p_*" stands for several. By default the one column of
        float lists, else the float columns, one per class, if their names are alike (see
        `ladle.scores.files.class_columns`); for one number per example `margin`, else the one float column. In a `.npz`
        it names arrays; by default the one beside `ids`.
    labelled : ndarray of int64, optional
        Pool rows that may lack a score, or have NaN or null for it.
    classes : sequence or int, optional
        The names of the classes, or how many there are. The scores must have as many. Columns that are named like the
        classes are read in their order.
    ignore_extra_scores : bool, default False
        Leave out the scores of examples that are not in the pool.

    Returns
    -------
    Scores

    Raises
    ------
    IdError
        For ids that are unknown, repeated or missing.
    ClassCountError
        For another number of classes.
    ShapeError, ArgumentError, FileError
        For a source that cannot be read; see the kinds of FileError.

    Notes
    -----
    Cost: reads the ids; memory of the ids and 9 bytes per entry.
    """
    single = switch(single, "`single`")
    if read_as is not None:
        choice(read_as, "`read_as`", get_args(ReadAs))
    text(id, "`id`", undecided=True, wanted="be the name of a column")
    ignore_extra_scores = switch(ignore_extra_scores, "`ignore_extra_scores`")
    classes = _check_class_count(classes)
    request = ScoreRequest(
        read_as=read_as or ("margins" if single else "probabilities"),
        columns=_check_names(column),
        classes=() if classes is None or isinstance(classes, int) else tuple(map(str, classes)),
    )
    order_notice = ""
    if isinstance(source, (str, os.PathLike)):
        listing = list_files(source, "the scores", formats=POOL_FORMATS | CSV_FORMATS)
        order_notice = listing.order_notice
        entries = open_files(listing, request, id, like=pool.id_column.kind, usual_id=pool.id_column.column)
    elif is_table(source) or is_dataset(source):
        from ladle.pool.open import read_memory_table

        entries = open_table(read_memory_table(source), request, id, pool.id_column.column)
    else:
        refuse_names("the scores", request, id)
        entries = open_arrays([as_array(source, "scores")], "the scores", None, request)
    if classes is not None:
        _check_classes(entries, request, classes)
    is_labelled = np.zeros(pool.rows, bool)
    if labelled is not None:
        is_labelled[labelled] = True
    rows, extra = _match_rows(entries, pool, is_labelled, ignore_extra=ignore_extra_scores)
    waived = is_labelled[rows] | (rows < 0)
    if not waived.any():
        waived = waived[:0]
    return Scores(
        entries.name, pool.rows, rows, entries.width, entries.read, order_notice, entries.columns, waived, extra
    )


def _check_names(column: object) -> tuple[str, ...]:
    """The names of columns as a tuple. Raises: ArgumentError."""
    if column is None:
        return ()
    if isinstance(column, str):
        return (column,)
    if not isinstance(column, Iterable) or isinstance(column, (Set, bytes)):
        raise ArgumentError("`column`", wanted="be a name, or a list of names", got=f"a {type(column).__name__}")
    return tuple(text(name, "`column`", wanted="be a name, or a list of names") for name in column)


def _check_class_count(classes: object) -> Sequence[str | int] | int | None:
    """Names of classes, or their number. Raises: ArgumentError."""
    if classes is None or (isinstance(classes, Sequence) and not isinstance(classes, (str, bytes))):
        return classes
    return whole(classes, "`classes`", least=1, wanted="be a list of names, or a whole number from 1")


def _match_rows(
    entries: ScoreSource, pool: Pool, is_labelled: npt.NDArray[np.bool_], *, ignore_extra: bool
) -> tuple[Rows, int]:
    """The pool row of each entry (-1 for none), and how many entries belong to examples that are not in the pool.

    Raises: IdError, ShapeError.
    """
    rows = np.full(entries.count, -1, np.int64)
    if entries.ids is None:
        if entries.count != pool.source_count:
            others = ", also for those that were left out" if pool.source_count != pool.rows else ""
            raise ShapeError(
                entries.name,
                wanted=f"have one entry for each of the pool's {pool.source_count:,} rows{others}, as it has no ids",
                got=f"{entries.count:,}",
                remedy="Give the scores ids (Parquet, Arrow, or `ids` in a .npz), or every row of the pool in order.",
            )
        rows[pool.source_rows(np.arange(pool.rows, dtype=np.int64))] = np.arange(pool.rows)
        return rows, 0
    name = f"the ids in {entries.name}"
    if ignore_extra:
        source_rows = pool.source_ids.find_rows(entries.ids, name=name)
    else:
        try:
            source_rows = pool.source_ids.rows_of(entries.ids, pool=pool.source, name=name)
        except IdError as error:
            remedy = error.remedy or "Scores of other examples are left out with ignore_extra_scores=True."
            raise IdError(error.subject, wanted=error.wanted, got=error.got, remedy=remedy) from error
    in_pool = source_rows >= 0
    rows[in_pool] = pool.rows_from_source(source_rows[in_pool])
    _check_covered(rows[rows >= 0], pool, is_labelled, name)
    return rows, int(np.count_nonzero(~in_pool))


def _check_classes(entries: ScoreSource, request: ScoreRequest, classes: Sequence[str | int] | int) -> None:
    """Raises: ClassCountError for another number of classes. Margins do not show how many classes there were."""
    wanted = classes if isinstance(classes, int) else len(classes)
    width = 2 if request.read_as == "binary" else entries.width
    if width is None or request.read_as == "votes" or width == wanted:
        return
    count = "one probability per example, which means two" if request.read_as == "binary" else f"{width:,}"
    columns = f", in the columns {', '.join(entries.columns[:8])}" if len(entries.columns) > 1 else ""
    raise ClassCountError(
        entries.name,
        wanted=f"have scores of {wanted:,} classes, as many as there are",
        got=f"{count}{columns}",
        remedy="If other columns were read too, name those of the classes: column=[...].",
        count=width,
    )


def _put(result: npt.NDArray[np.float32], rows: Rows, values: Values) -> None:
    inside = rows >= 0
    if inside.all():
        result[rows] = values
    else:
        result[rows[inside]] = values[inside]


def _check_covered(rows: Rows, pool: Pool, is_labelled: npt.NDArray[np.bool_], name: str) -> None:
    lacking = ~is_labelled
    lacking[rows] = False
    missing = np.flatnonzero(lacking)
    if missing.size:
        first = show_ids(pool.ids_at(missing[:SHOWN]))
        raise IdError(
            name,
            wanted="cover every example that is not labelled",
            got=f"none for {missing.size:,} of the pool's {pool.rows:,}, such as {first}",
        )
