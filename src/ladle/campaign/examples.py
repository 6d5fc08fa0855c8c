"""The pool of a campaign: its ids, and its embeddings where they can be read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ladle.arrays import Rows
from ladle.errors import IdError, LadleError, MismatchError
from ladle.labelling.columns import Texts, texts
from ladle.labelling.tables import PoolPartTable
from ladle.notices import gathered
from ladle.pool import Pool, open_pool
from ladle.pool.column_pool import ColumnPool
from ladle.pool.ids.example_ids import Ids, as_id_array, show_ids
from ladle.pool.ids.table_ids import ROW_NUMBERS
from ladle.pool.valid_pool import ValidPool

_ORDER = "natural"  # the order in which the files of a folder are read


@dataclass(frozen=True, eq=False)
class Examples:
    """The ids of a pool, and the pool itself where it can be opened."""

    ids: Ids
    pool: Pool | None = field(default=None)

    def __len__(self) -> int:
        return len(self.ids)

    def at(self, rows: Rows) -> npt.NDArray[Any]:
        """The ids at these rows: int64, or objects of str."""
        return as_ids(self.ids.at(rows))

    def texts_at(self, rows: Rows) -> Texts:
        """The ids at these rows as a campaign stores them: text, numbers in digits."""
        return as_texts(self.ids.at(rows))

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

        Cost: numbers: one sort, then a binary search for each id; text: one pass over the ids of the pool.
        """
        if len(wanted) == 0:
            return np.empty(0, np.int64)
        if self.ids.kind == "integer":
            return self._find_numbers(wanted.to_numpy())
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

    def rows_of(self, ids: object) -> Rows:
        """The row of each id. Raises: IdError when one is unknown."""
        return self.ids.rows_of(ids, name="`ids`")

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
    """The caller's pool: a `Pool`, or an argument of `ladle.open_pool`.

    instructions: those of `reopen_instructions` for this pool. A path is read by the same names of columns.
    """
    if isinstance(given, Pool):
        return given
    how = json.loads(instructions) if instructions and isinstance(given, (str, os.PathLike)) else {}
    return _in_order(_open(given, how), how)


def reopen_instructions(pool: Pool) -> str:
    """How to open this pool again, as JSON; "" when that is impossible, or might open another pool."""
    if not os.path.exists(pool.source):  # noqa: PTH110 - the source may be no path at all
        return ""
    how: dict[str, Any] = {"path": str(Path(pool.source).resolve()), "order": _ORDER}
    whole = pool
    if isinstance(pool, ValidPool):
        how["skip_invalid"], whole = pool.metric, pool.whole
    if isinstance(whole, ColumnPool):
        how["id"], how["embedding"] = whole.column_names
    if whole.id_column.place == ROW_NUMBERS:  # ids of a file beside the pool are saved with the campaign
        how["ids"] = ROW_NUMBERS
    try:
        with gathered():  # notices of this trial are not shown
            again = _open(how["path"], how)
    except LadleError:
        return ""
    return json.dumps(how) if again.digest == pool.digest and again.dim == pool.dim else ""


def reopen(part: PoolPartTable) -> Pool:
    """Open the pool of a part with instructions. Raises: FileError; MismatchError when it has changed."""
    how = json.loads(part.reopen[0])
    pool = _in_order(_open(how["path"], how), how)
    check_same(pool, part)
    return pool


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
    )


def _in_order(pool: Pool, how: Mapping[str, Any]) -> Pool:
    """`pool`, unless the campaign may have stored its rows in another order. Raises: MismatchError.

    Earlier versions of Ladle read the files of a folder in the order of their names as text, and stored no order.
    """
    if not how or not pool.order_notice or how.get("order") == _ORDER:
        return pool
    raise MismatchError(
        f"the pool {pool.source}",
        wanted="have its rows in the order that the campaign knows, that of the file names as text",
        got=f"another one: {pool.order_notice}",
        remedy="Give the same files under names such as e_000.npy, numbered in the order of their old names as text.",
    )


def check_same(pool: Pool, part: PoolPartTable) -> None:
    """Refuse another pool than the one of this part. Raises: MismatchError."""
    if pool.digest == part.digest[0] and pool.dim == part.dim[0]:
        return
    rows, dim = int(part.rows[0]), int(part.dim[0])
    differs = f"{pool.rows:,} examples of dim {pool.dim}" + (
        ", other ids or another order" if pool.rows == rows else ""
    )
    raise MismatchError(
        f"the pool {pool.source}",
        wanted=f"be the campaign's: {rows:,} examples of dim {dim}, the same ids in the same order",
        got=differs,
        remedy="Give the pool as it was with pool=, or, if it has only grown, Campaign.extend.",
    )
