"""The tables of `Reader`, each made from one view of the campaign's tables."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.campaign.overview.news import News
from ladle.campaign.overview.resolving import ResolvedLabels, resolved_labels
from ladle.campaign.session.damage import newest_part
from ladle.campaign.session.examples import from_texts
from ladle.labelling.contract.columns import Int64, texts
from ladle.labelling.contract.store import View
from ladle.labelling.contract.tables import (
    ORIGINS,
    STATUSES,
    AdjudicationTable,
    AssignmentTable,
    BatchTable,
    CommentTable,
    ControlTable,
    EventTable,
    GoldTable,
    LabelTable,
    ModelTable,
    PersonTable,
    PoolPartTable,
    QuarantineTable,
    TaskTable,
    gold_of,
)
from ladle.labelling.labels import all_parsed
from ladle.labelling.people import People
from ladle.labelling.records import Records, times
from ladle.labelling.rules.answered import read_answered
from ladle.labelling.settings import Settings
from ladle.labelling.states import OPEN, STATES, WAITING, as_counted

FEW = 10_000  # rows of which a table is read by their numbers, not whole


def labels(view: View, news: News | None = None) -> Records:
    """One row for each label, in the order in which they came; of the news alone where there are some."""
    label, task = view.read(LabelTable), view.read(TaskTable)
    return label_records(view, label if news is None else label.take(news.labels(label)), task)


def label_records(view: View, label: LabelTable, task: TaskTable) -> Records:
    """One row for each of these labels. task: those of their rows, or all."""
    place = np.searchsorted(task.row, label.row)
    return Records(
        {
            "id": from_texts(task.example_id[place], id_type(view)),
            "label": all_parsed(label.label),
            "annotator": label.annotator,
            "told_at": times(label.told_at),
            "version": label.version,
            "status": names(STATUSES, label.status),
            "row": label.row,
            "round": rounds_of(view, task)[place],
            "source": label.source,
            "origin": names(ORIGINS, task.origin[place]),
            "recorded_at": times(label.recorded_at),
            "number": label.number,
            "adjudicated": _final_words(view, label.row),
            "reason": label.reason,
            "seconds": np.where(label.spent_ms > 0, label.spent_ms / 1000, np.nan),
            "told_by": label.told_by,
            "file": label.file,
            "control": control_mask(view, label.row),
        }
    )


def comments(view: View) -> Records:
    """One row for each comment, in the order in which they came."""
    comment, crew = view.read(CommentTable), People(view.read(PersonTable))
    return Records(
        {
            "id": from_texts(comment.example_id, id_type(view)),
            "text": comment.text,
            "annotator": texts([crew.name_of(each) for each in comment.annotator.tolist()]),
            "told_at": times(comment.told_at),
            "row": comment.row,
            "number": comment.number,
        }
    )


def control_mask(view: View, rows: Int64) -> npt.NDArray[np.bool_]:
    """(r,) whether each row is a member of the control now. Cost: reads the members, those of few rows by these."""
    few = ("row", np.unique(rows).tolist()) if len(rows) <= FEW else ()
    return np.isin(rows, view.read(ControlTable, *few).row)


def _final_words(view: View, rows: Int64) -> list[Any]:
    """The label that a lead has decided for each row; None for none."""
    few = ("row", np.unique(rows).tolist()) if len(rows) <= FEW else ()
    final = view.read(AdjudicationTable, *few)
    final = final.take(final.active == 1)
    decided = dict(zip(final.row.tolist(), all_parsed(final.label), strict=True))
    return [decided.get(row) for row in rows.tolist()]


def id_type(view: View) -> str:
    """The kind of the pool's ids: "integer" or "text"."""
    return str(newest_part(view).id_type[0])


def rounds_of(view: View, task: TaskTable) -> Int64:
    """(tasks,) the round of each task's batch; 0 for none."""
    batches = view.read(BatchTable)
    by_batch = np.zeros(int(batches.number.max()) + 1 if len(batches) else 1, np.int64)
    by_batch[batches.number] = batches.round
    rounds: Int64 = by_batch[task.batch]
    return rounds


def names(words: tuple[str, ...], codes: Int64) -> Any:
    """The word of each code."""
    return np.array(words, object)[codes]


def resolved(view: View, settings: Settings, news: News | None = None) -> Records:
    """One row for each example with a resolved label, in row order. Gold examples have their gold label.

    news: only of the rows that have changed.
    """
    found = resolved_labels(view, settings)
    if news is not None:
        found = found.take(np.isin(found.row, news.changed_rows(settings)))
    return resolved_records(view, found, view.read(TaskTable))


def resolved_records(view: View, found: ResolvedLabels, task: TaskTable) -> Records:
    """One row for each of these labels. task: of all their examples that have one."""
    return Records(
        {
            "id": _ids_of(view, task, found.row),
            "row": found.row,
            "label": all_parsed(found.label),
            "votes": found.votes,
            "share": found.share,
            "how": found.how,
            "control": control_mask(view, found.row),
        }
    )


def state_words(view: View, task: TaskTable) -> list[str]:
    """(tasks,) the state of each in a word. An open task of no batch and no assignment waits for nobody: "unasked"."""
    assignment = view.read(AssignmentTable, "row", task.row.tolist())
    waits = (task.batch > 0) | np.isin(task.row, assignment.row[assignment.active == 1]) | (task.state != OPEN)
    known = names(STATES, task.state).tolist()
    return [word if is_so else "unasked" for word, is_so in zip(known, waits.tolist(), strict=True)]


def withdrawn(view: View, settings: Settings, news: News) -> Records:
    """One row for each example that had labels before, has changed, and has no resolved label now, in row order."""
    task, kept = view.read(TaskTable), resolved_labels(view, settings).row
    gone = np.setdiff1d(np.intersect1d(news.own_rows(settings), news.had_labels_before()), kept)
    task = task.take(np.isin(task.row, gone))
    state = dict(zip(task.row.tolist(), state_words(view, task), strict=True))
    return Records(
        {
            "id": _ids_of(view, task, gone),
            "row": gone,
            "state": texts(state.get(row, "unasked") for row in gone.tolist()),
        }
    )


def quarantine(view: View) -> Records:
    """One row for each entry in quarantine."""
    return quarantine_records(view, view.read(QuarantineTable))


def quarantine_records(view: View, entry: QuarantineTable, tasks: TaskTable | None = None) -> Records:
    """One row for each of these entries. tasks: those of their examples; None to look among all."""
    return Records(
        {
            "number": entry.number,
            "at": times(entry.at),
            "id": entry.example_id,
            "label": entry.label,
            "annotator": entry.annotator,
            "source": entry.source,
            "reason": entry.reason,
            "file": entry.file,
            "place": entry.place,
            "is_open": entry.closed == 0,
            "is_answered": read_answered(view, entry, tasks),
            "closing": entry.closing,
        }
    )


def audit(view: View) -> Records:
    """One row for each event, in order."""
    return event_records(view.read(EventTable))


def event_records(event: EventTable) -> Records:
    """One row for each of these events."""
    return Records(
        {
            "seq": event.seq,
            "at": times(event.at),
            "kind": event.kind,
            "actor": event.actor,
            "key": event.key,
            "details": [json.loads(each)["told"] for each in event.details.tolist()],
            "chain": event.chain,
        }
    )


def pools(view: View) -> Records:
    """One row for each pool that the campaign has had: what made it, and when and by whom it was moved last.

    A move writes the row of the pool anew, so what made it is read from the log: the events that make pools, in order.
    """
    part = view.read(PoolPartTable)
    made = view.read(EventTable, "kind", ["create", "extend", "replace"])
    last = view.read(EventTable, "seq", part.event.tolist())
    place = np.searchsorted(last.seq, part.event)
    made = made if len(made) == len(part) else last.take(place)  # a damaged log
    is_moved = last.kind[place] == "move"
    return Records(
        {
            "number": part.number,
            "rows": part.rows,
            "dim": part.dim,
            "dtype": part.dtype,
            "ids": part.id_type,
            "source": part.source,
            "change": made.kind,
            "at": times(made.at),
            "by": made.actor,
            "moved_at": times(np.where(is_moved, last.at[place], 0)),
            "moved_by": texts(np.where(is_moved, last.actor[place], "").tolist()),
            "moves": _moves(view.read(EventTable, "kind", ["move"]), made.seq),
        }
    )


def _moves(moved: EventTable, made: Int64) -> list[list[dict[str, Any]]]:
    """When, by whom and where to each pool was moved, oldest first. made: the events that made the pools, ascending."""
    moves: list[list[dict[str, Any]]] = [[] for _ in range(len(made))]
    rows = Records({"at": times(moved.at), "by": moved.actor, "details": moved.details}).to_pylist()
    for place, row in zip(np.searchsorted(made, moved.seq) - 1, rows, strict=True):
        moves[place].append({"at": row["at"], "by": row["by"], "source": json.loads(row["details"])["told"]["to"]})
    return moves


def batches(view: View) -> Records:
    """One row for each batch."""
    batch, task = view.read(BatchTable), as_counted(view.read(TaskTable), gold_of(view.read(GoldTable)).row)
    count = int(batch.number.max(initial=0)) + 1
    waiting = np.bincount(task.batch[np.isin(task.state, WAITING)], minlength=count)[batch.number]
    asked = asked_batches(batch)
    place = asked.columns.index("model")
    columns = [(name, asked[name]) for name in asked.columns]
    return Records(dict([*columns[:place], ("outstanding", waiting.astype(np.int64)), *columns[place:]]))


def asked_batches(batch: BatchTable) -> Records:
    """One row for each batch as it was asked. Cost: no task is read."""
    return Records(
        {
            "number": batch.number,
            "round": batch.round,
            "key": batch.key,
            "holder": batch.holder,
            "asked_at": times(batch.asked_at),
            "lease_until": times(batch.lease_until),
            "size": batch.size,
            "passed_on": batch.passed_on,
            "model": batch.model,
            "scores_digest": batch.scores_digest,
            "story": [json.loads(each) for each in batch.story.tolist()],
        }
    )


def rounds(view: View) -> Records:
    """One row for each round: its size, and its tasks by their state now."""
    batch, task = view.read(BatchTable), as_counted(view.read(TaskTable), gold_of(view.read(GoldTable)).row)
    round_of = rounds_of(view, task)
    count = int(batch.round.max(initial=0)) + 1
    by_state = [
        np.bincount(round_of[task.state == state], minlength=count)[batch.round] for state in range(len(STATES))
    ]
    models = view.read(ModelTable)
    return Records(
        {
            "round": batch.round,
            "asked_at": times(batch.asked_at),
            "size": batch.size,
            **{name: column.astype(np.int64) for name, column in zip(STATES, by_state, strict=True)},
            "model": batch.model,
            "models": [models.version[models.round == each].tolist() for each in batch.round.tolist()],
        }
    )


def _ids_of(view: View, task: TaskTable, rows: Int64) -> Any:
    """The ids of rows that are tasks or gold."""
    known = dict(zip(task.row.tolist(), task.example_id.tolist(), strict=True))
    gold = view.read(GoldTable)
    known |= dict(zip(gold.row.tolist(), gold.example_id.tolist(), strict=True))
    return from_texts(texts([known[row] for row in rows.tolist()]), id_type(view))
