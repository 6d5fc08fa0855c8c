"""The arrays that an ask goes by, as a caller gives them, and whether their index names the rows as the pool does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ladle.arraylikes import as_array
from ladle.errors import ArgumentError, LadleError
from ladle.frames import check_same_index, is_default_index
from ladle.pool import Pool
from ladle.pool.ids import Ids, one_array
from ladle.pool.open import pool_of_path


def arrays_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are given, as NumPy arrays. Raises: ArgumentError, ShapeError; as `open_pool` for embeddings."""
    check_same_index(given)
    return {name: _array(value, name) for name, value in given.items() if value is not None}


def indexes_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The pandas indexes among them that say more than the order of the rows."""
    return {
        name: value.index
        for name, value in given.items()
        if hasattr(value, "iloc") and not is_default_index(value.index)
    }


def check_order(indexes: Mapping[str, Any], ids: Ids) -> None:
    """Refuse an array whose index holds the pool's ids in another order than the pool. Raises: ArgumentError.

    Any other index is of no account: rows count as they stand.
    """
    for name, labels in indexes.items():
        try:
            listed = one_array(labels, name)
            if listed.type != ids.values.type or listed.equals(ids.values) or len(listed) != len(ids):
                continue
            ids.rows_of(listed)
        except LadleError:
            continue
        raise ArgumentError(
            f"`{name}`",
            wanted="have its rows in the order of the pool",
            got="an index that holds the pool's ids in another order",
            remedy=f"Give {name}.loc[pool.ids.to_pylist()]; if the order of the rows counts, "
            f"{name}.reset_index(drop=True).",
        )


def _array(value: Any, name: str) -> Any:
    value = pool_of_path(value) if name == "embeddings" else value
    return value.embeddings() if isinstance(value, Pool) else as_array(value, name)
