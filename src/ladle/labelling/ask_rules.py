"""What may be chosen next, and what becomes of what was chosen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ladle.errors import ArgumentError
from ladle.labelling.columns import Int64, Texts, repeated
from ladle.labelling.contract import View
from ladle.labelling.events import Effects
from ladle.labelling.settings import Settings
from ladle.labelling.states import EXCLUDED, OPEN
from ladle.labelling.tables import ASKED, Batch, BatchRows, Exclusion, Gold, Lease, Task
from ladle.seeds import MAX_SEED, child_seed, stream


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Where the pool stands at a moment.

    task: all of them. lease_until: (tasks,) when each task's longest lease ends, in microseconds. excluded, gold: rows.
    asked_labels: labels asked for so far. batches: how many.
    """

    task: Task
    lease_until: Int64
    excluded: Int64
    gold: Int64
    asked_labels: int
    batches: int

    def closed(self, at: int) -> Int64:
        """The rows that no ask may choose: labelled, disputed, excluded, of gold, or under a lease; ascending."""
        held = (self.task.state != OPEN) | (self.lease_until > at)
        return np.unique(np.concatenate([self.task.row[held], self.excluded, self.gold]))


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A batch about to be made: its rows in order of choice, gold among them, and their ids."""

    row: Int64
    example_id: Texts
    gold: Int64
    number: int
    event: int
    at: int
    lease_until: int
    story: Mapping[str, Any]
    key: str = ""
    holder: str = ""
    model: str = ""
    scores_digest: str = ""


def standing(view: View, settings: Settings) -> Standing:
    """Read where the pool stands. Cost: all tasks, batches and leases."""
    task, batches, leases = view.read(Task), view.read(Batch), view.read(Lease)
    exclusions = view.read(Exclusion)
    gold = view.read(Gold).row
    asked = task.batch > 0
    return Standing(
        task=task,
        lease_until=leases_of(task, batches, leases),
        excluded=exclusions.row[exclusions.active == 1],
        gold=gold,
        asked_labels=int(asked.sum()) * settings.annotators_per_task,
        batches=len(batches),
    )


def leases_of(task: Task, batches: Batch, leases: Lease) -> Int64:
    """(tasks,) when the longest lease of each ends: that of its batch, or of an annotator who took it; 0 for none."""
    by_batch = np.zeros(int(batches.number.max()) + 1 if len(batches) else 1, np.int64)
    by_batch[batches.number] = batches.lease_until
    until: Int64 = by_batch[task.batch]
    if len(leases):
        places = np.searchsorted(task.row, leases.row)
        np.maximum.at(until, places, leases.lease_until)
    return until


def check_budget(settings: Settings, asked_labels: int, size: int) -> None:
    """Refuse an ask beyond the budget. Raises: ArgumentError that tells what is left."""
    if settings.budget is None:
        return
    left = max(0, settings.budget - asked_labels) // settings.annotators_per_task
    if size > left:
        raise ArgumentError(
            "`size`",
            wanted=f"be within the budget of {settings.budget:,} labels, of which {left:,} tasks "
            f"({settings.annotators_per_task} labels each) are left",
            got=f"{size:,}",
            remedy="Ask for fewer.",
        )


def check_room(standing: Standing, size: int, *, pool_rows: int, at: int) -> None:
    """Refuse an ask for more than there is to choose. Raises: ArgumentError that tells why."""
    free = pool_rows - len(standing.closed(at))
    if size <= free:
        return
    held = int(((standing.task.state == OPEN) & (standing.lease_until > at)).sum())
    raise ArgumentError(
        "`size`",
        wanted=f"be at most the {free:,} examples to choose from (of {pool_rows:,}: {held:,} are out for labelling, "
        f"{len(standing.excluded):,} excluded, the rest labelled or disputed)",
        got=f"{size:,}",
        remedy="Ask for fewer, wait for labels or leases, or extend the pool.",
    )


def selection_seed(settings: Settings, number: int) -> int:
    """The seed of a batch's selection: by the campaign's and the batch's number alone."""
    return child_seed(settings.seed, "batch", number) & MAX_SEED


def with_gold(settings: Settings, rows: Int64, gold: Int64, count: int, number: int) -> tuple[Int64, Int64]:
    """`rows` with `count` gold examples at random places among them, and which those are.

    Raises: ArgumentError when there are not so many. Repeats: set by the campaign's seed and the batch's number.
    """
    if count > len(gold):
        raise ArgumentError("`gold`", wanted=f"be at most the {len(gold):,} gold examples", got=f"{count:,}")
    if count == 0:
        return rows, rows[:0]
    random = stream(settings.seed, "gold", number)
    chosen = random.choice(np.sort(gold), count, replace=False)
    places = np.sort(random.integers(0, len(rows) + 1, count))
    return np.insert(rows, places, chosen), chosen


def asked(standing: Standing, batch: Asked) -> Effects:
    """The batch, tasks for the examples that had none, and those that pass on to it because their lease lapsed."""
    place = np.arange(len(batch.row), dtype=np.int64)
    order = np.argsort(batch.row)
    rows = batch.row[order]
    known = np.searchsorted(standing.task.row, rows)
    there = known < len(standing.task)
    there[there] = standing.task.row[known[there]] == rows[there]
    fresh, again = order[~there], order[there]
    count = len(fresh)
    states = np.where(np.isin(batch.row[fresh], standing.excluded), EXCLUDED, OPEN)
    new = Task(
        row=batch.row[fresh],
        example_id=batch.example_id[fresh],
        origin=repeated(ASKED, count),
        state=states.astype(np.int64),
        batch=repeated(batch.number, count),
        place=place[fresh],
        event=repeated(batch.event, count),
    )
    old = standing.task.take(known[there])
    moved = replace(
        old,
        batch=repeated(batch.number, len(old)),
        place=place[again],
        event=repeated(batch.event, len(old)),
    )
    passed_on = int(np.sum((old.batch > 0) & ~np.isin(old.row, standing.gold)))
    told = {
        "batch": batch.number,
        "size": len(batch.row),
        "new": count,
        "passed_on": passed_on,
        "gold": len(batch.gold),
    }
    return Effects(added=(new, *_batch(batch, passed_on)), changed=(moved,), told=told)


def renewed(batch: Batch, *, lease_until: int, event: int) -> Effects:
    """The same batch with a longer lease."""
    longer = np.maximum(batch.lease_until, lease_until)
    changed = replace(batch, lease_until=longer, event=repeated(event, len(batch)))
    return Effects(changed=(changed,), told={"batch": int(batch.number[0]), "lease_until": int(longer[0])})


def still_free(standing: Standing, rows: Int64, at: int) -> bool:
    """Whether all these rows may (still) be chosen."""
    return not np.isin(rows, standing.closed(at)).any()


def rows_of(chosen: BatchRows) -> tuple[Int64, Int64]:
    """The rows of the one batch there is, in order of choice, and those of gold."""
    rows, gold = (np.frombuffer(listed[0], "<i8").astype(np.int64) for listed in (chosen.row_list, chosen.gold_list))
    return rows, gold


def _batch(batch: Asked, passed_on: int) -> tuple[Batch, BatchRows]:
    story = json.dumps(batch.story, ensure_ascii=False, sort_keys=True)
    told = (batch.number, batch.number, batch.key, batch.holder, batch.at, batch.lease_until, len(batch.row))
    made = Batch.of([(*told, passed_on, story, batch.model, batch.scores_digest, batch.event)])
    rows, gold = batch.row.astype("<i8").tobytes(), np.sort(batch.gold).astype("<i8").tobytes()
    return made, BatchRows.of([(batch.number, rows, gold, batch.event)])
