"""What a campaign tells of itself, from one view of its tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from ladle.campaign.columns import Int64
from ladle.campaign.contract import View
from ladle.campaign.labels import all_parsed
from ladle.campaign.records import Records, times
from ladle.campaign.tables import ORIGINS, STATUSES, Batch, Label, PoolPart, Task
from ladle.store.examples import from_texts


def labels(view: View) -> Records:
    """One row a label, in the order they came."""
    told, task = view.read(Label), view.read(Task)
    place = np.searchsorted(task.row, told.row)
    return Records(
        {
            "id": from_texts(task.example_id[place], id_type(view)),
            "label": all_parsed(told.label),
            "annotator": told.annotator,
            "told_at": times(told.told_at),
            "version": told.version,
            "status": names(STATUSES, told.status),
            "row": told.row,
            "round": rounds_of(view, task)[place],
            "source": told.source,
            "origin": names(ORIGINS, task.origin[place]),
            "recorded_at": times(told.recorded_at),
            "number": told.number,
        }
    )


def id_type(view: View) -> str:
    """What the pool's ids are: "integer" or "text"."""
    return str(view.last(PoolPart).id_type[0])


def rounds_of(view: View, task: Task) -> Int64:
    """(tasks,) the round that asked for each; 0 for none."""
    batches = view.read(Batch)
    by_batch = np.zeros(int(batches.number.max()) + 1 if len(batches) else 1, np.int64)
    by_batch[batches.number] = batches.round
    found: Int64 = by_batch[task.batch]
    return found


def names(words: tuple[str, ...], codes: Int64) -> Any:
    """Codes as the words they stand for."""
    return np.array(words, object)[codes]
