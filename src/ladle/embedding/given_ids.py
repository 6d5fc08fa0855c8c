"""The ids that a caller gives beside the examples of a pass."""

from __future__ import annotations

from typing import Any

from ladle.counts import counted
from ladle.errors import IdError
from ladle.pool.ids.example_ids import Ids


def given_ids(ids: object, rows: int | None) -> Any:
    """The ids as one array, or None for row numbers. rows: of the examples, if that is known.

    Raises: IdError for repeats, nulls, and another number of ids than examples.
    """
    if ids is None:
        return None
    values = Ids(ids).values
    if rows is not None and len(values) != rows:
        raise IdError("`ids`", wanted=f"be one for each of {counted(rows, 'example')}", got=f"{len(values):,}")
    return values
