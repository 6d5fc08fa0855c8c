"""Scores from a model, matched to a pool: arrays, `.npy`, `.npz`, Parquet, Arrow and CSV, in any row order.

Scores that come with ids are matched by id; those that come without are taken in the pool's row order and must
have one entry a row. Every example needs a score, unless it is labelled already. Nothing but the ids is held:
values are streamed in blocks, for (n, classes) floats may be many times the pool.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ladle.arraylikes import as_array
from ladle.arrays import CHECK_BYTES, Rows
from ladle.errors import DataError, IdError, MismatchError, NonFiniteError, ShapeError
from ladle.memory.budget import require
from ladle.pool.contract import Pool
from ladle.pool.files.listing import CSV_FORMATS, POOL_FORMATS, list_files
from ladle.pool.ids.example_ids import SHOWN, show_ids
from ladle.progress import SILENT, Reporter
from ladle.scores.files.class_columns import ReadAs, ScoreRequest
from ladle.scores.files.sources import ScoreSource, Values, Waived, open_arrays, open_files, open_table, refuse_names

Measure = Callable[[Values], Values]

# The value of an example without a score, which is only ever a labelled one: as sure as can be.
SURE = np.float32(1.0)


@dataclass(frozen=True, slots=True)
class Scores:
    """An opened source of scores: one vector of `width` numbers (None: one number) for each of `rows`.

    rows: (entries,) the pool row of each entry, in the order of the source; -1 for an entry that is left out.
    columns: those of the classes, or the one of the scores, in order; none where the source has no names.
    waived: (entries,) whose scores nobody asks for, or (0,) for none: they may be NaN or null.
    """

    source: str
    pool_rows: int
    rows: Rows
    width: int | None
    read: Callable[[int, Waived], Iterator[Values]]  # blocks of about so many bytes, in the order of the source
    order_notice: str = ""  # as `Pool.order_notice`
    columns: tuple[str, ...] = ()
    waived: Waived = field(default_factory=lambda: np.zeros(0, bool))
    extra_entries: int = 0  # scores of examples that the pool has not, left out

    @property
    def classes(self) -> int | None:
        """How many classes were read; None where there is one number an example."""
        return self.width

    def blocks(self, block_bytes: int = CHECK_BYTES) -> Iterator[tuple[Rows, Values]]:
        """(pool rows (b,), values) blocks, in the order of the source; row -1 and waived ones as sure as can be.

        Raises: CorruptFileError, ShapeError.
        """
        start = 0
        for values in self.read(block_bytes, self.waived):
            rows = self.rows[start : start + len(values)]
            yield rows, self._filled(values, rows, start)
            start += len(values)
        if start != len(self.rows):
            raise ShapeError(self.source, wanted=f"have {len(self.rows):,} rows, as its ids do", got=f"{start:,}")

    def _filled(self, values: Values, rows: Rows, start: int) -> Values:
        """The values, with something to compute on where nobody asks what it is."""
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
        """`measure` of every entry, in pool rows: (n,) float32; 1.0 for the labelled examples without a score.

        `measure` maps a block to (b,) floats. Raises: what it raises, telling the row of the source;
        NonFiniteError. Cost: one pass over the source; memory of one block and the result.
        """
        return self._gathered(measure, np.full(self.pool_rows, SURE), progress)

    def matrix(
        self, transform: Measure, *, classes: int | None = None, progress: Reporter = SILENT
    ) -> npt.NDArray[np.float32]:
        """`transform` of every entry, in pool rows: (n, classes) float32; labelled examples without a score are put
        wholly in class 0. classes: how many `transform` makes of an entry, by default `width`.

        Raises: MemoryPlanError before reading; as `reduced`. Cost: one pass; 4 * n * classes bytes.
        """
        width = classes or self.width or 1
        require(
            4 * self.pool_rows * width,
            f"the probabilities of {self.pool_rows:,} examples and {width:,} classes",
            remedy="Use a strategy that goes by margins: those are streamed.",
        )
        filled = np.zeros((self.pool_rows, width), np.float32)
        filled[:, 0] = SURE
        return self._gathered(transform, filled, progress)

    def _gathered(
        self, measure: Measure, result: npt.NDArray[np.float32], progress: Reporter
    ) -> npt.NDArray[np.float32]:
        start = 0
        with progress.task("Reading the scores", len(self.rows)) as advance:
            for rows, values in self.blocks():
                try:
                    with np.errstate(over="ignore"):  # beyond float32 it becomes infinity, and is refused as such
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
    """The scores in `source`, matched to the rows of `pool`; the values are not read yet (but `.npz` is loaded).

    read_as: what the numbers are: "probabilities" (the default), "logits", "multilabel" (probabilities of yes-or-no
    classes), "votes", or, of one number an example, "margins" and "binary" (the probability, or the logit, of one of
    two classes). `single` is short for "margins".
    In columns, `id` names the ids: by default the column that holds the pool's own ids, or `id`. `column` names the
    values, one or several, in which a pattern such as "p_*" stands for several: by default the one column of float
    lists, else the float columns, one a class, if their names are alike (see `ladle.scores.files.class_columns`); for
    single numbers `margin`, else the one float column. In a `.npz`, `column` names arrays (default: the one beside
    `ids`).
    labelled: the pool rows that may lack a score, or have NaN or null for one.
    classes: the names of the classes, or how many there are: the scores must have as many. Columns that are called like
    the classes are read in their order.
    ignore_extra_scores: leave out scores of examples that the pool has not.

    Raises: IdError for ids that are unknown, twice there, or missing; ShapeError, ArgumentError, FileError and its
    kinds; MismatchError for another number of classes. Cost: reads the ids; memory of the ids and 9 bytes an entry.
    """
    sought = ScoreRequest(
        read_as=read_as or ("margins" if single else "probabilities"),
        columns=(column,) if isinstance(column, str) else tuple(column or ()),
        classes=() if classes is None or isinstance(classes, int) else tuple(map(str, classes)),
    )
    order_notice = ""
    if isinstance(source, (str, os.PathLike)):
        listing = list_files(source, "the scores", formats=POOL_FORMATS | CSV_FORMATS)
        order_notice = listing.order_notice
        found = open_files(listing, sought, id, like=pool.id_column.kind, usual_id=pool.id_column.column)
    elif hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        from ladle.pool.open import read_memory_table

        found = open_table(read_memory_table(source), sought, id, pool.id_column.column)
    else:
        refuse_names("the scores", sought, id)
        found = open_arrays([as_array(source, "scores")], "the scores", None, sought)
    if classes is not None:
        _check_classes(found, sought, classes)
    known = np.zeros(pool.rows, bool)
    if labelled is not None:
        known[labelled] = True
    rows, extra = _rows_of(found, pool, known, ignore_extra=ignore_extra_scores)
    waived = known[rows] | (rows < 0)
    if not waived.any():
        waived = waived[:0]
    return Scores(found.name, pool.rows, rows, found.width, found.read, order_notice, found.columns, waived, extra)


def _rows_of(found: ScoreSource, pool: Pool, known: npt.NDArray[np.bool_], *, ignore_extra: bool) -> tuple[Rows, int]:
    """The pool row of each entry, -1 for those of no row, and how many of these are of other examples.

    Raises: IdError, ShapeError.
    """
    rows = np.full(found.count, -1, np.int64)
    if found.ids is None:
        if found.count != pool.source_count:
            others = ", also for those that were left out of it" if pool.source_count != pool.rows else ""
            raise ShapeError(
                found.name,
                wanted=f"have one entry for each of the pool's {pool.source_count:,} rows, having no ids{others}",
                got=f"{found.count:,}",
                remedy="Give the scores ids (Parquet, Arrow, or `ids` in a .npz), or every row of the pool in order.",
            )
        rows[pool.source_rows(np.arange(pool.rows, dtype=np.int64))] = np.arange(pool.rows)
        return rows, 0
    name = f"the ids in {found.name}"
    if ignore_extra:
        source_rows = pool.source_ids.find_rows(found.ids, name=name)
    else:
        try:
            source_rows = pool.source_ids.rows_of(found.ids, pool=pool.source, name=name)
        except IdError as error:
            remedy = error.remedy or "Scores of other examples are left out with ignore_extra_scores=True."
            raise IdError(error.subject, wanted=error.wanted, got=error.got, remedy=remedy) from error
    there = source_rows >= 0
    rows[there] = pool.rows_from_source(source_rows[there])
    _check_covered(rows[rows >= 0], pool, known, name)
    return rows, int(np.count_nonzero(~there))


def _check_classes(found: ScoreSource, sought: ScoreRequest, classes: Sequence[str | int] | int) -> None:
    """Raises: MismatchError when there are other than so many classes. Margins do not tell how many there were."""
    wanted = classes if isinstance(classes, int) else len(classes)
    width = 2 if sought.read_as == "binary" else found.width
    if width is None or sought.read_as == "votes" or width == wanted:
        return
    said = "one probability an example is of two" if sought.read_as == "binary" else f"{width:,}"
    columns = f", in the columns {', '.join(found.columns[:8])}" if len(found.columns) > 1 else ""
    raise MismatchError(
        found.name,
        wanted=f"have scores of {wanted:,} classes, as many as there are",
        got=f"{said}{columns}",
        remedy="Name the columns of the classes if others are among them: column=[...].",
    )


def _put(result: npt.NDArray[np.float32], rows: Rows, values: Values) -> None:
    inside = rows >= 0
    if inside.all():
        result[rows] = values
    else:
        result[rows[inside]] = values[inside]


def _check_covered(rows: Rows, pool: Pool, known: npt.NDArray[np.bool_], name: str) -> None:
    lacking = ~known
    lacking[rows] = False
    missing = np.flatnonzero(lacking)
    if missing.size:
        first = show_ids(pool.ids_at(missing[:SHOWN]))
        raise IdError(
            name,
            wanted="cover every example that is not labelled",
            got=f"none for {missing.size:,} of the pool's {pool.rows:,}, such as {first}",
        )
