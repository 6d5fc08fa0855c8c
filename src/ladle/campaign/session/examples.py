"""The pool of a campaign: its ids, and its embeddings where they can be read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ladle.arrays import Rows
from ladle.errors import ArgumentError, FileError, IdError, LadleError, MismatchError
from ladle.labelling.contract.columns import Int64, Texts, repeated, texts
from ladle.labelling.contract.tables import NO_ROW, ExclusionTable, PoolPartTable
from ladle.notices import gathered, notice
from ladle.numbers import shown
from ladle.pool import Pool, open_pool
from ladle.pool.column_pool import ColumnPool
from ladle.pool.files.array_addresses import MARK, split_address
from ladle.pool.ids.example_ids import SHOWN, Ids, as_id_array, check_distinct, show_ids
from ladle.pool.ids.named_rows import as_mask, check_not_a_mask, find_rows_named
from ladle.pool.ids.table_ids import ROW_NUMBERS
from ladle.pool.ids.text_index import TextIndex
from ladle.pool.open import ORDERS
from ladle.pool.stored_arrays import StoredArrayPool
from ladle.pool.valid_pool import ValidPool

SMALL_POOL, FEW_IDS = 50_000, 10_000  # no index of the ids pays in a pool so small, or for more ids at once
SCANS = 2  # searches for few ids before the index is made, which takes as long as some dozens of them
NATURAL, TEXT = ORDERS  # in which order the files of a folder are read
WHERE = "Say where it is: Campaign.open(..., pool=...), or, for good, Campaign.move_pool."
SAME = (
    "Give the pool as it was with pool=. If it has grown at its end: Campaign.extend. If examples were removed or "
    "renamed, or have another order, or were embedded anew: Campaign.extend(..., replace=True)."
)


@dataclass(frozen=True, slots=True, eq=False)
class TakenOut:
    """The examples with records that are no longer in the pool: their rows, all of them negative, and their ids."""

    row: Int64  # ascending
    example_id: Texts

    @classmethod
    def of(cls, exclusions: ExclusionTable) -> TakenOut:
        """Those of a campaign, each of which has a row in this table."""
        gone = exclusions.row < 0
        return cls(exclusions.row[gone], exclusions.example_id[gone])


@dataclass(frozen=True, eq=False)
class Examples:
    """The ids of a pool, and the pool itself where it can be opened.

    opener: opens the pool, None for a pool that is nowhere. taken_out: examples that are no longer in it.
    """

    ids: Ids
    opener: Callable[[], Pool] | None = field(default=None)
    taken_out: TakenOut = field(default=TakenOut(np.empty(0, np.int64), texts([])))
    _searches: Iterator[int] = field(default_factory=count)  # for few ids of text

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def pool(self) -> Pool:
        """The pool, opened once.

        Raises: ArgumentError for one that has no files to open again; FileError; MismatchError when it has changed.
        """
        if self.opener is None:
            wanted, got = "be where it can be opened again", "an array, or a file whose ids were given apart"
            raise ArgumentError("the pool", wanted=wanted, got=got, remedy=WHERE)
        return self.opener()

    def pool_if_there(self) -> Pool | None:
        """The pool, or None where it cannot be read. Raises: MismatchError when it has changed."""
        if self.opener is None:
            return None
        try:
            return self.pool
        except FileError as error:
            notice(f"{error.subject} cannot be read ({error.got}): the campaign has its ids, and goes on with them")
            return None

    def at(self, rows: Rows) -> npt.NDArray[Any]:
        """The ids at these rows: int64, or objects of str. Rows of examples that were taken out are negative."""
        rows = np.asarray(rows, np.int64)
        return from_texts(self.texts_at(rows), self.ids.kind) if (rows < 0).any() else as_ids(self.ids.at(rows))

    def texts_at(self, rows: Rows) -> Texts:
        """The ids at these rows as a campaign stores them: text, numbers in digits. Raises: IdError."""
        rows = np.asarray(rows, np.int64)
        gone = rows < 0
        if not gone.any():
            return as_texts(self.ids.at(rows))
        known = dict(zip(self.taken_out.row.tolist(), self.taken_out.example_id.tolist(), strict=True))
        found = repeated("", len(rows))
        found[~gone] = as_texts(self.ids.at(rows[~gone]))
        lost = set(rows[gone].tolist()) - set(known)
        if lost:
            raise IdError("the rows", wanted="be of examples that the campaign knows", got=f"row {min(lost)}")
        found[gone] = texts(known[row] for row in rows[gone].tolist())
        return found

    def checked(self, ids: object, name: str = "`ids`") -> Any:
        """The caller's ids as one pyarrow array of the pool's kind. Raises: IdError for nulls and another kind."""
        listed = as_id_array(ids, name)
        if len(listed) and listed.type != self.ids.values.type:
            other = "integer" if self.ids.kind == "text" else "text"
            raise IdError(
                name,
                wanted=f"be of the kind of the pool's ids ({self.ids.kind})",
                got=f"{other} ids such as {show_ids(listed)}",
            )
        return listed

    def find(self, wanted: Any) -> Rows:
        """(a,) int64: the row of each of these checked ids; -1 for an id that the pool does not have.

        Cost: numbers: one sort, then a binary search for each id; text: one pass over the ids of the pool, from the
        `SCANS`-th search for few ids on the same as numbers.
        """
        if len(wanted) == 0:
            return np.empty(0, np.int64)
        if self.ids.kind == "integer":
            return self._find_numbers(wanted.to_numpy())
        if len(self) > SMALL_POOL and len(wanted) <= FEW_IDS and next(self._searches) >= SCANS:
            return self._text_index.find(wanted)
        coded = wanted.dictionary_encode()
        if len(coded.dictionary) > len(self) // 8:
            places = pc.index_in(coded.dictionary, value_set=self.ids.values)
            rows = pc.fill_null(places, -1).to_numpy().astype(np.int64)
        else:  # few ids of a large pool: hash the few, and scan the pool once
            codes = pc.index_in(self.ids.values, value_set=coded.dictionary)
            rows = np.full(len(coded.dictionary), -1, np.int64)
            rows[codes.drop_null().to_numpy()] = np.flatnonzero(codes.is_valid().to_numpy(zero_copy_only=False))
        by_code: Rows = rows[coded.indices.to_numpy()]
        return by_code

    def find_ever(self, wanted: Any) -> Rows:
        """(a,) int64: as `find`; the negative row of an example that was taken out, NO_ROW for any other id."""
        rows = self.find(wanted)
        places = np.flatnonzero(rows < 0)
        rows[places] = NO_ROW
        if len(places) and len(self.taken_out.row):
            known = dict(zip(self.taken_out.example_id.tolist(), self.taken_out.row.tolist(), strict=True))
            asked = as_texts(wanted.take(pa.array(places))).tolist()
            rows[places] = [known.get(each, NO_ROW) for each in asked]
        return rows

    def find_texts(self, ids: Sequence[str]) -> Rows:
        """(a,) int64: as `find_ever`, of ids as tables have them, numbers in digits; NO_ROW also for other text."""
        if self.ids.kind == "text":
            return self.find_ever(pa.array(ids, self.ids.values.type))
        numbers = [int(each) if each.removeprefix("-").isdecimal() and len(each) < 19 else None for each in ids]
        known = [place for place, each in enumerate(numbers) if each is not None and str(each) == ids[place]]
        rows = np.full(len(ids), NO_ROW, np.int64)
        rows[known] = self.find_ever(pa.array([numbers[place] for place in known], self.ids.values.type))
        return rows

    def rows_of(self, wanted: Any, name: str = "`ids`") -> Rows:
        """(a,) int64: as `find_ever`. Raises: IdError when the campaign does not know one of these checked ids."""
        rows = self.find_ever(wanted)
        unknown = np.flatnonzero(rows == NO_ROW)
        if len(unknown):
            raise IdError(
                name,
                wanted="be in the pool, or have records from when they were in it",
                got=f"{len(unknown):,} of {len(wanted):,} unknown, the first {show_ids(wanted.take(unknown[:SHOWN]))}",
                remedy="Check the spelling. An example that was removed from the pool before it had a label, a batch "
                "or another record is not known any more.",
            )
        return rows

    def rows_named(self, values: object, name: str = "`ids`") -> Rows:
        """The rows (ascending) of the examples that `values` names: ids, each once, or a boolean mask of the pool.

        An example that was taken out of the pool is named by its id too. Raises: as `find_rows_named`.
        """
        if as_mask(values) is not None:
            return find_rows_named(values, self.ids, name=name)
        check_not_a_mask(as_id_array(values, name), len(self), name)
        listed = self.checked(values, name)
        rows = self.rows_of(listed, name)
        check_distinct(listed, name)
        return np.sort(rows)

    def _find_numbers(self, wanted: npt.NDArray[np.int64]) -> Rows:
        if self._is_row_numbers:
            return np.where((wanted >= 0) & (wanted < len(self)), wanted, -1)
        ordered, rows = self._ordered
        places = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
        return np.where(ordered[places] == wanted, rows[places], -1)

    @cached_property
    def _is_row_numbers(self) -> bool:
        return bool(np.array_equal(self.ids.values.to_numpy(), np.arange(len(self))))

    @cached_property
    def _text_index(self) -> TextIndex:
        return TextIndex.of(self.ids.values)

    @cached_property
    def _ordered(self) -> tuple[npt.NDArray[np.int64], Rows]:
        values = self.ids.values.to_numpy()
        order = np.argsort(values, kind="stable")
        return values[order], order


def as_ids(values: Any) -> npt.NDArray[Any]:
    """A pyarrow array of ids as numpy: int64, or objects of str."""
    return values.to_numpy() if pa.types.is_integer(values.type) else texts(values.to_pylist())


def as_texts(values: Any) -> Texts:
    """A pyarrow array of ids as text, numbers in digits."""
    return texts(values.cast(pa.large_string()).to_pylist())


def from_texts(ids: Texts, id_type: str) -> npt.NDArray[Any]:
    """The ids that such text stands for: int64, or objects of str."""
    return ids.astype(np.int64) if id_type == "integer" else ids


def as_pool(given: object, instructions: str = "") -> Pool:
    """The caller's argument `pool`: a `Pool`, or an argument of `ladle.open_pool`.

    instructions: those of `reopen_instructions` for this pool. A path is read by the same names of columns.
    Raises: as `ladle.open_pool`, whose argument `source` is `pool` here; ArgumentError for what is no pool at all.
    """
    if isinstance(given, Pool):
        return given
    if given is None or isinstance(given, (bool, int, float, complex, bytes)):
        raise ArgumentError("`pool`", wanted="be a pool, a path, a table or an array of vectors", got=shown(given))
    how = json.loads(instructions) if instructions and isinstance(given, (str, os.PathLike)) else {}
    try:
        return _open(given, how)
    except LadleError as error:
        if error.subject != "`source`":
            raise
        raise error.reworded("`pool`", wanted=error.wanted, got=error.got, remedy=error.remedy) from error


def reopen_instructions(pool: Pool) -> str:
    """How to open this pool again, as JSON; "" when that is impossible, or might open another pool."""
    path, inside = split_address(pool.source)
    if not os.path.exists(path):  # noqa: PTH110 - the source may be no path at all
        return ""
    how: dict[str, Any] = {"path": str(Path(path).resolve()) + (f"{MARK}{inside}" if inside else "")}
    whole = pool
    if isinstance(pool, ValidPool):
        how["skip_invalid"], whole = pool.metric, pool.whole
    if isinstance(whole, ColumnPool):
        how["id"], how["embedding"] = whole.column_names
    elif isinstance(whole, StoredArrayPool):
        how["id"] = whole.id_column.column
    if whole.id_column.place == ROW_NUMBERS:
        how["ids"] = ROW_NUMBERS
    facts = (pool.digest, pool.dim, bool(pool.order_notice))
    for how["order"] in ORDERS:
        with suppress(LadleError), gathered():  # notices of this trial are not shown
            again = _open(how["path"], how)
            if (again.digest, again.dim, bool(again.order_notice)) == facts:
                return json.dumps(how)
    return ""


def reopen(part: PoolPartTable) -> Pool:
    """Open the pool of a part with instructions. Raises: FileError; MismatchError when it has changed."""
    how = json.loads(part.reopen[0])
    try:
        pool = _open(how["path"], how)
    except FileError as error:
        raise type(error)(error.subject, wanted=error.wanted, got=error.got, remedy=WHERE) from error
    check_same(pool, part)
    return pool


def order_of(instructions: str) -> str:
    """The order in which the files of a pool with these instructions were read.

    Earlier versions of Ladle read the files of a folder in the order of their names as text, and stored no order.
    """
    how = json.loads(instructions) if instructions else {"order": NATURAL}
    return str(how.get("order") or TEXT)


def _open(given: object, how: Mapping[str, Any]) -> Pool:
    """Open a pool by instructions. Raises: as `ladle.open_pool`."""
    metric = how.get("skip_invalid")  # under this metric some vectors are unusable, and they are left out
    return open_pool(
        given,
        id=how.get("id"),
        embedding=how.get("embedding"),
        ids=how.get("ids"),
        skip_invalid=metric is not None,
        metric=metric or "cosine",
        order=how.get("order") or TEXT if how else NATURAL,
    )


def check_same(pool: Pool, part: PoolPartTable) -> None:
    """Refuse another pool than the one of this part. Raises: MismatchError that describes both."""
    rows, dim = int(part.rows[0]), int(part.dim[0])
    if pool.digest == part.digest[0] and pool.dim == dim and not _is_reordered(pool, part):
        return
    differs = f"{pool.rows:,} examples of dim {pool.dim}" + (
        ", other ids or another order" if pool.rows == rows and pool.digest != part.digest[0] else ""
    )
    if _is_reordered(pool, part):
        differs += f", read in another order: {pool.order_notice}"
    raise MismatchError(
        f"the pool {pool.source}",
        wanted=f"be the campaign's: {rows:,} examples of dim {dim}, the same ids in the same order",
        got=differs,
        remedy=SAME,
    )


def _is_reordered(pool: Pool, part: PoolPartTable) -> bool:
    """Whether its files were read in natural order, and those of the campaign in the order of their names as text."""
    return bool(pool.order_notice) and order_of(str(part.reopen[0])) == TEXT
