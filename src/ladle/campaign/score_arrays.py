"""The arrays that an ask goes by, as a caller gives them, and whether their index names the rows as the pool does."""

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
    """Those that are given, as NumPy arrays. Raises: ArgumentError, ShapeError; as `open_pool` for embeddings."""
    check_same_index(given)
    return {name: _array(value, name) for name, value in given.items() if value is not None}


def with_classes(
    given: Mapping[str, Any], classes: Sequence[Any] | None, *, binary: bool, normalise: bool
) -> dict[str, Any]:
    """The arrays, with probabilities as a strategy takes them: (n, c), of as many classes as the campaign has.

    Raises: MismatchError for another number of classes; ArgumentError; what `class_probabilities` raises.
    """
    binary, normalise = switch(binary, "`binary`"), switch(normalise, "`normalise`")
    probabilities = given.get("probabilities")
    if probabilities is None:
        if binary or normalise:
            said = "binary" if binary else "normalise"
            raise ArgumentError(f"`{said}`", wanted="come with `probabilities`", got="none")
        return dict(given)
    if binary or normalise:
        rows = np.ones(len(probabilities), bool)  # any may be labelled, and NaN: the strategy knows which
        probabilities = class_probabilities(probabilities, binary=binary, normalise=normalise, labelled=rows)
    if classes is not None and probabilities.ndim == 2 and probabilities.shape[1] not in (1, len(classes)):
        raise MismatchError(
            "`probabilities`",
            wanted=f"be of the campaign's {len(classes):,} classes",
            got=f"{probabilities.shape[1]:,} columns",
            remedy="Give those of its classes alone, in their order.",
        )
    return {**given, "probabilities": probabilities}


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
