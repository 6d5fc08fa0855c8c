"""Ids that come batch by batch are checked as they come: each may appear once in a whole pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ladle.errors import IdError
from ladle.pool.ids.example_ids import SHOWN, show_ids

Keys = npt.NDArray[np.int64]


class SeenIds:
    """Eight bytes of each id seen so far, in a few sorted arrays.

    An integer is its own key. A text has a hash as its key; if two keys are equal the texts themselves are compared,
    which reads the ids of the finished shards.
    """

    def __init__(self) -> None:
        self._sorted: list[Keys] = []  # each less than half as long as the one before it

    def add(self, ids: Any, earlier: Callable[[], Iterator[Any]]) -> None:
        """Add the ids of a shard. ids: int64 or large_string array. earlier: the ids of each earlier shard.

        Raises: IdError for an id that was there before.
        """
        keys = np.sort(_keys(ids))
        if (keys[1:] == keys[:-1]).any() or any(_have_common(keys, known) for known in self._sorted):
            _refuse_repeats(ids, earlier)
        while self._sorted and len(self._sorted[-1]) <= 2 * len(keys):
            keys = np.concatenate([self._sorted.pop(), keys])
            keys.sort(kind="stable")  # merges two runs
        self._sorted.append(keys)


def _keys(ids: Any) -> Keys:
    if pa.types.is_integer(ids.type):
        return np.asarray(ids.to_numpy(zero_copy_only=False), np.int64)
    return np.fromiter(map(hash, ids.to_pylist()), np.int64, len(ids))


def _have_common(keys: Keys, known: Keys) -> bool:
    places = np.searchsorted(known, keys)
    inside = places < len(known)
    return bool((known[places[inside]] == keys[inside]).any())


def _refuse_repeats(ids: Any, earlier: Callable[[], Iterator[Any]]) -> None:
    """Raises: IdError if an id repeats another of these or an earlier one."""
    counts = pc.value_counts(ids)
    twice = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    for known in earlier():
        if len(twice):
            break
        twice = ids.filter(pc.is_in(ids, value_set=known.cast(ids.type)))
    if len(twice):
        raise IdError(
            "the ids",
            wanted="be distinct, and come in the same order whenever the examples are read",
            got=f"{len(twice):,} that came before, such as {show_ids(twice[:SHOWN])}",
        )
