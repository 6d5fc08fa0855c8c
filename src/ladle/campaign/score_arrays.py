"""The arrays of scores that a caller gives to an ask, and the check of their pandas index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ladle.arraylikes import as_array
from ladle.errors import ArgumentError, LadleError, MismatchError
from ladle.frames import check_same_index, is_default_index
from ladle.numbers import switch
from ladle.pool import Pool
from ladle.pool.ids.example_ids import Ids, as_id_array
from ladle.pool.open import open_if_path
from ladle.scores import class_probabilities


def arrays_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The given arrays as NumPy arrays, without None. Raises: ArgumentError, ShapeError; as `open_pool`."""
    check_same_index(given)
    return {name: _array(value, name) for name, value in given.items() if value is not None}


def as_probabilities(given: Mapping[str, Any], *, binary: bool, normalise: bool) -> dict[str, Any]:
    """The arrays, with probabilities as strategies read them: (n, c).

    Raises: ArgumentError; what `class_probabilities` raises.
    """
    binary, normalise = switch(binary, "`binary`"), switch(normalise, "`normalise`")
    probabilities = given.get("probabilities")
    if probabilities is None:
        if binary or normalise:
            option = "binary" if binary else "normalise"
            raise ArgumentError(f"`{option}`", wanted="come with `probabilities`", got="none")
        return dict(given)
    if binary or normalise:
        rows = np.ones(len(probabilities), bool)  # any row may be labelled and NaN: the strategy checks the others
        probabilities = class_probabilities(probabilities, binary=binary, normalise=normalise, labelled=rows)
    return {**given, "probabilities": probabilities}


def check_class_count(given: Mapping[str, Any], classes: Sequence[Any] | None) -> None:
    """Refuse probabilities of another number of classes than the campaign has now. Raises: MismatchError."""
    probabilities = given.get("probabilities")
    if classes is None or probabilities is None or probabilities.ndim != 2:
        return
    if probabilities.shape[1] not in (1, len(classes)):
        raise MismatchError(
            "`probabilities`",
            wanted=f"be of the campaign's {len(classes):,} classes",
            got=f"{probabilities.shape[1]:,} columns",
            remedy="Give those of its classes alone, in their order. Where classes were added or merged since, train "
            "the model on the labels as they are now.",
        )


def indexes_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The pandas indexes of these arrays, except plain row numbers."""
    return {
        name: value.index
        for name, value in given.items()
        if hasattr(value, "iloc") and not is_default_index(value.index)
    }


def check_order(indexes: Mapping[str, Any], ids: Ids) -> None:
    """Refuse an array whose index has the pool's ids in another order than the pool. Raises: ArgumentError.

    Any other index is ignored: the order of the rows counts.
    """
    for name, labels in indexes.items():
        try:
            listed = as_id_array(labels, name)
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
    value = open_if_path(value) if name == "embeddings" else value
    return value.embeddings() if isinstance(value, Pool) else as_array(value, name)
