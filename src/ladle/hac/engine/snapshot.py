"""The state of the rounds as named arrays and plain values, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ladle.errors import MismatchError
from ladle.hac.engine.state import Clusters, Int32s, Int64s, Lists, MergeLog, new_lists
from ladle.memory.scratch import Scratch

SEARCH = "search."  # before the names of the neighbour search's own state
MOVED = ("means", "remainders", "spreads", "sizes")  # of points that never merged they are the input's


Scalar = int | float | str | bool | None
State = dict[str, npt.NDArray[Any] | Scalar]  # names to arrays and plain values


@runtime_checkable
class Resumable(Protocol):
    """An object with a state that lasts between calls, such as a search that follows its clusters.

    A state that was taken in the middle of a call, from the `pause` that the call was given, can be restored too: the
    same call then goes on from there.
    """

    def state(self) -> State:
        """All that later answers depend on. The arrays may be views: they are written before the next call."""
        ...

    def restore(self, state: State) -> None:
        """Become what `state` was taken of, so that later answers are the same to the bit."""
        ...


class StateKeeper(Protocol):
    """Where a state is kept while a clustering runs, such as `ladle.hac.checkpoint.Checkpoints`."""

    def due(self) -> bool:
        """Whether it is time to save."""
        ...

    def save(self, state: State) -> None:
        """Replace the kept state by `state`."""
        ...

    def load(self) -> State | None:
        """The state saved last, or None when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the rounds stand between two steps: `due` are the clusters to search for, or those just found."""

    due: Int32s
    level: float
    found: bool


def taken(
    clusters: Clusters, lists: Lists, log: MergeLog, cursor: Int64s, used: int, merged: int, scratch: Scratch
) -> State:
    """Everything in the rounds that a merge or a search changes. Views where they can be: write before going on."""
    moved = np.flatnonzero((clusters.parents == np.arange(len(clusters.parents))) & (clusters.changed >= 0))
    state: State = {"moved": moved, "cursor": cursor}
    for name, array in clusters._asdict().items():
        state[f"clusters.{name}"] = scratch.rows_of(array, moved) if name in MOVED and len(array) else array
    for name, array in lists._asdict().items():
        state[f"lists.{name}"] = array[:used]
    for name, array in log._asdict().items():
        state[f"log.{name}"] = array[:merged]
    return state


def put_back(state: State, clusters: Clusters, log: MergeLog, cursor: Int64s, capacity: int) -> Lists:
    """Set `clusters`, `log` and `cursor`, new ones over the same points, to what `state` was taken of; the lists.

    Raises: MismatchError when the arrays are not of that many clusters, or of another precision.
    """
    moved = array_of(state, "moved")
    _check_alike("parents", array_of(state, "clusters.parents"), clusters.parents)
    cursor[:] = array_of(state, "cursor")
    for name, array in clusters._asdict().items():
        kept = array_of(state, f"clusters.{name}")
        part = moved if name in MOVED and len(array) else slice(None)
        _check_alike(name, kept, array[part])
        array[part] = kept
    for name, array in log._asdict().items():
        kept = array_of(state, f"log.{name}")
        array[: len(kept)] = kept
    ids, linkages = array_of(state, "lists.ids"), array_of(state, "lists.linkages")
    lists = new_lists(max(capacity, len(ids)), linkages.dtype)
    lists.ids[: len(ids)] = ids
    lists.linkages[: len(linkages)] = linkages
    return lists


def array_of(state: State, name: str) -> npt.NDArray[Any]:
    """An array of `state` by its name."""
    value = state[name]
    assert isinstance(value, np.ndarray)
    return value


def number_of(state: State, name: str) -> float:
    """A number of `state` by its name."""
    value = state[name]
    assert isinstance(value, (int, float))
    return value


def _check_alike(name: str, kept: npt.NDArray[Any], own: npt.NDArray[Any]) -> None:
    if kept.shape != own.shape or kept.dtype != own.dtype:
        raise MismatchError(
            f"the checkpoint's `{name}`",
            wanted=f"be {own.dtype} of shape {own.shape}, as this clustering's",
            got=f"{kept.dtype} of shape {kept.shape}",
            remedy="Delete the checkpoint, or give the data it was made of.",
        )
