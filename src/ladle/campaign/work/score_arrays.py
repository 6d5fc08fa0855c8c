"""The arrays of scores that a caller gives to an ask, and the check of their pandas index."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ladle.arraylikes import as_array
from ladle.counts import counted
from ladle.errors import ArgumentError, ClassCountError, LadleError, ShapeError
from ladle.frames import check_same_index, is_default_index
from ladle.labelling.classes import class_change
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import EventTable
from ladle.labelling.records import moment
from ladle.numbers import switch
from ladle.pool import Pool
from ladle.pool.ids.example_ids import Ids, as_id_array
from ladle.pool.open import open_if_path
from ladle.scores import class_probabilities

SHOWN = 3  # changes of the classes that an error names


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


def check_entries(given: Mapping[str, Any]) -> None:
    """Refuse a single number where an array with one entry for each example belongs. Raises: ShapeError."""
    for name, array in given.items():
        if getattr(array, "shape", None) == ():
            raise ShapeError(f"`{name}`", wanted="have one entry for each example", got=f"the single value {array}")


def check_class_count(given: Mapping[str, Any], classes: Sequence[Any] | None, view: View) -> None:
    """Refuse probabilities of another number of classes than the campaign has now. Raises: ClassCountError."""
    probabilities = given.get("probabilities")
    if classes is None or probabilities is None or probabilities.ndim != 2:
        return
    columns = probabilities.shape[1]
    if columns in (1, len(classes)):
        return
    refuse_earlier_classes("`probabilities`", columns, len(classes), view)
    raise ClassCountError(
        "`probabilities`",
        wanted=f"be of the {counted(len(classes), 'class')} that the campaign has",
        got=counted(columns, "column"),
        remedy="Give those of its classes alone, in their order.",
        count=columns,
    )


def refuse_earlier_classes(subject: str, columns: int, count: int, view: View) -> None:
    """Refuse scores of the number of classes that the campaign had once: its model does not know those of now.

    columns, count: the classes that the scores are of, and those of the campaign. Raises: ClassCountError.
    """
    changes = _changes_since(columns, count, view.read(EventTable, "kind", ["class"]))
    if not changes:
        return
    since = "; ".join(changes[:SHOWN]) + (f"; and {len(changes) - SHOWN:,} more" if len(changes) > SHOWN else "")
    raise ClassCountError(
        subject,
        wanted=f"be of the {counted(count, 'class')} that the campaign has now ({since})",
        got=f"those of a model that knows {counted(columns, 'class')}",
        remedy="Train the model on the labels and classes as they are now, and give its scores. Until then give its "
        "margins: a number for each example has no classes.",
        count=columns,
    )


def _changes_since(columns: int, count: int, events: EventTable) -> list[str]:
    """What changed the number of classes since it was that of these columns; nothing where it never was."""
    changes: list[str] = []
    for seq, at, told in zip(events.seq[::-1], events.at[::-1], events.details[::-1], strict=True):
        change = json.loads(told)["told"]
        difference, what = class_change(change)
        if difference:
            changes.insert(0, f"{what} on {moment(int(at)).date()} (event {seq})")
        count -= difference
        if count == columns:
            return changes
    return []


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
