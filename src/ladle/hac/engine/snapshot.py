"""The state of the rounds as named arrays and plain values, for a checkpoint, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ladle.errors import MismatchError
from ladle.hac.engine.state import Clusters, Int32s, Int64s, Lists, MergeLog, new_lists
from ladle.memory.scratch import Scratch

SEARCH = "search."  # before the names of the neighbour search's own state
MOVED = ("means", "remainders", "spreads", "sizes")  # for points that never merged, these are the input's


Scalar = int | float | str | bool | None
State = dict[str, npt.NDArray[Any] | Scalar]  # names to arrays and plain values


@runtime_checkable
class Resumable(Protocol):
    """An object with a state that lasts between calls, such as a search that follows its clusters.

    A state that was taken in the middle of a call, from the `pause` that the call was given, can be restored too: the
    same call then goes on from there.
    """

    def state(self) -> State:
        """Everything that later answers depend on. The arrays may be views: they are written before the next call."""
        ...

    def restore(self, state: State) -> None:
        """Go back to a saved `state`, so that later answers are the same to the bit."""
        ...


class StateKeeper(Protocol):
    """Where a state is saved while a clustering runs, such as `ladle.hac.checkpoint.Checkpoints`."""

    def due(self) -> bool:
        """Whether it is time to save."""
        ...

    def save(self, state: State) -> None:
        """Replace the saved state by `state`."""
        ...

    def load(self) -> State | None:
        """The state saved last, or None when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the rounds stand between two steps. due: the clusters to search for, or those just searched for."""

    due: Int32s
    level: float
    searched: bool


def take_state(
    clusters: Clusters, lists: Lists, log: MergeLog, cursor: Int64s, used: int, merged: int, scratch: Scratch
) -> State:
    """Everything in the rounds that a merge or a search changes. Many arrays are views: write them before going on."""
    moved = np.flatnonzero((clusters.parents == np.arange(len(clusters.parents))) & (clusters.changed >= 0))
    state: State = {"moved": moved, "cursor": cursor}
    for name, array in clusters._asdict().items():
        state[f"clusters.{name}"] = scratch.rows_of(array, moved) if name in MOVED and len(array) else array
    for name, array in lists._asdict().items():
        state[f"lists.{name}"] = array[:used]
    for name, array in log._asdict().items():
        state[f"log.{name}"] = array[:merged]
    return state


def restore_state(state: State, clusters: Clusters, log: MergeLog, cursor: Int64s, capacity: int) -> Lists:
    """Set `clusters`, `log` and `cursor`, new ones over the same points, to the saved `state`. Returns the lists.

    Raises: MismatchError for arrays of another number of clusters, or of another precision.
    """
    moved = array_of(state, "moved")
    _check_alike("parents", array_of(state, "clusters.parents"), clusters.parents)
    cursor[:] = array_of(state, "cursor")
    for name, array in clusters._asdict().items():
        saved = array_of(state, f"clusters.{name}")
        part = moved if name in MOVED and len(array) else slice(None)
        _check_alike(name, saved, array[part])
        array[part] = saved
    for name, array in log._asdict().items():
        saved = array_of(state, f"log.{name}")
        array[: len(saved)] = saved
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


def _check_alike(name: str, saved: npt.NDArray[Any], own: npt.NDArray[Any]) -> None:
    if saved.shape != own.shape or saved.dtype != own.dtype:
        raise MismatchError(
            f"the checkpoint's `{name}`",
            wanted=f"be {own.dtype} of shape {own.shape}, as this clustering's",
            got=f"{saved.dtype} of shape {saved.shape}",
            remedy="Delete the checkpoint, or give the data it was made of.",
        )
