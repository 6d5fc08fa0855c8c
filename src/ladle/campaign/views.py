"""What a campaign tells of itself, from one view of its tables."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ladle.campaign.damage import newest_part
from ladle.campaign.examples import from_texts
from ladle.labelling import tell_rules
from ladle.labelling.ask_rules import leases_of
from ladle.labelling.columns import Int64, repeated, texts
from ladle.labelling.contract import View
from ladle.labelling.labels import all_parsed
from ladle.labelling.records import Records, times
from ladle.labelling.settings import Settings
from ladle.labelling.states import LABELLED, STATES, WAITING
from ladle.labelling.tables import (
    ORIGINS,
    STATUSES,
    Batch,
    Event,
    Exclusion,
    Gold,
    Label,
    Lease,
    Model,
    Quarantined,
    Task,
)


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
    return str(newest_part(view).id_type[0])


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


def resolved(view: View, settings: Settings) -> Records:
    """One row an example whose label stands, in row order."""
    task, gold = view.read(Task), view.read(Gold)
    stands = task.row[task.state == LABELLED]
    told = view.read(Label)
    found = tell_rules.resolved(settings, told.take(np.isin(told.row, stands)))
    excluded = view.read(Exclusion)
    kept = ~np.isin(gold.row, excluded.row[excluded.active == 1])
    ours = found.take(~np.isin(found.row, gold.row))
    row = np.concatenate([ours.row, gold.row[kept]])
    order = np.argsort(row)
    ids = _ids_of(view, task, row[order])
    how = [settings.agreement] * len(ours.row) + ["gold"] * int(kept.sum())
    return Records(
        {
            "id": ids,
            "row": row[order],
            "label": all_parsed(np.concatenate([ours.label, gold.label[kept]])[order]),
            "votes": np.concatenate([ours.votes, np.zeros(int(kept.sum()), np.int64)])[order],
            "share": np.concatenate([ours.share, np.ones(int(kept.sum()))])[order],
            "how": texts(how)[order],
        }
    )


def outstanding(view: View) -> Records:
    """One row a task that waits for labels, in order of choice."""
    task = view.ranked((0, -1), 1 << 62)
    batches, leases = view.read(Batch), view.read(Lease)
    holders = repeated("", int(batches.number.max(initial=0)) + 1)
    holders[batches.number] = batches.holder
    order = np.argsort(task.row)
    until = repeated(0, len(task))
    until[order] = leases_of(task.take(order), batches, leases.take(np.isin(leases.row, task.row)))
    return Records(
        {
            "id": from_texts(task.example_id, id_type(view)),
            "row": task.row,
            "round": rounds_of(view, task),
            "order": task.place,
            "state": names(STATES, task.state),
            "lease_until": times(until),
            "holder": holders[task.batch],
        }
    )


def quarantine(view: View) -> Records:
    """One row an entry, as it was told."""
    found = view.read(Quarantined)
    return Records(
        {
            "number": found.number,
            "at": times(found.at),
            "id": found.example_id,
            "label": found.label,
            "annotator": found.annotator,
            "source": found.source,
            "reason": found.reason,
        }
    )


def audit(view: View) -> Records:
    """One row a change, in order."""
    found = view.read(Event)
    return Records(
        {
            "seq": found.seq,
            "at": times(found.at),
            "kind": found.kind,
            "actor": found.actor,
            "key": found.key,
            "details": [json.loads(each)["told"] for each in found.details.tolist()],
            "chain": found.chain,
        }
    )


def batches(view: View) -> Records:
    """One row a batch."""
    found, task = view.read(Batch), view.read(Task)
    count = int(found.number.max(initial=0)) + 1
    waiting = np.bincount(task.batch[np.isin(task.state, WAITING)], minlength=count)[found.number]
    return Records(
        {
            "number": found.number,
            "round": found.round,
            "key": found.key,
            "holder": found.holder,
            "asked_at": times(found.asked_at),
            "lease_until": times(found.lease_until),
            "size": found.size,
            "passed_on": found.passed_on,
            "outstanding": waiting.astype(np.int64),
            "model": found.model,
            "scores_digest": found.scores_digest,
            "story": [json.loads(each) for each in found.story.tolist()],
        }
    )


def rounds(view: View) -> Records:
    """One row a round: what was asked in it, and what has come of it."""
    found, task = view.read(Batch), view.read(Task)
    round_of = rounds_of(view, task)
    count = int(found.round.max(initial=0)) + 1
    by_state = [
        np.bincount(round_of[task.state == state], minlength=count)[found.round] for state in range(len(STATES))
    ]
    models = view.read(Model)
    return Records(
        {
            "round": found.round,
            "asked_at": times(found.asked_at),
            "size": found.size,
            **{name: column.astype(np.int64) for name, column in zip(STATES, by_state, strict=True)},
            "model": found.model,
            "models": [models.version[models.round == each].tolist() for each in found.round.tolist()],
        }
    )


def _ids_of(view: View, task: Task, rows: Int64) -> Any:
    """The ids of rows that are tasks or gold."""
    known = dict(zip(task.row.tolist(), task.example_id.tolist(), strict=True))
    gold = view.read(Gold)
    known |= dict(zip(gold.row.tolist(), gold.example_id.tolist(), strict=True))
    return from_texts(texts([known[row] for row in rows.tolist()]), id_type(view))
